"""Solve from many starts without following the same path twenty times.

Starts that have come together are followed once; when most of them lead to the best minimum, the
few that are still on their way over worse ground are left there, and count as not agreeing.
"""

from dataclasses import replace

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.objectives import LSQ, LSQ_LOG, Objective
from scalinglaws.fitting.solver.damped_newton import DAMPING
from scalinglaws.fitting.solver.minimise import LOOSE, minimising, path
from scalinglaws.fitting.solver.plan import Ask, Plan
from scalinglaws.fitting.solver.problem import Rows, Solution, Task, join
from scalinglaws.fitting.solver.valley import to_the_end

TOGETHER = 1e-4
"""Starts are together when their curves differ by less than this share of the squared scatter."""

FIRST = 6
"""Steps before starts are compared."""

ROUNDS = 12
"""How often starts are compared before those that stay apart are followed by themselves."""

ENOUGH = 1 / 2
"""Share of the starts that must lead to one minimum, the lowest seen, for others to be left."""

FRONT = 2
"""How many sets of starts, the lowest ones, are followed first where too few are together."""

PATIENCE = 80
"""Steps that each start is followed for where few of them agree."""

NARROW = 1e-3
"""Width of a Huber objective below which the way down is left to the last stage."""


def _widths(objective: Objective, begin: float) -> list[float]:
    return [d for d in path(objective, begin) if d >= NARROW]


def widest(objective: Objective, begin: float) -> Objective:
    """Return what leads from far starts on the way to an objective."""
    if objective.custom is not None:
        # Nothing is known of its shape: squares lead to where the runs are.
        return _squares(objective)
    widths = _widths(objective, begin)
    return replace(objective, delta=widths[0]) if len(widths) > 1 else objective


def search(
    task: Task, scout: Task, starts: Array, *, begin: float, enough: float = ENOUGH
) -> Plan[Solution]:
    """Plan to minimise from every start (B, P): one row a start, those that came together alike.

    ``scout`` is the same task on a few of its runs, for the first steps. A Huber objective is
    approached from the width ``begin`` down. Above one, ``enough`` has every start followed. What
    is lowest may need to be led to its end: see :func:`finish`.
    """
    widths = _widths(task.objective, begin)
    wide = widest(task.objective, begin)
    rest = widths[1] if len(widths) > 1 else None
    theta, lead = starts, np.arange(len(starts))
    damping = np.full(len(starts), DAMPING)
    first = replace(scout.rough(), objective=wide)
    for _ in range(ROUNDS):
        moved = yield Ask(task=first, theta=theta, resolution=LOOSE, most=FIRST, damping=damping)
        kept, own = _merge(first, moved)
        theta, damping, lead = moved.theta[kept], damping[kept], own[lead]
        agree = (lead == 0).sum() >= enough * len(starts)
        if agree:
            break
    found = None
    if enough <= 1:
        front = 1 if agree else FRONT
        first_ones = yield from minimising(task, theta[:front], begin=rest, most=PATIENCE)
        others = _as_they_are(task, theta, np.arange(front, len(theta)))
        least = first_ones.objective.min()
        together = np.flatnonzero(first_ones.objective <= least * (1 + TOGETHER))
        if (
            np.isin(lead, together).sum() >= enough * len(starts)
            and first_ones.converged[together].any()
            and (others.objective >= least).all()
        ):
            found = join([first_ones, others])
    if found is None:
        found = yield from minimising(task, theta, begin=rest, most=PATIENCE)
    return Solution(
        found.theta[lead], found.objective[lead], found.converged[lead], found.steps[lead]
    )


def finish(task: Task, found: Solution) -> Plan[Solution]:
    """Plan to follow the lowest of some points to its end, in place, where it has not got there."""
    best = int(found.objective.argmin())
    if not found.converged[best]:
        one = yield from to_the_end(task, found.theta[best])
        # Starts that came together stand at one point, and end at one.
        alike = (found.theta == found.theta[best]).all(axis=1)
        found.theta[alike], found.objective[alike] = one.theta[0], one.objective[0]
        found.converged[alike] = one.converged[0]
    return found


def _merge(task: Task, found: Solution) -> tuple[Rows, Rows]:
    """Return one start for each set of those that are together, lowest first, and each's set."""
    squares = replace(task, objective=_squares(task.objective))
    state = squares.state(found.theta, np.arange(len(found.theta)))
    apart = found.theta[:, None] - found.theta
    distance = ((apart @ state.metric) * apart).sum(axis=-1)
    near = distance <= TOGETHER * state.value[:, None]
    chosen: list[int] = []
    own = np.zeros(len(found.theta), dtype=np.intp)
    for i in np.argsort(found.objective, kind="stable"):
        alike = near[chosen, i]
        own[i] = alike.argmax() if alike.any() else len(chosen)
        if own[i] == len(chosen):
            chosen.append(int(i))
    return np.array(chosen), own


def _squares(objective: Objective) -> Objective:
    return LSQ_LOG if objective.space == "log" else LSQ


def _as_they_are(task: Task, theta: Array, which: Rows) -> Solution:
    """Return points that are not followed any further."""
    value = task.value(theta[which], which)
    return Solution(theta[which], value, np.zeros(len(which), bool), np.zeros_like(which))
