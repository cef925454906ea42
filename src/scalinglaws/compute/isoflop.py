"""Approach 2 of Hoffmann et al. 2022: a parabola at each budget, a power law through the minima."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.compute import lopsided
from scalinglaws.compute.growing import FEWEST, Frontier, joined
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.compute.profiles import MIN_SIZES, about_the_line, checked_sizes, tokens_at
from scalinglaws.errors import BadParameters, UnknownName
from scalinglaws.intervals.interval import Interval
from scalinglaws.intervals.resampling import RESAMPLES, percentiles

TOLERANCE = 0.05
"""Share by which FLOPs of one budget may differ."""


def budgets(
    runs: pd.DataFrame, *, column: str | None = None, tolerance: float = TOLERANCE
) -> pd.Series:
    """Return each run's budget: runs within a tolerance of a budget's smallest FLOPs share it.

    ``column`` names a column that says the budget, in FLOPs; runs with one value share it. Raises
    :class:`BadRuns` for a column that is not there and :class:`BadParameters` for a tolerance that
    is not between 0 and 1.
    """
    if column is not None:
        checks.table(runs, (column,), what="the isoFLOP analysis")
        return runs[column].astype(float)
    if not 0 < checks.numbers({"tolerance": tolerance}, what="budgets")["tolerance"] < 1:
        raise BadParameters(f"tolerance is a share between 0 and 1; found {tolerance!r}")
    apart = np.log10(1 + tolerance)
    log = np.log10(runs["flops"].to_numpy(dtype=float))
    group, first, label = np.empty(len(log), dtype=int), -np.inf, -1
    for row in np.argsort(log, kind="stable"):
        if log[row] - first > apart:
            first, label = log[row], label + 1
        group[row] = label
    centre = pd.Series(log, index=runs.index).groupby(group).transform("median")
    return 10**centre


def parabola(log_params: Array, loss: Array, counts: Array) -> Array:
    """Fit ``loss = p0 + p1 z + p2 z^2`` with weights ``counts`` (B, n); return (B, 3)."""
    basis = np.stack([np.ones_like(log_params), log_params, log_params**2])
    gram = (counts[:, None, :] * basis) @ basis.T
    right = (counts * loss) @ basis.T
    singular = np.linalg.cond(gram) > 1e14
    gram[singular] = np.eye(3)
    right[singular] = np.nan
    return np.asarray(np.linalg.solve(gram, right[:, :, None])[:, :, 0], dtype=float)


def through(
    log_params: Array, loss: Array, *, shape: str, skew: float = 0.0
) -> Callable[[Array], Array]:
    """Return the curve through one profile, a function of log params, of a frontier's shape."""
    if shape == "akima":
        from scipy.interpolate import Akima1DInterpolator

        best = pd.Series(loss).groupby(log_params).min()
        curve = Akima1DInterpolator(best.index.to_numpy(), np.log(best.to_numpy()))
        return lambda z: np.asarray(np.exp(curve(z)))
    centre = log_params.mean()
    if shape == "exponents":
        return lopsided.curve(log_params - centre, loss, skew=skew, centre=centre)
    p = parabola(log_params - centre, loss, np.ones((1, len(loss))))[0]
    return lambda z: np.asarray(p[0] + p[1] * (z - centre) + p[2] * (z - centre) ** 2)


