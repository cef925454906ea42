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
_LABELLED = re.compile(r"^:label: *([\w-]+)", re.M)
_MATH = re.compile(r"^(`{3,}|:{3,})\{math\}\n(.*?)\n\1$", re.M | re.S)


@dataclass(frozen=True)
class Names:
    """What stands for labels in plain text.

    ``cited`` maps keys of the bibliography to authors and year, ``titles`` the stems of pages and
    the labels of sections to their titles, ``numbers`` labels of equations to their numbers.
    ``addresses`` maps keys of the bibliography to where the paper is found, which makes a link of a
    citation, and ``exercises`` labels of exercises to their numbers.
    """

    cited: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    exercises: Mapping[str, int] = field(default_factory=dict)


def equation_numbers(sources: Iterable[str]) -> dict[str, int]:
    """Map the labels of equations in a chapter's text cells to their numbers, in order."""
    blocks = (block[2] for text in sources for block in _MATH.finditer(text))
    labels = (found[1] for block in blocks if (found := _LABELLED.search(block)))
    return {label: number for number, label in enumerate(labels, start=1)}


def section_titles(sources: Iterable[str]) -> dict[str, str]:
    """Map the labels of a chapter's sections to their titles."""
    return {label: title for text in sources for label, title in _SECTION.findall(text)}


def plain(source: str, names: Names | None = None) -> str:
    """Return Markdown without the directives, roles and labels of the book's renderer.

    >>> plain("See {cite:t}`toy2026`.", Names(cited={"toy2026": "Toy 2026"}))
    'See Toy (2026).'
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
    label = _LABELLED.search(whole)
    if kind == "math":
        number = names.numbers.get(label[1]) if label else None
        tag = "" if number is None else rf" \tag{{{number}}}"
        return f"$$\n{body}{tag}\n$$"
    if kind == "solution-end":
        return body
    if kind in ("solution-start", "solution"):
        return f"**{solution_title(title, names)}**\n\n{body}\n"
    heading = title or kind.replace("-", " ").capitalize()
    if kind == "exercise" and label and label[1] in names.exercises:
        heading = f"Exercise {names.exercises[label[1]]} ({title})"
    return f"**{heading}**\n\n{body}\n"


def solution_title(label: str, names: Names) -> str:
    """Return the words over the solution of an exercise."""
    number = names.exercises.get(label)
    return "Solution" if number is None else f"Solution of exercise {number}"


def _shown(role: str, words: str, names: Names) -> str:
    if role.startswith("cite"):
        keys = [key.strip() for key in words.split(",")]
        bare = role in ("cite", "cite:p") and all(key in names.cited for key in keys)
        said = "; ".join(_cited(key, names, bare=bare) for key in keys)
        return f"({said})" if bare else said
    if role == "eq" and words in names.numbers:
        return f"Equation {names.numbers[words]}"
    if role == "doc" and words.startswith("/"):
        return names.titles.get(words.rsplit("/", 1)[-1], words)
    return words


def _cited(key: str, names: Names, *, bare: bool) -> str:
    """Return ``Toy (2026)``, or ``Toy 2026`` where it stands in brackets, with a link if known."""
    who, _, year = names.cited.get(key, key).rpartition(" ")
    said = f"{who} ({year})" if who and not bare else f"{who} {year}".strip()
    return f"[{said}]({names.addresses[key]})" if key in names.addresses else said


def _linked(target: str, names: Names) -> str:
    if target.startswith("#"):
        return f"*{names.titles.get(target[1:], target[1:])}*"
    title = names.titles.get(target.rsplit("/", 1)[-1].removesuffix(".ipynb"), target)
    return f"[{title}]({target})"
