"""Claims as a table: the verdict first, the reasons once."""

from collections.abc import Iterable, Sequence
from html import escape

from scalinglaws.notebook._record import Record
from scalinglaws.notebook._vocabulary import CHECKS, READ, SYMBOLS

CLASSES = {
    "reproduced": "reproduced",
    "within our interval": "within",
    "differs": "differs",
    "consistent": "reproduced",
    "not consistent": "differs",
    "cannot be checked": "unchecked",
    "other data": "other",
}
"""Verdicts, and the class that gives each its colour."""

UNCHECKED = ("cannot be checked", "other data")
"""Verdicts of claims that were held against nothing."""


def claims_html(claims: Sequence[Record]) -> str:
    """Return claims as one table with the verdict in front; what they share is said once below."""
    first = claims[0]
    rows = "".join(map(_row, claims))
    head = "".join(f"<th scope='col'>{h}</th>" for h in ("verdict", "claim", "paper", "here"))
    said = _once(c.because for c in claims)
    checked = [c for c in claims if c.verdict not in UNCHECKED]
    tolerance = _once(f"Tolerance: {c.reason}." for c in checked)
    kinds = _once(f"{c.kind_in_words} interval" for c in claims if c.kind_in_words)
    about = [
        f"{first.paper}, {first.where}: {READ[first.read]}",
        _held_against(first.check) if checked else "not checked",
        *([f"ours by {first.objective}"] if first.objective else []),
        *([f"in brackets: {kinds}"] if kinds else []),
    ]
    why = f"<p class='sl-why'>{escape(said)}</p>" if said else ""
    return (
        f'<div class="sl-claims"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"{why}<details class='sl-how'><summary>How this was checked</summary>"
        f"<p>{escape('; '.join(about))}. {escape(tolerance)}</p></details></div>"
    )


def _held_against(check: str) -> str:
    return CHECKS[check] if check == "constants" else f"checked on {CHECKS[check]}"


def _row(claim: Record) -> str:
    ends = f"<small>({escape(claim.interval)})</small>" if claim.interval else ""
    verdict = f"{SYMBOLS[claim.verdict]}\u00a0{escape(claim.verdict)}"
    return (
        f"<tr id='{claim.anchor}'><td class='{CLASSES[claim.verdict]}'>{verdict}</td>"
        f"<td>{escape(claim.quantity)}</td><td>{claim.published_in_words}</td>"
        f"<td>{escape(claim.ours_in_words)} {ends}</td></tr>"
    )


def _once(parts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(filter(None, parts)))
