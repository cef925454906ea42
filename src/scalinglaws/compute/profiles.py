"""Profiles of equal compute: how many sizes they need, their tokens, and scatter about a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.errors import BadParameters

if TYPE_CHECKING:
    import pandas as pd

    from scalinglaws._typing import Array

MIN_SIZES = 5
"""Distinct sizes at a budget below which a parabola's minimum is not worth having."""

LEAST_SIZES = 3
"""Distinct sizes at a budget that a parabola passes through exactly."""

SIX_ND = 1e-3
"""FLOPs this close to 6ND are 6ND: rounding in a table, not another count."""


def tokens_at(part: pd.DataFrame, log_params: Array) -> Array | None:
    """Return log tokens of a profile at sizes (k,), or ``None`` where C = 6ND gives them.

    Tokens of a profile are a smooth function of size, whatever its FLOPs count beside 6ND: a
    parabola in the logarithms follows it, a line where there are three sizes.
    """
    if "tokens" not in part.columns:
        return None
    n, d = (part[k].to_numpy(dtype=float) for k in ("params", "tokens"))
    if np.allclose(FLOPS_PER_PARAM_TOKEN * n * d, part["flops"], rtol=SIX_ND):
        return None
    z = np.log(n)
    if len(np.unique(z)) < LEAST_SIZES:
        return None
    degree = 2 if len(np.unique(z)) > LEAST_SIZES else 1
    line = np.polynomial.Polynomial.fit(z, np.log(d), degree)
    return np.asarray(line(log_params))


def checked_sizes(min_sizes: int) -> int:
    """Return the smallest number of sizes; raises :class:`BadParameters` below three."""
    whole = isinstance(min_sizes, int) and not isinstance(min_sizes, bool)
    if not whole or min_sizes < LEAST_SIZES:
        raise BadParameters(
            f"min_sizes is a whole number from {LEAST_SIZES} on, as a parabola has three "
            f"coefficients; found {min_sizes!r}"
        )
    return min_sizes


def about_the_line(log_flops: Array, log_params: Array, n: int, rng: np.random.Generator) -> Array:
    """Return draws (n, m) of best sizes (m,) by their scatter about a line through them.

    What a profile of three or four sizes leaves open it does not tell; how far the best sizes lie
    from their line does, with Student's tails of m - 2 degrees of freedom.
    """
    slope, level = np.polyfit(log_flops, log_params, 1)
    middle = level + slope * log_flops
    dof = len(log_flops) - 2
    scale = np.sqrt(((log_params - middle) ** 2).sum() / rng.chisquare(dof, n))
    return np.asarray(middle + scale[:, None] * rng.standard_normal((n, len(log_flops))))
