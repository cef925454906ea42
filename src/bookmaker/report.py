"""One executed chapter as one HTML file that needs no network."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from nbconvert import HTMLExporter
from nbformat.v4 import new_markdown_cell
from traitlets.config import Config

from bookmaker.compose import FOLD, opened
from bookmaker.plain import Names, plain
from bookmaker.site import mathjax_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NOTE = (
    "**This page was computed from {}.** What the book says of its own runs is left out. Sections "
    "that name other people's runs are about those."
)
_FOLDED = Config(
    TagRemovePreprocessor={"enabled": True, "remove_input_tags": [FOLD, "remove-input"]}
)
_MATHJAX_SETTINGS = (
    "window.MathJax = {tex: {inlineMath: [['$', '$'], ['\\\\(', '\\\\)']], tags: 'ams'}, "
    "options: {enableMenu: false, ignoreHtmlClass: 'highlight|jp-CodeMirrorEditor'}};"
)


BUNDLED = "bundled"
"""Tag of what speaks of the table which a chapter has by default, and of no other."""

_FOLD = re.compile(r"<details\b[^>]*><summary>[^<]*</summary>")
_SHUT = "</details>"
_HEADING = re.compile(r"(#+) [^\n]*")
"""A heading: a cell that is one and no more has nothing below it."""


def html_report(
    notebook: Any,
    title: str,
    *,
    names: Names | None = None,
    references: Sequence[str] = (),
    table: str = "",
) -> str:
    """Return a notebook as a single page: code, outputs and pictures inside, formulas drawn.

    ``names`` stand for labels and citations; ``references`` are listed at the end. Where the
    chapter ran on a ``table`` of somebody's own, what is tagged ``bundled`` is left out with the
    folds and headings that hold nothing else, and a note says so.
    """
    known = names or Names()
    kept = [c for c in notebook.cells if not table or BUNDLED not in c.metadata.get("tags", [])]
    notebook.cells = opened(kept)
    if table:
        notebook.cells = _without_empty(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = plain(cell.source, known)
        for output in cell.get("outputs", ()):
            if "text/markdown" in (data := output.get("data", {})):
                data["text/markdown"] = plain("".join(data["text/markdown"]), known)
    if table:
        notebook.cells.insert(1, new_markdown_cell(_NOTE.format(_as_text(table))))
    if references:
        listed = "\n".join(f"- {line}" for line in references)
        notebook.cells.append(new_markdown_cell(f"## References\n\n{listed}"))
    exporter = HTMLExporter(embed_images=True, exclude_input_prompt=True, config=_FOLDED)
    exporter.exclude_output_prompt = True
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    page = re.sub(r'<script[^>]*\bsrc="https?://[^"]*"[^>]*>\s*</script>', "", page)
    page = re.sub(
        r"<script[^>]*>(?:(?!</script>).)*https?://(?:(?!</script>).)*</script>",
        "",
        page,
        flags=re.S,
    )
    page = re.sub(r'<link[^>]*\bhref="https?://[^"]*"[^>]*>', "", page)
    return page.replace("</head>", maths() + "</head>", 1)


def _without_empty(cells: Sequence[Any]) -> list[Any]:
    """Return cells without folds and sections in which nothing is left."""
    kept: list[Any] = []
    for cell in cells:
        text = _text(cell)
        if text == _SHUT and kept and _FOLD.fullmatch(_text(kept[-1])):
            kept.pop()
            continue
        if opens := _HEADING.match(text):
            while kept and (last := _HEADING.fullmatch(_text(kept[-1]))):
                if len(last[1]) < len(opens[1]):
                    break
                kept.pop()
        kept.append(cell)
    while kept and _HEADING.fullmatch(_text(kept[-1])):
        kept.pop()
    return kept


def _text(cell: Any) -> str:
    """Return a cell's text without blanks around it; code has none."""
    return cell.source.strip() if cell.cell_type == "markdown" else ""


def _as_text(name: str) -> str:
    """Return a name of somebody's file so that neither Markdown nor HTML reads any of it."""
    return re.sub(r"([\\`*_{}\[\]()#+!|$~^>-])", r"\\\1", escape(name, quote=False))


def maths() -> str:
    """Return the scripts that set a page's formulas, which load nothing."""
    script = (mathjax_folder() / "tex-svg.js").read_text(encoding="utf-8")
    return f"<script>{_MATHJAX_SETTINGS}</script>\n<script>{script}</script>\n"


def write_report(notebook: Any, title: str, path: Path, **how: Any) -> None:
    """Write the page of :func:`html_report`, which says what ``how`` may be."""
    path.write_text(html_report(notebook, title, **how), encoding="utf-8")
