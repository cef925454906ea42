"""A figure on a page that no notebook stands behind: drawn when its numbers or its code change."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from bookmaker.drawings import FOLDER, lift_drawings
from bookmaker.keys import Keys
from bookmaker.project import write_atomically
from scalinglaws._mime import FIGURE as MIME
from scalinglaws.notebook.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from bookmaker.project import Project

KEPT = "drawn"
"""Folder below the build's in which drawings are kept from one build to the next."""


def exponents_figure(project: Project, table: pd.DataFrame, message: str) -> str:
    """Write the drawings of the printed exponents; return the figure in MyST Markdown."""

    def draw() -> Any:
        import scalinglaws as sl  # late: an unchanged book draws nothing
        from bookmaker.exponents import VARIABLES

        return sl.figures.spread(
            table,
            of="exponent",
            rows="task",
            columns="variable",
            order=VARIABLES,
            ours="ours",
            hollow="rises",
            xlabel="exponent, as printed",
            hollow_words="of a score that rises",
            message=message,
        )

    below = int((table["exponent"] <= 0).sum())
    return figure(
        project,
        "fig-exponents",
        draw=draw,
        code="import scalinglaws as sl\nsl.figures.spread()",
        numbers=table.to_csv(index=False) + message,
        alt="One line a task, one mark an exponent on a logarithmic axis; colour and shape of the "
        "marks say what is scaled. Language modelling has most marks and is spread widest.",
        caption="Each mark is an exponent that a paper prints, filled where a loss or an error "
        "falls and hollow where a score rises. Rings are fitted here, joined to the printed value. "
        f"Not drawn: {counted(below, 'exponent')} below zero.",
    )


def figure(
    project: Project,
    name: str,
    *,
    draw: Callable[[], Any],
    code: str,
    numbers: str,
    alt: str,
    caption: str,
) -> str:
    """Write a figure's drawings to the pages; return the figure for a page one folder down.

    ``draw`` gives the picture, ``code`` is what it runs, and ``numbers`` is all else that it
    depends on: while neither changes, the drawings of the last build are taken.
    """
    cell = {"cell_type": "code", "metadata": {}, "source": code}
    key = Keys(project).of({"cells": [cell]}, {"numbers": numbers})
    kept = project.build / KEPT / f"{name}.json"
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    if known.get("key") != key:
        data = draw()._repr_mimebundle_()[0]
        known = {"key": key, "data": {kind: data[kind] for kind in ("image/png", MIME)}}
        write_atomically(kept, json.dumps(known))
    image = {"alt": alt}
    shown = {"outputs": [{"data": known["data"]}], "metadata": {"mystnb": {"image": image}}}
    file = _written(shown, project.pages / FOLDER)
    words = image["alt"]  # with the message before it
    return "\n".join(
        [
            f"```{{figure}} ../{FOLDER}/{file}",
            f":name: {name}",
            f":alt: {json.dumps(words, ensure_ascii=False)}",
            ":width: 688px",
            caption,
            "```",
        ]
    )


def _written(cell: dict[str, Any], folder: Path) -> str:
    """Write all drawings of a cell's figure; return the name of the one that the page shows."""
    lift_drawings(cell, folder)
    plain = b64decode(cell["outputs"][0]["data"]["image/png"])
    file = f"{hashlib.sha256(plain).hexdigest()}.png"
    (folder / file).write_bytes(plain)
    return file
