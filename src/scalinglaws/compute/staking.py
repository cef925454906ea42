"""Ends to stake: those of a law, and the answers to a loss that is a little off, put together."""

import numpy as np

from scalinglaws._typing import Array


def staked(
    name: str, middle: float, low: float, high: float, others: Array, *, saved: bool = False
) -> dict[str, float]:
    """Return the ends to stake of an answer, under ``name_low`` and ``name_high``.

    ``low`` and ``high`` are the ends if the law holds, ``others`` the answers to other losses. Each
    side is the root of the sum of their squares, in the logarithm: of a share ``saved``, in that of
    what is left to pay, so that nobody is promised to save more than everything.

    >>> {k: round(v, 9) for k, v in staked("n", 10.0, 10.0, 20.0, np.array([5.0, 10.0])).items()}
    {'n_low': 5.0, 'n_high': 20.0}
    """
    if saved:
        left = staked(name, 1 - middle, 1 - high, 1 - low, 1 - np.asarray(others))
        return {f"{name}_low": 1 - left[f"{name}_high"], f"{name}_high": 1 - left[f"{name}_low"]}
    with np.errstate(all="ignore"):
        centre, low, high, *moved = np.log([middle, low, high, *others])
        steps = [0.0, *(m - centre for m in moved if not np.isnan(m))]
        down, up = np.hypot(low - centre, min(steps)), np.hypot(high - centre, max(steps))
        first, last = np.exp([centre - down, centre + up])
    return {f"{name}_low": float(first), f"{name}_high": float(last)}
