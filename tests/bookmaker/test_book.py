"""The built site: every page parsed, then opened in a real browser from the file system.

The top of every page, wide, narrow and dark, is left in ``_build/screenshots`` to look at.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from axe_once import violations

CHECKOUT = Path(__file__).resolve().parents[2]
SITE = CHECKOUT / "_build/html"
SCREENSHOTS = CHECKOUT / "_build/screenshots"
WIDTHS = (1280, 390)
SHOWN = 3600  # pixels of a page that a screenshot shows: four screens
# All chapters cold take about four minutes on two cores; a machine shared with others, longer.
BUILD_SECONDS = 1200
PAGE_MILLISECONDS = 60_000
# Faults of markup that is not ours, by axe's rule and where it may occur: the names of two of the
# theme's buttons, its search dialog outside of a landmark, the roles of docutils' bibliography, the
# corner cell of a pandas table.
AXE_ALLOWED = {
    "label-content-name-mismatch": "",
    "region": "",
    "aria-allowed-role": "citation|footnote|label",
    "aria-deprecated-role": "citation|footnote|label",
    "aria-required-children": "citation-list",
    "empty-table-header": "dataframe|thead",
}
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
# Links that point elsewhere and load nothing.
LINK_ONLY = {"canonical", "alternate", "license"}


class Page(HTMLParser):
    """What a page links to, loads and names."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.has_math = False
        self.feed(path.read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        return self.path.relative_to(SITE).as_posix()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {str(found[k]) for k in ("id", "name") if found.get(k)}
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        if tag == "img":
            self.images.append(found)
        if "math" in str(found.get("class") or "").split():
            self.has_math = True
        loaded = found.get(LOADED.get(tag, ""))
        if loaded and not (tag == "link" and found.get("rel") in LINK_ONLY):
            self.loads.append(loaded)


@dataclass
class Visit:
    """What happened while a page was open at one width."""

    page: str
    width: int
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    formulas: int = 0
    overflow: int = 0
    axe: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.page} at {self.width}"


@pytest.fixture(scope="session")
def pages() -> dict[str, Page]:
    """Every page of the site, which is built first when it is out of date."""
    done = subprocess.run(
        [sys.executable, "-m", "bookmaker", "--root", str(CHECKOUT), "book"],
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = [p for p in SITE.rglob("*.html") if "_static" not in p.parts]
    return {p.relative_to(SITE).as_posix(): Page(p) for p in sorted(found)}


# Parsed -------------------------------------------------------------------------------------------


def test_the_site_has_a_page_for_each_entry_of_the_table_of_contents(
    pages: dict[str, Page],
) -> None:
    toc = (CHECKOUT / "book/_toc.yml").read_text()
    named = re.findall(r"(?:file|root): *(\S+)", toc)
    assert [n for n in named if f"{n}.html" not in pages] == []


def test_no_page_loads_anything_from_another_host(pages: dict[str, Page]) -> None:
    outside = [
        f"{page.name}: {address}"
        for page in pages.values()
        for address in page.loads
        if urlsplit(address).scheme not in ("", "data") or urlsplit(address).netloc
    ]
    styles = [
        f"{sheet.relative_to(SITE)}: {found}"
        for sheet in SITE.rglob("*.css")
        for found in re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)]*", sheet.read_text())
    ]
    assert outside + styles == []


def test_every_file_that_a_page_loads_exists(pages: dict[str, Page]) -> None:
    missing = [
        f"{page.name}: {address}"
        for page in pages.values()
        for address in page.loads
        if urlsplit(address).scheme == ""
        and not address.startswith("#")
        and not (page.path.parent / unquote(urlsplit(address).path)).is_file()
    ]
    assert missing == []


def test_no_internal_link_or_anchor_is_broken(pages: dict[str, Page]) -> None:
    broken = [
        f"{page.name}: {link}"
        for page in pages.values()
        for link in page.links
        if not _reaches(page, link, pages)
    ]
    assert broken == []


def _reaches(page: Page, link: str, pages: dict[str, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True  # another site; whether it answers is not a matter of this build
    target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    if not target.is_file():
        return False
    other = pages.get(target.relative_to(SITE).as_posix()) if target.suffix == ".html" else None
    return not parts.fragment or other is None or unquote(parts.fragment) in other.ids


def test_every_image_says_what_it_shows(pages: dict[str, Page]) -> None:
    silent = [
        f"{page.name}: {image.get('src')}"
        for page in pages.values()
        for image in page.images
        if not _says_something(image)
    ]
    assert silent == []


def _says_something(image: dict[str, str | None]) -> bool:
    alt, source = image.get("alt"), str(image.get("src"))
    if alt is None:
        return False
    decorative = image.get("aria-hidden") == "true" or image.get("role") == "presentation"
    file_name = alt in source or re.search(r"\.(png|svg|jpe?g)$", alt) is not None
    return decorative or (alt.strip() != "" and not file_name)


# In a browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def visits(browser: Any, pages: dict[str, Page]) -> list[Visit]:
    """Every page, opened once at each width."""
    from axe_playwright_python.sync_playwright import Axe

    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    SCREENSHOTS.mkdir(parents=True)
    return [_visit(browser, Axe(), page, width) for page in pages.values() for width in WIDTHS]


def _visit(browser: Any, axe: Any, page: Page, width: int) -> Visit:
    visit = Visit(page.name, width)
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="light")
    tab.set_default_timeout(PAGE_MILLISECONDS)
    tab.on("console", lambda m: visit.errors.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda error: visit.errors.append(str(error)))
    tab.on("request", lambda request: visit.requests.append(request.url))
    _open(tab, page)
    visit.formulas = tab.locator("mjx-container").count()
    visit.overflow = tab.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    name = page.name.removesuffix(".html").replace("/", "-")
    # To paint the whole of a long page takes half a minute, and nobody looks at it whole.
    tab.set_viewport_size({"width": width, "height": SHOWN})
    tab.screenshot(path=SCREENSHOTS / f"{name}-{width}.png")
    for found in violations(axe, tab):
        where = [str(node["target"]) for node in found["nodes"] if not _allowed(found["id"], node)]
        if where and found["impact"] in ("serious", "critical"):
            visit.axe.append(f"{found['id']}: {', '.join(where)}")
    tab.close()
    return visit


def _allowed(rule: str, node: dict[str, Any]) -> bool:
    pattern = AXE_ALLOWED.get(rule)
    return (
        pattern is not None and re.search(pattern, f"{node['target']} {node['html']}") is not None
    )


def _open(tab: Any, page: Page) -> None:
    tab.goto(page.path.as_uri(), wait_until="load")
    if page.has_math:
        tab.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
        tab.evaluate("MathJax.startup.promise.then(() => null)")


def test_no_page_reports_an_error(visits: list[Visit]) -> None:
    assert {v.where: v.errors for v in visits if v.errors} == {}


def test_no_page_asks_anything_of_another_host(visits: list[Visit]) -> None:
    asked = {
        v.where: [url for url in v.requests if urlsplit(url).scheme not in ("file", "data", "blob")]
        for v in visits
    }
    assert {where: urls for where, urls in asked.items() if urls} == {}


def test_formulas_are_drawn_where_there_is_math(
    visits: list[Visit], pages: dict[str, Page]
) -> None:
    assert [v.where for v in visits if (v.formulas > 0) != pages[v.page].has_math] == []
    assert any(v.formulas for v in visits)


def test_no_page_scrolls_sideways(visits: list[Visit]) -> None:
    # One pixel is a rounding of fractional widths, and nothing moves.
    assert {v.where: v.overflow for v in visits if v.overflow > 1} == {}


def test_axe_finds_nothing_serious(visits: list[Visit]) -> None:
    assert {v.where: v.axe for v in visits if v.axe} == {}


def test_search_lists_chapters_first_each_with_a_line_of_context(
    browser: Any, pages: dict[str, Page]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    tab = browser.new_page()
    errors: list[str] = []
    tab.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    for words, page in (("floor", "downstream/saturation"), ("scorecard", "back/scorecard")):
        tab.goto((SITE / "search.html").as_uri() + f"?q={words}")
        hit = tab.locator(f"#search-results a[href^='{page}.html']").first
        hit.wait_for(timeout=PAGE_MILLISECONDS)
        found = tab.evaluate(
            """() => [...document.querySelectorAll("#search-results li")].map((li) => [
                li.querySelector("a").getAttribute("href"), li.querySelector("p")?.innerText ?? "",
                li.querySelector("mark")?.innerText.toLowerCase() ?? ""])"""
        )
        late = [href.startswith(("back/", "teaching/")) for href, _, _ in found]
        assert late == sorted(late)
        assert [href for href, line, _ in found if not line.strip()] == []
        # A line is a sentence or two, and shows the word where its page has it in a sentence.
        assert max(len(line) for _, line, _ in found) < 250
        assert found[0][2].startswith(words)
    faults = [v for v in violations(Axe(), tab) if v["impact"] in ("serious", "critical")]
    assert [
        (v["id"], n["html"]) for v in faults for n in v["nodes"] if not _allowed(v["id"], n)
    ] == []
    tab.close()
    assert errors == []
    # Loaded by the search page alone; a third of what any page loads for its formulas.
    assert (SITE / "search/context.js").stat().st_size < 500_000


def test_the_theme_button_gives_light_and_dark(browser: Any, pages: dict[str, Page]) -> None:
    tab = browser.new_page(viewport={"width": WIDTHS[0], "height": 900}, color_scheme="light")
    page = max(pages.values(), key=lambda p: (p.has_math, len(p.images)))
    _open(tab, page)
    theme = "document.documentElement.dataset.theme"
    background = "getComputedStyle(document.body).backgroundColor"
    seen: dict[str, str] = {}
    for _ in ("light", "dark", "as the system"):
        seen[tab.evaluate(theme)] = tab.evaluate(background)
        if tab.evaluate(theme) == "dark":
            tab.screenshot(path=SCREENSHOTS / "dark.png", full_page=True)
        tab.locator(".theme-switch-button:visible").first.click()
    tab.close()
    assert set(seen) == {"light", "dark"}
    assert seen["light"] != seen["dark"]
