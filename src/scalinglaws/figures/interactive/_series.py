"""What can lie on a figure with sliders: points and lines, refused by name if they cannot."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.errors import ScalingLawError

Kind = Literal["observed", "fitted", "extrapolated", "published", "marker"]
POINTS = ("observed", "marker")


class BadFrames(ScalingLawError, ValueError):
    """Frames that cannot be shown; the message names frame and series and what is expected."""


@dataclass(frozen=True, eq=False)
class Series:
    """Points or one line: ``x`` and ``y`` of shape (n,), in the units of the two axes.

    ``kind`` is "observed" (points), "fitted" (solid line), "extrapolated" (dashed line),
    "published" (dotted line) or "marker" (large points). ``low`` and ``high``, of shape (n,), add
    a band to a line and a bar to each point. Series of one name share one colour.
    """

    name: str
    x: npt.ArrayLike
    y: npt.ArrayLike
    kind: Kind
    low: npt.ArrayLike | None = None
    high: npt.ArrayLike | None = None


def values(where: str, series: Series, *, logs: tuple[bool, bool]) -> list[Array]:
    """Give x, y and, where there are any, low and high; ``logs`` says which axis is logarithmic.

    Raises ``BadFrames`` for an unknown kind, unequal lengths, one of low and high without the
    other or above it, and numbers that the axes cannot show.
    """
    if series.kind not in get_args(Kind):
        raise BadFrames(f"{where}: kind is {series.kind!r}; expected one of {get_args(Kind)}")
    given = {"x": series.x, "y": series.y, "low": series.low, "high": series.high}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) == 3:
        raise BadFrames(f"{where}: found one of low and high; expected both or neither")
    found = [numbers(where, name, v, log=logs[name != "x"]) for name, v in given.items()]
    least = 1 if series.kind in POINTS else 2
    if len({v.size for v in found}) > 1 or found[0].size < least:
        sizes = ", ".join(f"{v.size} of {name}" for name, v in zip(given, found, strict=True))
        raise BadFrames(f"{where}: found {sizes}; expected as many of each, {least} or more")
    if len(found) == 4 and (found[2] > found[3]).any():
        raise BadFrames(f"{where}: found low above high; expected low to be the smaller")
    return found


def numbers(where: str, name: str, given: Any, *, log: bool) -> Array:
    """Give ``given`` as finite numbers of shape (n,), above 0 on a logarithmic axis."""
    expected = "finite numbers" + (" above 0, as the axis is logarithmic" if log else "")
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadFrames(f"{where}: {name} is {given!r}; expected {expected}") from None
    if found.ndim != 1:
        raise BadFrames(f"{where}: {name} has shape {found.shape}; expected shape (n,)")
    wrong = ~np.isfinite(found) | (log & (found <= 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise BadFrames(f"{where}: {name}[{at}] is {found[at]:g}; expected {expected}")
    return found
