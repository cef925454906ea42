"""Which column is what: names that are known are taken and said, others are asked about."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from scalinglaws.data._numbers import BLANK, plain_number

if TYPE_CHECKING:
    from scalinglaws.data._cells import Cells

CORE = ("params", "tokens", "flops", "loss")
"""Columns that the library knows, in the order in which they are returned."""

OTHERS = {"tokens": "flops", "flops": "tokens"}
"""What stands in for a column of counts, given the params."""

_TEXT = {
    "params": "nparams parameter parameters numparams numparameters nparameters paramcount "
    "parametercount modelparams modelparameters modelnumparameters modelsize "
    "totalparams totalparameters",
    "tokens": "ntokens numtokens trainingtokens traintokens tokensseen numinputtokensseen "
    "totaltokens consumedtokens tokenstrained trainedtokens trainingtokensseen datasetsize",
    "flops": "flop trainingflops trainingflop trainflops trainflop totalflops totalflos "
    "traintotalflops compute trainingcompute computeflops",
    "loss": "evalloss valloss validationloss validloss testloss evaluationloss finalloss "
    "crossentropyloss crossentropy lossnats trainloss trainingloss",
    "step": "steps globalstep iteration iterations iter trainstep trainsteps trainingsteps update "
    "updates",
}
KNOWN = {name: tuple(words.split()) for name, words in _TEXT.items()}
"""Names that are taken for a column, letters and digits alone, the best first."""

_UNIT = re.compile(r"\s*[(\[]\s*([A-Za-z-]+)\s*[)\]]\s*$")
SIZE = re.compile(r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)\s*([kKmMbBtT])(?![A-Za-z0-9])")
TIMES = {
    "k": 1e3, "thousands": 1e3, "m": 1e6, "millions": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9,
    "g": 1e9, "billions": 1e9, "billion": 1e9, "t": 1e12, "trillions": 1e12, "trillion": 1e12,
    "pf-days": 8.64e19, "pfdays": 8.64e19, "pflops": 1e15, "exaflops": 1e18, "zettaflops": 1e21,
    "gflops": 1e9, "tflops": 1e12,
}  # fmt: skip
"""What a unit in a header, or one that is given, multiplies counts by."""

TRIED = 50
"""Filled cells that tell what a column holds."""


def named(
    cells: Cells, needs: Sequence[str], columns: Mapping[str, Any]
) -> tuple[Cells, dict[str, float], list[str]]:
    """Return the cells under the names that are needed, factors of units by name, and problems.

    ``columns`` says what is what: a column's name, ``{"column": ..., "times": ...}``,
    ``{"product": [...]}`` of columns, or ``{"size_in": ...}``, a size such as 20M in a name.
    """
    problems = [*_repeated(cells)]
    cells, wrong = _mapped(cells, columns)
    problems += wrong
    notes, times, taken = [], {}, dict.fromkeys(cells.columns)
    wanted = dict.fromkeys((*needs, *(OTHERS[n] for n in needs if n in OTHERS)))
    for name in wanted:
        if name in taken:
            other = None if name in columns or name != "loss" else _known(cells, name, taken)
            alike = [c for c in cells.columns if c != name and c.lower() == name]
            if other is not None and stage(other) == 0:
                alike.append(other)
            if alike and name not in columns:
                listed = " and ".join(map(repr, dict.fromkeys(alike)))
                notes.append(f"the column {name!r} is taken as it is; {listed} is there as well")
            continue
        found = _known(cells, name, taken)
        if found is None:
            continue
        cells = _renamed(cells, found, name)
        taken = dict.fromkeys(cells.columns)
        notes.append(f"took {found!r} as {name}")
        if unit := _unit_of(found):
            times[name] = unit
    return replace(cells, notes=(*cells.notes, *notes)), times, problems


def key(name: str) -> str:
    """Return a column's name as it is looked up: lower case, letters and digits, no unit."""
    return re.sub(r"[^a-z0-9]", "", _UNIT.sub("", name).lower())


def _keys(name: str) -> list[str]:
    """Return what a name may be known by: whole, and without the names before / or a point."""
    parts = re.split(r"[./:]", name)
    return [key(name), key(parts[-1]), *([key(parts[-2] + parts[-1])] if len(parts) > 1 else [])]


def _known(cells: Cells, name: str, taken: Mapping[str, None]) -> str | None:
    free = [c for c in cells.columns if c not in CORE]
    for same in free:
        if key(same) == name and same.lower().split("(")[0].strip() == name:
            return same
    aliases = (name, *KNOWN.get(name, ()))
    ranked = sorted(
        (stage(column), aliases.index(alias), at, column)
        for at, column in enumerate(free)
        for alias in _keys(column)
        if alias in aliases and numeric(cells, column)
    )
    return ranked[0][-1] if ranked else None


