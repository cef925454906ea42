"""One command at a time writes under ``_build``; another waits for it and says so."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bookmaker.project import Project


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """Hold the project's lock; the system lets it go when a process ends, however it ends."""
    project.build.mkdir(exist_ok=True)
    lock = FileLock(project.build / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("Another command is at work in this checkout; waiting until it is done.", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
