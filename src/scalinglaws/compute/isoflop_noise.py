"""IsoFLOP optima by interpolation, with noise between seeds: what Porian et al. 2024 do.

A curve through all points of a budget follows lopsided profiles that a parabola cannot; in return
it follows the noise, too, which is why the noise has to be given.
"""

from typing import Any

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.compute.growing import Frontier, joined
from scalinglaws.compute.isoflop import TOLERANCE, budgets
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.compute.profiles import MIN_SIZES, checked_sizes, tokens_at
from scalinglaws.errors import BadParameters

DRAWS = 1000

BLIND = 0.2
"""Scatter of an optimum, over the range of sizes, from which on it is noise: drawn blindly from
the inner sizes it would be 0.2 to 0.29."""

LEAST = 1 / 3
"""No optimum is taken to be known better than this share of the spacing between sizes."""


def minima(log_params: Array, log_loss: Array) -> tuple[Array, Array]:
    """Return log N* and log L* at the lowest points of Akima curves, each (k,).

    ``log_params`` (m,) increases and ``log_loss`` (m, k) is taken at it. NaN where the lowest
    point lies at an end. Each piece is a cubic, so that its minimum is a root and no grid is
    searched. Akima 1970.
    """
    from scipy.interpolate import Akima1DInterpolator

    pieces = Akima1DInterpolator(log_params, log_loss).c
    cubic, square, slope, level = (pieces[j] for j in range(4))
    length = np.diff(log_params)[:, None]
    with np.errstate(all="ignore"):
        root = np.sqrt(square**2 - 3 * cubic * slope)
        # The root with the positive second derivative, written so that a small cubic is harmless.
        at = np.where(square > 0, -slope / (square + root), (root - square) / (3 * cubic))
    inside = np.isfinite(at) & (at > 0) & (at < length)
    at = np.where(inside, at, 0.0)
    value = ((cubic * at + square) * at + slope) * at + level
    value = np.concatenate([value, log_loss[-1:]])
    where = np.concatenate([log_params[:-1, None] + at, np.full_like(value[-1:], log_params[-1])])
    best = value.argmin(axis=0)[None]
    size, loss = (np.take_along_axis(v, best, axis=0)[0] for v in (where, value))
    ends = (size <= log_params[0]) | (size >= log_params[-1])
    return np.where(ends, np.nan, size), np.where(ends, np.nan, loss)


def frontier(
    runs: pd.DataFrame,
    *,
    noise: float,
    n: int = DRAWS,
    seed: int = 0,
    weighted: bool = True,
    budget: str | None = None,
    tolerance: float = TOLERANCE,
    min_sizes: int = MIN_SIZES,
) -> Frontier:
    """Find the minimum of each isoFLOP profile on a curve through its points, and their power law.

    The lowest loss of each size is kept. ``noise`` is the standard deviation of the loss between
    training runs that differ in their seed alone; each of ``n`` draws adds it to every loss, draws
    an Akima curve through log loss against log params and takes its minimum. The median over the
    draws is the optimum, and their scatter, never below :data:`LEAST` of the spacing, its
    uncertainty: the line through the optima weighs each by it (``weighted=False``: all alike).
    Budgets where half of the draws have no minimum inside, or where it is anywhere, are left out,
    with the reason in the table. ``budget``, ``tolerance``, ``min_sizes`` and the tokens are those
    of :func:`scalinglaws.compute.isoflop.frontier`. The table has ``log_params_sd`` beside what
    :func:`scalinglaws.compute.isoflop.frontier` gives.

    Raises :class:`BadParameters` for a noise that is not positive and :class:`Unidentifiable` when
    most runs share no budget or fewer than three budgets keep a minimum. Porian et al. 2024.
    """
    checks.table(runs, ("params", "flops", "loss"), what="the isoFLOP analysis")
    number = isinstance(noise, int | float | np.floating) and not isinstance(noise, bool)
    if not (number and np.isfinite(noise) and noise > 0):
        raise BadParameters(
            f"noise is the scatter of the loss between seeds, a positive number; found {noise!r}. "
            "Train one size three times to measure it"
        )
    n, rng = checks.resamples(n), np.random.default_rng(checks.seed(seed))
    rows: list[dict[str, Any]] = []
    drawn = []
    data = []
    of_run = budgets(runs, column=budget, tolerance=tolerance).to_numpy()
    checked_sizes(min_sizes)
    for flops, part in runs.groupby(of_run):
        best = part.groupby("params")["loss"].min()
        row: dict[str, Any] = {"flops": flops, "runs": len(part), "used": False, "reason": ""}
        rows.append(row)
        if len(best) < min_sizes:
            row["reason"] = f"{len(best)} sizes, {min_sizes} needed"
            continue
        z, loss = np.log(best.index.to_numpy(dtype=float)), best.to_numpy(dtype=float)
        noisy = loss[:, None] + noise * rng.standard_normal((len(loss), n))
        size, lowest = minima(z, np.log(np.maximum(noisy, 1e-3 * loss[:, None])))
        found = np.isfinite(size)
        if 2 * found.sum() < n:
            row["reason"] = f"{1 - found.mean():.0%} of the draws have no minimum inside the sizes"
            continue
        if np.std(size[found]) > BLIND * np.ptp(z):
            row["reason"] = "the noise hides the minimum"
            continue
        scatter = max(float(np.std(size[found])), LEAST * float(np.ptp(z)) / (len(z) - 1))
        params = float(np.exp(np.median(size[found])))

        def tokens_of(log_params: Array, part: pd.DataFrame = part, flops: Any = flops) -> Array:
            counted = tokens_at(part, log_params)
            return (
                np.log(flops / FLOPS_PER_PARAM_TOKEN) - log_params if counted is None else counted
            )

        row.update(
            params=params,
            tokens=float(np.exp(tokens_of(np.array([np.log(params)]))[0])),
            loss=float(np.exp(np.median(lowest[found]))),
            log_params_sd=scatter / found.mean(),
            used=True,
        )
        drawn.append(np.r_[np.median(size[found]), size])
        data.append(tokens_of(drawn[-1]))
    other = any(tokens_at(p, np.zeros(1)) is not None for _, p in runs.groupby(of_run))
    return joined(
        rows,
        drawn,
        runs,
        how="isoFLOP curves with seed noise",
        kind="seed noise",
        shape="akima",
        weighted=weighted,
        tokens=data if other else None,
        budget=of_run,
        min_sizes=min_sizes,
    )
