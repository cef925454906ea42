"""How far to trust a fit: bootstrap, sandwich covariance, intervals and prediction bands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from scalinglaws import bootstrap, checks
from scalinglaws.coverage import measured
from scalinglaws.errors import BadParameters, Unidentifiable, UnknownName
from scalinglaws.model import by_run, to_values
from scalinglaws.profile import ends

if TYPE_CHECKING:
    from scalinglaws.fit import Fit
    from scalinglaws.laws import Array

RESAMPLES = 1000
"""Resamples behind an interval when the caller does not say: 1 point in 100 of its end points."""

FEWEST_GROUPS = 5
"""Groups that an interval needs: 126 different resamples; of four there are 35."""

STOPPED = 0.01
"""Share of refits that stopped early above which an interval says so."""

KINDS = (*bootstrap.KINDS, "profile", "covariance", "classical")

Quantity = str | Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An interval with its estimate, level and kind.

    ``measured`` is the share of simulated data sets in which intervals of this kind held the
    truth, on designs like this one, or ``None`` where that was not studied. ``stopped`` is the
    share of the refits behind it that did not reach a minimum.
    """

    estimate: float
    low: float
    high: float
    level: float
    kind: str
    measured: float | None = None
    stopped: float = 0.0

    @property
    def short(self) -> bool:
        """Whether intervals of this kind were measured to hold the truth too seldom."""
        return self.measured is not None and self.measured < measured.SHORT

    def __contains__(self, value: float) -> bool:
        """Whether the interval holds a value."""
        return self.low <= value <= self.high

    def __repr__(self) -> str:
        """Return the estimate and the two ends, with level, kind and a warning where it is due."""
        ends, level = f"{self.low:.4g} to {self.high:.4g}", f"{self.level:.0%} {self.kind}"
        warning = f"; measured to hold {self.measured:.0%}" if self.short else ""
        if self.stopped > STOPPED:
            warning += f"; {self.stopped:.0%} of its refits stopped early"
        return f"{self.estimate:.4g} ({ends}, {level}{warning})"


def covariance(fit: Fit, *, form: str = "sandwich") -> pd.DataFrame:
    """Return the covariance of the parameters, (P, P), by name.

    ``"sandwich"`` is ``H^-1 S H^-1``, with ``H`` the exact Hessian of the summed objective and
    ``S`` the sum of outer products of each run's gradient (Huber 1967). ``"classical"`` is
    ``s^2 (J'J)^-1`` with ``s^2 = RSS / (n - P)``, for least squares only. Parameters held or at a
    bound have zero variance. Raises :class:`UnknownName` for another form and
    :class:`Unidentifiable` when the runs leave no freedom or no curvature.
    """
    law, theta, objective = fit.law, fit.theta, fit.objective_kind
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
        spare = int((fit.weights > 0).sum()) - int(free.sum())
        if spare < 1:
            raise Unidentifiable("as many parameters as runs leave nothing to judge scatter by")
        bread = (fit.weights * u) @ u.T
        filling = bread * float((fit.weights * r * r).sum()) / spare
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


def resampled(
    fit: Fit, n: int, *, kind: str, by: str | None, seed: int | None = None
) -> pd.DataFrame:
    """Return the refits behind an interval; raises :class:`Unidentifiable` for too few groups."""
    draws = fit.bootstrap(n, kind=kind, by=by, seed=seed)
    found = fit.runs.loc[fit.counted, by].nunique() if kind == "group" else FEWEST_GROUPS
    if found < FEWEST_GROUPS:
        raise Unidentifiable(
            f"{by} has {found} group{'s' * (found > 1)} with runs: too few different resamples can "
            f"be drawn of them for an interval, which needs {FEWEST_GROUPS} groups or more",
            partial=draws,
            insist="take the quantiles of fit.bootstrap(kind='group', by=...) yourself",
        )
    return draws


