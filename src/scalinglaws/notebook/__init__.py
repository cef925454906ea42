"""What chapters write with: questions, sentences, tables, claims, and refusals in their place."""

from scalinglaws._format import number
from scalinglaws.notebook.asking import show_refusals
from scalinglaws.notebook.checked import Reply, answer
from scalinglaws.notebook.refusal import Refusal, ask, say
from scalinglaws.notebook.tables import Table, count, show
from scalinglaws.notebook.verdicts import Claim, Claims, claim, claims
from scalinglaws.notebook.words import counted, listed, off, share, span

__all__ = [
    "Claim",
    "Claims",
    "Refusal",
    "Reply",
    "Table",
    "answer",
    "ask",
    "claim",
    "claims",
    "count",
    "counted",
    "listed",
    "number",
    "off",
    "say",
    "share",
    "show",
    "show_refusals",
    "span",
]
