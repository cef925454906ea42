"""The book in one file: its places, its pages, and what is missing where it cannot be printed."""

from __future__ import annotations

import re
import shutil

import pytest

from bookmaker.pages import toc_pages
from bookmaker.pdf import pdf
from bookmaker.pdf_places import places
from bookmaker.project import Project
from conftest import run_cli
from scalinglaws.errors import ScalingLawError

OBJECTS = {
    1: b"<</Type /Catalog\n/Pages 2 0 R\n/Dests 6 0 R>>",
    2: b"<</Type /Pages\n/Kids [3 0 R 5 0 R]>>",
    3: b"<</Type /Pages\n/Kids [4 0 R 7 0 R]>>",
    4: b"<</Type /Page>>",
    5: b"<</Type /Page>>",
    6: b"<</one--start [7 0 R /XYZ 0 800 0]\n/a#c3#a9 [5 0 R /XYZ 0 1 0]>>",
    7: b"<</Type /Page>>",
}


def written(objects):
    """A PDF's bytes: a comment, the objects, the table of their offsets, the trailer."""
    out, offsets = b"%PDF-1.4\n%\xd3\xeb\n", []
    for number, text in objects.items():
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer\n<</Size 9\n/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + head + table + end


def test_a_place_is_on_the_page_that_the_tree_of_pages_says():
    # In reading order the pages are objects 4, 7 and 5.
    assert places(written(OBJECTS)) == ({"one--start": 2, "aé": 3}, 3)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", written({1: b"<</Pages 2 0 R>>"})])
def test_another_kind_of_file_is_refused(content):
    with pytest.raises(ScalingLawError, match="the PDF has no table of places"):
        places(content)


def test_without_a_site_or_a_browser_nothing_is_printed(built_toy, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ScalingLawError, match=r"no Chromium is on PATH .*apt install chromium"):
        pdf(built_toy)
    (tmp_path / "book").mkdir()
    (tmp_path / "_config.yml").write_text("")
    with pytest.raises(ScalingLawError, match="holds no site: run `make book` first"):
        pdf(tmp_path)


def test_a_page_of_the_contents_that_was_not_rendered_is_named(toy, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: "a browser that is not started")
    (toy / "_build/html/part/two.html").unlink()
    with pytest.raises(ScalingLawError, match=r"two\.html is missing .*: run `make book` again"):
        pdf(toy)
    assert not (toy / "_build/print.html").exists()


# The browser is asked for, so that this is left out where there is none.
@pytest.mark.usefixtures("browser")
def test_the_book_is_printed_with_every_page_of_its_contents(toy):
    page = toy / "_build/html/part/one.html"
    # Printed alone, a page with a sheet shows the sheet only.
    sheet = '<div class="sl-sheet"><p>A sheet</p></div></article>'
    page.write_text(page.read_text("utf-8").replace("</article>", sheet), "utf-8")
    done = run_cli(toy, "pdf")
    assert done.returncode == 0, done.stderr
    content = (toy / "_build/book.pdf").read_bytes()
    found, count = places(content)
    assert done.stdout.startswith(f"{count} pages, ")
    starts = [found[f"{page.replace('/', '--')}--start"] for page in toc_pages(Project.at(toy))]
    # The cover and the contents come first, and each page of the site begins on a new one.
    assert starts[0] == 3
    assert starts == sorted(set(starts))
    assert starts[-1] <= count
    assert len(re.findall(rb"/Type /Outlines", content)) == 1
    assert not (toy / "_build/print.html").exists()
