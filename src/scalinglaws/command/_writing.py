"""Where a verb may write: never over what was read, nor over a file that is not its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scalinglaws.errors import BadParameters

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKS = {"report": b'<meta name="generator" content="scalinglaws">', "fit": b'"objective_kind"'}
"""What a file of each kind holds near its beginning."""

_NEAR = 4000


def writable(path: str, *, kind: str, read: Iterable[str]) -> Path:
    """Return a path that a report or a fit may be written to.

    Raises :class:`BadParameters` for a file that was read, one of another kind that is there
    already, and a folder that is not there or cannot be written: before any work is done.
    """
    target = Path(path).expanduser()
    for name in read:
        source = Path(name).expanduser()
        if target.exists() and source.exists() and target.samefile(source):
            raise BadParameters(f"{path} is what was read: name another file to write")
    folder = target.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise BadParameters(f"{path} cannot be written: there is no folder {folder} to write to")
    if target.is_dir():
        raise BadParameters(f"{path} cannot be written: it is a folder")
    if target.exists():
        with target.open("rb") as file:
            start = file.read(_NEAR)
        if start and MARKS[kind] not in start:
            raise BadParameters(
                f"{path} is there already, and is no {kind} of this command: name another file, or "
                f"remove it"
            )
    return target
