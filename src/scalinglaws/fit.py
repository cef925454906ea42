"""Fit a law to runs: ``fit(law, runs) -> Fit``, a frozen answer that says how far to trust it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import bootstrap, checks, display, prediction, starts, uncertainty
from scalinglaws import design as designs
from scalinglaws.coverage.measured import LOOSE
from scalinglaws.errors import Unidentifiable
from scalinglaws.laws import Array, Law
from scalinglaws.model import model_of, to_internal, to_values
from scalinglaws.multistart import AGREE, multistart
from scalinglaws.objectives import HUBER, Objective, resolve
from scalinglaws.partial import partial
from scalinglaws.solve import RESOLUTION, Task
from scalinglaws.solve.programs import descend_straight

NEAR = 1e-6
"""A parameter this close to a bound, in its own unit, is at it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A fitted law.

    ``params`` maps parameter names to values; ``objective`` is the minimised sum and
    ``objective_kind`` what was summed; ``status`` is a sentence to read first, ``ok`` whether it
    carries no warning. ``condition`` is the condition number of the scaled problem, ``design`` the
    spread of the runs. Intervals are computed on demand and kept.
    """

    law: Law
    runs: pd.DataFrame
    params: Mapping[str, float]
    objective: float
    objective_kind: Objective
    status: str
    ok: bool
    at_bound: tuple[str, ...]
    held: tuple[str, ...]
    starts: int
    starts_agreeing: int
    condition: float
    design: designs.Design
    seed: int
    weights: Array
    optima: Array
    heights: Array
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def theta(self) -> Array:
        """Internal parameters, shape (P,)."""
        return to_internal(self.law, self.params)

    @cached_property
    def inputs(self) -> dict[str, Array]:
        """The law's inputs as measured, each (n,)."""
        return inputs_of(self.law, self.runs)

    @cached_property
    def loss(self) -> Array:
        """Measured loss, or what the law predicts in its place, (n,)."""
        return np.asarray(self.runs[self.law.response], dtype=float)

    @property
    def residuals(self) -> Array:
        """Log of measured over fitted loss, (n,); measured less fitted for a law of any sign."""
        fitted = self.law(self.params, **self.inputs)
        return self.loss - fitted if self.law.domain == "real" else np.log(self.loss / fitted)

    @property
    def derived(self) -> dict[str, float]:
        """Quantities that follow from the parameters, by name."""
        return {k: float(uncertainty.evaluate(self, k, self.params)) for k in self.law.derived}

    @property
    def simulated(self) -> bool:
        """Whether the runs were simulated."""
        return bool(self.runs.attrs.get("simulated", False))

    @property
    def counted(self) -> npt.NDArray[np.bool_]:
        """Which runs have a weight, (n,): one of weight zero is left out of every statement."""
        return self.weights > 0

    def task(self) -> Task:
        """Return what was minimised."""
        held = {name: self.params[name] for name in self.held}
        lower, upper = starts.bounds(self.law, self.loss[self.counted], held=held)
        model = model_of(self.law, self.inputs)
        return Task(model, self.loss, self.weights, self.objective_kind, lower, upper)

    def bootstrap(
        self,
        n: int = uncertainty.RESAMPLES,
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

        ``kind`` is ``"case"`` (runs drawn with replacement), ``"residual"`` (residuals drawn with
        replacement onto the fitted curve) or ``"group"`` (whole groups of the column ``by``).
        ``indices`` (n, rows) refits given resamples. Returns one row a resample: a column a
        parameter and ``objective``; ``attrs["stopped"]`` counts the refits that did not converge.
        ``workers`` threads share the work (all cores by default); ``backend="dask"`` sends it to
        the cluster at ``scheduler``. Raises :class:`Interrupted` when it is stopped: the same call
        goes on from there. Efron 1979.
        """
        return bootstrap.run(
            self,
            n,
            kind=kind,
            seed=seed,
            by=by,
            indices=indices,
            workers=workers,
            backend=backend,
            scheduler=scheduler,
            kept=self._kept,
        )

    def interval(
        self,
        quantity: str | Callable[[Mapping[str, Any]], Any],
        *,
        level: float = 0.9,
        kind: str | None = None,
        n: int = uncertainty.RESAMPLES,
        by: str | None = None,
    ) -> uncertainty.Interval:
        """Return the interval of a quantity; see :func:`scalinglaws.uncertainty.interval`."""
        return uncertainty.interval(self, quantity, level=level, kind=kind, n=n, by=by)

    def covariance(self, *, form: str = "sandwich") -> pd.DataFrame:
        """Return the parameters' covariance; see :func:`scalinglaws.uncertainty.covariance`."""
        return uncertainty.covariance(self, form=form)

    def predict(
        self,
        *,
        level: float = 0.9,
        kind: str = "case",
        new_run: bool = False,
        n: int = uncertainty.RESAMPLES,
        by: str | None = None,
        **inputs: npt.ArrayLike,
    ) -> pd.DataFrame:
        """Predict the loss with an interval; see :func:`scalinglaws.prediction.predict`."""
        return prediction.predict(self, inputs, level=level, kind=kind, new_run=new_run, n=n, by=by)

    def __repr__(self) -> str:
        """Return the reporting card as text."""
        return display.fit_text(self)

    def _repr_html_(self) -> str:
        return display.fit_html(self)


def inputs_of(law: Law, runs: pd.DataFrame) -> dict[str, Array]:
    """Return the law's inputs from a table, each (n,) in float64."""
    return {c: runs[c].to_numpy(dtype=float) for c in law.inputs}


def fit(
    law: Law,
    runs: pd.DataFrame,
    *,
    objective: Objective | str = HUBER,
    weights: npt.ArrayLike | None = None,
    held: Mapping[str, float] | None = None,
    start: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
    seed: int = 0,
    check: bool = True,
) -> Fit:
    """Fit a law to runs.

    ``runs`` needs the law's inputs and its response, ``loss``, as columns; ``weights`` (n,)
    multiply each run's contribution; ``held`` keeps parameters at given values; ``start`` replaces
    the starts that come from the data. Raises :class:`BadRuns` for values that a law or an
    objective cannot take, :class:`BadParameters` for a held value or a start out of bounds, and
    :class:`Unidentifiable` when the runs cannot determine the law; ``check=False`` insists.
    """
    objective = resolve(objective)
    bare = checks.bare(runs)
    designs.measurable(bare, law)
    if objective.space == "log" and law.domain == "real":
        checks.table(bare, (law.response,), what=str(objective))
    held = checks.numbers(held or {}, what="held")
    checks.seed(seed)
    w = checks.weights(weights, len(bare))
    # A run of weight zero has no say: not in where the search starts either, nor in its bounds.
    used = bare if w.all() else bare[w > 0]
    x, y = inputs_of(law, used), used[law.response].to_numpy(dtype=float)
    design = designs.describe(used, law)
    if check:
        try:
            designs.check(design, law)
        except Unidentifiable as refusal:
            refusal.partial = partial(refusal, law, used, fit)
            raise
    lower, upper = starts.bounds(law, y, held=held)
    task = Task(model_of(law, x), y, w[w > 0], objective, lower, upper)
    solution = multistart(law, task, x, start=start, held=held, seed=seed)
    if objective.delta == 0:
        solution = descend_straight(task, solution, agree=AGREE)
    rank = np.argsort(solution.objective, kind="stable")
    theta, value = solution.theta[rank[0]], float(solution.objective[rank[0]])
    if not np.isfinite(value):
        raise Unidentifiable(
            f"{law.name} gives no finite loss on these runs from any of {len(rank)} starts",
            partial=design,
            insist="give a start of your own: fit(..., start={...})",
        )
    apart = np.maximum(AGREE * value, 100 * RESOLUTION * task.size(np.array([value]), rank[:1]))
    agree = int((solution.objective <= value + apart).sum())
    edge = np.array([NEAR * starts.unit(p, law, y) for p in law.parameters])
    at_bound = tuple(
        name
        for j, name in enumerate(law.names)
        if name not in held and min(theta[j] - lower[j], upper[j] - theta[j]) < edge[j]
    )
    condition = _condition(task, theta)
    status, ok = _status(bool(solution.converged[rank[0]]), at_bound, condition, agree, len(rank))
    # The caller may go on to change the table: a fit keeps what it was fitted to.
    kept = bare.copy()
    kept.attrs = runs.attrs
    return Fit(
        law=law,
        runs=kept,
        params=MappingProxyType({k: float(v) for k, v in to_values(law, theta).items()}),
        objective=value,
        objective_kind=objective,
        status=status,
        ok=ok,
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
    )


def _status(
    converged: bool, at_bound: tuple[str, ...], condition: float, agree: int, tried: int
) -> tuple[str, bool]:
    found = f"{agree} of {tried} starts agree on the best objective"
    if agree < tried:
        found += ", the others stayed on higher ground"
    if not converged:
        return f"The solver stopped before it reached a minimum; {found}.", False
    if at_bound:
        where = ", ".join(at_bound)
        return f"Minimum found with {where} at the edge of its range; {found}.", False
    if condition > LOOSE:
        return (
            f"Minimum found, but the runs do not tell its parameters apart (condition number "
            f"{condition:.0e}): others fit as well; {found}.",
            False,
        )
    if agree == 1 and tried > 1:
        return f"Minimum found by one start only of {tried}: it may not be the lowest.", False
    return f"Minimum found inside all bounds; {found}.", True


def _condition(task: Task, theta: Array) -> float:
    """Return the condition number of the free part of the metric, scaled to unit diagonal."""
    free = (theta > task.lower) & (theta < task.upper)
    if not free.any():
        return float("nan")
    inner = task.metric(theta)[np.ix_(free, free)]
    size = np.sqrt(np.diag(inner))
    if not np.isfinite(inner).all() or not (size > 0).all():
        return float("inf")
    return float(np.linalg.cond(inner / size[:, None] / size))
