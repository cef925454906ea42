"""Bring the executed chapters up to date: which must run, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bookmaker.home import warm_fonts
from bookmaker.jobs import Job, Outcome, stored_key
from bookmaker.keys import Keys
from bookmaker.project import read_plain
from bookmaker.timings import keep_seconds, longest_first, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bookmaker.project import Chapter, Project


def update(
    project: Project, chapters: Sequence[Chapter] | None = None, *, workers: int | None = None
) -> list[str]:
    """Execute the chapters that changed, printing a line for each; return what failed.

    ``workers`` run at once, by default one a core that this process may use.
    """
    keys = Keys(project)
    width = name_width(project)
    jobs: list[Job] = []
    for chapter in project.chapters() if chapters is None else chapters:
        notebook = read_plain(chapter.source)
        job = _job(project, chapter, keys.of(notebook), notebook)
        if stored_key(job.target) == job.key:
            print(f"{chapter.name:<{width}}  unchanged", flush=True)
        else:
            jobs.append(job)
    if not jobs:
        return []
    # Late, like every import of papermill and nbconvert: an unchanged book needs neither.
    from bookmaker.pool import execute_all

    warm_fonts(project)

    def line(outcome: Outcome) -> str:
        keep_seconds(project, outcome)
        end = "" if outcome.problem is None else "  FAILED"
        return f"{outcome.chapter:<{width}}  {outcome.seconds:.1f} s{end}"

    outcomes = execute_all(longest_first(project, jobs), workers=workers, done=line)
    return sorted(o.problem for o in outcomes if o.problem is not None)


def name_width(project: Project) -> int:
    """Return the width of the column of names in what is printed."""
    return max((len(c.name) for c in project.chapters()), default=0)


def _job(project: Project, chapter: Chapter, key: str, notebook: dict[str, Any]) -> Job:
    target = project.executed / f"{chapter.name}.ipynb"
    failed = project.build / "failed" / f"{chapter.name}.ipynb"
    cells, seconds = len(notebook["cells"]), told(notebook)
    return Job(chapter.name, chapter.source, target, failed, {}, key, cells, seconds)
