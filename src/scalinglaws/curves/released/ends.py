"""One outer iteration of M2 and M4: the regression, and the steps on the ends of the loss scale."""

import math
from typing import NamedTuple

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.curves.released.result import NEGLIGIBLE

MARGIN = 1e-3
STOP = 1e-10
CAP = 10_000
SLOW = 100
"""Outer iterations in which the ends creep along their gradient, before steps of second order."""

CREEP = 1e-5
"""How far along the gradient one such iteration goes: a thousand steps of 1e-8."""

STEPS, RATE = 100, 0.1
"""Damped steps of second order in every later iteration."""


class Line(NamedTuple):
    """What the regression gives."""

    log_beta: float
    falls: float
    alpha: float

    @property
    def beta(self) -> float:
        """Return the factor itself, which may be too large for a number."""
        return float(np.exp(self.log_beta))


class Slopes(NamedTuple):
    """Derivatives of half the mean square by the lower and the upper end."""

    by_low: float
    bend_low: float
    by_high: float = 0.0
    bend_high: float = 0.0
    both: float = 0.0


class Ends:
    """A curve with the regression and the steps of M2 (no ``err_0``) and M4."""

    def __init__(self, at: Array, y: Array, *, err_0: float | None, upper: float | None) -> None:
        """Prepare the regression of the losses ``y`` (n,) at ``at`` (n,)."""
        self.y, self.log_x, self.with_top = y, np.log(at), err_0 is not None
        self.basis = np.column_stack([np.ones_like(at), -self.log_x])
        self.line = np.linalg.pinv(self.basis)
        if err_0 is not None:
            self.basis = np.column_stack([self.basis, np.log(err_0 - y)])
            self.inverse = np.linalg.pinv(self.basis)
        self.least, self.most = float(y.min()), float(y.max())
        self.floor, self.top = self.least - MARGIN, self.most + MARGIN
        self.upper = math.inf if upper is None else upper + MARGIN

    def regress(self, low: float) -> Line:
        """Return what the regression gives for a lower end: non-negative, if there is a top."""
        target = np.log(self.y - low)
        if self.with_top:
            found = Line(*self.inverse.dot(target).tolist())
            if found.alpha >= 0:
                return found if min(found) >= 0 else self._without_negative(target)
        log_beta, falls = self.line.dot(target).tolist()
        if self.with_top and min(log_beta, falls) < 0:
            return self._without_negative(target)
        return Line(log_beta, falls, 0.0)

    def _without_negative(self, target: Array) -> Line:
        from scipy.optimize import nnls

        return Line(*nnls(self.basis, target)[0].tolist())

    def within(self, low: float, high: float) -> tuple[float, float]:
        """Return the ends inside their bounds, the later bound winning."""
        return min(max(low, 0.0), self.floor), min(max(high, self.top), self.upper)

    def slopes(self, low: float, high: float, p: Line) -> Slopes:
        """Return first and second derivatives by the ends."""
        n = self.y.size
        over_u = 1 / (self.y - low)
        r = p.falls * self.log_x - np.log(over_u) - p.log_beta
        # Method dot, as the operator takes twice as long for so few points.
        if p.alpha == 0:
            return Slopes(-float(r.dot(over_u)) / n, float((1 - r).dot(over_u**2)) / n)
        over_v = 1 / (high - self.y)
        r += p.alpha * np.log(over_v)
        return Slopes(
            -float(r.dot(over_u)) / n,
            float((1 - r).dot(over_u**2)) / n,
            -p.alpha * float(r.dot(over_v)) / n,
            p.alpha * float((p.alpha + r).dot(over_v**2)) / n,
            p.alpha * float(over_u.dot(over_v)) / n,
        )

    def step(
        self, low: float, high: float, p: Line, *, steps: int, rate: float
    ) -> tuple[float, float]:
        """Take damped second-order steps of each end by itself."""
        for _ in range(steps):
            by_low, bend_low, by_high, bend_high, _ = self.slopes(low, high, p)
            if not self.with_top or abs(bend_low) > NEGLIGIBLE:
                low -= rate * by_low / bend_low
            if abs(bend_high) > NEGLIGIBLE:
                high -= rate * by_high / bend_high
            low, high = self.within(low, high)
        return low, high
