"""Hessians in parts, which are summed over runs without ever being written out.

A law of many parameters has a Hessian of many entries at every run, and all that a fit asks for is
its weighted sum over runs. Most of it is products of first derivatives, whose sums are one product
of matrices.
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@cache
def pairs(size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows and columns of the upper triangle of a square of the given size."""
    return np.triu_indices(size)


@cache
def square(size: int) -> npt.NDArray[np.intp]:
    """Return where each entry of a symmetric square is among those of its upper triangle."""
    out = np.empty((size, size), dtype=np.intp)
    i, j = pairs(size)
    out[i, j] = out[j, i] = np.arange(len(i))
    return out


class Bend(NamedTuple):
    """A part of a Hessian: a weight (..), or one, times second derivatives or products of slopes.

    Without ``right``, ``left`` (k (k + 1) / 2, ..) is an upper Hessian by the parameters ``at``.
    With it, the part is ``left right' + right left'`` for slopes (k, ..) by ``at`` and ``across``,
    or ``left left'`` where the two are one.
    """

    weight: Array | None
    at: tuple[int, ...]
    left: Array
    right: Array | None = None
    across: tuple[int, ...] = ()

    def times(self, factor: Array) -> "Bend":
        """Return the part multiplied by a factor (..)."""
        weight = factor if self.weight is None else self.weight * factor
        return self._replace(weight=weight)

    def total(self, a: Array) -> Array:
        """Return the sum over runs with weights (B, n), (B, k, l) by ``at`` and ``across``."""
        w = a if self.weight is None else a * self.weight
        left = self.left.swapaxes(0, 1)
        if self.right is None:
            if left.shape[2] == 1:
                return np.asarray(left[:, :, 0] * w.sum(axis=1)[:, None])
            return np.asarray((left @ w[:, :, None])[:, :, 0])
        right = self.right.swapaxes(0, 1)
        if left.shape[2] == 1:
            return np.asarray(left * (right * w[:, None]).sum(axis=2)[:, None])
        left = left * w[:, None]
        if right.shape[2] == 1:
            return np.asarray(left.sum(axis=2)[:, :, None] * right.swapaxes(1, 2))
        return np.asarray(left @ right.swapaxes(1, 2))


def add_totals(bends: Iterable[Bend], a: Array, out: Array) -> None:
    """Add the sums over runs with weights ``a`` (B, n) to Hessians (B, P, P), in place."""
    for bend in bends:
        part, rows = bend.total(a), np.array(bend.at)[:, None]
        if bend.right is None:
            out[:, rows, rows.T] += part[:, square(len(bend.at))]
            continue
        columns = np.array(bend.across)
        out[:, rows, columns] += part
        if bend.right is not bend.left:
            out[:, columns[:, None], rows.T] += part.swapaxes(1, 2)


def written_out(bends: Iterable[Bend], at: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Return the upper Hessian (k (k + 1) / 2, ..) by ``at`` that parts add up to."""
    place = {k: n for n, k in enumerate(at)}
    out = np.zeros((len(at), len(at), *shape))
    for bend in bends:
        weight = 1.0 if bend.weight is None else bend.weight
        rows = np.array([place[k] for k in bend.at])[:, None]
        if bend.right is None:
            out[rows, rows.T] += weight * bend.left[square(len(bend.at))]
            continue
        columns = np.array([place[k] for k in bend.across])
        part = weight * (bend.left[:, None] * bend.right)
        out[rows, columns] += part
        if bend.right is not bend.left:
            out[columns[:, None], rows.T] += part.swapaxes(0, 1)
    return np.asarray(out[pairs(len(at))])
