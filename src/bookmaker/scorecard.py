"""The scorecard: every claim of the book in one table that can be searched, and its totals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

from bookmaker.listing import controls, escape, listing
from scalinglaws.notebook._claims_html import CLASSES
from scalinglaws.notebook._vocabulary import CHECKS, READ, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scalinglaws.notebook.verdicts import Claim

CSV = "_static/claims.csv"
MISSING = "–"
GOOD, HALF, BAD, OPEN = "yes", "half", "no", "open"
_GROUP = {
    **{"reproduced": GOOD, "consistent": GOOD, "within our interval": HALF},
    **{"differs": BAD, "not consistent": BAD, "cannot be checked": OPEN, "other data": OPEN},
}
_REACH = 4
"""Tolerances from the published value to the end of a strip."""

_TOTALS = {
    "the paper's own runs, analysed as the paper did": ("same method",),
    "the paper's own runs, analysed in another way": ("another method",),
    "other runs: does it carry over?": ("other runs",),
    "the paper's own constants: arithmetic": ("constants",),
}


def scorecard_page(claims: Mapping[str, Sequence[Claim]], titles: Mapping[str, str]) -> str:
    """Write the scorecard in MyST Markdown; ``titles`` maps a chapter's name to its title."""
    every = [one for own in claims.values() for one in own]
    rows = "".join(
        _row(one, chapter, titles.get(chapter, chapter))
        for chapter, own in claims.items()
        for one in own
    )
    return "\n".join(
        [
            "# Scorecard",
            "",
            _lead(every),
            "",
            "```{raw} html",
            totals_html(every),
            "```",
            "",
            _not_a_rate(every),
            "",
            "✓: our value lies within the tolerance, whose reason each row gives. ≈: outside it,",
            "but the paper's value is inside our 90% interval. ✗: neither. On the paper's own runs",
            "✓ and ✗ read *reproduced* and *differs*; on other people's runs *consistent* and *not",
            "consistent*, which judges how far the number carries, not the paper. ?: it cannot be",
            "checked. In each strip the line is the paper's value, the grey box its tolerance, the",
            f"dot ours with its interval; an arrow lies beyond {_REACH} tolerances, and the number",
            "under it says how many.",
            "",
            "```{raw} html",
            _controls(every, claims, titles),
            listing("sl-scorecard", _HEADS, rows),
            f"<p class='sl-files'><a href='../{CSV}' download>All claims (CSV)</a></p>",
            "```",
            "",
        ]
    )


def _lead(every: Sequence[Claim]) -> str:
    """Return what the numbers were held against, in a sentence."""
    kinds = Counter(_kind(c) for c in every)
    papers, runs = len({c.paper for c in every}), len(every) - kinds["constants"] - kinds[OPEN]
    return (
        f"{len(every)} published numbers from {papers} papers: {runs} checked "
        f"on open runs, {kinds['constants']} against the paper's own constants, {kinds[OPEN]} that "
        f"cannot be checked."
    )


def _not_a_rate(every: Sequence[Claim]) -> str:
    """Return why the counts are no rate: which papers hold most of what was not met."""
    missed = [c for c in every if c.check == "same method" and _GROUP[c.verdict] == BAD]
    first = Counter(c.paper for c in missed).most_common(2)
    if len(missed) < len(first) + 1:
        return "Do not read these as a rate: numbers of one table stand or fall together."
    parts = " and ".join(f"{n} are of {paper}" for paper, n in first)
    return (
        "Do not read these as a rate: numbers of one table stand or fall together. Of the "
        f"{len(missed)} not met on their own runs by their own method, {parts}."
    )


def counts_of(every: Iterable[Claim], paper: str) -> str:
    """Return one paper's counts in HTML, linked to its rows, or a dash for one without claims."""
    own = Counter(_GROUP[c.verdict] for c in every if c.paper == paper)
    if not own:
        return MISSING
    marks = ((GOOD, "✓"), (HALF, "≈"), (BAD, "✗"), (OPEN, "?"))
    words = " ".join(f"{own[group]}{mark}" for group, mark in marks if own[group])
    return f"<a href='../back/scorecard.html?paper={quote(paper)}'>{words}</a>"


