"""What is missing from a table, and what could be it."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from scalinglaws.data._naming import CORE, KNOWN, OTHERS, SIZE, TRIED, key, numeric, stage
from scalinglaws.data._numbers import SUFFIXED
from scalinglaws.errors import Fix, Problem, fixes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scalinglaws.data._cells import Cells

_LIKE = {
    "params": ["n", "size"],
    "tokens": ["d", "data"],
    "flops": ["c", "budget"],
    "loss": ["l"],
}
"""Names that a column may have, but others as well: these are asked about."""
_PERPLEXITY = "ppl$|perplexity"


def missing(cells: Cells, needs: Sequence[str]) -> Iterator[str]:
    """Yield a problem for each needed column that is not there and does not follow from others."""
    names = set(cells.columns)
    if {"run", "step"} <= names and "params" in needs and not {"params", "tokens"} & names:
        fix = Fix("sl.curves.read_curves")
        yield Problem(
            f"these are curves over steps, one row for each step, which {fix} reads; a plan needs "
            f"one row for each run, with its params and tokens",
            fix,
        )
        return
    if lying := _lying(cells, needs):
        yield lying
        return
    for wanted in (c for c in needs if c not in names):
        other = OTHERS.get(wanted)
        if other is not None and {"params", "tokens", "flops"} - {wanted} <= names:
            continue
        if wanted == "params" and {"tokens", "flops"} <= names:
            continue
        if wanted == "tokens_per_param" and "params" in names and {"tokens", "flops"} & names:
            continue
        also = f" (or {other!r})" if other else ""
        hint = _hint(cells, wanted, other)
        yield Problem(f"column {wanted!r}{also} is missing; {hint}", *fixes_of((hint,)))


def _lying(cells: Cells, needs: Sequence[str]) -> str:
    """Return that a table lies on its side, where its first column holds the names it needs."""
    words = {key(str(row[0])) for row in cells.rows} if cells.columns else set()
    there = [c for c in needs if words & {c, *KNOWN.get(c, ())}]
    if len(there) < 2:
        return ""
    return (
        f"the names stand in the first column ({', '.join(there)}), a run in each other one; "
        f"expected a row for each run: turn the table on its side"
    )


def candidates(cells: Cells, wanted: str) -> list[str]:
    """Return the columns that may be a quantity, the likeliest last."""
    several = _several(cells, wanted)
    near = _near(wanted, cells)
    return several or ([near] if near else [])


def _hint(cells: Cells, wanted: str, other: str | None) -> str:
    several = _several(cells, wanted)
    if len(several) > 1:
        listed = ", ".join(map(repr, several[:6]))
        fix = Fix("columns", {wanted: several[-1]})
        return Problem(f"{listed} could be it: say which, {fix}", fix)
    for target in (wanted, *([other] if other else [])):
        if found := _near(target, cells):
            fix = Fix("columns", {target: found})
            return Problem(f"{found!r} looks like it: rename it to {target!r}, or give {fix}", fix)
    logs = {f"{log}{name}" for log in ("log", "log10", "ln") for name in (wanted, other)}
    if log := next((c for c in cells.columns if key(c) in logs), ""):
        return f"{log!r} is a logarithm: add a column with the numbers themselves"
    if wanted == "params" and (column := sizes_in(cells)):
        fix = Fix("columns", {"params": {"size_in": column}})
        return Problem(f"{column!r} has sizes in its words: {fix} takes these", fix)
    if wanted == "loss" and (column := next((c for c in cells.columns if "bpb" in key(c)), "")):
        both = Fix("columns", {"loss": column}), Fix("loss_unit", "bits/byte")
        return Problem(f"{column!r} is in bits per byte: {both[0]} with {both[1]} takes it", *both)
    if wanted == "loss":
        if column := next((c for c in cells.columns if re.search(_PERPLEXITY, key(c))), ""):
            return (
                f"{column!r} is a perplexity, whose natural logarithm is the loss in nats: add a "
                f"column loss"
            )
        if words := [c for c in cells.columns if "loss" in key(c) and numeric(cells, c)]:
            words.sort(key=stage)
            listed = ", ".join(map(repr, words[:6]))
            fix = Fix("columns", {wanted: words[0]})
            return Problem(f"{listed} could be it: say which, {fix}", fix)
    return f"the table has {', '.join(map(repr, cells.columns[:30]))}"


def _several(cells: Cells, wanted: str) -> list[str]:
    """Return columns that may each be a count of parameters or tokens, the whole ones last."""
    if wanted not in ("params", "tokens"):
        return []
    stem = wanted[:-1]
    found = [c for c in cells.columns if stem in c.lower() and numeric(cells, c)]
    return sorted(found, key=lambda c: ("total" in c.lower(), cells.columns.index(c)))


def _near(wanted: str, cells: Cells) -> str | None:
    free = [c for c in cells.columns if c not in CORE]
    keys = [key(n) for n in free]
    known = [wanted, *KNOWN.get(wanted, ()), *_LIKE.get(wanted, ())]
    exact = [n for n, k in zip(free, keys, strict=True) if k in known]
    like = difflib.get_close_matches(wanted, keys, n=1, cutoff=0.75)
    close = [free[keys.index(k)] for k in like]
    return next(iter(exact + close), None)


def sizes_in(cells: Cells) -> str | None:
    """Return a column whose words all hold a size, such as model-20M."""
    for at, column in enumerate(cells.columns):
        words = [str(r[at]) for r in cells.rows[:TRIED]]
        if words and all(SIZE.search(w) and not SUFFIXED.fullmatch(w.strip()) for w in words):
            return column
    return None
