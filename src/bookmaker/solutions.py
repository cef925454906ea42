"""What only a teacher should see: the solutions of exercises, and what a good answer touches."""

from __future__ import annotations

import ast
import copy
import re
from typing import TYPE_CHECKING, Any

from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ANSWER = "answer"
"""Tag of the empty cell that stands in a student's notebook where the solution was."""

_START = re.compile(r"^(`{3,})\{solution-start\} *(?P<label>[\w-]+)\n(?:.*\n)*?\1 *(?:\n|\Z)", re.M)
_END = re.compile(r"^(`{3,})\{solution-end\}\n\1 *(?:\n|\Z)", re.M)
_WHOLE = re.compile(r"^(`{3,}|:{3,})\{solution\} *(?P<label>[\w-]+)\n(?:.*\n)*?\1 *(?:\n|\Z)", re.M)
_GATES = "```{solution-start} \\g<label>\n```\n```{solution-end}\n```\n"
_TOUCHES = re.compile(r" *\*A good answer touches\*[^\n]*")


def without_solutions(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a chapter's cells as a student gets them, an empty cell in place of each solution.

    What a good answer to a discussion question touches goes as well. Raises ``ScalingLawError``
    where a solution is not closed, or closed without being open: nothing is given away by a slip.
    """
    return [copy.deepcopy(dict(cell)) for cell, solves in _parted(cells) if not solves]


def only_solved(cells: Sequence[Mapping[str, Any]]) -> dict[str, set[int]]:
    """Map names that solutions alone define to the cells outside that use them, counted from 1.

    A student's notebook, which has no solutions, would stop at these cells.
    """
    inside, outside = set[str](), set[str]()
    used: dict[str, set[int]] = {}
    for number, cell, solves in _code(cells):
        bound, loaded = _names(cell["source"])
        (inside if solves else outside).update(bound)
        for name in loaded if not solves else ():
            used.setdefault(name, set()).add(number)
    return {name: used[name] for name in sorted((inside - outside) & set(used))}


def _code(
    cells: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[int, Mapping[str, Any], bool]]:
    place = {id(cell): number for number, cell in enumerate(cells, start=1)}
    for cell, solves in _parted(cells):
        if cell["cell_type"] == "code" and id(cell) in place:
            yield place[id(cell)], cell, solves


def _parted(
    cells: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Give each cell, text split where a solution begins or ends, and whether it solves."""
    label = ""
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] != "markdown":
            yield cell, bool(label)
            continue
        text, part = _WHOLE.sub(_GATES, cell["source"]), 0
        while text.strip():
            found = (_END if label else _START).search(text)
            piece = text[: found.start()] if found else text
            if (_START if label else _END).search(piece):
                said = f"before {label} ends" if label else "without being open"
                what = "a solution begins" if label else "a solution ends"
                raise ScalingLawError(f"cell {number}: {what} {said}; each needs its start and end")
            if piece.strip():
                yield _text(cell, piece if label else _TOUCHES.sub("", piece), part), bool(label)
                part += 1
            text = text[found.end() :] if found else ""
            if found and not label:
                label = found["label"]
                yield _blank(label), False
            elif found:
                label = ""
    if label:
        raise ScalingLawError(f"the solution of {label} never ends: close it with solution-end")


def _text(cell: Mapping[str, Any], source: str, part: int) -> dict[str, Any]:
    name = str(cell.get("id", "text"))
    return {**cell, "source": source.strip("\n"), "id": f"{name}-{part}" if part else name}


def _blank(label: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"answer-{label}"[:64],
        "metadata": {"tags": [ANSWER]},
        "source": "",
        "outputs": [],
        "execution_count": None,
    }


def _names(code: str) -> tuple[set[str], set[str]]:
    """List the names that a cell binds, and those that it reads."""
    bound, loaded = set[str](), set[str]()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            (loaded if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return bound, loaded
