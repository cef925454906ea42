"""Least squares from far starts: each step stays where a model of the sum is trusted.

A start carries a radius, which grows where the model foretells the sum and shrinks where it does
not. Moré 1978 ("The Levenberg-Marquardt algorithm"), with exact second derivatives near a minimum.
"""

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.objectives import Objective
from scalinglaws.fitting.solver.newton_step import Flags
from scalinglaws.fitting.solver.problem import RESOLUTION, Solution, Task
from scalinglaws.fitting.solver.trust_region_step import Local, within

RADII = (0.03, 0.3)
"""First radii, as shares of a start's length: two, because from a far start either may miss."""

FLOOR = 0.03
"""Least scale of a logarithm beside the longest: no step takes a faint term out of sight."""

PATIENCE = 1000
"""Steps that a user's start may take: the farthest of NIST's need 500."""


def applies(objective: Objective) -> bool:
    """Return whether an objective is plain least squares, in either space."""
    return bool(np.isinf(objective.delta)) and objective.below == 0.5 and objective.custom is None


@np.errstate(all="ignore")
def descend_far(
    task: Task, starts: Array, *, logs: Flags, radius: Array, most: int = PATIENCE
) -> Solution:
    """Minimise a sum of squares from each start (B, P), near a minimum or far from one.

    ``logs`` (P,) says which internal parameters are
    logarithms; ``radius`` (B,) is each start's first radius as a share of its scaled length.
    What has not ended after ``most`` steps is returned as not converged.
    """
    theta = np.clip(starts, task.lower, task.upper)
    state = task.state(theta, np.arange(len(theta)))
    radius, widest = radius.astype(float), np.zeros_like(theta)
    converged, taken = np.zeros(len(theta), dtype=bool), np.zeros(len(theta), dtype=np.intp)
    live = np.flatnonzero(np.isfinite(state.value))
    for count in range(most):
        if not live.size:
            break
        at, here = theta[live], state.of(live)
        lower, upper = task.bounds(live)
        free = ~(((at <= lower) & (here.gradient >= 0)) | ((at >= upper) & (here.gradient <= 0)))
        widest[live] = np.maximum(widest[live], np.sqrt(2 * np.einsum("bii->bi", here.metric)))
        length = widest[live] * np.where(logs, 1.0, np.abs(at))
        floor = np.where(logs, FLOOR * length.max(axis=1, keepdims=True), 0.0)
        scale = np.maximum(widest[live], floor)
        scale[scale == 0] = 1.0
        if not count:
            whole = np.linalg.norm(length, axis=1)
            radius[live] *= np.where(whole > 0, whole, 1.0)
        size = task.size(here.value, live)
        local = Local.of(here, scale, size)
        step = within(local, free, radius[live], (lower - at) * scale, (upper - at) * scale)
        there = np.clip(at + step.move / scale, lower, upper)
        moved = (there - at) * scale
        bent = (step.hessian @ moved[:, :, None])[:, :, 0]
        promise = -((local.gradient + 0.5 * bent) * moved).sum(axis=1)
        found = task.state(there, live)
        gain = here.value - found.value
        ended = (step.left <= RESOLUTION * size) | (
            (gain <= 0) & (step.left <= 1e3 * RESOLUTION * size)
        )
        # A last step gains less than the sum resolves; the parameters still gain digits by it.
        better = (gain > 0) | (ended & (gain >= -10 * RESOLUTION * size))
        theta[live[better]] = there[better]
        state.put(live[better], found, better)
        taken[live] += 1
        reach = np.linalg.norm(moved, axis=1)
        grown = np.where(step.cut & (gain > 0.75 * promise), 2 * reach, radius[live])
        foretold = (promise > 0) & (gain > 0.25 * promise)
        radius[live] = np.where(foretold, grown, 0.25 * reach)
        stuck = ~better & (np.abs(promise) <= 1e-2 * RESOLUTION * size)
        converged[live] |= ended | (stuck & (step.left <= 1e-6 * size))
        live = live[~(ended | stuck)]
    return Solution(theta, state.value, converged, taken)


def descend_twice(task: Task, starts: Array, *, logs: Flags) -> Solution:
    """Minimise a sum of squares from each of a user's starts (B, P), with either first radius.

    The better end is kept, the first where they tie: of two minima that exchange parameters the
    one that small steps lead to.
    """
    ends = []
    for share in RADII:
        radius = np.full(len(starts), share)
        ends.append(descend_far(task, starts, logs=logs, radius=radius))
    small, large = ends
    sum_of = np.where(np.isfinite(small.objective), small.objective, 0.0)
    tie = 1e-6 * sum_of + 100 * RESOLUTION * task.size(sum_of, np.arange(len(starts)))
    second = large.objective < small.objective - tie
    return Solution(
        np.where(second[:, None], large.theta, small.theta),
        np.where(second, large.objective, small.objective),
        np.where(second, large.converged, small.converged),
        small.steps + large.steps,
    )
