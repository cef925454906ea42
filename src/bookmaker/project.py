"""Where a book's sources and results lie, and which chapters it has."""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import scalinglaws
from scalinglaws.errors import ScalingLawError, UnknownName

PACKAGE = Path(scalinglaws.__file__).resolve().parent


@dataclass(frozen=True)
class Chapter:
    """One notebook of the book: its name (``part/stem``) and its source file."""

    name: str
    source: Path


@dataclass(frozen=True)
class Project:
    """A checkout: sources under ``book``, everything that is made under ``_build``."""

    root: Path
    library: Path = PACKAGE

    @classmethod
    def at(cls, root: str | Path | None = None) -> Project:
        """Return the project at ``root``, by default the checkout that holds this package.

        Raises ``ScalingLawError`` where there is no ``_config.yml`` with a ``book`` beside it.
        """
        folder = (PACKAGE.parents[1] if root is None else Path(root)).resolve()
        if not (folder / "_config.yml").is_file() or not (folder / "book").is_dir():
            raise ScalingLawError(
                f"{folder} holds no book (_config.yml and book/ are missing): run this in a "
                "checkout, or name one with --root"
            )
        return cls(folder)

    @property
    def sources(self) -> Path:
        """Folder of the book's sources."""
        return self.root / "book"

    @property
    def build(self) -> Path:
        """Folder of everything that is made."""
        return self.root / "_build"

    @property
    def executed(self) -> Path:
        """Folder of the executed chapters."""
        return self.build / "executed"

    @property
    def pages(self) -> Path:
        """Folder of the composed book, which the renderer reads."""
        return self.build / "book"

    @property
    def site(self) -> Path:
        """Folder of the rendered site."""
        return self.build / "html"

    def chapters(self) -> tuple[Chapter, ...]:
        """List every notebook under ``book``, by name."""
        found = (p for p in self.sources.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
        named = ((p.relative_to(self.sources).with_suffix("").as_posix(), p) for p in found)
        return tuple(Chapter(name, path) for name, path in sorted(named))

    def chapter(self, name: str) -> Chapter:
        """Find a chapter by its name or by the last part of it.

        Raises ``UnknownName`` with the nearest name and the list of those that exist.
        """
        wanted = name.removesuffix(".ipynb").removeprefix("book/")
        chapters = self.chapters()
        hits = [c for c in chapters if wanted in (c.name, c.name.rsplit("/", 1)[-1])]
        if len(hits) == 1:
            return hits[0]
        names = [c.name for c in chapters]
        shorts = {n.rsplit("/", 1)[-1]: n for n in names}
        listed = ", ".join(names) or "none"
        if not wanted:
            raise UnknownName(f"no chapter is named: give NAME=chinchilla. Chapters: {listed}")
        near = difflib.get_close_matches(wanted, [*names, *shorts], n=3)
        meant = list(dict.fromkeys(repr(shorts.get(n, n)) for n in near))
        guess = f" Did you mean {' or '.join(meant)}?" if meant else ""
        why = "names more than one chapter" if hits else "is no chapter"
        raise UnknownName(f"{name!r} {why}.{guess} Chapters: {listed}")


def read_plain(path: Path) -> dict[str, Any]:
    """Read a notebook's JSON with each cell's source as one string.

    Raises ``ScalingLawError`` naming the file that is no notebook of format 4. Most work needs no
    more than this, and ``nbformat`` takes seconds to import.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if notebook["nbformat"] != 4:
            raise ValueError(f"its format is {notebook['nbformat']}; 4 is needed")
        if not isinstance(notebook["metadata"], dict):
            raise TypeError("its metadata is no object")
        for number, cell in enumerate(notebook["cells"], start=1):
            cell["source"] = "".join(cell["source"])
            if not isinstance(cell.setdefault("metadata", {}), dict):
                raise TypeError(f"the metadata of cell {number} is no object")
    except KeyError as problem:
        raise ScalingLawError(
            f"{path} cannot be read as a notebook: it has no {problem}; save it in Jupyter once"
        ) from problem
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise ScalingLawError(f"{path} cannot be read as a notebook: {problem}") from problem
    return dict(notebook)


def read_json(path: Path) -> Any:
    """Read a file that this package made; None where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_notebook(path: Path) -> Any:
    """Read a notebook to change it or to walk it as ``nbformat`` does.

    Raises ``ScalingLawError`` naming the file that is none.
    """
    import nbformat

    plain = read_plain(path)
    for cell in plain["cells"]:
        if cell["cell_type"] == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    return nbformat.reads(json.dumps(plain), as_version=4)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader finds the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def notebook_text(notebook: Any) -> str:
    """Return a notebook as the text that ``nbformat`` writes: indent 1, a final newline."""
    import nbformat

    text = nbformat.writes(notebook, version=nbformat.NO_CONVERT, indent=1)
    return str(text).rstrip("\n") + "\n"
