"""What an execution is asked for and what it leaves; kept apart from the slow imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bookmaker.project import read_plain

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One execution: what to run, with what, and where the result goes.

    ``failed`` is where the partial notebook stays when a cell fails.
    """

    chapter: str
    source: Path
    target: Path
    failed: Path
    parameters: dict[str, Any]
    key: str


@dataclass(frozen=True)
class Outcome:
    """How an execution ended: seconds taken, and the message when it failed."""

    chapter: str
    seconds: float
    problem: str | None


def stored_key(path: Path) -> str | None:
    """Return the key that an executed notebook carries, None when there is no whole one."""
    if not path.is_file():
        return None
    key = read_plain(path)["metadata"].get("scalinglaws", {}).get("key")
    return None if key is None else str(key)
