"""What changed between two editions of the book: the claims of one build beside another's."""

from __future__ import annotations

import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bookmaker.claims import read_claims
from bookmaker.listing import escape
from bookmaker.project import Project, write_atomically
from bookmaker.scorecard import CSV
from scalinglaws.errors import ScalingLawError
from scalinglaws.notebook.verdicts import Claim

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bookmaker.claims import Gathered

ADDED, REMOVED, VERDICT, MOVED, TERMS, PLACE = (
    *("added", "removed", "verdict changed", "value moved", "terms changed", "another chapter"),
)
KINDS = {
    VERDICT: "The verdict is another one.",
    MOVED: "Our value left its old interval, or moved by more than 1%.",
    TERMS: "The published value or the tolerance that it is judged by was changed.",
    ADDED: "Claims that the old edition does not make.",
    REMOVED: "Claims that the new edition does not make.",
    PLACE: "The claim stands in another chapter.",
}
"""What a claim can go through, the gravest first, in a sentence each."""
SHARE = 0.01
"""How far a value may move without a word, as a share of what it was."""

_Key = tuple[str, ...]
_Side = tuple[str, Claim] | None


@dataclass(frozen=True)
class Change:
    """One change of one claim: its kind, the claim's chapter and name, and the change in words."""

    kind: str
    chapter: str
    claim: str
    words: str

    def __str__(self) -> str:
        """Return the change on one line."""
        return f"{self.kind}: {self.chapter}, {self.claim}: {self.words}"


def compare(old: str | Path, new: str | Path = "", *, root: str | Path | None = None) -> Path:
    """Print what changed from one edition to another, and return the page that says so too.

    ``new`` is by default what was built in the checkout at ``root``. Raises ``ScalingLawError``
    where either holds no claims.
    """
    project = Project.at(root)
    if not str(old):
        raise ScalingLawError(
            "no old edition is named: give OLD=, a checkout in which `make book` has run, its "
            "_build/html, a zip file of that folder, or a claims.csv"
        )
    names = (str(old), str(new) or str(project.root))
    found = changes(claims_of(names[0]), claims_of(names[1]))
    page = project.build / "changes.html"
    page.parent.mkdir(exist_ok=True)
    write_atomically(page, changes_page(found, names))
    for change in found:
        print(change)
    print(f"{in_words(found)}\n{page}")
    return page


def claims_of(edition: str | Path) -> Gathered:
    """Read the claims of a build: a checkout, its site's folder or zip file, or the CSV itself.

    Raises ``ScalingLawError`` where there are none.
    """
    place = Path(edition)
    if place.is_dir():
        for folder in ("", "html", "_build/html"):
            if (place / folder / CSV).is_file():
                return read_claims((place / folder / CSV).read_bytes(), str(place))
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            for name in archive.namelist():
                if name.endswith(CSV):
                    return read_claims(archive.read(name), str(place))
    elif place.is_file():
        return read_claims(place.read_bytes(), str(place))
    else:
        raise ScalingLawError(f"{place} is neither a file nor a folder")
    raise ScalingLawError(
        f"{place} holds no {CSV}: name a checkout in which `make book` has run, its _build/html, "
        "a zip file of that folder, or a claims.csv"
    )


def changes(old: Gathered, new: Gathered) -> list[Change]:
    """List what differs between two editions, the gravest kind first, else as in the book.

    A claim is known again by paper, place in the paper and words, in its chapter or in another.
    """
    found = [change for pair in _pairs(old, new) for change in _compared(*pair)]
    order = list(KINDS)
    return sorted(found, key=lambda change: order.index(change.kind))


def changes_page(found: Sequence[Change], names: tuple[str, str]) -> str:
    """Return the changes as one HTML page that loads nothing; ``names`` are the two editions'."""
    parts = []
    for kind, sentence in KINDS.items():
        own = [change for change in found if change.kind == kind]
        if own:
            rows = "".join(
                f"<tr><td>{escape(c.chapter)}</td><td>{escape(c.claim)}</td>"
                f"<td>{escape(c.words)}</td></tr>"
                for c in own
            )
            head = "<tr><th scope='col'>chapter</th><th scope='col'>claim</th>"
            parts.append(
                f"<h2>{kind.capitalize()} ({len(own)})</h2><p>{sentence}</p><table><thead>{head}"
                f"<th scope='col'>change</th></tr></thead><tbody>{rows}</tbody></table>"
            )
    old, new = map(escape, names)
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>What changed between editions</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>What changed between editions</h1><p>From {old} to {new}. "
        f"{escape(in_words(found))}</p>{''.join(parts)}</main></body></html>\n"
    )


