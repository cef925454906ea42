"""What a fit says of itself: its sentence, its bounds, its starts, its condition, its residuals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from skewed_runs import CHINCHILLA, LINE, TRUTH, size_and_data, straight

RUNS = size_and_data()
FIT = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", seed=3)
SIGNED = sl.fit(LINE, straight(), objective="lsq")
WAVE = sl.Law(
    name="wave",
    inputs=("x",),
    parameters=(
        sl.Parameter(
            name="w",
            symbol="w",
            unit="1",
            meaning="a frequency",
            lower=0.1,
            upper=9.0,
            space="linear",
            start=(0.2, 8.0),
        ),
    ),
    function=lambda p, x: np.sin(p["w"] * x["x"]),
    formula="y = sin(w x)",
    reference="made up",
    domain="real",
)


def wave(*starts):
    x = np.linspace(0.1, 6, 40)
    rng = np.random.default_rng(0)
    runs = pd.DataFrame({"x": x, "loss": np.sin(2 * x) + 0.1 * rng.standard_normal(40)})
    return sl.fit(WAVE, runs, objective="lsq", start=[{"w": w} for w in starts])


def tight(**bounds):
    """Chinchilla's law with other upper bounds."""
    parameters = [replace(p, upper=bounds.get(p.name, p.upper)) for p in CHINCHILLA.parameters]
    return replace(CHINCHILLA, parameters=tuple(parameters))


def test_a_minimum_is_said_with_how_many_starts_agree():
    both = wave(1.9, 2.1)
    assert both.status == (
        "Minimum found inside all bounds; 2 of 2 starts agree on the best objective."
    )
    assert both.ok
    assert (both.starts, both.starts_agreeing) == (2, 2)
    most = wave(1.9, 2.1, 6.0)
    assert most.status == (
        "Minimum found inside all bounds; 2 of 3 starts agree on the best objective, the others "
        "converged to worse minima."
    )
    assert most.ok


def test_one_start_of_several_may_not_be_the_lowest_and_one_of_one_is_fine():
    alone = wave(6.0, 2.1)
    assert alone.status == "Minimum found by one start only of 2: it may not be the lowest."
    assert not alone.ok
    # The best comes first, whichever start it came from.
    assert alone.params["w"] == pytest.approx(2, abs=0.05)
    assert alone.optima[:, 0].tolist() == pytest.approx([alone.params["w"], 6], abs=1.0)
    assert alone.heights[0] == alone.objective < alone.heights[1]
    single = wave(2.1)
    assert single.ok
    assert single.status.startswith("Minimum found inside all bounds; 1 of 1 starts agree")


def test_a_solver_that_stopped_says_so_first():
    law = sl.laws.saturating("examples")
    truth = {"E": 0.15, "L0": 0.99, "k": 270.0, "c": 0.35, "a": 0.8}
    x = np.geomspace(3e5, 1e9, 14)
    # Five parameters on so few noisy runs: from here the ground falls on and on.
    runs = sl.simulate.at(law, truth, noise=0.1, seed=2, examples=x)
    fit = sl.fit(law, runs, check=False, start=truth)
    assert fit.status.startswith("The solver stopped before it reached a minimum; ")
    assert not fit.ok


def test_parameters_that_are_not_told_apart_are_said_to_be():
    twice = sl.laws.power_law("params") + sl.laws.power_law("tokens")
    fit = sl.fit(twice, RUNS, objective="lsq_log")
    assert fit.condition > 1e12
    assert not fit.ok
    assert "the runs do not identify its parameters (condition number" in fit.status
    assert FIT.condition < 1e12
    assert FIT.ok


