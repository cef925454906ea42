"""Which rows a resample holds, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scalinglaws._typing import Array

UNIT = 64
"""Resamples that are drawn from one seed."""

INDEX = np.intp
"""What numpy counts with on this platform: 32 bits wide in a browser."""


def rows_of(seed: int, first: int, last: int, size: int) -> npt.NDArray[np.intp]:
    """Draw row numbers (last - first, size); a resample's depend on its own number only."""
    units = range(first // UNIT, -(-last // UNIT))
    drawn = [np.random.default_rng([seed, u]).integers(0, size, (UNIT, size)) for u in units]
    start = first - units[0] * UNIT
    # The same numbers are drawn on every platform, then counted with what it counts with.
    return np.concatenate(drawn)[start : start + last - first].astype(INDEX, copy=False)


def counts_of(drawn: npt.NDArray[np.intp], weights: Array) -> Array:
    """Return weights (n,) times how often each run was drawn, (b, n), for row numbers (b, rows)."""
    size = len(weights)
    out = np.empty((len(drawn), size))
    start = size * np.arange(UNIT, dtype=INDEX)[:, None]
    # In parts that stay in the cache: the counts of all at once take four times as long.
    for first in range(0, len(drawn), UNIT):
        some = drawn[first : first + UNIT]
        flat = (some + start[: len(some)]).ravel()
        times = np.bincount(flat, minlength=size * len(some)).reshape(-1, size)
        np.multiply(times, weights, out=out[first : first + UNIT])
    return out
