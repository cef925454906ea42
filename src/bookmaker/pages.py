"""Bring ``_build/book`` up to date: copied sources and the pages that are generated."""

from __future__ import annotations

import inspect
import re
import shutil
import types
from functools import partial
from typing import TYPE_CHECKING

from bookmaker import exponents
from bookmaker.claims import claims_csv, gather_claims
from bookmaker.compose import MINUTE, compose, page_text
from bookmaker.drawings import FOLDER
from bookmaker.exercises import MARKER, Exercise, exercise_table, exercises_in
from bookmaker.figure import exponents_figure
from bookmaker.project import read_plain, write_atomically
from bookmaker.scorecard import CSV, counts_of, errata_page, scorecard_page, totals_in_words
from bookmaker.settings import read_yaml
from bookmaker.words import glossary_terms
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bookmaker.claims import Gathered
    from bookmaker.project import Project

SCORECARD, ERRATA = "back/scorecard", "back/errata"
CATALOGUE, LIBRARY = "back/catalogue", "back/library"
GENERATED = (SCORECARD, ERRATA, CATALOGUE, LIBRARY)
TOTALS = "<!-- totals of the scorecard -->"
ANSWERED = re.compile(r"<!-- minute: (\S+) -->")
VERDICTS = re.compile(r"<!-- verdicts: (.+?) -->")


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
    """Compose every page of the book, and remove what no source stands for."""
    drawings = project.pages / FOLDER
    shutil.rmtree(drawings, ignore_errors=True)
    keep: set[Path] = set()
    terms = glossary_terms(_text(project.sources / "back/glossary.md"))
    for chapter in project.chapters():
        executed = project.executed / f"{chapter.name}.ipynb"
        if executed.is_file():
            source, title = read_plain(chapter.source), title_of(chapter.source)
            page = compose(
                source,
                read_plain(executed),
                terms=terms,
                cite=_how_to_cite(project, title),
                drawings=drawings,
            )
            keep.add(_write(project.pages / f"{chapter.name}.ipynb", page_text(page)))
    for path in sorted(project.sources.rglob("*")):
        if path.is_file() and path.suffix != ".ipynb":
            target = project.pages / path.relative_to(project.sources)
            keep.add(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    named = toc_pages(project)
    claims = gather_claims(project, named)
    keep.add(_write(project.pages / CSV, claims_csv(claims)))
    every = [one for own in claims.values() for one in own]
    front = project.pages / "index.md"
    if TOTALS in _text(front):
        _write(front, _text(front).replace(TOTALS, totals_in_words(every)))
    for path in sorted(project.pages.rglob("*.md")):
        if VERDICTS.search(text := _text(path)):
            text = VERDICTS.sub(lambda m: counts_of(every, m[1]), text)
            _write(path, text)
        if MARKER in text:
            text = text.replace(MARKER, _exercises(project, named))
            _write(path, text)
        if ANSWERED.search(text):
            text = ANSWERED.sub(lambda m: _answer(project, m[1]), text)
            _write(path, text)
        if exponents.MARKER.search(text):
            draw = partial(exponents_figure, project)
            _write(path, exponents.filled(text, claims, draw=draw))
    keep |= {
        _write(project.pages / f"{page}.md", _page(project, page, claims))
        for page in GENERATED
        if page in named
    }
    for path in sorted(project.pages.rglob("*"), reverse=True):
        if path.is_file() and path not in keep and drawings not in path.parents:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for path in project.executed.rglob("*.ipynb"):
        if path.relative_to(project.executed).with_suffix("").as_posix() not in {
            chapter.name for chapter in project.chapters()
        }:
            path.unlink()


def _exercises(project: Project, order: list[str]) -> str:
    found: dict[str, tuple[str, list[Exercise]]] = {}
    for name in order:
        source = project.sources / f"{name}.ipynb"
        if source.is_file():
            cells = read_plain(source)["cells"]
            texts = [c["source"] for c in cells if c["cell_type"] == "markdown"]
            found[name] = (title_of(source), exercises_in(texts))
    return exercise_table(found)


def _answer(project: Project, name: str) -> str:
    """Quote what a chapter, once executed, answers in one minute; raises where there is none."""
    executed = project.executed / f"{name}.ipynb"
    cells = read_plain(executed)["cells"] if executed.is_file() else []
    for cell in cells:
        if MINUTE in cell["metadata"].get("tags", []):
            for output in cell["outputs"]:
                if said := output.get("data", {}).get("text/markdown"):
                    return "".join(said).removeprefix("**In one minute.** ")
    raise ScalingLawError(
        f"a page asks for the answer of {name}, and no chapter of that name has a cell tagged "
        f"`{MINUTE}`: correct the name in <!-- minute: {name} -->, or tag the cell"
    )


def _write(path: Path, text: str) -> Path:
    write_atomically(path, text)
    return path


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _how_to_cite(project: Project, title: str) -> str:
    """Return how to cite a chapter, from the checkout's ``CITATION.cff``."""
    file = project.root / "CITATION.cff"
    known = (read_yaml(file)[0] if file.is_file() else None) or {}
    who = ", ".join(a["name"] for a in known.get("authors", []) if "name" in a)
    when = str(known.get("date-released", ""))[:4]
    book = known.get("title", "This book")
    version = f", version {known['version']}" if "version" in known else ""
    first = f"{who} ({when}). " if who and when else ""
    return f"{first}*{title}*. In: {book}{version}. Cite the papers whose runs you use as well."


def _page(project: Project, page: str, claims: Gathered) -> str:
    if page == SCORECARD:
        titles = {c.name: title_of(c.source) for c in project.chapters()}
        return scorecard_page(claims, titles)
    if page == ERRATA:
        return errata_page(claims)
    if page == CATALOGUE:
        from scalinglaws.data import catalogue as data

        return data.catalogue_page()
    return library_page()


def library_page() -> str:
    """Write the reference of the library's public names, for Sphinx's autodoc to fill."""
    import scalinglaws
    import scalinglaws.laboratory
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
    lines += _section("scalinglaws.laboratory", scalinglaws.laboratory, "##", seen)
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
    # An address in memory is another one at each build.
    return ["```text", re.sub(r" at 0x[0-9a-f]+", "", str(thing)), "```"]
