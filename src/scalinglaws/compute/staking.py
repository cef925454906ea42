"""Ends to stake: those of a law, and the answers to a loss that is a little off, put together."""

import numpy as np

from scalinglaws._typing import Array


def staked(
    name: str, middle: float, low: float, high: float, others: Array, *, log: bool = True
) -> dict[str, float]:
    """Return the ends to stake of an answer, under ``name_low`` and ``name_high``.

    ``low`` and ``high`` are the ends if the law holds, ``others`` the answers to other losses. Each
    side is the root of the sum of their squares, in the logarithm unless ``log`` is false.

    >>> {k: round(v, 9) for k, v in staked("n", 10.0, 10.0, 20.0, np.array([5.0, 10.0])).items()}
    {'n_low': 5.0, 'n_high': 20.0}
    """
    numbers = np.array([middle, low, high, *others])
    with np.errstate(all="ignore"):
        centre, low, high, *moved = np.log(numbers) if log else numbers
        steps = [0.0, *(m - centre for m in moved if not np.isnan(m))]
        down, up = np.hypot(low - centre, min(steps)), np.hypot(high - centre, max(steps))
        ends = np.array([centre - down, centre + up])
        first, last = np.exp(ends) if log else ends
    return {f"{name}_low": float(first), f"{name}_high": float(last)}
