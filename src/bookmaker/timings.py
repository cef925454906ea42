"""How long each chapter took when it last ran, so that the longest starts first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bookmaker.project import read_json, write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bookmaker.jobs import Job, Outcome
    from bookmaker.project import Project


def longest_first(project: Project, jobs: Sequence[Job]) -> list[Job]:
    """Order jobs by the seconds that they last took; one that never ran goes by its cells."""
    measured = recorded(project)
    known = [(measured[job.chapter], job.cells) for job in jobs if job.chapter in measured]
    cells = sum(n for _, n in known)
    each = sum(s for s, _ in known) / cells if cells else 1.0
    return sorted(jobs, key=lambda job: -measured.get(job.chapter, each * job.cells))


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