def stage(column: str) -> int:
    """Return 0 for a name of evaluation, 2 for one of training, 1 for others."""
    if re.search(r"(?:^|[^a-z])(?:eval|val|valid|validation|test)", column.lower()):
        return 0
    return 2 if "train" in column.lower() else 1


def numeric(cells: Cells, column: str) -> bool:
    """Return whether most of a column's filled cells are numbers."""
    at = cells.columns.index(column)
    filled = (w for row in cells.rows if (w := str(row[at]).strip()).lower() not in BLANK)
    read = [
        plain_number(w.replace(",", ".") if w.count(",") == 1 else w) for w in islice(filled, TRIED)
    ]
    return bool(read) and sum(math.isfinite(v) for v in read) > len(read) / 2


def _unit_of(column: str) -> float | None:
    unit = _UNIT.search(column)
    return TIMES.get(unit[1].lower()) if unit else None


def _repeated(cells: Cells) -> Iterator[str]:
    names = cells.columns
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        at = ", ".join(str(i) for i, n in enumerate(names, start=1) if n == name)
        yield f"column {name!r} occurs {names.count(name)} times (columns {at}); keep one"


def _renamed(cells: Cells, old: str, new: str) -> Cells:
    columns = tuple(new if c == old else c for c in cells.columns)
    frame = None if cells.frame is None else cells.frame.rename(columns={old: new})
    return replace(cells, columns=columns, frame=frame)


def _mapped(cells: Cells, columns: Mapping[str, Any]) -> tuple[Cells, list[str]]:
    problems, notes = [], []
    for name, rule in columns.items():
        parts = _parts(rule)
        if parts is None:
            problems.append(
                f"columns[{name!r}] is {rule!r}; expected a column's name, or a dict of column "
                f"and times, of product, or of size_in"
            )
            continue
        if absent := [c for c in parts if c not in cells.columns]:
            near = difflib.get_close_matches(absent[0], cells.columns, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(cells.columns)}"
            problems.append(f"columns[{name!r}]: the table has no column {absent[0]!r}; {hint}")
            continue
        notes.append(f"took {_said(rule)} as {name}, as was asked")
        if isinstance(rule, str):
            if name != rule and name in cells.columns:
                cells = _renamed(cells, name, f"{name} (as it was)")
            cells = _renamed(cells, rule, name)
        else:
            cells = _made(cells, name, rule, parts)
    return replace(cells, notes=(*cells.notes, *notes)), problems


def _parts(rule: Any) -> list[str] | None:
    if isinstance(rule, str):
        return [rule]
    if isinstance(rule, Mapping):
        if set(rule) <= {"column", "times"} and isinstance(rule.get("column"), str):
            times = rule.get("times", 1.0)
            return [rule["column"]] if isinstance(times, int | float) and times > 0 else None
        if set(rule) == {"size_in"} and isinstance(rule["size_in"], str):
            return [rule["size_in"]]
        if set(rule) == {"product"} and isinstance(rule["product"], Sequence):
            parts = list(rule["product"])
            return parts if parts and all(isinstance(p, str) for p in parts) else None
    return None


def _said(rule: Any) -> str:
    if isinstance(rule, str):
        return repr(rule)
    if "product" in rule:
        return " times ".join(map(repr, rule["product"]))
    if "size_in" in rule:
        return f"the size in {rule['size_in']!r}"
    return f"{rule['column']!r} times {rule.get('times', 1):g}"


def _made(cells: Cells, name: str, rule: Mapping[str, Any], parts: list[str]) -> Cells:
    at = [cells.columns.index(p) for p in parts]

    def value(row: tuple[Any, ...]) -> float:
        if "size_in" in rule:
            size = SIZE.search(str(row[at[0]]))
            return float(size[1]) * TIMES[size[2].lower()] if size else math.nan
        return math.prod(plain_number(row[k]) for k in at) * float(rule.get("times", 1.0))

    made = [value(row) for row in cells.rows]
    keep = [k for k, c in enumerate(cells.columns) if c != name]
    rows = tuple(
        (*(row[k] for k in keep), "" if math.isnan(v) else v)
        for row, v in zip(cells.rows, made, strict=True)
    )
    frame = None if cells.frame is None else cells.frame.assign(**{name: made})
    if frame is not None:
        frame = frame[[*(cells.columns[k] for k in keep), name]]
    columns = (*(cells.columns[k] for k in keep), name)
    return replace(cells, columns=columns, rows=rows, frame=frame)
