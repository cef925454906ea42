"""What a chapter folds: its details and its solutions, which reach over several cells.

A page of the book folds cells of text and of code together. A notebook cannot, so that each cell is
told by itself what it stands under.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MARK = re.compile(
    r"<details[^>]*>\s*<summary>(?P<summary>.*?)</summary>"
    r"|(?P<close></details>)"
    r"|^(?P<tick>`{3,})\{solution-start\} *(?P<label>[\w-]+)\n(?:.*\n)*?(?P=tick) *$"
    r"|^(?P<end>`{3,})\{solution-end\}\n(?P=end) *$",
    re.M,
)
SOLUTION = "solution:"
"""Before the label of an exercise, where a cell stands in its solution."""


def folded(cells: Sequence[Mapping[str, Any]]) -> Iterator[tuple[dict[str, Any], str, bool]]:
    """Give each cell, what it is folded under, and whether it is the first of this fold.

    Text is split where a fold opens or closes. What a cell is folded under is the summary, or
    ``solution:`` and the label of the exercise, and nothing outside of folds.
    """
    under: list[str] = []
    fresh = False
    for cell in cells:
        if cell["cell_type"] != "markdown":
            yield copy.deepcopy(dict(cell)), under[-1] if under else "", fresh
            fresh = False
            continue
        text, at, part = cell["source"], 0, 0
        for found in [*_MARK.finditer(text), None]:
            piece = text[at : found.start() if found else len(text)].strip("\n")
            if piece.strip():
                name = f"{cell.get('id', 'text')}-{part}" if part else cell.get("id", "text")
                made = {**copy.deepcopy(dict(cell)), "source": piece, "id": name[:64]}
                yield made, under[-1] if under else "", fresh
                part, fresh = part + 1, False
            if found is None:
                continue
            at = found.end()
            if found["close"] or found["end"]:
                under, fresh = under[:-1], False
            else:
                under.append(found["summary"] or f"{SOLUTION}{found['label']}")
                fresh = True
