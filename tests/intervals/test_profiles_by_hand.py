"""Profiles where they can be worked out: straight lines, and what a rise is allowed to be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f as f_distribution
from scipy.stats import t

import scalinglaws as sl
from scalinglaws.intervals.profile import allowed
from skewed_runs import CHINCHILLA, LINE, size_and_data, straight

WEIGHTS = np.r_[np.zeros(3), np.linspace(0.5, 1.5, 21)]
"""Of mean one over the runs that count, so that they stand for as many runs as there are."""
POWER = sl.laws.power_law("tokens", floor=False)
R = np.array([0.3, -0.1, 0.02, 0.5, -0.7, 0.2])


def line(**given):
    return sl.fit(LINE, straight(), objective="lsq", **given)


@pytest.mark.parametrize("level", [0.9, 0.5])
def test_least_squares_may_rise_by_its_scatter_times_a_quantile_of_f(level):
    found = allowed(sl.LSQ, R, np.ones(6), 2, level)
    # Tables of F(1, 4): the square of Student's 2.1318 at 0.9.
    quantile = f_distribution.ppf(level, 1, 4)
    assert quantile == pytest.approx(t.ppf(0.5 + level / 2, 4) ** 2, rel=1e-9)
    assert float(found) == pytest.approx(quantile * (R @ R) / 4, rel=1e-12)


def test_a_robust_loss_may_rise_by_its_slopes_over_its_bends():
    objective = sl.Objective(name="h", space="linear", delta=0.25)
    # Of six residuals three are within the corner; the others pull with 0.25.
    weights = np.array([1.0, 2.0, 0.5, 1.0, 0.5, 0.0])
    slopes = np.clip(R, -0.25, 0.25)
    squares = weights @ slopes**2
    bends = 2.0 + 0.5
    exact = f_distribution.ppf(0.8, 1, 5 - 2) * squares / 3 * 5 / (2 * bends)
    assert float(allowed(objective, R, weights, 2, 0.8)) == pytest.approx(exact, rel=1e-12)


def test_a_rise_is_not_bounded_without_freedom_or_bend():
    assert np.isinf(allowed(sl.LSQ, R, np.ones(6), 6, 0.9))
    assert np.isinf(allowed(sl.LSQ, R, np.ones(6), 7, 0.9))
    assert np.isfinite(allowed(sl.LSQ, R, np.ones(6), 5, 0.9))
    assert np.isinf(allowed(sl.LSQ, R, np.r_[np.ones(5), 0.0], 5, 0.9))
    assert np.isinf(allowed(sl.LAD, R, np.ones(6), 2, 0.9))


def test_batches_of_residuals_have_a_rise_each():
    both = np.stack([R, 2 * R])
    weights = np.stack([np.ones(6), np.r_[np.ones(5), 0.0]])
    found = allowed(sl.LSQ, both, weights, 2, 0.9)
    each = [float(allowed(sl.LSQ, r, w, 2, 0.9)) for r, w in zip(both, weights, strict=True)]
    assert found.tolist() == pytest.approx(each, rel=1e-12)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["all alike", "weighted"])
def test_a_profile_of_a_line_is_the_sum_of_squares_with_one_number_held(weights):
    fit = line(weights=weights)
    w = np.ones(24) if weights is None else weights
    x, y = fit.inputs["x"], fit.loss
    slopes = [-1.0, -0.5, 0.3]
    found = fit.profile({"slope": slopes})
    assert found["slope"].tolist() == slopes
    for row, slope in zip(found.itertuples(), slopes, strict=True):
        level = w @ (y - slope * x) / w.sum()
        rss = w @ (y - slope * x - level) ** 2
        assert row.level == pytest.approx(level, rel=1e-6)
        assert row.objective == pytest.approx(rss, rel=1e-9)
        assert row.worse == pytest.approx(rss / fit.objective, rel=1e-9)


def test_a_grid_goes_through_every_combination_the_last_name_fastest():
    fit = sl.fit(CHINCHILLA, size_and_data(), objective="lsq_log")
    found = fit.profile({"A": [300.0, 900.0], "beta": [0.3, 0.4, 0.5]})
    assert found["A"].tolist() == pytest.approx([300.0] * 3 + [900.0] * 3, rel=1e-12)
    assert found["beta"].tolist() == [0.3, 0.4, 0.5] * 2
    for row in (found.iloc[0], found.iloc[4]):
        held = {"A": row["A"], "beta": row["beta"]}
        alone = sl.fit(CHINCHILLA, size_and_data(), objective="lsq_log", held=held)
        assert row["objective"] == pytest.approx(alone.objective, rel=1e-9)
        assert row["alpha"] == pytest.approx(alone.params["alpha"], rel=1e-4)
    assert (found["worse"] > 1).all()
    alone = fit.profile({"E": fit.params["E"]})
    assert alone["worse"].tolist() == pytest.approx([1.0], abs=1e-9)
    everything = fit.profile({k: [v] for k, v in fit.params.items()})
    assert everything["worse"].tolist() == pytest.approx([1.0], abs=1e-9)


@pytest.mark.parametrize("level", [0.9, 0.5])
@pytest.mark.parametrize("given", [{}, {"weights": WEIGHTS}, {"held": {"level": 0.6}}], ids=str)
def test_on_a_line_a_profile_ends_at_students_quantile(level, given):
    fit = line(**given)
    w = fit.weights
    x, y = fit.inputs["x"], fit.loss
    columns = [x] if fit.held else [np.ones(24), x]
    design = np.stack(columns, axis=1)
    bread = np.linalg.inv(design.T @ (w[:, None] * design))
    r = y - LINE(fit.params, x=x)
    spare = (w > 0).sum() - len(columns)
    half = t.ppf(0.5 + level / 2, spare) * np.sqrt(bread[-1, -1] * (w @ r**2) / spare)
    found = fit.interval("slope", kind="profile", level=level)
    # The root of the rise is straight; a difference of objectives rounds to half the digits.
    assert found.low == pytest.approx(fit.params["slope"] - half, abs=1e-5 * half)
    assert found.high == pytest.approx(fit.params["slope"] + half, abs=1e-5 * half)
    assert (found.level, found.kind, found.stopped) == (level, "profile", 0)


def test_a_positive_scale_has_its_profile_in_the_logarithm():
    rng = np.random.default_rng(6)
    tokens = np.geomspace(1e7, 1e10, 25)
    loss = 12 * tokens**-0.07 * np.exp(0.03 * (rng.exponential(size=25) - 1))
    fit = sl.fit(POWER, pd.DataFrame({"tokens": tokens, "loss": loss}), objective="lsq_log")
    design = np.stack([np.ones(25), -np.log(tokens)], axis=1)
    r = np.log(loss) - design @ np.array([np.log(fit.params["k"]), fit.params["c"]])
    sd = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * (r @ r) / 23)
    factor = np.exp(t.ppf(0.95, 23) * sd[0])
    k = fit.interval("k", kind="profile")
    assert k.low == pytest.approx(fit.params["k"] / factor, rel=1e-5)
    assert k.high == pytest.approx(fit.params["k"] * factor, rel=1e-5)
    half = t.ppf(0.95, 23) * sd[1]
    c = fit.interval("c", kind="profile")
    assert [c.low, c.high] == pytest.approx([fit.params["c"] - half, fit.params["c"] + half], 1e-5)


def test_ends_are_where_the_refitted_objective_has_risen_as_far_as_allowed():
    runs = size_and_data()
    parameters = [replace(p, upper=1.5) if p.name == "E" else p for p in CHINCHILLA.parameters]
    tight = replace(CHINCHILLA, parameters=tuple(parameters))
    for law, free in ((CHINCHILLA, 5), (tight, 4)):
        fit = sl.fit(law, runs, objective="lsq_log")
        assert len(fit.at_bound) == 5 - free
        rise = f_distribution.ppf(0.8, 1, 40 - free) * fit.objective / (40 - free)
        for name in ("alpha", "B"):
            found = fit.interval(name, kind="profile", level=0.8)
            for end in (found.low, found.high):
                refitted = sl.fit(law, runs, objective="lsq_log", held={name: end})
                # Interpolated once between points a fifth of a bracket apart.
                assert refitted.objective - fit.objective == pytest.approx(rise, rel=0.01)
            assert found.low < fit.params[name] < found.high


def test_an_end_that_is_not_reached_is_the_bound():
    runs = size_and_data()
    parameters = [replace(p, upper=1.5) if p.name == "E" else p for p in CHINCHILLA.parameters]
    fit = sl.fit(replace(CHINCHILLA, parameters=tuple(parameters)), runs, objective="lsq_log")
    at_edge = fit.interval("E", kind="profile")
    assert at_edge.high == pytest.approx(1.5, abs=1e-9)
    assert at_edge.low < 1.5
    narrow = [
        replace(p, lower=0.33, upper=0.36) if p.name == "alpha" else p
        for p in CHINCHILLA.parameters
    ]
    fit = sl.fit(replace(CHINCHILLA, parameters=tuple(narrow)), runs, objective="lsq_log")
    found = fit.interval("alpha", kind="profile", level=0.99)
    assert [found.low, found.high] == pytest.approx([0.33, 0.36], abs=1e-12)


def test_an_end_may_be_infinite():
    law = sl.Law(
        name="one over",
        inputs=("x",),
        parameters=(sl.laws.Parameter(name="k", symbol="k", unit="1", meaning="a scale"),),
        function=lambda p, x: 1 / (1 + p["k"] * x["x"]),
        formula="y = 1 / (1 + k x)",
        reference="made up",
        domain="real",
    )
    x = np.linspace(1, 3, 12)
    loss = 0.05 + 0.3 * np.random.default_rng(0).standard_normal(12)
    fit = sl.fit(law, pd.DataFrame({"x": x, "loss": loss}), objective="lsq", start={"k": 10.0})
    found = fit.interval("k", kind="profile")
    # However large k is the curve is at nought, within the scatter; at k = 0 it is at one.
    assert found.high == np.inf
    assert 0.1 < found.low < fit.params["k"]


def test_a_law_through_all_of_its_runs_has_no_valley():
    law = sl.laws.power_law("tokens")
    x = np.array([1e2, 1e3, 1e4, 1e5])
    runs = pd.DataFrame({"tokens": x, "loss": law({"E": 1.0, "k": 5.0, "c": 0.5}, tokens=x)})
    fit = sl.fit(law, runs, check=False, objective=sl.LSQ_LOG)
    assert fit.objective == 0.0
    with pytest.raises(sl.Unidentifiable, match="passes through all of its runs"):
        fit.profile({"c": [0.4, 0.6]})
