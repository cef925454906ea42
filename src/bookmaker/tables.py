"""Which bundled sets of runs a piece of code names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bookmaker.code import Code
    from bookmaker.imports import Package

CATALOGUE = "data.catalogue"
"""The module that loads sets by name."""
_Given = dict[str, list[ast.expr | None]]
_TAKES_A_NAME = ("load", "card", "bundled")
_GIVES_A_TABLE = (*_TAKES_A_NAME, "read_runs")


def sets_named(texts: Iterable[str], sets: Collection[str]) -> set[str]:
    """List the sets that any of these strings names: alone, with a table, or within a path."""
    return {part for text in texts for part in text.strip().split("/") if part in sets}


def computes_a_name(code: Code, package: Package) -> bool:
    """Whether code loads a set whose name its strings do not show.

    A name is shown when it is a string of the code, or a variable that is given such strings and
    nothing else.
    """
    start = f"{package.name}.{CATALOGUE}."
    origins = ((u.node, package.origin(u.path)) for u in code.uses if not u.pointed)
    loaders = {node: o.removeprefix(start) for node, o in origins if o.startswith(start)}
    if not loaders:
        return False
    given = _assigned(code)
    called: set[ast.AST] = set()
    for node in code.nodes:
        if isinstance(node, ast.Call) and node.func in loaders:
            called.add(node.func)
            loader = loaders[node.func]
            first = node.args[0] if node.args else next((k.value for k in node.keywords), None)
            shown = _shown(first, given, set()) or (loader == "card" and _frame(first, given))
            if loader not in _TAKES_A_NAME or not shown:
                return True
    return bool(loaders.keys() - called)


def _assigned(code: Code) -> _Given:
    """Map every variable to what it is given; None for what cannot be read off."""
    given: _Given = {}
    for node in code.nodes:
        for name, value in _pairs(node):
            given.setdefault(name, []).append(value)
    return given


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _matched(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield from _matched(node.target, node.value)
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield from _matched(node.target, node.iter)
    elif isinstance(node, ast.AugAssign):
        yield from _matched(node.target, None)
    elif isinstance(node, ast.arg):
        yield node.arg, None


def _matched(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, (ast.Tuple, ast.List)):
        same = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        values = value.elts if same and isinstance(value, (ast.Tuple, ast.List)) else None
        for number, one in enumerate(target.elts):
            yield from _matched(one, values[number] if values else value)


def _shown(value: ast.expr | None, given: _Given, seen: set[str]) -> bool:
    """Whether a value is made of strings that stand in the code, chosen but not put together."""
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.Name):
        sources = given.get(value.id)
        if sources is None:
            return False
        if value.id in seen:
            return True
        return all(_shown(s, given, seen | {value.id}) for s in sources)
    parts: list[ast.expr | None]
    if isinstance(value, ast.BoolOp):
        parts = list(value.values)
    elif isinstance(value, ast.IfExp):
        parts = [value.body, value.orelse]
    elif isinstance(value, (ast.Tuple, ast.List, ast.Set)):
        parts = list(value.elts)
    elif isinstance(value, ast.Dict):
        parts = [*value.keys, *value.values]
    elif isinstance(value, ast.Subscript):
        parts = [value.value]
    else:
        return False
    return all(_shown(part, given, seen) for part in parts)


def _frame(value: ast.expr | None, given: _Given) -> bool:
    """Whether a value is a variable that holds a table which was loaded before."""
    sources = given.get(value.id, []) if isinstance(value, ast.Name) else []
    calls = (n for s in sources if s is not None for n in ast.walk(s) if isinstance(n, ast.Call))
    return any(ast.unparse(c.func).rsplit(".", 1)[-1] in (*_GIVES_A_TABLE, "scored") for c in calls)
