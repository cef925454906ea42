"""Refits near one fit: the straight coordinates that they share, and where they lead."""

from dataclasses import replace

import numpy as np
import pytest

import scalinglaws as sl
from known_laws import ALL_LAWS
from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.jet import pairs
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.objectives import HUBER, Objective
from scalinglaws.fitting.solver import expansion
from scalinglaws.fitting.solver import refit as near
from scalinglaws.fitting.solver.expansion import Expansion
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.newton_step import root_of
from scalinglaws.fitting.solver.problem import Task
from scalinglaws.fitting.starts import bounds

LAWS = ["Chinchilla", "power law with floor", "one break", "saturating"]
OBJECTIVES = [HUBER, sl.LSQ_LOG, sl.LSQ]


class Case:
    """A law fitted to 400 runs, the root of the metric there, and 80 resamples."""

    def __init__(self, name: str, objective: Objective, seed: int = 8) -> None:
        law, truth, x = ALL_LAWS[name]
        rng = np.random.default_rng(seed)
        spread = {
            k: np.exp(rng.uniform(np.log(v.min()), np.log(v.max()), 400)) for k, v in x.items()
        }
        y = law(truth, **spread) * np.exp(rng.normal(0, 0.01, 400))
        lower, upper = bounds(law, y)
        self.alone = Task(model_of(law, spread), y, np.ones(400), objective, lower, upper)
        start = [
            np.log(truth[p.name]) if p.space == "log" else truth[p.name] for p in law.parameters
        ]
        self.theta = minimise(self.alone, np.array([start])).theta[0]
        metric = self.alone.metric(self.theta)
        self.root = root_of(metric[None], np.ones((1, len(start)), dtype=bool))[0]
        drawn = rng.multinomial(400, np.full(400, 1 / 400), 80).astype(float)
        self.task = replace(self.alone, weights=drawn)
        shared = Expansion.of(self.alone, self.theta, self.root)
        assert shared is not None
        self.shared = shared

    def level(self, at: Array) -> Array:
        """Return the law's predictions (b, n) at straight coordinates (F, b)."""
        f = self.alone.model.value(self.theta + self.shared.whitened(at).T @ self.root)
        return np.log(f) if self.alone.objective.space == "log" else f


@pytest.mark.parametrize("objective", [sl.LSQ_LOG, sl.LSQ], ids=str)
@pytest.mark.parametrize("name", LAWS)
def test_in_straight_coordinates_a_law_is_a_line_with_a_faint_bend(
    name: str, objective: Objective
) -> None:
    case = Case(name, objective)
    shared, size = case.shared, len(case.root)
    i, j = pairs(size)
    half = np.where(i == j, 0.5, 1.0)[:, None]
    along = np.random.default_rng(1).normal(size=(size, 6))

    def missed(step: float) -> tuple[float, float]:
        at = step * along
        line = shared.level + at.T @ shared.straight + (half * at[i] * at[j]).T @ shared.bends
        error = case.level(at) - line
        return float(np.abs(error).max()), float(np.abs(error @ shared.straight.T).max())

    # Far enough out for rounding not to matter, near enough for the next order to be small.
    scale = 0.02 if objective.space == "log" else 0.02 * float(np.sqrt(np.mean(case.alone.y**2)))
    (far, far_inside), (close, close_inside) = missed(scale), missed(scale / 2)
    # What is missed is of third order, and of fourth along the slopes: 8 and 16, less a fifth.
    assert far / close > 6.4
    assert far_inside / close_inside > 12.8
    # The slopes take over all that they can.
    taken = np.abs(shared.straight @ shared.bends.T).max()
    assert taken < 1e-6 * np.sqrt((shared.bends**2).sum(axis=1)).max()


@pytest.mark.parametrize("name", LAWS)
def test_the_turn_is_the_slope_of_the_way_back(name: str) -> None:
    case = Case(name, sl.LSQ_LOG)
    at = 0.02 * np.random.default_rng(2).normal(size=(len(case.root), 5))
    pulled = case.shared.pull(at, np.random.default_rng(3).normal(size=(5, len(case.theta))))
    gradient = case.root @ np.random.default_rng(3).normal(size=(5, len(case.theta))).T
    step = 1e-5
    for k, unit in enumerate(step * np.eye(len(at))):
        up, down = (case.shared.whitened(at + s * unit[:, None]) for s in (1, -1))
        slope = ((up - down) / (2 * step) * gradient).sum(axis=0)
        # A central difference is good to the step squared, as the way back is of third order.
        np.testing.assert_allclose(pulled[k], slope, rtol=1e-5, atol=1e-7 * np.abs(pulled).max())


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
@pytest.mark.parametrize("name", LAWS)
def test_refits_with_and_without_an_expansion_end_alike(name: str, objective: Objective) -> None:
    case = Case(name, objective)
    with_it = near.refit(case.task, case.theta, case.root, case.shared)
    without = near.refit(case.task, case.theta, case.root, None)
    both = with_it.converged & without.converged
    # Some resamples lead the saturating law out of its bounds: those are given back.
    assert both.mean() > 0.8
    # Either may reach another minimum of the broken law now and then; most must be the same.
    alike = np.abs(with_it.objective[both] / without.objective[both] - 1) < 1e-10
    assert alike.mean() > 0.95
    np.testing.assert_allclose(
        case.task.value(with_it.theta, np.arange(80))[both], with_it.objective[both], rtol=1e-10
    )


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_a_wrong_expansion_costs_time_and_no_answer(objective: Objective) -> None:
    case = Case("Chinchilla", objective)
    rng = np.random.default_rng(4)
    sound = near.refit(case.task, case.theta, case.root, case.shared)
    shared = case.shared
    for wrong in (
        replace(shared, straight=3 * shared.straight),
        replace(shared, bends=rng.normal(size=shared.bends.shape)),
        replace(shared, path=rng.normal(size=shared.path.shape)),
        replace(shared, level=shared.level + 0.1),
        replace(shared, straight=np.full_like(shared.straight, np.nan)),
    ):
        found = near.refit(case.task, case.theta, case.root, wrong)
        # What does not settle is given back, for another solver.
        assert found.converged.mean() > 0.8
        np.testing.assert_allclose(
            found.objective[found.converged], sound.objective[found.converged], rtol=1e-9
        )


def test_a_resample_like_the_runs_themselves_stays_at_the_fit() -> None:
    case = Case("Chinchilla", HUBER)
    task = replace(case.task, weights=np.ones((3, 400)))
    found = near.refit(task, case.theta, case.root, case.shared)
    assert found.converged.all()
    # To a millionth of a parameter's spread, which is a tenth of its value or less.
    np.testing.assert_allclose(found.theta, np.tile(case.theta, (3, 1)), rtol=1e-7)


def test_too_many_runs_are_refitted_without_an_expansion(monkeypatch: pytest.MonkeyPatch) -> None:
    law, truth, x = ALL_LAWS["Chinchilla"]
    runs = sl.simulate.at(law, truth, noise=0.02, seed=2, **x)
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    with_it = fit.bootstrap(50, seed=3)
    monkeypatch.setattr(expansion, "MOST", 100)
    without = sl.fit(sl.laws.CHINCHILLA, runs).bootstrap(50, seed=3)
    np.testing.assert_allclose(with_it["objective"], without["objective"], rtol=1e-10)
