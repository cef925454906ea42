"""The path of M2 and M4 as the released code goes it: every step of every iteration."""

from dataclasses import dataclass

from scalinglaws.curves.released.ends import CAP, CREEP, RATE, SLOW, STEPS, STOP, Ends, Line


@dataclass(frozen=True)
class Found:
    """Where a path ended: the ends, the last regression, and how it came there."""

    low: float
    high: float
    p: Line
    iterations: int
    converged: bool


def walk(ends: Ends, high: float) -> Found:
    """Walk the released path from the floor and an upper end."""
    low, beta, converged, k = ends.floor, 1.0, False, 0
    p = ends.regress(low)
    while not converged and k < CAP:
        p, before = ends.regress(low), beta
        if k < SLOW:
            low, high = _creep(ends, low, high, p)
        else:
            low, high = ends.step(low, high, p, steps=STEPS, rate=RATE)
        beta = p.beta
        converged = abs(beta - before) < STOP and k > SLOW + 1
        k += 1
    return Found(low, high, p, k, converged)


def _creep(ends: Ends, low: float, high: float, p: Line) -> tuple[float, float]:
    for _ in range(1000):
        slopes = ends.slopes(low, high, p)
        rate = CREEP / 1000
        low, high = ends.within(low - rate * slopes.by_low, high - rate * slopes.by_high)
    return low, high
