"""What upstream progress buys downstream: saturation, rank inversions, trends and ladders.

:func:`pairs` reads a table of scores, :func:`aligned` sets learning curves of several tasks
against one of them, :func:`frontier` takes the hull of a cloud of models,
:func:`saturation` the level at which a task stops following its upstream task (Abnar et al. 2021),
:func:`ahead` tells which law predicts the better models from the worse,
:func:`inversions` counts how often two tasks rank two models differently, :func:`trends` what a
task does as the loss falls, and :func:`ladder` goes from runs to a task's score in two steps,
:func:`one_step` in one; :func:`chained` predicts an average error by way of the loss.
"""

from scalinglaws.downstream._ahead import ahead
from scalinglaws.downstream._chain import chained
from scalinglaws.downstream._cloud import aligned, frontier, pairs
from scalinglaws.downstream._emergence import emergence
from scalinglaws.downstream._finetuning import bends, by_size, in_sample, slopes
from scalinglaws.downstream._inversions import inversions
from scalinglaws.downstream._ladder import Ladder, ladder
from scalinglaws.downstream._rungs import anchored, ladders, one_step, rungs
from scalinglaws.downstream._saturation import Saturation, saturation, saturations
from scalinglaws.downstream._scored import hold_largest, scored
from scalinglaws.downstream._selecting import choice_rates, predicted_ends, select
from scalinglaws.downstream._trends import trends

__all__ = [
    "Ladder",
    "Saturation",
    "ahead",
    "aligned",
    "anchored",
    "bends",
    "by_size",
    "chained",
    "choice_rates",
    "emergence",
    "frontier",
    "hold_largest",
    "in_sample",
    "inversions",
    "ladder",
    "ladders",
    "one_step",
    "pairs",
    "predicted_ends",
    "rungs",
    "saturation",
    "saturations",
    "scored",
    "select",
    "slopes",
    "trends",
]
