"""Covariances and intervals by formula against the textbook's, worked out with plain matrices."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

import scalinglaws as sl
from scalinglaws.fitting import objectives
from scalinglaws.intervals.covariance import critical_value, delta_ends
from skewed_runs import CHINCHILLA, LINE, size_and_data, straight

POWER = sl.laws.power_law("tokens", floor=False)
WEIGHTS = np.r_[np.zeros(3), np.linspace(0.5, 2, 21)]


def line(**given):
    return sl.fit(LINE, straight(), objective="lsq", **given)


def power_runs():
    rng = np.random.default_rng(6)
    tokens = np.geomspace(1e7, 1e10, 25)
    loss = 12 * tokens**-0.07 * np.exp(0.03 * (rng.exponential(size=25) - 1))
    return pd.DataFrame({"tokens": tokens, "loss": loss})


def power(**given):
    return sl.fit(POWER, power_runs(), objective="lsq_log", **given)


def textbook(design, y, weights, form):
    """Covariance of weighted least squares: by White's sandwich, or with one scatter for all."""
    bread = np.linalg.inv(design.T @ (weights[:, None] * design))
    r = y - design @ (bread @ design.T @ (weights * y))
    if form == "sandwich":
        filling = design.T @ ((weights * r)[:, None] ** 2 * design)
        return bread @ filling @ bread
    return bread * (weights * r * r).sum() / ((weights > 0).sum() - design.shape[1])


