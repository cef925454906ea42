"""Which printed exponents this book has fitted: rows of the table, and the claims about them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from scalinglaws.notebook.verdicts import Claim

_KAPLAN, _HERNANDEZ = "kaplan2020", "hernandez2021"
_BANSAL = "exponent of data, English to German, one for three architectures"

MATCHES: Mapping[tuple[int, int], tuple[str, str]] = {
    (10, 1): (_KAPLAN, "exponent of compute, L(C_min)"),
    (11, 1): (_KAPLAN, "exponent of size, L(N)"),
    (12, 1): (_KAPLAN, "data alone, exponent"),
    (13, 1): (_KAPLAN, "joint law, alpha_N"),
    (14, 2): (_KAPLAN, "steps, exponent"),
    (37, 1): ("hoffmann2022", "alpha, approach 3"),
    (37, 2): ("hoffmann2022", "beta, approach 3"),
    # One exponent is printed for the three.
    **{(row, 1): ("bansal2022", _BANSAL) for row in (45, 46, 47)},
    (126, 1): (_HERNANDEZ, "effective data, beta (text)"),
    (126, 2): (_HERNANDEZ, "effective data, alpha (text)"),
    (127, 1): (_HERNANDEZ, "effective data, beta (mixture)"),
    (127, 2): (_HERNANDEZ, "effective data, alpha (mixture)"),
    (129, 1): ("gordon2021", "exponent of size, ru-en"),
    (129, 2): ("gordon2021", "exponent of data, ru-en"),
    (130, 1): ("gordon2021", "exponent of size, de-en"),
    (130, 2): ("gordon2021", "exponent of data, de-en"),
    (131, 1): ("gordon2021", "exponent of size, zh-en"),
    (131, 2): ("gordon2021", "exponent of data, zh-en"),
    (133, 1): ("zhai2021", "exponent of ImageNet error, fine-tuned"),
    (134, 1): ("zhai2021", "exponent of ImageNet error, 10-shot"),
}
"""Row and place (1 or 2) of an exponent, and the paper's key and the quantity of its claim.

Row 13 has no second one: its 0.095 is not what the paper prints for that law.
"""

CLOSED = frozenset({_KAPLAN, "henighan2020", _HERNANDEZ, "ghorbani2021"})
"""Papers whose runs the map of the field calls closed."""

_ROUNDED = 0.005
"""Most by which the two differ: a claim may have more digits than the two of the table."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """A claim about one exponent of the table, and the chapter that makes it."""

    claim: Claim
    chapter: str


def matched(
    table: pd.DataFrame, claims: Mapping[str, Sequence[Claim]]
) -> dict[tuple[int, int], Match]:
    """Map the exponents that a claim is about to it; what no executed chapter claims is left out.

    ``table`` is that of ``villalobos2023``. Raises ``ScalingLawError`` where the claim's published
    value is not the table's.
    """
    known = {
        (one.cite, one.quantity): Match(claim=one, chapter=chapter)
        for chapter, own in claims.items()
        for one in own
    }
    rows = table.set_index("row")
    found: dict[tuple[int, int], Match] = {}
    for (row, place), key in MATCHES.items():
        if key not in known:
            continue
        exponent, published = rows.loc[row, f"exponent_{place}"], known[key].claim.published
        # Not of two missing values either.
        if not math.isclose(exponent, published, rel_tol=0, abs_tol=_ROUNDED + 1e-9):
            raise ScalingLawError(
                f"row {row} of villalobos2023 has the exponent {exponent:g}, but {key[0]}, "
                f"{key[1]!r}, claims {published:g} as published: mend bookmaker/matches.py"
            )
        found[row, place] = known[key]
    return found
