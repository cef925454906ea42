"""The exercises of all chapters as one table for the teaching guide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARKER = "<!-- exercises of the chapters -->"
_EXERCISE = re.compile(
    r"^(`{3,})\{exercise\} *(?P<title>[^\n]*)\n:label: *(?P<label>[\w-]+)\n(?P<body>.*?)\n\1$",
    re.M | re.S,
)
_MINUTES = re.compile(r"\*\((\d+) minutes\)\*")


@dataclass(frozen=True)
class Exercise:
    """One exercise: its title, its label, and the minutes that its text gives it, if any."""

    title: str
    label: str
    minutes: int | None


def exercises_in(sources: Iterable[str]) -> list[Exercise]:
    """List the exercises of a chapter's text cells, in order."""
    found = []
    for text in sources:
        for match in _EXERCISE.finditer(text):
            minutes = _MINUTES.search(match["body"])
            found.append(
                Exercise(match["title"], match["label"], int(minutes[1]) if minutes else None)
            )
    return found


def exercise_table(chapters: Mapping[str, tuple[str, list[Exercise]]]) -> str:
    """Write the table in MyST; ``chapters`` maps names to their titles and exercises."""
    rows = [
        f"| {{ref}}`{one.title} <{one.label}>` | {one.minutes or ''} | {{doc}}`{title} </{name}>` |"
        for name, (title, own) in chapters.items()
        for one in own
    ]
    return "\n".join(["| exercise | minutes | chapter |", "|:--|--:|:--|", *rows])
