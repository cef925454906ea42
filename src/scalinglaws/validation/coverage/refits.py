"""Refit the resamples of many simulated data sets at once: the bulk of a coverage study's time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from scalinglaws._fit import Fit
from scalinglaws._typing import Array
from scalinglaws.fitting.solver.expansion import Expansion
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.newton_step import root_of
from scalinglaws.fitting.solver.problem import Task
from scalinglaws.fitting.solver.refit import refit
from scalinglaws.intervals.refits import draw, job

TOGETHER = 2**20
"""Runs times resamples that are refitted at once: the few slow ones of each go together."""


def refits(task: Task, fits: Sequence[Fit], truth: Array, *, kind: str, n: int) -> Iterator[Array]:
    """Yield the refitted internal parameters (n, P) of each fit's ``n`` resamples.

    The resamples are those of ``fit.bootstrap(n, kind=kind)``, by the column ``block`` for groups.
    ``task`` holds the data sets of the fits; refits start at the ``truth`` (P,) that all share,
    and at the fit itself where that leads nowhere.
    """
    free = task.lower[0] < task.upper[0]
    alone = replace(task, y=task.y[0], weights=task.weights[0])
    root = root_of(alone.metric(truth)[None], free[None])[0][free]
    shared = Expansion.of(alone, truth, root)
    most = max(1, TOGETHER // (n * task.runs))
    for first in range(0, len(fits), most):
        some = fits[first : first + most]
        parts = [_draw(fit, kind, n) for fit in some]
        of = np.repeat(np.arange(first, first + len(some)), n)
        weights, loss = (np.concatenate(v) for v in zip(*parts, strict=True))
        many = replace(task, y=loss, weights=weights, lower=task.lower[of], upper=task.upper[of])
        found = refit(many, truth, root, shared)
        left = np.flatnonzero(~found.converged)
        if left.size:
            own = np.array([f.theta for f in some])[of[left] - first]
            rest = replace(
                many,
                y=loss[left],
                weights=weights[left],
                lower=many.lower[left],
                upper=many.upper[left],
            )
            found.theta[left] = minimise(rest, own).theta
        yield from np.split(found.theta, len(some))


def _draw(fit: Fit, kind: str, n: int) -> tuple[Array, Array]:
    """Return the weights and the measured loss, (n, runs) each, of a fit's resamples."""
    by = "block" if kind == "group" else None
    work = job(fit, n, kind=kind, seed=None, by=by, indices=None)
    drawn = [draw(work, b) for b in range(-(-n // work.block))]
    weights = np.concatenate([w for w, _ in drawn])[:n]
    loss = np.concatenate([np.broadcast_to(y, w.shape) for w, y in drawn])[:n]
    return weights, loss
