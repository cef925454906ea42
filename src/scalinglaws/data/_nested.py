"""Objects inside of cells, as interfaces of experiment trackers hand them over: as columns."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from scalinglaws.data._cells import Cells

_BLANK = ("", "nan", "null", "none")


def unpacked(cells: Cells) -> Cells:
    """Return cells in which objects are columns of their own, ``config.lr`` for a ``config``.

    A column is taken apart where every filled cell is an object of JSON or of Python, as text or as
    it is.
    """
    found: dict[int, list[dict[str, Any]]] = {}
    for at in range(len(cells.columns)):
        objects = _objects([row[at] for row in cells.rows])
        if objects is not None:
            found[at] = objects
    if not found:
        return cells
    parts = []
    for at, column in enumerate(cells.columns):
        if at in found:
            flat = pd.json_normalize([paired(o) for o in found[at]])
            parts.append(flat.add_prefix(f"{column}."))
        else:
            whole = pd.Series([row[at] for row in cells.rows], name=column, dtype=object)
            # Numbers among words stay what they were read as.
            parts.append((whole if cells.frame is None else cells.frame[column]).to_frame())
    frame = pd.concat(parts, axis=1)
    values = [frame.iloc[:, j].astype(object).tolist() for j in range(frame.shape[1])]
    named = ", ".join(repr(cells.columns[at]) for at in found)
    return replace(
        cells,
        columns=tuple(map(str, frame.columns)),
        rows=tuple(zip(*values, strict=True)),
        notes=(*cells.notes, f"the objects in {named} are taken apart into columns"),
        frame=frame,
    )


def records(parsed: Any) -> Any:
    """Return the list of runs in an answer that wraps one, such as ``{"runs": [...]}``."""
    if isinstance(parsed, dict):
        lists = [v for v in parsed.values() if isinstance(v, list)]
        alone = len(lists) == 1 and lists[0] and all(isinstance(v, dict) for v in lists[0])
        if alone and not any(isinstance(v, dict) for v in parsed.values()):
            parsed = lists[0]
    return paired(parsed)


def paired(value: Any) -> Any:
    """Return a value in which lists of ``{"key": ..., "value": ...}`` are objects, at any depth."""
    if isinstance(value, dict):
        return {k: paired(v) for k, v in value.items()}
    if not isinstance(value, list):
        return value
    if value and all(isinstance(v, dict) and {"key", "value"} <= v.keys() for v in value):
        return {str(v["key"]): paired(v["value"]) for v in value}
    return [paired(v) for v in value]


def _objects(values: list[Any]) -> list[dict[str, Any]] | None:
    """Return the objects of a column, an empty one for a blank; nothing where some is no object."""
    out: list[dict[str, Any]] = []
    for value in values:
        if isinstance(value, dict):
            out.append(value)
            continue
        text = str(value).strip() if isinstance(value, str) else ""
        if text.startswith("{") and text.endswith("}"):
            made = _object(text)
            if made is None:
                return None
            out.append(made)
        elif text.lower() in _BLANK and (isinstance(value, str) or value is None):
            out.append({})
        else:
            return None
    return out if any(out) else None


def _object(text: str) -> dict[str, Any] | None:
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, dict):
            return {str(k): v for k, v in found.items()}
    return None
