"""A cloud of models: an upstream error against downstream ones, and its lower edge."""

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.compute.hull import lower_hull
from scalinglaws.curves.arena import frame
from scalinglaws.errors import BadRuns, UnknownName

LABELS = ("model", "family", "group", "task")
_NOT_TASKS = ("params", "params_non_embedding", "tokens", "samples", "flops", "items", "loss")


def _error(table: pd.DataFrame, column: str) -> pd.Series:
    """Return the errors of a column of scores, given as shares or in per cent."""
    checks.table(table, (column,), what="a table of scores", positive=False)
    values = pd.to_numeric(table[column]).astype(float)
    whole = 100.0 if values.max() > 1.0 else 1.0
    wrong = ((values < 0) | (values > whole)).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise BadRuns(
            f"row {row + 1}, column {column}: found {values.iloc[row]:g}; expected a score between "
            f"0 and {whole:g} (shares, or per cent in the whole column)"
        )
    return 1.0 - values / whole


def pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Return scores as ``model, family, group, task, upstream_error, downstream_error``.

    The table has a column ``upstream`` with the upstream score and either ``downstream`` (with
    ``task``, where there are several) or a column a task; scores are shares, or per cent in the
    whole column. ``upstream_error`` and ``downstream_error`` are taken as they are. ``model``
    numbers the rows where it is missing, and ``family`` is one. ``group`` names rows that are not
    independent of each other, such as one model at several learning rates; without it each model is
    its own. Rows with an error of zero or one on either side are left out: ``attrs["left_out"]``
    counts them. Raises :class:`BadRuns` for columns that are missing and for scores out of range.
    """
    if not isinstance(table, pd.DataFrame) or not len(table):
        checks.table(table, ("upstream",), what="a table of scores")
    out = pd.DataFrame({"model": table.get("model", pd.Series(range(1, len(table) + 1)))})
    out["model"] = out["model"].astype(str).to_numpy()
    out["family"] = table["family"].astype(str).to_numpy() if "family" in table else "all models"
    out["group"] = table["group"].astype(str).to_numpy() if "group" in table else out["model"]
    known = "upstream_error" if "upstream_error" in table else "upstream"
    if known not in table:
        raise BadRuns(
            "a table of scores needs the column upstream (a score) or upstream_error; the table "
            f"has {', '.join(map(str, table.columns))}"
        )
    upstream = table[known] if known == "upstream_error" else _error(table, known)
    out["upstream_error"] = pd.to_numeric(upstream, errors="coerce").to_numpy()
    if "downstream_error" in table or "downstream" in table:
        column = "downstream_error" if "downstream_error" in table else "downstream"
        out["task"] = table["task"].astype(str).to_numpy() if "task" in table else "downstream"
        error = table[column] if column == "downstream_error" else _error(table, column)
        out["downstream_error"] = pd.to_numeric(error, errors="coerce").to_numpy()
        long = out
    else:
        taken = (*LABELS, *_NOT_TASKS, known)
        tasks = [c for c in table.select_dtypes("number").columns if c not in taken]
        if not tasks:
            raise BadRuns(
                "a table of scores needs a column downstream, or a column of scores for each "
                f"task; the table has {', '.join(map(str, table.columns))}"
            )
        each = [
            out.assign(task=str(t), downstream_error=_error(table, t).to_numpy()) for t in tasks
        ]
        long = pd.concat(each, ignore_index=True)
    checks.table(
        long, ("upstream_error", "downstream_error"), what="a table of scores", positive=False
    )
    inside = long[["upstream_error", "downstream_error"]].apply(lambda c: (c > 0) & (c < 1))
    kept = inside.all(axis=1)
    order = ["model", "family", "group", "task", "upstream_error", "downstream_error"]
    result = long.loc[kept, order].reset_index(drop=True)
    if result.empty:
        raise BadRuns("no row has an error between 0 and 1 on both sides: nothing can be fitted")
    result.attrs = {**table.attrs, "left_out": int((~kept).sum())}
    return result


def aligned(curves: pd.DataFrame, *, upstream: str) -> pd.DataFrame:
    """Return learning curves of several tasks as points of one task against the ``upstream`` one.

    ``curves`` has ``task, model, x`` (or ``seen``) and ``loss``, an error between 0 and 1. The
    upstream error is interpolated, linearly in both logs, where the downstream one was measured,
    and never beyond the upstream curve. Points of one model follow each other: they are one
    training run, not independent of each other. Returns ``model, family, task, upstream_error,
    downstream_error``, the family being the model. Raises :class:`UnknownName` when no curve has
    the upstream task.
    """
    table = frame(curves)
    tasks = dict(list(table.groupby(["model", "task"], sort=False)))
    if not any(task == upstream for _, task in tasks):
        known = ", ".join(dict.fromkeys(str(task) for _, task in tasks))
        raise UnknownName(f"no curve has the task {upstream!r}; there are {known}")
    rows = []
    for (model, task), part in tasks.items():
        above = tasks.get((model, upstream))
        if task == upstream or above is None:
            continue
        known_x = above.groupby("x")["loss"].mean()
        at = part[part["x"].between(known_x.index.min(), known_x.index.max())]
        log_x, log_error = np.log(known_x.index.to_numpy(float)), np.log(known_x.to_numpy())
        error = np.exp(np.interp(np.log(at["x"].to_numpy(float)), log_x, log_error))
        row = {"model": model, "family": model, "task": task, "upstream_error": error}
        rows.append(pd.DataFrame({**row, "downstream_error": at["loss"].to_numpy(float)}))
    out = pd.concat(rows, ignore_index=True)
    out.attrs = dict(curves.attrs)
    return out


def frontier(
    points: pd.DataFrame,
    *,
    upstream: str = "upstream_error",
    downstream: str = "downstream_error",
) -> pd.DataFrame:
    """Return the rows on the lower convex hull of downstream against upstream error.

    A point between two corners can be reached by choosing between two models at random, so that
    the hull is what one could have had. Where the true edge bends downwards (an exponent below
    one), the hull cuts it short. Abnar et al. 2021, section 2. Raises :class:`BadRuns` for missing
    columns or values that are not positive.
    """
    checks.table(points, (upstream, downstream), what="a frontier")
    x, y = (points[c].to_numpy(dtype=float) for c in (upstream, downstream))
    order = np.lexsort((y, x))
    first = np.r_[True, np.diff(x[order]) > 0]
    return points.iloc[lower_hull(order[first], x, y)].reset_index(drop=True)
