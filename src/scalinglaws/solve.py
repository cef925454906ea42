"""The batched solver: one call minimises a summed objective for many problems at once.

Problems share a law; each has its own weights (a resample is a row of counts), measured loss,
start and bounds, and its own inputs where these differ. Each step is a second-order step on exact
derivatives, measured in the metric of the residuals' own Jacobian, so that neither the units of
the inputs nor the scale of a parameter changes the path.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from scalinglaws import small
from scalinglaws.laws import Array
from scalinglaws.model import Model
from scalinglaws.objectives import Objective

Rows = npt.NDArray[np.intp]

MAX_STEPS = 200
CELLS = 2**16
"""Numbers in one array of an evaluation: few enough for the cache, many enough for numpy."""

RESOLUTION = 1e-14
"""A step that promises less than this share of the objective is below what summing a few hundred
doubles can resolve."""

UNDAMPED = 1e-4
"""Damping at which a step counts as Newton's own."""

LOOSE = 1e-4
"""The same for a stage that only leads to the next one."""


@dataclass(frozen=True)
class Solution:
    """Minima of a batch: internal parameters (B, P), objective (B,), converged and steps (B,)."""

    theta: Array
    objective: Array
    converged: npt.NDArray[np.bool_]
    steps: Rows


@dataclass(frozen=True)
class State:
    """Objective (B,), gradient (B, P), Hessian and metric (B, P, P) at a batch of points."""

    value: Array
    gradient: Array
    hessian: Array
    metric: Array

    def put(self, where: Rows, other: "State", of: npt.NDArray[np.bool_]) -> None:
        """Overwrite some entries by those of another state."""
        self.value[where], self.gradient[where] = other.value[of], other.gradient[of]
        self.hessian[where] = other.hessian[of]
        self.metric[where] = other.metric[of]


