"""Two tables of the same runs as one: what one of them lacks is taken from the other, by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from scalinglaws.errors import BadRuns

if TYPE_CHECKING:
    from scalinglaws.data._formats import Opened

NAMES = ("run", "Name", "name", "run_name", "Run")
"""Columns that may hold the name of a run."""


def joined(left: Opened, right: Opened) -> Opened:
    """Return the rows of ``left`` with the other columns of ``right``, by the name of the run.

    Raises :class:`BadRuns` where a table names no runs, ``right`` names one twice, or they have
    none in common.
    """
    keys = [_key(table) for table in (left, right)]
    at, there = (t.cells.columns.index(k) for t, k in zip((left, right), keys, strict=True))
    names = [str(row[there]).strip() for row in right.cells.rows]
    often = Counter(names).most_common(1)
    if often and often[0][1] > 1:
        raise BadRuns(
            f"{right.place}: {keys[1]} {often[0][0]!r} stands in {often[0][1]} rows; a table to "
            f"join has one row for each run"
        )
    rows = dict(zip(names, right.cells.rows, strict=True))
    fresh = [
        j for j, c in enumerate(right.cells.columns) if c not in left.cells.columns and j != there
    ]
    own = [str(row[at]).strip() for row in left.cells.rows]
    kept = [k for k, name in enumerate(own) if name in rows]
    if not kept:
        raise BadRuns(
            f"no run of {left.place} is in {right.place}: {', '.join(dict.fromkeys(own[:3]))} "
            f"here, {', '.join(names[:3])} there. Name the runs alike in a column run"
        )
    notes = [f"columns of {right.name} joined by {keys[0]}"]
    for lost, where in ((set(own) - set(rows), right.name), (set(names) - set(own), left.name)):
        if lost:
            notes.append(f"{len(lost)} run{'s' * (len(lost) > 1)} left out that {where} lacks")
    cells = left.cells
    made = tuple((*cells.rows[k], *(rows[own[k]][j] for j in fresh)) for k in kept)
    columns = (*cells.columns, *(right.cells.columns[j] for j in fresh))
    whole = replace(
        cells,
        columns=columns,
        rows=made,
        lines=tuple(cells.lines[k] for k in kept) if cells.lines else (),
        problems=(*cells.problems, *right.cells.problems),
        notes=(*cells.notes, *right.cells.notes, *notes),
        frame=None,
    )
    return replace(left, cells=whole, source=f"{left.source}, {right.source}")


def _key(table: Opened) -> str:
    found = next((name for name in NAMES if name in table.cells.columns), None)
    if found is None:
        raise BadRuns(
            f"{table.place}: tables are joined by the name of the run, and this one has no column "
            f"{', '.join(NAMES)}; it has {', '.join(table.cells.columns[:20])}"
        )
    return found
