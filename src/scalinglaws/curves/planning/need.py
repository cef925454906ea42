"""How many examples a target needs: the forecast, read the other way round."""

from dataclasses import dataclass, field, replace
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._format import count
from scalinglaws._typing import Array
from scalinglaws.curves.forecast import KNOTS, curve_of, forecast
from scalinglaws.errors import BadParameters, Unidentifiable

HOLD_OUT = 2.0
"""Power of mean over largest x by which an upper end is found where the band has none.

On 602 answers about the curves of ``benchmarks/curves_home.py``, at 1.5 to 10 times the part that
was seen, 95% of truths lay nearer than ``last (x / last)^2``: 94 to 97% up to five times, 89% at
ten. Steady declines nearly always did; small tables (73%) and translation (11 of 17) did not."""

TRIED = 5.0
"""Multiple of the largest x up to which that held."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Needed:
    """The x at which a learning curve reaches ``target``, between ``low`` and ``high``.

    An end that lies beyond what was asked for is infinite. ``last`` is the largest x measured and
    ``unit`` what x counts; ``curve`` holds the points (``x``, ``loss``) and ``band`` the forecast.
    ``upper`` says where ``high`` comes from: the ``"band"``, or ``"hold-out"`` on other curves.
    """

    target: float
    x: float
    low: float
    high: float
    level: float
    last: float
    unit: str = ""
    upper: str = "band"
    curve: pd.DataFrame = field(repr=False)
    band: pd.DataFrame = field(repr=False)

    @property
    def extrapolated(self) -> bool:
        """Whether the target lies beyond the points."""
        return self.x > self.last

    @property
    def beyond(self) -> float:
        """How many times the largest x measured is needed; below 1 it was measured already."""
        return self.x / self.last

    def __contains__(self, x: float) -> bool:
        """Whether the interval holds an x."""
        return self.low <= x <= self.high

    def __repr__(self) -> str:
        """Return the answer in a sentence."""
        needs = f"a loss of {self.target:.4g} needs"
        of = f" {self.unit}" if self.unit else ""
        if not self.low:
            return f"{needs} at most {count(self.high)}{of}"
        least = f"{needs} at least {count(self.low)}{of}"
        if np.isinf(self.x):
            return least
        where = "interpolated: it lies within the points"
        if self.extrapolated:
            where = f"extrapolated to {self.beyond:.3g} times the largest x measured"
        if np.isinf(self.high):
            return f"{least}, and {count(self.x)} by the mean of the forecast ({where})"
        ends = f"{count(self.low)} to {count(self.high)}, {self.level:.0%} interval"
        ends += "" if self.upper == "band" else ", its upper end by hold-out on other curves"
        return f"{needs} {count(self.x)}{of} ({ends}), {where}"

    def _repr_html_(self) -> str:
        return f'<div class="sl-fit"><p>{escape(repr(self))}</p></div>'


def _crossing(log_x: Array, log_loss: Array, k: int, goal: float) -> float:
    """Return the x at which the line from point k - 1 to point k, or k itself, is at the goal."""
    if k == 0:
        return float(np.exp(log_x[0]))
    part = (log_loss[k - 1] - goal) / (log_loss[k - 1] - log_loss[k])
    return float(np.exp(log_x[k - 1] + part * (log_x[k] - log_x[k - 1])))


def _first(log_x: Array, log_loss: Array, goal: float) -> float:
    """Return where a log loss first comes down to the goal, infinite where it never does."""
    reached = log_loss <= goal
    return _crossing(log_x, log_loss, int(reached.argmax()), goal) if reached.any() else np.inf


def _last(log_x: Array, log_loss: Array, goal: float, before: float) -> float:
    """Return where a log loss comes down to the goal for the last time before an x."""
    above = np.flatnonzero((log_loss > goal) & (log_x < np.log(before)))
    k = int(above[-1]) + 1 if len(above) else 0
    return _crossing(log_x, log_loss, k, goal) if k < len(log_x) else np.inf


def needed(
    x: npt.ArrayLike,
    loss: npt.ArrayLike,
    *,
    target: float,
    level: float = 0.9,
    furthest: float = 10.0,
    unit: str = "",
) -> Needed:
    """Return the x at which a learning curve reaches a target loss, with its interval.

    ``x`` (n,) and ``loss`` (n,) as for :func:`scalinglaws.forecast`. The answer is where the mean
    of the forecast first reaches the target; ``high`` is where the upper edge of its band does,
    ``low`` where the lower edge last does before, so that for a falling curve the target is
    reached before ``low``, and after ``high``, with probability (1 - level) / 2 each. Where the
    upper edge does not come down, ``high`` is ``last (x / last)^2``, before which 95% of truths lay
    in hold-outs on other curves (:data:`HOLD_OUT`); it is given up to :data:`TRIED` times the
    largest x and to a level of 90%, and ``upper`` says so. A target within the points is
    interpolated. No further than ``furthest`` times the largest x is looked.
    ``unit`` is what x counts, such as ``"images"``, for the sentences.

    Raises :class:`Unidentifiable` when the mean does not reach the target there, or no upper end
    can be given (``partial`` is a :class:`Needed` with infinite ends) or the curve starts below it;
    :class:`BadParameters` for a target that is no positive number or a ``furthest`` that is not
    above 1; and what :func:`scalinglaws.forecast` raises.
    """
    level = checks.level(level)
    given = checks.numbers({"target": target, "furthest": furthest}, what="what is needed")
    if given["target"] <= 0:
        raise BadParameters(f"target is a loss, a positive number; found {target!r}")
    if given["furthest"] <= 1:
        raise BadParameters(f"furthest is a multiple of the largest x, above 1; found {furthest!r}")
    curve_of(x, loss)  # refuses what is none
    curve = pd.DataFrame({"x": np.asarray(x, float), "loss": np.asarray(loss, float)})
    curve = curve.sort_values(["x", "loss"], ignore_index=True)
    start, last = (float(v) for v in curve["x"].iloc[[0, -1]])
    limit = given["furthest"] * last
    ends = ((start, last), (last, limit))
    parts = [
        forecast(curve["x"], curve["loss"], at=np.geomspace(*pair, KNOTS), level=level)
        for pair in ends
    ]
    band = pd.concat([parts[0], parts[1].iloc[1:]], ignore_index=True)
    log_x, goal = np.log(band["x"].to_numpy()), np.log(given["target"])
    lower, middle, upper = (np.log(band[name].to_numpy()) for name in ("low", "mean", "high"))
    mean, high = (_first(log_x, v, goal) for v in (middle, upper))
    low = _last(log_x, lower, goal, before=mean)
    tried = np.isinf(high) and last < mean <= TRIED * last and level <= 0.9
    high = last * (mean / last) ** HOLD_OUT if tried else high
    found = Needed(
        target=given["target"],
        x=mean,
        low=low if np.isfinite(low) else limit,
        high=high,
        level=level,
        last=last,
        unit=unit,
        upper="hold-out" if tried else "band",
        curve=curve,
        band=band,
    )
    # The first point comes back through its logarithm.
    if mean <= start * (1 + 1e-9):
        raise Unidentifiable(
            f"the curve starts at or below the target of {target:.4g}: at most {count(start)} is "
            f"needed, and how much less no point says",
            partial=replace(found, low=0.0, high=start),
        )
    further = f"give furthest={3 * given['furthest']:.3g}; the forecast knows still less there"
    within = f"within {given['furthest']:.3g} times the largest x measured, {count(last)}"
    if np.isinf(mean):
        raise Unidentifiable(
            f"the forecast does not reach a loss of {target:.4g} {within}; at the end it is "
            f"{band['mean'].iloc[-1]:.4g}. At least {count(found.low)} is needed",
            partial=found,
            insist=further,
        )
    if np.isinf(high):
        raise Unidentifiable(
            f"the forecast reaches a loss of {target:.4g} at {count(mean)}, but the upper edge of "
            f"its {level:.0%} interval does not {within}: no upper end can be given. At least "
            f"{count(found.low)} is needed",
            partial=found,
            insist=further,
        )
    return found
