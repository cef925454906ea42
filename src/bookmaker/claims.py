"""Every claim that executed chapters carry, in the order of the book."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from bookmaker.project import read_plain
from scalinglaws.errors import ScalingLawError
from scalinglaws.notebook.verdicts import MIME, Claim

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bookmaker.project import Project

Gathered = dict[str, list[Claim]]
"""The claims of each chapter that makes some, by its name."""


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


def gather_claims(project: Project, order: Iterable[str] = ()) -> Gathered:
    """Map the name of each executed chapter that makes claims to them.

    ``order`` lists pages as the book has them; chapters that it lacks come last.
    """
    place = {name: k for k, name in enumerate(order)}
    claims: Gathered = {}
    chapters = sorted(project.chapters(), key=lambda c: (place.get(c.name, len(place)), c.name))
    for chapter in chapters:
        executed = project.executed / f"{chapter.name}.ipynb"
        if executed.is_file() and (own := claims_in(read_plain(executed), chapter.name)):
            claims[chapter.name] = own
    return claims


def claims_csv(claims: Mapping[str, Sequence[Claim]]) -> str:
    """Return all claims as CSV, one row each."""
    out = io.StringIO(newline="")
    names = [field.name for field in fields(Claim)]
    writer = csv.DictWriter(out, ["chapter", *names], lineterminator="\n")
    writer.writeheader()
    for chapter, own in claims.items():
        writer.writerows({"chapter": chapter} | asdict(one) for one in own)
    return out.getvalue()


def read_claims(content: bytes, where: str) -> Gathered:
    """Read the CSV that :func:`claims_csv` wrote; ``where`` names it in an error.

    Columns that this edition does not know are left out. Raises ``ScalingLawError`` naming the row
    that is no claim.
    """
    claims: Gathered = {}
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        for row in rows:
            values = {f.name: _value(f.name, row[f.name]) for f in fields(Claim) if f.name in row}
            claims.setdefault(row["chapter"], []).append(Claim(**values))
    except (KeyError, TypeError, ValueError, csv.Error) as problem:
        number = sum(map(len, claims.values())) + 1
        raise ScalingLawError(
            f"{where}, claim {number}: {problem}. Give a claims.csv as `make book` writes it"
        ) from None
    if not claims:
        raise ScalingLawError(f"{where} holds no claim: give a claims.csv as `make book` writes it")
    return claims


_NUMBERS = {field.name for field in fields(Claim) if "float" in str(field.type)}


def _value(name: str, word: str) -> Any:
    if name not in _NUMBERS:
        return word
    return float(word) if word else None
