"""The path of M2 and M4 in leaps: its points are those of a walk, only the clock is reckoned.

From one iteration to the next the lower end moves by a little less each time, and everything else
follows it. So the path is a line that can be entered anywhere ahead, and what is left is to count
how many iterations a leap was worth. If the step goes linearly from ``d`` to ``d'`` over the leap,
as it does near a fixed point, these are ``log(d'/d) / log(1 + (d' - d) / leap)``.

Leaps come in pairs: as one and as two they must give nearly the same count, and the better of both
is kept; else they are shorter. Where the regression changes which of its coefficients are held at
zero, and close to a bound, the path is walked.

A fixed point does not depend on the clock, and a path that is cut off hardly does. It matters where
``beta`` is clipped at one, for there a path stops at the next iteration: what the clock is off by,
a hundredth of an iteration, the ends are off by in steps, which may be large early on.
"""

import math
from typing import NamedTuple

from scalinglaws.curves.released.ends import CAP, CREEP, RATE, SLOW, STOP, Ends, Line
from scalinglaws.curves.released.settle import settled
from scalinglaws.curves.released.walk import Found

SURE = 0.05
"""Iterations by which a count may be unsure, and 0.3% of it on top."""

STILL = 1e-11
"""Steps of the lower end that are left to the limit of their geometric series."""

TIGHT = 0.05
"""Part of the distance to the nearest loss that an end may creep at once."""

SHORT = 2.0
"""Iterations below which a leap is not worth its price."""


class _Node(NamedTuple):
    """A point of the path, the regression there, and how the next iteration moves the ends."""

    low: float
    high: float
    p: Line
    down: float
    up: float

    @property
    def free(self) -> list[bool]:
        return [value > 0 for value in self.p]


class _Path:
    """Where on the path we are, and how it has gone of late.

    ``rate`` is the ratio of one step to the last, ``slope`` how the upper end follows the lower
    one, and ``length`` how many iterations the next leap is to be worth.
    """

    def __init__(self, ends: Ends, high: float) -> None:
        self.ends, self.k = ends, float(SLOW)
        self.here = self._node(*_crept(ends, high))
        self.length, self.rate, self.slope = 1.0, 1.0, 0.0

    def _node(self, low: float, high: float) -> _Node:
        low, high = self.ends.within(low, high)
        p = self.ends.regress(low)
        return _Node(low, high, p, *settled(self.ends, low, high, p))

    def after(self, node: _Node, part: float = 1.0) -> _Node:
        """Return the node after so many steps as long as the next one."""
        return self._node(node.low + part * node.down, node.high + part * node.up)

    def rest(self) -> float:
        """Return how many iterations there are until beta stands still."""
        low, _ = self.ends.within(self.here.low + self.here.down, self.here.high)
        beta = self.here.p.beta
        change = abs(self.ends.regress(low).beta - beta)
        if not math.isfinite(change):
            return math.inf
        # A large beta has to repeat to the last bit, which it does when the lower end stands still
        # because a damped step is less than half of its last bit.
        halt = max(STOP, math.ulp(beta) / 2) / change if change > 0 else math.inf
        if self.here.down != 0:
            halt = max(halt, math.ulp(self.here.low) / (2 * RATE) / abs(self.here.down))
        if halt > 1:
            return 0.0
        return math.log(halt) / math.log(self.rate) if 0 < self.rate < 1 else math.inf

    def jump(self, longest: float) -> bool:
        """Leap twice, if both leaps together give the count that they give one by one."""
        span = min(self.length, longest / 2)
        if span < SHORT:
            return False
        a, rate, slope = self.here, self.rate, self.slope
        nodes = [a]
        for _ in range(2):
            last = nodes[-1]
            # The iteration that brings the upper end back onto the path is one of those counted.
            heals = last.p.alpha > 0
            far = last.down * _geometric(rate, span - heals)
            node = self._node(last.low + far, last.high + slope * far)
            node = self.after(node) if heals else node
            if node.free != a.free or node.low + node.down <= 0 or not _steady(last, node):
                self.length = span / 3
                return False
            rate, slope = _trend(last, node)
            nodes.append(node)
        _, b, c = nodes
        worth, unsure = _count(a, b, c)
        sure = SURE + 3e-3 * worth
        if not unsure < sure or worth > longest:
            self.length = span / 3
            return False
        self.k, self.here, self.rate, self.slope = self.k + worth, c, rate, slope
        # Counts differ with the fifth power of a leap's length.
        self.length = span * min(max(0.8 * (sure / max(unsure, 1e-12)) ** 0.2, 1.5), 4.0)
        return True

    def walk(self) -> None:
        """Go on by one iteration, or to the next whole one."""
        part = math.ceil(self.k - 1e-6) - self.k
        part = part if part > 1e-6 else 1.0
        a, b = self.here, self.after(self.here, part)
        self.k, self.here = self.k + part, b
        steady = a.free == b.free and _steady(a, b)
        self.length = min(2 * self.length, 2 * SHORT) if steady else 1.0
        if steady:
            self.rate, self.slope = _trend(a, b)


