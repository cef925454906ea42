"""Compose a page from a chapter's source and the outputs that its execution gave.

The answer and its picture come first, machinery is folded, words of the glossary are linked where
they are first used, and what is read last is written at the end. The source says what is what by
the tags of its cells; nothing else about it changes.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

from bookmaker.drawings import lift_drawings
from bookmaker.words import link_terms, reading_minutes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MINUTE, PICTURE = "minute", "picture"
"""Tags of the cell that answers in one minute, and of the one that draws the chapter's picture."""

FOLD = "hide-input"
_SHUT = {FOLD, "hide-cell", "remove-input", "remove-cell"}
_CARD = re.compile(r"<p class='sl-full' data-set='([\w./-]+)'>.*?</p>", re.S)
_HTML = ("text/html", "text/markdown")


def compose(
    source: Mapping[str, Any],
    executed: Mapping[str, Any],
    *,
    terms: Mapping[str, str],
    cite: str,
    drawings: Path,
) -> dict[str, Any]:
    """Return the notebook that the renderer reads, as plain JSON.

    ``source`` and ``executed`` have the same code cells; text comes from the source. ``terms`` maps
    words to entries of the glossary, ``cite`` says how to cite the chapter, and drawings of figures
    for other widths and themes go to the folder ``drawings``.
    """
    page = with_outputs(source, executed)
    cells = page["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            _fold(cell)
            _link_cards(cell)
            lift_drawings(cell, drawings)
    minutes = reading_minutes(cells)
    cells = opened(cells)
    link_terms([c for c in cells if c["cell_type"] == "markdown"], terms)
    page["cells"] = [_timed(cells[0], minutes), *cells[1:], *_cited(cells, cite)]
    return page


def with_outputs(source: Mapping[str, Any], executed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chapter's source as it stands, with the outputs that its execution gave."""
    page = copy.deepcopy(dict(source))
    outputs = iter(c for c in executed["cells"] if c["cell_type"] == "code")
    for cell in page["cells"]:
        if cell["cell_type"] == "code":
            ran = next(outputs)
            cell["outputs"] = copy.deepcopy(ran.get("outputs", []))
            cell["execution_count"] = ran.get("execution_count")
    return page


def opened(cells: Sequence[Any]) -> list[Any]:
    """Put the answer and the picture below the title and the question, in this order.

    What else the first cell says follows them. The code of the two is that of cells further down,
    and is not shown.
    """
    tagged = {
        tag: [c for c in cells if tag in c["metadata"].get("tags", [])] for tag in (MINUTE, PICTURE)
    }
    first = [*tagged[MINUTE], *tagged[PICTURE]]
    if not first:
        return list(cells)
    for cell in first:
        tags = [t for t in cell["metadata"]["tags"] if t != FOLD]
        cell["metadata"]["tags"] = list(dict.fromkeys([*tags, "remove-input"]))
    title, question, *more = cells[0]["source"].split("\n\n", 2)
    top = copy.deepcopy(cells[0])
    top["source"] = f"{title}\n\n{question}"
    after = []
    if more:
        follows = copy.deepcopy(cells[0])
        follows["source"], follows["id"] = more[0], f"{follows.get('id', 'first')}-more"
        after = [follows]
    rest = [c for c in cells[1:] if not any(c is one for one in first)]
    return [top, *first, *after, *rest]


def _fold(cell: dict[str, Any]) -> None:
    """Fold the code of a cell that sets up and shows nothing, and of the parameters."""
    tags = cell["metadata"].setdefault("tags", [])
    silent = not cell["outputs"]
    if (silent or "parameters" in tags) and not _SHUT & set(tags):
        tags.append(FOLD)


def _link_cards(cell: dict[str, Any]) -> None:
    """Let a data card lead to the whole one in the catalogue."""
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "sl-full" in "".join(data.get("text/html", "")):
            data["text/html"] = _CARD.sub(_full_card, "".join(data["text/html"]))


def _full_card(line: re.Match[str]) -> str:
    anchor = line[1].replace("_", "-")  # as the page's own headings are named
    return (
        f"<p class='sl-full'><a href='../back/catalogue.html#{anchor}'>"
        "Full card, with source and licence</a></p>"
    )


def _timed(cell: dict[str, Any], minutes: int) -> dict[str, Any]:
    """Write the time to read after the title's first paragraph."""
    parts = cell["source"].split("\n\n", 2)
    note = f"```{{div}} sl-time\n{minutes} minutes to read\n```"
    return {**cell, "source": "\n\n".join([*parts[:2], note, *parts[2:]])}


def _cited(cells: Sequence[dict[str, Any]], cite: str) -> list[dict[str, Any]]:
    text = f"```{{dropdown}} Cite this page\n{cite}\n```"
    near = {c.get("id", "") for c in cells}
    name = "cite-this-page" if "cite-this-page" not in near else "cite-this-page-2"
    return [{"cell_type": "markdown", "id": name, "metadata": {}, "source": text}]


def page_text(page: Mapping[str, Any]) -> str:
    """Return a composed page as the text of its file."""
    return json.dumps(page, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
