"""Plans: a way to a minimum that asks for its descents, so that many fits can take theirs together.

A descent from a few starts over a few dozen runs costs little but the calls that it is made of,
and these cost as much for a hundred fits as for one. A plan is a generator: it yields each descent
that it waits for, and is sent what was found. What a fit finds does not depend, but for rounding,
on which others it is followed with.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.errors import ScalingLawError
from scalinglaws.fitting.solver.damped_newton import MAX_STEPS, descend
from scalinglaws.fitting.solver.problem import RESOLUTION, Rows, Solution, Task
from scalinglaws.fitting.solver.trust_region import descend_far

LONG = 256
"""Runs from which on a descent keeps numpy busy by itself."""

STRIDE = 32
"""Tables go together when their lengths differ by less than this: the shorter ones are filled."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ask:
    """A descent that a plan waits for: see :func:`descend`, and :func:`descend_far` by radius."""

    task: Task
    theta: Array
    most: int = MAX_STEPS
    resolution: float = RESOLUTION
    damping: Array | None = None
    radius: Array | None = None

    @property
    def kind(self) -> tuple[object, ...]:
        """What descents have in common that can be made together."""
        task = self.task
        own = not task.model.shared or task.y.ndim + task.weights.ndim + task.lower.ndim > 3
        # Fewer runs than parameters have many minima: rounding decides, and so who goes along.
        if own or not self.theta.shape[1] <= task.runs < LONG:
            return (id(self),)
        how = (self.most, self.resolution, self.damping is None, self.radius is None)
        return (*task.model.kind, task.objective, task.straight, task.runs // STRIDE, *how)


T = TypeVar("T")
Plan = Generator[Ask, Solution, T]


def run(plan: Plan[T]) -> T:
    """Follow one plan to its end."""
    try:
        ask = next(plan)
        while True:
            ask = plan.send(_descend(ask))
    except StopIteration as end:
        found: T = end.value
        return found


def run_all(plans: Iterable[Plan[T]]) -> list[T | ScalingLawError]:
    """Follow plans side by side; one that the library refuses ends in its refusal."""
    everyone = list(plans)
    ends: dict[int, T | ScalingLawError] = {}
    waiting: dict[int, Ask] = {}

    def go_on(number: int, answer: Solution | None) -> None:
        plan = everyone[number]
        try:
            waiting[number] = next(plan) if answer is None else plan.send(answer)
        except StopIteration as end:
            ends[number] = end.value
        except ScalingLawError as refusal:
            ends[number] = refusal

    for number in range(len(everyone)):
        go_on(number, None)
    while waiting:
        alike: dict[tuple[object, ...], list[int]] = {}
        for number, ask in waiting.items():
            alike.setdefault(ask.kind, []).append(number)
        # Those that most are waiting for: the others may be joined by more.
        group = max(alike.values(), key=len)
        found = _together([waiting.pop(number) for number in group])
        for number, answer in zip(group, found, strict=True):
            go_on(number, answer)
    return [ends[number] for number in range(len(everyone))]


def _descend(ask: Ask) -> Solution:
    task, most = ask.task, ask.most
    if ask.radius is not None:
        logs = np.array([p.space == "log" for p in task.model.law.parameters])
        return descend_far(task, ask.theta, logs=logs, radius=ask.radius, most=most)
    return descend(task, ask.theta, resolution=ask.resolution, most=most, damping=ask.damping)


def _together(asks: list[Ask]) -> list[Solution]:
    """Make the descents of one kind in one."""
    first = asks[0]
    if len(asks) == 1:
        return [_descend(first)]
    counts = [len(ask.theta) for ask in asks]
    whole = Ask(
        task=_joined([ask.task for ask in asks], np.repeat(np.arange(len(asks)), counts)),
        theta=np.concatenate([ask.theta for ask in asks]),
        most=first.most,
        resolution=first.resolution,
        damping=_all([ask.damping for ask in asks]),
        radius=_all([ask.radius for ask in asks]),
    )
    found = _descend(whole)
    ends = np.cumsum(counts)
    parts = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
    if whole.damping is not None:
        for ask, part in zip(asks, parts, strict=True):
            assert ask.damping is not None
            ask.damping[:] = whole.damping[part]
    return [
        Solution(found.theta[p], found.objective[p], found.converged[p], found.steps[p])
        for p in parts
    ]


def _all(parts: list[Array | None]) -> Array | None:
    there = [p for p in parts if p is not None]
    return np.concatenate(there) if there else None


def _joined(tasks: list[Task], rows: Rows) -> Task:
    """Return the task of all these, one row per start: ``rows`` (B,) says whose it is."""
    first, runs = tasks[0], max(task.runs for task in tasks)

    def wide(values: list[Array], fill: list[float]) -> Array:
        out = np.repeat(np.array(fill)[:, None], runs, axis=1)
        for line, v in zip(out, values, strict=True):
            line[: len(v)] = v
        return out[rows]

    # What is filled in has no weight; it is a run all the same, at which a law can be asked.
    x = {
        k: wide([t.model.x[k] for t in tasks], [float(t.model.x[k][-1]) for t in tasks])
        for k in first.model.x
    }
    return Task(
        first.model.of_rows(x, rows),
        wide([t.y for t in tasks], [float(np.sqrt(np.mean(t.y**2))) for t in tasks]),
        wide([t.weights for t in tasks], [0.0] * len(tasks)),
        first.objective,
        np.stack([t.lower for t in tasks])[rows],
        np.stack([t.upper for t in tasks])[rows],
        first.straight,
        np.array([t.runs for t in tasks], dtype=float)[rows],
    )
