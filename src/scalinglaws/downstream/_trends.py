"""What a task's score does while the loss falls: one of five kinds, by a stated test."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.downstream._rank import spearman
from scalinglaws.errors import BadParameters, Unidentifiable

KINDS = ("monotone", "breakthrough", "non-monotone", "inverse", "no trend")
FEWEST = 12
"""Models below which no kind is told from another."""
_TURNS = np.linspace(0.2, 0.8, 13)
"""Quantiles of the loss at which a turn is looked for."""


def _slope(x: Array, y: Array) -> tuple[float, float]:
    """Return the slope of a line and its t, with errors that need not be equal (HC1)."""
    if len(x) < 4 or np.ptp(x) == 0:
        return 0.0, 0.0
    centred = x - x.mean()
    weight = (centred**2).sum()
    slope = float((centred * y).sum() / weight)
    left = y - y.mean() - slope * centred
    error = np.sqrt(((centred * left) ** 2).sum() * len(x) / (len(x) - 2)) / weight
    return slope, float(slope / error) if error > 0 else 0.0


def _turns(x: Array, y: Array, alpha: float) -> bool:
    """Whether lines before and after some turn have slopes of opposite sign, both told from zero.

    Both slopes must be, at ``alpha`` over the turns that are tried. Simonsohn 2018.
    """
    limit = stdtrit(max(len(x) - 4, 1), 1 - alpha / (2 * len(_TURNS)))
    for at in np.quantile(x, _TURNS):
        (_, before), (_, after) = _slope(x[x <= at], y[x <= at]), _slope(x[x >= at], y[x >= at])
        if before * after < 0 and min(abs(before), abs(after)) > limit:
            return True
    return False


def _sleeps(x: Array, y: Array, chance: float, alpha: float) -> bool:
    """Whether the worse half of the models is at chance without a trend, and the best above it."""
    worse, best = y[x <= np.median(x)], y[x >= np.quantile(x, 0.75)]
    low = x[x <= np.median(x)]
    flat = np.ptp(worse) == 0 or spearman(low, worse)[1] > alpha
    limit = stdtrit(max(len(worse) - 1, 1), 1 - alpha / 2)
    spread = worse.std(ddof=1) / np.sqrt(len(worse))
    above = (best.mean() - chance) / max(best.std(ddof=1) / np.sqrt(len(best)), 1e-12)
    at_chance = worse.mean() - chance <= limit * spread
    return bool(flat and at_chance and above > limit)


def trends(
    table: pd.DataFrame,
    *,
    by: str = "task",
    loss: str = "loss",
    score: str = "score",
    chance: str | float = "chance",
    alpha: float = 0.01,
) -> pd.DataFrame:
    """Return the kind of trend that each task's score follows as the loss falls.

    ``table`` has a row a model and task; ``chance`` is a column or a number. ``alpha`` is shared
    out over the tasks (Bonferroni). In this order:

    - *non-monotone*: two lines, before and after a turn, slope opposite ways, both told from zero
      (Simonsohn 2018; turns at 13 quantiles, 20% to 80%, each at its share of alpha);
    - *no trend*: Spearman's correlation of score and loss is not told from zero;
    - *inverse*: the score falls with the loss;
    - *breakthrough*: the worse half of the models is at chance and without a trend, the best
      quarter above it;
    - *monotone*: the rest.

    One row a task: ``kind``, ``models``, ``rank`` (of score and falling loss), ``p`` and ``r2`` of
    a straight line of score in loss. Raises :class:`Unidentifiable` with fewer than 12 models on a
    task, :class:`BadRuns` for missing columns and :class:`BadParameters` for an alpha that is no
    share.
    """
    if not 0 < checks.numbers({"alpha": alpha}, what="trends")["alpha"] < 1:
        raise BadParameters(f"alpha is a probability between 0 and 1; found {alpha!r}")
    columns = [loss, score, *([chance] if isinstance(chance, str) else [])]
    checks.table(table, columns, what="trends", positive=False)
    checks.groups(table, by, what="trends")
    tasks = list(table.groupby(by, sort=False))
    each, rows = alpha / len(tasks), []
    for name, part in tasks:
        if len(part) < FEWEST:
            raise Unidentifiable(
                f"{by} {name}: {len(part)} models; a trend takes at least {FEWEST}"
            )
        x, y = -part[loss].to_numpy(dtype=float), part[score].to_numpy(dtype=float)
        floor = float(part[chance].iloc[0]) if isinstance(chance, str) else float(chance)
        rank, p = spearman(x, y) if np.ptp(y) and np.ptp(x) else (0.0, 1.0)
        if _turns(x, y, each):
            kind = "non-monotone"
        elif p > each:
            kind = "no trend"
        elif rank < 0:
            kind = "inverse"
        else:
            kind = "breakthrough" if _sleeps(x, y, floor, each) else "monotone"
        line = np.corrcoef(x, y)[0, 1] ** 2 if np.ptp(y) and np.ptp(x) else 0.0
        row = {by: name, "kind": kind, "models": len(part), "rank": float(rank), "p": float(p)}
        rows.append(row | {"r2": float(line)})
    return pd.DataFrame(rows)
