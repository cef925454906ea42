"""The key of a chapter: a digest of its code and of all that its outputs depend on.

What a chapter depends on is read off its code: the modules of the library that its imports lead to,
the files of the library and the bundled sets that it or they name. What cannot be read off counts
as used, because a chapter that runs once too often costs a minute, a stale page the reader's trust.
"""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookmaker.imports import Package, parsed
from bookmaker.tables import CATALOGUE, computes_a_name, sets_named

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bookmaker.code import Code
    from bookmaker.project import Project

# How a chapter is executed; how the others of this package order, check and show it is not told by
# its outputs.
_HERE = Path(__file__).parent
_MACHINE = ("execute.py", "home.py", "warm.py")


class Keys:
    """The keys of a project's chapters, for as long as no source changes."""

    def __init__(self, project: Project) -> None:
        """Take the sources of a project as they are now."""
        self._project = project
        self._library = Package(project.library)
        self._digests: dict[Path, str] = {}
        self._told: dict[str, frozenset[Path]] = {}
        self._computing: dict[str, bool] = {}
        self._sets = {p.parent.name: p.parent for p in (project.root / "data").glob("*/card.toml")}

    def of(self, notebook: dict[str, Any], parameters: dict[str, Any] | None = None) -> str:
        """Digest of a plain notebook's code, its parameters and what it uses.

        Its text is set beside the outputs when its page is composed, so that a word costs no run.
        """
        given = parameters or {}
        coded = [c for c in notebook["cells"] if c["cell_type"] == "code"]
        cells = [[c["source"], "parameters" in c["metadata"].get("tags", [])] for c in coded]
        code = [c["source"] for c in coded]
        used = self.used(code, [v for v in given.values() if isinstance(v, str)])
        text = json.dumps([cells, given, used, self._shared], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def used(self, code: Iterable[str], names: Iterable[str] = ()) -> dict[str, str]:
        """Map what code uses to digests: modules by dotted name, files by path.

        ``names`` are further strings that may name a bundled set.
        """
        try:
            # One tree, since a cell uses what another imports.
            chapter = parsed("\n".join(code), self._library.name)
        except SyntaxError:
            return self._all_modules | self._all_sets
        modules = self._library.reached(chapter)
        texts = chapter.texts.union(*(self._library.code(m).texts for m in modules))
        found = {m: self._library.code(m).digest for m in modules}
        found |= {self._name(p): self._digest(p) for p in self._files(modules, chapter)}
        if any(map(self._computes, modules)) or computes_a_name(chapter, self._library):
            return found | self._all_sets
        for name in sets_named(texts.union(names), self._sets):
            found |= self._set(name)
        return found

    @cached_property
    def _shared(self) -> list[str]:
        """Digests of what every chapter depends on: Python, the lock, the way to execute it."""
        lock = self._project.root / "requirements.lock"
        machine = (parsed((_HERE / name).read_text(encoding="utf-8"), "") for name in _MACHINE)
        return [
            platform.python_version(),
            self._digest(lock) if lock.is_file() else "",
            *(code.digest for code in machine),
        ]

    @cached_property
    def _all_modules(self) -> dict[str, str]:
        modules = {m: self._library.code(m).digest for m in self._library.everything}
        return modules | {self._name(p): self._digest(p) for p in self._unnamed | self._named}

    @cached_property
    def _all_sets(self) -> dict[str, str]:
        return {path: digest for name in self._sets for path, digest in self._set(name).items()}

    @cached_property
    def _named(self) -> frozenset[Path]:
        """Files of the library, other than modules, whose names stand in a module."""
        return frozenset().union(*map(self._named_in, self._library.everything))

    @cached_property
    def _unnamed(self) -> frozenset[Path]:
        return frozenset(self._no_modules) - self._named

    @cached_property
    def _no_modules(self) -> list[Path]:
        files = (p for p in self._library.folder.rglob("*") if p.is_file() and p.suffix != ".py")
        return [p for p in files if "__pycache__" not in p.parts]

    def _named_in(self, module: str) -> frozenset[Path]:
        if module not in self._told:
            self._told[module] = self._files_named(self._library.code(module))
        return self._told[module]

    def _files_named(self, code: Code) -> frozenset[Path]:
        whole = "\n".join(code.texts)
        return frozenset(p for p in self._no_modules if p.name in whole)

    def _files(self, modules: Collection[str], chapter: Code) -> frozenset[Path]:
        """List the library's files that code names, or that lie beside it and no module names."""
        if not modules:
            return frozenset()
        beside = {self._library.file(m).parent for m in modules}
        named = self._files_named(chapter) & self._named
        named = named.union(*map(self._named_in, modules))
        return named | {p for p in self._unnamed if p.parent in beside}

    def _computes(self, module: str) -> bool:
        """Whether a module loads sets by names that it puts together; the loader itself may."""
        if module not in self._computing:
            own = module.startswith(f"{self._library.name}.{CATALOGUE.partition('.')[0]}")
            code = self._library.code(module)
            self._computing[module] = not own and computes_a_name(code, self._library)
        return self._computing[module]

    def _name(self, path: Path) -> str:
        return path.relative_to(self._library.folder).as_posix()

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._digests[path]

    def _set(self, name: str) -> dict[str, str]:
        files = (p for p in sorted(self._sets[name].rglob("*")) if p.suffix in (".csv", ".toml"))
        return {p.relative_to(self._project.root).as_posix(): self._digest(p) for p in files}
