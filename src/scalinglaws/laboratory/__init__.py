"""A laboratory on a laptop: small language models of your own, trained on text that is there.

``read_text`` takes English prose from the documentation of an installed package, ``ladder`` trains
a model for each size and each amount of text, and returns the table of runs that ``fit`` wants. No
accelerator and no network are needed.
"""

from scalinglaws.laboratory.models import CharacterModel
from scalinglaws.laboratory.runs import PLANS, Plan, ladder
from scalinglaws.laboratory.text import ALPHABET, Text, read_text
from scalinglaws.laboratory.training import Recipe, train

__all__ = [
    "ALPHABET",
    "PLANS",
    "CharacterModel",
    "Plan",
    "Recipe",
    "Text",
    "ladder",
    "read_text",
    "train",
]
