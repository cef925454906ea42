"""Down to a least absolute deviation by linear programmes, with a proof that it is one.

Around a point the residuals are taken to be straight, so that the lowest point within reach is the
solution of a linear programme; where that promises nothing, no direction goes down. Slower by far
than Huber's path, which it takes up where the path ends beside a vertex. Osborne and Watson 1971.
"""

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.any_law import AnyLaw
from scalinglaws.fitting.solver.lad_vertex import settle
from scalinglaws.fitting.solver.newton_step import root_of
from scalinglaws.fitting.solver.problem import Solution, Task

MOST = 40
"""Linear programmes for one problem: each takes some milliseconds."""

RUNS = 5000
"""Runs up to which programmes are solved: of so many, one takes a good part of a second."""

NOTHING, NEAR = 1e-11, 1e-7
"""A promise below this share of the objective is none, what a programme's tolerances leave, if it
is made for steps longer than this share of the scatter."""


def descend_straight(task: Task, found: Solution, *, agree: float) -> Solution:
    """Follow the lowest of some solutions, and what ``agree`` with it, down to a vertex.

    They have converged when no direction between the bounds goes down. Tables of more than
    :data:`RUNS` are left as they are.
    """
    best = int(found.objective.argmin())
    if task.runs > RUNS or not np.isfinite(found.objective[best]):
        return found
    theta, value, proven = _follow(task, found.theta[best])
    if value > found.objective[best]:
        return found
    # A programme's tolerances leave a vertex a little beside the runs that it meets.
    one = (np.array([v]) for v in (theta, value, proven, found.steps[best]))
    end = settle(task, Solution(*one))
    same = found.objective <= found.objective[best] * (1 + agree)
    return Solution(
        np.where(same[:, None], end.theta, found.theta),
        np.where(same, end.objective, found.objective),
        np.where(same, end.converged, found.converged),
        found.steps,
    )


def _follow(task: Task, theta: Array) -> tuple[Array, float, bool]:
    weights = np.broadcast_to(task.weights, (1, task.runs))[0]
    some = np.flatnonzero(weights)
    law = AnyLaw(task.model.law, {k: v[some] for k, v in task.model.x.items()})
    y, w = task.y[some], weights[some]
    free = (task.lower < task.upper)[None]

    def residuals(at: Array) -> Array:
        return task.objective.residuals(law.value(at[None])[0], y)

    theta, value = theta.copy(), float(w @ task.objective.rho(residuals(theta)))
    root = root_of(task.metric(theta)[None], free)[0][free[0]]
    radius = scatter = float(np.sqrt(w @ residuals(theta) ** 2))
    for _ in range(MOST):
        f, slopes = law.slopes(theta[None])
        jacobian = slopes[0] / f[0][:, None] if task.objective.space == "log" else slopes[0]
        move, promise = _lowest(residuals(theta), jacobian @ root.T, w, root, radius, theta, task)
        if promise <= NOTHING * value:
            return theta, value, radius >= NEAR * scatter
        there = np.clip(theta + move, task.lower, task.upper)
        fall = value - float(w @ task.objective.rho(residuals(there)))
        if fall > 0:
            theta, value = there, value - fall
        radius *= 2.0 if fall > 0.75 * promise else 1.0 if fall > 0.25 * promise else 0.25
    return theta, value, False


def _lowest(
    r: Array, slopes: Array, w: Array, root: Array, radius: float, theta: Array, task: Task
) -> tuple[Array, float]:
    """Return the step (P,) to the lowest point within reach, were the law straight, and its gain.

    In coordinates (F,) that whiten the metric, each at most ``radius`` away; what is left of the
    residuals is split into its parts above and below zero.
    """
    rho, (low, high) = task.objective.rho, task.objective.sides
    # In the programme's own units residuals, their slopes and weights are all about one.
    size, mean = float(w @ np.abs(r)) / w.sum() or 1.0, w.mean()
    runs, count = slopes.shape
    step = size * np.sqrt(runs)
    can_move = task.lower < task.upper
    above = np.flatnonzero(np.isfinite(task.upper) & can_move)
    below = np.flatnonzero(np.isfinite(task.lower) & can_move)
    sides = step * np.concatenate([root.T[above], -root.T[below]])
    room = np.concatenate([(task.upper - theta)[above], (theta - task.lower)[below]])
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack

    unit = eye_array(runs)
    done = linprog(
        np.concatenate([np.zeros(count), high * w / mean, low * w / mean]),
        A_ub=np.hstack([sides, np.zeros((len(sides), 2 * runs))]) if len(sides) else None,
        b_ub=room if len(sides) else None,
        A_eq=hstack([csr_array(slopes * np.sqrt(runs)), -unit, unit]),
        b_eq=-r / size,
        bounds=[(-radius / step, radius / step)] * count + [(0, None)] * (2 * runs),
        method="highs",
    )
    if done.x is None:
        return np.zeros_like(theta), np.inf
    left = float(w @ rho(r + slopes @ (step * done.x[:count])))
    return step * done.x[:count] @ root, float(w @ rho(r)) - left