def frontier(
    runs: pd.DataFrame,
    *,
    n: int = RESAMPLES,
    seed: int = 0,
    shape: Literal["parabola", "exponents"] | None = None,
    budget: str | None = None,
    tolerance: float = TOLERANCE,
    min_sizes: int = MIN_SIZES,
) -> Frontier:
    """Find the minimum of each isoFLOP profile and the power law through the minima.

    At each budget a parabola in log params is fitted to the loss by least squares; where the
    profiles, taken together, rise faster on one side (``skew``, whose interval excludes zero), the
    curve of :mod:`~scalinglaws.compute.lopsided` takes its place, as the vertex of a parabola is
    beside the minimum then. Budgets without a minimum inside the measured sizes are left out, with
    the reason in the table. Tokens at the best size are those of the runs around it, in whatever
    way their FLOPs are counted; where they are 6ND, C / 6N. ``budget`` names a column that says the
    budget of each run, ``tolerance`` by what share FLOPs of one budget may differ, ``min_sizes``
    how many sizes one must have; below five they do not tell a skew, and
    parabolas are taken; intervals then come from how far the best sizes lie from their line.
    ``shape`` asks for one of the two curves, such as the parabola of the paper. Intervals resample
    runs within each budget: sizes that repeat, or runs that stand at several budgets, are drawn
    whole. Raises :class:`Unidentifiable` when fewer than
    three budgets keep a minimum; its ``partial`` is the table. Hoffmann et al. 2022, section 3.2.
    """
    checks.table(runs, ("params", "flops", "loss"), what="the isoFLOP analysis")
    checks.resamples(n)
    if shape not in (None, "parabola", "exponents"):
        raise UnknownName(f"no curve is called {shape!r}; there are parabola, exponents")
    if checked_sizes(min_sizes) < MIN_SIZES:
        shape = shape or "parabola"
    rng = np.random.default_rng(checks.seed(seed))
    of_run = budgets(runs, column=budget, tolerance=tolerance).to_numpy()
    rows: list[dict[str, Any]] = []
    profiles, kind = _drawn_profiles(runs, rows, n, rng, of_run, min_sizes)
    skew, middle = None, np.zeros(n + 1)
    if len(profiles) >= FEWEST and shape != "parabola":
        found = lopsided.skews([p for _, _, p in profiles])
        low, high = percentiles(found[1:], 0.9)
        skew = Interval(
            estimate=float(found[0]), low=float(low), high=float(high), level=0.9, kind=kind
        )
        middle = found
    bent = skew is not None and (shape == "exponents" or (shape is None and 0.0 not in skew))
    unsure = 0.0 if skew is None or bent or shape else lopsided.left_open(skew)
    drawn: list[Array] = []
    data: list[Array] = []
    for row, centre, profile in profiles:
        z = profile[0]
        at, lowest = (
            lopsided.minima(profile, middle) if bent else _vertices(z, profile[1], profile[2])
        )
        if unsure:
            # Every other draw allows for the skew that the profiles do not exclude.
            at[1::2] = lopsided.minima(profile, np.full(n + 1, unsure))[0][1::2]
        inside = (at >= z.min()) & (at <= z.max())
        if not inside[0]:
            row["reason"] = "no minimum inside the measured sizes"
            continue
        best = float(np.exp(at[0] + centre))
        counted = tokens_at(runs[of_run == row["flops"]], at + centre)
        six_nd = np.log(row["flops"] / FLOPS_PER_PARAM_TOKEN) - (at + centre)
        data.append(np.where(inside, six_nd if counted is None else counted, np.nan))
        row.update(
            params=best,
            tokens=row["flops"] / FLOPS_PER_PARAM_TOKEN / best
            if counted is None
            else float(np.exp(counted[0])),
            loss=float(lowest[0]),
            dropped=float(1 - inside[1:].mean()),
            used=True,
        )
        drawn.append(np.where(inside, at + centre, np.nan))
    how = "isoFLOP curves of two exponents" if bent else "isoFLOP parabolas"
    if min_sizes < MIN_SIZES and len(drawn) >= FEWEST:
        kind = "scatter about the line"
        rows = [{**row, "dropped": 0.0} if row["used"] else row for row in rows]
        at_budgets = np.log([row["flops"] for row in rows if row["used"]])
        told = np.array([d[0] for d in drawn])
        scattered = about_the_line(at_budgets, told, n, rng).T
        data = [np.r_[d[0], d[0] + y - s] for d, y, s in zip(data, told, scattered, strict=True)]
        drawn = [np.r_[y, s] for y, s in zip(told, scattered, strict=True)]
    other = any(tokens_at(p, np.zeros(1)) is not None for _, p in runs.groupby(of_run))
    out = joined(
        rows,
        drawn,
        runs,
        how=f"{how} (approach 2)",
        kind=kind,
        tokens=data if other else None,
        budget=of_run,
        min_sizes=min_sizes,
    )
    return replace(out, skew=skew, shape="exponents" if bent else "parabola")


def _drawn_profiles(
    runs: pd.DataFrame,
    rows: list[dict[str, Any]],
    n: int,
    rng: np.random.Generator,
    budget: Array,
    min_sizes: int,
) -> tuple[list[tuple[dict[str, Any], float, lopsided.Profile]], str]:
    """Return each profile with its row, centre and draws, and what is drawn; fill ``rows``.

    Runs whose checkpoints stand at several budgets are drawn whole, and else sizes that a budget
    has several times.
    """
    run = pd.factorize(runs["run"])[0] if "run" in runs.columns else np.arange(len(runs))
    whole = run.max() + 1 < len(runs)
    often = (
        rng.multinomial(run.max() + 1, np.full(run.max() + 1, 1 / (run.max() + 1)), size=n)
        if (whole)
        else np.empty(0)
    )
    profiles, repeated = [], False
    for flops, place in runs.groupby(budget).indices.items():
        part = runs.iloc[place]
        z = np.log(part["params"].to_numpy(dtype=float))
        row: dict[str, Any] = {"flops": float(flops), "runs": len(part)}
        row |= {"used": False, "reason": ""}
        rows.append(row)
        sizes, size = np.unique(z, return_inverse=True)
        if len(sizes) < min_sizes:
            row["reason"] = f"{len(sizes)} sizes, {min_sizes} needed"
            continue
        counts = np.ones((n + 1, len(z)))
        if whole:
            counts[1:] = often[:, run[place]]
        elif len(sizes) < len(z):
            repeated = True
            share = np.full(len(sizes), 1 / len(sizes))
            counts[1:] = rng.multinomial(len(sizes), share, size=n)[:, size]
        else:
            counts[1:] = rng.multinomial(len(z), np.full(len(z), 1 / len(z)), size=n)
        centre = float(z.mean())
        profiles.append((row, centre, (z - centre, part["loss"].to_numpy(dtype=float), counts)))
    if whole:
        return profiles, "bootstrap by run"
    return profiles, f"bootstrap {'of sizes ' if repeated else ''}within budgets"


def _vertices(z: Array, loss: Array, counts: Array) -> tuple[Array, Array]:
    """Return where the parabola of each draw is lowest (B,), NaN without a minimum, and how low."""
    p = parabola(z, loss, counts)
    flat = 1e-9 * loss.mean() / np.ptp(z) ** 2  # curvature that rounding alone can make
    with np.errstate(invalid="ignore", divide="ignore"):
        at = np.where(p[:, 2] > flat, -p[:, 1] / (2 * p[:, 2]), np.nan)
    return at, p[:, 0] + p[:, 1] * at + p[:, 2] * at**2
