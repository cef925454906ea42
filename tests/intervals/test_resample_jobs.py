"""Blocks of refits: how they are cut and put together, and where a refit ends."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.fitting.solver.problem import Solution
from scalinglaws.intervals.resampling import frame, job, solve
from skewed_runs import CHINCHILLA, LINE, size_and_data, straight

RUNS = size_and_data()
FIT = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", seed=3)
SIGNED = sl.fit(LINE, straight(), objective="lsq")
SIDES = sl.Law(
    name="two sides",
    inputs=("x",),
    parameters=(
        sl.Parameter(
            name="m",
            symbol="m",
            unit="1",
            meaning="its sign is all but undetermined",
            lower=-4.0,
            upper=4.0,
            space="linear",
        ),
    ),
    function=lambda p, x: p["m"] * (1 - x["x"]) + p["m"] * p["m"] * x["x"],
    formula="y = m at x = 0, m^2 at x = 1",
    reference="made up",
    domain="real",
)


def two_sided():
    """Many noisy runs that ask for m^2 = 1 and two for a small m: minima near 1 and near -1."""
    x = np.r_[0.0, 0.0, np.ones(28)]
    loss = np.r_[0.9, -0.8, 1 + 1.2 * np.random.default_rng(0).standard_normal(28)]
    runs = pd.DataFrame({"x": x, "loss": loss})
    start = [{"m": 1.0}, {"m": -1.0}]
    return sl.fit(SIDES, runs, objective="lsq", start=start, check=False)


@pytest.mark.parametrize("kind", ["case", "residual"])
def test_a_refit_that_is_lower_at_another_minimum_of_the_fit_goes_there(kind):
    fit = two_sided()
    assert fit.optima[0, 0] * fit.optima[1, 0] < 0
    found = fit.bootstrap(60, kind=kind)
    weights, loss = np.ones((60, 30)), np.tile(fit.loss, (60, 1))
    rows = np.random.default_rng([0, 0]).integers(0, 30, (64, 30))[:60]
    if kind == "case":
        weights = np.stack([np.bincount(r, minlength=30) for r in rows]).astype(float)
    else:
        curve = SIDES(fit.params, **fit.inputs)
        left = fit.loss - curve
        loss = curve + (left - left.mean())[rows]
    found, objective = found["m"].to_numpy(), found["objective"].to_numpy()
    grid = np.linspace(-4, 4, 8001)
    curves = SIDES({"m": grid}, **fit.inputs)
    heights = np.stack([((curves - y) ** 2) @ w for y, w in zip(loss, weights, strict=True)])
    other = np.sign(fit.optima[1, 0])
    gone = np.sign(found) == other
    assert 2 < gone.sum() < 55
    # Each is lowest on its side, to a step of the grid.
    mine = np.where(np.sign(grid) == np.sign(found)[:, None], heights, np.inf)
    np.testing.assert_allclose(found, grid[mine.argmin(axis=1)], atol=1e-3)
    assert (objective <= mine.min(axis=1) * (1 + 1e-12)).all()
    # None is higher than the fit's own minima are on its resample.
    at = np.abs(grid - fit.optima[:, :1]).argmin(axis=1)
    assert (objective[:, None] <= heights[:, at] * (1 + 1e-4)).all()


def test_the_other_minima_of_a_fit_go_along_and_the_best_does_not():
    fit = two_sided()
    work = job(fit, 20, kind="case", seed=None, by=None, indices=None)
    assert work.theta.tolist() == [fit.params["m"]]
    assert work.others.tolist() == fit.optima[1:].tolist()
    assert len(work.others) == 1
    one_sided = job(SIGNED, 20, kind="case", seed=None, by=None, indices=None)
    assert len(one_sided.others) == 0


@pytest.mark.parametrize(
    ("runs", "n", "block"),
    [
        (40, 4096, 4096),
        (40, 4097, 2049),  # two equal blocks, not a full one and a rest
        (40, 20, 20),
        (2**12, 512, 256),  # a million numbers a block
        (2**12, 256, 256),
        (2**20, 272, 16),  # sixteen resamples at least
    ],
)
def test_blocks_are_equal_and_as_large_as_memory_allows(runs, n, block):
    work = job(FIT, 20, kind="case", seed=None, by=None, indices=None)
    assert replace(work, loss=np.ones(runs), n=n).block == block


def test_a_long_bootstrap_begins_with_a_short_one_whatever_its_blocks():
    long, short = SIGNED.bootstrap(4200), SIGNED.bootstrap(70)
    # Its blocks are cut elsewhere: rounding.
    np.testing.assert_allclose(long.iloc[:70], short, rtol=1e-9)
    assert len(long) == 4200
    x, y = SIGNED.inputs["x"], SIGNED.loss
    rows = np.random.default_rng([0, 4199 // 64]).integers(0, 24, (64, 24))[4199 % 64]
    slope, level = np.polyfit(x[rows], y[rows], 1)
    assert long.iloc[-1][["level", "slope"]].tolist() == pytest.approx([level, slope], rel=1e-9)
    assert long["level"].nunique() == 4200


def test_blocks_are_put_together_in_their_order_and_stopped_refits_are_counted():
    work = job(FIT, 5, kind="case", seed=None, by=None, indices=None)
    theta = np.tile(FIT.theta, (5, 1)) + 0.01 * np.arange(5)[:, None]
    steps = np.zeros(5, dtype=int)
    first = Solution(theta[:3], np.arange(3.0), np.array([True, False, True]), steps[:3])
    second = Solution(theta[3:], np.arange(3.0, 5), np.array([False, False]), steps[3:])
    found = frame(work, {1: second, 0: first})
    assert found["objective"].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(found["A"], np.exp(theta[:, 0]), rtol=1e-15)
    np.testing.assert_allclose(found["alpha"], theta[:, 3], rtol=1e-15)
    assert found.attrs == {"stopped": 3, "kind": "case", "groups": None}


def test_a_job_without_a_free_parameter_has_its_sums_only():
    fit = sl.fit(LINE, straight(), objective="lsq", held={"level": 0.7, "slope": -0.4})
    found = fit.bootstrap(30)
    rows = np.random.default_rng([0, 0]).integers(0, 24, (64, 24))[:30]
    r = fit.loss - 0.7 + 0.4 * fit.inputs["x"]
    np.testing.assert_allclose(found["objective"], (r[rows] ** 2).sum(axis=1), rtol=1e-12)
    assert found.attrs == {"stopped": 0, "kind": "case", "groups": None}
    work = job(fit, 30, kind="case", seed=None, by=None, indices=None)
    assert solve(work, 0).converged.all()


def test_refits_of_absolute_deviations_are_at_their_own_minimum():
    fit = sl.fit(CHINCHILLA, RUNS, objective="lad")
    rows = np.random.default_rng([0, 0]).integers(0, 40, (64, 40))[:20]
    found = fit.bootstrap(20)
    for b in (0, 7):
        alone = sl.fit(CHINCHILLA, RUNS.iloc[rows[b]], objective="lad")
        # Vertices are met exactly; a refit from one start may end at another one nearby.
        assert found["objective"][b] == pytest.approx(alone.objective, rel=1e-3)


def test_a_held_or_bounded_parameter_stays_in_every_refit():
    fit = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", held={"alpha": 0.3})
    assert (fit.bootstrap(20)["alpha"] == 0.3).all()
    parameters = [replace(p, upper=1.5) if p.name == "E" else p for p in CHINCHILLA.parameters]
    tight = sl.fit(replace(CHINCHILLA, parameters=tuple(parameters)), RUNS, objective="lsq_log")
    assert (tight.bootstrap(40)["E"] <= 1.5).all()