@pytest.mark.parametrize("form", ["sandwich", "classical"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["all alike", "weighted"])
def test_on_a_line_the_covariance_is_the_textbooks(form, weights):
    fit = line(weights=weights)
    x = fit.inputs["x"]
    w = np.ones(24) if weights is None else weights
    exact = textbook(np.stack([np.ones(24), x], axis=1), fit.loss, w, form)
    found = fit.covariance(form=form)
    assert list(found.index) == list(found.columns) == ["level", "slope"]
    # The fit's residuals are those of the normal equations to 1e-9 or so.
    np.testing.assert_allclose(found, exact, rtol=1e-7)


@pytest.mark.parametrize("form", ["sandwich", "classical"])
def test_on_a_power_law_it_is_that_of_a_line_in_logs_with_the_scale_put_back(form):
    fit = power()
    design = np.stack([np.ones(25), -np.log(fit.inputs["tokens"])], axis=1)
    exact = textbook(design, np.log(fit.loss), np.ones(25), form)
    scale = np.array([fit.params["k"], 1.0])
    np.testing.assert_allclose(fit.covariance(form=form), exact * np.outer(scale, scale), rtol=1e-6)


def test_what_is_held_has_no_variance_and_leaves_a_degree_of_freedom():
    fit = line(held={"level": 0.6})
    x, r = fit.inputs["x"], fit.loss - 0.6 - fit.params["slope"] * fit.inputs["x"]
    found = fit.covariance(form="classical")
    # One free parameter of 24 runs: 23 are left.
    assert found.loc["slope", "slope"] == pytest.approx((r @ r) / 23 / (x @ x), rel=1e-7)
    assert found.loc["level"].tolist() == [0, 0]
    assert found["level"].tolist() == [0, 0]
    white = fit.covariance().loc["slope", "slope"]
    assert white == pytest.approx(((r * x) ** 2).sum() / (x @ x) ** 2, rel=1e-7)


def tight(**upper):
    parameters = [replace(p, upper=upper.get(p.name, p.upper)) for p in CHINCHILLA.parameters]
    return replace(CHINCHILLA, parameters=tuple(parameters))


def test_what_sits_at_its_bound_has_no_variance_and_no_interval_by_formula():
    fit = sl.fit(tight(E=1.5), size_and_data(), objective="lsq_log")
    assert fit.at_bound == ("E",)
    for form, kind in (("sandwich", "covariance"), ("classical", "classical")):
        found = fit.covariance(form=form)
        assert (found.loc["E"] == 0).all()
        assert (np.diag(found.drop(index="E", columns="E")) > 0).all()
        with pytest.raises(sl.Unidentifiable, match="E sits at its bound") as refusal:
            fit.interval("E", kind=kind)
        assert refusal.value.partial is fit
        assert fit.params["alpha"] in fit.interval("alpha", kind=kind)


def test_a_covariance_is_refused_where_there_is_none():
    with pytest.raises(sl.UnknownName, match="no covariance is called 'bayes'"):
        line().covariance(form="bayes")
    huber = sl.fit(LINE, straight(), objective=sl.Objective(name="h", space="linear", delta=0.1))
    with pytest.raises(sl.UnknownName, match="that of least squares"):
        huber.covariance(form="classical")
    quartic = objectives.custom("quartic", lambda r: r**4, space="linear")
    with pytest.raises(sl.UnknownName, match="that of least squares"):
        sl.fit(LINE, straight(), objective=quartic).covariance(form="classical")
    flat = sl.Objective(name="lad", space="linear", delta=0.0)
    absolute = sl.fit(LINE, straight(), objective=flat)
    with pytest.raises(sl.Unidentifiable, match="corners in place of curvature") as refusal:
        absolute.covariance()
    assert refusal.value.partial is absolute


@pytest.mark.parametrize("weights", [None, np.r_[np.ones(3), 0.0]])
def test_scatter_takes_one_run_more_than_parameters(weights):
    runs = straight().iloc[[0, 7, 12, 20]]
    enough = sl.fit(LINE, runs, objective="lsq", weights=weights, check=False)
    assert (np.diag(enough.covariance(form="classical")) > 0).all()
    weights = np.r_[np.ones(2), 0.0, 0.0]
    two = sl.fit(LINE, runs, objective="lsq", weights=weights, check=False)
    with pytest.raises(sl.Unidentifiable, match="as many parameters as runs"):
        two.covariance(form="classical")


@pytest.mark.parametrize("level", [0.9, 0.5])
def test_an_interval_by_formula_reaches_as_many_standard_errors_as_tables_say(level):
    share = 0.5 + level / 2
    # 21 of 24 runs count, one of two parameters is held: 20 are spare.
    held = line(weights=WEIGHTS, held={"level": 0.6})
    assert critical_value(held, "classical", level) == pytest.approx(t.ppf(share, 20), rel=1e-12)
    assert critical_value(line(), "classical", level) == pytest.approx(t.ppf(share, 22), rel=1e-12)
    assert critical_value(line(), "covariance", level) == pytest.approx(norm.ppf(share), rel=1e-12)
    # Printed in any table of the normal and of Student's distribution.
    assert critical_value(line(), "covariance", 0.9) == pytest.approx(1.6449, abs=5e-5)
    assert critical_value(line(), "classical", 0.9) == pytest.approx(1.7171, abs=5e-5)


def test_with_no_run_to_spare_students_reach_is_that_of_one():
    runs = straight().iloc[[0, 20]]
    fit = sl.fit(LINE, runs, objective="lsq", check=False)
    assert critical_value(fit, "classical", 0.9) == pytest.approx(t.ppf(0.95, 1), rel=1e-12)
    three = sl.fit(LINE, straight().iloc[[0, 7, 20, 22]], objective="lsq", check=False)
    assert critical_value(three, "classical", 0.9) == pytest.approx(t.ppf(0.95, 2), rel=1e-12)


@pytest.mark.parametrize("kind", ["covariance", "classical"])
@pytest.mark.parametrize("level", [0.9, 0.6])
def test_an_interval_by_formula_is_the_estimate_give_or_take_its_errors(kind, level):
    fit = line()
    form = "sandwich" if kind == "covariance" else kind
    v, z = fit.covariance(form=form).to_numpy(), critical_value(fit, kind, level)
    p = fit.params
    for quantity, estimate, slope in (
        ("slope", p["slope"], [0, 1]),
        (lambda q: q["level"] - 2 * q["slope"], p["level"] - 2 * p["slope"], [1, -2]),
        (lambda q: q["level"] ** 2, p["level"] ** 2, [2 * p["level"], 0]),
    ):
        half = z * np.sqrt(np.array(slope) @ v @ np.array(slope))
        found = fit.interval(quantity, kind=kind, level=level)
        assert (found.kind, found.level, found.stopped) == (kind, level, 0)
        # Slopes are differences over steps of 1e-6: good to 1e-9 or so.
        assert found.estimate == pytest.approx(estimate, rel=1e-12)
        assert found.estimate - found.low == pytest.approx(half, rel=1e-6)
        assert found.high - found.estimate == pytest.approx(half, rel=1e-6)


def test_of_a_positive_law_what_is_positive_has_its_interval_in_the_logarithm():
    fit = power()
    v = fit.covariance().to_numpy()
    k, c = fit.params["k"], fit.params["c"]
    ratio = np.array([1 / c, -k / c**2])
    for quantity, estimate, slope in (
        ("k", k, [1, 0]),
        ("c", c, [0, 1]),
        (lambda p: p["k"] / p["c"], k / c, ratio),
    ):
        sd = np.sqrt(np.array(slope) @ v @ np.array(slope))
        factor = np.exp(norm.ppf(0.95) * sd / estimate)
        found = fit.interval(quantity, kind="covariance")
        assert found.low == pytest.approx(estimate / factor, rel=1e-6)
        assert found.high == pytest.approx(estimate * factor, rel=1e-6)
    down = fit.interval(lambda p: -p["k"], kind="covariance")
    half = norm.ppf(0.95) * np.sqrt(v[0, 0])
    assert [down.low, down.high] == pytest.approx([-k - half, -k + half], rel=1e-6)
    nought = fit.interval(lambda p: 0 * p["k"], kind="covariance")
    assert [nought.low, nought.high] == [0, 0]


def test_ends_by_formula_follow_the_covariance_and_the_reach_that_are_given():
    fit = line()
    v = np.array([[0.04, 0.01], [0.01, 0.09]])
    found = delta_ends(fit, lambda p: p["level"] + p["slope"], 5.0, 2.0, v)
    # Twice the root of 0.04 + 0.09 + 2 x 0.01; the estimate is whatever it is said to be.
    half = 2 * np.sqrt(0.15)
    assert found == pytest.approx((5 - half, 5 + half), rel=1e-6)


def test_a_sandwich_is_of_the_objective_that_was_minimised():
    objective = sl.Objective(name="h", space="linear", delta=0.1)
    fit = sl.fit(LINE, straight(), objective=objective, weights=WEIGHTS)
    x = np.stack([np.ones(24), fit.inputs["x"]], axis=1)
    r = LINE(fit.params, **fit.inputs) - fit.loss
    inside = np.abs(r) <= 0.1
    # Some runs must be on either side of the corner for the two slopes to be identified.
    assert 3 < inside.sum() < 21
    bread = np.linalg.inv(x.T @ ((WEIGHTS * inside)[:, None] * x))
    pull = WEIGHTS * np.clip(r, -0.1, 0.1)
    exact = bread @ (x.T @ (pull[:, None] ** 2 * x)) @ bread
    np.testing.assert_allclose(fit.covariance(), exact, rtol=1e-6)
