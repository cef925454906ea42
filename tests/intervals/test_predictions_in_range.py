"""How far beyond the runs a prediction lies, in every input and on both sides."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.intervals import measured_coverage as measured
from skewed_runs import CHINCHILLA, LINE, TRUTH, size_and_data

SIZES, DATA = np.geomspace(1e7, 1e10, 7), np.geomspace(1e9, 1e12, 7)
GRID = sl.simulate.at(
    CHINCHILLA,
    TRUTH,
    noise=0.01,
    params=np.repeat(SIZES, 7),
    tokens=np.tile(DATA, 7),
)
FIT = sl.fit(CHINCHILLA, GRID)


def zigzag(x):
    return sl.fit(LINE, pd.DataFrame({"x": x, "loss": np.arange(11) % 3.0}), objective="lsq")


SIGNED = zigzag(np.linspace(-2, 3, 11))


@pytest.mark.parametrize(
    ("params", "tokens", "beyond"),
    [
        (1e8, 1e10, 1.0),
        (1e7, 1e12, 1.0),  # at the edges themselves
        (2e10, 1e10, 2.0),  # above the largest size
        (1e8, 3e12, 3.0),  # above the most data
        (2.5e6, 1e10, 4.0),  # below the smallest size
        (1e8, 2e8, 5.0),  # below the least data
        (2e10, 3e12, 3.0),  # the worse of the two, whichever it is
        (5e10, 3e12, 5.0),
        (2.5e6, 5e8, 4.0),
        (1.01e10, 1e10, 1.01),
    ],
)
def test_the_worst_input_says_how_many_times_beyond(params, tokens, beyond):
    row = FIT.predict(params=params, tokens=tokens, n=20).iloc[0]
    # The ends of the grid are read back from a geometric series: rounding.
    assert row["beyond"] == pytest.approx(beyond, rel=1e-9)
    assert row["where"] == ("extrapolated" if beyond > 1 else "in range")


def test_points_are_told_apart_one_by_one():
    found = FIT.predict(params=[1e8, 1e11, 1e6], tokens=[1e10, 1e10, 1e13], n=20)
    assert found["beyond"].tolist() == pytest.approx([1.0, 10.0, 10.0], rel=1e-9)
    assert found["where"].tolist() == ["in range", "extrapolated", "extrapolated"]
    broadcast = FIT.predict(params=[1e8, 1e11], tokens=1e10, n=20)
    assert broadcast["tokens"].tolist() == [1e10, 1e10]


@pytest.mark.parametrize(
    ("x", "beyond"),
    [
        (-2.0, 1.0),
        (3.0, 1.0),
        (0.0, 1.0),
        (8.0, 2.0),  # the runs span 5; each further span counts one
        (5.5, 1.5),
        (-4.5, 1.5),
        (-12.0, 3.0),
    ],
)
def test_of_a_law_of_any_sign_what_is_beyond_is_counted_in_spans(x, beyond):
    row = SIGNED.predict(x=x, n=20).iloc[0]
    assert row["beyond"] == pytest.approx(beyond, rel=1e-12)
    assert row["where"] == ("extrapolated" if beyond > 1 else "in range")


def test_what_has_the_sign_of_the_runs_is_counted_in_times():
    found = zigzag(np.linspace(2, 12, 11)).predict(x=[24.0, 1.0, 5.0, 0.0, -8.0], n=20)
    # 24 is twice the largest and 1 half the least; 0 and -8 lie 2 and 10 below, of a span of 10.
    assert found["beyond"].tolist() == pytest.approx([2.0, 2.0, 1.0, 1.2, 2.0], rel=1e-12)
    found = zigzag(np.linspace(0, 10, 11)).predict(x=[15.0, 10.0], n=20)
    assert found["beyond"].tolist() == pytest.approx([1.5, 1.0], rel=1e-12)


def test_a_run_of_weight_zero_reaches_nowhere():
    weights = (GRID["params"] < 9e9).to_numpy(dtype=float)
    fit = sl.fit(CHINCHILLA, GRID, weights=weights)
    row = fit.predict(params=1e10, tokens=1e10, n=20).iloc[0]
    assert row["beyond"] == pytest.approx(10**0.5, rel=1e-9)


def test_inputs_are_finite_and_those_of_a_positive_law_positive():
    for wrong in (0.0, -1.0, np.nan, np.inf):
        for name in ("params", "tokens"):
            point = {"params": 1e9, "tokens": 1e10, name: [1e9, wrong]}
            with pytest.raises(sl.BadRuns, match=f"{name} must be positive and finite to predict"):
                FIT.predict(**point, n=20)
    for wrong in (np.nan, np.inf):
        with pytest.raises(sl.BadRuns, match="x must be finite to predict"):
            SIGNED.predict(x=wrong, n=20)
    assert len(SIGNED.predict(x=[-1.0, 0.0], n=20)) == 2


def test_inputs_have_the_names_of_the_law_and_go_together():
    with pytest.raises(sl.UnknownName, match="predicts from params, tokens; give tokens too"):
        FIT.predict(params=1e9, n=20)
    with pytest.raises(sl.UnknownName, match="not from steps"):
        FIT.predict(params=1e9, tokens=1e10, steps=3, n=20)
    with pytest.raises(sl.BadRuns, match="as many of one as of"):
        FIT.predict(params=[1e9] * 2, tokens=[1e10] * 3, n=20)
    with pytest.raises(sl.BadRuns, match="must be numbers"):
        FIT.predict(params="big", tokens=1e10, n=20)
    with pytest.raises(sl.BadRuns, match="params must be a list of numbers"):
        FIT.predict(params=[[1e9]], tokens=1e10, n=20)


def test_a_prediction_says_when_such_ones_hold_too_seldom_and_only_then():
    rng = np.random.default_rng(0)
    params = np.geomspace(1e8, 1e10, 60)
    tokens = 20 * params * np.exp(0.05 * rng.standard_normal(60))
    ray = sl.simulate.at(CHINCHILLA, TRUTH, noise=0.003, params=params, tokens=tokens)
    ray = sl.fit(CHINCHILLA, ray, objective="lsq_log")
    point = {"params": 1e9, "tokens": 1e10, "n": 20}
    for kind in ("case", "residual"):
        held = measured.of(ray, kind, "prediction")
        assert held < measured.SHORT
        assert ray.predict(**point, kind=kind)["measured"].tolist() == [held]
    for level in (0.89, 0.91):
        assert "measured" not in ray.predict(**point, level=level)
    wide = sl.fit(CHINCHILLA, size_and_data(), objective="lsq_log")
    assert measured.of(wide, "case", "prediction") >= measured.SHORT
    assert "measured" not in wide.predict(**point)


def test_a_law_of_another_response_predicts_it_by_name():
    steps = sl.laws.STEPS_TO_TARGET
    runs = sl.simulate.at(
        steps, {"S_min": 2000.0, "E_min": 4e9}, batch_tokens=np.geomspace(1e4, 1e7, 9)
    )
    found = sl.fit(steps, runs).predict(batch_tokens=1e6, n=20)
    assert list(found) == [
        "batch_tokens",
        "steps",
        "low",
        "high",
        "law_low",
        "law_high",
        "beyond",
        "where",
    ]
    # Without noise the truth comes back but for rounding.
    assert found["steps"].tolist() == pytest.approx([6000.0], rel=1e-9)
