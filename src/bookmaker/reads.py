"""Whether a table of one's own has what a chapter reads from it, asked before a kernel starts.

What a chapter needs stands in its own calls: the one that it gives the table's name to, and those
of the same cell that take what was read. They are made here as the chapter would make them.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scalinglaws
from bookmaker.project import read_plain
from scalinglaws.data._formats import opened
from scalinglaws.data._mapping import file_of, is_one
from scalinglaws.errors import BadRuns, fixes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bookmaker.project import Chapter
    from scalinglaws.errors import Fix

_MISSING = re.compile(r"column '([^']+)'.* is missing")
_READERS = ("load", "read_runs")
_OF_OTHERS = ("params", "tokens", "flops")


def unreadable(chapter: Chapter, name: str, values: Mapping[str, Any]) -> str:
    """Return why a chapter cannot read the table that its parameter ``name`` is, or nothing.

    ``values`` are all parameters by name. The answer names what is wrong, the columns that the
    chapter needs and those of the table, and how to map them. What the runs cannot say is no reason
    to refuse them: the chapter shows it where it would stand.
    """
    asked = _Asked(chapter, values)
    try:
        if not is_one(values[name]):
            opened(values[name])
        for call in asked.of(name):
            asked.made(call)
    except BadRuns as refusal:
        return _told(refusal, str(values[name]), asked.needs)
    return ""


class _Asked:
    """The calls of a chapter that read a table, and what stands for the names in them."""

    def __init__(self, chapter: Chapter, values: Mapping[str, Any]) -> None:
        self._cells = [
            ast.parse("".join(cell["source"]))
            for cell in read_plain(chapter.source)["cells"]
            if cell["cell_type"] == "code"
        ]
        self._known: dict[str, Any] = {"sl": scalinglaws, **values}
        self._assigned: dict[str, ast.expr] = {}
        self.needs: tuple[str, ...] = ()

    def of(self, name: str) -> Iterator[ast.Call]:
        """Yield the call that reads the table ``name``, and those of its cell on what it gave."""
        held = {name}
        for cell in self._cells:
            for statement in cell.body:
                if not isinstance(statement, ast.Assign):
                    continue
                takes = bool(held & _names(statement.value))
                if takes:
                    for part in ast.walk(statement.value):
                        if isinstance(part, ast.Call) and _reads(part, held):
                            yield part
                if isinstance(statement.targets[0], ast.Name):
                    target = statement.targets[0].id
                    self._assigned[target] = statement.value
                    held |= {target} if takes and target not in self._known else set()
            if len(held) > 1:
                return

    def made(self, call: ast.Call) -> Any:
        """Make a call as the chapter does; what fails but by a refusal is left to the kernel."""
        try:
            if isinstance(call.func, ast.Attribute) and call.func.attr in _READERS:
                given = {k.arg: self._value(k.value) for k in call.keywords if k.arg}
                self.needs = self.needs or _needed(given)
            return self._value(call)
        except BadRuns:
            raise
        except Exception:
            return None

    def _value(self, expression: ast.expr) -> Any:
        for name in sorted(_names(expression)):
            if name not in self._known and name in self._assigned:
                self._known[name] = self._value(self._assigned.pop(name))
        code = compile(ast.Expression(expression), "<chapter>", "eval")
        return eval(code, dict(self._known))


def _names(code: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(code) if isinstance(part, ast.Name)}


def _reads(call: ast.Call, held: set[str]) -> bool:
    """Return whether a call hands the library a table as what comes first."""
    return bool(call.args and held & _names(call.args[0])) and "sl" in _names(call.func)


def _needed(given: Mapping[str, Any]) -> tuple[str, ...]:
    law = given.get("law", scalinglaws.laws.CHINCHILLA)
    whole = (*law.inputs, law.response) if law is not None else ()
    return (*(given.get("needs") or whole), *given.get("labels", ()))


def _told(refusal: BadRuns, path: str, needs: tuple[str, ...]) -> str:
    """Return a refusal in a chapter's words: its fixes are lines of a mapping file."""
    words = str(refusal)
    for fix in refusal.fixes:
        if line := _line(fix):
            words = words.replace(str(fix), f"the line {line} in a file beside it")
    lost = [found[1] for text in refusal.problems if (found := _MISSING.match(text))]
    if not lost:
        return words
    file, mapped = Path(path), is_one(path)
    has = ", ".join(opened(file_of(path) if mapped else path).cells.columns[:30])
    of_others = set(lost) & set(_OF_OTHERS) and len(set(needs) & set(_OF_OTHERS)) > 1
    third = " (of params, tokens and flops any two give the third)" if of_others else ""
    named = {next(iter(f.value)): f for f in fixes_of(refusal.problems) if f.option == "columns"}
    lines = [_line(named[c]) if c in named else f'{c} = "..."' for c in lost]
    if mapped:
        way = f"Say in {file.name} which they are, under [columns]:"
    else:
        way = (
            f"Rename columns, or lay a file such as {file.stem}.toml beside the table and give its "
            f"path instead:"
        )
        lines = [f"file = {json.dumps(file.name)}", "[columns]", *lines]
    shown = "".join(f"\n      {line}" for line in lines)
    return (
        f"{words}\n    The chapter reads {', '.join(needs or lost)}{third}; the table has {has}. "
        f"{way}{shown}"
    )


def _line(fix: Fix) -> str:
    """Return a fix as a line of a mapping file, or nothing where it has none."""
    if fix.option == "loss_unit":
        return f'loss = {{column = "loss", unit = {json.dumps(fix.value)}}}'
    if fix.option not in ("columns", "units"):
        return ""
    name, value = next(iter(fix.value.items()))
    if fix.option == "units":
        return f"{name} = {{column = {json.dumps(name)}, times = {value:g}}}"
    if isinstance(value, dict):
        return f"{name} = {{size_in = {json.dumps(value['size_in'])}}}"
    return f"{name} = {json.dumps(value)}"
