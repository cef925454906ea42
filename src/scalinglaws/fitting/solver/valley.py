"""Follow a valley to its end: one parameter is moved in growing strides, the others follow.

Where parameters hardly differ in what they do, the ground falls along a narrow curve, and every
step that keeps to it is short. Of the parameter that tells best where along the curve one is, the
lowest ground at each value is found in a few steps; strides along it may double.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scalinglaws.fitting.solver import trust_region
from scalinglaws.fitting.solver.minimise import minimising
from scalinglaws.fitting.solver.plan import Ask, Plan
from scalinglaws.fitting.solver.problem import Solution, Task

if TYPE_CHECKING:
    from scalinglaws._typing import Array

PLAIN = 150
"""Steps inside a radius before a valley is followed."""

LOOK = 24
"""Steps that tell which way the valley goes."""

STRIDES = 60
"""Strides along a valley, back and forth, before it is given up."""

FOLLOW = 25
"""Steps that the other parameters may take to the lowest ground of a stride."""

ROUGH = 1e-9
"""Resolution of the lowest ground of a stride: it only leads on."""

LEGS = 4
"""How often a valley is looked along anew: another parameter may tell better where it goes."""

LEAST = 1e-12
"""Share of the objective that a stride must win to count."""


def to_the_end(task: Task, theta: Array) -> Plan[Solution]:
    """Plan to where a point (P,) that has not converged leads: one row, converged or not.

    First by the usual steps, then along the valley, then by the usual steps again.
    """
    found = yield from _plainly(task, theta)
    if found.converged[0]:
        return found
    along = yield from follow(task, found.theta[0])
    steps, again = found.steps + along.steps, along
    if not along.converged[0]:
        again = yield from _plainly(task, along.theta[0])
        steps = steps + again.steps
    return Solution(again.theta, again.objective, again.converged, steps)


def _plainly(task: Task, theta: Array) -> Plan[Solution]:
    if not trust_region.applies(task.objective):
        return (yield from minimising(task, theta[None]))
    radius = np.array([trust_region.RADII[-1]])
    return (yield Ask(task=task, theta=theta[None], radius=radius, most=PLAIN))


def follow(task: Task, begin: Array) -> Plan[Solution]:
    """Plan to the end of the valley in which a point (P,) lies: one row, converged or not."""
    first = yield Ask(task=task, theta=begin[None], most=LOOK)
    steps = int(first.steps[0])
    best = first
    for _ in range(LEGS):
        if best.converged[0]:
            break
        drift = best.theta[0] - begin
        if not drift.any():
            break
        begin = best.theta[0]
        there, more = yield from _strides(task, begin, float(best.objective[0]), drift)
        found = yield Ask(task=task, theta=there[None], most=LOOK)
        steps += more + int(found.steps[0])
        if not found.objective[0] < best.objective[0] * (1 - LEAST) and not found.converged[0]:
            best = found if found.objective[0] < best.objective[0] else best
            break
        best = found
    return Solution(best.theta, best.objective, best.converged, np.array([steps], dtype=np.intp))


def _strides(task: Task, theta: Array, level: float, drift: Array) -> Plan[tuple[Array, int]]:
    """Plan to the lowest point found along the valley from a point on it, and the steps taken."""
    weight = np.sqrt(np.maximum(np.diag(task.metric(theta)), 0.0))
    j = int(np.argmax(np.abs(drift) * weight))
    slope, stride, steps = drift / drift[j], 4.0 * drift[j], 0
    for _ in range(STRIDES):
        at = np.clip(theta[j] + stride, task.lower[j], task.upper[j])
        if at == theta[j]:
            break
        lower, upper = task.lower.copy(), task.upper.copy()
        lower[j] = upper[j] = at
        guess = np.clip(theta + slope * (at - theta[j]), lower, upper)
        stay = np.clip(np.where(np.arange(len(theta)) == j, at, theta), lower, upper)
        held = replace(task, lower=lower, upper=upper)
        both = np.stack([guess, stay])
        found = yield Ask(task=held, theta=both, most=FOLLOW, resolution=ROUGH)
        one = int(found.objective.argmin())
        steps += int(found.steps.max())
        if found.objective[one] < level * (1 - LEAST):
            slope = (found.theta[one] - theta) / (at - theta[j])
            theta, level = found.theta[one], float(found.objective[one])
            stride *= 2.0
        elif abs(stride) <= 1e-3 * abs(drift[j]):
            break
        else:
            stride *= -0.25
    return theta, steps
