"""What is minimised: many problems of one law, evaluated in blocks that fit the cache.

Problems share a law; each has its own weights (a resample is a row of counts), measured loss,
start and bounds, and its own inputs where these differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.base import Model
from scalinglaws.fitting.objectives import Objective

Rows = npt.NDArray[np.intp]

CELLS = 2**16
"""Numbers in one array of an evaluation: few enough for the cache, many enough for numpy."""

RESOLUTION = 1e-14
"""A step that promises less than this share of the objective is below what summing a few hundred
doubles can resolve."""


@dataclass(frozen=True)
class Solution:
    """Minima of a batch: internal parameters (B, P), objective (B,), converged and steps (B,)."""

    theta: Array
    objective: Array
    converged: npt.NDArray[np.bool_]
    steps: Rows


def join(parts: list[Solution]) -> Solution:
    """Put batches of solutions one after the other."""
    return Solution(
        np.concatenate([p.theta for p in parts]),
        np.concatenate([p.objective for p in parts]),
        np.concatenate([p.converged for p in parts]),
        np.concatenate([p.steps for p in parts]),
    )


@dataclass(frozen=True)
class State:
    """Objective (B,), gradient (B, P), Hessian and metric (B, P, P) at a batch of points."""

    value: Array
    gradient: Array
    hessian: Array
    metric: Array

    def of(self, which: Any) -> "State":
        """Return the state of some of the points."""
        return State(
            self.value[which], self.gradient[which], self.hessian[which], self.metric[which]
        )

    def put(self, where: Rows, other: "State", of: npt.NDArray[np.bool_]) -> None:
        """Overwrite some entries by those of another state."""
        self.value[where], self.gradient[where] = other.value[of], other.gradient[of]
        self.hessian[where] = other.hessian[of]
        self.metric[where] = other.metric[of]


@dataclass(frozen=True)
class Task:
    """What is minimised: a model, measured loss, weights, objective and internal bounds.

    ``y`` and ``weights`` are (n,) or (B, n), ``lower`` and ``upper`` (P,) or (B, P), equal where a
    parameter is held. ``straight`` says that the law's second derivatives are left out.
    ``lengths`` (B,) are the numbers of runs where shorter tables were filled to one length.
    """

    model: Model
    y: Array
    weights: Array
    objective: Objective
    lower: Array
    upper: Array
    straight: bool = False
    lengths: Array | None = None
    _kept: dict[tuple[int, int], Model] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def target(self) -> Array:
        """What residuals are taken against."""
        return self.objective.target(self.y)

    @property
    def runs(self) -> int:
        """How many runs a problem has."""
        return int(self.y.shape[-1])

    def rough(self) -> "Task":
        """Return the task for first steps: without the law's second derivatives if they cost."""
        model = self.model.rough()
        return self if model is None else replace(self, model=model, straight=True)

    def bounds(self, problems: Rows) -> tuple[Array, Array]:
        """Return the lower and upper bounds of some problems, (b, P) or (P,)."""
        return _of(self.lower, problems), _of(self.upper, problems)

    @cached_property
    def _rounding(self) -> Array:
        """Mean and sum of the weights and squared unit of the residuals, each (B,) or ()."""
        log = self.objective.space == "log"
        unit = np.ones(()) if log else (self.y * self.y).mean(axis=-1)
        total = self.weights.sum(axis=-1)
        mean = total / (self.runs if self.lengths is None else self.lengths)
        return np.stack(np.broadcast_arrays(mean, total, unit))

    def size(self, value: Array, problems: Rows) -> Array:
        """Return what an objective (b,) is resolved against: :data:`RESOLUTION` times this.

        Beside the objective itself, the rounding of its residuals, which rules where a law passes
        through its runs.
        """
        known = self._rounding[:, problems] if self._rounding.ndim == 2 else self._rounding
        mean, total, unit = known
        if self.objective.delta == 0:
            rounding = 0.1 * np.sqrt(unit) * total
        else:
            rounding = 1e-2 * np.sqrt(np.abs(value) * mean * unit) + 1e-14 * unit * total
        return np.asarray(value + rounding)

    def short(self, value: Array, problems: Rows) -> Array:
        """Return the squared length (b,), in the metric, of a step too short to matter.

        Over so short a step residuals stay where they are, inside or outside a Huber zone, and
        what a second-order model says of the objective holds.
        """
        delta = self.objective.delta
        if self.objective.custom is not None or not 0 < delta < np.inf:
            return np.asarray(1e-4 * value)
        total = self._rounding[1]
        return np.broadcast_to(
            (total if total.ndim == 0 else total[problems]) * (3e-3 * delta) ** 2, value.shape
        )

    def value(self, theta: Array, problems: Rows) -> Array:
        """Return the summed objective at internal parameters (b, P), shape (b,)."""
        out = np.zeros(len(theta))
        with np.errstate(all="ignore"):
            for rows, runs, model in self._blocks(problems):
                y = of_runs(self.y, problems[rows], runs)
                w = of_runs(self.weights, problems[rows], runs)
                rho = self.objective.rho(self.objective.residuals(model.value(theta[rows]), y))
                out[rows] += (w * rho).sum(axis=1)
        return np.where(np.isfinite(out), out, np.inf)

    def metric(self, theta: Array) -> Array:
        """Return ``sum_i w_i dr_i dr_i'`` at one internal vector (P,): the metric (P, P)."""
        return np.asarray(self.state(theta[None], np.arange(1)).metric[0])

    @property
    def problems(self) -> int:
        """How many problems there are."""
        return max(len(v) for v in (self.y, self.weights) if v.ndim == 2)

    def sums(self, theta: Array, problems: Rows) -> tuple[Array, Array]:
        """Return the objective (b,) and its packed derivatives (b, R) at internal (b, P)."""
        value = np.zeros(len(theta))
        sums = np.zeros((len(theta), self.model.packed))
        with np.errstate(all="ignore"):
            for rows, runs, model in self._blocks(problems):
                y = of_runs(self.target, problems[rows], runs)
                w = of_runs(self.weights, problems[rows], runs)
                point = model.at(theta[rows])
                total, a, b = self.objective.chain(point.f, y, w)
                value[rows] += total
                sums[rows] += point.pack(a, b)
            value[~np.isfinite(value + sums.sum(axis=1))] = np.inf
        return value, sums

    def pulls(self, theta: Array, problems: Rows) -> tuple[Array, Array]:
        """Return the objective (b,) and its gradient (b, P) at internal parameters (b, P)."""
        value, gradient = np.zeros(len(theta)), np.zeros_like(theta)
        with np.errstate(all="ignore"):
            for rows, runs, model in self._blocks(problems):
                point = model.at(theta[rows])
                r = self.objective.apart(point.f, of_runs(self.target, problems[rows], runs))
                total, first = self.objective.pull(r, of_runs(self.weights, problems[rows], runs))
                value[rows] += total
                if self.objective.space == "log":
                    first /= point.f
                gradient[rows] += point.pull(first)
            value[~np.isfinite(value + gradient.sum(axis=1))] = np.inf
        return value, gradient

    def state(self, theta: Array, problems: Rows) -> State:
        """Return objective, exact derivatives and metric at internal parameters (b, P)."""
        parts: dict[int, tuple[Array, ...]] = {}
        with np.errstate(all="ignore"):
            for rows, runs, model in self._blocks(problems, channels=theta.shape[1]):
                y = of_runs(self.target, problems[rows], runs)
                w = of_runs(self.weights, problems[rows], runs)
                point = model.at(theta[rows])
                value, a, b = self.objective.chain(point.f, y, w)
                c = w / (point.f * point.f) if self.objective.space == "log" else w
                if self.straight and self.objective.space == "log":
                    # A residual is straight then, not the logarithm of a straight law.
                    b = b + a / point.f
                part = (value, *point.local(a, b, c))
                known = parts.get(rows.start)
                parts[rows.start] = tuple(map(np.add, known, part)) if known else part
            whole = [
                np.concatenate(p) if len(p) > 1 else p[0] for p in zip(*parts.values(), strict=True)
            ]
            state = State(*whole)
            rest = state.gradient.sum(axis=1) + state.hessian.sum(axis=(1, 2))
            state.value[~np.isfinite(state.value + rest)] = np.inf
        return state

    def _blocks(
        self, problems: Rows, channels: int | None = None
    ) -> Iterator[tuple[slice, slice, Model]]:
        """Cut problems and runs into blocks that fit the cache, by arrays of (b, n) in use."""
        channels = channels or self.model.channels
        cells = max(1024, CELLS // channels)
        height = min(self.runs, cells)
        width = max(1, cells // height)
        for first in range(0, self.runs, height):
            runs = slice(first, min(first + height, self.runs))
            whole = self._model_of(runs) if self.model.shared else None
            for start in range(0, len(problems), width):
                rows = slice(start, start + width)
                yield rows, runs, whole or self.model.take(problems[rows], runs)

    def _model_of(self, runs: slice) -> Model:
        """Return the model of a block of the runs that all problems share."""
        if runs.start == 0 and runs.stop == self.runs:
            return self.model
        key = (runs.start, runs.stop)
        if key not in self._kept:
            self._kept[key] = self.model.take(np.arange(1), runs)
        return self._kept[key]


def of_runs(v: Array, problems: Rows, runs: slice = slice(None)) -> Array:
    """Return what belongs to some problems and runs, (b, n), of (B, n); of (n,), (1, n)."""
    if v.ndim == 1:
        return v[None, runs]
    first, last = int(problems[0]), int(problems[-1])
    if last - first + 1 == len(problems):
        return v[first : last + 1, runs]
    return v[problems, runs]


def _of(v: Array, problems: Rows) -> Array:
    return v if v.ndim == 1 else v[problems]
