"""What a chapter, the table of contents or the bibliography breaks, found without running it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from bookmaker.bibliography import check_bibliography
from bookmaker.exercises import exercises_in
from bookmaker.pages import GENERATED, toc_pages
from bookmaker.parameters import read_parameters
from bookmaker.project import Project, read_notebook
from bookmaker.settings import read_yaml
from bookmaker.solutions import only_solved
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bookmaker.project import Chapter

MAX_CELL_LINES = 15
MIN_ALT_CHARACTERS = 20
FOLDED = {"hide-input", "hide-cell", "remove-input"}
"""Tags that fold the code of a cell."""
PLOTTING = {"matplotlib", "seaborn", "plotly", "altair", "bokeh", "pylab"}


def lint(root: str | Path | None = None) -> list[str]:
    """List every problem of the book's sources, one sentence each; empty when there is none."""
    project = Project.at(root)
    problems: list[str] = []
    for chapter in project.chapters():
        found: list[str] = []
        try:
            notebook = read_notebook(chapter.source)
            found += [*_cells(notebook), *_whole(notebook)]
            found += _parameters(chapter, notebook)
        except ScalingLawError as problem:
            found.append(str(problem))
        problems += [f"{chapter.name}, {problem}" for problem in found]
    for name in ("_config.yml", "book/_toc.yml"):
        problems += read_yaml(project.root / name)[1]
    problems += _toc(project)
    problems += check_bibliography(project)
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
        if _claims(tree) and not FOLDED & set(cell.metadata.get("tags", [])):
            yield f"{where}makes claims in sight; tag it hide-input, which one click opens"
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


def _claims(tree: ast.Module) -> bool:
    """Say whether a cell calls ``claim`` or ``claims``, or hands it to a call such as ``ask``."""
    calls = (n for n in ast.walk(tree) if isinstance(n, ast.Call))
    used = (part.id for n in calls for part in (n.func, *n.args) if isinstance(part, ast.Name))
    return not {"claim", "claims"}.isdisjoint(used)


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
    kernel = notebook.metadata.get("kernelspec")
    name = kernel.get("name") if isinstance(kernel, dict) else kernel
    if name != "python3":
        yield f"its kernelspec is {name!r}; it must be 'python3'"
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for one in exercises_in(texts):
        if one.minutes is None:
            yield f"exercise {one.label} does not say how long it takes: end it with *(10 minutes)*"
    yield from _folds(notebook)
    yield from _students(notebook)
    if not any(_compared(cell) for cell in notebook.cells):
        yield "stores no text output, so nbval compares nothing; run `make reference`"


def _students(notebook: Any) -> Iterator[str]:
    """Find cells at which a student's notebook, which has no solutions, would stop."""
    try:
        needed = only_solved(notebook.cells)
    except SyntaxError:
        return  # said of the cell already
    for name, numbers in needed.items():
        yield (
            f"cell {min(numbers)}: uses {name}, which only a solution defines, so a student's "
            "notebook would stop here; define it before the exercise"
        )


def _folds(notebook: Any) -> Iterator[str]:
    """Find what is folded and never ends, and headings inside, which would tear the fold."""
    opened, fence = 0, ""
    for number, cell in enumerate(notebook.cells, start=1):
        for line in cell.source.split("\n") if cell.cell_type == "markdown" else ():
            mark = re.match(r"`{3,}|:{3,}", line)
            if mark and not fence:
                fence = mark[0]
            elif mark and line.strip() == fence:
                fence = ""
            if fence:
                continue
            opened += line.count("<details") - line.count("</details>")
            if opened and line.startswith("#"):
                yield f"cell {number}: the heading {line!r} stands inside <details>; close it first"
            if opened not in (0, 1):
                yield f"cell {number}: <details> and </details> do not match"
                return
    if opened:
        yield "a <details> is never closed"


def _compared(cell: Any) -> bool:
    if cell.cell_type != "code" or cell.execution_count is None:
        return False
    return any("text" in o or "text/plain" in o.get("data", {}) for o in cell.outputs)


def _parameters(chapter: Chapter, notebook: Any) -> Iterator[str]:
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        yield f"{len(cells)} cells tagged `parameters` where one is due"
        return
    try:
        body = ast.parse(cells[0].source).body
    except SyntaxError:
        return  # said of the cell already
    seen = {p.name: p for p in read_parameters(chapter)}
    for node in body:
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
