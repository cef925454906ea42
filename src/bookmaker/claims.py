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
