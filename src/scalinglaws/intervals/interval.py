"""The interval of a quantity under a fit, of any kind, with the coverage measured for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalinglaws import _checks as checks
from scalinglaws.errors import BadParameters, Unidentifiable, UnknownName
from scalinglaws.intervals import grouping
from scalinglaws.intervals import measured_coverage as measured
from scalinglaws.intervals.covariance import covariance, critical_value, delta_ends
from scalinglaws.intervals.profile import ends
from scalinglaws.intervals.quantity import evaluate
from scalinglaws.intervals.resampling import JACKKNIFE, RESAMPLES, resampled
from scalinglaws.intervals.resampling import KINDS as BOOTSTRAPS
from scalinglaws.intervals.resampling import ends as ends_of

if TYPE_CHECKING:
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.intervals.quantity import Quantity

STOPPED = 0.01
"""Share of refits that stopped early above which an interval says so."""

KINDS = (*BOOTSTRAPS, JACKKNIFE, "profile", "covariance", "classical")


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An interval with its estimate, level and kind.

    ``groups`` is how many groups of runs were drawn whole, or ``None`` where runs were drawn.
    ``measured`` is the empirical coverage of intervals of this kind on simulated data sets with
    designs like this one, or ``None`` where that was not studied. ``stopped`` is the
    share of the refits behind it that did not reach a minimum.
    """

    estimate: float
    low: float
    high: float
    level: float
    kind: str
    groups: int | None = None
    measured: float | None = None
    stopped: float = 0.0

    @property
    def short(self) -> bool:
        """Whether the empirical coverage of such intervals is well below their nominal level."""
        return self.measured is not None and self.measured < measured.SHORT

    def __contains__(self, value: float) -> bool:
        """Whether the interval holds a value."""
        return self.low <= value <= self.high

    def __repr__(self) -> str:
        """Return the estimate and the two ends, with level, kind and a warning where it is due."""
        ends, level = f"{self.low:.4g} to {self.high:.4g}", f"{self.level:.0%} {self.kind}"
        level += "" if self.groups is None else f" of {self.groups} groups"
        warning = (
            f"; empirical coverage {self.measured:.0%} (nominal {self.level:.0%})"
            if self.short
            else ""
        )
        if self.stopped > STOPPED:
            warning += f"; {self.stopped:.0%} of its refits stopped early"
        return f"{self.estimate:.4g} ({ends}, {level}{warning})"


def interval(
    fit: Fitted,
    quantity: Quantity,
    *,
    level: float = 0.9,
    kind: str | None = None,
    n: int = RESAMPLES,
    by: str | None = None,
) -> Interval:
    """Return the interval of a parameter, a derived quantity or a function of parameters.

    ``quantity`` is a name, or a function of parameter values by name that works on arrays of them
    (no ``float()``), such as ``lambda p: p["A"] / p["B"]``. ``level`` is the nominal coverage.
    ``kind`` is a bootstrap, ``"case"`` (pairs), ``"residual"`` or ``"group"`` (clusters;
    percentiles of refits), ``"jackknife"`` (each group left out once), ``"profile"`` (profile
    likelihood, of a parameter), ``"covariance"`` (sandwich) or ``"classical"`` (both by the delta
    method). ``None`` takes groups where the runs fall into some: sizes that repeat, or the column
    ``run``; else the case bootstrap, or, where its empirical coverage on such designs is too low,
    the kind that came closest to its level. ``n`` is the number of resamples; ``by`` names another
    column of groups.

    Raises :class:`UnknownName` for another kind or quantity, :class:`BadParameters` for a function
    that gives no numbers or groups that a kind does not use, and :class:`Unidentifiable` where a
    formula has no answer, such as at a bound, or there are fewer than five groups. Efron 1979;
    Huber 1967; Heritier and Ronchetti 1994; Cameron, Gelbach and Miller 2008 for groups.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> alpha = fit.interval("alpha", kind="profile")
    >>> 0.3 < alpha.low < alpha.estimate < alpha.high < 0.4
    True
    >>> 0.5 in fit.interval("a", n=200)
    True
    """
    level, n = checks.level(level), checks.resamples(n)
    if kind is None and grouping.wanted(fit, kind, by)[1] is not None:
        kind = "group"
    estimate = float(evaluate(fit, quantity, fit.params))
    if np.isnan(estimate):
        raise BadParameters("the quantity is not a number (nan) at the fitted parameters")
    name = quantity if isinstance(quantity, str) else None
    if kind is None:
        chosen = measured.preferred(fit, name)
        try:
            return interval(fit, quantity, level=level, kind=chosen, n=n, by=by)
        except Unidentifiable:
            # A formula that cannot answer was not asked for by name: resampling always can.
            kind = "case"
    if kind not in KINDS:
        raise UnknownName(f"no interval is called {kind!r}; there are {', '.join(KINDS)}")
    if by is not None and kind not in ("group", JACKKNIFE):
        raise BadParameters(f"by={by!r} names groups of runs, which kind={kind!r} does not use")
    stopped, groups = 0.0, None
    if kind in ("covariance", "classical"):
        if name in fit.at_bound:
            raise Unidentifiable(
                f"{name} sits at its bound, where the formula of kind={kind!r} gives no interval: "
                f"ask for kind='case' or 'profile'",
                partial=fit,
            )
        form = "sandwich" if kind == "covariance" else kind
        z = critical_value(fit, kind, level)
        low, high = delta_ends(fit, quantity, estimate, z, covariance(fit, form=form).to_numpy())
    elif kind == "profile":
        if not isinstance(quantity, str) or quantity not in fit.law.names:
            raise UnknownName(
                f"a profile interval is one of a parameter, {', '.join(fit.law.names)}; for "
                f"anything else ask for kind='case'"
            )
        low, high = ends(fit, quantity, level)
    else:
        draws = resampled(fit, n, kind=kind, by=by)
        stopped, groups = draws.attrs["stopped"] / len(draws), draws.attrs["groups"]
        values = evaluate(fit, quantity, {c: draws[c].to_numpy() for c in fit.law.names})
        low, high = ends_of(draws, values, np.asarray(estimate), level)
    return Interval(
        estimate=estimate,
        low=float(low),
        high=float(high),
        level=level,
        kind=f"{kind} bootstrap" if kind in BOOTSTRAPS else kind,
        groups=groups,
        measured=measured.of(fit, kind, name) if level == measured.LEVEL else None,
        stopped=stopped,
    )