def evaluate(fit: Fit, quantity: Quantity, values: Mapping[str, Any]) -> Array:
    """Return a parameter, a derived quantity or a function of parameters, for given values."""
    if callable(quantity):
        try:
            found = np.asarray(quantity(values), dtype=float)
        except (TypeError, KeyError) as error:
            raise BadParameters(
                f"a quantity is a function of parameter values by name, {', '.join(fit.law.names)},"
                f" that works on arrays of them, without float(): {error}"
            ) from error
        like = np.asarray(values[fit.law.names[0]])
        if found.size != like.size:
            raise BadParameters(
                f"a quantity gives one number for each set of parameters, {like.size} in all; this "
                f"one gave {found.size}"
            )
        return found.reshape(like.shape)
    if quantity in fit.law.derived:
        return np.asarray(fit.law.derived[quantity](values), dtype=float)
    if quantity in fit.law.names:
        return np.asarray(values[quantity], dtype=float)
    known = (*fit.law.names, *fit.law.derived)
    raise UnknownName(f"{fit.law.name} has nothing called {quantity!r}; it has {', '.join(known)}")


def percentiles(draws: Array, level: float) -> Array:
    """Return the two ends (2, ..) that hold a share of draws along the first axis.

    Draw k of n in rising order stands for the share k / (n + 1): with other definitions few draws
    give ends that are too close (Hyndman and Fan 1996).
    """
    tail = (1 - level) / 2
    return np.asarray(np.quantile(draws, [tail, 1 - tail], axis=0, method="weibull"))


def interval(
    fit: Fit, quantity: Quantity, *, level: float, kind: str | None, n: int, by: str | None
) -> Interval:
    """Return an interval of a parameter, a derived quantity or a function of parameters.

    ``kind`` is a bootstrap, ``"case"``, ``"residual"`` or ``"group"`` (percentiles of refits),
    ``"profile"`` (parameters only), ``"covariance"`` (sandwich) or ``"classical"`` (both by the
    delta method). ``None`` takes the case bootstrap, or, where that was measured to fall short on
    such designs, the kind whose coverage came closest to its level.
    ``by`` names the column of groups, and takes ``"group"`` where no kind is named. Raises
    :class:`UnknownName` for another kind, or for a profile of what is no parameter, and
    :class:`BadParameters` for groups that a kind does not use.
    """
    level, n = checks.level(level), checks.resamples(n)
    if by is not None and kind is None:
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
    if by is not None and kind != "group":
        raise BadParameters(f"by={by!r} names groups of runs, which kind={kind!r} does not use")
    stopped = 0.0
    if kind in ("covariance", "classical"):
        if name in fit.at_bound:
            raise Unidentifiable(
                f"{name} sits at its bound, where the formula of kind={kind!r} gives no interval: "
                f"ask for kind='case' or 'profile'",
                partial=fit,
            )
        form = "sandwich" if kind == "covariance" else kind
        z = reach(fit, kind, level)
        low, high = delta_ends(fit, quantity, estimate, z, fit.covariance(form=form).to_numpy())
    elif kind == "profile":
        if not isinstance(quantity, str) or quantity not in fit.law.names:
            raise UnknownName(
                f"a profile interval is one of a parameter, {', '.join(fit.law.names)}; for "
                f"anything else ask for kind='case'"
            )
        low, high = ends(fit, quantity, level)
    else:
        draws = resampled(fit, n, kind=kind, by=by)
        stopped = draws.attrs["stopped"] / len(draws)
        values = evaluate(fit, quantity, {c: draws[c].to_numpy() for c in fit.law.names})
        low, high = percentiles(values, level)
    return Interval(
        estimate=estimate,
        low=float(low),
        high=float(high),
        level=level,
        kind=f"{kind} bootstrap" if kind in bootstrap.KINDS else kind,
        measured=measured.of(fit, kind, name) if level == measured.LEVEL else None,
        stopped=stopped,
    )


def reach(fit: Fit, kind: str, level: float) -> float:
    """Return how many standard errors an interval by formula reaches to either side.

    Student's quantile for the classical formula, which has an estimated scatter in it, and the
    normal one for the sandwich.
    """
    spare = int((fit.weights > 0).sum()) - len(fit.law.names) + len(fit.held)
    share = (1 + level) / 2
    return float(t.ppf(share, max(spare, 1)) if kind == "classical" else norm.ppf(share))


def delta_ends(
    fit: Fit, quantity: Quantity, estimate: float, z: float, covariance: Array
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
    half = z * float(np.sqrt(slope @ internal @ slope))
    if positive:
        with np.errstate(over="ignore"):  # an end may be beyond all doubles
            return estimate * np.exp(-half), estimate * float(np.exp(half))
    return estimate - half, estimate + half
