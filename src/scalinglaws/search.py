"""Solve from many starts without following the same path twenty times.

Starts that have come together are followed once; when most of them lead to the best minimum, the
few that are still on their way over worse ground are left there, and count as not agreeing.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from scalinglaws.laws import Array
from scalinglaws.objectives import LSQ, LSQ_LOG
from scalinglaws.solve import LOOSE, Solution, Task, descend, minimise, path

TOGETHER = 1e-4
"""Starts are together when their curves differ by less than this share of the squared scatter."""

FIRST, NEXT = 12, 20
"""Steps in the first and in each later stage before starts are compared again."""

PATIENCE = 80
"""Steps that each start is followed for where few of them agree."""

ROUNDS = 3
NARROW = 1e-3
"""Width of a Huber objective below which the way down is left to the last stage."""


def search(task: Task, starts: Array, *, begin: float) -> Solution:
    """Minimise from every start (B, P): one row a start, those that came together alike.

    A Huber objective is approached from the width ``begin`` down, in :data:`ROUNDS` comparisons.
    """
    theta, lead = starts, np.arange(len(starts))
    widths = [d for d in path(task.objective, begin) if d >= NARROW][:-1]
    for k, delta in enumerate(widths or [task.objective.delta] * ROUNDS):
        stage = replace(task, objective=replace(task.objective, delta=delta))
        found = descend(stage, theta, resolution=LOOSE, most=NEXT if k else FIRST)
        theta, lead = _merge(task, found, lead)
        if not widths and 2 * (lead == 0).sum() >= len(starts):
            break
    heights = task.value(theta, np.arange(len(theta)))
    best = int(heights.argmin())
    # The best alone is followed to the end, and the others too where few starts lead to it.
    found = minimise(task, theta[[best]], begin=min(widths, default=None))
    if 2 * (lead == best).sum() < len(starts) or not found.converged[0]:
        found = minimise(task, theta, begin=min(widths, default=None), most=PATIENCE)
    else:
        found = _with(heights, theta, best, found)
    return Solution(
        found.theta[lead], found.objective[lead], found.converged[lead], found.steps[lead]
    )


def _merge(
    task: Task, found: Solution, lead: npt.NDArray[np.intp]
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Return one point for each set of starts that are together, and each start's set."""
    everyone = np.arange(len(found.theta))
    squares = replace(task, objective=LSQ_LOG if task.objective.space == "log" else LSQ)
    state = squares.state(found.theta, everyone)
    order = np.argsort(found.objective, kind="stable")
    chosen: list[int] = []
    own = np.zeros(len(everyone), dtype=np.intp)
    for i in order:
        apart = found.theta[chosen] - found.theta[i]
        distance = np.einsum("ki,kij,kj->k", apart, state.metric[chosen], apart)
        near = np.flatnonzero(distance <= TOGETHER * state.value[chosen])
        if near.size:
            own[i] = near[0]
        else:
            own[i] = len(chosen)
            chosen.append(int(i))
    return found.theta[chosen], own[lead]


def _with(heights: Array, theta: Array, best: int, found: Solution) -> Solution:
    """Return all points as they are, but for the best one."""
    theta, heights = theta.copy(), heights.copy()
    converged = np.zeros(len(theta), dtype=bool)
    steps = np.zeros(len(theta), dtype=np.intp)
    theta[best], heights[best] = found.theta[0], found.objective[0]
    converged[best], steps[best] = found.converged[0], found.steps[0]
    return Solution(theta, heights, converged, steps)
