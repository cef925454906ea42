"""One fit from many starts."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting import starts
from scalinglaws.fitting.derivatives.base import to_internal, to_values
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.solver import trust_region as trust
from scalinglaws.fitting.solver.merge_starts import ENOUGH, PATIENCE, finish, search, widest
from scalinglaws.fitting.solver.minimise import minimising
from scalinglaws.fitting.solver.plan import Ask, Plan
from scalinglaws.fitting.solver.problem import RESOLUTION, Solution, Task, join
from scalinglaws.laws import Law

AGREE = 1e-9
"""Starts whose objective is within this share of the best are said to agree on it."""

N_STARTS = 24

EARLY, EARLY_STEPS = 64, 2
"""Candidates of a law without a grid that take some steps, before starts are chosen of them."""

GROWN_STEPS = 32
"""Steps of each start that comes from a simpler law: it begins near the ground."""

WIDE = 0.1
"""Width from which a Huber objective is approached: residuals of one part in ten."""

CLOSE = 1.001
"""A minimum on a thinned table this close to the best one is looked at on the whole table too."""


def multistart(
    law: Law,
    task: Task,
    x: Mapping[str, Array],
    *,
    start: object,
    held: Mapping[str, float],
    seed: int,
) -> Plan[Solution]:
    """Plan to solve a fit from every start: ``start`` where it is given, else starts from the data.

    On a large table the minima are found on a thinned one first.
    """
    if start is not None:
        chosen = np.clip(starts.given(law, x, task.y, start), task.lower, task.upper)
        if trust.applies(task.objective):
            logs = np.array([p.space == "log" for p in law.parameters])
            return trust.descend_twice(task, chosen, logs=logs)
        return (yield from minimising(task, chosen))
    few = _thinned(law, task, starts.ENOUGH)
    scout = _thinned(law, few, max(starts.FEW, 8 * len(law.names)))
    pool = starts.candidates(law, scout.model.x, scout.y, seed=seed, held=held)
    pool = np.clip(pool, task.lower, task.upper)
    order = np.argsort(scout.value(pool, np.arange(len(pool))), kind="stable")
    first = scout.rough()
    if first.straight:
        # A few cheap steps tell more of a start than its height does.
        wide = replace(first, objective=widest(task.objective, WIDE))
        moved = yield Ask(task=wide, theta=pool[order[:EARLY]], most=EARLY_STEPS)
        pool, order = moved.theta, np.argsort(moved.objective, kind="stable")
    chosen = pool[starts.spread(order, N_STARTS)]
    # Half of the starts in one minimum says little of a law that has many, as those that grow do.
    enough = ENOUGH if law.simpler is None else np.inf
    parts = [(yield from search(few, scout, chosen, begin=WIDE, enough=enough))]
    if law.simpler is not None:
        grown = yield from _grown(law, law.simpler, few, held=held, seed=seed)
        parts.append((yield from minimising(few, grown, most=GROWN_STEPS)))
    if task.objective.custom is not None:
        # Squares need not lead to where a loss of the user's own is least.
        own = np.argsort(few.value(pool, np.arange(len(pool))), kind="stable")[: N_STARTS // 2]
        parts.append((yield from minimising(few, pool[own], most=PATIENCE)))
    solution = yield from finish(few, join(parts))
    if few is task:
        return solution
    # On the whole table only the best minimum is followed further, and any that comes close to it.
    best = solution.objective.min()
    lead = np.flatnonzero(solution.objective <= best * (1 + AGREE))
    rival = np.flatnonzero(
        (solution.objective > best * (1 + AGREE)) & (solution.objective <= CLOSE * best)
    )
    chosen = np.r_[lead[:1], rival]
    whole = yield from minimising(task, solution.theta[chosen])
    to = np.full(len(solution.theta), -1)
    to[lead], to[rival] = 0, 1 + np.arange(len(rival))
    far = to < 0
    return Solution(
        np.where(far[:, None], solution.theta, whole.theta[to]),
        np.where(far, np.inf, whole.objective[to]),
        ~far & whole.converged[to],
        whole.steps[to],
    )


def agreeing(task: Task, found: Solution) -> int:
    """Return how many starts ended at the lowest objective, to what can be resolved there."""
    best = np.array([found.objective.argmin()])
    value = float(found.objective[best[0]])
    apart = max(AGREE * value, 100 * RESOLUTION * float(task.size(np.array([value]), best)[0]))
    return int((found.objective <= value + apart).sum())


def _grown(
    law: Law, simpler: Law, task: Task, *, held: Mapping[str, float], seed: int
) -> Plan[Array]:
    """Plan starts, (K, P), that come from the fit of a simpler law."""
    assert law.grow is not None
    x, kept = task.model.x, {k: v for k, v in held.items() if k in simpler.names}
    lower, upper = starts.bounds(simpler, task.y, held=kept)
    inner = replace(task, model=model_of(simpler, x), lower=lower, upper=upper)
    found = yield from multistart(simpler, inner, x, start=None, held=kept, seed=seed)
    best = to_values(simpler, found.theta[found.objective.argmin()])
    grown = dict(law.grow({k: float(v) for k, v in best.items()}, x, task.y))
    grown |= {k: np.full(len(next(iter(grown.values()))), v) for k, v in held.items()}
    return np.clip(to_internal(law, starts.project(law, x, task.y, grown)), task.lower, task.upper)


def _thinned(law: Law, task: Task, count: int) -> Task:
    """Return the task on so many of its runs, or the task itself."""
    if task.runs <= count:
        return task
    x = task.model.x
    some = starts.thin(x, task.y, task.weights, count)
    model = model_of(law, {k: v[some] for k, v in x.items()})
    return replace(task, model=model, y=task.y[some], weights=task.weights[some])
