"""Labels of a reader's table are text: on their way into Markdown their markup is escaped.

A sentence of a chapter is Markdown and takes names from tables as they stand, so that a run called
``*best*`` would turn bold and one called ``$5`` would begin a formula. What was read is remembered
here, and escaped where a sentence is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKUP = re.compile(r"[\\`*_$\[\]{}~^|#@&]")
_LONGEST = 200
_MOST = 10_000
_seen: dict[str, str] = {}


def remember(labels: Iterable[object]) -> None:
    """Remember labels that hold markup; the shortest words alone are left as they are."""
    for label in labels:
        text = label if isinstance(label, str) else ""
        if not 1 < len(text) <= _LONGEST or len(_seen) >= _MOST or not _MARKUP.search(text):
            continue
        # Inside a word an underscore is no markup: most names stay as they are.
        escaped = re.sub(r"(?<=[A-Za-z0-9])\\_(?=[A-Za-z0-9])", "_", _MARKUP.sub(r"\\\g<0>", text))
        if escaped != text and re.search(r"[A-Za-z0-9]", text):
            _seen[text] = escaped


def escaped(sentence: str) -> str:
    """Return a sentence with the markup of every remembered label in it escaped."""
    found = [label for label in _seen if label in sentence]
    if not found:
        return sentence
    # The longest first, so that no label is escaped inside another.
    pattern = "|".join(re.escape(label) for label in sorted(found, key=len, reverse=True))
    return re.sub(pattern, lambda match: _seen[match[0]], sentence)
