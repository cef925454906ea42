"""The smoothly broken power law, ``a + b exp(power)``, with its derivatives written out."""

from functools import cached_property

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.any_law import Differences
from scalinglaws.fitting.derivatives.base import Model, products
from scalinglaws.fitting.derivatives.written import Written


class Broken(Written):
    """Model of the power law with any number of breaks."""

    @cached_property
    def _log_x(self) -> Array:
        (x,) = self.x.values()
        return np.asarray(np.log(x))

    def rough(self) -> Model | None:
        """Return the same model with derivatives by differences."""
        return Differences(self.law, self.x)

    def written(self, theta: Array) -> "BrokenAt":
        """Evaluate the law: the level, the logarithm of the weight, then slopes and breaks."""
        count, size = theta.shape
        by = np.empty((count, size - 1, self._runs))
        by[:, 0], by[:, 1] = 1.0, -self._log_x
        power = theta[:, 2, None] * by[:, 1]
        breaks = []
        for k in range(3, size, 3):
            change, where, wide = (theta[:, j, None] for j in (k, k + 1, k + 2))
            one = _Break(self._log_x, change, where, np.exp(wide))
            by[:, k - 1], by[:, k], by[:, k + 1] = -one.bend, change * one.share, -change * one.turn
            power -= change * one.bend
            breaks.append(one)
        return BrokenAt(theta[:, :1], np.exp(theta[:, 1, None]) * np.exp(power), by, breaks)


class _Break:
    """One break of the power: ``-change * bend``, which is ``wide * log(1 + exp z)``."""

    def __init__(self, log_x: Array, change: Array, where: Array, wide: Array) -> None:
        self.change, self.wide, self.z = change, wide, (log_x - where) / wide
        small = np.exp(-np.abs(self.z))
        after = self.z > 0
        self.share = np.where(after, 1.0, small) / (1.0 + small)
        self.peak = small / (1.0 + small) ** 2
        soft = np.maximum(self.z, 0.0) + np.log1p(small)
        self.bend, self.turn = wide * soft, wide * (soft - self.z * self.share)

    def sums(self, w: Array) -> tuple[Array, ...]:
        """Return sums over runs (B,) of the power's second derivatives with weights (B, n).

        By change and place, change and width, and in turn the square of place, place and width,
        and the square of width.
        """
        change, wide = self.change[:, 0], self.wide[:, 0]
        peaked = w * self.peak
        turned, far = np.vecdot(w, self.turn), np.vecdot(peaked, self.z)
        square = np.vecdot(peaked, self.z * self.z)
        return (
            np.vecdot(w, self.share),
            -turned,
            -change / wide * peaked.sum(axis=1),
            -change * far,
            -change * (turned + wide * square),
        )


class BrokenAt:
    """The law at a batch of parameters, ``by`` (B, P - 1, n) being the slopes of its power."""

    def __init__(self, level: Array, above: Array, by: Array, breaks: list[_Break]) -> None:
        """Keep the parts."""
        self.f, self._above, self._by, self._breaks = level + above, above, by, breaks
        self.g = np.empty((len(by), by.shape[1] + 1, by.shape[2]))
        self.g[:, 0] = 1.0
        np.multiply(by, above[:, None], out=self.g[:, 1:])

    def bend(self, a: Array) -> Array:
        """Return the sum over runs of second derivatives with weights (B, n), (B, P, P)."""
        w, size = a * self._above, self.g.shape[1]
        out = np.zeros((len(w), size, size))
        out[:, 1:, 1:] = products(self._by, w)
        for k, one in zip(range(3, size, 3), self._breaks, strict=True):
            at = ((k, k + 1), (k, k + 2), (k + 1, k + 1), (k + 1, k + 2), (k + 2, k + 2))
            for (i, j), total in zip(at, one.sums(w), strict=True):
                out[:, i, j] += total
                if i != j:
                    out[:, j, i] += total
        return out