def _steady(a: _Node, b: _Node) -> bool:
    """Say whether one goes on from a to b without a turn."""
    return a.low != b.low and a.down * b.down > 0 and _trend(a, b)[0] > 0


def _trend(a: _Node, b: _Node) -> tuple[float, float]:
    gone = b.low - a.low
    return 1 + (b.down - a.down) / gone, (b.high - a.high) / gone


def _geometric(rate: float, count: float) -> float:
    """Return 1 + rate + ... + rate^(count - 1), also for parts of a step."""
    if abs(rate - 1) < 1e-12:
        return count
    return math.expm1(count * math.log(rate)) / (rate - 1)


def _between(a: _Node, b: _Node) -> float:
    rate, _ = _trend(a, b)
    if abs(rate - 1) < 1e-12:
        return (b.low - a.low) / a.down
    return math.log(b.down / a.down) / math.log(rate)


def _count(a: _Node, b: _Node, c: _Node) -> tuple[float, float]:
    """Return the iterations from a by b to c, and how unsure they are.

    The count of one leap errs with the third power of its length; that much is taken off.
    """
    if not _steady(a, c):
        return math.nan, math.nan
    as_one, as_two = _between(a, c), _between(a, b) + _between(b, c)
    part = (b.low - a.low) / (c.low - a.low)
    left = part**3 + (1 - part) ** 3
    off = (as_two - as_one) * left / (1 - left)
    return as_two + off, abs(off)


def _crept(ends: Ends, high: float) -> tuple[float, float]:
    """Return the ends after the slow iterations, each of which follows the gradient for a time."""
    low = ends.floor
    for _ in range(SLOW):
        p, left = ends.regress(low), CREEP
        while left > 0:
            at = ends.slopes(low, high, p)
            pace = max(abs(at.by_low) / (ends.least - low), abs(at.by_high) / (high - ends.most))
            time = min(left, TIGHT / max(pace, 1e-300))
            # Steps by the gradient and its change on the way.
            down = time * at.by_low * (1 - time * at.bend_low / 2)
            up = time * at.by_high * (1 - time * at.bend_high / 2)
            low, high = ends.within(low - down, high - up)
            left -= time
    return low, high


def follow(ends: Ends, high: float) -> Found:
    """Follow the released path from the floor and an upper end, in leaps where it allows them."""
    path, converged = _Path(ends, high), False
    while not converged and path.k < CAP - 1 - 1e-6:
        rest, here = path.rest(), path.here
        longest = min(rest + 1, CAP - 1 - path.k)
        if path.k > SLOW and rest == 0:
            path.walk()
            converged = True
        elif path.k > SLOW and abs(here.down) < STILL and math.isfinite(rest):
            path.here = path.after(here, _geometric(path.rate, longest))
            path.k += longest
            converged = rest + 1 == longest
        elif not path.jump(longest):
            path.walk()
    last = path.after(path.here)
    return Found(last.low, last.high, path.here.p, round(path.k + 1), converged)
