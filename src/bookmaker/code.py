"""A piece of code as far as a key needs it: what it uses of a package, its strings, its digest."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DottedPath = tuple[str, ...]


@dataclass(frozen=True)
class Use:
    """A place where code uses a package: the node, and the dotted path that it leads to.

    An ``import`` alone is ``pointed``: it reaches a package's face, not all that is in it.
    """

    node: ast.AST
    path: DottedPath
    pointed: bool


@dataclass(frozen=True, eq=False)
class Code:
    """Parsed code that uses the package ``root``; relative imports start from ``package``."""

    tree: ast.Module
    root: str
    package: DottedPath = ()

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node but those that only a type checker reads."""
        found: list[ast.AST] = []
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop()
            found.append(node)
            if isinstance(node, ast.If) and is_typing(node):
                waiting += node.orelse
            else:
                waiting += ast.iter_child_nodes(node)
        return found

    @cached_property
    def texts(self) -> frozenset[str]:
        """Every string."""
        constants = (n.value for n in self.nodes if isinstance(n, ast.Constant))
        return frozenset(v for v in constants if isinstance(v, str))

    @cached_property
    def digest(self) -> str:
        """Digest of what the code does: blank lines, comments and line numbers left out."""
        # Listed before the tree loses them: to copy the tree would take longer than all the rest.
        _ = self.nodes
        tree = _Silent().visit(self.tree)
        lines = "\n".join(_instructions(compile(tree, "", "exec", dont_inherit=True)))
        return hashlib.sha256(lines.encode("utf-8", "backslashreplace")).hexdigest()

    @cached_property
    def imported(self) -> list[tuple[str, DottedPath]]:
        """Every name that an import of the code binds, wherever it stands, and what it names."""
        return [pair for node in self.nodes for pair in self._bindings(node)]

    @cached_property
    def uses(self) -> list[Use]:
        """Every use of the package; a name means what any import of the code binds it to."""
        bound: dict[str, set[DottedPath]] = {}
        for name, path in self.imported:
            bound.setdefault(name, set()).add(path)
        above: dict[ast.AST, ast.AST] = {
            child: node
            for node in self.nodes
            if isinstance(node, (ast.Attribute, ast.Call))
            for child in ast.iter_child_nodes(node)
        }
        return [use for node in self.nodes for use in self._uses(node, bound, above)]

    def _uses(
        self, node: ast.AST, bound: dict[str, set[DottedPath]], above: dict[ast.AST, ast.AST]
    ) -> Iterator[Use]:
        if isinstance(node, ast.ImportFrom):
            for _, path in self._bindings(node):
                yield Use(node, path, pointed=True)
            if any(alias.name == "*" for alias in node.names):
                yield from (Use(node, p, pointed=False) for p in self._source(node))
        elif isinstance(node, ast.Name) and node.id in bound:
            top, tail = _climb(node, above)
            yield from (Use(top, (*p, *tail), pointed=False) for p in bound[node.id])
        elif isinstance(node, ast.Constant) and dotted(node.value, self.root):
            call = above.get(node)
            # The folder of a file that is read; the file is found by its name.
            if not (isinstance(call, ast.Call) and ast.unparse(call.func).endswith("files")):
                yield Use(node, tuple(str(node.value).split(".")), pointed=False)

    def _bindings(self, node: ast.AST) -> Iterator[tuple[str, DottedPath]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                path = tuple(alias.name.split("."))
                if path[0] == self.root:
                    yield (alias.asname, path) if alias.asname else (self.root, (self.root,))
        elif isinstance(node, ast.ImportFrom):
            for path in self._source(node):
                for alias in node.names:
                    if alias.name != "*":
                        yield alias.asname or alias.name, (*path, alias.name)

    def _source(self, node: ast.ImportFrom) -> Iterator[DottedPath]:
        above = self.package[: len(self.package) - node.level + 1] if node.level else ()
        path = (*above, *(node.module.split(".") if node.module else ()))
        if path[:1] == (self.root,):
            yield path


class _Silent(ast.NodeTransformer):
    """Leave out strings that stand alone, which only people read; docstrings stay."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for k, s in enumerate(body) if not (k and _is_text(s))]  # type: ignore[attr-defined]
        return node


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def dotted(value: object, root: str) -> bool:
    """Whether a value is the dotted name of something below ``root``."""
    return (
        isinstance(value, str)
        and value.startswith(f"{root}.")
        and all(part.isidentifier() for part in value.split("."))
    )


def is_typing(node: ast.AST) -> bool:
    """Whether this is an ``if TYPE_CHECKING``, whose body never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _climb(name: ast.AST, above: dict[ast.AST, ast.AST]) -> tuple[ast.AST, DottedPath]:
    """Climb from a name through its attributes: the last of them, and their names."""
    tail: list[str] = []
    node = name
    while isinstance(parent := above.get(node), ast.Attribute):
        node = parent
        tail.append(parent.attr)
    return node, tuple(tail)


def _instructions(code: CodeType) -> Iterator[str]:
    """List what the interpreter runs, in an order that no hash seed decides."""
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags)
    yield f"{code.co_qualname} {code.co_code.hex()} {code.co_exceptiontable.hex()} {names}"
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)
        else:
            yield _written(constant)


def _written(constant: object) -> str:
    if isinstance(constant, frozenset):
        return f"frozenset{sorted(map(_written, constant))}"
    if isinstance(constant, tuple):
        return f"({', '.join(map(_written, constant))})"
    return repr(constant)
