"""How a table counts its own FLOPs, as FLOPs per parameter and token: 6 where it is 6ND."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scalinglaws import _checks as checks
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.errors import BadParameters, Fix, Problem, Unidentifiable

if TYPE_CHECKING:
    from scalinglaws.fitting.fitted import Fitted

USUAL = 0.05
"""Share by which a table's count may be off 6ND and still be called that."""

DRIFT = 0.05
"""Share by which a count may drift over the runs: it moves the best size by half of that."""

CHANCE = 0.05
"""Probability of a drift by chance above which it counts as scatter."""


def own_count(fit: Fitted) -> float:
    r"""Return the FLOPs per parameter and token by which a fit's table counts its compute.

    ``k``, the median of ``C / (N D)`` over the runs, in floating-point operations; 6 where the
    table has no ``flops``, ``params`` or ``tokens`` of its own, or counts within 5% of 6ND. A
    budget in the table's own FLOPs is then split by ``allocate(..., per_param_token=k)``.

    Raises :class:`Unidentifiable` where ``C / (N D)`` drifts with size or data by more than 5%
    over the runs, beyond what its scatter explains: then there is no one count.

    >>> import scalinglaws as sl
    >>> runs = sl.load("hoffmann2022")
    >>> own_count(sl.fit(sl.laws.CHINCHILLA, runs))
    6.0
    >>> counted = runs.assign(flops=7.5 * runs["params"] * runs["tokens"])
    >>> round(own_count(sl.fit(sl.laws.CHINCHILLA, counted)), 9)
    7.5
    """
    runs = fit.runs
    if not {"flops", "params", "tokens"} <= set(runs.columns):
        return FLOPS_PER_PARAM_TOKEN
    columns = (runs[k].to_numpy(dtype=float)[fit.counted] for k in ("params", "tokens", "flops"))
    n, d, c = map(np.log, columns)
    ratio = c - n - d
    k = float(np.exp(np.median(ratio)))
    drift, chance = _drift(ratio, np.column_stack([n - n.mean(), d - d.mean()]))
    if drift > DRIFT and chance < CHANCE:
        least, most = (float(np.exp(ratio[at])) for at in (n.argmin(), n.argmax()))
        usual, largest = (Fix("per_param_token", float(f"{v:.3g}")) for v in (6.0, most))
        raise Unidentifiable(
            Problem(
                f"the table's flops are {least:.3g} params tokens for the smallest model and "
                f"{most:.3g} for the largest, so that no one count says what a budget buys: "
                f"{largest} counts as the largest run does, {usual} takes budgets as 6ND",
                largest,
                usual,
            ),
            partial=k,
        )
    return FLOPS_PER_PARAM_TOKEN if abs(k / FLOPS_PER_PARAM_TOKEN - 1) <= USUAL else k


def count_for(fit: Fitted, given: float | None) -> float:
    """Return by how many FLOPs per parameter and token budgets are counted: ``given``, or own.

    Raises :class:`BadParameters` for a number that is not positive, and what :func:`own_count` does
    where none is given.
    """
    if given is None:
        return own_count(fit)
    if checks.numbers({"k": given}, what="per_param_token")["k"] <= 0:
        raise BadParameters(f"per_param_token must be positive; found {given!r}")
    return float(given)


def count_near(fit: Fitted) -> float:
    """Return the count of a fit's table, or 6 where it has no one count: for labels alone."""
    try:
        return own_count(fit)
    except Unidentifiable:
        return FLOPS_PER_PARAM_TOKEN


def count_said(fit: Fitted, per_param_token: float) -> str:
    """Return in a sentence how budgets are counted where that or the table is not 6ND."""
    k = f"{per_param_token:.3g} params tokens"
    try:
        own = own_count(fit)
    except Unidentifiable:
        return (
            f"Budgets are counted here as {k}; the table's own flops are another multiple of "
            f"params tokens at each size."
        )
    if per_param_token != own:
        return f"Budgets are counted here as {k}, and the table counts its flops as {own:.3g}."
    if own == FLOPS_PER_PARAM_TOKEN:
        return ""
    return f"Budgets are counted as the table counts its flops, as {k}."


def _drift(ratio: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    """Return by what share a ratio drifts over the runs, and how likely chance alone does that."""
    about = ratio - ratio.mean()
    slopes, _, rank, _ = np.linalg.lstsq(x, about, rcond=1e-9)
    line = x @ slopes
    total, left = float(about @ about), float((about - line) @ (about - line))
    dof = len(ratio) - 1 - int(rank)
    drift = float(np.expm1(line.max() - line.min()))
    if rank == 0 or dof < 1 or total == 0:
        return 0.0, 1.0
    if left <= 0:
        return drift, 0.0
    from scipy.special import fdtrc  # late: an import of the library does without

    return drift, float(fdtrc(int(rank), dof, (total - left) / rank / (left / dof)))
