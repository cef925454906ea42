"""What a fit says of itself: one sentence to read first, and the condition of its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scalinglaws._typing import Array
    from scalinglaws.fitting.solver.problem import Task

NEAR = 1e-6
"""A parameter this close to a bound, in its own unit, is at it."""

LOOSE = 1e12
"""Condition number from which on doubles cannot distinguish one set of parameters from another."""


def status_of(
    converged: bool, at_bound: tuple[str, ...], condition: float, agree: int, tried: int
) -> tuple[str, bool]:
    """Return the sentence that a fit is introduced by, and whether it carries no warning."""
    found = f"{agree} of {tried} starts agree on the best objective"
    if agree < tried:
        found += ", the others converged to worse minima"
    if not converged:
        return f"The solver stopped before it reached a minimum; {found}.", False
    if at_bound:
        where = ", ".join(at_bound)
        return f"Minimum found with {where} at the edge of its range; {found}.", False
    if condition > LOOSE:
        return (
            f"Minimum found, but the runs do not identify its parameters (condition number "
            f"{condition:.0e}): others fit as well; {found}.",
            False,
        )
    if agree == 1 and tried > 1:
        return f"Minimum found by one start only of {tried}: it may not be the lowest.", False
    return f"Minimum found inside all bounds; {found}.", True


def condition_of(task: Task, theta: Array, only: Sequence[int] | None = None) -> float:
    """Return the condition number of the free part of the metric, scaled to unit diagonal.

    ``only`` names the columns that count.
    """
    free = (theta > task.lower) & (theta < task.upper)
    if only is not None:
        free &= np.isin(np.arange(len(theta)), only)
    if not free.any():
        return float("nan")
    inner = task.metric(theta)[np.ix_(free, free)]
    size = np.sqrt(np.diag(inner))
    if not np.isfinite(inner).all() or not (size > 0).all():
        return float("inf")
    return float(np.linalg.cond(inner / size[:, None] / size))
