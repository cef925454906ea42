"""The bootstrap of a fit: refits of resamples, and the percentiles of what follows from them.

What is done is kept: a bootstrap taken up after an interruption solves only what is missing.
Efron 1979.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws._parallel.threads import spread
from scalinglaws.errors import ScalingLawError, Unidentifiable
from scalinglaws.fitting.derivatives.base import to_values
from scalinglaws.intervals import grouping
from scalinglaws.intervals.refits import JACKKNIFE, KINDS, draw, job, solve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.fitting.solver.problem import Solution
    from scalinglaws.intervals.refits import Job

__all__ = [
    "FEWEST_GROUPS",
    "JACKKNIFE",
    "KINDS",
    "RESAMPLES",
    "bootstrap",
    "counts",
    "ends",
    "percentiles",
    "resampled",
]

RESAMPLES = 1000
"""Resamples behind an interval when the caller does not say: 1 point in 100 of its end points."""

FEWEST_GROUPS = grouping.FEWEST

FEWEST_LEFT_OUT = 4
"""Groups that a jackknife needs: of fewer, Student's quantile says almost nothing."""


def resampled(
    fit: Fitted, n: int, *, kind: str | None, by: str | None, seed: int | None = None
) -> pd.DataFrame:
    """Return the refits behind an interval; raises :class:`Unidentifiable` for too few groups.

    Where no kind is named, groups are drawn that the runs fall into by themselves, else rows;
    ``attrs`` say which ``kind`` it was and, of groups, ``groups``, how many.
    """
    known = grouping.wanted(fit, kind, by)[1]
    draws = bootstrap(fit, n, kind=kind, by=by, seed=seed)
    fewest = FEWEST_LEFT_OUT if kind == JACKKNIFE else FEWEST_GROUPS
    if known is not None and known.count < fewest:
        raise Unidentifiable(
            f"{known.column} has {known.count} group{'s' * (known.count > 1)} with runs: too few "
            f"for an interval, which needs {fewest} groups or more. Add runs in "
            f"{fewest - known.count} more",
            partial=draws,
            insist=(
                "kind='jackknife' takes four groups, and is wide; kind='case' draws rows, and "
                "is right where they are independent"
            ),
        )
    return draws


def ends(draws: pd.DataFrame, values: Array, estimate: Array, level: float) -> Array:
    """Return the two ends (2, ..) of what refits gave, ``values`` (n, ..), around an estimate (..).

    Percentiles of a bootstrap, and the estimate where it lies beyond them; of a jackknife,
    Student's quantile times its standard error, in the logarithm where every value is positive
    (Tukey 1958; Cameron, Gelbach and Miller 2008).
    """
    if draws.attrs["kind"] != JACKKNIFE:
        low, high = percentiles(values, level)
        # Refits of few or skewed runs may all lie to one side of an estimate that is possible.
        return np.stack([np.fmin(low, estimate), np.fmax(high, estimate)])
    from scipy.special import stdtrit  # late: an import of the library does without

    count = len(values)
    positive = (values > 0).all(axis=0) & (np.asarray(estimate) > 0)
    with np.errstate(all="ignore"):
        moved = np.where(positive, np.log(values), values)
        middle = np.where(positive, np.log(estimate), estimate)
    error = np.sqrt((count - 1) / count * ((moved - moved.mean(axis=0)) ** 2).sum(axis=0))
    half = float(stdtrit(count - 1, (1 + level) / 2)) * error
    both = np.stack([middle - half, middle + half])
    with np.errstate(over="ignore"):  # an end may be beyond all doubles
        return np.where(positive, np.exp(both), both)


def percentiles(draws: Array, level: float) -> Array:
    """Return the two ends (2, ..) that hold a share of draws along the first axis.

    Draw k of n in rising order stands for the share k / (n + 1): with other definitions few draws
    give ends that are too close (Hyndman and Fan 1996).
    """
    tail = (1 - level) / 2
    return np.asarray(np.quantile(draws, [tail, 1 - tail], axis=0, method="weibull"))


@one_blas_thread
def bootstrap(
    fit: Fitted,
    n: int = RESAMPLES,
    *,
    kind: str | None = None,
    seed: int | None = None,
    by: str | None = None,
    indices: npt.ArrayLike | None = None,
    workers: int | None = None,
    backend: str = "threads",
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Refit resamples of the runs.

    ``kind`` is ``"case"`` (the pairs bootstrap: runs drawn with replacement), ``"residual"``
    (residuals drawn with replacement onto the fitted curve), ``"group"`` (whole groups, the cluster
    bootstrap: of the column ``by``, else sizes that repeat, else the column ``run``) or
    ``"jackknife"`` (each group, or run, left out once). ``None`` draws groups where there are any,
    else runs. ``indices`` (n, rows) refits given resamples. Returns one row for each resample, with
    a column for each parameter and ``objective``; ``attrs`` give the ``kind``, how many ``groups``
    it drew, and ``stopped``, the refits that did not converge. ``workers`` threads share the
    work (all cores by default); ``backend="dask"`` sends it to the cluster at ``scheduler``.
    Raises :class:`Interrupted` when it is stopped: the same call goes on from there. Efron 1979.
    """
    work = job(fit, n, kind=kind, seed=seed, by=by, indices=indices)
    kept = fit._kept
    key = ("blocks", work.n, work.kind, work.seed, by)
    done: dict[int, Solution]
    if work.indices is None:
        done = kept.setdefault(key, {})
    else:
        # Only an interruption leaves these behind: the caller has the resamples and the answer.
        rows, done = kept.pop("given", (None, {}))
        done = done if np.array_equal(rows, work.indices) else {}
    needed = range(-(-work.n // work.block))
    try:
        spread(
            partial(solve, work),
            [b for b in needed if b not in done],
            done,
            workers=workers,
            backend=backend,
            scheduler=scheduler,
            what=f"{work.kind} bootstrap",
        )
    except ScalingLawError:
        if work.indices is not None:
            kept["given"] = work.indices.copy(), done
        raise
    return frame(work, {b: done[b] for b in needed})


def frame(job: Job, parts: Mapping[int, Solution]) -> pd.DataFrame:
    """Return a row for each resample; ``attrs["stopped"]`` counts refits that did not converge."""
    theta = np.concatenate([parts[b].theta for b in sorted(parts)])
    out = pd.DataFrame(to_values(job.law, theta))
    out["objective"] = np.concatenate([parts[b].objective for b in sorted(parts)])
    converged = np.concatenate([parts[b].converged for b in sorted(parts)])
    out.attrs["stopped"] = int((~converged).sum())
    out.attrs["kind"] = job.kind
    out.attrs["groups"] = None if job.groups is None else int(job.groups.max()) + 1
    return out


def counts(fit: Fitted, n: int, *, kind: str | None = None, by: str | None = None) -> Array:
    """Return the counts (n, rows) behind ``fit.bootstrap(n)``: the same resamples, again."""
    work = job(fit, n, kind=kind, seed=None, by=by, indices=None)
    work = replace(work, weights=np.ones_like(work.weights))
    return np.concatenate([draw(work, b)[0] for b in range(-(-work.n // work.block))])
