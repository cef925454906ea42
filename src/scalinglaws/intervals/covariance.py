"""The covariance of fitted parameters, by the sandwich or the classical formula, and its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalinglaws.errors import Unidentifiable, UnknownName
from scalinglaws.fitting.derivatives.any_law import by_run
from scalinglaws.fitting.derivatives.base import to_values
from scalinglaws.intervals.quantity import at_once, evaluate

if TYPE_CHECKING:
    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.intervals.quantity import Quantity


def covariance(fit: Fitted, *, form: str = "sandwich") -> pd.DataFrame:
    """Return the covariance of the parameters, (P, P), by name.

    ``"sandwich"`` is ``H^-1 S H^-1``, with ``H`` the exact Hessian of the summed objective and
    ``S`` the sum of outer products of each run's gradient (Huber 1967). ``"classical"`` is
    ``s^2 (J'J)^-1`` with ``s^2 = RSS / (n - P)``, for least squares only. Parameters held or at a
    bound have zero variance. Raises :class:`UnknownName` for another form and
    :class:`Unidentifiable` when the runs leave no freedom or no curvature.
    """
    law, theta, objective = fit.law, fit.theta, fit.objective_kind
    at_once(fit, "formula")
    if objective.delta == 0:
        raise Unidentifiable(
            f"{objective} has corners in place of curvature, so no formula says how its minimum "
            f"scatters: ask for a bootstrap",
            partial=fit,
        )
    free = np.array([n not in fit.held and n not in fit.at_bound for n in law.names])
    f, u, _ = by_run(law, fit.inputs, theta)
    if objective.space == "log":
        u = u / f
    r = objective.residuals(f, fit.loss)
    if form == "sandwich":
        each = fit.weights * objective.parts(r)[1] * u
        bread = fit.task().state(theta[None], np.arange(1)).hessian[0]
        filling = each @ each.T
    elif form == "classical":
        if not np.isinf(objective.delta) or objective.custom is not None:
            raise UnknownName(f"the classical covariance is that of least squares, not {objective}")
        dof = int((fit.weights > 0).sum()) - int(free.sum())
        if dof < 1:
            raise Unidentifiable("as many parameters as runs leave nothing to judge scatter by")
        bread = (fit.weights * u) @ u.T
        filling = bread * float((fit.weights * r * r).sum()) / dof
    else:
        raise UnknownName(f"no covariance is called {form!r}; there are sandwich, classical")
    if not free.any():
        return pd.DataFrame(0.0, index=law.names, columns=law.names)
    both = np.ix_(free, free)
    size = np.sqrt(np.maximum(np.diag(bread)[free], 1e-300))
    scaled = bread[both] / np.outer(size, size)
    if not np.isfinite(scaled).all() or np.linalg.cond(scaled) > 1 / np.finfo(float).eps:
        raise Unidentifiable(
            "the objective has no curvature at the fit, so it says nothing about the scatter of "
            "the parameters: ask for a bootstrap",
            partial=fit,
        )
    inverse = np.zeros_like(bread)
    inverse[both] = np.linalg.inv(scaled) / np.outer(size, size)
    internal = inverse @ filling @ inverse
    scale = np.array([fit.params[p.name] if p.space == "log" else 1.0 for p in law.parameters])
    return pd.DataFrame(internal * np.outer(scale, scale), index=law.names, columns=law.names)


def critical_value(fit: Fitted, kind: str, level: float) -> float:
    """Return the critical value: how many standard errors an interval reaches to either side.

    Student's quantile for the classical formula, which has an estimated scatter in it, and the
    normal one for the sandwich.
    """
    from scipy.special import ndtri, stdtrit  # late: an import of the library does without

    dof = int((fit.weights > 0).sum()) - len(fit.law.names) + len(fit.held)
    share = (1 + level) / 2
    return float(stdtrit(max(dof, 1), share) if kind == "classical" else ndtri(share))


def delta_ends(
    fit: Fitted, quantity: Quantity, estimate: float, z: float, covariance: Array
) -> tuple[float, float]:
    """Return the ends of a delta-method interval, in the logarithm for what is positive."""
    theta, scale = fit.theta, np.ones(len(fit.theta))
    for j, p in enumerate(fit.law.parameters):
        scale[j] = fit.params[p.name] if p.space == "log" else 1.0
    internal = covariance / np.outer(scale, scale)
    step = 1e-6 * np.eye(len(theta))
    up, down = (to_values(fit.law, theta + s * step) for s in (1, -1))
    positive = estimate > 0 and fit.law.domain == "positive"
    ends = [evaluate(fit, quantity, v) for v in (up, down)]
    if positive:
        ends = [np.log(e) for e in ends]
    slope = (ends[0] - ends[1]) / 2e-6
    variance = float(slope @ internal @ slope)
    if not variance >= 0:
        raise Unidentifiable(
            "the objective is not curved upwards on every side of the fit, so that it gives a "
            "negative variance: ask for a bootstrap",
            partial=fit,
        )
    half = z * float(np.sqrt(variance))
    if positive:
        with np.errstate(over="ignore"):  # an end may be beyond all doubles
            return estimate * np.exp(-half), estimate * float(np.exp(half))
    return estimate - half, estimate + half
