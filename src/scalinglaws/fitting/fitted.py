"""What a fit found: data only, which intervals, cards and splits read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws._simulated import is_simulated
from scalinglaws.fitting import starts
from scalinglaws.fitting.derivatives.base import to_internal
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.solver.problem import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from scalinglaws._typing import Array
    from scalinglaws.fitting.objectives import Objective
    from scalinglaws.identifiability import Design
    from scalinglaws.laws import Law


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A fitted law, without the verbs.

    ``params`` maps parameter names to values; ``objective`` is the minimised sum and
    ``objective_kind`` what was summed; ``minimum`` says how the search ended, ``sound`` whether
    without a warning. ``condition`` is the condition number of the scaled problem, ``design`` the
    spread of the runs. ``optima`` (starts, P) and ``heights`` (starts,) are the minima that the
    starts converged to, best first, in internal parameters. ``first`` (K, P) are the minima of the
    first step of a fit in two, best first; of another it is empty.
    """

    law: Law
    runs: pd.DataFrame
    params: Mapping[str, float]
    objective: float
    objective_kind: Objective
    minimum: str
    sound: bool
    at_bound: tuple[str, ...]
    held: tuple[str, ...]
    starts: int
    starts_agreeing: int
    condition: float
    design: Design
    seed: int
    weights: Array
    optima: Array
    heights: Array
    first: Array = field(default_factory=lambda: np.empty((0, 0)))
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone, without what was computed from them."""
        state = {k: v for k, v in self.__dict__.items() if k in self.__dataclass_fields__}
        return {**state, "params": dict(self.params), "_kept": {}}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the fields back."""
        self.__dict__.update(state, params=MappingProxyType(dict(state["params"])))

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
    def settled(self) -> tuple[str, ...]:
        """Parameters that come from the first step of a fit in two; of another, none."""
        if not len(self.first) or self.law.first is None:
            return ()
        return tuple(n for n in self.law.first.names if n not in self.held)

    @property
    def simulated(self) -> bool:
        """Whether the runs were simulated."""
        return is_simulated(self.runs)

    @property
    def counted(self) -> npt.NDArray[np.bool_]:
        """Which runs have a weight, (n,): one of weight zero is left out of every statement."""
        return self.weights > 0

    def task(self) -> Task:
        """Return what was minimised, in the second step of a fit in two."""
        held = {name: self.params[name] for name in (*self.held, *self.settled)}
        lower, upper = starts.bounds(self.law, self.loss[self.counted], held=held)
        model = model_of(self.law, self.inputs)
        return Task(model, self.loss, self.weights, self.objective_kind, lower, upper)


def inputs_of(law: Law, runs: pd.DataFrame) -> dict[str, Array]:
    """Return the law's inputs from a table, each (n,) in float64."""
    return {c: runs[c].to_numpy(dtype=float) for c in law.inputs}
