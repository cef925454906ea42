"""Which rows are runs: unfinished ones are left out with a count, and checkpoints by choice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scalinglaws.data._numbers import BLANK, plain_number

if TYPE_CHECKING:
    from scalinglaws.data._cells import Cells

_STATES = ("state", "status")
_DONE = {"finished", "completed", "complete", "succeeded", "success", "done"}
_NOT = {"crashed", "failed", "running", "killed", "scheduled", "preempted", "pending", "canceled"}
_ORDERS = ("_step", "step", "global_step", "steps", "tokens", "train/tokens", "_timestamp")


def kept(cells: Cells, *, where: Mapping[str, Any], last_of: str | None) -> tuple[Cells, list[str]]:
    """Return the rows that count, with notes of those left out, and problems.

    ``where`` keeps rows whose column has one of the given values; without a word on it, rows of a
    state other than finished are left out. ``last_of`` keeps the last row of each label, by step.
    """
    problems: list[str] = []
    for name, wanted in where.items():
        if name not in cells.columns:
            problems.append(f"where[{name!r}]: the table has no such column")
            continue
        values = {wanted} if isinstance(wanted, str) or not _listed(wanted) else set(wanted)
        words = {str(v) for v in values}
        at = cells.columns.index(name)
        numbers = {v for v in map(plain_number, words) if math.isfinite(v)}
        chosen = [
            k
            for k, row in enumerate(cells.rows)
            if str(row[at]).strip() in words or (numbers and plain_number(row[at]) in numbers)
        ]
        if not chosen:
            there = list(dict.fromkeys(str(row[at]).strip() for row in cells.rows))
            problems.append(
                f"where[{name!r}]: no row has {', '.join(sorted(words))}; there are "
                f"{', '.join(there[:8])}"
            )
            continue
        cells = _only(cells, chosen, f"left out, whose {name} is another than asked for")
    cells = _finished(cells, where)
    if last_of is not None:
        if last_of not in cells.columns:
            problems.append(f"last_of={last_of!r}: the table has no such column")
        else:
            cells, wrong = _last(cells, last_of)
            problems += wrong
    return cells, problems


def logged(cells: Cells, column: str) -> Cells:
    """Return the rows whose cell of a column is not empty, with a note of how many are."""
    at = cells.columns.index(column)
    chosen = [k for k, row in enumerate(cells.rows) if str(row[at]).strip().lower() not in BLANK]
    return _only(cells, chosen, f"left out in which no {column} was logged") if chosen else cells


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence | set | frozenset)


def _finished(cells: Cells, where: Mapping[str, Any]) -> Cells:
    for at, name in enumerate(cells.columns):
        if name.lower().rpartition(".")[2] not in _STATES or name in where:
            continue
        states = [str(row[at]).strip().lower() for row in cells.rows]
        if not set(states) & _NOT or not set(states) & _DONE:
            continue
        told = ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(states) if s not in _DONE)
        chosen = [k for k, s in enumerate(states) if s in _DONE]
        cells = _only(cells, chosen, f"left out that did not finish: {told}")
    return cells


def _last(cells: Cells, label: str) -> tuple[Cells, list[str]]:
    order = next((c for c in _ORDERS if c in cells.columns and c != label), None)
    if order is None:
        return cells, [
            f"last_of={label!r} needs an order of the rows: a column of steps or tokens, one of "
            f"{', '.join(_ORDERS)}"
        ]
    at, by = cells.columns.index(label), cells.columns.index(order)
    # A tracker writes a row for each kind of number: the last one with a loss counts.
    measured = cells.columns.index("loss") if "loss" in cells.columns else None
    last: dict[str, tuple[float, int]] = {}
    for k, row in enumerate(cells.rows):
        if measured is not None and str(row[measured]).strip().lower() in BLANK:
            continue
        step = plain_number(row[by])
        if math.isfinite(step) and step >= last.get(str(row[at]), (-math.inf, 0))[0]:
            last[str(row[at])] = (step, k)
    needed = f"a number in {order}" + " and a loss" * (measured is not None)
    if not last:
        return cells, [f"last_of={label!r}: no row has {needed}"]
    without = [w for w in dict.fromkeys(str(row[at]) for row in cells.rows) if w not in last]
    note = f"left out: the last of each {label} by {order} is kept"
    if without:
        shown = ", ".join(without[:3]) + ", ..." * (len(without) > 3)
        note += f"; {len(without)} had no row with {needed}: {shown}"
    return _only(cells, sorted(k for _, k in last.values()), note), []


def _only(cells: Cells, chosen: list[int], note: str) -> Cells:
    out = len(cells.rows) - len(chosen)
    if not out:
        return cells
    words = f"{out} row{'s' * (out > 1)} {note}"
    return replace(
        cells,
        rows=tuple(cells.rows[k] for k in chosen),
        lines=tuple(cells.lines[k] for k in chosen) if cells.lines else (),
        frame=None if cells.frame is None else cells.frame.iloc[chosen].reset_index(drop=True),
        notes=(*cells.notes, words),
    )
