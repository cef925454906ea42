"""What labels stand for in plain text: papers, chapters, sections and equations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bookmaker.bibliography import cited_as
from bookmaker.pages import title_of
from bookmaker.plain import Names, equation_numbers, section_titles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bookmaker.project import Project


def shared_names(project: Project) -> Names:
    """Return the names that every chapter of a book may use: its papers and its chapters."""
    titles = {c.name.rsplit("/", 1)[-1]: title_of(c.source) for c in project.chapters()}
    return Names(cited=cited_as(project), titles=titles)


def names_in(cells: Sequence[Any], shared: Names) -> Names:
    """Return the names of one chapter: the shared ones, its sections and its equations."""
    texts = [c["source"] for c in cells if c["cell_type"] == "markdown"]
    titles = {**shared.titles, **section_titles(texts)}
    return replace(shared, titles=titles, numbers=equation_numbers(texts))
