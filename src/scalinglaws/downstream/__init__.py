"""What upstream progress buys downstream: saturation, rank inversions, trends and ladders.

:func:`pairs` reads a table of scores, :func:`frontier` takes the hull of a cloud of models,
:func:`saturation` the level at which a task stops following its upstream task (Abnar et al. 2021),
:func:`inversions` counts how often two tasks rank two models differently, :func:`trends` what a
task does as the loss falls, and :func:`ladder` goes from runs to a task's score in two steps.
"""

from scalinglaws.downstream.cloud import frontier, pairs
from scalinglaws.downstream.inversions import inversions
from scalinglaws.downstream.ladder import Ladder, ladder
from scalinglaws.downstream.saturation import Saturation, saturation, saturations
from scalinglaws.downstream.trends import trends

__all__ = [
    "Ladder",
    "Saturation",
    "frontier",
    "inversions",
    "ladder",
    "pairs",
    "saturation",
    "saturations",
    "trends",
]
