"""Build the book, run one chapter, refresh the references: what the command line offers."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookmaker.errors import ChapterFailed
from bookmaker.home import contain, warm_fonts
from bookmaker.jobs import Job, Outcome, stored_key
from bookmaker.keys import Keys
from bookmaker.pages import title_of, write_pages
from bookmaker.parameters import check_parameters
from bookmaker.project import (
    Chapter,
    Project,
    notebook_text,
    read_notebook,
    read_plain,
    write_atomically,
)
from bookmaker.site import remove_site, render

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
    contain(project)
    started = time.perf_counter()
    keys = Keys(project)
    jobs: list[Job] = []
    cells = 0
    width = max((len(c.name) for c in project.chapters()), default=0)
    for chapter in project.chapters():
        notebook = read_plain(chapter.source)
        job = _job(project, chapter, keys.of(notebook))
        if stored_key(job.target) == job.key:
            print(f"{chapter.name:<{width}}  unchanged", flush=True)
        else:
            jobs.append(job)
            cells += len(notebook["cells"])
    problems = _execute(project, jobs, cells, workers=workers, width=width)
    if problems:
        remove_site(project)
        raise ChapterFailed("\n\n".join(problems) + "\n\nNothing was rendered.")
    write_pages(project)
    before = time.perf_counter()
    if render(project):
        print(f"{'rendered':<{width}}  {time.perf_counter() - before:.1f} s")
    else:
        print(f"{'site':<{width}}  unchanged")
    index = project.site / "index.html"
    print(f"{'all':<{width}}  {time.perf_counter() - started:.1f} s\n\n{index.as_uri()}")
    return index


def run(chapter: str, *, root: str | Path | None = None, **parameters: Any) -> Run:
    """Execute one chapter with parameters of your own, such as ``runs="path.csv"``.

    Raises ``UnknownName`` for the chapter and ``BadParameters`` for its parameters before any
    kernel starts, ``ChapterFailed`` when a cell fails.
    """
    from bookmaker.execute import execute
    from bookmaker.report import write_report

    project = Project.at(root)
    found = project.chapter(chapter)
    values = check_parameters(found, parameters)
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
    write_report(read_notebook(target), title_of(found.source), page)
    print(f"{found.name}  {outcome.seconds:.1f} s\n{target}\n{page.as_uri()}")
    return Run(target, page)


def refresh_references(name: str | None = None, *, root: str | Path | None = None) -> None:
    """Execute chapters at their defaults and store their text outputs in the sources.

    Only plain text and Markdown are stored: what nbval compares. Raises ``ChapterFailed`` when a
    chapter fails; its source is then left as it was.
    """
    project = Project.at(root)
    contain(project)
    chapters = project.chapters() if name is None else (project.chapter(name),)
    keys = Keys(project)
    jobs = [_job(project, c, keys.of(read_plain(c.source))) for c in chapters]
    cells = sum(len(read_plain(c.source)["cells"]) for c in chapters)
    problems = _execute(
        project, jobs, cells, workers=None, width=max(map(len, (c.name for c in chapters)))
    )
    for job in jobs:
        if stored_key(job.target) == job.key:
            source = read_notebook(job.source)
            _store_references(source, read_notebook(job.target))
            write_atomically(job.source, notebook_text(source))
    if problems:
        raise ChapterFailed("\n\n".join(problems))


def _job(project: Project, chapter: Chapter, key: str) -> Job:
    target = project.executed / f"{chapter.name}.ipynb"
    failed = project.build / "failed" / f"{chapter.name}.ipynb"
    return Job(chapter.name, chapter.source, target, failed, {}, key)


def _execute(
    project: Project, jobs: list[Job], cells: int, *, workers: int | None, width: int
) -> list[str]:
    """Execute jobs, printing one line for each; return the problems of those that failed."""
    if not jobs:
        return []
    # Late, like every import of papermill and nbconvert: an unchanged book needs neither.
    from bookmaker.pool import execute_all

    warm_fonts(project)

    def line(outcome: Outcome) -> str:
        end = "" if outcome.problem is None else "  FAILED"
        return f"{outcome.chapter:<{width}}  {outcome.seconds:.1f} s{end}"

    wanted = workers or os.cpu_count() or 1
    outcomes = execute_all(jobs, cells, workers=wanted, done=line)
    return sorted(o.problem for o in outcomes if o.problem is not None)


def _store_references(source: Any, executed: Any) -> None:
    """Copy the text outputs of an executed notebook into its source, counted from 1."""
    count = 0
    for cell, ran in zip(source.cells, executed.cells, strict=True):
        if cell.cell_type != "code":
            continue
        count += 1
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
    """Short name of a run: its chapter, its parameters and what stands in the reader's table."""
    digest = hashlib.sha256(key.encode())
    table = Path(str(values.get("runs", "")))
    if table.is_file():
        digest.update(table.read_bytes())
    return digest.hexdigest()[:12]