def errata_page(claims: Mapping[str, Sequence[Claim]]) -> str:
    """Write the page of what papers print wrongly, from the claims that say so."""
    entries = {
        # Claims of one table tell of one misprint.
        (
            one.paper,
            one.erratum,
        ): f"<li><a href='../{escape(chapter)}.html#{one.anchor}'>{escape(one.paper)}, "
        f"{escape(one.where)}</a>: {escape(one.erratum)}</li>"
        for chapter, own in claims.items()
        for one in own
        if one.erratum
    }
    return "\n".join(
        [
            "# Errata",
            "",
            "What the checks of this book found misprinted, contradicted within one paper, or not",
            "to follow from what is printed beside it. Each entry leads to the cell that shows it.",
            "",
            "```{raw} html",
            f"<ul class='sl-errata'>{''.join(entries.values())}</ul>",
            "```",
            "",
        ]
    )


def totals_html(every: Sequence[Claim]) -> str:
    """Return the totals by kind of check as a table with a bar a row."""
    checked = [c for c in every if _GROUP[c.verdict] != OPEN]
    most = max((sum(c.check in kinds for c in checked) for kinds in _TOTALS.values()), default=1)
    rows = []
    for words, kinds in _TOTALS.items():
        count = Counter(_GROUP[c.verdict] for c in checked if c.check in kinds)
        rows.append(_total(words, [count[g] for g in (GOOD, HALF, BAD)], 0, most))
    rows.append(_total("no open runs to check", [0, 0, 0], len(every) - len(checked), most))
    marks = (
        *(("✓", "reproduced or consistent"), ("≈", "within our interval")),
        *(("✗", "differs or not consistent"), ("?", "cannot be checked")),
    )
    head = "".join(f"<th scope='col'>{mark}<small>{words}</small></th>" for mark, words in marks)
    return (
        "<table class='sl-totals'><thead><tr><th scope='col'>checked on</th>"
        f"{head}<td></td></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def totals_in_words(every: Sequence[Claim]) -> str:
    """Return the totals as two sentences in HTML for the landing page, with a link."""
    own = [c for c in every if c.check in ("same method", "another method")]
    own = [c for c in own if _GROUP[c.verdict] != OPEN]
    other = [c for c in every if c.check == "other runs" and _GROUP[c.verdict] != OPEN]
    constants = sum(_kind(c) == "constants" for c in every)
    unchecked = sum(_GROUP[c.verdict] == OPEN for c in every)
    papers = {c.paper for c in every}

    def met(some: Iterable[Claim], group: str = GOOD) -> int:
        return sum(_GROUP[c.verdict] == group for c in some)

    near = f", and {half} more lie within our interval" if (half := met(own, HALF)) else ""
    return (
        f"<p class='sl-lead'>This book checks {len(every)} numbers that {len(papers)} papers print "
        f"or release. <a href='back/scorecard.html'>On the papers' own runs {met(own)} of "
        f"{len(own)} come back{near}; on other people's runs {met(other)} of {len(other)} hold.</a>"
        f" Of the rest {constants} could only be recalculated from printed constants, and "
        f"{unchecked} could not be checked.</p>"
    )


def _total(words: str, counts: Sequence[int], unchecked: int, most: int) -> str:
    numbers = "".join(
        f"<td class='{CLASSES[v]}'>{n or ''}</td>"
        for v, n in zip(
            ("reproduced", "within our interval", "differs", "cannot be checked"),
            (*counts, unchecked),
            strict=True,
        )
    )
    bars = "".join(
        f"<span class='sl-bar-{name}' style='width:{100 * n / max(most, 1):.1f}%'></span>"
        for name, n in zip((GOOD, HALF, BAD, OPEN), (*counts, unchecked), strict=True)
        if n
    )
    bars = f"<td><div class='sl-bars'>{bars}</div></td>"
    return f"<tr><th scope='row'>{words}</th>{numbers}{bars}</tr>"


_HEADS = ("verdict", "claim", "paper", "here", "how far off")


_KINDS = {**CHECKS, OPEN: "no open runs to check"}


def row_name(claim: Claim, chapter: str) -> str:
    """Return the name by which an address leads to a claim's row."""
    return f"{chapter.rsplit('/', 1)[-1]}-{claim.anchor}"


def group_of(claim: Claim) -> str:
    """Return whether a number came back: one of ``GOOD``, ``HALF``, ``BAD`` and ``OPEN``."""
    return _GROUP[claim.verdict]


def _kind(claim: Claim) -> str:
    return OPEN if _GROUP[claim.verdict] == OPEN else claim.check


def _row(claim: Claim, chapter: str, title: str) -> str:
    ends = f"<small>{escape(claim.interval)}</small>" if claim.interval else ""
    ours = MISSING if claim.ours is None else escape(claim.words(claim.ours))
    link = f"../{chapter}.html#{claim.anchor}"
    kind = _kind(claim)
    about = [
        f"{claim.paper}, {claim.where} ({READ[claim.read]}).",
        "" if kind == OPEN else f"Checked on {CHECKS[claim.check]}.",
        claim.because,
        "" if kind == OPEN else f"Tolerance: {claim.reason}.",
        f"Ours: {claim.objective}." if claim.objective else "",
        f"Our interval: {claim.kind_in_words}." if claim.kind_in_words else "",
    ]
    return (
        f"<tr id='{escape(row_name(claim, chapter))}' data-verdict='{claim.verdict}' "
        f"data-kind='{kind}' data-by-off='{-_off(claim):.6g}' "
        f"data-paper='{escape(claim.paper, quote=True)}' data-chapter='{escape(chapter)}' "
        f"data-words='{escape(title, quote=True)}' "
        f"data-by-verdict='{[*SYMBOLS].index(claim.verdict)}'>"
        f"<td class='{CLASSES[claim.verdict]} sl-across'>"
        f"{SYMBOLS[claim.verdict]}\u00a0{claim.verdict}</td>"
        f"<td class='sl-across'>{escape(claim.quantity)} "
        f"<a class='sl-anchor' href='{escape(link)}' "
        f"aria-label='the cell of this claim in {escape(title, quote=True)}'>#</a>"
        f"<details><summary>{escape(claim.paper)}, {escape(claim.where)}</summary>"
        f"<p>{escape(' '.join(filter(None, about)))}</p></details></td>"
        f"<td data-label='paper'>{claim.published_in_words}"
        f"<small>± {claim.tolerance_in_words}</small></td>"
        f"<td data-label='here'>{ours}{ends}</td><td>{_strip(claim)}</td></tr>"
    )


def _off(claim: Claim) -> float:
    """Return the distance of ours from the published value, in tolerances."""
    return 0.0 if claim.ours is None else abs(claim.ours - claim.published) / claim.tolerance


def _strip(claim: Claim) -> str:
    """Draw the distance of ours from the published value, in tolerances."""
    if claim.ours is None:
        return ""
    middle, unit = 40.0, 40.0 / (_REACH + 0.5)

    def at(value: float) -> float:
        steps = (value - claim.published) / claim.tolerance
        return middle + unit * min(max(steps, -_REACH - 0.4), _REACH + 0.4)

    off = _off(claim)
    x, colour = at(claim.ours), CLASSES[claim.verdict]
    ends = ""
    if claim.low is not None and claim.high is not None:
        low, high = at(claim.low), at(claim.high)
        ends = f"<line class='{colour}' x1='{low:.1f}' x2='{high:.1f}' y1='7' y2='7'/>"
    if off > _REACH:
        tip = 78.0 if x > middle else 2.0
        back = tip - 6 if x > middle else tip + 6
        mark = f"<path class='{colour}' d='M{tip} 7L{back} 3.5V10.5Z'/>"
    else:
        mark = f"<circle class='{colour}' cx='{x:.1f}' cy='7' r='3'/>"
    beyond = f"<small>{off:,.0f}×</small>" if off > _REACH else ""
    return (
        f"<svg class='sl-strip' viewBox='0 0 80 14' role='img' "
        f"aria-label='{off:.1f} tolerances from the published value'>"
        f"<rect x='{middle - unit:.1f}' y='2' width='{2 * unit:.1f}' height='10'/>"
        f"<line x1='{middle}' x2='{middle}' y1='1' y2='13'/>{ends}{mark}</svg>{beyond}"
    )


def _controls(
    every: Sequence[Claim], claims: Mapping[str, object], titles: Mapping[str, str]
) -> str:
    chapters = {name: titles.get(name, name) for name in claims}
    choices: dict[str, Mapping[str, str]] = {
        "verdict": {v: v for v in SYMBOLS if any(c.verdict == v for c in every)},
        "kind": {k: v for k, v in _KINDS.items() if any(_kind(c) == k for c in every)},
        "paper": {p: p for p in sorted({c.paper for c in every})},
        "chapter": chapters,
    }
    orders = {"verdict": "by verdict", "off": "by distance"}
    return controls(choices, noun="claims", hint="exponent, tokens, Kaplan…", orders=orders)
