"""Runs that could be trained for a spend, and which of them tell most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws._format import flops_words
from scalinglaws.decide._information import gradients, information
from scalinglaws.errors import Unidentifiable
from scalinglaws.intervals import beyond
from scalinglaws.intervals.resampling import resampled

if TYPE_CHECKING:
    from collections.abc import Callable

    from scalinglaws._fit import Fit
    from scalinglaws._typing import Array
    from scalinglaws.decide._target import Target

SIZES, RATIOS = 14, 10
LEAST_RATIO, MOST_RATIO = 1.0, 1000.0
USUAL = (5.0, 100.0)
"""Tokens per parameter of the candidates: those of the runs, and at least these, within limits.

Far outside the law's form is least known, and runs there would lean on it most.
"""

DRAWS = 16
"""Refits over which what a design tells is averaged."""

_PASSES = 4
"""Times that each run of a design may be exchanged for another."""

_DIGITS = 2
"""Significant digits of planned sizes and tokens: nobody trains 1.0837e9 parameters."""

_Z = 1.645
"""Standard errors to either side of a 90% interval, in which what is allowed is counted."""

_TINY = 1e-30

_SIMILAR = 0.2
"""Tokens per parameter are alike within so much of their logarithm: sizes are rounded."""

_Chosen = npt.NDArray[np.intp]


def candidates(
    fit: Fit,
    *,
    spend: float,
    low: float | None,
    high: float | None,
    per_param_token: float,
    most: float = np.inf,
) -> pd.DataFrame:
    """Return runs of a grid of sizes and tokens per parameter that the spend can pay, by cost.

    None takes more FLOPs than ``most``.

    Raises :class:`Unidentifiable` where it pays for none.
    """
    own, data = (fit.runs[k].to_numpy(dtype=float)[fit.counted] for k in ("params", "tokens"))
    few = max(LEAST_RATIO, min(USUAL[0], float((data / own).min())))
    many = min(MOST_RATIO, max(USUAL[1], float((data / own).max())))
    least = low or float(own.min())
    largest = (min(spend, most) / per_param_token / few) ** 0.5
    largest = max(least, min(largest, high or largest))
    sizes = _rounded(np.geomspace(least, largest, SIZES))
    ratios = np.geomspace(few, many, RATIOS)
    params, ratio = (v.ravel() for v in np.meshgrid(np.unique(sizes), ratios, indexing="ij"))
    table = pd.DataFrame({"params": params, "tokens": _rounded(params * ratio)})
    table["flops"] = per_param_token * table["params"] * table["tokens"]
    # A law is no better known below the runs than beyond them, and nobody asks it there.
    fewest = float(_rounded(np.array([data.min()]))[0])
    table = table[table["tokens"] >= fewest]
    kept = table[table["flops"] <= min(spend, most)].sort_values("flops").reset_index(drop=True)
    if kept.empty:
        cheapest = per_param_token * least * max(fewest, few * least)
        raise Unidentifiable(
            f"the cheapest run of {least:.3g} parameters or more, on as many tokens as yours have "
            f"at least, takes {flops_words(cheapest)} FLOPs; the spend and the target allow "
            f"{flops_words(min(spend, most))}. Spend more, ask for a larger target, or plan "
            f"smaller runs with min_params"
        )
    return kept


def _rounded(values: Array) -> Array:
    digits = 10.0 ** (np.floor(np.log10(values)) - (_DIGITS - 1))
    return np.asarray(np.floor(values / digits + 1e-9) * digits)


def chosen(
    fit: Fit, target: Target, grid: pd.DataFrame, *, spend: float, runs: int, seed: int
) -> pd.DataFrame:
    """Return the runs that narrow a target's interval most, to first order.

    From several sets of equal runs, each run in turn is exchanged for the candidate that narrows
    the interval most and can be paid, until none does (Fedorov 1972).
    """
    drawn = resampled(fit, 1000, kind=None, by=None)
    rng = np.random.default_rng(seed)
    some = drawn.iloc[np.sort(rng.choice(len(drawn), min(DRAWS, len(drawn)), replace=False))]
    values = {k: np.r_[fit.params[k], some[k].to_numpy()] for k in fit.law.names}
    names = tuple(n for n in fit.law.names if n not in fit.held and n not in fit.at_bound)
    goal = gradients(lambda v: target.logs(v)[:, None], values, names)[:, 0]
    points = {k: grid[k].to_numpy() for k in ("params", "tokens")}

    def law(v: dict[str, Array], **x: Array) -> Array:
        return np.asarray(target.law.function({k: p[:, None] for k, p in v.items()}, x))

    told = information(fit, law, values, points)
    usable = np.isfinite(goal).all(axis=1) & np.isfinite(told.there).all(axis=(1, 2))
    own = {k: fit.runs[k].to_numpy(dtype=float)[fit.counted] for k in ("params", "tokens")}
    cost = grid["flops"].to_numpy()
    stretch = beyond.half_width(target.level, target.allowed) / _Z

    def widths(rest: _Chosen) -> Array:
        """Return the log mean square of the half-width after ``rest`` and each candidate, (m,)."""
        with np.errstate(all="ignore"):
            law_part = told.exchanged(rest, goal)[usable]
        there = {k: np.r_[own[k], points[k][rest]] for k in own}
        reach = stretch * target.decades(there, points)
        # The mean of a logarithm: one wild refit must not decide what is trained.
        return np.asarray(np.log(np.maximum(law_part, 0.0) + reach**2 + _TINY).mean(axis=0))

    starts = []
    for part in (1.0, 0.1):
        most = max(float(cost[0]), part * spend / runs)
        affordable = min(runs, int(spend // cost[0]))
        starts.append(np.full(affordable, int(np.searchsorted(cost, most, side="right")) - 1))
    found = [_exchanged(start.astype(np.intp), cost, spend, widths) for start in starts]
    best = min(found, key=lambda pair: pair[1])[0]
    return grid.iloc[np.sort(best)][["params", "tokens"]].reset_index(drop=True)


def _exchanged(
    design: _Chosen, cost: Array, spend: float, widths: Callable[[_Chosen], Array]
) -> tuple[_Chosen, float]:
    """Return a design after exchanges, each the best there is for one run, and its width."""
    best = float("inf")
    for _ in range(_PASSES):
        before = best
        for k in range(len(design)):
            rest = np.delete(design, k)
            payable = cost <= (spend - cost[rest].sum()) * (1 + 1e-12)
            told = np.where(payable, widths(rest), np.inf)
            at = int(told.argmin())
            if told[at] < best - 1e-9:
                design, best = design.copy(), float(told[at])
                design[k] = at
        if best >= before - 1e-6:
            break
    return design, best


def alike(target: Target, grid: pd.DataFrame) -> pd.DataFrame:
    """Return one run as large as can be paid near the target's tokens per parameter."""
    ratio = np.log(grid["tokens"] / grid["params"]) - np.log(target.tokens / target.params)
    near = grid[np.abs(ratio) <= np.abs(ratio).min() + _SIMILAR]
    return near.iloc[[-1]][["params", "tokens"]].reset_index(drop=True)


def spread(grid: pd.DataFrame, *, spend: float, runs: int) -> pd.DataFrame:
    """Return as many runs as are asked for, of different sizes, each for its share of the spend."""
    payable = grid[grid["flops"] <= spend / runs]
    sizes = payable["params"].unique() if len(payable) else grid["params"].unique()[:1]
    sizes = np.sort(sizes)
    some = sizes[np.unique(np.linspace(0, len(sizes) - 1, runs).round().astype(int))]
    rows = (payable if len(payable) else grid.head(1)).groupby("params").tail(1)
    return rows[rows["params"].isin(some)][["params", "tokens"]].reset_index(drop=True)
