"""A new chapter from the template: it passes the lint, executes, and stores what it gives."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import nbformat
import pytest

import bookmaker as chapters
from bookmaker.new import new_chapter
from bookmaker.pages import toc_pages
from bookmaker.project import Project
from conftest import CHECKOUT, run_cli
from nbval_tolerance import TolerantText
from scalinglaws.errors import BadParameters

if TYPE_CHECKING:
    from pathlib import Path

ORDER = ["What the paper claims", "The runs", "The fit", "Does it hold out of sample?"]
ORDER += ["Where it breaks", "What to do", "Discussion", "Exercises"]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The book's pages and settings without its chapters, to add one to."""
    shutil.copytree(
        CHECKOUT / "book", tmp_path / "book", ignore=shutil.ignore_patterns("*.ipynb", "_build")
    )
    shutil.copy(CHECKOUT / "_config.yml", tmp_path)
    return tmp_path


def texts(file: Path) -> list[TolerantText]:
    """The plain texts that a notebook stores, in order."""
    cells = nbformat.read(file, as_version=4).cells
    outputs = [o for c in cells if c.cell_type == "code" for o in c.outputs]
    return [TolerantText(o.get("data", {}).get("text/plain", o.get("text"))) for o in outputs]


def test_a_new_chapter_passes_the_lint_and_gives_what_it_stores(book: Path) -> None:
    file = new_chapter("language/my_law", root=book)
    assert [p for p in chapters.lint(book) if "my_law" in p] == []
    stored = texts(file)
    assert any("reproduced" in text for text in stored)
    done = run_cli(book, "reference", "my_law")
    assert done.returncode == 0, done.stderr
    assert texts(file) == stored, "the template's outputs are old: copy these into template.ipynb"


def test_a_new_chapter_has_the_order_of_the_others_and_no_placeholder(book: Path) -> None:
    file = new_chapter("laboratory/my_second_law", root=book)
    cells = json.loads(file.read_text())["cells"]
    prose = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    assert prose[0].startswith("# My second law\n")
    assert [p.splitlines()[0].removeprefix("## ") for p in prose if p.startswith("## ")] == ORDER
    text = file.read_text()
    assert not any(word in text for word in ("TITLE", "LABEL", "STEM"))
    assert "make chapter NAME=my_second_law" in text


def test_a_new_chapter_comes_last_in_its_part_or_in_a_part_of_its_own(book: Path) -> None:
    new_chapter("language/my_law", root=book)
    new_chapter("speech/my_law", root=book)
    pages = toc_pages(Project.at(book))
    assert pages.index("language/my_law") == pages.index("language/league") + 1
    assert pages.index("speech/my_law") == pages.index("back/scorecard") - 1
    assert "  - caption: Speech\n" in (book / "book/_toc.yml").read_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my_law", "give part/name"),
        ("", "give part/name"),
        ("../outside/my_law", "give part/name"),
        ("language/My Law", "give part/name"),
        ("back/notation", "is there already"),
        ("back/scorecard", "is there already"),
        ("language/taken", "is there already"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused(book: Path, name: str, said: str) -> None:
    (book / "book/language").mkdir(exist_ok=True)
    (book / "book/language/taken.ipynb").write_text("{}")
    toc = (book / "book/_toc.yml").read_text()
    with pytest.raises(BadParameters, match=said):
        new_chapter(name, root=book)
    assert (book / "book/_toc.yml").read_text() == toc
    assert (book / "book/language/taken.ipynb").read_text() == "{}"
