"""From starts down to minima, by damped second-order steps."""

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.solver.newton_step import within
from scalinglaws.fitting.solver.problem import RESOLUTION, Solution, Task

MAX_STEPS = 200

DAMPING = 0.3
"""Damping of a first step, far from a minimum."""

UNDAMPED = 1e-4
"""Damping at which a step counts as Newton's own."""

LEAD = 1e-2
"""The same where the end only leads to another stage."""


def descend(
    task: Task,
    theta: Array,
    *,
    resolution: float = RESOLUTION,
    most: int = MAX_STEPS,
    damping: Array | None = None,
) -> Solution:
    """Step from each start (B, P) to a minimum, in at most so many steps.

    ``damping`` (B,) of the first steps, if given, is left as it is after the last.
    """
    everyone = np.arange(len(theta))
    theta = np.clip(theta, task.lower, task.upper)
    state = task.state(theta, everyone)
    converged = np.zeros(len(theta), dtype=bool)
    taken = np.zeros(len(theta), dtype=np.intp)
    damping = np.full(len(theta), DAMPING) if damping is None else damping
    live = np.flatnonzero(np.isfinite(state.value))
    least = UNDAMPED if resolution <= RESOLUTION else LEAD
    bend = float(task.objective.parts(np.zeros((1, 1)))[2][0, 0]) or 1.0
    for _ in range(most):
        if not live.size:
            break
        here = state if len(live) == len(theta) else state.of(live)
        at, level = theta[live], damping[live]
        lower, upper = task.bounds(live)
        slope = here.gradient
        free = ~(((at <= lower) & (slope >= 0)) | ((at >= upper) & (slope <= 0)))
        move = within(here, free, level, bend, lower - at, upper - at)
        size = task.size(here.value, live)
        length = _along(here.metric, move.step)
        done = move.positive & (level <= least) & (move.gain <= resolution * size)
        done &= length <= task.short(here.value, live)
        curve = np.where(move.positive, _along(here.hessian, move.step), bend * length)
        promise = -(slope * move.step).sum(axis=1) - 0.5 * curve
        converged[live[done]] = True
        # The last step is taken without looking: it is below what the objective resolves.
        theta[live[done]] += move.step[done]
        go = np.flatnonzero(~done)
        if not go.size:
            break
        trying = live[go]
        there = at[go] + move.step[go]
        found = task.state(there, trying)
        fall = here.value[go] - found.value
        better = fall > 0
        theta[trying[better]] = there[better]
        state.put(trying[better], found, better)
        good = better & (fall > 0.25 * promise[go])
        level = level[go] * np.where(good, 0.125, np.where(better, 1.0, 6.0))
        damping[trying] = level = np.maximum(level, np.where(better, 0.0, 1e-6))
        taken[trying] += 1
        # What rounding hides: no step lowers the objective, and none promises to by much.
        flat = ~better & move.positive[go] & (move.gain[go] <= 1e3 * RESOLUTION * size[go])
        converged[trying[flat]] = True
        live = trying[~(flat | (level > 1e14))]
    return Solution(theta, state.value, converged, taken)


def _along(matrix: Array, step: Array) -> Array:
    """Return ``step' matrix step``, (b,)."""
    return np.asarray(((matrix @ step[:, :, None])[:, :, 0] * step).sum(axis=1))
