"""Which model to go on with, chosen from the first part of its learning curve."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr, stdtrit

from scalinglaws import _checks as checks
from scalinglaws._simulated import is_simulated
from scalinglaws._typing import Array
from scalinglaws.curves.forecast import FREEDOM, forecast
from scalinglaws.curves.planning.measured import continues, curves_of, level_at, up_to, xy
from scalinglaws.errors import BadParameters, Unidentifiable

AVERAGED = ("right_so_far", "right_usual", "regret", "regret_so_far", "regret_usual")

COLUMNS = (
    *("share", "domain", "task", "family", "models", "end", "best", "margin", "unjudged"),
    *("choice", "chance", "so_far", "usual", "right", *AVERAGED),
)

Regrets = dict[tuple[str, str], pd.Series]
"""Log loss at the end over that of the best, for each domain and task, by model."""

POOL = 0.5
"""Part of the way that each decline is drawn to the mean of its task.

Chosen by rolling origin on the training rows of ``alabdulmohsin2022``, ``lin2024``,
``gemstones``, ``mohr2022`` and ``muennighoff2023``, at a tenth, a quarter and half of the end:
of 0, 1/4, 1/2, 3/4 and 1 it was right most often. On small tables (``mohr2022``) the best so far
was right as often at a half, and more often at a tenth."""

NODES = 400
"""Quantiles over which a chance is averaged: three digits of it."""


def _chance(log_mean: Array, scale: Array, chosen: int) -> float:
    """Return the probability that one of several independent forecasts comes out least.

    ``P(i) = integral f_i(y) prod_j (1 - F_j(y)) dy`` over Student's t, at equal quantiles of i.
    """
    u = (np.arange(NODES) + 0.5) / NODES
    y = log_mean[chosen] + scale[chosen] * stdtrit(FREEDOM, u)
    others = np.arange(len(log_mean)) != chosen
    above = stdtr(FREEDOM, (log_mean[others, None] - y) / scale[others, None])
    return float(above.prod(axis=0).mean())


def _at_cut(
    curves: dict[str, pd.DataFrame], cut: float, end: float, level: float, pool: float
) -> pd.DataFrame:
    """Return, a row a model, log loss so far, and mean and scale of its forecast at the end."""
    rows = {}
    for model, part in curves.items():
        seen = up_to(part, cut)
        said = forecast(*xy(seen), at=[end], level=level).iloc[0]
        width = np.log(said["high"] / said["mean"]) / stdtrit(FREEDOM, (1 + level) / 2)
        so_far = level_at(seen, cut)
        rows[model] = {"so_far": so_far, "mean": np.log(said["mean"]), "scale": width}
    out = pd.DataFrame(rows).T
    decline = out["mean"] - out["so_far"]
    return out.assign(mean=out["mean"] - pool * (decline - decline.mean()))


def _usual(regrets: Regrets, key: tuple[str, str], family: Callable[[str], str]) -> str:
    """Return the model that loses least on the domain's tasks of other families, or nothing."""
    others = [r for k, r in regrets.items() if k[0] == key[0] and family(k[1]) != family(key[1])]
    known = pd.DataFrame(others, columns=regrets[key].index).mean().dropna()
    return str(known.idxmin()) if len(known) else ""


