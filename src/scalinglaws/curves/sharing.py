"""Whose is it: how much of a quantity's spread belongs to the task, and how much to the model."""

import numpy as np
import pandas as pd

from scalinglaws._typing import Array
from scalinglaws.errors import BadRuns, Unidentifiable

LEAST = 3
"""Fewest rows and fewest columns of a table whose spread is shared out."""


def shares(
    table: pd.DataFrame, *, of: str, rows: str, columns: str, n: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Share out the spread of ``of`` over two labels, such as a task and a model.

    The spread is the sum of squares about the mean of all cells. The share of ``rows`` is what the
    means of the rows explain of it, that of ``columns`` what those of the columns do, and the rest
    is neither's. Only a full table can be shared out without ambiguity, so columns that are
    missing in a fifth of the rows or more, then rows with a gap, are left out. ``by_chance`` is
    the mean share of a label after ``n`` shuffles of each line across it, which keeps what the
    other label explains; ``p_value`` is how often a shuffle explains as much.

    Returns a table with a row for each label and one for the rest, and the columns ``label``,
    ``levels``, ``share``, ``by_chance``, ``over_chance`` (the share less what chance gives) and
    ``p_value``; its ``attrs["kept"]`` has the rows and columns that were kept.

    Raises :class:`BadRuns` for a missing column or a cell with two values, and
    :class:`Unidentifiable` where fewer than three rows or columns are full.

    >>> table = pd.DataFrame(
    ...     [(t, m, 10 * t + m) for t in range(4) for m in range(5)], columns=["task", "model", "x"]
    ... )
    >>> shares(table, of="x", rows="task", columns="model", n=200)["share"].round(3).tolist()
    [0.984, 0.016, 0.0]
    """
    if missing := [c for c in (of, rows, columns) if c not in table.columns]:
        raise BadRuns(f"the table has no column {', '.join(missing)}")
    if table.duplicated([rows, columns]).any():
        raise BadRuns(f"a {rows} and {columns} have two values of {of}: average them first")
    wide = table.pivot_table(index=rows, columns=columns, values=of)
    wide = wide.loc[:, wide.notna().mean() > 0.8].dropna()
    if min(wide.shape) < LEAST:
        raise Unidentifiable(
            f"{len(wide)} {rows} and {wide.shape[1]} {columns} have a value each; sharing out "
            f"takes {LEAST} of both: add what is missing"
        )
    cells, rng = wide.to_numpy(dtype=float), np.random.default_rng(seed)
    found = []
    for label, own in ((rows, cells), (columns, cells.T)):
        drawn = np.array([_explained(rng.permuted(own, axis=0)) for _ in range(n)])
        share = _explained(own)
        p_value = (1 + (drawn >= share).sum()) / (1 + n)
        found.append((label, len(own), share, drawn.mean(), share - drawn.mean(), p_value))
    rest = 1.0 - sum(f[2] for f in found)
    found.append(("neither", 0, rest, np.nan, np.nan, np.nan))
    names = ["label", "levels", "share", "by_chance", "over_chance", "p_value"]
    out = pd.DataFrame(found, columns=names)
    out.attrs["kept"] = {rows: wide.index.tolist(), columns: wide.columns.tolist()}
    return out


def _explained(cells: Array) -> float:
    """Return the share of the spread that the means of the rows explain."""
    apart = cells.mean(axis=1) - cells.mean()
    return float(cells.shape[1] * (apart**2).sum() / ((cells - cells.mean()) ** 2).sum())
