"""Objectives are what they say: their derivatives belong together, and they sum over runs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import scalinglaws as sl
from scalinglaws.fitting import objectives
from scalinglaws.fitting.objectives import Objective, custom, huber, one_sided, resolve

LAW = sl.laws.power_law("tokens")
TRUTH = {"E": 1.8, "k": 400.0, "c": 0.28}
KINKS = {"huber": 1e-3, "wide Huber": 0.05, "one-sided": 1e-2}
OBJECTIVES = {
    "lsq": sl.LSQ,
    "lsq_log": sl.LSQ_LOG,
    "lad": sl.LAD,
    "huber": sl.huber(1e-3),
    "wide Huber": sl.huber(0.05),
    "one-sided": one_sided(0.1, delta=1e-2),
    "one-sided least squares": replace(sl.LSQ, below=0.2),
    "log-cosh": custom("log-cosh", lambda r: np.log(np.cosh(r / 0.05)) * 0.05**2),
    "Cauchy": custom("Cauchy", lambda r: np.log1p((r / 0.05) ** 2), space="linear"),
}
# Away from every kink and on both sides of each.
RESIDUALS = np.array([-0.7, -0.08, -0.03, -3e-3, -4e-4, 2e-4, 2e-3, 0.02, 0.09, 0.6])


def simulated(count: int = 60, noise: float = 0.01, seed: int = 0) -> pd.DataFrame:
    x = np.geomspace(1e8, 1e12, count)
    return sl.simulate.at(LAW, TRUTH, noise=noise, seed=seed, tokens=x)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_slope_and_bend_are_the_derivatives_of_rho(name: str) -> None:
    objective, h = OBJECTIVES[name], 1e-5
    near = {k: objective.parts(RESIDUALS + k * h) for k in (-2, -1, 0, 1, 2)}
    for order in (0, 1):
        v = {k: p[order] for k, p in near.items()}
        found = (8 * (v[1] - v[-1]) - (v[2] - v[-2])) / (12 * h)
        # Rounding of values up to 50 over the step, and h^4 times a fifth derivative of up to
        # 24 / 0.05^5 in the functions that bend at 0.05.
        scale = np.abs(v[0]) * 1e-10 + h**4 * 24 / 0.05**5 / 10
        assert (np.abs(found - near[0][order + 1]) <= scale + 1e-10).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_rho_is_the_integral_of_its_slope_across_kinks(name: str) -> None:
    objective = OBJECTIVES[name]
    delta = KINKS.get(name, 0.01)

    def slope(r: float) -> float:
        return float(objective.parts(np.array([r]))[1][0])

    for low, high in ((-0.3, 0.2), (-0.004, 0.07)):
        area = quad(slope, low, high, points=[-delta, 0, delta], epsabs=1e-13, limit=200)[0]
        rise = np.diff(objective.rho(np.array([low, high])))[0]
        # The quadrature's own aim, on pieces that are smooth.
        assert area == pytest.approx(rise, abs=1e-10)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_rho_is_zero_at_zero_and_grows_away_from_it(name: str) -> None:
    r = np.linspace(0, 0.5, 101)
    for side in (r, -r):
        rho = OBJECTIVES[name].rho(side)
        assert rho[0] == 0
        assert (np.diff(rho) > 0).all()


@pytest.mark.parametrize("space", ["log", "linear"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_chain_is_the_composition(name: str, space: Any) -> None:
    objective = replace(OBJECTIVES[name], space=space)
    rng = np.random.default_rng(7)
    measured = np.array([2.1, 3.4, 1.9, 2.7, 5.2])
    f = measured * np.exp(rng.normal(0, 0.05, (3, 5)))
    for weights in (rng.uniform(0, 3, (1, 5)), rng.uniform(0, 3, (3, 5))):
        target = objective.target(measured)
        value, first, second = objective.chain(f.copy(), target, weights)
        r = objective.residuals(f, measured)
        rho, d1, d2 = objective.parts(r)
        one, two = (1 / f, -1 / f**2) if space == "log" else (1.0, 0.0)
        # log f - log y and log(f / y) differ by two roundings of logarithms of up to 1.7, which a
        # bend of 2 / 0.05^2 and weights of 3 turn into 1e-12.
        np.testing.assert_allclose(value, (weights * rho).sum(axis=1), rtol=1e-12)
        np.testing.assert_allclose(first, weights * d1 * one, rtol=1e-11, atol=1e-12)
        expected = weights * (d2 * one * one + d1 * two)
        np.testing.assert_allclose(second, expected, rtol=1e-10, atol=1e-10)
        pulled = objective.pull(r, weights)
        for both in zip(pulled, objective.weigh(r, weights), strict=False):
            np.testing.assert_array_equal(*both)


def test_chain_leaves_what_it_is_given() -> None:
    for objective in OBJECTIVES.values():
        f, w = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 0.5, 2.0]])
        target = objective.target(np.array([1.1, 1.9, 3.3]))
        given = [v.copy() for v in (f, target, w)]
        objective.chain(f, target, w)
        for before, after in zip(given, (f, target, w), strict=True):
            assert (before == after).all()


def test_an_objective_may_choose_by_the_sign() -> None:
    by_sign = custom("size", lambda r: np.where(r > 0, r, -2 * r), space="linear")
    rho, slope, bend = by_sign.parts(np.array([-0.5, 0.25]))
    assert rho.tolist() == [1.0, 0.25]
    assert slope.tolist() == [-2.0, 1.0]
    assert bend.tolist() == [0.0, 0.0]


@settings(max_examples=50, deadline=None)
@given(
    r=st.lists(st.floats(-1, 1), min_size=1, max_size=20),
    delta=st.floats(1e-6, 1.0),
    below=st.floats(0.01, 0.99),
)
def test_huber_lies_between_its_limits(r: list[float], delta: float, below: float) -> None:
    residuals = np.array(r)
    rho = huber(delta).rho(residuals)
    # Below the parabola and the cone, above the cone less its rounding off.
    assert (rho <= np.minimum(residuals**2 / 2, delta * np.abs(residuals)) + 1e-15).all()
    assert (rho >= delta * np.abs(residuals) - delta**2 / 2 - 1e-15).all()
    side = np.where(residuals > 0, 2 * (1 - below), 2 * below)
    np.testing.assert_allclose(one_sided(below, delta=delta).rho(residuals), side * rho)
    np.testing.assert_array_equal(one_sided(0.5, delta=delta).rho(residuals), rho)


@pytest.mark.parametrize("below", [0.05, 0.25, 0.9])
def test_a_one_sided_loss_leaves_its_share_below(below: float) -> None:
    runs = simulated(1000, noise=0.05)
    found = sl.fit(LAW, runs, objective=one_sided(below, delta=1e-6))
    share = (found.residuals < 0).mean()
    # A curve of three parameters passes through at most three runs, which count on neither side,
    # and residuals within delta of it are undecided: one run more in a thousand.
    assert abs(share - below) <= 4 / 1000


def test_a_one_sided_loss_without_sides_is_huber() -> None:
    runs = simulated()
    one, two = (sl.fit(LAW, runs, objective=o) for o in (one_sided(0.5), huber()))
    assert one.objective == two.objective


def logcosh(delta: float) -> Callable[[Any], Any]:
    # delta^2 log cosh(r / delta), for any r: half of it is under each exponential.
    return lambda r: delta**2 * (np.logaddexp(r / delta, -r / delta) - np.log(2.0))


def square(r: Any) -> Any:
    return r * r


def widened(r: Any, delta: float = 0.01) -> Any:
    inside = np.minimum(np.abs(r), delta)
    return inside * (np.abs(r) - 0.5 * inside)


@pytest.mark.parametrize(
    ("mine", "builtin"),
    [
        (custom("square of the log", square), sl.LSQ_LOG),
        (custom("square", square, space="linear"), sl.LSQ),
        (custom("Huber by hand", widened), sl.huber(0.01)),
    ],
    ids=lambda o: o.name,
)
def test_an_objective_written_by_hand_is_the_built_in_one(
    mine: Objective, builtin: Objective
) -> None:
    runs = simulated(noise=0.02)
    one, two = (sl.fit(LAW, runs, objective=o) for o in (mine, builtin))
    # Other roundings on the way to the same minimum, which is flat to first order.
    assert one.objective == pytest.approx(two.objective, rel=1e-12)
    for name in LAW.names:
        assert one.params[name] == pytest.approx(two.params[name], rel=1e-6)
    # Residuals of 0.02 and their bends agree in the bootstrap too.
    first, second = (f.bootstrap(20, seed=3)["objective"].to_numpy() for f in (one, two))
    np.testing.assert_allclose(first, second, rtol=1e-10)
    assert str(one.objective_kind) == mine.name


def test_log_cosh_goes_from_least_squares_to_least_absolute_deviation() -> None:
    runs = simulated(noise=0.02)
    wide = sl.fit(LAW, runs, objective=custom("wide", logcosh(100.0)))
    square = sl.fit(LAW, runs, objective="lsq_log").objective
    # delta^2 log cosh(r / delta) = r^2 / 2 (1 - (r / delta)^2 / 6): 1e-7 of it is more than that
    # for residuals of 0.06. Rounding adds 1e-16 delta^2 in each of 60 runs to a sum of 0.01.
    assert wide.objective == pytest.approx(square / 2, rel=1e-7)
    delta = 1e-5
    narrow = sl.fit(LAW, runs, objective=custom("narrow", logcosh(delta)))
    lad = sl.fit(LAW, runs, objective="lad")
    # delta |r| less delta^2 log 2, a run.
    gap = lad.objective - narrow.objective / delta
    assert 0 <= gap <= len(runs) * delta * np.log(2)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_runs_that_are_there_twice_count_twice(name: str) -> None:
    objective = OBJECTIVES[name]
    runs = simulated()
    once = sl.fit(LAW, runs, objective=objective)
    twice = sl.fit(LAW, pd.concat([runs, runs]), objective=objective)
    weighed = sl.fit(LAW, runs, objective=objective, weights=np.full(len(runs), 2.0))
    single, double, heavy = once.objective, twice.objective, weighed.objective
    # Sums in another order; doubling itself is exact. What stands in for the absolute deviation
    # has a delta of 1e-10, which hides half of that in each run.
    hidden = len(runs) * 1e-10 if name == "lad" else 0.0
    assert double == pytest.approx(2 * single, rel=1e-11, abs=hidden)
    assert heavy == pytest.approx(2 * single, rel=1e-11, abs=hidden)
    # The objective printed is the sum of rho over the runs, at the parameters printed.
    r = objective.residuals(LAW(once.params, tokens=runs["tokens"]), once.loss)
    assert single == pytest.approx(objective.rho(r).sum(), rel=1e-11)


def test_bounds_of_what_is_accepted() -> None:
    for delta in (0, -1.0, np.inf, np.nan):
        with pytest.raises(sl.BadParameters, match="positive, finite delta"):
            huber(delta)
        with pytest.raises(sl.BadParameters, match="positive, finite delta"):
            one_sided(0.1, delta=delta)
    for below in (0, 1, -0.1, np.nan):
        with pytest.raises(sl.BadParameters, match="between 0 and 1"):
            one_sided(below)


@pytest.mark.parametrize(
    ("rho", "words"),
    [
        (lambda r: 1 / r**2, "must be finite"),
        (lambda r: -r * r, "must grow away"),
        (lambda r: r, "must grow away"),
        (lambda r: np.arctanh(r), "must be finite"),
        (lambda r: np.hypot(r, 1.0), "elementwise functions"),
        (lambda r: np.mean(r), "elementwise functions"),
        (lambda r: np.clip(r, 0.0, 1.0), "elementwise functions"),
        (lambda r: "far", "elementwise functions"),
        (lambda r: 1.0, "elementwise functions"),
        (lambda r: float(r), "elementwise functions"),
    ],
)
def test_an_objective_that_is_none_is_refused(rho: Callable[[Any], Any], words: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(sl.BadParameters, match=words):
        custom("odd", rho)


def test_objectives_by_name() -> None:
    for key, objective in objectives._BY_NAME.items():
        assert resolve(key) is resolve(str(objective)) is objective
    with pytest.raises(sl.UnknownName, match="there are huber, lad, lsq_log, lsq"):
        resolve("mse")