@pytest.mark.parametrize(("name", "unit"), [("alpha", 1.0), ("E", float(RUNS["loss"].mean()))])
@pytest.mark.parametrize(("away", "at"), [(0.7, True), (1.5, False)])
def test_a_parameter_within_a_millionth_of_its_bound_is_at_it(name, unit, away, at):
    # Found from inside; the minimum is known to a tenth of that or better.
    bound = FIT.params[name] + away * 1e-6 * unit
    fit = sl.fit(tight(**{name: bound}), RUNS, objective="lsq_log")
    assert fit.at_bound == ((name,) if at else ())
    assert fit.ok is not at
    assert (f"Minimum found with {name} at the edge of its range;" in fit.status) is at
    low = [
        replace(p, lower=2 * FIT.params[name] - bound) if p.name == name else p
        for p in CHINCHILLA.parameters
    ]
    fit = sl.fit(replace(CHINCHILLA, parameters=tuple(low)), RUNS, objective="lsq_log")
    assert fit.at_bound == ((name,) if at else ())


def test_bounds_are_named_together_and_what_is_held_is_not_at_one():
    fit = sl.fit(tight(alpha=0.2, beta=0.2), RUNS, objective="lsq_log")
    assert fit.at_bound == ("alpha", "beta")
    assert "with alpha, beta at the edge" in fit.status
    assert (fit.params["alpha"], fit.params["beta"]) == (0.2, 0.2)
    held = sl.fit(tight(E=1.5), RUNS, objective="lsq_log", held={"E": 1.5, "alpha": 0.3})
    assert held.at_bound == ()
    assert held.held == ("E", "alpha")
    assert held.ok
    assert (held.params["E"], held.params["alpha"]) == (1.5, 0.3)


