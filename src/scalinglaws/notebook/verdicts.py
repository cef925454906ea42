"""A published figure, ours beside it, and a verdict with its reason."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import pandas as pd

from scalinglaws._format import count, table_html
from scalinglaws.errors import ScalingLawError
from scalinglaws.intervals.interval import Interval
from scalinglaws.notebook.refusal import Refusal

MIME = "application/vnd.scalinglaws.claim+json"

SYMBOLS = {"reproduced": "✓", "differs": "✗", "cannot be checked": "?", "other data": "·"}
_CLASSES = {
    "reproduced": "reproduced",
    "differs": "differs",
    "cannot be checked": "unchecked",
    "other data": "other",
}


class UnreasonedClaim(ScalingLawError, ValueError):
    """A claim without the reason that its tolerance or verdict needs."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published figure beside ours; build it with :func:`claim`."""

    quantity: str
    paper: str
    cite: str
    where: str
    published: float
    unit: str
    tolerance: float
    reason: str
    ours: float | None
    low: float | None
    high: float | None
    level: float | None
    kind: str
    objective: str
    data: str
    verdict: str
    because: str

    def words(self, value: float) -> str:
        """Format a value with digits enough to see the tolerance; counts as people say them."""
        if self.unit in ("parameters", "tokens"):
            return count(value)
        decimals = 0 if self.tolerance >= 5 else math.ceil(-math.log10(self.tolerance)) + 1
        return f"{value:.{min(decimals, 8)}f}"

    @property
    def tolerance_in_words(self) -> str:
        """The tolerance with as many digits as it needs."""
        if self.unit in ("parameters", "tokens"):
            return count(self.tolerance)
        return f"{self.tolerance:.0f}" if self.tolerance >= 10 else f"{self.tolerance:.2g}"

    @property
    def interval(self) -> str:
        """The two ends of our interval, or nothing."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.words(self.low)} to {self.words(self.high)}"

    @property
    def kind_in_words(self) -> str:
        """Level and kind of our interval, or nothing."""
        return f"{self.level:.0%} {self.kind}" if self.level is not None else ""

    def _ours(self) -> str:
        if self.ours is None:
            return "none"
        interval = f" ({self.kind_in_words}: {self.interval})" if self.interval else ""
        return self.words(self.ours) + interval

    def __repr__(self) -> str:
        """Return the claim as two lines of text."""
        return (
            f"{self.quantity}: {self.paper}, {self.where}: {self.words(self.published)}; "
            f"ours {self._ours()}\n  {self.verdict}" + (f": {self.because}" if self.because else "")
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        html = (
            f'<div class="sl-claim {_CLASSES[self.verdict]}"><p><strong>'
            f"{SYMBOLS[self.verdict]} {escape(self.verdict.capitalize())}.</strong> "
            f"{escape(self.quantity)}: {escape(self.paper)}, {escape(self.where)}, gives "
            f"<b>{self.words(self.published)}</b>; ours is <b>{escape(self._ours())}</b>"
            f"{escape(', ' + self.objective if self.objective else '')}.</p>"
            f"<p class='sl-why'>{escape(self.because)} Tolerance {self.tolerance_in_words}: "
            f"{escape(self.reason)}</p></div>"
        )
        return {"text/plain": repr(self), "text/html": html, MIME: {"claims": [asdict(self)]}}


@dataclass(frozen=True)
class Claims:
    """Several claims from one place in one paper, shown as one table; see :func:`claims`."""

    each: tuple[Claim, ...]

    def __repr__(self) -> str:
        """Return each claim as text."""
        return "\n".join(map(repr, self.each))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        first = self.each[0]
        kinds = {c.kind_in_words for c in self.each}
        kind = f" ({kinds.pop()})" if kinds != {""} and len(kinds) == 1 else ""
        ours = f"ours{kind}" + (f", {first.objective}" if first.objective else "")
        rows = [
            (
                c.quantity,
                c.words(c.published),
                c._ours().replace(f"{c.kind_in_words}: ", "") if kind else c._ours(),
                f"{SYMBOLS[c.verdict]}\u00a0{c.verdict}",
                c.tolerance_in_words,
            )
            for c in self.each
        ]
        why = [c.because for c in self.each] + [f"Tolerance: {c.reason}." for c in self.each]
        classes = {_CLASSES[c.verdict] for c in self.each}
        html = (
            f'<div class="sl-claim {classes.pop() if len(classes) == 1 else "mixed"}">'
            f"<p><strong>{escape(first.paper)}</strong>, {escape(first.where)}</p>"
            + table_html(("figure", "published", ours, "verdict", "tolerance"), rows)
            + f"<p class='sl-why'>{escape(' '.join(dict.fromkeys(filter(None, why))))}</p></div>"
        )
        return {
            "text/plain": repr(self),
            "text/html": html,
            MIME: {"claims": [asdict(c) for c in self.each]},
        }


def claim(
    quantity: str,
    *,
    paper: str,
    cite: str,
    where: str,
    published: float,
    ours: float | Interval | Refusal | None,
    tolerance: float,
    reason: str,
    because: str = "",
    note: str = "",
    unit: str = "",
    objective: object = "",
    runs: pd.DataFrame | None = None,
    data: str = "",
) -> Claim:
    """Set a published figure beside ours.

    The verdict is "reproduced" when they differ by at most ``tolerance`` (whose ``reason`` must
    be given) and "differs" otherwise, which needs ``because``; "cannot be checked" when ``ours``
    is ``None``, which needs it too. ``note`` is shown whatever the verdict. When ``runs`` are not
    the table ``data`` that the paper's figure belongs to, the verdict is "other data": both
    numbers are shown and nothing is judged.
    Raises :class:`UnreasonedClaim` where a reason is missing.
    """
    if not (math.isfinite(tolerance) and tolerance > 0):
        raise UnreasonedClaim(f"{quantity}: a tolerance is a positive number, not {tolerance!r}")
    if not reason.strip():
        raise UnreasonedClaim(f"{quantity}: a tolerance of {tolerance} needs its reason")
    value, low, high, level, kind = None, None, None, None, ""
    if isinstance(ours, Interval):
        value, low, high = ours.estimate, ours.low, ours.high
        level, kind = ours.level, ours.kind
    elif isinstance(ours, Refusal):
        because = f"The library refuses to answer on these runs. {ours.error.reason}"
    elif ours is not None:
        value = float(ours)
    on = "" if runs is None else str(runs.attrs.get("name", "a table of runs"))
    if data and on != data:
        verdict = "other data"
        belongs = f"The published figure belongs to {data}; these are {on}. Nothing is judged."
        because = f"{belongs} {because}" if isinstance(ours, Refusal) else belongs
    elif value is None:
        verdict = "cannot be checked"
    elif math.isfinite(value) and abs(value - published) <= tolerance * (1 + 1e-9):
        verdict = "reproduced"
    else:
        verdict = "differs"
    if verdict in ("differs", "cannot be checked") and not because.strip():
        raise UnreasonedClaim(
            f"{quantity}: {paper} gives {published}, ours is {value}, which is outside the "
            f"tolerance of {tolerance}; say why with because=..."
        )
    return Claim(
        quantity=quantity,
        paper=paper,
        cite=cite,
        where=where,
        published=float(published),
        unit=unit,
        tolerance=float(tolerance),
        reason=reason,
        ours=value,
        low=low,
        high=high,
        level=level,
        kind=kind,
        objective=str(objective),
        data=data or on,
        verdict=verdict,
        because=" ".join(filter(None, [note, "" if verdict == "reproduced" else because])),
    )


def claims(
    published: Mapping[str, float],
    ours: Mapping[str, Any] | Callable[[str], Any] | Refusal,
    *,
    label: str = "{}",
    tolerance: float | Mapping[str, float] | None = None,
    relative: float | Mapping[str, float] | None = None,
    **common: Any,
) -> Claims:
    """Set several published figures from one place beside ours; see :func:`claim`.

    ``published`` maps names to values and ``ours`` maps the same names to ours, or is called with
    a name. ``tolerance`` is absolute and ``relative`` a share of the published value, one number
    for all or one for each name. ``label`` turns a name into the words of its claim.
    """

    def value(name: str) -> Any:
        if isinstance(ours, Refusal):
            return ours
        return ours(name) if callable(ours) else ours[name]

    def width(name: str, size: float) -> float:
        given = tolerance if relative is None else relative
        if given is None:
            raise UnreasonedClaim("claims need a tolerance, absolute or relative")
        one = float(given[name]) if isinstance(given, Mapping) else float(given)
        return one if relative is None else one * abs(size)

    return Claims(
        tuple(
            claim(
                label.format(name),
                published=size,
                ours=value(name),
                tolerance=width(name, size),
                **common,
            )
            for name, size in published.items()
        )
    )
