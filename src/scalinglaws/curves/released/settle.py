"""A hundred damped steps on the ends at once.

Close to where the slopes by the ends vanish the steps are linear, and their sum is known. With
``q`` the undamped step of each end by itself and ``B`` the second derivatives over their diagonal,
the ends move by ``-phi(B) q`` where ``phi(e) = (1 - (1 - 0.1 e)^100) / e``.
"""

import math
from typing import NamedTuple

from scalinglaws.curves.released.ends import RATE, STEPS, Ends, Line
from scalinglaws.curves.released.result import NEGLIGIBLE

SMALL = 1e-4
"""Moves, over the distance to the nearest loss, for which one look at the slopes is enough."""

MODEST = 0.03
"""The same for ends that go so much together that where the slopes vanish is not solved for."""

LARGE = 0.3
"""Moves from which on the steps are taken, if fewer and longer."""

TIED = 0.9
"""How much together that is: the share of the two second derivatives in the mixed one."""


class _Alone(NamedTuple):
    """Undamped steps of each end by itself, and what stands beside the ones in B."""

    by_low: float
    by_high: float
    upper: float = 0.0
    lower: float = 0.0

    @property
    def share(self) -> float:
        return math.sqrt(self.upper * self.lower)

    def damped(self) -> tuple[float, float]:
        """Return -phi(B) q."""
        share = max(self.share, 1e-6)
        plus, minus = _phi(1 + share), _phi(1 - share)
        even, odd = (plus + minus) / 2, (plus - minus) / (2 * share)
        return (
            -even * self.by_low - odd * self.upper * self.by_high,
            -even * self.by_high - odd * self.lower * self.by_low,
        )

    def undamped(self) -> tuple[float, float]:
        """Return -B^-1 q."""
        left = 1 - self.upper * self.lower
        return (
            (self.upper * self.by_high - self.by_low) / left,
            (self.lower * self.by_low - self.by_high) / left,
        )


def settled(ends: Ends, low: float, high: float, p: Line) -> tuple[float, float]:
    """Return by how much the steps of one iteration move the lower and the upper end.

    They are taken one by one where ``beta`` is clipped at one, for there the path stops wherever
    it is.
    """
    if ends.with_top and p.log_beta == 0:
        end = ends.step(low, high, p, steps=STEPS, rate=RATE)
        return end[0] - low, end[1] - high
    alone = _alone(ends, low, high, p)
    if alone is not None:
        move = alone.damped()
        size = _size(ends, low, high, move)
        tied = alone.share > TIED
        if size < (MODEST if tied else SMALL):
            return move
        if size < LARGE and not tied:
            whole = alone.undamped()
            root = _root(ends, low + whole[0], high + whole[1], p)
            if root is not None:
                # What the damped steps leave of the way is as short as it was reckoned.
                return root[0] - low + move[0] - whole[0], root[1] - high + move[1] - whole[1]
    # A fifth of the steps, each as long as five: the same contraction.
    end = ends.step(low, high, p, steps=STEPS // 5, rate=1 - (1 - RATE) ** 5)
    return end[0] - low, end[1] - high


def _alone(ends: Ends, low: float, high: float, p: Line) -> _Alone | None:
    """Return the steps of each end, or None where the steps lead away from a minimum."""
    slopes = ends.slopes(low, high, p)
    if slopes.bend_low <= NEGLIGIBLE or slopes.bend_high < -NEGLIGIBLE:
        return None
    by_low, by_high = slopes.by_low / slopes.bend_low, 0.0
    if slopes.bend_high > NEGLIGIBLE:
        by_high = slopes.by_high / slopes.bend_high
    # An end that is pressed against its bound stays there.
    if (low <= 0 and by_low > 0) or (low >= ends.floor and by_low < 0):
        by_low = 0.0
    if (high >= ends.upper and by_high < 0) or (high <= ends.top and by_high > 0):
        by_high = 0.0
    if by_low == 0 or by_high == 0:
        return _Alone(by_low, by_high)
    return _Alone(by_low, by_high, slopes.both / slopes.bend_low, slopes.both / slopes.bend_high)


def _phi(e: float) -> float:
    e = e if abs(e) > 1e-9 else 1e-9
    return (1 - (1 - RATE * e) ** STEPS) / e


def _root(ends: Ends, low: float, high: float, p: Line) -> tuple[float, float] | None:
    """Return where the slopes by the ends vanish, or None if that is beyond the lower bound."""
    for _ in range(3):
        if low <= 0:
            return None
        low, high = ends.within(low, high)
        alone = _alone(ends, low, high, p)
        if alone is None:
            return None
        move = alone.undamped()
        near = _size(ends, low, high, move) < SMALL
        low, high = low + move[0], high + move[1]
        if near:
            break
    return ends.within(low, high)


def _size(ends: Ends, low: float, high: float, move: tuple[float, float]) -> float:
    return max(abs(move[0]) / (ends.least - low), abs(move[1]) / (high - ends.most))
