"""Tables of learning curves: what grows, and which rows are one curve."""

from dataclasses import replace
from typing import Any

import pandas as pd

from scalinglaws._format import count
from scalinglaws.data._formats import Opened, opened
from scalinglaws.data._naming import named
from scalinglaws.data._rows import logged
from scalinglaws.data.read_runs import read_runs
from scalinglaws.errors import BadRuns

GROWS = ("step", "tokens", "examples", "samples", "flops", "epoch", "x")
"""What a curve may run over, the first that a table has."""

_LABELS = ("run", "Name", "name", "curve")


def read_curves(source: Any, *, x: str | None = None, **how: Any) -> pd.DataFrame:
    r"""Read learning curves wherever they were logged: a row for each measurement of each run.

    ``source`` is what :func:`scalinglaws.read_runs` takes: histories and charts of experiment
    trackers, scalar logs, JSON lines, and ``trainer_state.json`` files, of which every logged loss
    is read and not only the last. ``x`` names the column that grows, by default the first of
    ``step, tokens, examples, samples, flops, epoch, x`` that is there. ``how`` are other options of
    ``read_runs``, such as ``columns={"loss": "train/loss"}``. Rows without a loss are left out and
    counted.

    Returns the columns of ``read_runs`` and ``curve``, the name of each row's curve: that of its
    run, or of its words put together. ``attrs["x"]`` is the name of what grows.

    Raises :class:`BadRuns` where no column grows, with what is missing.

    >>> import json, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> lines = (json.dumps({"step": s, "loss": 2 + 9 / s}) for s in range(1, 9))
    >>> written = (folder / "small.jsonl").write_text("\n".join(lines))
    >>> curves = read_curves(folder / "small.jsonl")
    >>> curves.attrs["x"], len(curves), set(curves["curve"])
    ('step', 8, {'the curve'})
    """
    table = _logged(opened(source, history=True), how)
    refusals: list[BadRuns] = []
    for name in (x,) if x else GROWS:
        for needs in ((name, "loss", "params"), (name, "loss")):
            try:
                runs = read_runs(table, law=None, needs=tuple(dict.fromkeys(needs)), **how)
            except BadRuns as error:
                refusals.append(error)
                continue
            found = runs.assign(curve=_labels(runs, name))
            found.attrs = runs.attrs | {"x": name}
            return found
    # What is wrong in a column that is there says more than a column that is not.
    raise next((r for r in refusals if "is missing" not in str(r)), refusals[1])


def _logged(table: Opened, how: dict[str, Any]) -> Opened:
    """Return a table without the rows in which no loss was logged."""
    columns = {k: v for k, v in (how.get("columns") or {}).items() if k == "loss"}
    found = named(table.cells, ("loss",), columns)[0]
    if "loss" not in found.columns:
        return table
    cells = table.cells
    if "loss" in cells.columns and "loss" not in columns:
        # Which losses there were is lost with the rows of the others.
        cells = replace(cells, notes=found.notes)
    return replace(table, cells=logged(cells, cells.columns[found.columns.index("loss")]))


def _labels(runs: pd.DataFrame, x: str) -> pd.Series:
    """Return the name of each row's curve: of its run, or of its words put together."""
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
