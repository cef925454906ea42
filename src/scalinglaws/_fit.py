"""Fit a law to runs: ``fit(law, runs) -> Fit``, a frozen answer that says how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws import _checks as checks
from scalinglaws import _form, _report, counting, identifiability
from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws.errors import Fix, Problem, ScalingLawError, Unidentifiable
from scalinglaws.fitting import saved, starts
from scalinglaws.fitting.derivatives.base import to_values
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.fitted import Fitted, inputs_of
from scalinglaws.fitting.multistart import AGREE, agreeing, multistart
from scalinglaws.fitting.objectives import HUBER, Objective, resolve
from scalinglaws.fitting.partial import partial
from scalinglaws.fitting.solver.lad_programs import descend_straight
from scalinglaws.fitting.solver.plan import run, run_all
from scalinglaws.fitting.solver.problem import Task
from scalinglaws.fitting.status import condition_of, status_of
from scalinglaws.fitting.steps import settling
from scalinglaws.intervals import (
    covariance,
    interval,
    parameter_test,
    prediction,
    profile,
    resampling,
)
from scalinglaws.intervals.quantity import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    from scalinglaws._form import Form
    from scalinglaws.fitting.solver.plan import Plan
    from scalinglaws.laws import Law

_START = Fix("fit(..., start={...})")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Fit(Fitted):
    """A fitted law, and what can be asked of it.

    ``params`` maps parameter names to values, ``derived`` what follows from them; ``status`` is a
    sentence to read first, ``ok`` whether it carries no warning. What is computed on demand
    (refits, intervals) is kept.
    """

    bootstrap = resampling.bootstrap
    interval = interval.interval
    predict = prediction.predict
    covariance = covariance.covariance
    profile = profile.profile
    test = parameter_test.parameter_test
    save = saved.save

    @property
    def form(self) -> Form | None:
        """What a law with one parameter more says of a Chinchilla fit's form, if it can be asked.

        The first call fits that law, and 200 resamples with it.
        """
        return _form.form(self, fit)

    @property
    def status(self) -> str:
        """A sentence to read first: how the search ended, and what the runs refuse of the form."""
        return _form.status(self, self.form)

    @property
    def ok(self) -> bool:
        """Whether the status carries no warning."""
        return _form.clean(self, self.form)

    @property
    def derived(self) -> dict[str, float]:
        """Quantities that follow from the parameters, by name."""
        return {k: float(evaluate(self, k, self.params)) for k in self.law.derived}

    def report(self) -> _report.Report:
        """Return the reporting card: parameters with intervals, and how far to trust them.

        What the intervals resample, what they allow beyond the runs, what the runs say of the
        law's form, status, spread, coverage and versions.
        """
        _form.form(self, fit)
        return _report.Report(self)

    def __repr__(self) -> str:
        """Return the law, its parameters and the status on one line, without computing anything."""
        return _report.line(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        report = self.report()
        return {"text/plain": repr(report), "text/html": report._repr_html_()}


@one_blas_thread
def fit(
    law: Law,
    runs: pd.DataFrame,
    *,
    objective: Objective | str = HUBER,
    weights: npt.ArrayLike | None = None,
    held: Mapping[str, float] | None = None,
    start: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
    seed: int = 0,
    steps: bool = True,
    check: bool = True,
) -> Fit:
    """Fit a law to runs: minimise the sum of ``rho(residual)`` over its parameters.

    ``law`` is a law of :mod:`scalinglaws.laws` or your own. ``runs`` is a table with one row for
    each run and the law's inputs and response as columns, in the units that the law names: for
    Chinchilla ``params`` and ``tokens`` (counts) and ``loss`` (nats per token). A law of
    ``tokens_per_param`` takes tokens over params where the table has no such column. ``objective``
    is an :class:`Objective` or the name of one (``"huber"``, ``"lad"``, ``"lsq_log"``, ``"lsq"``).
    ``weights`` (n,) multiply each run's contribution; zero leaves a run out. ``held`` keeps
    parameters, by name, at given values. ``start``, a mapping or a list of them, replaces the
    starts that come from the data. ``seed`` is a whole number. A law that says what some runs show
    alone, as ``laws.DATA_CONSTRAINED`` does, is fitted in two steps: that part to those runs, then,
    with it held, the rest to all; each refit takes both, so intervals carry the first step's
    uncertainty. ``steps=False`` fits all at once. ``check=False`` fits even what the runs cannot
    identify.

    Raises :class:`BadRuns` for values that a law or an objective cannot take (row and column are
    named), :class:`BadParameters` for a held value or a start out of bounds, and
    :class:`Unidentifiable` when the runs cannot determine the law; its ``partial`` is what can
    still be answered. Hoffmann et al. 2022, section 3.3, for the default objective; many starts and
    a damped Newton method with exact derivatives for the minimum.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> round(fit.params["alpha"], 3), round(fit.params["E"], 2)
    (0.347, 1.82)
    >>> fit.ok, fit.form.refused, round(fit.form.d.estimate, 2)
    (False, True, 0.77)
    >>> round(fit.derived["a"], 2)
    0.51
    """
    return run(
        planned(
            law,
            runs,
            objective=objective,
            weights=weights,
            held=held,
            start=start,
            seed=seed,
            steps=steps,
            check=check,
        )
    )


@one_blas_thread
def fit_all(
    law: Law,
    tables: Sequence[pd.DataFrame],
    *,
    objective: Objective | str = HUBER,
    held: Mapping[str, float] | None = None,
    seed: int = 0,
    steps: bool = True,
    check: bool = True,
) -> list[Fit | ScalingLawError]:
    """Fit a law to each of many tables, as :func:`fit` does one by one, in a fraction of the time.

    The options are those of :func:`fit`. Returns the fits in the order of the tables; in place of
    one that :func:`fit` refuses, the error that it raises.
    """
    how: Any = {"held": held, "seed": seed, "steps": steps, "check": check}
    return run_all(planned(law, runs, objective=objective, **how) for runs in tables)


def planned(
    law: Law,
    runs: pd.DataFrame,
    *,
    objective: Objective | str = HUBER,
    weights: npt.ArrayLike | None = None,
    held: Mapping[str, float] | None = None,
    start: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
    seed: int = 0,
    steps: bool = True,
    check: bool = True,
) -> Plan[Fit]:
    """Plan what :func:`fit` does."""
    objective = resolve(objective)
    runs = counting.with_ratio(runs, getattr(law, "inputs", ()))
    bare = checks.bare(runs)
    identifiability.measurable(bare, law)
    if objective.space == "log" and law.domain == "real":
        checks.table(bare, (law.response,), what=str(objective))
    held = checks.numbers(held or {}, what="held")
    checks.seed(seed)
    w = checks.weights(weights, len(bare))
    # A run of weight zero has no say: not in where the search starts either, nor in its bounds.
    used = bare if w.all() else bare[w > 0]
    x, y = inputs_of(law, used), used[law.response].to_numpy(dtype=float)
    design = identifiability.describe(used, law)
    steps = steps and law.first is not None and not set(law.first.names) <= set(held)
    if check:
        try:
            identifiability.check(design, law)
            if steps:
                identifiability.check_first(used, law, held=held)
        except Unidentifiable as refusal:
            refusal.partial = partial(refusal, law, used, fit)
            raise
    one, fixed = None, held
    if steps:
        how: Any = {"held": held, "start": start, "seed": seed}
        one = yield from settling(law, x, y, w[w > 0], objective, **how)
        fixed = held | dict(one.params)
    lower, upper = starts.bounds(law, y, held=fixed)
    task = Task(model_of(law, x), y, w[w > 0], objective, lower, upper)
    solution = yield from multistart(law, task, x, start=start, held=fixed, seed=seed)
    if objective.delta == 0:
        solution = descend_straight(task, solution, agree=AGREE)
    rank = np.argsort(solution.objective, kind="stable")
    theta, value = solution.theta[rank[0]], float(solution.objective[rank[0]])
    if not np.isfinite(value):
        raise Unidentifiable(
            f"{law.name} gives no finite loss on these runs from any of {len(rank)} starts",
            partial=design,
            insist=Problem(f"give a start of your own: {_START}", _START),
        )
    agree = agreeing(task, solution)
    free = [n for n in law.names if n not in fixed]
    at_bound = starts.at_bounds(law, y, theta, lower, upper, free)
    condition = condition_of(task, theta)
    status, ok = status_of(bool(solution.converged[rank[0]]), at_bound, condition, agree, len(rank))
    if one is not None:
        status, ok = f"{one.words} {status}", ok and one.ok
        at_bound, condition = (*one.at_bound, *at_bound), max(one.condition, condition)
    # The caller may go on to change the table: a fit keeps what it was fitted to.
    kept = bare.copy()
    kept.attrs = runs.attrs
    return Fit(
        law=law,
        runs=kept,
        params=MappingProxyType({k: float(v) for k, v in to_values(law, theta).items()}),
        objective=value,
        objective_kind=objective,
        minimum=status,
        sound=ok,
        at_bound=at_bound,
        held=tuple(held),
        starts=len(rank),
        starts_agreeing=agree,
        condition=condition,
        design=design,
        seed=seed,
        weights=w,
        optima=solution.theta[rank],
        heights=solution.objective[rank],
        first=np.empty((0, 0)) if one is None else one.optima,
    )


def load_fit(
    path: str | Path, *, law: Law | None = None, objective: Objective | None = None
) -> Fit:
    """Read a fit that :meth:`Fit.save` wrote: its predictions and intervals are the same bits.

    ``law`` and ``objective`` are asked for where the fit has one of your own. Raises
    :class:`BadParameters` for a file that is no saved fit, that was changed since, or that was
    fitted with another law or objective.
    """
    return Fit(**saved.read(path, law=law, objective=objective))