def choices(
    table: pd.DataFrame,
    *,
    shares: Sequence[float] = (0.1, 0.25, 0.5),
    level: float = 0.9,
    pool: float = POOL,
    family: Callable[[str], str] = str,
) -> pd.DataFrame:
    """Choose the model of each task from the first part of its curves, and see who was best.

    ``table`` has the columns ``task, model, x, loss`` (and ``domain``); losses of one task must be
    comparable. The *end* of a task is the largest x that all of its models reach, rows to predict
    included; a share s shows the points with x <= s end. The truth is the loss measured at the
    end, by a line through the points within a factor of 1.2, or between two where there are fewer
    than three. The choice is the model with the least forecast there. Forecasts of one task are
    pooled: the decline that each foretells from the cut on is drawn to the mean of all by a part
    ``pool`` of the way, from 0 (each alone) to 1 (the best so far). ``family`` gives the family of
    a task by its name, for tasks that are relatives, such as one image set at several shots.

    Returns a row for each share and task with two models or more: ``models, end, best`` and
    ``margin``, how much more the second best loses, relative; ``unjudged``, how many models have
    fewer than six different x at the cut or have not begun to fall. With any of those there is no
    choice; otherwise ``choice`` and ``chance``, the forecast's own probability that it is right;
    ``so_far``, the model that is best at the cut; ``usual``, the one that loses least on the
    domain's tasks of other families, at their ends; and for each of the three ``right`` and
    ``regret``, the relative excess loss, as ``right_so_far`` and so on.

    Raises :class:`Unidentifiable` when no task has two models, and :class:`BadParameters` for a
    share, a level or a ``pool`` that is none.
    """
    if not 0 <= pool <= 1:
        raise BadParameters(f"pool={pool!r}: give a part between 0 and 1")
    level, cuts = checks.level(level), [checks.share(s) for s in shares]
    tasks = {key: curves for key, curves in curves_of(table).items() if len(curves) > 1}
    if not tasks:
        raise Unidentifiable("no task has two models, so there is nothing to choose between")
    ends = {k: min(part["x"].max() for part in curves.values()) for k, curves in tasks.items()}
    regrets: Regrets = {}
    for key, curves in tasks.items():
        truth = pd.Series({model: level_at(part, ends[key]) for model, part in curves.items()})
        regrets[key] = truth - truth.min()
    rows = []
    for share in cuts:
        for key, curves in tasks.items():
            cut, regret = share * ends[key], regrets[key]
            few = sum(not continues(up_to(part, cut)) for part in curves.values())
            row = {"share": share, "domain": key[0], "task": key[1], "models": len(curves)}
            row |= {"family": family(key[1]), "end": ends[key], "best": regret.idxmin()}
            row |= {"unjudged": few}
            rows.append(row | {"margin": float(np.expm1(regret.nsmallest(2).iloc[1]))})
            if few:
                continue
            said = _at_cut(curves, cut, ends[key], level, pool)
            picks = {"": said["mean"].idxmin(), "_so_far": said["so_far"].idxmin()}
            picks |= {"_usual": usual} if (usual := _usual(regrets, key, family)) else {}
            log_mean, scale = said["mean"].to_numpy(), said["scale"].to_numpy()
            rows[-1] |= {name.strip("_") or "choice": model for name, model in picks.items()}
            rows[-1] |= {"chance": _chance(log_mean, scale, int(log_mean.argmin()))}
            rows[-1] |= {f"right{name}": regret[m] == 0 for name, m in picks.items()}
            rows[-1] |= {f"regret{name}": np.expm1(regret[m]) for name, m in picks.items()}
    out = pd.DataFrame(rows, columns=COLUMNS)
    out.attrs = {"simulated": is_simulated(table)}
    return out


def tally(chosen: pd.DataFrame, *, level: float = 0.9, same: bool = True) -> pd.DataFrame:
    """Return how often the choices of :func:`choices` were right, a row a share.

    With ``same``, only tasks that are judged at every share count, so that shares can be compared.
    ``tasks`` that count, of how many ``families``, and the ``unjudged`` rest; ``right``, with
    Wilson's interval as if tasks were independent, and the mean ``chance`` that the forecast gave
    itself; ``right_so_far`` and ``right_usual`` of the other two ways, and of a ``guess``; and the
    mean ``regret`` of each.
    """
    z, rows = ndtri((1 + checks.level(level)) / 2), []
    keys = ["domain", "task"]
    unjudged = chosen.groupby(keys)["unjudged"].transform("max") if same else chosen["unjudged"]
    counts = chosen.assign(counts=unjudged == 0)
    for share, part in counts.groupby("share"):
        some = part[part["counts"]]
        n, p = len(some), some["right"].astype(float).mean()
        row = {"share": share, "tasks": n, "families": some["family"].nunique()}
        row |= {"unjudged": len(part) - n, "right": p}
        middle, wide = p * n + z * z / 2, z * np.sqrt(p * (1 - p) * n + z * z / 4)
        row |= {
            f"right_{e}": (middle + k * wide) / (n + z * z) for e, k in (("low", -1), ("high", 1))
        }
        row |= {"chance": some["chance"].mean(), "guess": (1 / some["models"]).mean()}
        row |= {name: some[name].astype(float).mean() for name in AVERAGED}
        rows.append(row)
    out = pd.DataFrame(rows)
    out.attrs = {"level": level, "simulated": is_simulated(chosen)}
    return out
