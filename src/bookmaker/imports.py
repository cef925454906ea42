"""Which modules of a package a piece of code reaches, followed along its imports, nothing run.

A package's ``__init__`` is a face: a name that is asked of it leads to the module that defines it,
and to no other. Where that cannot be told, the whole package counts as reached.
"""

from __future__ import annotations

import ast
from functools import cache, cached_property
from typing import TYPE_CHECKING

from bookmaker.code import Code, DottedPath, dotted, is_typing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INIT = "__init__"


class Package:
    """A package on disk: its modules, by dotted name, and where the names of its faces lead.

    A package stands among the modules under its own name for its face, and as ``name.__init__``
    where its whole ``__init__`` is reached.
    """

    def __init__(self, folder: Path) -> None:
        """Take the package that lies in ``folder``; nothing is read yet."""
        self.folder = folder
        self.name = folder.name
        self._code: dict[str, Code] = {}
        self._faces: dict[DottedPath, dict[str, list[DottedPath]]] = {}
        self._own: dict[DottedPath, frozenset[str]] = {}
        self._reach: dict[str, frozenset[str]] = {}
        self._ends: dict[DottedPath, list[tuple[DottedPath, DottedPath]]] = {}

    @cached_property
    def everything(self) -> frozenset[str]:
        """Every module, and every ``__init__`` both as a face and as a whole."""
        return frozenset(self._files) | {".".join(package) for package in self._packages}

    def file(self, module: str) -> Path:
        """Return the file of a module, or of a package's face."""
        return self._files.get(module) or self._files[f"{module}.{INIT}"]

    def code(self, module: str) -> Code:
        """Parse a module; of a face, only what is more than imports and ``__all__``."""
        if module not in self._code:
            text = self.file(module).read_text(encoding="utf-8")
            package = tuple(module.split(".")[:-1])
            self._code[module] = parsed(text, self.name, package, faced=module not in self._files)
        return self._code[module]

    def reached(self, code: Code) -> frozenset[str]:
        """List the modules that code reaches, and all that these reach in turn."""
        waiting = set(self._reached_by(code))
        found: set[str] = set()
        while waiting:
            module = waiting.pop()
            found.add(module)
            if module not in self._reach:
                # Where a face's imports lead is told by the names that are asked of it.
                faced = module not in self._files
                reach = () if faced else self._reached_by(self.code(module))
                self._reach[module] = frozenset(reach)
            waiting |= self._reach[module] - found
        return frozenset(found)

    def origin(self, path: DottedPath) -> str:
        """Follow a dotted path through faces to where it is defined."""
        at, rest = self._followed(path)[0]
        return ".".join((*at, *rest))

    @cached_property
    def _files(self) -> dict[str, Path]:
        files = sorted(self.folder.rglob("*.py"))
        parts = (f.relative_to(self.folder).with_suffix("").parts for f in files)
        return {".".join((self.name, *p)): f for p, f in zip(parts, files, strict=True)}

    @cached_property
    def _packages(self) -> set[DottedPath]:
        inits = (m.split(".") for m in self._files)
        return {tuple(parts[:-1]) for parts in inits if parts[-1] == INIT}

    def _reached_by(self, code: Code) -> Iterator[str]:
        for use in code.uses:
            for at, rest in self._followed(use.path):
                yield from (".".join(at[:n]) for n in range(1, len(at) + 1))
                if at not in self._packages:
                    continue
                if rest and rest[0] in self._defined(at):
                    yield ".".join((*at, INIT))
                elif rest:
                    yield from self.everything
                elif not use.pointed:
                    yield from self._below(at)

    def _followed(self, path: DottedPath) -> list[tuple[DottedPath, DottedPath]]:
        if path not in self._ends:
            self._ends[path] = self._walk(path, frozenset())
        return self._ends[path]

    def _walk(
        self, path: DottedPath, seen: frozenset[DottedPath]
    ) -> list[tuple[DottedPath, DottedPath]]:
        """Split a path into the module or package that it ends in, and what is left of it."""
        at, rest = path[:1], path[1:]
        while rest and at in self._packages and rest[0] not in self._defined(at):
            inner = (*at, rest[0])
            targets = [t for t in self._names(at).get(rest[0], []) if t != inner]
            if targets and path not in seen:
                longer = [(*t, *rest[1:]) for t in targets]
                return [end for t in longer for end in self._walk(t, seen | {path})]
            if inner not in self._packages and ".".join(inner) not in self._files:
                break
            at, rest = inner, rest[1:]
        return [(at, rest)]

    def _names(self, package: DottedPath) -> dict[str, list[DottedPath]]:
        """Map each name that a face imports, early or late, to where it comes from."""
        if package not in self._faces:
            whole = self.code(".".join((*package, INIT)))
            names: dict[str, list[DottedPath]] = {}
            for name, path in (*whole.imported, *_late(whole)):
                names.setdefault(name, []).append(path)
            self._faces[package] = names
        return self._faces[package]

    def _defined(self, package: DottedPath) -> frozenset[str]:
        """List the names that an ``__init__`` gives a value itself."""
        if package not in self._own:
            self._own[package] = frozenset(_given(self.code(".".join(package)).tree.body))
        return self._own[package]

    def _below(self, package: DottedPath) -> Iterator[str]:
        start = ".".join(package)
        return (m for m in self.everything if m == start or m.startswith(f"{start}."))


@cache
def parsed(text: str, root: str, package: DottedPath = (), *, faced: bool = False) -> Code:
    """Parse a text once; of a face, keep what is more than imports and ``__all__``."""
    tree = ast.parse(text)
    if faced:
        tree = ast.Module([s for s in tree.body if not _points(s)], [])
    return Code(tree, root, package)


def _given(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            yield statement.name
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            names = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
            yield from (n.id for n in names if isinstance(n.ctx, ast.Store))


def _late(code: Code) -> Iterator[tuple[str, DottedPath]]:
    """Read tables of late imports: names, each with the dotted module that it is taken from."""
    for node in code.nodes:
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                named = getattr(key, "value", None), getattr(value, "value", None)
                if dotted(named[1], code.root):
                    yield str(named[0]), tuple(str(named[1]).split("."))


def _points(statement: ast.stmt) -> bool:
    """Whether a statement of a face only says where names come from, or which there are."""
    if isinstance(statement, ast.Assign):
        return [ast.unparse(t) for t in statement.targets] == ["__all__"]
    return isinstance(statement, (ast.Import, ast.ImportFrom)) or is_typing(statement)