def test_the_starts_that_agree_are_those_at_the_lowest_height():
    for fit in (FIT, sl.fit(CHINCHILLA, RUNS)):
        assert len(fit.heights) == len(fit.optima) == fit.starts == 24
        assert (np.diff(fit.heights) >= 0).all()
        assert fit.heights[0] == fit.objective
        close = fit.heights <= fit.objective * (1 + 1e-9)
        assert fit.starts_agreeing == close.sum()
        np.testing.assert_allclose(fit.theta, fit.optima[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("objective", "rho"),
    [
        ("lsq_log", lambda f, y: np.log(f / y) ** 2),
        ("lsq", lambda f, y: (f - y) ** 2),
        ("lad", lambda f, y: np.abs(np.log(f / y))),
        (
            "huber",
            lambda f, y: np.where(
                np.abs(np.log(f / y)) < 1e-3,
                np.log(f / y) ** 2 / 2,
                1e-3 * (np.abs(np.log(f / y)) - 5e-4),
            ),
        ),
    ],
)
def test_the_objective_is_the_weighted_sum_that_it_is_called(objective, rho):
    weights = np.where(np.arange(40) % 4, np.linspace(0.5, 2, 40), 0)
    fit = sl.fit(CHINCHILLA, RUNS, objective=objective, weights=weights)
    exact = weights @ rho(CHINCHILLA(fit.params, **fit.inputs), RUNS["loss"].to_numpy())
    assert fit.objective == pytest.approx(exact, rel=1e-9)
    assert fit.weights.tolist() == weights.tolist()
    assert fit.counted.tolist() == (weights > 0).tolist()
    default = sl.fit(CHINCHILLA, RUNS, weights=weights)
    assert (default.objective == fit.objective) is (objective == "huber")


def test_a_line_of_least_absolute_deviations_goes_through_two_runs():
    flat = sl.Objective(name="lad", space="linear", delta=0.0)
    fit = sl.fit(LINE, straight(), objective=flat)
    x, y = fit.inputs["x"], fit.loss
    i, j = np.triu_indices(24, 1)
    slope = (y[j] - y[i]) / (x[j] - x[i])
    each = np.abs(y[i] - slope * x[i] + slope * x[:, None] - y[:, None]).sum(axis=0)
    # One of the 276 lines through two runs is lowest: rounding of the sum.
    assert fit.objective == pytest.approx(each.min(), rel=1e-12)


def test_residuals_are_of_measured_over_fitted_and_of_any_sign_a_difference():
    fitted = CHINCHILLA(FIT.params, params=RUNS["params"], tokens=RUNS["tokens"])
    np.testing.assert_allclose(FIT.residuals, np.log(RUNS["loss"] / fitted), rtol=1e-9)
    x = straight()["x"]
    line = SIGNED.params["level"] + SIGNED.params["slope"] * x
    np.testing.assert_allclose(SIGNED.residuals, straight()["loss"] - line, rtol=1e-9)


def test_derived_quantities_follow_from_the_parameters():
    p = FIT.params
    assert FIT.derived == {
        "a": p["beta"] / (p["alpha"] + p["beta"]),
        "b": p["alpha"] / (p["alpha"] + p["beta"]),
    }
    assert SIGNED.derived == {}


def test_condition_is_that_of_the_scaled_normal_matrix():
    w = np.where(np.arange(24) % 3, np.linspace(0.5, 2, 24), 0.0)
    for weights in (None, w):
        fit = sl.fit(LINE, straight(), objective="lsq", weights=weights)
        design = np.stack([np.ones(24), fit.inputs["x"]], axis=1)
        matrix = design.T @ (fit.weights[:, None] * design)
        size = np.sqrt(np.diag(matrix))
        exact = np.linalg.cond(matrix / np.outer(size, size))
        assert fit.condition == pytest.approx(exact, rel=1e-9)
    one = sl.fit(LINE, straight(), objective="lsq", held={"level": 0.7})
    assert one.condition == pytest.approx(1.0, rel=1e-12)
    none = sl.fit(LINE, straight(), objective="lsq", held={"level": 0.7, "slope": -0.4})
    assert np.isnan(none.condition)
    # What is at its bound is not free either.
    edge = sl.fit(tight(E=1.5), RUNS, objective="lsq_log")
    held = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", held={"E": 1.5})
    assert edge.condition == pytest.approx(held.condition, rel=1e-3)


def test_a_fit_carries_its_runs_its_seed_and_whether_they_were_simulated():
    assert FIT.simulated
    assert not SIGNED.simulated
    assert FIT.seed == 3
    assert sl.fit(CHINCHILLA, RUNS, objective="lsq_log").seed == 0
    assert FIT.runs.equals(RUNS)
    assert FIT.runs is not RUNS
    assert FIT.runs.attrs == RUNS.attrs
    assert FIT.objective_kind is sl.LSQ_LOG
    assert FIT.loss.tolist() == RUNS["loss"].tolist()
    assert FIT.inputs["tokens"].tolist() == RUNS["tokens"].tolist()
    assert FIT.law is CHINCHILLA
    assert FIT.design.runs == 40


def test_a_run_of_weight_zero_moves_nothing():
    wild = RUNS.assign(loss=RUNS["loss"].where(np.arange(40) > 3, 1e-9))
    weights = (np.arange(40) > 3).astype(float)
    some = sl.fit(CHINCHILLA, wild, objective="lsq_log", weights=weights)
    alone = sl.fit(CHINCHILLA, RUNS.iloc[4:], objective="lsq_log")
    assert dict(some.params) == dict(alone.params)
    assert some.status == alone.status
    assert some.condition == alone.condition
    assert some.design == alone.design
    # A scale's lower bound is a share of the least loss that counts.
    np.testing.assert_array_equal(some.task().lower, alone.task().lower)
    np.testing.assert_array_equal(some.task().upper, alone.task().upper)
    assert len(some.runs) == 40


@pytest.mark.parametrize("objective", ["lsq_log", "lsq", "huber"])
def test_starts_that_meet_the_runs_exactly_agree_whatever_rounding_leaves(objective):
    exact = sl.simulate.at(CHINCHILLA, TRUTH, params=RUNS["params"], tokens=RUNS["tokens"])
    fit = sl.fit(CHINCHILLA, exact, objective=objective)
    # Their sums are roundings of nought, of which a billionth tells nothing.
    assert fit.starts_agreeing > 5
    assert fit.ok
