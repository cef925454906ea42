"""Tables of curves: what grows, and which rows are one curve."""

from __future__ import annotations

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

    refusal: sl.ScalingLawError | None = None
    for name in (x,) if x else GROWS:
        try:
            runs = sl.read_runs(opened, law=None, needs=(name, "loss"), **how)
        except sl.BadRuns as error:
            refusal = refusal or error
            continue
        return runs.assign(curve=_labels(runs, name)), name
    assert refusal is not None
    raise refusal


def _labels(runs: pd.DataFrame, x: str) -> pd.Series:
    """Return the name of each row's curve: of its run, or of its words put together."""
    import pandas as pd

    for label in _LABELS:
        if label in runs.columns and label != x:
            return runs[label].astype(str)
    words = [
        c
        for c in runs.columns
        if c not in (x, "loss") and runs[c].dtype.kind not in "fiub" and len(runs[c].unique()) > 1
    ]
    # Runs of several sizes are several curves, where nothing else names them.
    words += [c for c in ("params",) if not words and c in runs.columns and c != x]
    if not words:
        return pd.Series("the curve", index=runs.index)
    joined = runs[words[0]].astype(str)
    for column in words[1:]:
        joined = joined + ", " + runs[column].astype(str)
    return joined
