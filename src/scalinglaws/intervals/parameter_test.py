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

EXACT = 1e-16
"""Squared share of the loss, a run, below which a fit passes through its runs but for rounding."""


@dataclass(frozen=True, kw_only=True)
class ParameterTest:
    """How published parameters fare on these runs: a bootstrap test of all of them at once.

    ``ratio`` is their objective over the fit's; ``critical_ratio`` is the 99% quantile of the same
    ratio for the fit's own parameters on resamples; ``p_value`` is the share of resamples in which
    these reach ``ratio``, the fit itself counted as one, so that few resamples can never reject.
    ``bias`` is the mean of log predicted over measured loss (of their difference, over the mean
    size of what was measured, for a law of any sign).
    """

    ratio: float
    critical_ratio: float
    p_value: float
    resamples: int
    bias: float

    @property
    def rejected(self) -> bool:
        """Whether the p-value is below 1%."""
        return self.p_value < LEVEL

    def __repr__(self) -> str:
        """Return the test in one sentence."""
        verdict = "rejected" if self.rejected else "not rejected"
        below = "< " if self.p_value * (self.resamples + 1) < 1.5 else ""
        return (
            f"{verdict} at {LEVEL:.0%} (p-value {below}{self.p_value:.2g}): objective "
            f"{self.ratio:.2f} times the fit's, critical ratio {self.critical_ratio:.2f} of "
            f"{self.resamples} resamples; predictions {abs(self.bias):.2%} too "
            f"{'high' if self.bias > 0 else 'low'} on average"
        )


def parameter_test(
    fit: Fitted, values: Mapping[str, float], *, n: int = RESAMPLES
) -> ParameterTest:
    """Test whether the runs reject given parameter values, such as published ones.

    On each case resample, the fit's own parameters stand to the resample's best as the truth
    stands to the fit. ``values`` are rejected when their objective, over the fit's, is beyond the
    99% quantile of that ratio over ``n`` resamples. Raises :class:`UnknownName` when a parameter is
    missing, :class:`BadParameters` for impossible values or fewer than :data:`FEWEST` resamples,
    and :class:`Unidentifiable` when the fit leaves no scatter.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> published = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
    >>> fit.test(published).rejected
    True
    """
    law, values = fit.law, checks.numbers(values, what="published parameters")
    if missing := set(law.names) - set(values):
        raise UnknownName(f"{law.name} needs {', '.join(sorted(missing))} too")
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
    own = counts(fit, n) @ (fit.weights * rho)[fit.weights > 0]
    least = np.maximum(bootstrap(fit, n)["objective"].to_numpy(), exact)
    ratios = own / least
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
    )
