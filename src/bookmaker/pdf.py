"""The whole book as one PDF, laid out by headless Chromium from the pages of the site."""

from __future__ import annotations

import os
import re
import shutil
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bookmaker.alone import alone
from bookmaker.pages import toc_pages
from bookmaker.pdf_places import places
from bookmaker.project import Project, write_atomically
from scalinglaws._version import VERSION
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PDF = "book.pdf"
_BROWSERS = ("chromium", "chromium-browser")
_OPTIONS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_PATIENCE_MS = 600_000
"""How long the browser may take over one step: the book has hundreds of sides."""
_PRINTS = 3
_ARTICLE = re.compile(r'<article class="bd-article">(.*)</article>', re.S)
_TITLE = re.compile(r"<h1>(.*?)<a class=\"headerlink\"", re.S)
_MATHJAX = re.compile(r"<script>(window\.MathJax = .*?)</script>", re.S)
_FOOTER = (
    "<div style='width:100%;font:8pt sans-serif;text-align:center;color:#555'>"
    "<span class='pageNumber'></span></div>"
)
_STYLE = """
@page { size: A4; margin: 18mm 16mm 20mm; }
html, body { background: #fff; color: #000; font-size: 10pt; height: auto; overflow: visible; }
.pdf-page, .pdf-contents { break-before: page; }
.pdf-cover { padding-top: 35%; text-align: center; }
.pdf-contents li { display: flex; gap: 1em; list-style: none; }
.pdf-contents span { min-width: 3em; text-align: right; }
.pdf-contents a { flex: 1; color: inherit; text-decoration: none; }
.pdf-sheet { border: 1px solid; padding: 1rem; }
figure, .pdf-sheet, tr, img { break-inside: avoid; }
h1, h2, h3, summary { break-after: avoid; }
.bd-article { overflow: visible; }
"""


def pdf(root: str | Path | None = None) -> Path:
    """Write the book that was rendered to ``_build/book.pdf``, with contents, and return the file.

    Raises ``ScalingLawError`` where no site was built, where there is no Chromium or Playwright, or
    where the browser does not finish.
    """
    project = Project.at(root)
    if not (project.site / "index.html").is_file():
        raise ScalingLawError(f"{project.site} holds no site: run `make book` first")
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise ScalingLawError(
            f"no Chromium is on PATH ({' or '.join(_BROWSERS)}), and it draws the PDF: install it "
            "(Debian: apt install chromium)"
        )
    target, source = project.build / PDF, project.build / "print.html"
    with alone(project):
        articles = {page: _article(project.site / f"{page}.html") for page in toc_pages(project)}
        write_atomically(source, _document(project, articles))
        try:
            count = _print(source, target, browser, list(articles))
        finally:
            source.unlink()
    print(f"{count} pages, {target.stat().st_size / 1e6:.1f} MB\n{target}")
    return target


def _article(file: Path) -> str:
    """Return the HTML of what a page of the site says, without what surrounds it."""
    found = _ARTICLE.search(file.read_text(encoding="utf-8")) if file.is_file() else None
    if found is None:
        raise ScalingLawError(f"{file} is missing or holds no article: run `make book` again")
    return found.group(1)


def _document(project: Project, articles: Mapping[str, str]) -> str:
    """Return all pages as one document whose parts wait to be laid out by ``pdf.js``."""
    first = (project.site / "index.html").read_text(encoding="utf-8")
    sheets = re.findall(r'<link[^>]*href="(_static/[^"]*)"[^>]*rel="stylesheet"', first)
    sheets += re.findall(r'<link rel="stylesheet"[^>]*href="(_static/[^"]*)"', first)
    links = "".join(f'<link rel="stylesheet" href="html/{sheet}">' for sheet in sheets)
    settings = _MATHJAX.search(first)
    script = settings.group(1) if settings else "window.MathJax = {}"
    rows = "".join(
        f'<li><a href="#{_anchor(page)}">{_title(article, page)}</a>'
        f'<span data-page="{page}">000</span></li>'
        for page, article in articles.items()
    )
    parts = "".join(
        f'<template data-page="{page}">{article}</template>' for page, article in articles.items()
    )
    return (
        f'<!doctype html><html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>Scaling Laws, Reproduced</title>{links}'
        f"<style>{_STYLE}</style><script>{script}; MathJax.startup = {{typeset: false}};</script>"
        '</head><body><article class="bd-article"><div class="pdf-cover">'
        f"<h1>Scaling Laws, Reproduced</h1><p>Edition {VERSION}</p></div>"
        f'<nav class="pdf-contents"><h2>Contents</h2><ul>{rows}</ul></nav>{parts}'
        "</article></body></html>"
    )


def _title(article: str, page: str) -> str:
    """Return the HTML of a page's first heading, or the page's name where it has none."""
    found = _TITLE.search(article)
    return found.group(1) if found else escape(page)


def _anchor(page: str) -> str:
    """Return the name by which ``pdf.js`` lets a link lead to a page's start."""
    return f"{page.replace('/', '--')}--start"


def _print(source: Path, target: Path, browser: str, pages: Sequence[str]) -> int:
    """Lay the document out, print it to a file and return how many pages it has."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise ScalingLawError(
            "Playwright is missing from the environment: make it again with `make env`"
        ) from None
    layout = Path(__file__).with_name("pdf.js").read_text(encoding="utf-8")
    with TemporaryDirectory(prefix="chromium-") as home, sync_playwright() as playwright:
        environment: dict[str, str | float | bool] = {**os.environ, "HOME": home}
        opened = playwright.chromium.launch(
            executable_path=browser, args=list(_OPTIONS), env=environment
        )
        try:
            page = opened.new_page()
            page.set_default_timeout(_PATIENCE_MS)
            page.goto(source.as_uri())
            page.evaluate(layout, "html/")
            page.add_script_tag(url="html/_static/mathjax/tex-mml-chtml.js")
            page.evaluate(_SETTLE)
            content, count = _numbered(page, pages)
        except Error as problem:
            raise ScalingLawError(f"Chromium did not print the book: {problem.message}") from None
        finally:
            opened.close()
    target.write_bytes(content)
    return count


def _numbered(page: Any, pages: Sequence[str]) -> tuple[bytes, int]:
    """Print until the numbers in the contents are those of the pages; the second time, as a rule.

    Raises ``ScalingLawError`` where a page is not in the print, or where numbers that are filled in
    move the pages each time.
    """
    numbers: dict[str, int] = {}
    for _ in range(_PRINTS):
        content = _bytes(page)
        found, count = places(content)
        if lost := [name for name in pages if _anchor(name) not in found]:
            raise ScalingLawError(f"not printed: {', '.join(lost)}; a style hides it, or its link")
        before, numbers = numbers, {name: found[_anchor(name)] for name in pages}
        if numbers == before:
            return content, count
        page.evaluate(_NUMBER, numbers)
    raise ScalingLawError("the contents could not be numbered: each number moves the pages again")


def _bytes(page: Any) -> bytes:
    content: bytes = page.pdf(
        prefer_css_page_size=True,
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=_FOOTER,
        outline=True,
        tagged=True,
    )
    return content


_SETTLE = """async () => {
  await MathJax.startup.promise;
  await MathJax.typesetPromise();
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  await document.fonts.ready;
}"""
_NUMBER = """(numbers) => {
  for (const slot of document.querySelectorAll(".pdf-contents span")) {
    slot.textContent = numbers[slot.dataset.page];
  }
}"""
