"""How long each chapter took when it last ran, so that the longest starts first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bookmaker.project import read_json, write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from bookmaker.jobs import Job, Outcome
    from bookmaker.project import Project

LONG = 15.0
"""Seconds from which on it matters when a chapter starts."""

ABOUT = 3.0
"""How many times longer a chapter may take on another machine, or on this one when it is busy."""


def longest_first(project: Project, jobs: Sequence[Job]) -> list[Job]:
    """Order jobs by the seconds that they last took here, or else as their sources tell.

    One that nobody timed goes by its cells, as one that is not long: a long one's source tells.
    """
    here = recorded(project)
    known = {job.chapter: here.get(job.chapter, job.told) for job in jobs}
    timed = [(took, job.cells) for job in jobs if (took := known[job.chapter]) is not None]
    cells = sum(n for _, n in timed)
    each = sum(took for took, _ in timed) / cells if cells else 1.0

    def seconds(job: Job) -> float:
        found = known[job.chapter]
        return min(LONG, each * job.cells) if found is None else found

    return sorted(jobs, key=lambda job: -seconds(job))


def told(notebook: dict[str, Any]) -> float | None:
    """Return the seconds that a chapter's source tells, None where it tells none."""
    kept = notebook["metadata"].get("scalinglaws")
    seconds = kept.get("seconds") if isinstance(kept, dict) else None
    return float(seconds) if isinstance(seconds, (int, float)) and seconds > 0 else None


def tell(project: Project, chapter: str, notebook: Any) -> None:
    """Write into a long chapter's source how long it took, for a checkout that never ran it.

    What stands there stays while it is about right: a source that changed with each run would hide
    what changed in it. What is no longer long tells nothing.
    """
    taken, before = recorded(project).get(chapter, 0.0), told(notebook)
    if not taken or (before and before / ABOUT <= taken <= ABOUT * before):
        return
    kept = notebook["metadata"].get("scalinglaws")
    known = dict(kept) if isinstance(kept, dict) else {}
    known.pop("seconds", None)
    if taken >= LONG:
        known["seconds"] = round(taken)
    if known:
        notebook["metadata"]["scalinglaws"] = known
    else:
        notebook["metadata"].pop("scalinglaws", None)


def keep_seconds(project: Project, outcome: Outcome) -> None:
    """Remember how long a chapter took; one that failed says nothing of the whole."""
    if outcome.problem is None:
        measured = recorded(project) | {outcome.chapter: round(outcome.seconds, 1)}
        write_atomically(_file(project), json.dumps(measured, indent=1, sort_keys=True) + "\n")


def recorded(project: Project) -> dict[str, float]:
    """Return the seconds that each chapter last took; a damaged file counts as none."""
    found = read_json(_file(project))
    seconds = found.items() if isinstance(found, dict) else ()
    return {name: float(s) for name, s in seconds if isinstance(s, (int, float)) and s >= 0}


def _file(project: Project) -> Path:
    return project.build / "seconds.json"
