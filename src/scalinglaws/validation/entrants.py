"""What extrapolates from small runs to large: laws of size and data, and lines through the best.

A law of ``params`` and ``tokens`` is fitted to all runs. A law of compute goes through the best run
of each budget; away from the best size its loss is raised as Chinchilla's law raises it there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalinglaws._fit import Fit, fit
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, optimal_params
from scalinglaws.errors import BadParameters, Unidentifiable
from scalinglaws.fitting.objectives import HUBER, Objective
from scalinglaws.intervals import beyond
from scalinglaws.intervals.resampling import JACKKNIFE, ends, resampled
from scalinglaws.laws import CHINCHILLA, INTERACTION, KAPLAN_ND, TIED, Law, power_law

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws._typing import Array

BUDGETS_A_DECADE = 4
"""Bins of compute, counted from the largest run down, of each of which the best run is taken."""

FEWEST_BUDGETS = 4
"""Budgets that a law of compute with a floor needs: one more than it has parameters."""

SIZE_AND_DATA, COMPUTE = ("params", "tokens"), ("flops",)


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A law that is fitted to the smaller runs of a table, under the name it has in a league.

    ``law`` is one of params and tokens, or of flops; ``held`` keeps parameters at given values.
    Raises :class:`BadParameters` for a law of anything else.
    """

    name: str
    law: Law
    held: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Refuse a law that size and data do not decide."""
        if self.law.inputs not in (SIZE_AND_DATA, COMPUTE) or self.law.response != "loss":
            raise BadParameters(
                f"{self.law.name} is a law of {', '.join(self.law.inputs)} for "
                f"{self.law.response}; a forecast of runs takes laws of params and tokens, or of "
                f"flops, for loss"
            )

    @property
    def of_compute(self) -> bool:
        """Whether it goes through the best run of each budget."""
        return self.law.inputs == COMPUTE

    @property
    def has_floor(self) -> bool:
        """Whether the law has an irreducible loss."""
        return "E" in self.law.names


ENTRANTS = (
    Entrant(name="Chinchilla", law=CHINCHILLA),
    Entrant(name="tied exponents", law=TIED),
    Entrant(name="interaction", law=INTERACTION),
    Entrant(name="interaction, d = 0.5", law=INTERACTION, held=MappingProxyType({"d": 0.5})),
    Entrant(name="Kaplan", law=KAPLAN_ND),
    Entrant(name="best of each budget", law=power_law("flops")),
    Entrant(name="line", law=power_law("flops", floor=False)),
)
"""Those of the league, and the forms that :func:`forecast_runs` averages."""


@dataclass(frozen=True, eq=False)
class Trained:
    """An entrant fitted to runs, and the fit to the same runs that says which sizes are best.

    ``valley`` is a fit of Chinchilla's law, or one of compute where size and data are not known.
    """

    entrant: Entrant
    fit: Fit
    valley: Fit

    def loss(self, points: Mapping[str, Array]) -> Array:
        """Return the loss at points, (m,): ``params`` and ``tokens``, or ``flops`` alone."""
        return self._scaled(self.fit.law(self.fit.params, **self._inputs(points)), points)

    def ends(self, points: Mapping[str, Array], *, level: float, n: int) -> Array:
        """Return the ends (2, m) of the loss if the law holds, by resampling the runs."""
        try:
            draws = resampled(self.fit, n, kind=None, by=None)
        except Unidentifiable:
            # Four groups are too few to draw from, and enough to leave one out of each time.
            draws = resampled(self.fit, n, kind=JACKKNIFE, by=None)
        law, inputs = self.fit.law, self._inputs(points)
        values = law({k: draws[k].to_numpy() for k in law.names}, **inputs)
        found = ends(draws, values, law(self.fit.params, **inputs), level)
        return self._scaled(found, points)

    def staked(self, points: Mapping[str, Array], *, level: float, n: int) -> Array:
        """Return the ends (2, m) for new runs that :meth:`Fit.predict` would stake."""
        inputs: dict[str, Any] = {**self._inputs(points)}
        told = self.fit.predict(level=level, new_run=True, n=n, **inputs)
        return self._scaled(told[["low", "high"]].to_numpy().T, points)

    def _inputs(self, points: Mapping[str, Array]) -> dict[str, Array]:
        if self.entrant.of_compute:
            return {"flops": flops_of(points)}
        return {k: points[k] for k in SIZE_AND_DATA}

    def _scaled(self, loss: Array, points: Mapping[str, Array]) -> Array:
        return loss * _off_the_best(self.valley, points) if self.entrant.of_compute else loss


def flops_of(points: Mapping[str, Array]) -> Array:
    """Return the compute of points: six FLOPs for each parameter and token, else ``flops``."""
    if "params" not in points:
        return points["flops"]
    return np.asarray(FLOPS_PER_PARAM_TOKEN * points["params"] * points["tokens"])


def train(
    entrant: Entrant,
    runs: pd.DataFrame,
    *,
    valley: Fit,
    like: Fit | None = None,
    objective: Objective | str = HUBER,
    seed: int = 0,
) -> Trained:
    """Fit an entrant to runs, whose best sizes ``valley`` knows.

    ``like`` is a fit of the same entrant to more runs, from which the search starts; without it
    a law that contains another one's fit starts from there too. Raises :class:`Unidentifiable`
    where the runs cannot determine the law, or hold too few budgets for one of compute.
    """
    law, held = entrant.law, dict(entrant.held)
    if valley.law.inputs == COMPUTE and not entrant.of_compute:
        raise Unidentifiable(f"{law.name} needs params and tokens, which the table lacks")
    if law is CHINCHILLA and not held:
        return Trained(entrant, valley, valley)
    used = best_of_budgets(runs, valley) if entrant.of_compute else runs
    start: list[Mapping[str, float]] | None = [like.params] if like is not None else None
    if start is None and law is INTERACTION:
        # It contains Chinchilla's law, and from there a few d lead to where many starts do.
        start = _joined(runs, valley, held) or None
    # Whether size and data are identified separately, the fit of the valley has asked.
    found = fit(law, used, objective=objective, held=held, start=start, seed=seed, check=False)
    return Trained(entrant, found, valley)


def best_of_budgets(runs: pd.DataFrame, valley: Fit) -> pd.DataFrame:
    """Return the best run of each budget near the best size: ``flops`` and ``loss``.

    A budget is a quarter of a decade, counted down from the largest run. Raises
    :class:`Unidentifiable` for fewer than :data:`FEWEST_BUDGETS`.
    """
    points = {k: runs[k].to_numpy(dtype=float) for k in valley.law.inputs}
    flops = flops_of(points)
    steps = BUDGETS_A_DECADE * np.log10(flops.max() / flops)
    # Runs of one budget differ by the rounding of their products.
    table = pd.DataFrame({"flops": flops, "loss": runs["loss"].to_numpy(dtype=float)})
    table = table.assign(step=np.floor(steps + 1e-6))
    table = table[beyond.near_best(valley.law, valley.params, points)]
    best = table.loc[table.groupby("step")["loss"].idxmin()]
    if len(best) < FEWEST_BUDGETS:
        raise Unidentifiable(
            f"{len(best)} quarters of a decade of compute have a run near the best size; a law of "
            f"compute needs {FEWEST_BUDGETS}. Add runs over more compute"
        )
    return best[["flops", "loss"]].reset_index(drop=True)


def _joined(
    runs: pd.DataFrame, valley: Fit, held: Mapping[str, float]
) -> list[Mapping[str, float]]:
    """Return starts for the law with interaction that grow out of a Chinchilla fit."""
    inputs = {k: runs[k].to_numpy(dtype=float) for k in SIZE_AND_DATA}
    grow = INTERACTION.grow
    assert grow is not None
    grown = grow(dict(valley.params), inputs, runs["loss"].to_numpy(dtype=float))
    rows = [{k: float(v[j]) for k, v in grown.items()} for j in range(len(grown["d"]))]
    return [row for row in rows if all(row[k] == v for k, v in held.items())]


def _off_the_best(valley: Fit, points: Mapping[str, Array]) -> Array:
    """Return how many times the best loss for its compute the loss of a point is, (m,)."""
    law, flops = valley.law, flops_of(points)
    if law.inputs == COMPUTE:
        return np.ones_like(flops)
    values = {k: np.array([v]) for k, v in valley.params.items()}
    size = optimal_params(law, values, flops)[0]
    best = law(valley.params, params=size, tokens=flops / FLOPS_PER_PARAM_TOKEN / size)
    return np.asarray(law(valley.params, **{k: points[k] for k in SIZE_AND_DATA}) / best)
