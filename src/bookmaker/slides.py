"""The slides of a chapter: its answer, its pictures with what is read off them, its claims.

A deck is one HTML file with its own script and style, which loads nothing: arrow keys, a swipe or
two buttons turn the slides, and without a script they stand one below the other. It prints one
slide on each page and follows the reader's light or dark setting.
"""

from __future__ import annotations

import html
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from nbconvert.filters.markdown_mistune import markdown2html_mistune

from bookmaker.claims import claims_in
from bookmaker.compose import MINUTE, PICTURE
from bookmaker.plain import Names, plain
from bookmaker.report import maths
from bookmaker.solutions import without_solutions
from scalinglaws._mime import FIGURE
from scalinglaws.notebook import Claims

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEAR_CELLS = 3
"""How many cells below a picture the sentence that reads it may stand."""

_JOIN = "\n\n"
_HEADING = re.compile(r"^(#{1,4}) +(.+?) *$", re.M)
_IDS = re.compile(r" id='[^']*'")
_ANCHOR = re.compile(r'<a class="anchor-link".*?</a>')


def deck(whole: dict[str, Any], title: str, names: Names) -> str:
    """Return the slides of an executed chapter, plain JSON, as one HTML page.

    The first slide asks the chapter's question and the second answers it; then each picture has a
    slide, with its caption and the sentences that the chapter computes of it, and each table of
    claims. Solutions of exercises stay out.
    """
    cells = without_solutions(whole["cells"])
    slides = [_opening(cells, names), *_answer(cells, names)]
    heading = title
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            titles = _HEADING.findall(cell["source"])
            heading = titles[-1][1] if titles and number else heading
            continue
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data and PICTURE not in _tags(cell):
                slides.append(_picture(cell, data, heading, _reading(cells, number), names))
            elif found := claims_in({"cells": [{"outputs": [output]}]}, title):
                table = Claims(tuple(found))._repr_mimebundle_()["text/html"]
                slides.append(f"<h2>{_line(heading, names)}</h2>{_IDS.sub('', table)}")
    return _page(slides, title)


def _opening(cells: Sequence[dict[str, Any]], names: Names) -> str:
    parts = plain(cells[0]["source"], names).split(_JOIN)
    return f"<div class='large'>{_html(_JOIN.join(parts[:2]))}</div>"


def _answer(cells: Sequence[dict[str, Any]], names: Names) -> list[str]:
    """Give the answer in one minute and the picture to remember, a slide each."""
    made: list[str] = []
    for number, cell in enumerate(cells):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if MINUTE in _tags(cell) and "text/markdown" in data:
                said = _html(plain("".join(data["text/markdown"]), names))
                made.insert(0, f"<div class='large'>{said}</div>")
            elif PICTURE in _tags(cell) and "image/png" in data:
                reading = _reading(cells, number)
                made.append(_picture(cell, data, "The picture to remember", reading, names))
    return made


def _picture(
    cell: dict[str, Any], data: dict[str, Any], heading: str, reading: str, names: Names
) -> str:
    settings = cell["metadata"].get("mystnb", {})
    extra = data.get(FIGURE, {})
    caption = str(settings.get("figure", {}).get("caption", ""))
    message = str(extra.get("message", "")).rstrip(".")
    alt = ". ".join(filter(None, [message, str(settings.get("image", {}).get("alt", ""))]))
    dark = extra.get("files", {}).get("dark.png")
    source = (
        '<source media="screen and (prefers-color-scheme: dark)" '
        f'srcset="data:image/png;base64,{_packed(dark)}">'
        if dark
        else ""
    )
    picture = (
        f'<picture>{source}<img alt="{html.escape(alt)}" '
        f'src="data:image/png;base64,{_packed(data["image/png"])}"></picture>'
    )
    below = f"<figcaption>{_line(caption, names)}</figcaption>" if caption else ""
    said = _html(plain(reading, names)) if reading else ""
    return f"<h2>{_line(heading, names)}</h2><figure>{picture}{below}</figure>{said}"


def _reading(cells: Sequence[dict[str, Any]], number: int) -> str:
    """Find the computed sentences that follow a picture, before the next heading or picture."""
    for cell in cells[number + 1 : number + 1 + _NEAR_CELLS]:
        if cell["cell_type"] == "markdown":
            if _HEADING.search(cell["source"]):
                return ""
            continue
        shown = [output.get("data", {}) for output in cell["outputs"]]
        if any("image/png" in data for data in shown):
            return ""
        for data in shown:
            if "text/markdown" in data and "text/html" not in data and MINUTE not in _tags(cell):
                return "".join(data["text/markdown"])
    return ""


def _tags(cell: dict[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def _packed(text: str) -> str:
    return "".join(text.split())


def _html(text: str) -> str:
    return _ANCHOR.sub("", str(markdown2html_mistune(text)))


def _line(text: str, names: Names) -> str:
    """Return one line of Markdown as HTML, without a paragraph around it."""
    return re.sub(r"^<p>(.*)</p>$", r"\1", _html(plain(text, names)).strip(), flags=re.S)


def _page(slides: Sequence[str], title: str) -> str:
    here = files("bookmaker")
    style = here.joinpath("slides.css").read_text(encoding="utf-8")
    script = here.joinpath("slides.js").read_text(encoding="utf-8")
    body = "\n".join(
        f"<section aria-label='Slide {number} of {len(slides)}'>{slide}</section>"
        for number, slide in enumerate(slides, start=1)
    )
    formulas = maths() if "$" in body else ""
    return (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{html.escape(title)}: slides</title>\n<style>\n{style}</style>\n{formulas}"
        "</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n<nav aria-label='Slides'>"
        "<button id='back' aria-label='back'>&larr;</button><output aria-live='polite'></output>"
        "<button id='on' aria-label='on'>&rarr;</button></nav>\n"
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )
