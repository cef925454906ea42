"""Steps of least squares inside a radius and between bounds, for a batch of problems.

Parameters are scaled so that the radius means the same in each of them. Moré 1978, with Newton's
step in place of Gauss and Newton's where the exact Hessian is near theirs.
"""

from dataclasses import dataclass

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.solver.newton_step import Flags, to_bounds
from scalinglaws.fitting.solver.problem import Rows, State

BEND = 0.7
"""The exact Hessian is used where it differs from Gauss and Newton's by less than this share."""

CLOSE = 1e-8
"""So near a minimum, as a share of the sum, the exact Hessian is used wherever it is positive."""


@dataclass(frozen=True)
class Local:
    """A sum of squares around points, in scaled parameters: two models of it.

    ``gradient`` (B, P); ``gauss`` and ``exact`` (B, P, P) are Gauss and Newton's Hessian and the
    Hessian itself; ``size`` (B,) is what the sum is resolved against.
    """

    gradient: Array
    gauss: Array
    exact: Array
    size: Array

    @classmethod
    def of(cls, state: State, scale: Array, size: Array) -> "Local":
        """Scale a state by ``scale`` (B, P)."""
        both = scale[:, :, None] * scale[:, None, :]
        return cls(state.gradient / scale, 2 * state.metric / both, state.hessian / both, size)

    def holding(self, free: Flags, fixed: Array, which: Rows) -> "Local":
        """Return some of the points with parameters that are not free moved by ``fixed`` (b, P)."""
        push = (self.gauss[which] @ fixed[:, :, None])[:, :, 0]
        both = free[:, :, None] & free[:, None, :]
        unit = np.eye(free.shape[1]) * ~free[:, None, :]
        return Local(
            np.where(free, self.gradient[which] + push, 0.0),
            np.where(both, self.gauss[which], unit),
            np.where(both, self.exact[which], unit),
            self.size[which],
        )


@dataclass(frozen=True)
class Step:
    """Scaled steps (B, P): the Hessian used, whether the radius cut them, the gain left (B,)."""

    move: Array
    hessian: Array
    cut: Flags
    left: Array


def within(local: Local, free: Flags, radius: Array, down: Array, up: Array) -> Step:
    """Return steps inside the radius and between ``down`` and ``up`` (B, P)."""
    everyone = np.arange(len(radius))
    held = local.holding(free, np.zeros_like(down), everyone)
    step = inside(held, radius)
    move, hessian = np.where(free, step.move, 0.0), step.hessian

    def rest(fixed: Array, moving: Flags, some: Rows) -> Array:
        hessian[some] = local.gauss[some]
        return inside(local.holding(moving, fixed, some), radius[some], plain=True).move

    to_bounds(move, free, down, up, rest)
    return Step(move, hessian, step.cut, step.left)


def inside(local: Local, radius: Array, *, plain: bool = False) -> Step:
    """Return the steps to the lowest points of the models inside the radius.

    Newton's step where the exact Hessian is near Gauss and Newton's and the step ends inside;
    their step, damped as far as the radius asks, elsewhere and wherever ``plain`` is true.
    """
    values, vectors = np.linalg.eigh(local.gauss)
    top = values[:, -1:]
    values = np.maximum(values, 1e-15 * np.where(top > 0, top, 1.0))
    along = (vectors.swapaxes(1, 2) @ local.gradient[:, :, None])[:, :, 0]
    damping = _damping(values, along, radius)
    move = -(vectors @ (along / (values + damping[:, None]))[:, :, None])[:, :, 0]
    left = 0.5 * (along**2 / values).sum(axis=1)
    hessian = local.gauss.copy()
    if not plain:
        root = vectors / np.sqrt(values)[:, None, :]
        bend, turn = np.linalg.eigh(root.swapaxes(1, 2) @ (local.exact - local.gauss) @ root)
        close = (left <= CLOSE * local.size) & (bend[:, 0] > -0.99)
        use = np.flatnonzero((np.abs(bend).max(axis=1) < BEND) | close)
        axes, curve = root[use] @ turn[use], 1 + bend[use]
        slope = (axes.swapaxes(1, 2) @ local.gradient[use, :, None])[:, :, 0]
        newton = -(axes @ (slope / curve)[:, :, None])[:, :, 0]
        left[use] = 0.5 * (slope**2 / curve).sum(axis=1)
        short = np.linalg.norm(newton, axis=1) <= 1.1 * radius[use]
        use = use[short]
        move[use], damping[use], hessian[use] = newton[short], 0.0, local.exact[use]
    return Step(move, hessian, damping > 0, left)


def _damping(values: Array, along: Array, radius: Array) -> Array:
    """Return what to add to curvatures (B, P) for a step as long as the radius, to a tenth."""
    damping = np.zeros(len(values))
    long = np.linalg.norm(along / values, axis=1) > 1.1 * radius
    for _ in range(40):
        curve = values + damping[:, None]
        length = np.linalg.norm(along / curve, axis=1)
        go = long & (np.abs(length - radius) > 0.1 * radius)
        if not go.any():
            break
        slope = (along[go] ** 2 / curve[go] ** 3).sum(axis=1) / length[go]
        more = (length[go] / radius[go]) * (length[go] - radius[go]) / slope
        damping[go] = np.maximum(damping[go] + more, damping[go] / 10)
    return damping