@dataclass(frozen=True)
class Task:
    """What is minimised: a model, measured loss, weights, objective and internal bounds.

    ``y`` and ``weights`` are (n,) or (B, n), ``lower`` and ``upper`` (P,) or (B, P), equal where a
    parameter is held.
    """

    model: Model
    y: Array
    weights: Array
    objective: Objective
    lower: Array
    upper: Array
    _kept: dict[int, Model] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def target(self) -> Array:
        """What residuals are taken against."""
        return self.objective.target(self.y)

    @property
    def runs(self) -> int:
        """How many runs a problem has."""
        return int(self.y.shape[-1])

    def single(self) -> "Task | None":
        """Return the task in single precision, where the model has one."""
        model = self.model.single()
        if model is None or self.objective.custom is not None:
            return None
        y, weights = (np.asarray(v, dtype=np.float32) for v in (self.y, self.weights))
        return replace(self, model=model, y=y, weights=weights)  # type: ignore[arg-type]

    def bounds(self, problems: Rows) -> tuple[Array, Array]:
        """Return the lower and upper bounds of some problems, (b, P) or (P,)."""
        return _of(self.lower, problems), _of(self.upper, problems)

    @cached_property
    def _rounding(self) -> Array:
        """Mean weight and squared unit of the residuals, each (B,) or (): how these round."""
        log = self.objective.space == "log"
        unit = np.ones(()) if log else (self.y * self.y).mean(axis=-1)
        return np.stack(np.broadcast_arrays(self.weights.mean(axis=-1), unit))

    def size(self, value: Array, problems: Rows) -> Array:
        """Return what an objective (b,) is resolved against: :data:`RESOLUTION` times this.

        Beside the objective itself, the rounding of its residuals, which rules where a law passes
        through its runs.
        """
        w, unit = self._rounding[:, problems] if self._rounding.ndim == 2 else self._rounding
        rounding = 1e-2 * np.sqrt(np.abs(value) * w * unit) + 1e-14 * unit * w * self.runs
        return np.asarray(value + rounding)

    def short(self, value: Array, problems: Rows) -> Array:
        """Return the squared length (b,), in the metric, of a step too short to matter.

        Over so short a step residuals stay where they are, inside or outside a Huber zone, and
        what a second-order model says of the objective holds.
        """
        delta = self.objective.delta
        if self.objective.custom is not None or not 0 < delta < np.inf:
            return np.asarray(1e-4 * value)
        w = self._rounding[0]
        return np.broadcast_to(
            self.runs * (w if w.ndim == 0 else w[problems]) * (3e-3 * delta) ** 2, value.shape
        )

    def value(self, theta: Array, problems: Rows) -> Array:
        """Return the summed objective at internal parameters (b, P), shape (b,)."""
        out = np.zeros(len(theta))
        for rows, runs, model in self._blocks(problems):
            y, w = (
                self._of_runs(self.y, problems[rows], runs),
                self._of_runs(self.weights, problems[rows], runs),
            )
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

    def sums(
        self, theta: Array, problems: Rows, metric: Array | None = None
    ) -> tuple[Array, Array]:
        """Return the objective (b,) and its packed derivatives (b, R) at internal (b, P).

        Packed sums of the metric are added to ``metric`` (b, R) when it is given.
        """
        value = np.zeros(len(theta))
        sums = np.zeros((len(theta), self.model.packed))
        with np.errstate(all="ignore"):
            for rows, runs, model in self._blocks(problems):
                y = self._of_runs(self.target, problems[rows], runs)
                w = self._of_runs(self.weights, problems[rows], runs)
                point = model.at(theta[rows])
                total, a, b = self.objective.chain(point.f, y, w)
                value[rows] += total
                sums[rows] += point.pack(a, b)
                if metric is not None:
                    flat = w / point.f**2 if self.objective.space == "log" else w + 0 * point.f
                    metric[rows] += point.pack(np.zeros_like(flat), flat)
            value[~np.isfinite(value + sums.sum(axis=1))] = np.inf
        return value, sums

    def state(self, theta: Array, problems: Rows) -> State:
        """Return objective, exact derivatives and metric at internal parameters (b, P)."""
        outer = np.zeros((len(theta), self.model.packed))
        value, sums = self.sums(theta, problems, outer)
        with np.errstate(all="ignore"):
            return State(value, *self.model.unpack(sums), self.model.unpack(outer)[1])

    def _blocks(self, problems: Rows) -> Iterator[tuple[slice, slice, Model]]:
        """Cut problems and runs into blocks that fit the cache."""
        cells = max(1024, CELLS * 8 // self.y.itemsize // self.model.channels)
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
        if runs.start not in self._kept:
            self._kept[runs.start] = self.model.take(np.arange(1), runs)
        return self._kept[runs.start]

    def _of_runs(self, v: Array, problems: Rows, runs: slice) -> Array:
        if v.ndim == 1:
            return v[None, runs]
        first, last = int(problems[0]), int(problems[-1])
        if last - first + 1 == len(problems):
            return v[first : last + 1, runs]
        return v[problems, runs]


def _of(v: Array, problems: Rows) -> Array:
    return v if v.ndim == 1 else v[problems]


@dataclass(frozen=True)
class Move:
    """Damped steps (b, P), what they gain in the model (b,), and where the model has a minimum."""

    step: Array
    gain: Array
    positive: npt.NDArray[np.bool_]


def steps(state: State, free: npt.NDArray[np.bool_], damping: Array, bend: float) -> Move:
    """Return second-order steps of the free parameters, damped in the problem's own metric.

    ``(H + damping M) step = -g``; where that matrix has no minimum, ``(bend + damping) M`` stands
    in, the objective's curvature over a straight law. A parameter that cannot move has no gradient.
    """
    both = free[:, :, None] & free[:, None, :]
    unit = np.sqrt(np.maximum(np.einsum("bii->ib", state.metric), 1e-300))
    right = np.where(free.T, -state.gradient.T, 0.0) / unit

    def solved(hessian: Array, rows: Any) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
        matrix = hessian[rows] + damping[rows, None, None] * state.metric[rows]
        last = np.ascontiguousarray(np.where(both[rows], matrix, 0.0).transpose(1, 2, 0))
        last /= unit[:, None, rows] * unit[None, :, rows]
        diagonal = np.einsum("iib->ib", last)
        diagonal += np.where(free[rows].T, 1e-13, 1.0)
        factors = small.factor(last)
        return *small.solve(factors, right[:, rows]), factors.positive

    with np.errstate(all="ignore"):
        step, gain, positive = solved(state.hessian, slice(None))
        odd = np.flatnonzero(~positive)
        if odd.size:
            step[:, odd], gain[odd], _ = solved(bend * state.metric, odd)
        return Move((step / unit).T, 0.5 * gain, positive)


def root_of(metric: Array, free: npt.NDArray[np.bool_]) -> Array:
    """Return the matrices that whiten metrics (B, P, P); held parameters keep their own unit."""
    both = free[:, :, None] & free[:, None, :]
    eye = np.eye(metric.shape[1])
    diagonal = np.einsum("bii->bi", metric)
    ridge = np.where(free, 1e-13 * diagonal + 1e-300, 1.0)
    metric = np.where(both, metric, 0.0) + eye * ridge[:, :, None]
    scale = 1 / np.sqrt(np.einsum("bii->bi", metric))
    metric = metric * scale[:, :, None] * scale[:, None, :]
    try:
        root = np.linalg.inv(np.linalg.cholesky(metric + 1e-14 * eye))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(metric)
        root = vectors.swapaxes(1, 2) / np.sqrt(np.maximum(values, 1e-13))[:, :, None]
    return np.asarray(root * scale[:, None, :])


def within(
    state: State,
    free: npt.NDArray[np.bool_],
    damping: Array,
    bend: float,
    down: Array,
    up: Array,
) -> Move:
    """Return what :func:`steps` does, for steps that may go ``down`` and ``up`` so far, (b, P).

    A parameter whose step would pass its bound goes to the bound, and the others step as is best
    given that.
    """
    move = steps(state, free, damping, bend)
    stopped = np.zeros_like(free)
    for _ in range(free.shape[1]):
        past = ~stopped & ((move.step < down) | (move.step > up))
        some = np.flatnonzero(past.any(axis=1))
        if not some.size:
            break
        stopped |= past
        fixed = np.where(stopped, np.clip(move.step, down, up), 0.0)[some]
        bent = _select(state, some)
        push = np.einsum("bij,bj->bi", bent.hessian, fixed)
        bent = replace(bent, gradient=bent.gradient + push)
        rest = steps(bent, free[some] & ~stopped[some], damping[some], bend)
        move.step[some] = np.where(stopped[some], fixed, rest.step)
    return replace(move, step=np.clip(move.step, down, up))


def descend(
    task: Task, theta: Array, *, resolution: float = RESOLUTION, most: int = MAX_STEPS
) -> Solution:
    """Step from each start (B, P) to a minimum, in at most so many steps."""
    everyone = np.arange(len(theta))
    theta = np.clip(theta, task.lower, task.upper)
    state = task.state(theta, everyone)
    converged = np.zeros(len(theta), dtype=bool)
    taken = np.zeros(len(theta), dtype=np.intp)
    damping = np.full(len(theta), 0.3)
    live = np.flatnonzero(np.isfinite(state.value))
    bend = float(task.objective.parts(np.zeros((1, 1)))[2][0, 0]) or 1.0
    for _ in range(most):
        if not live.size:
            break
        at, here, level = theta[live], _select(state, live), damping[live]
        lower, upper = task.bounds(live)
        slope = here.gradient
        free = ~(((at <= lower) & (slope >= 0)) | ((at >= upper) & (slope <= 0)))
        move = within(here, free, level, bend, lower - at, upper - at)
        size = task.size(here.value, live)
        length = np.einsum("bi,bij,bj->b", move.step, here.metric, move.step)
        done = move.positive & (level <= UNDAMPED) & (move.gain <= resolution * size)
        done &= length <= task.short(here.value, live)
        converged[live[done]] = True
        # The last step is taken without looking: it is below what the objective resolves.
        theta[live[done]] += move.step[done]
        go = ~done
        trying, step = live[go], move.step[go]
        there = at[go] + step
        found = task.state(there, trying)
        fall = here.value[go] - found.value
        better = fall > 0
        theta[trying[better]] = there[better]
        state.put(trying[better], found, better)
        model = np.where(move.positive[go, None, None], here.hessian[go], bend * here.metric[go])
        promise = -np.einsum("bi,bi->b", slope[go], step) - 0.5 * np.einsum(
            "bi,bij,bj->b", step, model, step
        )
        good = better & (fall > 0.25 * promise)
        damping[trying] *= np.where(good, 0.125, np.where(better, 1.0, 6.0))
        damping[trying] = np.maximum(damping[trying], np.where(better, 0.0, 1e-6))
        taken[trying] += 1
        # What rounding hides: no step lowers the objective, and none promises to by much.
        flat = ~better & move.positive[go] & (move.gain[go] <= 1e3 * resolution * size[go])
        converged[trying[flat]] = True
        lost = damping[trying] > 1e14
        left = go.copy()
        left[np.flatnonzero(go)[flat | lost]] = False
        live = live[left]
    return Solution(theta, state.value, converged, taken)


def _select(state: State, which: Any) -> State:
    return State(
        state.value[which], state.gradient[which], state.hessian[which], state.metric[which]
    )


def path(objective: Objective, begin: float | None) -> list[float]:
    """Return the widths to pass through from ``begin`` on the way to the objective's ``delta``."""
    delta = objective.delta
    if objective.custom is not None:
        return [delta]
    if delta == 0:
        return [float(d) for d in np.geomspace(begin or 1e-3, 1e-10, 13)]
    if begin is None or begin <= delta:
        return [delta]
    stages = int(np.ceil(np.log10(begin / delta))) + 1
    return [*map(float, np.geomspace(begin, delta, stages)[:-1]), delta]


def minimise(
    task: Task, starts: Array, *, begin: float | None = None, most: int = MAX_STEPS
) -> Solution:
    """Minimise the summed objective from each start (B, P), in at most so many steps a stage.

    A Huber objective is approached from the width ``begin`` down, so that a far start is not lost
    in a landscape that is nearly flat along its valleys. Least absolute deviation is always
    reached through Huber objectives, with ``delta`` falling to 1e-10.
    """
    theta, objective = starts, task.objective
    widths = path(objective, begin)
    for delta in widths:
        stage = replace(task, objective=replace(objective, delta=delta))
        last = delta == widths[-1]
        # Least absolute deviation follows its path closely; a first approach may be loose.
        close = last or objective.delta == 0
        solution = descend(stage, theta, resolution=RESOLUTION if close else LOOSE, most=most)
        theta = solution.theta
    if objective.delta == 0:
        from scalinglaws.vertex import settle

        value = task.value(theta, np.arange(len(theta)))
        solution = settle(task, replace(solution, objective=value))
    return solution


def join(parts: list[Solution]) -> Solution:
    """Put batches of solutions one after the other."""
    return Solution(
        np.concatenate([p.theta for p in parts]),
        np.concatenate([p.objective for p in parts]),
        np.concatenate([p.converged for p in parts]),
        np.concatenate([p.steps for p in parts]),
    )
