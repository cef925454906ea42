"""Lines of context for the search page: which sentences are shipped, and where."""

from __future__ import annotations

import json

import pytest

from bookmaker.context import FILE, RESULTS, sections_of, write_context
from scalinglaws.errors import ScalingLawError

PAGE = """<nav><p>Contents</p></nav><article class="bd-article"><section id="top"><h1>Title</h1>
<p>First <a href="x">words</a>,
  then <span class="math notranslate">\\(N\\)</span> more.<br>And on.</p>
<section id="part"><h2>Part<a class="headerlink">#</a></h2><ul>
<li><p>An item.</p></li><li>Two</li></ul>
<details><summary><p class="collapsed">Code</p></summary><pre>fit()</pre></details>
<table><tr><td><p>0.5</p></td></tr></table></section><p>Last.</p></section></article><p>Foot</p>"""
SEARCH = '<head>\n  <script src="_static/searchtools.js"></script>\n</head>'


def test_sentences_come_with_their_section_and_without_code_tables_or_navigation():
    assert sections_of(PAGE) == [
        ("top", "First words, then … more.And on."),
        ("part", "An item."),
        ("part", "Two"),
        ("top", "Last."),
    ]


def test_the_search_page_loads_the_sentences_of_all_pages_and_lists_keep_one_each(tmp_path):
    for name in ("part/one", "back/library", "back/bibliography"):
        file = tmp_path / f"{name}.html"
        file.parent.mkdir(exist_ok=True)
        file.write_text(PAGE)
    (tmp_path / "search.html").write_text(SEARCH)
    written = write_context(tmp_path)
    assert written == tmp_path / FILE
    text = written.read_text()
    assert text.startswith("window.searchContext=")
    found = json.loads(text.removeprefix("window.searchContext=").removesuffix(";\n"))
    top, part = ["top", "First words, then … more.And on.", "Last."], ["part", "An item.", "Two"]
    assert found == {"part/one": [top, part], "back/library": [top[:2], part[:2]]}
    page = (tmp_path / "search.html").read_text()
    assert page.index("searchtools.js") < page.index(FILE) < page.index(RESULTS)


def test_a_search_page_of_another_sphinx_is_refused_by_name(tmp_path):
    (tmp_path / "search.html").write_text("<head></head>")
    with pytest.raises(ScalingLawError, match="loads no searchtools"):
        write_context(tmp_path)
