"""The last step to a least absolute deviation: onto the vertex, with its certificate.

At a minimum of a sum of absolute residuals as many runs as there are parameters are met exactly.
Solving for these runs gives the point to rounding; the multipliers of the met runs, each no larger
than its weight on that side, prove that no direction goes down. Koenker and Bassett 1978, theorem
3.3.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.any_law import AnyLaw
from scalinglaws.fitting.solver.problem import CELLS, Solution, Task

SLACK = 1e-6
"""How far a multiplier may pass its weight: the runs met are known to rounding only."""

_ROUNDS = 4


def settle(task: Task, found: Solution) -> Solution:
    """Move solutions (B, P) onto the runs that they nearly meet, where that is no worse.

    Problems with a parameter at a bound or held stay as they are.
    """
    theta, value = found.theta.copy(), found.objective.copy()
    converged = found.converged.copy()
    width = max(1, CELLS // task.runs)
    for first in range(0, len(theta), width):
        rows = np.arange(first, min(first + width, len(theta)))
        lower, upper = task.bounds(rows)
        inside = (theta[rows] > lower) & (theta[rows] < upper)
        rows = rows[inside.all(axis=1) & np.isfinite(value[rows])]
        if not rows.size:
            continue
        moved, proven = _onto(task, rows, theta[rows])
        lower, upper = task.bounds(rows)
        fine = np.all((moved >= lower) & (moved <= upper), axis=1)
        kept = np.where(fine[:, None], moved, theta[rows])
        height = np.where(fine, task.value(kept, rows), np.inf)
        lower_now = height <= value[rows]
        theta[rows[lower_now]], value[rows[lower_now]] = moved[lower_now], height[lower_now]
        converged[rows] |= proven & (height <= value[rows] * (1 + 1e-12))
    return replace(found, theta=theta, objective=value, converged=converged)


def _onto(
    task: Task, rows: npt.NDArray[np.intp], theta: Array
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return the points that meet the nearest runs, and which are proven to be minima."""
    count, size = theta.shape
    own = np.arange(count)[:, None]
    model = task.model.take(rows, slice(0, task.runs))
    y, w = (
        np.broadcast_to(v if v.ndim == 1 else v[rows], (count, task.runs))
        for v in (task.y, task.weights)
    )
    log = task.objective.space == "log"
    with np.errstate(all="ignore"):
        r = task.objective.residuals(model.value(theta), y)
        met = np.argsort(np.where(w > 0, np.abs(r), np.inf), axis=1, kind="stable")[:, :size]
        some = AnyLaw(
            model.law, {k: v[met] if v.ndim == 1 else v[own, met] for k, v in model.x.items()}
        )
        at = theta.copy()
        for _ in range(_ROUNDS):
            f, jacobian = some.slopes(at)
            if log:
                jacobian = jacobian / f[:, :, None]
            # A pseudo-inverse, for runs that are met twice over and say nothing new.
            step = np.linalg.pinv(np.nan_to_num(jacobian), rcond=1e-13)
            at -= (step @ task.objective.residuals(f, y[own, met])[:, :, None])[:, :, 0]
        f = model.value(at)
        pull = task.objective.parts(task.objective.residuals(f, y))[1] * w
        pull[own, met] = 0.0
        if log:
            pull /= f
        gradient = model.at(at).pull(pull)
        f, jacobian = some.slopes(at)
        if log:
            jacobian = jacobian / f[:, :, None]
        inverse = np.linalg.pinv(np.nan_to_num(jacobian.swapaxes(1, 2)), rcond=1e-13)
        force = -(inverse @ gradient[:, :, None])[:, :, 0]
        low, high = (side * w[own, met] * (1 + SLACK) + SLACK for side in task.objective.sides)
        proven = np.asarray((-low <= force) & (force <= high))
    at = np.where(np.isfinite(at), at, theta)
    return at, np.asarray(proven.all(axis=1))
