"""Refit everything else at fixed values of some parameters: the shape of what the runs allow."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws.errors import BadParameters, Unidentifiable, UnknownName
from scalinglaws.fitting.derivatives.base import to_values
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.intervals.quantity import at_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.fitting.objectives import Objective
    from scalinglaws.laws import Law

_REACH = np.array([0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 9.0, 14.0, 20.0])


@one_blas_thread
def profile(fit: Fitted, grids: Mapping[str, npt.ArrayLike]) -> pd.DataFrame:
    """Refit the free parameters at every combination of held values, in one batch.

    ``grids`` maps parameter names to the values to hold. Returns one row for each combination, last
    name varying fastest: every parameter, ``objective``, and ``worse``, the objective over the
    fit's own. Raises :class:`UnknownName` for a name the law does not have, and
    :class:`BadParameters` for one that is held already or a value it cannot have; where the law
    passes through all of its runs, :class:`Unidentifiable`.
    """
    law = fit.law
    at_once(fit, "profile")
    if unknown := set(grids) - set(law.names):
        raise UnknownName(f"{law.name} has no parameter {', '.join(sorted(unknown))}")
    if both := set(grids) & set(fit.held):
        raise BadParameters(f"{', '.join(sorted(both))} is held in the fit; it cannot be varied")
    held = [_values(law, name, grid) for name, grid in grids.items()]
    if not held:
        raise BadParameters("a profile needs values to hold, such as {'alpha': [0.3, 0.4]}")
    nodes = np.array(list(product(*held)))
    columns = [law.names.index(name) for name in grids]
    logs = [law.parameter(name).space == "log" for name in grids]
    nodes[:, logs] = np.log(nodes[:, logs])
    theta, objective = _refit(fit, columns, nodes)
    frame = pd.DataFrame(to_values(law, theta))
    frame["objective"] = objective
    if fit.objective <= 0:
        raise Unidentifiable(
            f"{law.name} passes through all of its runs, so that nothing says how much worse other "
            f"parameters fit: add runs",
            partial=fit,
        )
    frame["worse"] = objective / fit.objective
    return frame


def _values(law: Law, name: str, grid: npt.ArrayLike) -> Array:
    """Return the values to hold a parameter at; raises :class:`BadParameters` for others."""
    p = law.parameter(name)
    try:
        values = np.atleast_1d(np.asarray(grid, dtype=float))
    except (TypeError, ValueError) as error:
        raise BadParameters(f"{name} is held at numbers; found {grid!r}") from error
    fine = (values >= p.lower) & (values <= p.upper) & ((values > 0) | (p.space != "log"))
    if values.ndim != 1 or not values.size or not (fine & np.isfinite(values)).all():
        raise BadParameters(
            f"{name} is held at a list of numbers between {p.lower:g} and {p.upper:g}; found "
            f"{grid!r}"
        )
    return values


def _refit(fit: Fitted, columns: list[int], nodes: Array) -> tuple[Array, Array]:
    """Refit with some internal parameters held at nodes (K, G): parameters and objectives."""
    task, count = fit.task(), len(nodes)
    low, high = np.tile(task.lower, (count, 1)), np.tile(task.upper, (count, 1))
    others = [j for j in range(len(fit.theta)) if j not in columns and low[0, j] < high[0, j]]
    low[:, columns] = high[:, columns] = nodes
    metric = task.metric(fit.theta)
    # The others start where a law that were linear would have them.
    follow = -np.linalg.pinv(metric[np.ix_(others, others)]) @ metric[np.ix_(others, columns)]
    moved = nodes - fit.theta[columns]
    begin = np.tile(fit.theta, (count, 1))
    begin[:, columns] = nodes
    begin[:, others] += moved @ follow.T
    weights = np.broadcast_to(fit.weights, (count, task.runs))
    found = minimise(replace(task, lower=low, upper=high, weights=weights), begin)
    return found.theta, found.objective


def allowed(objective: Objective, r: Array, weights: Array, parameters: int, level: float) -> Array:
    """Return how far an objective may rise above its minimum, for residuals (.., n).

    ``q a / 2 b`` with ``q`` the quantile of ``F(1, n - P)``, ``a`` the mean squared slope of
    ``rho`` and ``b`` its mean curvature: ``q s^2`` for least squares, the robust likelihood ratio
    otherwise (Heritier and Ronchetti 1994). Infinite where there is no curvature or no freedom.
    """
    from scipy.special import fdtri  # late: an import of the library does without

    _, slope, bend = objective.parts(r)
    total, dof = weights.sum(axis=-1), (weights > 0).sum(axis=-1) - parameters
    curved = (weights * bend).sum(axis=-1)
    quantile = fdtri(1, np.maximum(dof, 1), level)
    with np.errstate(divide="ignore"):
        rise = quantile * (weights * slope**2).sum(axis=-1) / dof * total / (2 * curved)
    return np.where((dof > 0) & (curved > 0), rise, np.inf)


@one_blas_thread
def ends(fit: Fitted, name: str, level: float) -> tuple[float, float]:
    """Return the profile-likelihood interval of a parameter: where the objective rises too far.

    An end that is not reached is the bound, or infinite. Raises :class:`Unidentifiable` for an
    objective without curvature.
    """
    law, task = fit.law, fit.task()
    at_once(fit, "profile")
    free = [n not in fit.held and n not in fit.at_bound for n in law.names]
    j = law.names.index(name)
    r = fit.objective_kind.residuals(law(fit.params, **fit.inputs), fit.loss)
    rise = float(allowed(fit.objective_kind, r, fit.weights, sum(free), level))
    if not np.isfinite(rise):
        raise Unidentifiable(
            f"{fit.objective_kind} has no curvature at the fit, so no rise of it can be judged too "
            f"far: ask for kind='case'",
            partial=fit,
        )
    state = task.state(fit.theta[None], np.arange(1))
    moving = [k for k, f in enumerate(free) if f or k == j]
    inverse = np.linalg.pinv(state.hessian[0][np.ix_(moving, moving)], hermitian=True)
    own = float(inverse[moving.index(j), moving.index(j)])
    width = np.sqrt(2 * rise * max(own, 1e-300))
    out = []
    for sign, bound in ((-1, task.lower[j]), (1, task.upper[j])):
        at = np.clip(fit.theta[j] + sign * width * _REACH, task.lower[j], task.upper[j])
        at = np.unique(at)[:: int(sign)]
        out.append(_crossing(fit, j, at, rise, bound))
    low, high = (float(np.exp(v)) if law.parameter(name).space == "log" else v for v in out)
    return low, high


def _crossing(fit: Fitted, j: int, at: Array, rise: float, bound: float) -> float:
    """Return the internal value at which the profile has risen by ``rise``, going outwards."""
    before, root = fit.theta[j], np.sqrt(rise)
    height = 0.0
    for _ in range(2):
        heights = np.sqrt(np.maximum(_refit(fit, [j], at[:, None])[1] - fit.objective, 0.0))
        over = np.flatnonzero(heights >= root)
        if not over.size:
            return float(bound)
        k = int(over[0])
        inner = at[k - 1] if k else before
        below = heights[k - 1] if k else height
        # The root of the rise is close to a straight line of the parameter.
        share = (root - below) / (heights[k] - below)
        found = inner + share * (at[k] - inner)
        before, height = inner, below
        at = np.linspace(inner, at[k], 6)[1:]
    return float(found)
