"""Fits are minima that scipy cannot beat, whatever the units, the order or the resample."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

import scalinglaws as sl
from known_laws import ALL_LAWS
from scalinglaws._fit import Fit
from scalinglaws.fitting.derivatives.any_law import AnyLaw, by_run
from scalinglaws.fitting.derivatives.base import to_internal
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.derivatives.power_sums import SumOfPowers
from scalinglaws.fitting.objectives import Objective
from scalinglaws.fitting.solver import problem as task_module
from scalinglaws.fitting.solver import small_systems as small
from scalinglaws.fitting.solver.damped_newton import descend
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.problem import Task
from scalinglaws.laws import Law

Array = npt.NDArray[np.float64]

NOISE = 0.005
SMOOTH = {
    "lsq": sl.LSQ,
    "lsq_log": sl.LSQ_LOG,
    "Huber 1e-3": sl.huber(1e-3),
    "Huber 1e-2": sl.huber(1e-2),
}
CHINCHILLA = sl.laws.CHINCHILLA
FLOORED = sl.laws.power_law("tokens")
FLOOR_TRUTH = ALL_LAWS["power law with floor"][1]

# Sums of a hundred terms, each rounded from a logarithm or a difference of numbers a hundred
# times as large as itself.
ROUNDING = 1e-12


@cache
def simulated(name: str, seed: int = 1) -> pd.DataFrame:
    law, truth, x = ALL_LAWS[name]
    runs = sl.simulate.at(law, truth, **x)
    noise = NOISE * np.random.default_rng(seed).standard_normal(len(runs))
    real = law.domain == "real"
    y = runs[law.response]
    return runs.assign(**{law.response: y + noise if real else y * np.exp(noise)})


@cache
def from_truth(name: str, objective: Objective) -> Fit:
    law, truth, _ = ALL_LAWS[name]
    # All parameters at once: what a fit in two steps ends at is no minimum of the sum.
    how = {"start": truth, "steps": False, "check": False}
    return sl.fit(law, simulated(name), objective=objective, **how)


def rho(objective: Objective, r: Array) -> tuple[Array, Array]:
    """The penalty and its slope, written out again."""
    if objective.delta == 0:
        return np.abs(r), np.sign(r)
    if objective.delta == np.inf:
        return r * r, 2 * r
    d, size = objective.delta, np.abs(r)
    return np.where(size < d, r * r / 2, d * size - d * d / 2), np.clip(r, -d, d)


def residuals(law: Law, objective: Objective, runs: pd.DataFrame, theta: Array) -> Any:
    """Residuals (n,) and their derivatives (P, n)."""
    y = runs[law.response].to_numpy()
    with np.errstate(all="ignore"):
        f, g, _ = by_run(law, {i: runs[i].to_numpy() for i in law.inputs}, theta)
        return (f - y, g) if objective.space == "linear" else (np.log(f / y), g / f)


def whitening(law: Law, objective: Objective, runs: pd.DataFrame, theta: Array) -> Array:
    slopes = residuals(law, objective, runs, theta)[1]
    inner = slopes @ slopes.T
    inner += 1e-13 * np.diag(np.diag(inner))
    return np.asarray(np.linalg.inv(np.linalg.cholesky(inner)).T)


def by_scipy(
    law: Law, objective: Objective, runs: pd.DataFrame, start: Mapping[str, float], w: Any = 1.0
) -> float:
    """Least sum that scipy's BFGS finds from a start, in coordinates that suit it."""
    theta = to_internal(law, start)
    root = whitening(law, objective, runs, theta)
    unit = 1e3

    def target(z: Array) -> tuple[float, Array]:
        r, slopes = residuals(law, objective, runs, theta + root @ z)
        value, slope = rho(objective, r)
        if not np.isfinite(value.sum()):
            return 1e300, 0 * z
        return unit * float((w * value).sum()), unit * root.T @ (slopes @ (w * slope))

    answer = minimize(target, np.zeros(len(theta)), jac=True, options={"gtol": 1e-13})
    return float(answer.fun) / unit


@pytest.mark.parametrize("objective", SMOOTH)
@pytest.mark.parametrize("name", ALL_LAWS)
def test_scipy_finds_the_same_minimum(name: str, objective: str) -> None:
    law, truth, _ = ALL_LAWS[name]
    kind, runs = SMOOTH[objective], simulated(name)
    fit = from_truth(name, kind)
    assert fit.ok, fit.status
    own = rho(kind, residuals(law, kind, runs, fit.theta)[0])[0].sum()
    assert fit.objective == pytest.approx(own, rel=ROUNDING)
    # Both are minima, where the sum is flat: they differ by rounding only.
    assert fit.objective == pytest.approx(by_scipy(law, kind, runs, truth), rel=ROUNDING)


