"""What an execution is asked for and what it leaves; kept apart from the slow imports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bookmaker.project import read_json, read_plain, write_atomically
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One execution: what to run, with what, and where the result goes.

    ``failed`` is where the partial notebook stays when a cell fails, ``cells`` how many there are,
    ``told`` the seconds that the source tells.
    """

    chapter: str
    source: Path
    target: Path
    failed: Path
    parameters: dict[str, Any]
    key: str
    cells: int = 0
    told: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How an execution ended: seconds taken, and the message when it failed."""

    chapter: str
    seconds: float
    problem: str | None


def stored_key(path: Path) -> str | None:
    """Return the key that an executed notebook carries, None when there is no whole one."""
    try:
        return str(read_plain(path)["metadata"]["scalinglaws"]["key"])
    except (ScalingLawError, KeyError, TypeError):
        return None


def failure(job: Job) -> Path:
    """Return the file that keeps why a chapter failed."""
    return job.failed.with_suffix(".json")


def keep_problem(job: Job, problem: str) -> None:
    """Keep why a chapter failed for whoever asks for its outputs."""
    job.target.unlink(missing_ok=True)
    write_atomically(failure(job), json.dumps({"key": job.key, "problem": problem}))


def kept_problem(path: Path, key: str) -> str | None:
    """Return why a chapter failed when it last ran as it is now, None when it did not."""
    found = read_json(path)
    same = isinstance(found, dict) and found.get("key") == key
    return str(found.get("problem")) if same else None
