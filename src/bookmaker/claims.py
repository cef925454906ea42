"""The scorecard: every claim that executed chapters carry, gathered on one page."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from bookmaker.project import read_plain
from scalinglaws.errors import ScalingLawError
from scalinglaws.notebook.verdicts import MIME, SYMBOLS, Claim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bookmaker.project import Project

MISSING = "–"
_MARKUP = re.compile(r"[\\`*_{}\[\]<>$|~#^&]")
_SPACES = re.compile(r"[ \t\r\n]+")  # and not the space that keeps a verdict on one line


def claims_in(notebook: dict[str, Any], chapter: str) -> list[Claim]:
    """List the claims among a notebook's outputs, in order.

    Raises ``ScalingLawError`` naming the cell whose claim is not whole.
    """
    found: list[Claim] = []
    for number, cell in enumerate(notebook["cells"], start=1):
        for output in cell.get("outputs", []):
            for record in output.get("data", {}).get(MIME, {"claims": []})["claims"]:
                try:
                    found.append(Claim(**record))
                except TypeError as problem:
                    raise ScalingLawError(f"{chapter}, cell {number}: {problem}") from None
    return found


def gather_claims(project: Project) -> dict[str, list[Claim]]:
    """Map the name of each executed chapter that makes claims to them."""
    claims: dict[str, list[Claim]] = {}
    for chapter in project.chapters():
        executed = project.executed / f"{chapter.name}.ipynb"
        if executed.is_file() and (own := claims_in(read_plain(executed), chapter.name)):
            claims[chapter.name] = own
    return claims


def scorecard_page(claims: dict[str, list[Claim]], titles: dict[str, str]) -> str:
    """Write the scorecard in MyST Markdown; ``titles`` maps a chapter's name to its title."""
    counts = Counter(claim.verdict for own in claims.values() for claim in own)
    lines = [
        "# Scorecard",
        "",
        "Every published figure that this book checks, gathered from the executed chapters, with",
        "the tolerance under the published value and our interval under ours.",
        "",
        "| verdict | figures |",
        "|:--|--:|",
        *(f"| {_verdict(word)} | {counts[word]} |" for word in SYMBOLS if counts[word]),
        f"| all | {counts.total()} |",
        "",
    ]
    for chapter, own in claims.items():
        lines += [
            f"## {titles.get(chapter, chapter)}",
            "",
            f"From {{doc}}`/{chapter}`.",
            "",
            ":::{div} sl-scorecard",
            "| figure | paper | published | ours | verdict |",
            "|:--|:--|--:|--:|:--|",
            *(_row(claim) for claim in own),
            ":::",
            "",
            *_notes(own),
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(claim: Claim) -> str:
    ours = MISSING if claim.ours is None else _text(claim.words(claim.ours))
    if claim.interval:
        ours += f"<br>[{_text(claim.interval)}]<br>{_text(claim.kind_in_words)}"
    paper = f"{{cite:t}}`{claim.cite}`, {_text(claim.where)}"
    published = f"{_text(claim.words(claim.published))}<br>± {_text(claim.tolerance_in_words)}"
    cells = (_text(claim.quantity), paper, published, ours, _verdict(claim.verdict))
    return "| " + " | ".join(cells) + " |"


def _notes(claims: Sequence[Claim]) -> list[str]:
    """Say why, once for all figures that share the same reason."""
    shared: dict[str, list[str]] = {}
    for claim in claims:
        ours = ", ".join(filter(None, (claim.objective, claim.data)))
        parts = [claim.because, f"Tolerance: {claim.reason}.", f"Ours: {ours}." if ours else ""]
        shared.setdefault(_text(" ".join(parts)), []).append(claim.quantity)
    each = (f"- **{_text('; '.join(q))}**: {note}" for note, q in shared.items())
    return ["Why:", "", *each, ""]


def _text(text: str) -> str:
    """Return words as MyST that shows them as they are, on one line."""
    return _MARKUP.sub(r"\\\g<0>", _SPACES.sub(" ", text).strip())


def _verdict(word: str) -> str:
    return f"{SYMBOLS[word]}\u00a0{word}"