# Left out: laws that take a second or more each and are met in the smooth objectives above.
SLOW = ("two breaks", "one break", "limited data", "sigmoid")


@pytest.mark.parametrize("name", [n for n in ALL_LAWS if n not in SLOW])
def test_linear_programming_finds_nothing_lower_than_least_absolute_deviation(name: str) -> None:
    law, _, _ = ALL_LAWS[name]
    fit, runs = from_truth(name, sl.LAD), simulated(name)
    r, slopes = residuals(law, sl.LAD, runs, fit.theta)
    # A name of its own: to print a fit that fails here would bootstrap it.
    found = fit.objective
    assert found == pytest.approx(np.abs(r).sum(), rel=ROUNDING)
    root = whitening(law, sl.LAD, runs, fit.theta)
    white, count, size = root.T @ slopes, len(r), len(root)
    # Steps of 1e-6 of what would change the residuals by their own size.
    reach = 1e-6 * float(np.sqrt((r * r).sum()))
    answer = linprog(
        np.r_[np.zeros(size), np.ones(count)],
        A_ub=np.block([[white.T, -np.eye(count)], [-white.T, -np.eye(count)]]),
        b_ub=np.r_[-r, r],
        bounds=[(-reach, reach)] * size + [(0, None)] * count,
    )
    there = fit.theta + root @ answer.x[:size]
    lowest = np.abs(residuals(law, sl.LAD, runs, there)[0]).sum()
    # The last Huber objective has delta 1e-10, which hides half of that in each run.
    assert found <= lowest + count * 0.5e-10


# Two breaks take two seconds: once is enough.
@pytest.mark.parametrize(
    ("name", "objective"),
    [
        (n, o)
        for n in ALL_LAWS
        for o in ("lsq_log", "Huber 1e-3")
        if (n, o) != ("two breaks", "Huber 1e-3")
    ],
)
def test_starts_from_the_data_find_what_a_start_at_the_truth_finds(
    name: str, objective: str
) -> None:
    law, _, _ = ALL_LAWS[name]
    kind = SMOOTH[objective]
    if law.domain == "real":
        kind = sl.LSQ
    fit = sl.fit(law, simulated(name), objective=kind, steps=False, check=law.domain != "real")
    # A start from the data may find a lower minimum than the truth leads to, never a higher one.
    assert fit.objective <= from_truth(name, kind).objective * (1 + ROUNDING)
    assert fit.ok, fit.status


def floored(seed: int = 0, floor: float = -0.02, count: int = 40) -> pd.DataFrame:
    """Runs of a power law less a little, whose best floor would be negative."""
    x = np.geomspace(1e6, 1e9, count)
    noise = 0.01 * np.random.default_rng(seed).standard_normal(count)
    return pd.DataFrame({"tokens": x, "loss": 5 * x**-0.1 * np.exp(noise) + floor})


@pytest.mark.parametrize("objective", SMOOTH)
def test_a_floor_that_would_be_negative_is_zero(objective: str) -> None:
    kind, runs = SMOOTH[objective], floored(floor=-0.1)
    fit = sl.fit(FLOORED, runs, objective=kind)
    assert fit.at_bound == ("E",)
    assert fit.params["E"] == 0
    bare = sl.laws.power_law("tokens", floor=False)
    alone = by_scipy(bare, kind, runs, {"k": 5.0, "c": 0.1})
    assert fit.objective == pytest.approx(alone, rel=ROUNDING)
    # The sum would fall if the floor could: otherwise zero would not be the best there is.
    r, slopes = residuals(FLOORED, kind, runs, fit.theta)
    assert slopes[FLOORED.names.index("E")] @ rho(kind, r)[1] > 0


def test_an_exponent_stops_at_its_bound() -> None:
    x = np.geomspace(1.0, 30.0, 40)
    noise = 0.01 * np.random.default_rng(0).standard_normal(40)
    runs = pd.DataFrame({"tokens": x, "loss": (2 + 50 * x**-4.0) * np.exp(noise)})
    fit = sl.fit(FLOORED, runs, objective="lsq_log")
    assert fit.params["c"] == 3.0
    assert fit.at_bound == ("c",)
    held = sl.fit(FLOORED, runs, objective="lsq_log", held={"c": 3.0})
    assert fit.objective == pytest.approx(held.objective, rel=ROUNDING)


@pytest.mark.parametrize("objective", ["lsq_log", "Huber 1e-3"])
def test_a_held_parameter_is_a_constant(objective: str) -> None:
    kind, runs = SMOOTH[objective], simulated("power law with floor")
    fit = sl.fit(FLOORED, runs, objective=kind, held={"E": 1.7})
    assert fit.params["E"] == 1.7
    params = {p.name: p for p in FLOORED.parameters}
    above = sl.Law(
        name="above 1.7",
        inputs=("tokens",),
        parameters=(params["k"], params["c"]),
        function=lambda p, x: 1.7 + p["k"] * x["tokens"] ** -p["c"],
        formula="1.7 + k x^-c",
        reference="this test",
    )
    alone = by_scipy(above, kind, runs, {"k": 400.0, "c": 0.28})
    assert fit.objective == pytest.approx(alone, rel=ROUNDING)
    everything = sl.fit(FLOORED, runs, objective=kind, held=FLOOR_TRUTH)
    assert dict(everything.params) == pytest.approx(FLOOR_TRUTH, rel=1e-15)


