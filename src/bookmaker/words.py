"""The words of a chapter: how long they take to read, and which the glossary explains."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WORDS_A_MINUTE = 200
"""Speed of somebody who follows the formulas, between prose (240) and a textbook (150)."""

_FENCE = re.compile(r"^(`{3,}|:{3,})")
_FOLDED = re.compile(
    r"<details.*?</details>|^(`{3,})\{solution-start\}.*?\{solution-end\}", re.S | re.M
)
_MARKUP = re.compile(
    r"\{[\w:-]+\}`[^`]*`|\$[^$]*\$|`[^`]*`|\[[^\]]*\]\([^)]*\)|<[^>]*>|\*\*[^*]+\*\*"
)
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.S)


def reading_minutes(cells: Iterable[Mapping[str, Any]]) -> int:
    """Return how many minutes a chapter's visible words take, at least one."""
    text: list[str] = []
    for cell in cells:
        if cell["cell_type"] == "markdown":
            text.append(cell["source"])
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown = data.get("text/markdown") or data.get("text/html") or ""
            text.append(_TAGS.sub(" ", "".join(shown)) if "text/html" in data else "".join(shown))
    whole = _FOLDED.sub(" ", "\n\n".join(text))
    return max(1, math.ceil(len(whole.split()) / WORDS_A_MINUTE))


def glossary_terms(text: str) -> dict[str, str]:
    """Map the words of a glossary's entries, and their plurals, to the entries."""
    body = re.search(r"```\{glossary\}\n(.*?)\n```", text, re.S)
    if body is None:
        return {}
    entries = [line.strip() for line in body[1].splitlines() if line and not line[0].isspace()]
    found = {entry: entry for entry in entries}
    found |= {f"{entry}s": entry for entry in entries if not entry.endswith("s")}
    return found


def link_terms(cells: Iterable[dict[str, Any]], terms: Mapping[str, str]) -> None:
    """Link each word of the glossary where a chapter's running text first uses it, in place."""
    left = dict(terms)
    for cell in cells:
        lines, fence = cell["source"].split("\n"), ""
        for number, line in enumerate(lines):
            mark = _FENCE.match(line.strip())
            if mark and not fence:
                fence = mark[1]
            elif mark and line.strip() == fence:
                fence = ""
            elif not fence and not line.lstrip().startswith(("#", "|", ":", "(", "<", "-", ">")):
                lines[number] = _linked(line, left)
        cell["source"] = "\n".join(lines)


def _linked(line: str, left: dict[str, str]) -> str:
    """Link the terms that a line is the first to use; formulas, code and links stay."""
    for words in sorted(left, key=len, reverse=True):
        if words not in left:
            continue
        pattern = re.compile(rf"(?<![\w-]){re.escape(words)}(?![\w-])", re.I)
        taken = [m.span() for m in _MARKUP.finditer(line)]
        for found in pattern.finditer(line):
            if not any(a <= found.start() < b for a, b in taken):
                entry = left[words]
                role = f"{{term}}`{found[0]} <{entry}>`"
                line = line[: found.start()] + role + line[found.end() :]
                for other in [w for w, e in left.items() if e == entry]:
                    del left[other]
                break
    return line
