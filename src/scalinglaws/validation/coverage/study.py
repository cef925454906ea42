"""Simulate data sets of a known truth and count how many intervals hold it, kind by kind.

All data sets of a cell (law, design, objective) are fitted in one batch that starts from the
truth; resamples, covariances and profiles are the public ones of each of these fits.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from scalinglaws import identifiability as designs
from scalinglaws._fit import Fit
from scalinglaws._typing import Array
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.errors import Unidentifiable
from scalinglaws.fitting import starts
from scalinglaws.fitting.derivatives.base import to_internal, to_values
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.objectives import HUBER, LSQ, LSQ_LOG, Objective
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.problem import Task
from scalinglaws.fitting.status import NEAR
from scalinglaws.intervals.covariance import critical_value, delta_ends
from scalinglaws.intervals.profile import allowed, ends
from scalinglaws.intervals.quantity import Quantity, evaluate
from scalinglaws.intervals.resampling import KINDS
from scalinglaws.laws import CHINCHILLA
from scalinglaws.validation.coverage.cases import CASES, Case
from scalinglaws.validation.coverage.refits import refits

OBJECTIVES = {"huber": HUBER, "lsq_log": LSQ_LOG, "lsq": LSQ}

LEVEL = 0.9
NOISE = 0.005
"""Standard deviation of log-loss (of the loss itself for a law of any sign), normal."""

BLOCKS = 10
"""Random blocks of runs that the group bootstrap draws, where noise is independent."""

PROFILED = 30
"""One in so many resamples is how many data sets have the profile's ends searched for, for its
width."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Simulated data sets (D, n) of one law, design and objective, each fitted."""

    case: Case
    x: Mapping[str, Array]
    task: Task
    fits: list[Fit]

    @property
    def quantities(self) -> dict[str, Quantity]:
        """Parameters, derived quantities, a prediction; for Chinchilla, the best size."""
        law, target = self.case.law, self.case.target(self.x)
        out: dict[str, Quantity] = {k: k for k in (*law.names, *law.derived)}
        out["prediction"] = lambda p: law(p, **target)[..., 0]
        if law is CHINCHILLA:
            largest = FLOPS_PER_PARAM_TOKEN * float((self.x["params"] * self.x["tokens"]).max())
            out["best size"] = _best_size(10 * largest)
        return out

    def ends(self, kind: str, n: int) -> dict[str, Array]:
        """Return the ends (D, 2) of each quantity's interval; not a number where it is refused."""
        many = self.quantities
        out = {k: np.full((len(self.fits), 2), np.nan) for k in many}
        if kind not in KINDS:
            for d, fit in enumerate(self.fits):
                for k, found in _delta_ends(fit, many, kind).items():
                    out[k][d] = found
            return out
        truth, tail = to_internal(self.case.law, self.case.truth), (1 - LEVEL) / 2
        for d, theta in enumerate(refits(self.task, self.fits, truth, kind=kind, n=n)):
            drawn = to_values(self.case.law, theta)
            for k, q in many.items():
                values = evaluate(self.fits[d], q, drawn)
                # Ranks of n + 1: few resamples cut off as much as the many behind an interval.
                out[k][d] = np.quantile(values, [tail, 1 - tail], method="weibull")
        return out

    def profile_holds(self) -> dict[str, Array]:
        """Return whether the profile interval of each parameter holds the truth, (D,) each.

        It does when holding the parameter at the truth raises the objective by no more than
        :func:`scalinglaws.intervals.profile.allowed`; not a number where no rise can be judged.
        """
        task, law = self.task, self.case.law
        truth = to_internal(law, self.case.truth)
        theta = np.array([f.theta for f in self.fits])
        fitted = np.array([f.objective for f in self.fits])
        free = np.array([len(law.names) - len(f.at_bound) for f in self.fits])
        r = task.objective.residuals(task.model.value(theta), task.y)
        rise = np.array(
            [
                float(allowed(task.objective, r[d], task.weights[d], int(free[d]), LEVEL))
                for d in range(len(theta))
            ]
        )
        out = {}
        for j, name in enumerate(law.names):
            lower, upper = task.lower.copy(), task.upper.copy()
            lower[:, j] = upper[:, j] = truth[j]
            begin = np.tile(truth, (len(theta), 1))
            found = minimise(replace(task, lower=lower, upper=upper), begin)
            inside = (found.objective - fitted <= rise).astype(float)
            out[name] = np.where(np.isfinite(rise), inside, np.nan)
        return out