@pytest.mark.parametrize("objective", SMOOTH)
def test_weights_multiply_each_run(objective: str) -> None:
    kind, runs = SMOOTH[objective], simulated("power law with floor")
    w = np.random.default_rng(5).uniform(0, 3, len(runs))
    fit = sl.fit(FLOORED, runs, objective=kind, weights=w)
    found = by_scipy(FLOORED, kind, runs, FLOOR_TRUTH, w)
    assert fit.objective == pytest.approx(found, rel=ROUNDING)
    whole = np.random.default_rng(6).integers(0, 4, len(runs))
    one = sl.fit(FLOORED, runs, objective=kind, weights=whole)
    two = sl.fit(FLOORED, runs.loc[np.repeat(runs.index, whole)], objective=kind)
    assert one.objective == pytest.approx(two.objective, rel=ROUNDING)


INVARIANT = ["Chinchilla", "shifted", "power law with floor", "Kaplan, size and steps"]


@settings(max_examples=12, deadline=None)
@example(name="Kaplan, size and steps", objective="lsq_log", inputs=-12.0, loss=0.0)
@given(
    name=st.sampled_from(INVARIANT),
    objective=st.sampled_from(["lsq_log", "Huber 1e-3"]),
    inputs=st.floats(-12, 12),
    loss=st.floats(-6, 6),
)
def test_units_do_not_matter(name: str, objective: str, inputs: float, loss: float) -> None:
    law, _, _ = ALL_LAWS[name]
    runs, kind = simulated(name), SMOOTH[objective]
    # Kaplan's sum of two powers has no scale of its own: its loss has one unit.
    scale = 1.0 if name.startswith("Kaplan") else 10**loss
    y, columns = law.response, {i: runs[i] * 10**inputs for i in law.inputs}
    other = runs.assign(**columns, **{y: runs[y] * scale})
    fit = sl.fit(law, other, objective=kind)
    assert fit.objective == pytest.approx(from_truth(name, kind).objective, rel=ROUNDING)
    assert fit.ok, fit.status
    # The minimum is known to the square root of rounding, less what its condition costs.
    expected = from_truth(name, kind).params
    for p in law.parameters:
        if p.unit == "1":
            assert fit.params[p.name] == pytest.approx(expected[p.name], rel=1e-6)
        if p.unit == y:
            assert fit.params[p.name] == pytest.approx(expected[p.name] * scale, rel=1e-6)


@settings(max_examples=10, deadline=None)
@given(name=st.sampled_from(INVARIANT), seed=st.integers(0, 2**16))
def test_neither_the_order_of_runs_nor_the_seed_matters(name: str, seed: int) -> None:
    law, _, _ = ALL_LAWS[name]
    runs = simulated(name)
    shuffled = sl.fit(law, runs.sample(frac=1, random_state=seed), seed=seed)
    expected = from_truth(name, sl.huber(1e-3))
    assert shuffled.objective == pytest.approx(expected.objective, rel=ROUNDING)
    for parameter, value in expected.params.items():
        # As above, for scales that are powers of 1e7 to 1e10 by an exponent.
        assert shuffled.params[parameter] == pytest.approx(value, rel=1e-5)


@settings(max_examples=5, deadline=None)
@given(order=st.permutations(range(6)))
def test_the_order_of_given_starts_does_not_matter(order: list[int]) -> None:
    law, truth, _ = ALL_LAWS["one break"]
    rng = np.random.default_rng(8)
    starts = [{k: v * np.exp(0.3 * rng.normal()) for k, v in truth.items()} for _ in range(6)]
    first, second = (
        sl.fit(law, simulated("one break"), objective="lsq_log", start=s)
        for s in (starts, [starts[i] for i in order])
    )
    assert second.objective == pytest.approx(first.objective, rel=ROUNDING)
    assert second.starts_agreeing == first.starts_agreeing
    assert second.starts == 6


