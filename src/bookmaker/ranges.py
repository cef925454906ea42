"""Between what values a chapter's parameters may lie: refused before a kernel starts."""

from __future__ import annotations

from dataclasses import dataclass

from scalinglaws import _checks


@dataclass(frozen=True, kw_only=True)
class Range:
    """Values from ``low`` to ``high``, the ends themselves only where ``ends`` says so."""

    low: float
    high: float
    ends: bool = True

    def holds(self, value: float) -> bool:
        """Whether a value lies in the range."""
        if self.ends:
            return self.low <= value <= self.high
        return self.low < value < self.high

    def __str__(self) -> str:
        """Return the range in words."""
        first, second = ("from", "to") if self.ends else ("between", "and")
        return f"{first} {self.low:g} {second} {self.high:g}"


_SHARE = Range(low=0.0, high=1.0, ends=False)
_POSITIVE = Range(low=0.0, high=1e300, ends=False)

RANGES = {
    "n_resamples": Range(low=_checks.FEWEST, high=100_000),
    "seed": Range(low=0, high=2**64 - 1),
    "level": _SHARE,
    "alpha": _SHARE,
    "held": _SHARE,
    "held_out": _SHARE,
    "seen_share": _SHARE,
    "first_share": _SHARE,
    "lower": _SHARE,
    "noise": Range(low=0.0, high=1.0, ends=False),
    "data_sets": Range(low=1, high=100_000),
    "doublings": Range(low=1, high=30),
    "warm": Range(low=0, high=10**9),
    "most_experts": Range(low=0.0, high=1e9),
    "ahead": Range(low=1.0, high=1e6, ends=False),
    "furthest": Range(low=1.0, high=1e9, ends=False),
}
"""Ranges by name; other numbers are positive."""


def wrong(name: str, kind: str, value: object) -> str:
    """Return what is wrong with a number, or nothing.

    >>> wrong("seed", "int", -1)
    'expected a number from 0 to 1.84467e+19'
    >>> wrong("level", "float", 0.9)
    ''
    """
    if (
        kind not in ("int", "float")
        or isinstance(value, bool)
        or not isinstance(value, int | float)
    ):
        return ""
    allowed = RANGES.get(name, _POSITIVE)
    if allowed.holds(value):
        return ""
    return "expected a positive number" if allowed is _POSITIVE else f"expected a number {allowed}"
