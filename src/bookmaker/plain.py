"""Text written for the book's renderer, as any reader of Markdown shows it.

Only the look changes, never the words: a directive becomes its title and its body, a role the words
that it shows, a citation the authors and the year where these are known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FENCE = re.compile(r"^(:{3,}|`{3,})\{([\w:-]+)\} *(.*)\n((?:(?!\1).*\n)*?)\1 *$", re.M)
_OPTION = re.compile(r"^:[\w-]+:.*\n?", re.M)
_ROLE = re.compile(r"\{([\w:-]+)\}`([^`<]+?)(?: *<[^`]*>)?`")
_LABEL = re.compile(r"^\([\w:-]+\)=\n", re.M)
_SECTION = re.compile(r"^\(([\w:-]+)\)=\n#+ *(.+?) *$", re.M)
_BARE_LINK = re.compile(r"\[\]\(([^)]*)\)")
_EQUATION = re.compile(r"^:label: *([\w-]+)", re.M)
_MATH = re.compile(r"^(`{3,}|:{3,})\{math\}\n(.*?)\n\1$", re.M | re.S)


@dataclass(frozen=True)
class Names:
    """What stands for labels in plain text.

    ``cited`` maps keys of the bibliography to authors and year, ``titles`` the stems of pages and
    the labels of sections to their titles, ``numbers`` labels of equations to their numbers.
    """

    cited: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)


def equation_numbers(sources: Iterable[str]) -> dict[str, int]:
    """Map the labels of equations in a chapter's text cells to their numbers, in order."""
    blocks = (block[2] for text in sources for block in _MATH.finditer(text))
    labels = (found[1] for block in blocks if (found := _EQUATION.search(block)))
    return {label: number for number, label in enumerate(labels, start=1)}


def section_titles(sources: Iterable[str]) -> dict[str, str]:
    """Map the labels of a chapter's sections to their titles."""
    return {label: title for text in sources for label, title in _SECTION.findall(text)}


def plain(source: str, names: Names | None = None) -> str:
    """Return Markdown without the directives, roles and labels of the book's renderer.

    >>> plain("See {cite:t}`toy2026`.", Names(cited={"toy2026": "Toy 2026"}))
    'See Toy 2026.'
    """
    known = names or Names()
    text, changed = source + "\n", 1
    while changed:
        text, changed = _FENCE.subn(lambda m: _unfenced(m, known), text)
    text = _LABEL.sub("", text)
    text = _ROLE.sub(lambda m: _shown(m[1], m[2], known), text)
    return _BARE_LINK.sub(lambda m: _linked(m[1], known), text).rstrip("\n")


def _unfenced(found: re.Match[str], names: Names) -> str:
    kind, title, whole = found[2], found[3].strip(), found[4]
    body = _OPTION.sub("", whole).strip()
    if kind == "math":
        label = _EQUATION.search(whole)
        number = names.numbers.get(label[1]) if label else None
        tag = "" if number is None else rf" \tag{{{number}}}"
        return f"$$\n{body}{tag}\n$$"
    heading = title or kind.replace("-", " ").capitalize()
    return f"**{heading}**\n\n{body}\n"


def _shown(role: str, words: str, names: Names) -> str:
    if role.startswith("cite"):
        keys = [key.strip() for key in words.split(",")]
        said = "; ".join(names.cited.get(key, key) for key in keys)
        known = all(key in names.cited for key in keys)
        return f"({said})" if known and role in ("cite", "cite:p") else said
    if role == "eq" and words in names.numbers:
        return f"Equation {names.numbers[words]}"
    return words


def _linked(target: str, names: Names) -> str:
    if target.startswith("#"):
        return f"*{names.titles.get(target[1:], target[1:])}*"
    title = names.titles.get(target.rsplit("/", 1)[-1].removesuffix(".ipynb"), target)
    return f"[{title}]({target})"
