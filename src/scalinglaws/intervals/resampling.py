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
from scalinglaws.intervals.refits import KINDS, draw, job, solve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.fitting.solver.problem import Solution
    from scalinglaws.intervals.refits import Job

__all__ = ["FEWEST_GROUPS", "KINDS", "RESAMPLES", "bootstrap", "counts", "percentiles", "resampled"]

RESAMPLES = 1000
"""Resamples behind an interval when the caller does not say: 1 point in 100 of its end points."""

FEWEST_GROUPS = 5
"""Groups that an interval needs: 126 different resamples; of four there are 35."""


def resampled(
    fit: Fitted, n: int, *, kind: str, by: str | None, seed: int | None = None
) -> pd.DataFrame:
    """Return the refits behind an interval; raises :class:`Unidentifiable` for too few groups."""
    draws = bootstrap(fit, n, kind=kind, by=by, seed=seed)
    found = fit.runs.loc[fit.counted, by].nunique() if kind == "group" else FEWEST_GROUPS
    if found < FEWEST_GROUPS:
        raise Unidentifiable(
            f"{by} has {found} group{'s' * (found > 1)} with runs: too few different resamples can "
            f"be drawn of them for an interval, which needs {FEWEST_GROUPS} groups or more",
            partial=draws,
            insist="take the quantiles of fit.bootstrap(kind='group', by=...) yourself",
        )
    return draws


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
    kind: str = "case",
    seed: int | None = None,
    by: str | None = None,
    indices: npt.ArrayLike | None = None,
    workers: int | None = None,
    backend: str = "threads",
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Refit resamples of the runs.

    ``kind`` is ``"case"`` (the pairs bootstrap: runs drawn with replacement), ``"residual"``
    (residuals drawn with replacement onto the fitted curve) or ``"group"`` (whole groups of the
    column ``by``, the cluster bootstrap). ``indices`` (n, rows) refits given resamples. Returns
    one row for each resample, with a column for each parameter and ``objective``;
    ``attrs["stopped"]`` counts the refits that did not converge. ``workers`` threads share the
    work (all cores by default); ``backend="dask"`` sends it to the cluster at ``scheduler``.
    Raises :class:`Interrupted` when it is stopped: the same call goes on from there. Efron 1979.
    """
    work = job(fit, n, kind=kind, seed=seed, by=by, indices=indices)
    kept = fit._kept
    key = ("blocks", work.n, kind, work.seed, by)
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
            what=f"{kind} bootstrap",
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
    return out


def counts(fit: Fitted, n: int) -> Array:
    """Return the counts (n, rows) behind ``fit.bootstrap(n)``: the same resamples, again."""
    work = job(fit, n, kind="case", seed=None, by=None, indices=None)
    work = replace(work, weights=np.ones_like(work.weights))
    return np.concatenate([draw(work, b)[0] for b in range(-(-work.n // work.block))])