def in_words(found: Sequence[Change]) -> str:
    """Return how many claims went through each kind of change, on one line."""
    counts = Counter(change.kind for change in found)
    told = ", ".join(f"{kind} {counts[kind]}" for kind in KINDS if counts[kind])
    return f"Claims: {told}." if told else "No claim changed."


def _keyed(claims: Gathered) -> dict[_Key, tuple[str, Claim]]:
    """Map each claim's chapter, paper, place, words and turn (of equal ones) to it."""
    found: dict[_Key, tuple[str, Claim]] = {}
    for chapter, own in claims.items():
        turns: Counter[_Key] = Counter()
        for one in own:
            key = (chapter, one.cite, one.where, one.quantity)
            turns[key] += 1
            found[(*key, str(turns[key]))] = (chapter, one)
    return found


def _pairs(old: Gathered, new: Gathered) -> Iterator[tuple[_Side, _Side]]:
    """Yield each claim of either edition with its counterpart, or with nothing."""
    before, after = _keyed(old), _keyed(new)
    strays: dict[_Key, list[_Side]] = {}
    for key, side in before.items():
        if key not in after:
            strays.setdefault(key[1:], []).append(side)
    for key, side in after.items():
        if key in before:
            yield before[key], side
        else:
            same = strays.get(key[1:])
            yield (same.pop(0) if same else None), side
    for lost in strays.values():
        yield from ((side, None) for side in lost)


def _compared(old: _Side, new: _Side) -> Iterator[Change]:
    if old is None and new is not None:
        yield Change(ADDED, new[0], _name(new[1]), new[1].verdict)
    elif new is None and old is not None:
        yield Change(REMOVED, old[0], _name(old[1]), f"it was {old[1].verdict}")
    elif old is not None and new is not None:
        chapter, (one, two) = new[0], (old[1], new[1])
        name = _name(two)
        if one.verdict != two.verdict:
            words = f"{one.verdict} → {two.verdict} (ours {_ours(one)} → {_ours(two)})"
            yield Change(VERDICT, chapter, name, words)
        if moved := _moved(one, two):
            yield Change(MOVED, chapter, name, moved)
        terms = [
            f"{what} {was:.6g} → {now:.6g}"
            for what, was, now in (
                ("published", one.published, two.published),
                ("tolerance", one.tolerance, two.tolerance),
            )
            if was != now
        ]
        if terms:
            yield Change(TERMS, chapter, name, ", ".join(terms))
        if old[0] != chapter:
            yield Change(PLACE, chapter, name, f"it was in {old[0]}")


def _moved(old: Claim, new: Claim) -> str:
    """Return how far our value moved, in words; nothing where it stayed."""
    if old.ours is None or new.ours is None:
        return "" if old.ours is new.ours else f"ours {_ours(old)} → {_ours(new)}"
    if old.low is not None and old.high is not None and not old.low <= new.ours <= old.high:
        why = f"outside the old interval, {old.low:.4g} to {old.high:.4g}"
    elif abs(new.ours - old.ours) > SHARE * abs(old.ours):
        why = "within the old interval" if old.low is not None else "no interval"
    else:
        return ""
    share = f", {(new.ours - old.ours) / abs(old.ours):+.1%}" if old.ours else ""
    return f"ours {_ours(old)} → {_ours(new)}{share}, {why}"


def _name(claim: Claim) -> str:
    return f"{claim.quantity} ({claim.paper}, {claim.where})"


def _ours(claim: Claim) -> str:
    return "none" if claim.ours is None else f"{claim.ours:.6g}"


_STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:2rem 1rem}"
    "main{max-width:60rem;margin:auto}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;overflow-wrap:anywhere;"
    "border-bottom:1px solid #8886}"
)
