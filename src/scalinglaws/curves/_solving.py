"""Floor and scale of many shapes at once, and the products that it takes."""

import numpy as np

from scalinglaws._typing import Array

BLOCK = 256
"""Shapes at a time: what they need stays in the cache, where a million logarithms would not."""


def times(left: Array, right: Array) -> Array:
    """Return the product in parts so small that BLAS starts no threads, which would cost more."""
    if right.shape[-1] <= BLOCK:
        return np.asarray(left @ right)
    rows = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    out = np.empty((*rows, left.shape[-2], right.shape[-1]))
    for k in range(0, right.shape[-1], BLOCK):
        np.matmul(left, right[..., k : k + BLOCK], out=out[..., k : k + BLOCK])
    return out


def scaled(past: Array, values: Array, whiten: Array) -> tuple[Array, Array]:
    """Return floors and scales (g, k), neither negative, of ``floor + scale * shape``.

    Least squares of relative residuals, whitened (g, n, n) by the wander of each kind.
    """
    curve, level = times(whiten, past / values[:, None]), whiten @ (1.0 / values)
    one = whiten.sum(axis=2)
    a11 = np.einsum("gnk,gnk->gk", curve, curve)
    a01, b1 = np.einsum("gn,gnk->gk", level, curve), np.einsum("gn,gnk->gk", one, curve)
    a00, b0 = ((level * v).sum(axis=1)[:, None] for v in (level, one))
    rest = a11 * a00 - a01**2
    floor, scale = (b0 * a11 - b1 * a01) / rest, (b1 * a00 - b0 * a01) / rest
    below = ~(floor >= 0)
    floor, scale = np.where(below, 0.0, floor), np.where(below, b1 / a11, scale)
    flat = ~(scale > 0)
    return np.where(flat, b0 / a00, floor), np.where(flat, 0.0, scale)


def explained(past: Array, log_loss: Array, whiten: Array) -> tuple[Array, Array, Array]:
    """Return floors, scales and mean squares (g, k) of what shapes (n, k) leave of a curve (n,)."""
    n, count = past.shape
    values = np.exp(log_loss)
    found = np.empty((3, len(whiten), count))
    for k in range(0, count, BLOCK):
        some = slice(k, k + BLOCK)
        floor, scale = scaled(past[:, some], values, whiten)
        missed = log_loss[:, None] - np.log(floor[:, None] + scale[:, None] * past[:, some])
        found[:, :, some] = floor, scale, (times(whiten, missed) ** 2).sum(axis=1) / n
    return found[0], found[1], found[2]