def _best_size(flops: float) -> Callable[[Mapping[str, Any]], Any]:
    """Return the compute-optimal size of Hoffmann et al. 2022, equation 4, at a budget."""

    def best(p: Mapping[str, Any]) -> Any:
        both = p["alpha"] + p["beta"]
        scale = (p["alpha"] * p["A"] / (p["beta"] * p["B"])) ** (1 / both)
        return scale * (flops / FLOPS_PER_PARAM_TOKEN) ** (p["beta"] / both)

    return best


def _delta_ends(
    fit: Fit, many: Mapping[str, Quantity], kind: str
) -> dict[str, tuple[float, float]]:
    """Return the delta-method intervals of many quantities from one covariance."""
    try:
        matrix = fit.covariance(form="sandwich" if kind == "covariance" else kind).to_numpy()
    except Unidentifiable:
        return {}
    z = critical_value(fit, kind, LEVEL)
    values = {k: float(evaluate(fit, q, fit.params)) for k, q in many.items()}
    return {k: delta_ends(fit, q, values[k], z, matrix) for k, q in many.items()}


def simulate(
    name: str, case: Case, design: str, objective: Objective, data_sets: int, *, seed: int = 0
) -> Cell:
    """Draw data sets of the truth and fit them all in one batch, from the truth.

    The noise depends on the seed and the names of case and design only, so objectives see the same
    data sets; more of them begin with the same ones.
    """
    law, x = case.law, case.inputs(design)
    curve = law(case.truth, **x)
    rng = np.random.default_rng([zlib.crc32(f"{name}, {design}".encode()), seed])
    block = rng.permutation(len(curve)) % BLOCKS
    noise = rng.standard_normal((data_sets, len(curve)))
    if case.shared:
        block = pd.factorize(x[law.inputs[0]])[0]
        common = rng.standard_normal((data_sets, int(block.max()) + 1))[:, block]
        noise = np.sqrt(case.shared) * common + np.sqrt(1 - case.shared) * noise
    y = curve + NOISE * noise if law.domain == "real" else curve * np.exp(NOISE * noise)
    bounds = [starts.bounds(law, row) for row in y]
    lower, upper = (np.array(v) for v in zip(*bounds, strict=True))
    task = Task(model_of(law, x), y, np.ones_like(y), objective, lower, upper)
    found = minimise(task, np.tile(to_internal(law, case.truth), (data_sets, 1)))
    runs = pd.DataFrame({**x, "block": block})
    spread = designs.describe(runs.assign(**{law.response: curve}), law)
    fits = []
    for d, theta in enumerate(found.theta):
        edge = np.array([NEAR * starts.unit(p, law, y[d]) for p in law.parameters])
        near = np.minimum(theta - lower[d], upper[d] - theta) < edge
        done = bool(found.converged[d])
        fits.append(
            Fit(
                law=law,
                runs=runs.assign(**{law.response: y[d]}),
                params=MappingProxyType({k: float(v) for k, v in to_values(law, theta).items()}),
                objective=float(found.objective[d]),
                objective_kind=objective,
                minimum="Refitted from the truth.",
                sound=done and not near.any(),
                at_bound=tuple(k for k, at in zip(law.names, near, strict=True) if at),
                held=(),
                starts=1,
                starts_agreeing=int(done),
                condition=float("nan"),
                design=spread,
                seed=seed + d,
                weights=np.ones(len(curve)),
                optima=theta[None],
                heights=found.objective[d : d + 1],
            )
        )
    return Cell(case=case, x=x, task=task, fits=fits)