def test_starts_where_the_curvature_is_negative_reach_the_minimum() -> None:
    law, truth, _ = ALL_LAWS["one break"]
    fit = from_truth("one break", sl.LSQ_LOG)
    rng = np.random.default_rng(8)
    far = {k: v * np.exp(0.3 * rng.normal(size=12)) for k, v in truth.items()}
    starts = to_internal(law, far)
    hessians = fit.task().state(starts, np.arange(12)).hessian
    assert (np.linalg.eigvalsh(hessians)[:, 0] < 0).sum() >= 6
    found = minimise(fit.task(), starts)
    assert found.converged.all()
    # The law has other minima, at its bounds, which a start of this set may lead to.
    there = np.abs(found.objective / fit.objective - 1) < ROUNDING
    assert there.sum() >= 11
    assert found.objective.min() >= fit.objective * (1 - ROUNDING)


def alone(fit: Fit, rows: Array, objective: Objective) -> Fit:
    """The resample as a table of its own, solved from the fit as a bootstrap does."""
    runs = fit.runs.iloc[rows]
    return sl.fit(fit.law, runs, objective=objective, start=fit.params, check=False)


@pytest.mark.parametrize("objective", SMOOTH)
@pytest.mark.parametrize("name", ["Chinchilla", "power law with floor", "one break"])
def test_a_bootstrap_is_fits_of_each_resample(name: str, objective: str) -> None:
    kind, runs = SMOOTH[objective], simulated(name)
    fit = from_truth(name, kind)
    rows = np.random.default_rng(3).integers(0, len(runs), (20, len(runs)))
    found = fit.bootstrap(indices=rows)
    assert found.attrs["stopped"] == 0
    assert list(found.columns) == [*fit.law.names, "objective"]
    singles = [alone(fit, r, kind) for r in rows]
    expected = np.array([s.objective for s in singles])
    np.testing.assert_allclose(found["objective"], expected, rtol=1e-9)
    # Nor does a start from the data's own lead lower, where there is one minimum.
    if name == "power law with floor":
        own = [sl.fit(fit.law, runs.iloc[r], objective=kind).objective for r in rows]
        np.testing.assert_allclose(found["objective"], own, rtol=1e-9)


def test_a_bootstrap_of_least_absolute_deviation_is_fits_of_each_resample() -> None:
    fit = from_truth("power law with floor", sl.LAD)
    rows = np.random.default_rng(3).integers(0, len(fit.runs), (5, len(fit.runs)))
    found = fit.bootstrap(indices=rows)["objective"]
    for value, r in zip(found, rows, strict=True):
        expected = alone(fit, r, sl.LAD).objective
        # Half of delta = 1e-10 a run is what the last Huber objective hides.
        assert value == pytest.approx(expected, abs=len(r) * 0.5e-10)


def sums(fit: Fit, draws: pd.DataFrame, rows: Array) -> Array:
    """The objective of each resample at the parameters that were found for it."""
    f = fit.law({n: draws[n].to_numpy() for n in fit.law.names}, **fit.inputs)
    each = fit.objective_kind.rho(fit.objective_kind.residuals(f, fit.loss))
    return np.take_along_axis(each, rows, axis=1).sum(axis=1)


@pytest.mark.parametrize("name", ["Chinchilla", "shifted", "downstream saturation"])
def test_parameters_and_objective_of_a_resample_belong_together(name: str) -> None:
    fit = from_truth(name, sl.huber(1e-3))
    rows = np.random.default_rng(4).integers(0, len(fit.runs), (500, len(fit.runs)))
    draws = fit.bootstrap(indices=rows)
    np.testing.assert_allclose(draws["objective"], sums(fit, draws, rows), rtol=1e-10)


def test_a_resample_does_not_depend_on_the_others() -> None:
    fit = from_truth("Chinchilla", sl.huber(1e-3))
    rows = np.random.default_rng(5).integers(0, len(fit.runs), (300, len(fit.runs)))
    together = fit.bootstrap(indices=rows)
    some = fit.bootstrap(indices=rows[[7, 250, 3]])
    # Matrix products of other shapes round differently.
    np.testing.assert_allclose(some["objective"], together["objective"][[7, 250, 3]], rtol=1e-11)
    for name in fit.law.names:
        # Flat to first order: the square root of that.
        np.testing.assert_allclose(some[name], together[name][[7, 250, 3]], rtol=1e-5)


def fresh() -> Fit:
    return sl.fit(FLOORED, simulated("power law with floor"), start=FLOOR_TRUTH)


def test_a_longer_bootstrap_begins_with_the_shorter_one() -> None:
    long = fresh().bootstrap(10_000, seed=9)
    assert len(long.drop_duplicates()) == 10_000
    # Ends of blocks, which hold 4096 resamples at most, are passed.
    for n in (1, 70, 5000, 9000):
        short = fresh().bootstrap(n, seed=9)
        # Matrix products of other shapes round differently: each may stop where rounding hides
        # 1e-11 of its objective (refit.FINISH), the two on either side of the least.
        np.testing.assert_allclose(short["objective"], long["objective"][:n], rtol=2e-11)
        for name in FLOORED.names:
            np.testing.assert_allclose(short[name], long[name][:n], rtol=1e-6)


