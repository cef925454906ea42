"""The bibliography's entries against the citations of chapters, pages and data cards."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any

from pybtex.database import parse_string
from pybtex.database.input.bibtex import LowLevelParser
from pybtex.exceptions import PybtexError

from bookmaker.project import read_notebook
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bookmaker.project import Project

_CITE = re.compile(r"\{(?:foot)?cite(?::\w+)?\}`([^`]+)`")
_PLACES = ("journal", "booktitle", "howpublished", "publisher", "institution")
_NO_ENTRIES = {"string", "preamble"}


def check_bibliography(project: Project) -> Iterator[str]:
    """Name entries that are twice or cited nowhere, and citations without an entry."""
    try:
        keys = list(_entries(project))
    except PybtexError as problem:
        yield f"references.bib cannot be read: {problem}"
        return
    cited: dict[str, str] = {}
    for place, key in _citations(project):
        cited.setdefault(key, place)
    for key, count in Counter(keys).items():
        if count > 1:
            yield f"references.bib has {key} {count} times"
    for key in sorted(set(cited) - set(keys)):
        yield f"{cited[key]} cites {key}, which references.bib lacks"
    for key in sorted(set(keys) - set(cited)):
        yield f"references.bib has {key}, which nothing cites"


def references(project: Project, texts: Iterable[str]) -> list[str]:
    """Return the entries that texts cite, each as a line of Markdown, in the order of their names.

    ``Author, Ann and Other, Bob (2020). *Title*. Journal. https://doi.org/...``
    """
    path = project.sources / "references.bib"
    found = parse_string(path.read_text(encoding="utf-8"), "bibtex") if path.is_file() else None
    cited = {key for text in texts for key in _roles(text)}
    lines = []
    for key, entry in found.entries.items() if found else ():
        if key in cited:
            fields = {k: v.replace("{", "").replace("}", "") for k, v in entry.fields.items()}
            who = " and ".join(str(person) for person in entry.persons["author"])
            where = next((fields[f] for f in _PLACES if f in fields), "")
            address = f"https://doi.org/{fields['doi']}" if "doi" in fields else fields.get("url")
            parts = [f"{who} ({fields['year']})", f"*{fields['title']}*", where, address or ""]
            lines.append(". ".join(part.strip(" .") for part in parts if part).replace("{", ""))
    return sorted(line.replace("}", "") for line in lines)


def cited_as(project: Project) -> dict[str, str]:
    """Map each entry to how a sentence names it: ``Hoffmann et al. 2022``."""
    named: dict[str, str] = {}
    for key, entry in _read(project).items():
        people = [" ".join(person.last_names).strip("{}") for person in entry.persons["author"]]
        two = len(people) == 2 and people[1] != "others"
        who = people[0] if len(people) == 1 else f"{people[0]} et al."
        who = " and ".join(people) if two else who
        named[key] = f"{who} {entry.fields['year']}"
    return named


def addresses(project: Project) -> dict[str, str]:
    """Map each entry that has a DOI or an address to where its paper is found."""
    found: dict[str, str] = {}
    for key, entry in _read(project).items():
        if "doi" in entry.fields:
            found[key] = f"https://doi.org/{entry.fields['doi']}"
        elif "url" in entry.fields:
            found[key] = entry.fields["url"]
    return found


def _read(project: Project) -> dict[str, Any]:
    path = project.sources / "references.bib"
    found = parse_string(path.read_text(encoding="utf-8"), "bibtex") if path.is_file() else None
    return {str(key): entry for key, entry in found.entries.items()} if found else {}


def _entries(project: Project) -> Iterator[str]:
    path = project.sources / "references.bib"
    if path.is_file():
        # pybtex's own reader; the level above it stops at the first key that is there twice.
        for kind, entry in LowLevelParser(path.read_text(encoding="utf-8")):
            if kind.lower() not in _NO_ENTRIES:
                yield str(entry[0])


def _citations(project: Project) -> Iterator[tuple[str, str]]:
    for path in sorted(project.sources.rglob("*.md")):
        for key in _roles(path.read_text(encoding="utf-8")):
            yield path.relative_to(project.root).as_posix(), key
    for chapter in project.chapters():
        try:
            cells = read_notebook(chapter.source).cells
        except ScalingLawError:
            continue  # the lint of chapters has named it
        for cell in cells:
            found = _roles(cell.source) if cell.cell_type == "markdown" else _claims(cell.source)
            yield from ((chapter.name, key) for key in found)
    for path in sorted((project.root / "data").glob("*/card.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        for key in _card_keys(card):
            yield path.relative_to(project.root).as_posix(), key


def _roles(text: str) -> Iterator[str]:
    for found in _CITE.findall(text):
        yield from (key.strip() for key in found.split(","))


def _claims(code: str) -> Iterator[str]:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return
    keywords = (n for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg == "cite")
    for value in (k.value for k in keywords):
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def _card_keys(value: Any, *, inside: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _card_keys(item, inside=name in {"cite", "citation", "citations"})
    elif isinstance(value, list):
        for item in value:
            yield from _card_keys(item, inside=inside)
    elif inside and isinstance(value, str):
        yield value
