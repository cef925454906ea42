"""One executed chapter as one HTML file that needs no network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nbconvert import HTMLExporter
from traitlets.config import Config

from bookmaker.compose import FOLD, opened
from bookmaker.plain import plain
from bookmaker.site import mathjax_folder

if TYPE_CHECKING:
    from pathlib import Path

_FOLDED = Config(
    TagRemovePreprocessor={"enabled": True, "remove_input_tags": [FOLD, "remove-input"]}
)
_MATHJAX_SETTINGS = (
    "window.MathJax = {tex: {inlineMath: [['$', '$'], ['\\\\(', '\\\\)']], tags: 'ams'}, "
    "options: {enableMenu: false, ignoreHtmlClass: 'highlight|jp-CodeMirrorEditor'}};"
)


def html_report(notebook: Any, title: str) -> str:
    """Return a notebook as a single page: code, outputs and pictures inside, formulas drawn."""
    notebook.cells = opened(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = plain(cell.source)
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


def maths() -> str:
    """Return the scripts that set a page's formulas, which load nothing."""
    script = (mathjax_folder() / "tex-svg.js").read_text(encoding="utf-8")
    return f"<script>{_MATHJAX_SETTINGS}</script>\n<script>{script}</script>\n"


def write_report(notebook: Any, title: str, path: Path) -> None:
    """Write the page of :func:`html_report`."""
    path.write_text(html_report(notebook, title), encoding="utf-8")
