"""Counting conventions against figures printed in the papers."""

import numpy as np
import pytest

from scalinglaws import counting
from scalinglaws._format import count
from scalinglaws.counting import Shape

# Hoffmann et al. 2022, Table A4: parameters as printed, shape, FLOPs over 6ND as printed.
# Sequences of 2048 tokens and a vocabulary of 32,000, as in Rae et al. 2021.
TABLE_A4 = [
    (73e6, 10, 640, 2560, 10, 64, 1.03),
    (305e6, 20, 1024, 4096, 16, 64, 1.10),
    (552e6, 24, 1280, 5120, 10, 128, 1.08),
    (1.1e9, 26, 1792, 7168, 14, 128, 1.04),
    (1.6e9, 28, 2048, 8192, 16, 128, 1.03),
    (6.8e9, 40, 3584, 14336, 28, 128, 0.99),
]


def shape(layers: int, d_model: int, d_ff: int, heads: int, d_head: int) -> Shape:
    return Shape(
        layers=layers,
        d_model=d_model,
        d_ff=d_ff,
        heads=heads,
        d_head=d_head,
        vocab=32_000,
        context=2048,
    )


@pytest.mark.parametrize(("printed", "layers", "d", "ff", "heads", "key", "ratio"), TABLE_A4)
def test_appendix_f_ratio_to_six_nd(
    printed: float, layers: int, d: int, ff: int, heads: int, key: int, ratio: float
) -> None:
    s = shape(layers, d, ff, heads, key)
    params = counting.params_relative(s)
    # One unit of the last printed digit: 73M against 73.7M is the widest in relative terms.
    assert params == pytest.approx(printed, abs=1e6 if printed < 1e9 else 1e8)
    ours = counting.chinchilla_per_token(s, embeddings=False) / counting.six_nd(params, 1)
    assert ours == pytest.approx(ratio, abs=0.005)  # half of the last printed digit
    as_written = counting.chinchilla_per_token(s) / counting.six_nd(params, 1)
    assert as_written > ratio + 0.03  # the text's sum does not give the table (0.034 at 6.8B)


def test_components_of_a_shape_worked_by_hand() -> None:
    s = Shape(layers=2, d_model=4, d_ff=16, heads=2, d_head=2, vocab=10, context=3)
    f = counting.chinchilla_forward(s)
    assert (f.embeddings, f.qkv, f.logits, f.softmax) == (240, 288, 72, 54)
    assert (f.reduction, f.project, f.dense, f.final_logits) == (72, 96, 768, 240)
    assert f.layer == 1350
    assert f.total == 240 + 2 * 1350 + 240
    assert counting.chinchilla_per_token(s) == 3 * f.total / 3
    assert counting.chinchilla_per_token(s, embeddings=False) == 3 * 2 * 1350 / 3


def test_kaplan_counts_of_a_shape_worked_by_hand() -> None:
    s = Shape(layers=2, d_model=4, d_ff=16, heads=2, d_head=2, vocab=10, context=3)
    n = counting.params_without_embeddings(s)
    assert n == 12 * 2 * 4**2  # the rule of thumb, exact when d_attn = d_model = d_ff / 4
    assert counting.params_with_embeddings(s) == n + 40
    assert counting.params_with_embeddings(s, tied=False) == n + 80
    assert counting.params_with_embeddings(s, learned_positions=True) == n + 40 + 12
    assert counting.params_relative(s) == n + 40 + 2 * 4 * 4
    assert counting.kaplan_per_token(s) == 6 * n
    assert counting.kaplan_per_token(s, attention=True) == 3 * (2 * n + 2 * 2 * 3 * 4)


def test_six_nd_of_chinchilla_70b() -> None:
    # Hoffmann et al. 2022, Table 3: a 67B model on 1.5T tokens takes 5.76e23 FLOPs. 67e9 and
    # 1.5e12 are rounded to two digits, which leaves up to 4%.
    assert counting.six_nd(67e9, 1.5e12) == pytest.approx(5.76e23, rel=0.05)


def test_six_nd_on_arrays_of_floats_does_not_overflow() -> None:
    flops = counting.six_nd(np.array([7e10]), np.array([1.4e12]))  # type: ignore[arg-type]
    assert flops == pytest.approx([5.88e23], rel=1e-12)  # rounding of doubles


def test_pf_days() -> None:
    assert counting.PF_DAY == 8.64e19
    assert counting.pf_days(8.64e19) == 1
    assert counting.from_pf_days(counting.pf_days(3e23)) == pytest.approx(3e23, rel=1e-15)


def test_the_last_layer_counts_once_and_the_input_embedding_never() -> None:
    s = Shape(layers=2, d_model=4, d_ff=16, heads=2, d_head=2, vocab=10, context=8)
    assert counting.params_without_embeddings(s) == 2 * (4 * 4 * 4 + 2 * 4 * 16)
    assert counting.params_with_last_layer(s) == counting.params_without_embeddings(s) + 10 * 4


def test_omega_gives_the_embeddings_of_a_family_of_one_aspect_ratio() -> None:
    for layers in (4, 12, 40):
        d = 64 * layers
        s = Shape(
            layers=layers, d_model=d, d_ff=4 * d, heads=8, d_head=d // 8, vocab=32_000, context=2048
        )
        omega = counting.embedding_weight(vocab=32_000, aspect_ratio=64)
        total = counting.with_embeddings(float(counting.params_without_embeddings(s)), omega=omega)
        # Exact algebra: only rounding is left.
        assert total == pytest.approx(counting.params_with_embeddings(s), rel=1e-12)


def test_omega_of_chinchillas_shapes_is_what_pearce_and_song_print() -> None:
    # Their script: 32,000 tokens, width over layers 39.2 on average, omega 47,491; the ratio is
    # printed to three figures.
    assert counting.embedding_weight(vocab=32_000, aspect_ratio=39.2) == pytest.approx(
        47_491, rel=1e-3
    )


def test_leaving_embeddings_out_undoes_counting_them() -> None:
    n = np.geomspace(1e2, 1e13, 60)
    for omega in (1.0, 47_491.0, 2e5):
        total = counting.with_embeddings(n, omega=omega)
        # Roots in closed form: what is left is rounding, amplified where embeddings dominate.
        np.testing.assert_allclose(counting.without_embeddings(total, omega=omega), n, rtol=1e-9)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (999.4e6, "999M"),
        (999.9e6, "1B"),
        (70e9, "70B"),
        (999.9e12, "1e+15"),
        (999.9, "1k"),
        (7, "7"),
    ],
)
def test_counts_are_said_with_three_digits(value: float, words: str) -> None:
    assert count(value) == words
