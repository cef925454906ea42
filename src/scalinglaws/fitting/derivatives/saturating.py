"""M4, which leaves one level and approaches another, with its derivatives written out."""

from functools import cached_property

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.base import products
from scalinglaws.fitting.derivatives.written import Written
from scalinglaws.laws.curves import share_of


class Saturating(Written):
    """Model of M4, whose loss is ``E + gap t`` with ``log t - a log(1 - t) = h``."""

    @cached_property
    def _log_x(self) -> Array:
        (x,) = self.x.values()
        return np.asarray(np.log(x))

    def written(self, theta: Array) -> "SaturatingAt":
        """Evaluate the law: its floor, the logarithms of its start and weight, c and a."""
        floor, start, weight, c, a = (theta[:, j, None] for j in range(5))
        start = np.exp(start)
        gap = start - floor
        log_gap = np.log(gap)
        z = share_of({"a": a}, weight - c * self._log_x - (1.0 - a) * log_gap)
        by = np.empty((len(theta), 5, self._runs))
        by[:, 0], by[:, 1] = (1.0 - a) / gap, -(1.0 - a) * start / gap
        by[:, 2], by[:, 3], by[:, 4] = 1.0, -self._log_x, log_gap
        return SaturatingAt(floor, start, gap, a, z, by)


class SaturatingAt:
    """The law at a batch of parameters, ``by`` (B, 5, n) being the slopes of h."""

    def __init__(
        self, floor: Array, start: Array, gap: Array, a: Array, z: Array, by: Array
    ) -> None:
        """Keep the parts, and t and its slopes by h and a."""
        self._start, self._gap, self._a, self._by = start, gap, a, by
        small = np.exp(-np.abs(z))
        low = z < 0
        self._t = np.where(low, small, 1.0) / (1.0 + small)
        self._rest = np.where(low, 1.0, small) / (1.0 + small)
        self._pace = 1.0 / (self._rest + a * self._t)
        self._z_by_a = (np.minimum(-z, 0.0) - np.log1p(small)) * self._pace
        self._peak = self._t * self._rest
        self._by_h, self._by_a = self._peak * self._pace, self._peak * self._z_by_a
        self.f = floor + gap * self._t
        self.g = by * (gap * self._by_h)[:, None]
        self.g[:, 0] += self._rest
        self.g[:, 1] += start * self._t
        self.g[:, 4] += gap * self._by_a

    def bend(self, w: Array) -> Array:
        """Return the sum over runs of second derivatives with weights (B, n), (B, P, P)."""
        by, start, gap = self._by, self._start[:, 0], self._gap[:, 0]
        inside = w * self._gap
        hh, ha, aa = self._second()
        out = products(by, inside * hh)
        mixed = _sums(by, inside * ha)
        out[:, :, 4] += mixed
        out[:, 4, :] += mixed
        out[:, 4, 4] += np.vecdot(inside, aa)
        # The gap changes with the floor and the start, and t with everything.
        t_by = _sums(by, w * self._by_h)
        t_by[:, 4] += np.vecdot(w, self._by_a)
        for j, change in ((0, -1.0), (1, start[:, None])):
            out[:, j, :] += change * t_by
            out[:, :, j] += change * t_by
        out[:, 1, 1] += start * np.vecdot(w, self._t)
        # So does h, through the logarithm of the gap.
        part, total = start / gap, np.vecdot(inside, self._by_h)
        share = (1.0 - self._a[:, 0]) * total
        out[:, 0, 0] += share / gap**2
        out[:, 1, 1] -= share * part * (1.0 - part)
        for (i, j), value in (
            ((0, 1), -share * part / gap),
            ((0, 4), -total / gap),
            ((1, 4), total * part),
        ):
            out[:, i, j] += value
            out[:, j, i] += value
        return out

    def _second(self) -> tuple[Array, Array, Array]:
        """Return the second derivatives of t by h twice, by h and a, and by a twice."""
        t, pace, by_a = self._t, self._pace, self._z_by_a
        bend = self._peak * (self._rest - t)
        turn = (1.0 - self._a) * self._peak
        twice, mixed = turn * pace**3, (turn * by_a - t) * pace**2
        square = (turn * by_a - 2.0 * t) * by_a * pace
        return (
            bend * pace**2 + self._peak * twice,
            bend * pace * by_a + self._peak * mixed,
            bend * by_a**2 + self._peak * square,
        )


def _sums(by: Array, w: Array) -> Array:
    return np.asarray((by @ w[:, :, None])[:, :, 0])
