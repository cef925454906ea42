"""The translation runs of Gordon et al. 2021 against what is known of them."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.optimize import curve_fit

from scalinglaws.data import catalogue as data

Floats = npt.NDArray[np.float64]
CUT = 5 * 2**20
PAIRS = ["de-en", "ru-en", "zh-en"]
SHARES = [1.25e-4, 2.5e-4, 5e-4, 1e-3, 2e-3, 3.9e-3, 7.8e-3, 0.0156, 0.03125, 0.0625]
SHARES += [0.125, 0.25, 0.5, 1.0]


def said() -> str:
    card = data.card("gordon2021")
    return " ".join([card.what, card.convention, *card.notes, *card.traps])


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    return data.load("gordon2021")


def law(x: Floats, a_n: float, log_nc: float, a_d: float, log_dc: float) -> Floats:
    """Return [(N_C/N)^(aN/aD) + D_C/D]^aD at logs of D and N."""
    log_d, log_n = x
    both = np.logaddexp((log_nc - log_n) * a_n / a_d, log_dc - log_d)
    return np.asarray(np.exp(a_d * both))


def fitted(runs: pd.DataFrame) -> Floats:
    """Return aN, N_C, aD and D_C by least squares on the loss itself, as the authors do."""
    x = np.log(runs[["text_bytes", "params"]].to_numpy(dtype=float).T)
    # Another start than the authors', whose minimum this meets.
    p, _ = curve_fit(law, x, runs["loss"], p0=[0.1, 20.0, 0.4, 19.0])
    return np.asarray([p[0], np.exp(p[1]), p[2], np.exp(p[3])])


def test_every_size_met_every_share(runs: pd.DataFrame) -> None:
    assert len(runs) == 240
    assert runs.groupby("pair").size().to_dict() == dict(zip(PAIRS, [78, 81, 81], strict=True))
    assert not runs.duplicated(["pair", "share", "params"]).any()
    assert sorted(runs["share"].unique()) == SHARES
    smallest = runs[runs["share"] == SHARES[0]]
    assert smallest.groupby("pair").size().to_dict() == {"ru-en": 3, "zh-en": 3}
    assert set(smallest["params"]) == set(runs["params"].drop_duplicates().nlargest(3))
    assert runs["loss"].between(1.27, 7.72).all()
    assert runs["bleu"].between(1, 48).all()


def test_params_are_counted_as_the_card_says(runs: pd.DataFrame) -> None:
    layers, width, feedforward = runs["layers"], runs["width"], runs["feedforward"]
    assert (runs["params"] == 2 * layers * (4 * width**2 + 2 * width * feedforward)).all()
    assert (feedforward == 4 * width).all()
    assert sorted(runs["params"].unique()) == [
        393216,
        1572864,
        6291456,
        18874368,
        37748736,
        56070144,
    ]
    # The attention to the source is 4 width^2 in each decoder layer: a seventh of all.
    assert (7 * 4 * layers * width**2 == runs["params"] + 4 * layers * width**2).all()


def test_bytes_follow_the_share_and_stand_in_halves_of_blocks(runs: pd.DataFrame) -> None:
    sizes = runs[["pair", "share", "text_bytes"]].drop_duplicates()
    assert len(sizes) == 41
    assert (sizes["text_bytes"] % 2048 == 0).all()
    whole = (sizes["text_bytes"] % 4096 == 0).sum()
    assert f"all 41 sizes are multiples of 2048 and {whole} are multiples of 4096" in said()
    full = sizes[sizes["share"] == 1].set_index("pair")["text_bytes"]
    ratio = sizes["text_bytes"] / (sizes["share"] * sizes["pair"].map(full))
    # Lines drawn at random, 3540 and more, and disk blocks.
    assert ratio.between(0.97, 1.04).all()


@pytest.mark.parametrize(
    ("pair", "a_n", "n_c", "a_d", "d_c"),
    [
        ("ru-en", 0.1093, 2.4e9, 0.3805, 5.1e8),
        ("de-en", 0.1222, 2.6e8, 0.4204, 1.8e8),
        ("zh-en", 0.1214, 3.9e8, 0.4142, 1.8e8),
    ],
)
def test_the_released_fit_comes_again(
    runs: pd.DataFrame, pair: str, a_n: float, n_c: float, a_d: float, d_c: float
) -> None:
    kept = runs[(runs["pair"] == pair) & (runs["text_bytes"] > CUT)]
    found = fitted(kept)
    # Half of the last digit that is printed: four decimals of exponents, two digits of constants.
    assert found[[0, 2]] == pytest.approx([a_n, a_d], abs=5e-5)
    assert found[1] == pytest.approx(n_c, abs=0.05 * 10 ** np.floor(np.log10(n_c)))
    assert found[3] == pytest.approx(d_c, abs=0.05 * 10 ** np.floor(np.log10(d_c)))
    assert f"{a_n:.4f}/{a_d:.4f}".replace("0.", ".") in said()


def test_the_cut_moves_the_exponents_as_the_card_says(runs: pd.DataFrame) -> None:
    kept = runs[runs["text_bytes"] > CUT]
    assert f"leaves {len(kept)} of {len(runs)}" in said()
    for pair, every in runs.groupby("pair"):
        a_n, _, a_d, _ = fitted(every)
        assert f"{a_n:.3f}/{a_d:.3f} ({pair})".replace("0.", ".") in said()
    for _, few in runs[runs["text_bytes"] <= CUT].groupby(["pair", "share"]):
        assert few.loc[few["loss"].idxmin(), "params"] < few["params"].max()


@pytest.mark.parametrize(
    ("pair", "c", "k"),
    [("ru-en", 64.2, -0.437), ("de-en", 76.2, -0.470), ("zh-en", 83.7, -0.427)],
)
def test_bleu_falls_exponentially_with_the_loss(
    runs: pd.DataFrame, pair: str, c: float, k: float
) -> None:
    kept = runs[(runs["pair"] == pair) & (runs["text_bytes"] > CUT)]
    found, _ = curve_fit(
        lambda loss, c, k: c * np.exp(k * loss), kept["loss"], kept["bleu"], p0=[50.0, -0.4]
    )
    # Half of the last digit that is printed.
    assert found[0] == pytest.approx(c, abs=0.05)
    assert found[1] == pytest.approx(k, abs=5e-4)
