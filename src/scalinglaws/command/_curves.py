"""Tables of curves: what grows, and which rows are one curve."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

GROWS = ("step", "tokens", "examples", "samples", "flops", "epoch", "x")
"""What a curve may run over, the first that a table has."""

_LABELS = ("run", "Name", "name", "curve")


def curves_of(opened: Any, x: str | None, how: Mapping[str, Any]) -> tuple[pd.DataFrame, str]:
    """Return a table with columns ``curve`` and ``loss``, and the name of what grows.

    Raises :class:`BadRuns` where no column grows, with what is missing.
    """
    import scalinglaws as sl

    opened = _logged(opened, how)
    refusals: list[sl.BadRuns] = []
    for name in (x,) if x else GROWS:
        for needs in ((name, "loss", "params"), (name, "loss")):
            try:
                runs = sl.read_runs(opened, law=None, needs=tuple(dict.fromkeys(needs)), **how)
            except sl.BadRuns as error:
                refusals.append(error)
                continue
            return runs.assign(curve=_labels(runs, name)), name
    # What is wrong in a column that is there says more than a column that is not.
    raise next((r for r in refusals if "is missing" not in str(r)), refusals[1])


def _logged(opened: Any, how: Mapping[str, Any]) -> Any:
    """Return a table without the rows in which no loss was logged."""
    from scalinglaws.data._naming import named
    from scalinglaws.data._rows import logged

    columns = {k: v for k, v in (how.get("columns") or {}).items() if k == "loss"}
    there = named(opened.cells, ("loss",), columns)[0].columns
    if "loss" not in there:
        return opened
    return replace(opened, cells=logged(opened.cells, opened.cells.columns[there.index("loss")]))


def _labels(runs: pd.DataFrame, x: str) -> pd.Series:
    """Return the name of each row's curve: of its run, or of its words put together."""
    import pandas as pd

    from scalinglaws._format import count

    for label in _LABELS:
        if label in runs.columns and label != x:
            return runs[label].astype(str)
    words = [
        c
        for c in runs.columns
        if c not in (x, "loss") and runs[c].dtype.kind not in "fiub" and len(runs[c].unique()) > 1
    ]
    # Runs of several sizes are several curves, where nothing else names them.
    if (
        not words
        and "params" in runs.columns
        and x != "params"
        and len(runs["params"].unique()) > 1
    ):
        return "params " + runs["params"].map(count)
    if not words:
        return pd.Series("the curve", index=runs.index)
    joined = runs[words[0]].astype(str)
    for column in words[1:]:
        joined = joined + ", " + runs[column].astype(str)
    return joined
