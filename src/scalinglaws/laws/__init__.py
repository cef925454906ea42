"""Laws as values: functional forms with their parameters, bounds, symbols and references.

A sum of powers is built by :func:`power_law` or :func:`sum_of_powers`; any other formula is a
:class:`Law` with a ``function`` in numpy. Laws add and multiply: ``law_1 + law_2``.
"""

from scalinglaws.laws.batch_size import STEPS_TO_TARGET
from scalinglaws.laws.curves import broken_power_law, saturating, shifted
from scalinglaws.laws.downstream import (
    ABNAR,
    LOGIT_LINE,
    LOSS_TO_ERROR,
    logistic_in_log,
    loss_to_loss,
    sigmoid,
)
from scalinglaws.laws.embeddings import recounted
from scalinglaws.laws.interaction import INTERACTION
from scalinglaws.laws.joint import KAPLAN_ND, KAPLAN_NS, OVERTRAINED, ROUTED
from scalinglaws.laws.law import Law, add, multiply
from scalinglaws.laws.limited import DATA_CONSTRAINED
from scalinglaws.laws.parts import Parameter, Term
from scalinglaws.laws.powers import CHINCHILLA, TIED, line, power_law, product, sum_of_powers
from scalinglaws.laws.schedule import ANNEALED, areas
from scalinglaws.laws.transfer import TRANSFER, rectified, vanilla
from scalinglaws.laws.worlds import BLEU, BOARD_GAME, ENCODER_DECODER, both_ends

__all__ = [
    "ABNAR",
    "ANNEALED",
    "BLEU",
    "BOARD_GAME",
    "CHINCHILLA",
    "DATA_CONSTRAINED",
    "ENCODER_DECODER",
    "INTERACTION",
    "KAPLAN_ND",
    "KAPLAN_NS",
    "LOGIT_LINE",
    "LOSS_TO_ERROR",
    "OVERTRAINED",
    "ROUTED",
    "STEPS_TO_TARGET",
    "TIED",
    "TRANSFER",
    "Law",
    "Parameter",
    "Term",
    "add",
    "areas",
    "both_ends",
    "broken_power_law",
    "line",
    "logistic_in_log",
    "loss_to_loss",
    "multiply",
    "power_law",
    "product",
    "recounted",
    "rectified",
    "saturating",
    "shifted",
    "sigmoid",
    "sum_of_powers",
    "vanilla",
]
