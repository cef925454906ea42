"""Read cells as numbers: what counts as one, what a comma means, what a refusal says."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from scalinglaws.data._cells import Cells

_MISSING = {"", "na", "n/a", "nan", "null", "none", "-"}
BLANK = _MISSING | {"<na>", "nat"}
"""What an empty cell may read, in lower case."""

_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3}){2,}(\.\d*)?|[+-]?[1-9]\d{0,2}(,\d{3})+\.\d+")
_DECIMAL = re.compile(r"[+-]?(\d*,(\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d*,\d*[eE][+-]?\d+)")
_SPACED = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u2009\u202f'\u2019_]\d{3})+(?:[.,]\d*)?")
"""A number whose thousands blanks or apostrophes part."""

_DOTTED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3}){2,}(?:,\d*)?")
_ONE_DOT = re.compile(r"[+-]?\d{1,3}\.\d{3}(?:,\d*)?")
"""Numbers whose thousands points part: two tell it, one tells it beside those."""

_TIMES_TEN = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*[\u00d7\u00b7x*]\s*10\s*(?:\^|\*\*)\s*([+-]?\d+)")
"""A number as print has it, such as 2.0 x 10^7."""

_RAISED = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b"
_LOWERED = str.maketrans(_RAISED + "\u2212", "0123456789+--")
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_PLAIN_INTEGER = re.compile(r"0|-?[1-9]\d{0,17}")
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?")
_ONE_COMMA = re.compile(r"[^.,]*,[^.,]*")
SUFFIXED = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([kKmMbBgGtT])")
"""A count as people write it, such as 19M or 0.10B."""

_TIMES = {"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}
COUNTS = ("params", "tokens", "flops", "params_non_embedding", "unique_tokens", "batch_tokens")
"""Columns in which a cell such as 19M is a count."""


def plain_number(value: Any) -> float:
    """Return a cell as a number, 19M as 1.9e7; not a number where it is none."""
    if isinstance(value, bool) or value is None:
        return math.nan
    text = together(str(value).strip())
    if found := SUFFIXED.fullmatch(text):
        return float(found[1]) * _TIMES[found[2].lower()]
    try:
        return float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except ValueError:
        return math.nan


def together(text: str) -> str:
    """Return a number as digits, where blanks part its thousands or a power of ten is printed."""
    if _SPACED.fullmatch(text):
        return re.sub(r"[^\d.,+-]", "", text)
    if _DOTTED.fullmatch(text):
        return _undotted(text)
    raised = re.sub(rf"(?<=10)([{_RAISED}]+)", r"^\1", text).translate(_LOWERED)
    printed = _TIMES_TEN.fullmatch(raised)
    return f"{printed[1]}e{printed[2]}" if printed else text


def _undotted(text: str) -> str:
    return text.replace(".", "").replace(",", ".")


def read_numbers(
    cells: Cells,
    columns: dict[str, list[Any]],
    core: list[str],
    *,
    signed: Collection[str] = (),
    times: Mapping[str, float] | None = None,
) -> tuple[dict[str, list[float]], list[str], list[str]]:
    """Return the core columns as floats (``nan`` where refused), notes, and one problem a cell.

    Numbers are above zero but in the columns named in ``signed``; those of a column in ``times``
    are multiplied. A count such as 19M is read as one.
    """
    texts = [v.strip() for c in core for v in columns[c] if isinstance(v, str) and "," in v]
    grouped = [t for t in texts if _GROUPED.fullmatch(t)]
    decimal = [t for t in texts if _DECIMAL.fullmatch(t)]
    dotted = {c for c in core for v in columns[c] if _DOTTED.fullmatch(str(v).strip())}
    notes, problems = [], []
    if grouped and decimal:
        problems.append(
            f"commas mean two things: {grouped[0]!r} groups thousands, {decimal[0]!r} is a decimal "
            "comma; write plain numbers, as in 1234.5"
        )
    elif grouped or decimal:
        what = f"thousands, as in {grouped[0]}" if grouped else f"decimals, as in {decimal[0]}"
        notes.append(f"commas read as {what}")
    comma = "" if grouped else "." if decimal else None
    numbers: dict[str, list[float]] = {c: [] for c in core}
    factors = times or {}
    written: dict[str, str] = {}
    for row in range(len(cells.rows)):
        for name in core:
            example = "2.31" if name == "loss" else "7e9"
            value = columns[name][row]
            if isinstance(value, str) and (made := together(value.strip())) != value.strip():
                written.setdefault(name, value.strip())
                value = made
            elif name in dotted and _ONE_DOT.fullmatch(str(value).strip()):
                value = _undotted(str(value).strip())
            if name in COUNTS and isinstance(value, str) and SUFFIXED.fullmatch(value.strip()):
                written.setdefault(name, value.strip())
                value = plain_number(value)
            number, wrong = _number(value, comma, example, positive=name not in signed)
            numbers[name].append(number * factors.get(name, 1.0))
            if wrong:
                problems.append(f"{cells.place(row)}, column {name}: {wrong}")
    notes += [
        f"{name}: counts written as {cell!r} are read as numbers" for name, cell in written.items()
    ]
    return numbers, notes, problems


def _number(
    value: Any, comma: str | None, example: str, *, positive: bool = True
) -> tuple[float, str]:
    text = str(value).strip()
    wanted = "a positive number" if positive else "a number"
    if value is None or value is pd.NaT or text.lower() in _MISSING or text == "<NA>":
        return math.nan, f"found {text!r} (no value); expected {wanted}"
    if isinstance(value, bool):
        return math.nan, f"found {value}; expected {wanted}"
    plain = text
    if isinstance(value, str) and _AMBIGUOUS.fullmatch(text) and comma is None:
        both = f"{text.replace(',', '')} or {text.replace(',', '.')}"
        return math.nan, f"found {text!r}, which could be {both}; write it without a comma"
    if comma is not None and (_THOUSANDS if comma == "" else _ONE_COMMA).fullmatch(text):
        plain = text.replace(",", comma)
    try:
        number = float(plain)
    except ValueError:
        kind = "a percentage" if text.endswith("%") else "text"
        return math.nan, f"found {text!r} ({kind}); expected {wanted}, as in {example}"
    if not math.isfinite(number):
        return math.nan, f"found {text!r} (infinite); expected a finite number"
    if positive and number <= 0:
        kind = "zero" if number == 0 else "negative"
        return math.nan, f"found {text!r} ({kind}); expected a number above zero"
    return number, ""


def read_others(cells: Cells, name: str, values: list[Any]) -> Any:
    """Return a passed-through column; text that is plainly numbers or flags becomes that."""
    if cells.frame is not None:
        return cells.frame[name]
    flags = {"true": True, "false": False}
    if not all(isinstance(v, str) for v in values):
        return values
    if all(v.lower() in flags for v in values):
        return [flags[v.lower()] for v in values]
    if all(_PLAIN_INTEGER.fullmatch(v) for v in values):
        return [int(v) for v in values]
    if all(_PLAIN_NUMBER.fullmatch(v) or not v for v in values):
        return [float(v) if v else math.nan for v in values]
    return values
