"""What a chapter, the table of contents or the bibliography breaks, found without running it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any

from bookmaker.pages import GENERATED, toc_pages
from bookmaker.parameters import read_parameters
from bookmaker.project import Project, read_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_CELL_LINES = 15
MIN_ALT_CHARACTERS = 20
PLOTTING = {"matplotlib", "seaborn", "plotly", "altair", "bokeh", "pylab"}
_CITE = re.compile(r"\{(?:foot)?cite(?::\w+)?\}`([^`]+)`")
_ENTRY = re.compile(r"^\s*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)\s*,", re.M | re.I)


def lint(root: str | Path | None = None) -> list[str]:
    """List every problem of the book's sources, one sentence each; empty when there is none."""
    project = Project.at(root)
    problems: list[str] = []
    for chapter in project.chapters():
        notebook = read_notebook(chapter.source)
        found = [*_cells(notebook), *_whole(notebook), *_parameters(project, chapter.name)]
        problems += [f"{chapter.name}, {problem}" for problem in found]
    problems += _toc(project)
    problems += _bibliography(project)
    return problems


def _cells(notebook: Any) -> Iterator[str]:
    expected, stale = 0, False
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        expected += 1
        where = f"cell {number}: "
        lines = len(cell.source.splitlines())
        if lines > MAX_CELL_LINES:
            yield f"{where}{lines} lines; split it, {MAX_CELL_LINES} is the limit"
        if cell.execution_count != expected and not stale:
            stale = True  # the first says it all
            yield (
                f"{where}execution count {cell.execution_count} where {expected} is due, so it "
                "may go unchecked; run `make reference`"
            )
        for output in cell.outputs:
            kinds = [k for k in output.get("data", {}) if k.startswith("image/")]
            if kinds:
                yield f"{where}a stored image ({kinds[0]}); run `make reference`"
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as problem:
            yield f"{where}is not plain Python: {problem.msg}"
            continue
        yield from (where + problem for problem in _code(tree))
        if _draws(tree):
            yield from (where + problem for problem in _figure(cell.metadata.get("mystnb", {})))


def _code(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield f"defines {node.name}; move it to the library"
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Lambda):
            yield "assigns a lambda; move it to the library"
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names]
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
            for name in (m.split(".")[0] for m in modules):
                if name in PLOTTING:
                    yield f"imports {name}; figures come from sl.figures"


def _draws(tree: ast.Module) -> bool:
    calls = (ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call))
    return any(re.match(r"sl\.figures\.\w+$", call) for call in calls)


def _figure(settings: Any) -> Iterator[str]:
    alt = str(settings.get("image", {}).get("alt", ""))
    caption = str(settings.get("figure", {}).get("caption", ""))
    for value, key in (
        (alt, "image.alt"),
        (caption, "figure.caption"),
        (settings.get("figure", {}).get("name"), "figure.name"),
    ):
        if not value:
            yield f"draws a figure without mystnb.{key} in its metadata"
    if alt and len(alt) < MIN_ALT_CHARACTERS:
        yield f"alt text {alt!r} says too little; say what is to be seen"
    if alt and alt.strip() == caption.strip():
        yield "alt text repeats the caption; say what is to be seen"


def _whole(notebook: Any) -> Iterator[str]:
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3":
        yield f"its kernelspec is {kernel!r}; it must be 'python3'"
    if not any(_compared(cell) for cell in notebook.cells):
        yield "stores no text output, so nbval compares nothing; run `make reference`"


def _compared(cell: Any) -> bool:
    if cell.cell_type != "code" or cell.execution_count is None:
        return False
    return any("text" in o or "text/plain" in o.get("data", {}) for o in cell.outputs)


def _parameters(project: Project, name: str) -> Iterator[str]:
    chapter = project.chapter(name)
    cells = [
        cell
        for cell in read_notebook(chapter.source).cells
        if "parameters" in cell.metadata.get("tags", [])
    ]
    if len(cells) != 1:
        yield f"{len(cells)} cells tagged `parameters` where one is due"
        return
    seen = {p.name: p for p in read_parameters(chapter)}
    for node in ast.parse(cells[0].source).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            yield f"parameter {ast.unparse(target)}: write its type, `name: type = default  # help`"
        if isinstance(node, ast.AnnAssign):
            wanted = ast.unparse(node.target)
            if wanted not in seen:
                yield f"parameter {wanted}: papermill cannot read its line (is there a second `=`?)"
            elif not seen[wanted].help:
                yield f"parameter {wanted}: say after `#` what it is"


def _toc(project: Project) -> Iterator[str]:
    named = toc_pages(project)
    for page, count in Counter(named).items():
        if count > 1:
            yield f"_toc.yml names {page} {count} times"
    files = (p for p in project.sources.rglob("*") if p.suffix in {".md", ".ipynb"})
    pages = {
        p.relative_to(project.sources).with_suffix("").as_posix()
        for p in files
        if not any(part.startswith((".", "_")) for part in p.relative_to(project.sources).parts)
    }
    for page in sorted(set(named) - pages - set(GENERATED)):
        yield f"_toc.yml names {page}, which does not exist"
    for page in sorted(pages - set(named)):
        yield f"book/{page} is missing from _toc.yml"
    for page in sorted(pages & set(GENERATED)):
        yield f"book/{page} is generated at the build; remove the source"


def _bibliography(project: Project) -> Iterator[str]:
    path = project.sources / "references.bib"
    keys = _ENTRY.findall(path.read_text(encoding="utf-8")) if path.is_file() else []
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


def _citations(project: Project) -> Iterator[tuple[str, str]]:
    for path in sorted(project.sources.rglob("*.md")):
        for key in _roles(path.read_text(encoding="utf-8")):
            yield path.relative_to(project.root).as_posix(), key
    for chapter in project.chapters():
        for cell in read_notebook(chapter.source).cells:
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
