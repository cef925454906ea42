"""Refits of resamples, in blocks that any thread or machine can solve alone.

A resample depends on the seed and its own number only, and a refit on its own resample only, so
the answer does not depend on how many workers there are or in what order they work, and a longer
bootstrap begins with a shorter one (to rounding: its blocks are cut elsewhere).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scalinglaws import _checks as checks
from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws.errors import BadParameters, BadRuns, UnknownName
from scalinglaws.fitting import starts
from scalinglaws.fitting.derivatives.base import to_values
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.problem import Solution, Task
from scalinglaws.fitting.steps import fixed, remaining
from scalinglaws.intervals import grouping
from scalinglaws.intervals.around import around, better, lowest, near, part
from scalinglaws.intervals.drawing import counts_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.fitting.objectives import Objective
    from scalinglaws.fitting.solver.expansion import Expansion
    from scalinglaws.laws import Law

KINDS = ("case", "residual", "group")

JACKKNIFE = "jackknife"
"""Each group left out once: as many refits as groups."""


_BLOCK = 2**20
"""Runs times resamples in a block: 8 MB of weights."""

_OTHERS = 7


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that a worker needs to solve any block of a bootstrap."""

    law: Law
    inputs: Mapping[str, Array]
    loss: Array
    weights: Array
    objective: Objective
    lower: Array
    upper: Array
    theta: Array
    others: Array
    kind: str
    seed: int
    n: int
    groups: npt.NDArray[np.intp] | None = None
    indices: npt.NDArray[np.intp] | None = None
    first: Job | None = None
    """The first step of a fit in two, on its own runs."""

    @cached_property
    def near(self) -> tuple[Array, Expansion | None]:
        """What all refits share: the root of the metric at the fit, and the law around it."""
        model = model_of(self.law, self.inputs)
        task = Task(model, self.loss, self.weights, self.objective, self.lower, self.upper)
        return near(task, self.theta)

    @property
    def block(self) -> int:
        """How many resamples a block holds: equal blocks, as large as memory in use allows."""
        most = int(np.clip(_BLOCK // len(self.loss), 16, 4096))
        return -(-self.n // -(-self.n // most))


def job(
    fit: Fitted,
    n: int,
    *,
    kind: str | None,
    seed: int | None,
    by: str | None,
    indices: npt.ArrayLike | None,
) -> Job:
    """Return the job of a bootstrap; raises what a bootstrap raises."""
    if kind is not None and kind not in (*KINDS, JACKKNIFE):
        raise UnknownName(
            f"no bootstrap is called {kind!r}; there are {', '.join((*KINDS, JACKKNIFE))}"
        )
    if by is not None and kind not in (None, "group", JACKKNIFE):
        raise BadParameters(f"by={by!r} names groups of runs, which kind={kind!r} does not use")
    size, groups, rows = len(fit.loss), None, None
    if indices is not None:
        try:
            rows = np.asarray(indices)
        except ValueError:
            rows = np.empty(0)
        if (
            rows.ndim != 2
            or not np.issubdtype(rows.dtype, np.integer)
            or not rows.size
            or rows.min() < 0
            or rows.max() >= size
        ):
            raise BadRuns(f"indices need shape (resamples, rows) with row numbers 0 to {size - 1}")
        _weighty(rows, fit.weights)
        kind = "case"
    else:
        kind, known = grouping.wanted(fit, kind, by)
        groups = None if known is None else known.labels
        if kind == JACKKNIFE:
            groups = np.arange(int(fit.counted.sum())) if groups is None else groups
            n = int(groups.max()) + 1
    task = fit.task()
    # A run of weight zero is a run left out, unless the caller numbers the rows himself.
    kept = fit.weights > 0 if rows is None else np.ones(size, dtype=bool)
    same = fit.heights < fit.heights[0] * (1 + 1e-6) + 1e-300
    _, other = np.unique(fit.optima[~same].round(4), axis=0, return_index=True)
    work = Job(
        law=fit.law,
        inputs={k: v[kept] for k, v in fit.inputs.items()},
        loss=fit.loss[kept],
        weights=fit.weights[kept],
        objective=fit.objective_kind,
        lower=task.lower,
        upper=task.upper,
        theta=fit.optima[0],
        others=fit.optima[~same][np.sort(other)[:_OTHERS]],
        kind=kind,
        seed=checks.seed(fit.seed if seed is None else seed),
        n=checks.count(n) if rows is None else len(rows),
        groups=groups,
        indices=rows,
    )
    return in_steps(fit, work)


def in_steps(fit: Fitted, work: Job) -> Job:
    """Return a job of runs of a fit with the fit's first step, if it took one."""
    if not fit.settled or fit.law.first is None:
        return work
    used = fit.law.first.where(work.inputs)
    held = fixed(fit.law, {name: fit.params[name] for name in fit.held})
    lower, upper = starts.bounds(fit.law, fit.loss[fit.counted], held=held)
    first = replace(
        work,
        inputs={k: v[used] for k, v in work.inputs.items()},
        loss=work.loss[used],
        weights=work.weights[used],
        lower=lower,
        upper=upper,
        theta=fit.first[0],
        others=fit.first[1:],
        groups=None,
        indices=None,
    )
    return replace(work, first=first)


def _weighty(rows: npt.NDArray[Any], weights: Array) -> None:
    """Refuse a resample without a run that counts."""
    if weights.all():
        return
    empty = ~(weights[rows] > 0).any(axis=1)
    if empty.any():
        raise BadRuns(
            f"resample {int(empty.argmax())} of indices holds runs of weight zero only: there is "
            f"nothing to refit"
        )


def draw(job: Job, block: int) -> tuple[Array, Array]:
    """Return the weights (b, n) and the measured loss, (n,) or (b, n), of a block's resamples."""
    size, first = len(job.loss), block * job.block
    last = min(first + job.block, job.n)
    if job.indices is not None:
        return counts_of(job.indices[first:last], job.weights), job.loss
    if job.groups is not None:
        labels = int(job.groups.max()) + 1
        if job.kind == JACKKNIFE:
            left_out = np.arange(first, last)[:, None]
            return (job.groups != left_out) * job.weights, job.loss
        drawn = counts_of(rows_of(job.seed, first, last, labels), np.ones(labels))
        return drawn[:, job.groups] * job.weights, job.loss
    rows = rows_of(job.seed, first, last, size)
    if job.kind == "case":
        return counts_of(rows, job.weights), job.loss
    p = {k: v[0] for k, v in to_values(job.law, job.theta[None]).items()}
    curve = job.law(p, **job.inputs)
    log = job.objective.space == "log"
    left = np.log(job.loss / curve) if log else job.loss - curve
    # Residuals of an objective have the other sign.
    drawn = (left + job.objective.location(-left))[rows]
    redrawn = curve * np.exp(drawn) if log else curve + drawn
    if not log and job.law.domain == "positive":
        redrawn = np.maximum(redrawn, 1e-6 * curve)
    return np.broadcast_to(job.weights, drawn.shape), redrawn


@one_blas_thread
def solve(job: Job, block: int) -> Solution:
    """Refit the resamples of one block."""
    return solved(job, *draw(job, block))


def solved(job: Job, weights: Array, loss: Array) -> Solution:
    """Refit problems of the runs of a job, by their weights (b, n) and loss, (n,) or (b, n)."""
    model = model_of(job.law, job.inputs)
    task = Task(model, loss, weights, job.objective, job.lower, job.upper)
    if job.first is not None:
        return _after(job, job.first, task)
    if not (job.lower < job.upper).any():
        return _put(task, np.tile(job.theta, (len(weights), 1)))
    if job.objective.delta == 0:
        return minimise(task, np.tile(job.theta, (len(weights), 1)))
    found = around(task, job.theta, job.near)
    if len(job.others):
        found = _elsewhere(job, task, found)
    return found


def _put(task: Task, theta: Array) -> Solution:
    """Return a solution in which nothing may move."""
    value = task.value(theta, np.arange(len(theta)))
    return Solution(theta, value, np.isfinite(value), np.zeros(len(theta), dtype=np.intp))


def _after(job: Job, first: Job, task: Task) -> Solution:
    """Refit both steps: to the second, what the first one settles is known, problem by problem."""
    law = job.law
    assert law.first is not None
    used = law.first.where(job.inputs)
    settled = solved(first, task.weights[:, used], task.y[..., used])
    columns = [law.names.index(name) for name in law.first.names]
    theta = np.tile(job.theta, (len(task.weights), 1))
    theta[:, columns] = settled.theta[:, columns]
    free = job.lower < job.upper
    found = _put(task, theta)
    if free.any():
        known = tuple(n for n, moves in zip(law.names, free, strict=True) if not moves)
        values, shape = to_values(law, theta), task.weights.shape
        x = dict(job.inputs) | {name: values[name][:, None] for name in known}
        wide = {k: np.broadcast_to(v, shape) for k, v in x.items()}
        model = model_of(remaining(law, known), wide)
        second = replace(task, model=model, lower=job.lower[free], upper=job.upper[free])
        rest = lowest(second, job.theta[free], job.others[:, free])
        theta[:, free] = rest.theta
        found = replace(rest, theta=theta)
    # With fewer runs than it has parameters a first step ends anywhere.
    enough = (task.weights[:, used] > 0).sum(axis=1) >= (first.lower < first.upper).sum()
    return replace(found, converged=found.converged & settled.converged & enough)


def _elsewhere(job: Job, task: Task, found: Solution) -> Solution:
    """Go to another minimum of the fit where a resample is lower there already."""
    curves = job.law(to_values(job.law, job.others), **job.inputs)
    if task.y.ndim == 1:
        heights = task.weights @ job.objective.rho(job.objective.residuals(curves, task.y)).T
    else:
        apart = (job.objective.residuals(curve, task.y) for curve in curves)
        heights = np.stack([(task.weights * job.objective.rho(r)).sum(axis=1) for r in apart], 1)
    for theta, height in zip(job.others, heights.T, strict=True):
        lower = np.flatnonzero(height < found.objective * (1 - 1e-9))
        if lower.size:
            begin = np.tile(theta, (lower.size, 1))
            found = better(found, lower, minimise(part(task, lower), begin))
    return found
