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

FEWEST = 100
"""Resamples below which "fewer than 1 in 100" cannot be seen."""

EXACT = 1e-16
"""Squared share of the loss, a run, below which a fit passes through its runs but for rounding."""


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """How published parameters fare on these runs.

    ``worse`` is their objective over the fit's; ``typical`` is the same ratio that the fit's own
    parameters reach on resamples, in 99 of 100 cases at most; ``share`` is the share of resamples
    in which they reach ``worse``, the fit itself counted as one, so that few resamples can never
    reject. ``bias`` is the mean of log predicted over measured loss (of their difference, over the
    mean size of what was measured, for a law of any sign).
    """

    worse: float
    typical: float
    share: float
    resamples: int
    bias: float

    @property
    def rejected(self) -> bool:
        """Whether fewer than 1 resample in 100 is as bad."""
        return self.share < 0.01

    def __repr__(self) -> str:
        """Return the test in one sentence."""
        verdict = "rejected" if self.rejected else "not rejected"
        return (
            f"{verdict}: objective {self.worse:.2f} times the fit's; sampling alone explains up to "
            f"{self.typical:.2f} (99 of 100 of {self.resamples} resamples); predictions "
            f"{abs(self.bias):.2%} too {'high' if self.bias > 0 else 'low'} on average"
        )


def against(fit: Fitted, values: Mapping[str, float], *, n: int = RESAMPLES) -> Rejection:
    """Test whether the runs reject given parameter values.

    On each case resample, the fit's own parameters stand to the resample's best as the truth
    stands to the fit. ``values`` are rejected when their objective, over the fit's, is beyond what
    99 of 100 resamples give. Raises :class:`UnknownName` when a parameter is
    missing, :class:`BadParameters` for impossible values or fewer than :data:`FEWEST` resamples,
    and :class:`Unidentifiable` when the fit leaves no scatter.
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
    worse = float(task.value(theta, one)[0] / fit.objective)
    fitted = law(fit.params, **fit.inputs)
    rho = fit.objective_kind.rho(fit.objective_kind.residuals(fitted, fit.loss))
    own = counts(fit, n) @ (fit.weights * rho)[fit.weights > 0]
    least = np.maximum(bootstrap(fit, n)["objective"].to_numpy(), exact)
    ratios = own / least
    curve = law({k: values[k] for k in law.names}, **fit.inputs)[fit.counted]
    loss = fit.loss[fit.counted]
    apart = np.log(curve / loss) if law.domain == "positive" else curve - loss
    scale = 1.0 if law.domain == "positive" else float(np.abs(loss).mean())
    return Rejection(
        worse=worse,
        typical=float(np.quantile(ratios, 0.99)),
        share=float(((ratios >= worse).sum() + 1) / (n + 1)),
        resamples=n,
        bias=float(apart.mean() / scale),
    )
