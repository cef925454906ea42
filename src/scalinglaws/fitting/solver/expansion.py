"""A law near one point, in coordinates in which it is straight: what refits can share.

Around one fit a law is bent, but nearly all of its bending comes from how it is parameterised
(Bates and Watts 1980): in other coordinates of the same points the residual of each run is linear,
up to a faint rest. The coefficients belong to the run, not to the resample, so that residuals,
gradients and Hessians of all resamples are products of a few matrices, which cost a fraction of
evaluating the law. No answer rests on this: see :mod:`~scalinglaws.fitting.solver.refit`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.any_law import by_run
from scalinglaws.fitting.derivatives.bends import pairs, square
from scalinglaws.fitting.solver.problem import CELLS, Task

STEP = 1e-3
"""Length of the differences that give third derivatives, as a share of the loss."""

MOST = 2**22
"""Numbers of a kind that are kept for the runs: 32 MB of slopes and bends."""


@dataclass(frozen=True)
class Expansion:
    """A law around one point, in F straight coordinates.

    ``root`` (F, P) is the change of internal parameters with each coordinate at the origin, where
    the coordinates whiten the metric. ``level`` (n,) is the prediction there, in the space of the
    objective, ``straight`` (F, n) its derivatives, and ``bends`` (Q, n), with Q = F (F + 1) / 2,
    the second derivatives that no choice of coordinates takes away. ``path`` and ``turn`` (F F, 1 +
    F + Q) lead back to whitened parameters, and to how these change.
    """

    root: Array
    level: Array
    straight: Array
    bends: Array
    path: Array
    turn: Array

    @classmethod
    @np.errstate(all="ignore")
    def of(cls, task: Task, theta: Array, root: Array) -> "Expansion | None":
        """Expand the law of a task with weights (n,) at internal parameters (P,).

        ``root`` (F, P) whitens the metric there. Nothing where the runs are too many to keep this
        for each of them, or where its derivatives are not finite.
        """
        size, (i, j) = len(root), pairs(len(root))
        if task.runs * (size + len(i)) > MOST:
            return None
        log = task.objective.space == "log"
        step = STEP if log else STEP * float(np.sqrt(np.mean(task.y**2)))
        shifts = step * np.concatenate([np.zeros((1, size)), np.eye(size), -np.eye(size)])
        points = theta + shifts @ root
        height = max(1, CELLS // (len(points) * len(i)))
        parts, two, third = [], np.zeros((size,) * 3), np.zeros((size,) * 4)
        for first in range(0, task.runs, height):
            runs = slice(first, first + height)
            level, slope, bend = _derivatives(task, runs, points, root)
            along = task.weights[runs] * slope[0]
            # What slopes can take over: of second derivatives, and of third ones.
            two += np.einsum("cn,abn->cab", along, bend[0])
            change = (bend[1 : size + 1] - bend[size + 1 :]) / (2 * step)
            third += np.einsum("cn,dabn->cabd", along, change)
            parts.append((level[0], slope[0], bend[0][i, j]))
        level, straight, bends = (np.concatenate(p, axis=-1) for p in zip(*parts, strict=True))
        third = (third + third.transpose(0, 3, 1, 2) + third.transpose(0, 2, 3, 1)) / 3
        twice = np.einsum("cae,ebd->cabd", two, two)
        twice = twice + twice.transpose(0, 2, 1, 3) + twice.transpose(0, 2, 3, 1)
        cube = (twice - third)[:, :, i, j].reshape(size * size, -1)
        flat, line = two.reshape(size * size, size), np.eye(size).reshape(-1, 1)
        path = np.concatenate([line, -flat / 2, cube / 3], axis=1)
        turn = np.concatenate([line, -flat, cube], axis=1)
        bends -= two[:, i, j].T @ straight
        found = cls(root, level, straight, bends, path, turn)
        return found if np.isfinite(path).all() and np.isfinite(bends).all() else None

    def whitened(self, at: Array) -> Array:
        """Return the whitened parameters (F, b) at coordinates (F, b)."""
        return np.asarray(np.einsum("cak,ak->ck", self._shaped(self.path, at), at))

    def pull(self, at: Array, gradient: Array) -> Array:
        """Return the gradient by coordinates (F, b) of one by internal parameters (b, P)."""
        by_whitened = self.root @ gradient.T
        return np.asarray(np.einsum("cak,ck->ak", self._shaped(self.turn, at), by_whitened))

    def factors(self, at: Array) -> Array:
        """Return what :meth:`residuals` multiplies at coordinates (F, b), (b, 1 + F + Q)."""
        return single(_monomials(at).T)

    def residuals(self, factors: Array, apart: Array) -> Array:
        """Return residuals (b, n); at the origin they are ``apart``, (1, n) or (b, n)."""
        if len(apart) == 1:
            return np.asarray(factors @ np.concatenate([apart, self.rows]))
        r = factors[:, 1:] @ self.rows
        r += apart
        return np.asarray(r)

    def sums(self, first: Array, second: Array) -> Array:
        """Return the sums over runs that make up a gradient and a Hessian, (b, F + 2 Q).

        ``first`` and ``second`` (b, n) are the weighted derivatives by residual of what is summed.
        """
        return _times(first, self.rows, second, self.products)

    def begin(self, weights: Array, first: Array, second: Array) -> Array:
        """Return the same sums at the origin, where the derivatives (n,) differ by weights only."""
        return _times(weights, first * self.rows, weights, second * self.products)

    def slopes(self, at: Array, sums: Array) -> Array:
        """Return gradient and upper Hessian (F + Q, b) at coordinates (F, b), from their sums."""
        size, count = len(at), len(self.rows)
        out = sums.T[:count].astype(float)
        bent = out[size:].take(square(size), axis=0)
        bent *= at
        out[:size] += bent.sum(axis=1)
        out[size:] += sums.T[count:]
        return out

    @cached_property
    def rows(self) -> Array:
        """Derivatives by coordinates, (F + Q, n), in single precision."""
        return single(np.concatenate([self.straight, self.bends]))

    @cached_property
    def products(self) -> Array:
        """Products of two slopes, (Q, n), in single precision."""
        i, j = pairs(len(self.straight))
        return single(self.straight[i] * self.straight[j])

    def _shaped(self, matrix: Array, at: Array) -> Array:
        return (matrix @ _monomials(at)).reshape(len(at), len(at), -1)


def _times(first: Array, rows: Array, second: Array, products: Array) -> Array:
    size = len(rows)
    out = np.empty((len(first), size + len(products)), np.float32)
    np.matmul(single(first), rows.T, out=out[:, :size])
    np.matmul(single(second), products.T, out=out[:, size:])
    return np.asarray(out)


def single(v: Array) -> Array:
    """Return an array in single precision."""
    return np.asarray(v, dtype=np.float32)


def _derivatives(task: Task, runs: slice, points: Array, root: Array) -> tuple[Array, Array, Array]:
    """Return predictions (K, n) and derivatives (K, F, n) and (K, F, F, n) by coordinates."""
    x = {k: v[runs] for k, v in task.model.x.items()}
    f, slope, bend = by_run(task.model.law, x, points)
    slope = root @ slope
    bend = np.einsum("bj,kajn->kabn", root, np.tensordot(root, bend, (1, 1)).swapaxes(0, 1))
    if task.objective.space != "log":
        return f, slope, bend
    slope = slope / f[:, None]
    return np.log(f), slope, bend / f[:, None, None] - slope[:, :, None] * slope[:, None]


def _monomials(at: Array) -> Array:
    """Return one, coordinates (F, b) and what second derivatives are multiplied by."""
    i, j = pairs(len(at))
    half = np.where(i == j, 0.5, 1.0)[:, None]
    return np.concatenate([np.ones((1, at.shape[1])), at, half * at[i] * at[j]])
