"""Is the law's form right? A law with one parameter more is fitted beside it, and asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws import _pooling
from scalinglaws.errors import Unidentifiable
from scalinglaws.intervals.interval import interval
from scalinglaws.laws import CHINCHILLA, INTERACTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.intervals.interval import Interval

SIZES = 5
"""Sizes from which a table may say whether the terms of a law of two inputs add up."""

RESAMPLES = 200
"""Refits behind the interval of the parameter that is one more."""

EXACT = 1e-8
"""Largest residual, a share of the loss, of a law that passes through its runs."""

_STARTS = (0.7, 1.2)


@dataclass(frozen=True, kw_only=True)
class Form:
    """What :data:`~scalinglaws.laws.INTERACTION` says of a Chinchilla fit on the same runs.

    ``d`` is its extra parameter, 1 where the two terms of the loss add up; ``other`` is the fit.
    """

    d: Interval
    other: Fitted

    @property
    def refused(self) -> bool:
        """Whether the runs refuse a law whose terms add up: 1 is outside the interval of ``d``."""
        return 1.0 not in self.d

    def __repr__(self) -> str:
        """Return the finding in one sentence."""
        ends = f"{self.d.low:.2f} to {self.d.high:.2f}, {self.d.level:.0%}"
        found = f"d = {self.d.estimate:.2f} ({ends})"
        if self.refused:
            return f"the runs refuse the additive form: {found}, where 1 adds the two terms"
        return f"the runs do not refuse the additive form: {found}"


def form(fit: Fitted, refit: Callable[..., Fitted]) -> Form | None:
    """Return what a law with one parameter more says of the form of a Chinchilla fit.

    ``None`` for another law, held parameters, one at its bound, least absolute deviations, a law
    that passes through its runs, or too few sizes, groups or runs.
    ``refit`` fits a law to runs as :func:`scalinglaws.fit` does.
    """
    if "form" not in fit._kept:
        fit._kept["form"] = _form(fit, refit)
    found: Form | None = fit._kept["form"]
    return found


def status(fit: Fitted, found: Form | None) -> str:
    """Return how a fit's search ended, and what the runs refuse: its form, or one law for all."""
    form = f" But {found}." if found is not None and found.refused else ""
    mixed = _pooling.apart(fit)
    return fit.minimum + form + (f" But {mixed}." if mixed is not None else "")


def clean(fit: Fitted, found: Form | None) -> bool:
    """Return whether neither the search, the form nor the mixture of runs carries a warning."""
    refused = found is not None and found.refused
    return fit.sound and not refused and _pooling.apart(fit) is None


def known(fit: Fitted) -> Form | None:
    """Return what was found of the form, if that was asked before."""
    found: Form | None = fit._kept.get("form")
    return found


def _form(fit: Fitted, refit: Callable[..., Fitted]) -> Form | None:
    asked = fit.law == CHINCHILLA and not fit.held and not fit.at_bound
    if not asked or fit.design.levels["params"] < SIZES or fit.objective_kind.delta == 0:
        return None
    # Where a law passes through its runs but for rounding, rounding is all there is to ask.
    if float(np.abs(fit.residuals[fit.counted]).max()) < EXACT:
        return None
    starts: list[dict[str, Any]] = [{**fit.params, "d": d} for d in _STARTS]
    options = {"objective": fit.objective_kind, "weights": fit.weights, "seed": fit.seed}
    try:
        other = refit(INTERACTION, fit.runs, start=starts, **options)
        if other.at_bound:
            return None
        return Form(d=interval(other, "d", n=RESAMPLES), other=other)
    except Unidentifiable:
        return None
