"""Bring ``_build/book`` up to date: copied sources and the pages that are generated."""

from __future__ import annotations

import inspect
import re
import types
from typing import TYPE_CHECKING

from bookmaker.claims import gather_claims, scorecard_page
from bookmaker.project import read_plain, write_atomically
from bookmaker.settings import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bookmaker.project import Project

SCORECARD, CATALOGUE, LIBRARY = "back/scorecard", "back/catalogue", "back/library"
GENERATED = (SCORECARD, CATALOGUE, LIBRARY)


def toc_pages(project: Project) -> list[str]:
    """List the pages that ``book/_toc.yml`` names, in reading order, without suffix."""
    return list(_named(read_yaml(project.sources / "_toc.yml")[0]))


def _named(entry: object) -> Iterator[str]:
    if isinstance(entry, dict):
        for key, value in entry.items():
            if key in ("root", "file"):
                yield re.sub(r"\.(md|ipynb)$", "", str(value))
            elif isinstance(value, (list, dict)):
                yield from _named(value)
    elif isinstance(entry, list):
        for item in entry:
            yield from _named(item)


def title_of(path: Path) -> str:
    """Return the first heading of a notebook, or its file's stem."""
    for cell in read_plain(path)["cells"]:
        heading = re.search(r"^# +(.+)$", cell["source"], re.M)
        if cell["cell_type"] == "markdown" and heading:
            return heading.group(1).strip()
    return path.stem


def write_pages(project: Project) -> None:
    """Copy what is not a chapter, write the generated pages, remove what no source stands for."""
    keep = {project.executed / f"{chapter.name}.ipynb" for chapter in project.chapters()}
    for source in sorted(project.sources.rglob("*")):
        if source.is_file() and source.suffix != ".ipynb":
            target = project.executed / source.relative_to(project.sources)
            keep.add(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    named = set(toc_pages(project))
    for page in GENERATED:
        if page in named:
            target = project.executed / f"{page}.md"
            keep.add(target)
            write_atomically(target, _page(project, page))
    for path in sorted(project.executed.rglob("*"), reverse=True):
        if path.is_file() and path not in keep:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _page(project: Project, page: str) -> str:
    if page == SCORECARD:
        titles = {c.name: title_of(c.source) for c in project.chapters()}
        return scorecard_page(gather_claims(project), titles)
    if page == CATALOGUE:
        from scalinglaws.data import catalogue as data

        return data.catalogue_page()
    return library_page()


def library_page() -> str:
    """Write the reference of the library's public names, for Sphinx's autodoc to fill."""
    import scalinglaws
    import scalinglaws.notebook
    from bookmaker.thresholds import thresholds_section  # late: it loads all of the library

    lines = [
        "# Library reference",
        "",
        "What `import scalinglaws as sl` offers, and what chapters write with, from the docstrings",
        "of the version that executed this book.",
        "",
    ]
    seen: list[object] = []
    lines += _members("sl", scalinglaws, "##", seen)
    lines += _section("scalinglaws.notebook", scalinglaws.notebook, "##", seen)
    return "\n".join([*lines, *thresholds_section()])


def _section(title: str, module: types.ModuleType, level: str, seen: list[object]) -> list[str]:
    head = [f"{level} {title}", "", *_first_paragraph(module), ""]
    return head + _members(title, module, f"{level}#", seen)


def _members(prefix: str, module: types.ModuleType, level: str, seen: list[object]) -> list[str]:
    """Write what a module offers: its own things first, then its modules, each object once."""
    things = {name: getattr(module, name) for name in _public(module)}
    inner = {n: t for n, t in things.items() if isinstance(t, types.ModuleType)}
    lines: list[str] = []
    for name, thing in things.items():
        # Described above, where it is; Sphinx wants each thing once.
        if name not in inner and not any(thing is one for one in seen):
            seen.append(thing)
            lines += _entry(f"{prefix}.{name}", module.__name__, name, thing, level)
    for name, one in inner.items():
        lines += _section(f"{prefix}.{name}", one, level, seen)
    return lines


def _public(module: types.ModuleType) -> list[str]:
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(listed, key=str.lower)
    own = (n for n in vars(module) if not n.startswith("_"))
    return sorted(
        n for n in own if getattr(getattr(module, n), "__module__", "") == module.__name__
    )


def _entry(title: str, module: str, name: str, thing: object, level: str) -> list[str]:
    if inspect.isclass(thing):
        directive, options = "autoclass", ["   :members:"]
    elif callable(thing) and inspect.isroutine(thing):
        directive, options = "autofunction", []
    else:
        return [f"{level} {title}", "", *_first_paragraph(thing), ""]
    body = ["```{eval-rst}", f".. {directive}:: {module}.{name}", *options, "```"]
    return [f"{level} {title}", "", *body, ""]


def _first_paragraph(thing: object) -> list[str]:
    """Quote an object's own docstring, or what it prints where it has none of its own."""
    formula = getattr(thing, "formula", None)
    if isinstance(thing, types.ModuleType):
        return [(inspect.getdoc(thing) or "").split("\n\n")[0]]
    if isinstance(formula, str):
        return [f"$${formula}$$"]
    return ["```text", str(thing), "```"]
