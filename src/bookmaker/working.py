"""A chapter as a notebook to work in: plain Markdown, the code in its order, what is folded shut.

The same cells go to JupyterLab, into the file that a page offers, and to the reader's browser. No
directive and no role of the book's renderer is left, so that any reader of notebooks shows them.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bookmaker.bibliography import addresses, cited_as
from bookmaker.compose import FOLD
from bookmaker.exercises import exercises_in
from bookmaker.folds import SOLUTION, folded
from bookmaker.pages import title_of, toc_pages
from bookmaker.plain import Names, equation_numbers, plain, section_titles, solution_title
from bookmaker.project import read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bookmaker.project import Project

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_OURS = "application/vnd.scalinglaws."
_HIDDEN = {FOLD, "remove-input", "hide-cell"}
_TAG = re.compile(r" \\tag\{\d+\}$", re.M)
_LOCAL_LINK = re.compile(r"\[([^\]]+)\]\((?!\w+:|#)([^)\s]*)\)")


def names_in(project: Project) -> Names:
    """Return what stands for the labels of a whole book: citations, titles, exercises.

    Exercises are numbered through the book in the order of its pages, as the pages number them.
    """
    chapters = {c.name: c for c in project.chapters()}
    order = [name for name in toc_pages(project) if name in chapters]
    labels = [
        one.label
        for name in order
        for one in exercises_in(_texts(read_plain(chapters[name].source)))
    ]
    return Names(
        cited=cited_as(project),
        titles={name.rsplit("/", 1)[-1]: title_of(c.source) for name, c in chapters.items()},
        addresses=addresses(project),
        exercises={label: number for number, label in enumerate(labels, start=1)},
    )


def names_of(whole: Mapping[str, Any], shared: Names) -> Names:
    """Return the names of a book with those of one chapter: its sections, its equations."""
    texts = _texts(whole)
    titles = {**shared.titles, **section_titles(texts)}
    return replace(shared, titles=titles, numbers=equation_numbers(texts))


def working(
    whole: Mapping[str, Any],
    shared: Names,
    *,
    first: Sequence[Mapping[str, Any]] = (),
    outputs: bool = True,
    links: bool = False,
    myst: bool = False,
    kernel: Mapping[str, str] = KERNEL,
) -> dict[str, Any]:
    """Return a chapter, plain JSON with its outputs, as a notebook to work in.

    ``first`` are cells to begin with. ``outputs`` may be left out; ``links`` to other chapters stay
    where these lie beside it, and become their titles where not. Code under a fold is shut with its
    outputs, text under one is a fold of its own. With ``myst``, for a JupyterLab that renders MyST,
    the cell of such a text is shut, since it shows the folds of HTML open, and equations have no
    numbers, since it adds the same ones.
    """
    names = names_of(whole, shared)
    cells = [json.loads(json.dumps(dict(cell))) for cell in first]
    for cell, under, fresh in folded(whole["cells"]):
        said, code = _said(under, names), cell["cell_type"] == "code"
        made = plain_cell(cell, names)
        if code:
            if fresh:
                label = {"cell_type": "markdown", "id": f"{cell['id']}-fold"[:64], "metadata": {}}
                cells.append({**label, "source": f"*{said}, shut below:*"})
            if not outputs:
                made["outputs"] = []
        else:
            text = _linked(made["source"], links=links)
            made["source"] = _in_myst(text, said) if myst else _in_html(text, said)
        if under and (code or myst):
            made["metadata"]["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        cells.append(made)
    _count(cells, ran=outputs)
    return {
        "cells": cells,
        "metadata": {"kernelspec": dict(kernel)},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def plain_cell(cell: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """Return a cell without what only the book's renderer reads, its source hidden as there."""
    made: dict[str, Any] = json.loads(json.dumps(dict(cell)))
    tags = made["metadata"].get("tags", [])
    made["metadata"] = {"tags": tags} if tags else {}
    if made["cell_type"] == "markdown":
        made["source"] = plain(made["source"], names)
        return made
    if _HIDDEN & set(tags):
        made["metadata"]["jupyter"] = {"source_hidden": True}
    for output in made["outputs"]:
        data = {k: v for k, v in output.get("data", {}).items() if not k.startswith(_OURS)}
        if "data" in output:
            output["data"] = data
        if "text/markdown" in data:
            data["text/markdown"] = plain("".join(data["text/markdown"]), names)
    return made


def _said(under: str, names: Names) -> str:
    """Return the words over what is folded."""
    label = under.removeprefix(SOLUTION)
    return under if label == under else solution_title(label, names)


def _in_myst(text: str, said: str) -> str:
    # A cell that is shut shows its first line.
    whole = _TAG.sub("", text)
    return f"**{said}**\n\n{whole}" if said else whole


def _in_html(text: str, said: str) -> str:
    return f"<details><summary>{said}</summary>\n\n{text}\n\n</details>" if said else text


def _linked(text: str, *, links: bool) -> str:
    """Keep links to chapters that lie beside this one; of the others, only their words."""

    def shown(found: re.Match[str]) -> str:
        there = links and found[2].partition("#")[0].endswith(".ipynb")
        return found[0] if there else f"*{found[1].strip('*')}*"

    return _LOCAL_LINK.sub(shown, text)


def _count(cells: Sequence[dict[str, Any]], *, ran: bool) -> None:
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, start=1):
        cell["execution_count"] = number if ran and cell["outputs"] else None
        for output in cell["outputs"]:
            if output["output_type"] == "execute_result":
                output["execution_count"] = number


def _texts(whole: Mapping[str, Any]) -> list[str]:
    return [cell["source"] for cell in whole["cells"] if cell["cell_type"] == "markdown"]