def kinds(objective: Objective) -> tuple[str, ...]:
    """Return the kinds of interval that an objective has, the quick ones first."""
    plain = ("classical",) if np.isinf(objective.delta) else ()
    return (*plain, "covariance", "profile", *KINDS)


def profile_ends(fits: list[Fit]) -> dict[str, Array]:
    """Return the ends (D, 2) of each parameter's profile interval, where there is one."""
    out = {k: np.full((len(fits), 2), np.nan) for k in fits[0].law.names}
    for d, fit in enumerate(fits):
        for name in set(fit.law.names) - set(fit.at_bound):
            try:
                out[name][d] = ends(fit, name, LEVEL)
            except Unidentifiable:
                break
    return out


def measure(
    name: str,
    design: str,
    key: str,
    *,
    data_sets: int | None = None,
    resamples: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return one row for each kind of interval and quantity: coverage, width and what was refused.

    ``name`` is that of a case, ``key`` one of :data:`OBJECTIVES`; data sets and resamples are the
    case's own unless they are given. Another ``seed`` draws other data sets.
    """
    case, objective = CASES[name], OBJECTIVES[key]
    cell = simulate(name, case, design, objective, data_sets or case.data_sets, seed=seed)
    few = replace(cell, fits=cell.fits[: data_sets or case.drawn])
    n = resamples or case.resamples
    truth = {k: float(evaluate(cell.fits[0], q, case.truth)) for k, q in cell.quantities.items()}
    bounds = to_values(case.law, np.stack([cell.task.lower, cell.task.upper], axis=1))
    rows = []
    for kind in kinds(objective):
        drawn = kind in KINDS
        if kind == "profile":
            held = cell.profile_holds()
            found = profile_ends(cell.fits[: max(1, n // PROFILED)])
        else:
            found = (few if drawn else cell).ends(kind, n)
            held = {
                k: np.where(np.isnan(low), np.nan, (low <= truth[k]) & (truth[k] <= high))
                for k, (low, high) in ((k, v.T) for k, v in found.items())
            }
        for k, inside in held.items():
            rows.append(
                {
                    "case": name,
                    "law": case.law.name,
                    "inputs": len(case.law.inputs),
                    "design": design,
                    "objective": key,
                    "kind": kind,
                    "quantity": k,
                    **_share(inside),
                    **_width(found[k], truth[k], bounds.get(k)),
                    "data_sets": len(inside),
                    "resamples": n if drawn else 0,
                    "runs": cell.task.runs,
                    "noise": NOISE,
                }
            )
    return pd.DataFrame(rows)


def _share(inside: Array) -> dict[str, float]:
    """Return the share of intervals that hold the truth, its standard error, and the refusals.

    The error is that of Agresti and Coull 1998, which is not zero where all intervals do.
    """
    given = inside[~np.isnan(inside)]
    p = (given.sum() + 2) / (given.size + 4)
    return {
        "coverage": float(given.mean()) if given.size else float("nan"),
        "error": float(np.sqrt(p * (1 - p) / (given.size + 4))),
        "refused": 1 - given.size / inside.size,
    }


def _width(found: Array, truth: float, bounds: Array | None) -> dict[str, float]:
    """Return the median width over the truth, and the share with an end at a bound or infinite."""
    some = ~np.isnan(found[:, 0])
    if not some.any():
        return {"width": float("nan"), "open": float("nan")}
    ends_ = found[some]
    loose = ~np.isfinite(ends_).all(axis=1)
    if bounds is not None:
        loose |= np.isclose(ends_, bounds[: len(found)][some], rtol=1e-6, atol=1e-12).any(axis=1)
    with np.errstate(invalid="ignore"):
        width = np.nan_to_num(ends_[:, 1] - ends_[:, 0], nan=np.inf, posinf=np.inf)
    return {"width": float(np.median(width)) / abs(truth), "open": float(loose.mean())}
