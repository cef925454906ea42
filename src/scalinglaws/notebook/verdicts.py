"""A published number, ours beside it, what kind of check that is, and a verdict with its reason."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from scalinglaws.errors import ScalingLawError
from scalinglaws.intervals.interval import Interval
from scalinglaws.notebook._claims_html import claims_html
from scalinglaws.notebook._record import Record
from scalinglaws.notebook._vocabulary import CHECKS, READ
from scalinglaws.notebook.refusal import Refusal, takes_refusals

MIME = "application/vnd.scalinglaws.claim+json"


class UnreasonedClaim(ScalingLawError, ValueError):
    """A claim without the reason, the kind of check or the provenance that it needs."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Claim(Record):
    """A published number beside ours; build it with :func:`claim`."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return Claims((self,))._repr_mimebundle_()


@dataclass(frozen=True)
class Claims:
    """Several claims from one place in one paper, shown as one table; see :func:`claims`."""

    each: tuple[Claim, ...]

    def __repr__(self) -> str:
        """Return each claim as text."""
        return "\n".join(map(repr, self.each))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": repr(self),
            "text/html": claims_html(self.each),
            MIME: {"claims": [asdict(c) for c in self.each]},
        }


@takes_refusals
def claim(
    quantity: str,
    *,
    paper: str,
    cite: str,
    where: str,
    check: str,
    read: str,
    published: float,
    ours: float | Interval | Refusal | None,
    tolerance: float,
    reason: str,
    because: str = "",
    note: str = "",
    erratum: str = "",
    unit: str = "",
    objective: object = "",
    runs: pd.DataFrame | None = None,
    data: str = "",
) -> Claim:
    """Set a published number beside ours.

    ``check`` says what kind of check it is, one of ``CHECKS``, and ``read`` where the published
    value was read, one of ``READ``. On the paper's own runs the verdict is "reproduced" when
    the two differ by at most ``tolerance`` (whose ``reason`` must be given), "within our interval"
    when only our interval holds the published value, and "differs" otherwise, which needs
    ``because``. On other runs it is "consistent" or "not consistent". It is "cannot be checked"
    when ``ours`` is ``None``, which needs ``because`` too. ``note`` is shown whatever the verdict;
    ``erratum`` says what the paper prints wrongly, for the page that collects such things.
    When ``runs`` are not the table ``data`` that the check belongs to, the verdict is "other data":
    both numbers are shown and nothing is judged.
    Raises :class:`UnreasonedClaim` where something that is needed is missing.
    """
    if not (math.isfinite(tolerance) and tolerance > 0):
        raise UnreasonedClaim(f"{quantity}: a tolerance is a positive number, not {tolerance!r}")
    if not reason.strip():
        raise UnreasonedClaim(f"{quantity}: a tolerance of {tolerance} needs its reason")
    for name, given, known in (("check", check, CHECKS), ("read", read, READ)):
        if given not in known:
            raise UnreasonedClaim(f"{quantity}: {name}={given!r} is none of {', '.join(known)}")
    value: float | None = None
    low, high, level, kind = None, None, None, ""
    if isinstance(ours, Interval):
        value, low, high = ours.estimate, ours.low, ours.high
        level, kind = ours.level, ours.kind
    elif isinstance(ours, Refusal):
        because = f"The library refuses to answer on these runs. {ours.error.reason}"
    elif ours is not None:
        value = float(ours)
    if value is not None and not math.isfinite(value):
        raise UnreasonedClaim(
            f"{quantity}: ours is {value}; give None where it could not be worked out, and say why"
        )
    on = "" if runs is None else str(runs.attrs.get("name", "a table of runs"))
    off = math.inf if value is None else abs(value - published)
    met = off <= tolerance * (1 + 1e-9)
    inside = low is not None and high is not None and low <= published <= high
    judged = not data or on == data
    if not judged:
        verdict = "other data"
        belongs = f"The published number belongs to {data}; these are {on}. Nothing is judged."
        because = f"{belongs} {because}" if isinstance(ours, Refusal) else belongs
    elif value is None:
        verdict = "cannot be checked"
    elif check == "other runs":
        verdict = "consistent" if met or inside else "not consistent"
    else:
        verdict = "reproduced" if met else "within our interval" if inside else "differs"
    if verdict in ("differs", "not consistent", "cannot be checked") and not because.strip():
        raise UnreasonedClaim(
            f"{quantity}: {paper} gives {published}, ours is {value}, which is outside the "
            f"tolerance of {tolerance}; say why with because=..."
        )
    return Claim(
        quantity=quantity,
        paper=paper,
        cite=cite,
        where=where,
        read=read,
        check=check,
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
        because=" ".join(filter(None, [note, "" if met and judged else because])),
        erratum=erratum,
    )


@takes_refusals
def claims(
    published: Mapping[str, float],
    ours: Mapping[str, Any] | Callable[[str], Any] | Refusal,
    *,
    label: str = "{}",
    tolerance: float | Mapping[str, float] | None = None,
    relative: float | Mapping[str, float] | None = None,
    erratum: str | Mapping[str, str] = "",
    **common: Any,
) -> Claims:
    """Set several published numbers from one place beside ours; see :func:`claim`.

    ``published`` maps names to values and ``ours`` maps the same names to ours, or is called with
    a name. ``tolerance`` is absolute and ``relative`` a share of the published value, one number
    for all or one for each name. ``label`` turns a name into the words of its claim. ``erratum`` is
    of all, or of the names that it maps.
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
                erratum=erratum if isinstance(erratum, str) else erratum.get(name, ""),
                **common,
            )
            for name, size in published.items()
        )
    )
