"""What chapters write with: questions, sentences, tables, claims, and refusals in their place."""

from scalinglaws._format import number
from scalinglaws.notebook.refusal import Refusal, ask, say
from scalinglaws.notebook.tables import Table, count, show
from scalinglaws.notebook.verdicts import Claim, Claims, claim, claims

__all__ = [
    "Claim",
    "Claims",
    "Refusal",
    "Table",
    "ask",
    "claim",
    "claims",
    "count",
    "number",
    "say",
    "show",
]