def test_what_was_solved_before_does_not_change_the_answer() -> None:
    kept = fresh()
    kept.bootstrap(70, seed=9)
    assert kept.bootstrap(5000, seed=9).equals(fresh().bootstrap(5000, seed=9))


def test_workers_do_not_change_the_answer() -> None:
    one, three = (fresh().bootstrap(9000, seed=2, workers=w) for w in (1, 3))
    # The same blocks are solved; on some processors a product rounds by how its memory lies, which
    # differs between threads. So each may stop where rounding hides 1e-11 of its objective
    # (refit.FINISH), and its parameters at the square root of some of that.
    np.testing.assert_allclose(one["objective"], three["objective"], rtol=2e-11)
    for name in FLOORED.names:
        np.testing.assert_allclose(one[name], three[name], rtol=2e-6)
    assert one.attrs["stopped"] == three.attrs["stopped"]
    assert not one.head(50).equals(fresh().bootstrap(50, seed=3))


def test_groups_are_drawn_whole() -> None:
    runs = simulated("power law with floor")
    single = fresh()
    each = sl.fit(FLOORED, runs.assign(run=np.arange(len(runs))), start=FLOOR_TRUTH)
    by_run = each.bootstrap(60, kind="group", by="run", seed=4)
    # One run a group: the runs are drawn. Weights that took another way round differently, and a
    # refit ends where 1e-12 of the objective is left: a millionth of a parameter's spread.
    np.testing.assert_allclose(by_run, single.bootstrap(60, seed=4), rtol=1e-6)
    half = np.where(np.arange(len(runs)) % 2, "odd", "even")
    two = sl.fit(FLOORED, runs.assign(half=half), start=FLOOR_TRUTH)
    drawn = two.bootstrap(100, kind="group", by="half", seed=4)
    # Two groups drawn twice: one twice, the other twice, or both.
    assert len(drawn.round(6).drop_duplicates()) == 3
    odd = sl.fit(FLOORED, runs[half == "odd"], start=FLOOR_TRUTH).objective
    near = np.abs(drawn["objective"] / (2 * odd) - 1) < 1e-10
    assert 10 < near.sum() < 40


@pytest.mark.parametrize("objective", ["lsq", "lsq_log"])
def test_residuals_are_drawn_onto_the_curve(objective: str) -> None:
    kind = SMOOTH[objective]
    fit = from_truth("power law with floor", kind)
    draws = fit.bootstrap(2000, kind="residual", seed=1)
    spread = draws[list(fit.law.names)].std()
    classical = np.sqrt(np.diag(fit.covariance(form="classical")))
    # The bootstrap divides by n, the classical formula by n - P: 4% for 40 runs. The scatter of a
    # standard deviation of 2000 draws is 1.6%, and a curve that is not straight adds a few percent.
    np.testing.assert_allclose(spread, classical, rtol=0.12)
    exact = sl.simulate.at(FLOORED, FLOOR_TRUTH, tokens=fit.inputs["tokens"])
    still = sl.fit(FLOORED, exact, objective=kind).bootstrap(20, kind="residual")
    # Residuals of rounding: the curve stays where it is to the square root of that.
    for name, value in FLOOR_TRUTH.items():
        np.testing.assert_allclose(still[name], value, rtol=1e-6)


@pytest.mark.parametrize("held", [{"E": 1.8}, {"c": 0.28}, {"k": 400.0, "E": 1.75}])
def test_held_parameters_stay_in_every_resample(held: dict[str, float]) -> None:
    runs = simulated("power law with floor")
    fit = sl.fit(FLOORED, runs, held=held)
    rows = np.random.default_rng(6).integers(0, len(runs), (20, len(runs)))
    draws = fit.bootstrap(indices=rows)
    for name, value in held.items():
        # A scale goes through its logarithm.
        np.testing.assert_allclose(draws[name], value, rtol=1e-14)
    expected = [sl.fit(FLOORED, runs.iloc[r], held=held).objective for r in rows]
    np.testing.assert_allclose(draws["objective"], expected, rtol=1e-9)
    assert draws.attrs["stopped"] == 0


@pytest.mark.parametrize("objective", SMOOTH)
def test_resamples_stay_inside_the_bounds(objective: str) -> None:
    kind, runs = SMOOTH[objective], floored()
    fit = sl.fit(FLOORED, runs, objective=kind)
    rows = np.random.default_rng(6).integers(0, len(runs), (60, len(runs)))
    draws = fit.bootstrap(indices=rows)
    assert draws["E"].min() == 0 < draws["E"].max()
    assert draws.attrs["stopped"] == 0
    expected = [sl.fit(FLOORED, runs.iloc[r], objective=kind).objective for r in rows[:20]]
    np.testing.assert_allclose(draws["objective"][:20], expected, rtol=1e-9)


