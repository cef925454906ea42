"""Fine-tuning curves by hand: slopes, what laws miss, bends at the edge of the data, sizes."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

import scalinglaws as sl
from scalinglaws.downstream import bends, by_size, in_sample, slopes

X = 200 * 2.0 ** np.arange(13)
BENT = sl.laws.logistic_in_log("x")


def curve(task, model, bend, seed=0, x=X):
    truth = {"low": 4.0, "high": 1.0, "mid": bend, "steepness": 0.8}
    scatter = np.exp(0.003 * np.random.default_rng(seed).exponential(size=len(x)))
    return pd.DataFrame({"task": task, "model": model, "x": x, "loss": BENT(truth, x=x) * scatter})


def powers(early, late, points=8):
    """A curve of two straight lines in log-log: as many points on each."""
    steps = -np.r_[np.full(points - 1, early), np.full(points, late)] * np.log(2)
    loss = np.exp(np.r_[0.0, np.cumsum(steps)])
    x = 2.0 ** np.arange(2 * points)
    return pd.DataFrame({"task": "t", "model": "m", "x": x, "loss": loss})


@pytest.mark.parametrize(("early", "late"), [(0.1, 0.3), (0.3, 0.1)])
@pytest.mark.parametrize("points", [2, 5])
def test_slopes_are_those_of_straight_lines_at_both_ends(early, late, points):
    mixed = powers(early, late).sample(frac=1, random_state=0)
    (told,) = slopes(mixed, points=points).to_dict("records")
    # Points on a line: a least-squares line is that line, to rounding.
    assert told["early"] == pytest.approx(early, rel=1e-9)
    assert told["late"] == pytest.approx(late, rel=1e-9)
    assert told["steeper"] == (late > early)


def test_slopes_take_four_points_at_each_end_and_no_point_twice():
    assert slopes(powers(0.1, 0.3)).equals(slopes(powers(0.1, 0.3), points=4))
    assert len(slopes(powers(0.1, 0.3).head(8))) == 1
    with pytest.raises(sl.Unidentifiable, match="no curve has the loss at 8 different x"):
        slopes(powers(0.1, 0.3).head(7))
    with pytest.raises(sl.BadParameters, match="points is 2 or more; found 1"):
        slopes(powers(0.1, 0.3), points=1)
    assert not slopes(powers(0.2, 0.2).assign(loss=0.5))["steeper"].iloc[0]


def test_what_a_law_misses_is_the_root_mean_square_of_its_residuals():
    made = pd.concat([curve("a", "m", 5e3, 1), curve("b", "m", 5e4, 2)], ignore_index=True)
    laws = {"power": sl.laws.power_law("x"), "bent": BENT}
    with parallel_config(backend="threading"):
        told = in_sample(made, laws)
    assert told["law"].tolist() == ["power", "power", "bent", "bent"]
    assert told["task"].tolist() == ["a", "b"] * 2
    for row in told.to_dict("records"):
        part = made[made["task"] == row["task"]]
        fit = sl.fit(laws[row["law"]], part, objective=sl.LSQ_LOG, check=False)
        miss = np.log(part["loss"] / fit.law(fit.params, x=part["x"].to_numpy()))
        assert row["rmsd"] == pytest.approx((miss**2).mean() ** 0.5, rel=1e-6)
        assert row["params"] == pytest.approx(dict(fit.params), rel=1e-9)
    for laws in ({}, {"other": sl.laws.power_law("tokens")}):
        with pytest.raises(sl.BadParameters, match="the name of each to a law of x"):
            in_sample(made, laws)
    with pytest.raises(sl.Unidentifiable, match="the loss at 6 different x: a law of four"):
        in_sample(made.groupby("task").head(5), {"bent": BENT})


@pytest.fixture(scope="module")
def found():
    made = [curve("a", "in", 1e4, 1), curve("a", "early", 5.0, 3)]
    made.append(curve("a", "few", 1e4, 4).head(6))
    made.append(curve("a", "out", 1e4, 4).head(5))
    table = pd.concat(made, ignore_index=True)
    with parallel_config(backend="threading"):
        return {level: bends(table, level=level).set_index("model") for level in (0.9, 0.5)}


@pytest.mark.parametrize("level", [0.9, 0.5])
def test_a_bend_has_the_profile_interval_of_its_midpoint(found, level):
    row = found[level].loc["in"]
    fit = sl.fit(BENT, curve("a", "in", 1e4, 1), objective=sl.LSQ_LOG, check=False)
    told = fit.interval("mid", kind="profile", level=level)
    # The same fit of the same rows.
    assert row["bend"] == pytest.approx(fit.params["mid"], rel=1e-9)
    assert (row["bend_low"], row["bend_high"]) == (
        pytest.approx(told.low, rel=1e-6),
        pytest.approx(told.high, rel=1e-6),
    )
    assert row["bend_low"] < row["bend"] < row["bend_high"]
    assert row["beta"] == pytest.approx(fit.params["steepness"])
    assert (row["before"], row["floor"]) == (
        pytest.approx(fit.params["low"]),
        pytest.approx(fit.params["high"]),
    )
    assert (row["first"], row["last"]) == (X[0], X[-1])
    assert row["where"] == "identified"
    assert found[level].attrs["level"] == level


def test_where_the_interval_leaves_the_data_is_said(found):
    for table in found.values():
        for _, row in table.iterrows():
            below, above = row["bend_low"] < row["first"], row["bend_high"] > row["last"]
            words = {(0, 0): "identified", (1, 0): "open below", (0, 1): "open above"}
            assert row["where"] == words.get((int(below), int(above)), "open on both sides")
        assert set(table.index) == {"in", "early", "few"}
    assert found[0.9]["where"].tolist() == ["identified", "open below", "open above"]


def test_larger_models_of_a_family_bend_later_or_earlier_and_clearly_where_ends_part():
    rows = [("s", 1.0, 0.5, 2.0), ("m", 3.0, 2.0, 4.0), ("l", 9.0, 4.1, 20.0), ("x", 0.5, 0.1, 4.0)]
    found = pd.DataFrame(rows, columns=["model", "bend", "bend_low", "bend_high"]).assign(task="t")
    sizes = pd.DataFrame({"model": ["x", "l", "m", "s"], "params": [4.0, 3.0, 2.0, 1.0]})
    sizes = pd.concat([sizes, sizes.head(1)]).assign(family="f")
    told = by_size(found, sizes)
    assert told[["smaller", "larger"]].to_numpy().tolist() == [["s", "m"], ["m", "l"], ["l", "x"]]
    # Intervals that touch do not part.
    assert told["larger_bends"].tolist() == ["later", "clearly later", "clearly earlier"]
    assert told["family"].unique().tolist() == ["f"]
    near = found.assign(bend_high=[2.0, 4.0, 20.0, 4.1])
    assert by_size(near, sizes)["larger_bends"].tolist()[-1] == "earlier"
    apart = sizes.assign(family=["f", "g", "h", "i", "f"])
    with pytest.raises(sl.Unidentifiable, match="no family has models of two sizes on one task"):
        by_size(found, apart)
    with pytest.raises(sl.Unidentifiable, match="add a column params"):
        by_size(found, sizes.drop(columns="params"))
    with pytest.raises(sl.BadRuns, match="row 1, column params"):
        by_size(found, sizes.assign(params=0.0))
    for column in ("model", "family"):
        with pytest.raises(sl.BadRuns, match=f"sizes of models needs a column {column}"):
            by_size(found, sizes.drop(columns=column))
