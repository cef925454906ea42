"""Run chapters, gather their claims and render the book.

``book`` executes what changed and renders the site; ``run`` executes one chapter on a reader's own
runs; ``refresh_references`` renews the text outputs that the sources store; ``lint`` lists what a
chapter or the bibliography breaks. The command line is ``python -m bookmaker``.
"""

from bookmaker.book import book, refresh_references, run
from bookmaker.claims import gather_claims
from bookmaker.lint import lint
from bookmaker.parameters import Parameter, check_parameters, read_parameters
from bookmaker.project import Chapter, Project

__all__ = [
    "Chapter",
    "Parameter",
    "Project",
    "book",
    "check_parameters",
    "gather_claims",
    "lint",
    "read_parameters",
    "refresh_references",
    "run",
]