@pytest.mark.parametrize("distinct", [1, 2, 3, 4])
def test_resamples_of_a_few_distinct_runs_are_solved_in_bounds(distinct: int) -> None:
    fit = from_truth("Chinchilla", sl.huber(1e-3))
    rng = np.random.default_rng(7)
    some = rng.integers(0, len(fit.runs), (30, distinct))
    rows = np.take_along_axis(some, rng.integers(0, distinct, (30, len(fit.runs))), axis=1)
    draws = fit.bootstrap(indices=rows)
    assert np.isfinite(draws.to_numpy()).all()
    for p in fit.law.parameters:
        assert draws[p.name].between(p.lower, p.upper).all()
    # Five parameters pass through four points or fewer, but for bounds.
    height = fit.objective / len(fit.runs) * rows.shape[1]
    assert (draws["objective"] < height).mean() > 0.9
    # What is printed as the objective is not below the sum at the parameters printed; both round
    # where the sum is nearly zero, residuals of 1e-16 times a hundred.
    np.testing.assert_allclose(draws["objective"], sums(fit, draws, rows), rtol=1e-9, atol=1e-20)


def test_one_resample_of_one_run() -> None:
    fit = fresh()
    draws = fit.bootstrap(indices=[[3]])
    assert len(draws) == 1
    assert abs(draws["objective"].item()) < 1e-20


def test_resamples_may_be_shorter_or_longer_than_the_table() -> None:
    fit = from_truth("power law with floor", sl.LSQ_LOG)
    size = len(fit.runs)
    whole = np.arange(size)[None]
    draws = fit.bootstrap(indices=np.concatenate([whole, whole], axis=1))
    assert draws["objective"].item() == pytest.approx(2 * fit.objective, rel=1e-11)
    half = fit.bootstrap(indices=whole[:, ::2])
    runs = fit.runs.iloc[::2]
    single = sl.fit(fit.law, runs, objective=sl.LSQ_LOG)
    assert half["objective"].item() == pytest.approx(single.objective, rel=1e-10)


def test_weights_carry_over_to_the_bootstrap() -> None:
    runs = simulated("power law with floor")
    w = np.random.default_rng(1).integers(0, 4, len(runs)).astype(float)
    fit = sl.fit(FLOORED, runs, weights=w, objective="lsq_log")
    rows = np.random.default_rng(2).integers(0, len(runs), (10, len(runs)))
    draws = fit.bootstrap(indices=rows)
    for value, r in zip(draws["objective"], rows, strict=True):
        single = sl.fit(FLOORED, runs.iloc[r], weights=w[r], objective="lsq_log")
        assert value == pytest.approx(single.objective, rel=1e-9)


@pytest.mark.parametrize("kind", [SumOfPowers, AnyLaw])
def test_problems_with_inputs_of_their_own_are_solved_together(kind: type) -> None:
    base = np.geomspace(1e8, 1e12, 30)
    x = {"tokens": np.stack([base, base * 3, base / 2])}
    rng = np.random.default_rng(3)
    y = np.stack([FLOORED(FLOOR_TRUTH, tokens=row) for row in x["tokens"]])
    y *= np.exp(NOISE * rng.standard_normal(y.shape))
    lower, upper = np.array([0.0, -50.0, 1e-3]), np.array([np.inf, 50.0, 3.0])
    start = to_internal(FLOORED, FLOOR_TRUTH) + 0.05 * rng.standard_normal((3, 3))
    ones = np.ones_like(y)
    together = descend(Task(kind(FLOORED, x), y, ones, sl.LSQ_LOG, lower, upper), start)
    assert together.converged.all()
    for b in range(3):
        runs = pd.DataFrame({"tokens": x["tokens"][b], "loss": y[b]})
        single = sl.fit(FLOORED, runs, objective="lsq_log")
        assert together.objective[b] == pytest.approx(single.objective, rel=1e-11)


def test_five_runs_for_five_parameters_are_met() -> None:
    _, truth, _ = ALL_LAWS["Chinchilla"]
    runs = sl.simulate.at(
        CHINCHILLA,
        truth,
        params=[1e8, 1e8, 1e9, 1e10, 1e10],
        tokens=[1e10, 1e12, 1e11, 1e10, 1e12],
    )
    with pytest.raises(sl.Unidentifiable, match="at least 8 distinct runs"):
        sl.fit(CHINCHILLA, runs)
    fit = sl.fit(CHINCHILLA, runs, check=False)
    # Five equations, five unknowns: residuals of rounding, squared, and what a step that the
    # solver would not take any more could still gain.
    assert fit.objective < 1e-18


def test_copies_of_every_run_change_nothing() -> None:
    runs = simulated("Chinchilla")
    fit = sl.fit(CHINCHILLA, pd.concat([runs] * 3, ignore_index=True))
    assert fit.objective == pytest.approx(
        3 * from_truth("Chinchilla", sl.huber(1e-3)).objective, rel=ROUNDING
    )
    assert fit.ok


