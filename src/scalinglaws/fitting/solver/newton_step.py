"""Second-order steps for a batch of problems, in each problem's own metric.

The metric is that of the residuals' own Jacobian, so that neither the units of the inputs nor the
scale of a parameter changes the path.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.fitting.solver import small_systems as small
from scalinglaws.fitting.solver.problem import Rows, State

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Move:
    """Damped steps (b, P), what they gain in the model (b,), and where the model has a minimum."""

    step: Array
    gain: Array
    positive: Flags


def steps(state: State, free: Flags, damping: Array, bend: float) -> Move:
    """Return second-order steps of the free parameters, damped in the problem's own metric.

    ``(H + damping M) step = -g``; where that matrix has no minimum, ``(bend + damping) M`` stands
    in, the objective's curvature over a straight law. A parameter that cannot move has no gradient.
    """
    metric, right = state.metric.transpose(1, 2, 0), -state.gradient.T
    ridge = 1e-13 * np.einsum("iib->ib", metric) + 1e-300
    held = ~free.T
    some = held.any()
    if some:
        right = np.where(held, 0.0, right)

    def solved(matrix: Array, rows: Any) -> tuple[Array, Array, Flags]:
        if some:
            out = held[:, rows]
            matrix = np.where(out[:, None] | out[None, :], 0.0, matrix)
        diagonal = np.einsum("iib->ib", matrix)
        diagonal += np.where(held[:, rows], 1.0, ridge[:, rows]) if some else ridge[:, rows]
        return small.solve(matrix, right[:, rows])

    with np.errstate(all="ignore"):
        matrix = state.hessian.transpose(1, 2, 0) + damping * metric
        step, gain, positive = solved(matrix, slice(None))
        odd = np.flatnonzero(~positive)
        if odd.size:
            matrix = metric[:, :, odd] * (bend + damping[odd])
            step[:, odd], gain[odd], _ = solved(matrix, odd)
        return Move(step.T, 0.5 * gain, positive)


def root_of(metric: Array, free: Flags) -> Array:
    """Return the matrices that whiten metrics (B, P, P); held parameters keep their own unit."""
    both = free[:, :, None] & free[:, None, :]
    eye = np.eye(metric.shape[1])
    diagonal = np.einsum("bii->bi", metric)
    ridge = np.where(free, 1e-13 * diagonal + 1e-300, 1.0)
    metric = np.where(both, metric, 0.0) + eye * ridge[:, :, None]
    scale = 1 / np.sqrt(np.einsum("bii->bi", metric))
    metric = metric * scale[:, :, None] * scale[:, None, :]
    try:
        root = np.linalg.inv(np.linalg.cholesky(metric + 1e-14 * eye))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(metric)
        root = vectors.swapaxes(1, 2) / np.sqrt(np.maximum(values, 1e-13))[:, :, None]
    return np.asarray(root * scale[:, None, :])


def to_bounds(
    move: Array,
    movable: Flags,
    down: Array,
    up: Array,
    rest: Callable[[Array, Flags, Rows], Array],
) -> None:
    """Send what would pass a bound to the bound, in place, and let the rest step given that.

    ``move`` (B, P) may go ``down`` and ``up`` so far; ``rest(fixed, moving, some)`` returns the
    steps (b, P) of the parameters that are still ``moving`` in ``some`` of the problems, given the
    ``fixed`` steps of the others.
    """
    stopped = np.zeros_like(movable)
    for _ in range(movable.shape[1]):
        past = movable & ~stopped & ((move < down) | (move > up))
        some = np.flatnonzero(past.any(axis=1))
        if not some.size:
            return
        stopped |= past
        fixed = np.where(stopped, np.clip(move, down, up), 0.0)[some]
        moving = movable[some] & ~stopped[some]
        move[some] = np.where(moving, rest(fixed, moving, some), fixed)


def within(state: State, free: Flags, damping: Array, bend: float, down: Array, up: Array) -> Move:
    """Return what :func:`steps` does, for steps that may go ``down`` and ``up`` so far, (b, P)."""
    move = steps(state, free, damping, bend)

    def rest(fixed: Array, moving: Flags, some: Rows) -> Array:
        bent = state.of(some)
        push = np.einsum("bij,bj->bi", bent.hessian, fixed)
        return steps(replace(bent, gradient=bent.gradient + push), moving, damping[some], bend).step

    to_bounds(move.step, free, down, up, rest)
    return Move(np.clip(move.step, down, up), move.gain, move.positive)
