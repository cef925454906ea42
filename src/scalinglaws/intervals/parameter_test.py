"""Test whether the runs could have come from parameters that somebody else published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalinglaws import _checks as checks
from scalinglaws.errors import BadParameters, Unidentifiable, UnknownName
from scalinglaws.fitting.derivatives.base import to_internal
from scalinglaws.intervals.resampling import RESAMPLES, bootstrap, counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws.fitting.fitted import Fitted

LEVEL = 0.01
"""Level of the test: parameters whose p-value is below it are rejected."""

FEWEST = 100
"""Resamples below which a p-value cannot be below 1%."""

FEWEST_GROUPS = 10
"""Groups below which nothing is rejected at 1%: six have 462 different resamples."""

EXACT = 1e-16
"""Squared share of the loss, a run, below which a fit passes through its runs but for rounding."""


@dataclass(frozen=True, kw_only=True)
class ParameterTest:
    """How published parameters fare on these runs: a bootstrap test of all of them at once.

    ``ratio`` is their objective over the fit's; ``critical_ratio`` is the 99% quantile of the same
    ratio for the fit's own parameters on resamples; ``p_value`` is the share of resamples in which
    these reach ``ratio``, the fit itself counted as one, so that few resamples can never reject.
    ``groups`` is how many groups of runs were drawn whole, or ``None`` where runs were drawn.
    ``bias`` is the mean of log predicted over measured loss (of their difference, over the mean
    size of what was measured, for a law of any sign).
    """

    ratio: float
    critical_ratio: float
    p_value: float
    resamples: int
    bias: float
    groups: int | None = None

    @property
    def decided(self) -> bool:
        """Whether there are groups enough for a verdict at 1%."""
        return self.groups is None or self.groups >= FEWEST_GROUPS

    @property
    def rejected(self) -> bool:
        """Whether the p-value is below 1%, of groups enough to say so."""
        return self.p_value < LEVEL and self.decided

    def __repr__(self) -> str:
        """Return the test in one sentence."""
        verdict = f"{'rejected' if self.rejected else 'not rejected'} at {LEVEL:.0%}"
        drawn = "" if self.groups is None else f" of {self.groups} groups"
        if not self.decided:
            verdict = f"no verdict: {self.groups} groups are too few to reject at 1 in 100"
        below = "< " if self.p_value * (self.resamples + 1) < 1.5 else ""
        return (
            f"{verdict} (p-value {below}{self.p_value:.2g}): objective "
            f"{self.ratio:.2f} times the fit's, critical ratio {self.critical_ratio:.2f} of "
            f"{self.resamples} resamples{drawn}; predictions {abs(self.bias):.2%} too "
            f"{'high' if self.bias > 0 else 'low'} on average"
        )


def parameter_test(
    fit: Fitted,
    values: Mapping[str, float],
    *,
    n: int = RESAMPLES,
    kind: str | None = None,
    by: str | None = None,
) -> ParameterTest:
    """Test whether the runs reject given parameter values, such as published ones.

    On each resample, the fit's own parameters stand to the resample's best as the truth stands to
    the fit. ``values`` are rejected when their objective, over the fit's, is beyond the 99%
    quantile of that ratio over ``n`` resamples: of groups, where the runs fall into some or ``by``
    names them, or of runs (``kind="case"``). With G groups what the ratio is above one is stretched
    by ``(t / z)^2 G / (G - 1)``, Student's quantile over the normal one: a few groups show too
    little of how they differ. Below :data:`FEWEST_GROUPS` there is no verdict.

    Raises :class:`UnknownName` when a parameter is missing, :class:`BadParameters` for impossible
    values or fewer than :data:`FEWEST` resamples, and :class:`Unidentifiable` when the fit leaves
    no scatter.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> published = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
    >>> fit.test(published).rejected
    True
    """
    law, values = fit.law, checks.numbers(values, what="published parameters")
    if missing := set(law.names) - set(values):
        raise UnknownName(f"{law.name} needs {', '.join(sorted(missing))} too")
    if kind not in (None, "case", "group"):
        raise UnknownName(f"a test resamples by 'case' or by 'group', not by {kind!r}")
    if checks.resamples(n) < FEWEST:
        raise BadParameters(f"a test at 1 in 100 needs {FEWEST} resamples or more; found {n}")
    for p in law.parameters:
        at = values[p.name]
        if not (p.lower <= at <= p.upper and (at > 0 or p.space != "log")):
            raise BadParameters(
                f"{p.name} cannot be {at!r}: it lies between {p.lower:g} and {p.upper:g}"
            )
    unit = 1.0 if fit.objective_kind.space == "log" else float((fit.loss[fit.counted] ** 2).mean())
    exact = EXACT * unit * fit.weights.sum()
    if fit.objective <= exact:
        raise Unidentifiable(
            "the law passes through every run, so there is no scatter to judge other parameters by"
        )
    task, one = fit.task(), np.arange(1)
    theta = to_internal(law, values)[None]
    ratio = float(task.value(theta, one)[0] / fit.objective)
    fitted = law(fit.params, **fit.inputs)
    rho = fit.objective_kind.rho(fit.objective_kind.residuals(fitted, fit.loss))
    own = counts(fit, n, kind=kind, by=by) @ (fit.weights * rho)[fit.weights > 0]
    draws = bootstrap(fit, n, kind=kind, by=by)
    groups = draws.attrs["groups"]
    ratios = 1 + (own / np.maximum(draws["objective"].to_numpy(), exact) - 1) * _stretch(groups)
    curve = law({k: values[k] for k in law.names}, **fit.inputs)[fit.counted]
    loss = fit.loss[fit.counted]
    apart = np.log(curve / loss) if law.domain == "positive" else curve - loss
    scale = 1.0 if law.domain == "positive" else float(np.abs(loss).mean())
    return ParameterTest(
        ratio=ratio,
        critical_ratio=float(np.quantile(ratios, 1 - LEVEL)),
        p_value=float(((ratios >= ratio).sum() + 1) / (n + 1)),
        resamples=n,
        bias=float(apart.mean() / scale),
        groups=groups,
    )


def _stretch(groups: int | None) -> float:
    """Return what few groups show too little of, as a factor of a squared distance."""
    if groups is None or groups < 2:
        return 1.0
    from scipy.special import ndtri, stdtrit  # late: an import of the library does without

    share = 1 - LEVEL / 2
    return float((stdtrit(groups - 1, share) / ndtri(share)) ** 2 * groups / (groups - 1))