@pytest.mark.parametrize("objective", ["lsq_log", "Huber 1e-3"])
def test_a_table_in_blocks_is_the_table_whole(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, truth, _ = ALL_LAWS["Chinchilla"]
    rng = np.random.default_rng(0)
    params, tokens = 10 ** rng.uniform([[7], [8]], [[10], [12]], (2, 3000))
    runs = sl.simulate.at(CHINCHILLA, truth, noise=0.01, params=params, tokens=tokens)
    rows = rng.integers(0, 3000, (3, 3000))
    fit = sl.fit(CHINCHILLA, runs, objective=SMOOTH[objective])
    whole = fit.bootstrap(indices=rows)
    # Blocks of other lengths in double and in single precision, and for values and derivatives.
    monkeypatch.setattr(task_module, "CELLS", 1100)
    again = sl.fit(CHINCHILLA, runs, objective=SMOOTH[objective])
    assert again.objective == pytest.approx(fit.objective, rel=ROUNDING)
    cut = again.bootstrap(indices=rows)
    np.testing.assert_allclose(cut["objective"], whole["objective"], rtol=ROUNDING)


@pytest.mark.parametrize("name", ALL_LAWS)
def test_sums_of_derivatives_agree_however_they_are_taken(name: str) -> None:
    law, truth, _ = ALL_LAWS[name]
    runs = simulated(name)
    rng = np.random.default_rng(2)
    theta = to_internal(law, truth) * np.exp(0.01 * rng.normal(size=(3, len(law.names))))
    inputs = {i: runs[i].to_numpy() for i in law.inputs}
    a, b, c = rng.uniform(0.5, 1.5, (3, 3, len(runs)))
    exact = AnyLaw(law, inputs)
    gradient, hessian, metric = exact.at(theta).local(a, b, c)
    # Entries of a sum of powers cancel to a share of what is summed, where exponents multiply
    # logarithms of inputs: hence tolerances in the unit of the largest entry.
    for model in (exact, model_of(law, inputs)):
        point = model.at(theta)
        for one, other in zip(point.local(a, b, c), (gradient, hessian, metric), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10 * np.abs(other).max())
        packed = (point.pull(a), *model.unpack(point.pack(a, b)))
        for one, other in zip(packed, (gradient, gradient, hessian), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10 * np.abs(other).max())
    straight = exact.rough().at(theta).local(a, b, b)
    np.testing.assert_array_equal(straight[1], straight[2])
    # Differences of 1e-7 of a unit: half of the digits, less what a law bends over its unit.
    scale = np.sqrt(np.einsum("bii->bi", exact.at(theta).local(a, b, b)[2]))
    assert (np.abs(straight[0] - gradient) <= 1e-5 * np.sqrt(len(runs)) * scale).all()


def test_small_systems_are_solved_and_told_from_those_without_a_minimum() -> None:
    rng = np.random.default_rng(1)
    half = rng.normal(size=(50, 5, 7))
    good = half @ half.swapaxes(1, 2)
    values, vectors = np.linalg.eigh(good)
    values[:, rng.integers(0, 5)] *= -1
    bad = (vectors * values[:, None, :]) @ vectors.swapaxes(1, 2)
    right = rng.normal(size=(5, 50))
    x, gain, positive = small.solve(good.transpose(1, 2, 0), right)
    assert positive.all()
    expected = np.linalg.solve(good, right.T[:, :, None])[:, :, 0].T
    # Rounding times the condition of the worst of fifty, some 1e4.
    np.testing.assert_allclose(x, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gain, (right * expected).sum(axis=0), rtol=1e-9)
    assert not small.solve(bad.transpose(1, 2, 0), right)[2].any()


def test_a_hundred_thousand_runs() -> None:
    _, truth, _ = ALL_LAWS["Chinchilla"]
    rng = np.random.default_rng(0)
    runs = sl.simulate.at(
        CHINCHILLA,
        truth,
        noise=0.01,
        params=10 ** rng.uniform(7, 10, 100_000),
        tokens=10 ** rng.uniform(8, 12, 100_000),
    )
    fit = sl.fit(CHINCHILLA, runs, objective="lsq_log")
    assert fit.ok
    r, slopes = residuals(CHINCHILLA, sl.LSQ_LOG, runs, fit.theta)
    assert fit.objective == pytest.approx(float(r @ r), rel=ROUNDING)
    # What a straight model of the residuals could still gain.
    gain = np.linalg.lstsq(slopes.T, r)[0] @ (slopes @ r)
    assert 0 <= gain < ROUNDING * fit.objective
    # The scatter that was put in, whose own error is 0.2%; four of these.
    assert np.sqrt(fit.objective / 1e5) == pytest.approx(0.01, rel=0.009)


REFUSED: dict[str, tuple[Callable[[pd.DataFrame], Any], type[Exception], str]] = {
    "nan": (
        lambda r: sl.fit(FLOORED, r.assign(loss=[np.nan, *r["loss"][1:]])),
        sl.BadRuns,
        "row 1, column loss: found 'nan'",
    ),
    "infinite": (
        lambda r: sl.fit(FLOORED, r.assign(tokens=[*r["tokens"][:-1], np.inf])),
        sl.BadRuns,
        "row 40, column tokens: found 'inf'",
    ),
    "negative": (
        lambda r: sl.fit(FLOORED, r.assign(loss=-r["loss"])),
        sl.BadRuns,
        "row 1, column loss.*positive.*40 such rows",
    ),
    "zero": (
        lambda r: sl.fit(FLOORED, r.assign(tokens=0.0)),
        sl.BadRuns,
        "row 1, column tokens: found '0.0'",
    ),
    "log of a negative response": (
        lambda r: sl.fit(
            sl.laws.sigmoid("tokens"), r.assign(loss=-r["loss"]), objective="lsq_log", check=False
        ),
        sl.BadRuns,
        "least squares on log-loss.*|row 1, column loss",
    ),
    "no rows": (lambda r: sl.fit(FLOORED, r.head(0)), sl.BadRuns, "no row"),
    "negative weight": (
        lambda r: sl.fit(FLOORED, r, weights=-np.ones(40)),
        sl.BadRuns,
        "weights need 40 finite, non-negative",
    ),
    "infinite weight": (
        lambda r: sl.fit(FLOORED, r, weights=np.full(40, np.inf)),
        sl.BadRuns,
        "weights need 40 finite, non-negative",
    ),
    "words for weights": (
        lambda r: sl.fit(FLOORED, r, weights=["much"] * 40),
        sl.BadRuns,
        "weights need 40 finite, non-negative",
    ),
    "no weight at all": (
        lambda r: sl.fit(FLOORED, r, weights=np.zeros(40), check=False),
        sl.BadRuns,
        "weight",
    ),
    "held out of bounds": (
        lambda r: sl.fit(FLOORED, r, held={"c": 5.0}),
        sl.BadParameters,
        "c cannot be held at 5.0: it lies between 0.001 and 3",
    ),
    "held at no number": (
        lambda r: sl.fit(FLOORED, r, held={"c": np.nan}),
        sl.BadParameters,
        "c .*nan",
    ),
    "held at a word": (
        lambda r: sl.fit(FLOORED, r, held={"c": "fast"}),
        sl.BadParameters,
        "c .*fast",
    ),
    "a start that is nowhere": (
        lambda r: sl.fit(FLOORED, r, start={"c": np.nan}),
        sl.BadParameters,
        "c .*nan",
    ),
    "a start at infinity": (
        lambda r: sl.fit(FLOORED, r, start={"c": 0.3, "k": np.inf, "E": 1.0}),
        sl.BadParameters,
        "k .*inf",
    ),
    "a start of words": (
        lambda r: sl.fit(FLOORED, r, start={"c": "fast"}),
        sl.BadParameters,
        "c .*fast",
    ),
    "no start": (lambda r: sl.fit(FLOORED, r, start=[]), sl.BadParameters, "start"),
    "a start of half": (
        lambda r: sl.fit(FLOORED, r, start={"E": 1.0}),
        sl.BadParameters,
        "needs c too",
    ),
    "a start of another law": (
        lambda r: sl.fit(FLOORED, r, start={"c": 0.3, "alpha": 0.3}),
        sl.UnknownName,
        "no parameter alpha to start",
    ),
    "a row that is not there": (
        lambda r: fresh().bootstrap(indices=[[0, 40]]),
        sl.BadRuns,
        "row numbers 0 to 39",
    ),
    "rows that are no numbers": (
        lambda r: fresh().bootstrap(indices=[[0.5, 1.0]]),
        sl.BadRuns,
        "row numbers 0 to 39",
    ),
    "rows of different lengths": (
        lambda r: fresh().bootstrap(indices=[[0, 1], [2]]),
        sl.BadRuns,
        "row numbers 0 to 39",
    ),
    "no resample": (lambda r: fresh().bootstrap(0), sl.BadParameters, "1 or more"),
    "half a worker": (
        lambda r: fresh().bootstrap(10, workers=1.5),
        sl.BadParameters,
        "workers is a whole number",
    ),
    "another kind": (lambda r: fresh().bootstrap(10, kind="wild"), sl.UnknownName, "case, resid"),
    "groups of nothing": (
        lambda r: fresh().bootstrap(10, kind="group"),
        sl.BadRuns,
        "needs by=<column>",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_fitted_is_refused_by_name(case: str) -> None:
    call, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        call(simulated("power law with floor"))
