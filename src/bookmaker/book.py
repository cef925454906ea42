"""Build the book, run one chapter, refresh the references: what the command line offers."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookmaker.alone import alone
from bookmaker.bibliography import references
from bookmaker.downloads import write_downloads
from bookmaker.errors import ChapterFailed
from bookmaker.home import contain, warm_fonts
from bookmaker.jobs import Job
from bookmaker.keys import Keys
from bookmaker.pages import title_of, write_pages
from bookmaker.parameters import TABLES, check_parameters, on_runs, own_table
from bookmaker.project import (
    Project,
    notebook_text,
    read_notebook,
    read_plain,
    write_atomically,
)
from bookmaker.site import remove_site, render
from bookmaker.timings import tell
from bookmaker.update import name_width, update
from bookmaker.working import names_in, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable

STORED_TYPES = ("text/plain", "text/markdown")


@dataclass(frozen=True)
class Run:
    """One chapter executed on a reader's own parameters: the notebook and the page to read."""

    notebook: Path
    page: Path


def book(root: str | Path | None = None, *, workers: int | None = None) -> Path:
    """Execute the chapters that changed, render the site and return its first page.

    ``workers`` chapters run at once, by default one a core. Raises ``ChapterFailed`` after the
    other chapters have finished when one fails, with nothing rendered; ``ScalingLawError`` when
    the renderer warns.
    """
    project = Project.at(root)
    with alone(project):
        contain(project)
        started = time.perf_counter()
        if problems := update(project, workers=workers):
            remove_site(project)
            raise ChapterFailed("\n\n".join(problems) + "\n\nNothing was rendered.")
        width = name_width(project)
        write_pages(project)
        write_downloads(project)
        before = time.perf_counter()
        if render(project):
            print(f"{'rendered':<{width}}  {time.perf_counter() - before:.1f} s")
        else:
            print(f"{'site':<{width}}  unchanged")
        index = project.site / "index.html"
        print(f"{'all':<{width}}  {time.perf_counter() - started:.1f} s\n\n{index.as_uri()}")
        return index


def run(
    chapter: str, *, table: str | None = None, root: str | Path | None = None, **parameters: Any
) -> Run:
    """Execute one chapter with parameters of your own, such as ``runs="path.csv"``.

    ``table`` is given to the chapter by whatever name it calls its table, and is said for all that
    a parameter of that name says.

    Raises ``UnknownName`` for the chapter and ``BadParameters`` for its parameters before any
    kernel starts, ``ChapterFailed`` when a cell fails.
    """
    from bookmaker.execute import execute
    from bookmaker.report import write_report

    project = Project.at(root)
    found = project.chapter(chapter)
    given = on_runs(found, table) if table else {}
    values = check_parameters(found, parameters | given)
    with alone(project):
        contain(project)
        warm_fonts(project)
        key = Keys(project).of(read_plain(found.source), values)
        name = f"{found.name.replace('/', '-')}-{_digest(key, values)}"
        folder = project.build / "runs" / name
        target = folder / "chapter.ipynb"
        page = folder / "chapter.html"
        page.unlink(missing_ok=True)
        job = Job(found.name, found.source, target, folder / "failed.ipynb", values, key)
        outcome = execute(job, lambda: None)
        if outcome.problem is not None:
            raise ChapterFailed(outcome.problem)
        made = read_notebook(target)
        texts = [c.source for c in made.cells if c.cell_type == "markdown"]
        write_report(
            made,
            title_of(found.source),
            page,
            names=names_of(made, names_in(project)),
            references=references(project, texts),
            table=own_table(found, values),
        )
        print(f"{found.name}  {outcome.seconds:.1f} s\n{target}\n{page.as_uri()}")
        return Run(target, page)


def refresh_references(name: str | None = None, *, root: str | Path | None = None) -> None:
    """Store the text outputs of chapters at their defaults in the sources, executing what changed.

    Only plain text and Markdown are stored: what nbval compares. Raises ``ChapterFailed`` when a
    chapter fails; its source is then left as it was.
    """
    project = Project.at(root)
    chapters = project.chapters() if name is None else (project.chapter(name),)
    with alone(project):
        contain(project)
        problems = update(project, chapters)
        for chapter in chapters:
            executed = project.executed / f"{chapter.name}.ipynb"
            if executed.is_file():
                source = read_notebook(chapter.source)
                _store_references(source, read_notebook(executed))
                tell(project, chapter.name, source)
                write_atomically(chapter.source, notebook_text(source))
        if problems:
            raise ChapterFailed("\n\n".join(problems))


def _store_references(source: Any, executed: Any) -> None:
    """Copy the text outputs of an executed notebook into its source, counted from 1."""
    coded = (
        [c for c in notebook.cells if c.cell_type == "code"] for notebook in (source, executed)
    )
    for count, (cell, ran) in enumerate(zip(*coded, strict=True), start=1):
        cell.execution_count = count
        cell.outputs = list(_stored(ran.outputs, count))


def _stored(outputs: Iterable[Any], count: int) -> Iterable[Any]:
    for output in outputs:
        if output.output_type == "stream":
            yield output
            continue
        if "data" in output:
            output.data = {k: v for k, v in output.data.items() if k in STORED_TYPES}
            output.metadata = {}
            if output.data:
                if output.output_type == "execute_result":
                    output.execution_count = count
                yield output


def _digest(key: str, values: dict[str, Any]) -> str:
    """Short name of a run: its chapter, its parameters and what stands in the reader's tables."""
    digest = hashlib.sha256(key.encode())
    for table in (Path(str(values.get(name, ""))) for name in TABLES):
        if table.is_file():
            digest.update(table.read_bytes())
    return digest.hexdigest()[:12]
