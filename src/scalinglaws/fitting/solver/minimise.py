"""Minimise an objective from given starts, through wider objectives where it is narrow."""

from dataclasses import replace

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.objectives import Objective
from scalinglaws.fitting.solver.damped_newton import MAX_STEPS
from scalinglaws.fitting.solver.lad_vertex import settle
from scalinglaws.fitting.solver.plan import Ask, Plan, run
from scalinglaws.fitting.solver.problem import RESOLUTION, Solution, Task

LOOSE = 1e-4
"""Resolution of a stage that only leads to the next one."""


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
    return run(minimising(task, starts, begin=begin, most=most))


def minimising(
    task: Task, starts: Array, *, begin: float | None = None, most: int = MAX_STEPS
) -> Plan[Solution]:
    """Plan what :func:`minimise` does."""
    theta, objective = starts, task.objective
    widths = path(objective, begin)
    for delta in widths:
        stage = replace(task, objective=replace(objective, delta=delta))
        last = delta == widths[-1]
        # Least absolute deviation follows its path closely; a first approach may be loose.
        close = last or objective.delta == 0
        resolution = RESOLUTION if close else LOOSE
        solution = yield Ask(task=stage, theta=theta, resolution=resolution, most=most)
        theta = solution.theta
    if objective.delta == 0:
        value = task.value(theta, np.arange(len(theta)))
        solution = settle(task, replace(solution, objective=value))
    return solution
