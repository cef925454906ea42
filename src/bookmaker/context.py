"""The lines of context that the search page shows: sentences of the book, by page and section."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "search/context.js"
"""What the search page loads beside the index, and no other page."""

RESULTS = "search/results.js"
"""What lists the results; it lies in ``book/_extra``."""

_SEARCH, _TOOLS = "search.html", '<script src="_static/searchtools.js"></script>'

_LISTS = ("back/library", "back/catalogue")
"""Pages made of entries: the first paragraph of each says what it is."""

_NAMES = ("back/bibliography", "search", "genindex")
"""Pages without sentences."""

_TEXT = {"p", "li", "dd", "figcaption"}
_SKIPPED = {"script", "style", "pre", "table", "svg", "math", "mjx-container", "button", "form"}
_VOID = {
    *("area", "base", "br", "col", "embed", "hr"),
    *("img", "input", "link", "meta", "source", "wbr"),
}
_UNREAD = {
    *("headerlink", "toctree-wrapper", "prev-next-area", "collapsed", "expanded", "math"),
    *("sl-files", "sl-time", "sl-run", "sl-full", "sl-figure", "caption-number"),
}


class _Sections(HTMLParser):
    """The paragraphs of a page's article, each with the anchor of the section it stands in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._open: list[tuple[str, bool, str]] = []
        self._words: list[str] = []
        self._article = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _VOID:
            return
        self._article |= tag == "article"
        classes = set((given.get("class") or "").split())
        skip = tag in _SKIPPED or bool(classes & _UNREAD)
        if "math" in classes:
            self.handle_data("…")
        if tag in _TEXT:
            self._close()
        self._open.append((tag, skip, str(given.get("id") or "") if tag == "section" else ""))

    def handle_endtag(self, tag: str) -> None:
        while any(tag == one for one, _, _ in self._open):
            if tag in _TEXT:
                self._close()
            if self._open.pop()[0] == tag:
                break
        self._article &= tag != "article"

    def handle_data(self, data: str) -> None:
        inside = any(tag in _TEXT for tag, _, _ in self._open)
        if self._article and inside and not any(skip for _, skip, _ in self._open):
            self._words.append(data)

    def _close(self) -> None:
        text = " ".join("".join(self._words).split())
        self._words = []
        if text:
            anchors = [anchor for _, _, anchor in self._open if anchor]
            self.found.append((anchors[-1] if anchors else "", text))


def sections_of(html: str) -> list[tuple[str, str]]:
    """Return the paragraphs of a page as (anchor of the section, text), in reading order.

    Code, tables and formulas are left out: a line of context is something to read.

    >>> sections_of("<article><section id='a'><p>One <b>line</b>.</p></section></article>")
    [('a', 'One line.')]
    """
    parser = _Sections()
    parser.feed(html)
    return parser.found


def write_context(site: Path) -> Path:
    """Write the sentences of a rendered site, and let its search page load them.

    Raises :class:`ScalingLawError` where the search page is not the one that the theme renders.
    """
    pages: dict[str, list[list[str]]] = {}
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).with_suffix("").as_posix()
        if name in _NAMES or "_static" in path.parts:
            continue
        found = sections_of(path.read_text(encoding="utf-8"))
        sections: dict[str, list[str]] = {}
        for anchor, words in found:
            sections.setdefault(anchor, []).append(words)
        if sections:
            most = 1 if name in _LISTS else None
            pages[name] = [[anchor, *words[:most]] for anchor, words in sections.items()]
    text = json.dumps(pages, ensure_ascii=False, separators=(",", ":"))
    target = site / FILE
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"window.searchContext={text};\n", encoding="utf-8")
    page = site / _SEARCH
    html = page.read_text(encoding="utf-8")
    if html.count(_TOOLS) != 1:
        raise ScalingLawError(
            f"{page} loads no searchtools.js as expected: correct bookmaker.context for this Sphinx"
        )
    added = "".join(f'\n  <script src="{name}"></script>' for name in (FILE, RESULTS))
    page.write_text(html.replace(_TOOLS, _TOOLS + added), encoding="utf-8")
    return target
