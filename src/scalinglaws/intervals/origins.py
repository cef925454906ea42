"""Rolling origins: a law fitted to the smaller runs of a table, again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws.fitting.derivatives.base import to_values
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.problem import Task
from scalinglaws.intervals import grouping
from scalinglaws.intervals.around import solve_again
from scalinglaws.intervals.refits import in_steps, job, solved
from scalinglaws.intervals.resampling import counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.intervals.refits import Job
    from scalinglaws.laws import Law

CUTS = (2.0, 4.0, 8.0, 16.0)
"""Shares of the largest compute at which a table is cut, to see what the rest of it is."""

LEAST_ROWS, LEAST_SIZES = 10, 4
"""What a cut must leave to be fitted."""

LEAST_USABLE = 20
"""Resamples with enough runs below a cut, without which chance could not be told."""

PAIRED = 60
"""Resamples of the table that tell how far a miss is from chance."""


@dataclass(frozen=True, eq=False)
class Origin:
    """A fit of the runs up to a cut: parameters, those of resamples, and where the cut is."""

    params: Mapping[str, float]
    draws: Mapping[str, Array]
    kept: npt.NDArray[np.bool_]
    largest: float


def scale(law: Law, inputs: Mapping[str, Array]) -> Array:
    """Return what grows from a small run to a large one: compute, up to a factor, or the input.

    ``params`` times ``tokens`` or ``steps``; else ``flops``; else the product of the inputs.
    """
    for other in ("tokens", "steps"):
        if {"params", other} <= set(law.inputs):
            return np.asarray(inputs["params"] * inputs[other])
    if "flops" in law.inputs:
        return np.asarray(inputs["flops"])
    return np.asarray(np.prod([inputs[i] for i in law.inputs], axis=0), dtype=float)


@one_blas_thread
def origins(fit: Fitted) -> list[Origin]:
    """Return fits of the runs up to each cut of :data:`CUTS` that leaves enough to be fitted."""
    if "origins" in fit._kept:
        kept: list[Origin] = fit._kept["origins"]
        return kept
    law, on = fit.law, fit.counted
    inputs = {k: v[on] for k, v in fit.inputs.items()}
    size = scale(law, inputs)
    groups = grouping.found(fit)
    first = inputs.get("params", inputs[law.inputs[0]])
    out, seen, drawn = [], set(), None
    for cut in CUTS:
        small = size <= size.max() / cut * (1 + 1e-9)
        few = groups is not None and len(np.unique(groups.labels[small])) < grouping.FEWEST
        need = max(LEAST_ROWS, len(law.names) - len(fit.held) + 3)
        alone = len(np.unique(first[small])) < LEAST_SIZES
        if small.sum() < need or alone or few or int(small.sum()) in seen:
            continue
        seen.add(int(small.sum()))
        if drawn is None:
            drawn = counts(fit, PAIRED)
        begin = np.unique(fit.optima[fit.heights <= fit.heights[0] * 1.01].round(6), axis=0)[:4]
        task = fit.task()
        part = Task(
            model_of(law, {k: v[small] for k, v in inputs.items()}),
            fit.loss[on][small],
            fit.weights[on][small],
            task.objective,
            task.lower,
            task.upper,
        )
        work = _steps(fit, small) if fit.settled else None
        if work is None:
            ends = minimise(part, np.vstack([fit.theta, begin]))
            theta = ends.theta[ends.objective.argmin()]
        else:
            ends = solved(work, part.weights[None], part.y)
            if not ends.converged[0]:
                continue
            theta = ends.theta[0]
        # A resample without a run below the cut has nothing to be fitted to.
        weights = (drawn * fit.weights[on])[:, small]
        usable = (weights > 0).sum(axis=1) >= need
        if usable.sum() < LEAST_USABLE:
            continue
        found = (
            solve_again(part, theta, weights[usable])
            if work is None
            else solved(work, weights[usable], part.y)
        )
        full = np.full((PAIRED, len(theta)), np.nan)
        full[usable] = np.where(found.converged[:, None], found.theta, np.nan)
        out.append(
            Origin(
                {k: float(v) for k, v in to_values(law, theta).items()},
                to_values(law, full),
                small,
                float(size[small].max()),
            )
        )
    fit._kept["origins"] = out
    return out


def _steps(fit: Fitted, small: npt.NDArray[np.bool_]) -> Job:
    """Return the job of a fit in two steps on some of its runs."""
    whole = job(fit, PAIRED, kind="case", seed=None, by=None, indices=None)
    return in_steps(
        fit,
        replace(
            whole,
            inputs={k: v[small] for k, v in whole.inputs.items()},
            loss=whole.loss[small],
            weights=whole.weights[small],
            first=None,
        ),
    )
