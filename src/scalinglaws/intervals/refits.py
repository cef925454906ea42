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
from scalinglaws.fitting.derivatives.base import to_values
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.solver.expansion import Expansion
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.newton_step import root_of
from scalinglaws.fitting.solver.problem import Solution, Task
from scalinglaws.fitting.solver.refit import refit
from scalinglaws.intervals import grouping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.fitting.objectives import Objective
    from scalinglaws.laws import Law

KINDS = ("case", "residual", "group")

JACKKNIFE = "jackknife"
"""Each group left out once: as many refits as groups."""

_BLOCK = 2**20
"""Runs times resamples in a block: 8 MB of weights."""

UNIT = 64
"""Resamples that are drawn from one seed."""

_OTHERS = 7

INDEX = np.intp
"""What numpy counts with on this platform: 32 bits wide in a browser."""


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

    @cached_property
    def near(self) -> tuple[Array, Expansion | None]:
        """What all refits share: the root of the metric at the fit, and the law around it."""
        model = model_of(self.law, self.inputs)
        task = Task(model, self.loss, self.weights, self.objective, self.lower, self.upper)
        return _near(task, self.theta)

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
    return Job(
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
        return _counts(job.indices[first:last], job.weights), job.loss
    if job.groups is not None:
        labels = int(job.groups.max()) + 1
        if job.kind == JACKKNIFE:
            left_out = np.arange(first, last)[:, None]
            return (job.groups != left_out) * job.weights, job.loss
        drawn = _counts(_rows(job.seed, first, last, labels), np.ones(labels))
        return drawn[:, job.groups] * job.weights, job.loss
    rows = _rows(job.seed, first, last, size)
    if job.kind == "case":
        return _counts(rows, job.weights), job.loss
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


def _rows(seed: int, first: int, last: int, size: int) -> npt.NDArray[np.intp]:
    """Draw row numbers (last - first, size); a resample's depend on its own number only."""
    units = range(first // UNIT, -(-last // UNIT))
    drawn = [np.random.default_rng([seed, u]).integers(0, size, (UNIT, size)) for u in units]
    start = first - units[0] * UNIT
    # The same numbers are drawn on every platform, then counted with what it counts with.
    return np.concatenate(drawn)[start : start + last - first].astype(INDEX, copy=False)


def _counts(rows: npt.NDArray[np.intp], weights: Array) -> Array:
    """Return weights (n,) times how often each run was drawn, (b, n), for row numbers (b, rows)."""
    size = len(weights)
    out = np.empty((len(rows), size))
    start = size * np.arange(UNIT, dtype=INDEX)[:, None]
    # In parts that stay in the cache: the counts of all at once take four times as long.
    for first in range(0, len(rows), UNIT):
        some = rows[first : first + UNIT]
        flat = (some + start[: len(some)]).ravel()
        drawn = np.bincount(flat, minlength=size * len(some)).reshape(-1, size)
        np.multiply(drawn, weights, out=out[first : first + UNIT])
    return out


@one_blas_thread
def solve(job: Job, block: int) -> Solution:
    """Refit the resamples of one block."""
    weights, loss = draw(job, block)
    model = model_of(job.law, job.inputs)
    task = Task(model, loss, weights, job.objective, job.lower, job.upper)
    if not (job.lower < job.upper).any():
        begin = np.tile(job.theta, (len(weights), 1))
        value = task.value(begin, np.arange(len(begin)))
        return Solution(begin, value, np.isfinite(value), np.zeros(len(begin), dtype=np.intp))
    if job.objective.delta == 0:
        return minimise(task, np.tile(job.theta, (len(weights), 1)))
    found = _around(task, job.theta, job.near)
    if len(job.others):
        found = _elsewhere(job, task, found)
    return found


def solve_again(whole: Task, theta: Array, weights: Array) -> Solution:
    """Minimise a task again for each row of weights (B, n), from its own minimum at theta (P,)."""
    task = replace(whole, weights=weights)
    if whole.objective.delta == 0 or not (whole.lower < whole.upper).any():
        return minimise(task, np.tile(theta, (len(weights), 1)))
    return _around(task, theta, _near(whole, theta))


def _near(task: Task, theta: Array) -> tuple[Array, Expansion | None]:
    free = task.lower < task.upper
    root = root_of(task.metric(theta)[None], free[None])[0][free]
    return root, Expansion.of(task, theta, root)


def _around(task: Task, theta: Array, near: tuple[Array, Expansion | None]) -> Solution:
    """Refit near one minimum, and step down exactly what that does not lead to an end."""
    found = refit(task, theta, *near)
    left = np.flatnonzero(~found.converged)
    if left.size:
        begin = np.tile(theta, (left.size, 1))
        found = _better(found, left, minimise(_part(task, left), begin))
    return found


def _part(task: Task, which: npt.NDArray[np.intp]) -> Task:
    y = task.y if task.y.ndim == 1 else task.y[which]
    return replace(task, y=y, weights=task.weights[which])


def _better(found: Solution, which: npt.NDArray[np.intp], other: Solution) -> Solution:
    """Put another solution of some problems in place where it is lower or where it converged."""
    old = found.objective[which]
    take = (other.objective < old) | (other.converged & (other.objective <= old))
    where = which[take]
    for mine, theirs in (
        (found.theta, other.theta),
        (found.objective, other.objective),
        (found.converged, other.converged),
    ):
        mine[where] = theirs[take]
    return found


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
            found = _better(found, lower, minimise(_part(task, lower), begin))
    return found
