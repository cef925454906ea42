"""Minimise a task once more, many times over, near a minimum that is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scalinglaws.fitting.solver.expansion import Expansion
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.newton_step import root_of
from scalinglaws.fitting.solver.refit import refit

if TYPE_CHECKING:
    from scalinglaws._typing import Array
    from scalinglaws.fitting.solver.problem import Solution, Task


def solve_again(whole: Task, theta: Array, weights: Array) -> Solution:
    """Minimise a task again for each row of weights (B, n), from its own minimum at theta (P,)."""
    task = replace(whole, weights=weights)
    if whole.objective.delta == 0 or not (whole.lower < whole.upper).any():
        return minimise(task, np.tile(theta, (len(weights), 1)))
    return around(task, theta, near(whole, theta))


def near(task: Task, theta: Array) -> tuple[Array, Expansion | None]:
    """Return what refits share: the root of the metric at a minimum, and the law around it."""
    free = task.lower < task.upper
    root = root_of(task.metric(theta)[None], free[None])[0][free]
    return root, Expansion.of(task, theta, root)


def around(task: Task, theta: Array, known: tuple[Array, Expansion | None]) -> Solution:
    """Refit near one minimum, and step down exactly what that does not lead to an end."""
    found = refit(task, theta, *known)
    left = np.flatnonzero(~found.converged)
    if left.size:
        begin = np.tile(theta, (left.size, 1))
        found = better(found, left, minimise(part(task, left), begin))
    return found


def lowest(task: Task, theta: Array, others: Array) -> Solution:
    """Minimise from one point (P,), and from others (K, P) where a problem is lower there."""
    everyone = np.arange(len(task.weights))
    found = minimise(task, np.tile(theta, (len(everyone), 1)))
    for other in others:
        begin = np.tile(other, (len(everyone), 1))
        lower = np.flatnonzero(task.value(begin, everyone) < found.objective * (1 - 1e-9))
        if lower.size:
            found = better(found, lower, minimise(part(task, lower), begin[lower]))
    return found


def part(task: Task, which: npt.NDArray[np.intp]) -> Task:
    """Return the task of some of its problems."""
    y = task.y if task.y.ndim == 1 else task.y[which]
    model = task.model if task.model.shared else task.model.take(which, slice(None))
    return replace(task, model=model, y=y, weights=task.weights[which])


def better(found: Solution, which: npt.NDArray[np.intp], other: Solution) -> Solution:
    """Put another solution of some problems in place where it is lower or where it converged."""
    old = found.objective[which]
    take = (other.objective < old) | (other.converged & (other.objective <= old))
    where = which[take]
    for mine, theirs in (
        (found.theta, other.theta),
        (found.objective, other.objective),
        (found.converged, other.converged),
    ):
        mine[where] = theirs[take]
    return found
