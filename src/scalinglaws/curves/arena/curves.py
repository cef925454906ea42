"""Learning curves cut in two: what an estimator may see, and what it is scored on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._simulated import is_simulated, mark
from scalinglaws._typing import Array
from scalinglaws.curves.forecast import LEAST
from scalinglaws.errors import BadParameters, BadRuns, Unidentifiable


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """What an estimator sees: ``x`` (n,) and ``loss`` (n,) to fit, ``at`` (m,) to predict."""

    domain: str
    task: str
    model: str
    x: Array
    loss: Array
    at: Array


ROUNDING = 1 + 1e-9
"""So that a point that lies on a cut lies there in any unit."""


def frame(table: pd.DataFrame, *, split: float | None = None) -> pd.DataFrame:
    """Return a table of learning curves as ``domain, task, model, x, loss[, train]``.

    ``seen`` is taken as ``x``, and a missing ``domain`` as one domain. With ``split``, a missing
    ``train`` is true up to that share of each curve's largest ``x``. Raises :class:`BadRuns` for
    columns that are missing or values that are no positive numbers, and :class:`BadParameters`
    for a split that is no share.
    """
    if isinstance(table, pd.DataFrame) and "x" not in table.columns and "seen" in table.columns:
        table = table.rename(columns={"seen": "x"})
    checks.table(table, ("x", "loss"), what="a set of learning curves")
    named = ("task", "model", *(["domain"] if "domain" in table.columns else []))
    for column in named:
        checks.groups(table, column, what="a set of learning curves")
    kept = ["task", "model", "x", "loss", *(c for c in ("domain", "train") if c in table.columns)]
    out = table[kept].assign(domain=table.get("domain", "all curves"))
    # A card would be copied with every column that is read.
    out.attrs = {}
    if is_simulated(table):
        out = mark(out)
    if "train" in out.columns:
        flags = out["train"].astype(str).str.strip().str.lower()
        known = flags.isin(["true", "false", "1", "0", "1.0", "0.0"])
        if not known.all():
            row = int((~known).to_numpy().argmax())
            raise BadRuns(
                f"row {row + 1}, column train: found {str(table['train'].iloc[row])!r}; expected "
                f"true for a point to fit and false for one to predict"
            )
        out["train"] = flags.isin(["true", "1", "1.0"])
    elif split is not None:
        furthest = out.groupby(["domain", "task", "model"])["x"].transform("max")
        out["train"] = out["x"] <= checks.share(split) * furthest * ROUNDING
    return out


def one(table: pd.DataFrame, *, task: str, model: str) -> pd.DataFrame:
    """Return the rows of one curve of a :func:`frame`, by ``x``.

    Raises :class:`BadParameters`, with what there is, when no curve has that task and model.
    """
    found = table[(table["task"] == task) & (table["model"] == model)].sort_values("x")
    if found.empty:
        there = table[["task", "model"]].drop_duplicates()
        first = "; ".join(f"{t}, {m}" for t, m in there.head(5).to_numpy())
        raise BadParameters(
            f"no curve has the task {task!r} and the model {model!r}; there are {len(there)}, "
            f"such as {first}. Set task and model"
        )
    return found


def cut(table: pd.DataFrame, *, share: float | None = None) -> tuple[list[Curve], list[Array]]:
    """Return the curves to fit, and for each the losses at ``at``, which go to no estimator.

    Without ``share`` the column ``train`` says what is fitted. With it, points at ``x`` up to that
    share of the largest ``x`` to fit are fitted and the later ones *of those to fit* predicted: no
    row to predict is touched. A curve with fewer than six points to fit, or none to predict, is
    left out. Raises :class:`BadParameters` for a share that is none and :class:`Unidentifiable`
    when no curve is left.
    """
    table = frame(table)
    share = None if share is None else checks.share(share)
    if share is None and "train" not in table.columns:
        raise BadRuns(
            "the table has no column train, which tells points to fit from points to predict: add "
            "it, or give share, such as 0.5"
        )
    curves, hidden = [], []
    for (domain, task, model), each in table.groupby(["domain", "task", "model"], sort=False):
        each = each.sort_values("x", kind="stable")
        fits = each["train"].to_numpy() if "train" in each else np.ones(len(each), dtype=bool)
        x, loss = each["x"].to_numpy(dtype=float), each["loss"].to_numpy(dtype=float)
        after = ~fits
        if share is not None:
            early = x <= share * x[fits].max(initial=0.0) * ROUNDING
            fits, after = fits & early, fits & ~early
        if len(np.unique(x[fits])) < LEAST or not after.any():
            continue
        curves.append(
            Curve(
                domain=str(domain),
                task=str(task),
                model=str(model),
                x=x[fits],
                loss=loss[fits],
                at=x[after],
            )
        )
        hidden.append(loss[after])
    if not curves:
        raise Unidentifiable(
            f"no curve has {LEAST} points to fit and one to predict: nothing can be scored"
        )
    return curves, hidden
