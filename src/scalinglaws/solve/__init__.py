"""The batched solver: one call minimises a summed objective for many problems at once.

What is minimised (:mod:`~scalinglaws.solve.task`), one second-order step
(:mod:`~scalinglaws.solve.step`), the way down (:mod:`~scalinglaws.solve.descent`), and through
wider objectives (:mod:`~scalinglaws.solve.minimum`). On these rest: many starts
(:mod:`~scalinglaws.solve.search`), thousands of refits near one point
(:mod:`~scalinglaws.solve.near`) on what these share (:mod:`~scalinglaws.solve.expansion`), least
squares from a user's start (:mod:`~scalinglaws.solve.trust`), and least absolute deviations: onto
the vertex (:mod:`~scalinglaws.solve.vertex`), and down to a proven one
(:mod:`~scalinglaws.solve.programs`).
"""

from scalinglaws.solve.descent import descend
from scalinglaws.solve.minimum import minimise
from scalinglaws.solve.step import root_of
from scalinglaws.solve.task import CELLS, RESOLUTION, Rows, Solution, Task, join

__all__ = [
    "CELLS",
    "RESOLUTION",
    "Rows",
    "Solution",
    "Task",
    "descend",
    "join",
    "minimise",
    "root_of",
]
