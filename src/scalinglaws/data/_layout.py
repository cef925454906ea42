"""How a text lays out its columns: by separators, by bars, by blanks, below lines of comment."""

from __future__ import annotations

import re
from dataclasses import dataclass

SEPARATORS = ",;\t"
_RULE = re.compile(r"[\s|+:=-]*-[\s|+:=-]*")
_BLANKS = re.compile(r"[ \t]{2,}")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A text whose columns ``separator`` parts, of which some lines were blanked out, and notes."""

    text: str
    separator: str
    notes: tuple[str, ...]


def layout(text: str) -> Layout:
    """Return how a text parts its columns; its lines keep their numbers.

    Lines of comment above the header are blanked, bars around cells and rules below headers are
    taken away, and columns that blanks part, as a table is printed, get a tab.
    """
    lines = text.splitlines()
    filled = [k for k, line in enumerate(lines) if line.strip()]
    comments = _comments(lines, filled)
    notes = []
    if comments:
        notes.append(f"{len(comments)} line{'s' * (len(comments) > 1)} above the header left out")
        # What stands between quotes may hold line breaks, so that other lines stay as they are.
        text = "\n".join("" if k in comments else line for k, line in enumerate(lines))
        text += "\n" * bool(lines)
    rest = [k for k in filled if k not in comments]
    first = lines[rest[0]] if rest else ""
    separator = max(SEPARATORS, key=first.count)
    if first.count("|") > first.count(separator):
        rows = [line.strip().strip("|") if line.strip() else "" for line in text.splitlines()]
        kept = ["" if _RULE.fullmatch(row) and "-" in row else row for row in rows]
        cells = ("|".join(cell.strip() for cell in row.split("|")) for row in kept)
        notes.append("columns separated by bars")
        return Layout(text="\n".join(cells), separator="|", notes=tuple(notes))
    if first.count(separator) == 0:
        for blanks in (_BLANKS, re.compile(r"\s+")):
            parted = [blanks.split(lines[k].strip()) for k in rest]
            if len(parted) > 1 and len(parted[0]) > 1 and len({len(p) for p in parted}) == 1:
                by_line = dict(zip(rest, ("\t".join(p) for p in parted), strict=True))
                spread = "\n".join(by_line.get(k, "") for k in range(len(lines)))
                notes.append("columns separated by blanks")
                return Layout(text=spread, separator="\t", notes=tuple(notes))
    if separator != ",":
        notes.append(f"columns separated by {separator!r}")
    return Layout(text=text, separator=separator, notes=tuple(notes))


def _comments(lines: list[str], filled: list[int]) -> set[int]:
    """Return which lines above the header are comments: they begin with # and part less than it."""
    found: set[int] = set()
    for k in filled:
        if not lines[k].lstrip().startswith("#"):
            fewer = (sum(map(lines[c].count, SEPARATORS)) for c in found)
            columns = sum(map(lines[k].count, SEPARATORS))
            return found if all(n < max(columns, 1) for n in fewer) else set()
        found.add(k)
    return set()
