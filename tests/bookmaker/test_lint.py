"""What the lint finds in chapters, bibliography and table of contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest

import bookmaker as chapters
from conftest import CHECKOUT, chapter, notebook, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_book_with_references_has_no_problem(built_toy: Path) -> None:
    assert chapters.lint(built_toy) == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("\n".join(["a = 1"] * 16), "16 lines"),
        ("def f():\n    return 1", "defines f"),
        ("class A:\n    x = 1", "defines A"),
        ("f = lambda x: x", "assigns a lambda"),
        ("import matplotlib.pyplot as plt", "imports matplotlib"),
        ("from seaborn import lineplot", "imports seaborn"),
        ("%matplotlib inline", "is not plain Python"),
        ("sl.figures.fit(fit)", "without mystnb.image.alt"),
        (
            (
                "sl.figures.fit(f)",
                {"mystnb": {"image": {"alt": "A plot"}, "figure": {"name": "f"}}},
            ),
            "alt text 'A plot' says too little",
        ),
        (
            (
                "sl.figures.fit(f)",
                {
                    "mystnb": {
                        "image": {"alt": "Loss against compute for runs"},
                        "figure": {"name": "f", "caption": "Loss against compute for runs"},
                    }
                },
            ),
            "alt text repeats the caption",
        ),
        ("#md See {cite:p}`toy2026, nobody1999`.", "cites nobody1999"),
        ("claim(1, cite='nobody1999')", "cites nobody1999"),
        ("claim(1)", "makes claims in sight; tag it hide-input"),
        ("#md <details><summary>s</summary>", "a <details> is never closed"),
        ("#md </details>", "<details> and </details> do not match"),
        ("#md <details>\n\n## In it\n\n</details>", "the heading '## In it' stands inside"),
        ("#md\n```{exercise} E\n:label: ex-e\nDo.\n```", "exercise ex-e does not say how long"),
    ],
)
def test_lint_names_what_a_cell_breaks(toy: Path, cell: str | tuple, message: str) -> None:
    write(toy / "book/part/two.ipynb", chapter("two", cell))
    assert any(message in problem and "part/two" in problem for problem in chapters.lint(toy))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("seed = 0  # random seed", "parameter seed: write its type"),
        ("seed: int = 0", "parameter seed: say after `#` what it is"),
        ("seed: int = 0  # such as seed=1", "parameter seed: papermill cannot read its line"),
    ],
)
def test_lint_checks_the_parameters_cell(toy: Path, parameters: str, message: str) -> None:
    made = notebook("#md# two", (parameters, {"tags": ["parameters"]}))
    write(toy / "book/part/two.ipynb", made)
    assert any(message in problem for problem in chapters.lint(toy))


def test_lint_finds_unchecked_cells_stored_images_and_missing_parameters(toy: Path) -> None:
    made = notebook("#md# two", "1 + 1")
    made.cells[1].outputs = [
        nbformat.v4.new_output("display_data", data={"image/png": "aGk="}),
    ]
    write(toy / "book/part/two.ipynb", made)
    problems = "\n".join(chapters.lint(toy))
    assert "part/two, cell 2: execution count None where 1 is due" in problems
    assert "part/two, cell 2: a stored image (image/png)" in problems
    assert "part/two, stores no text output" in problems
    assert "part/two, 0 cells tagged `parameters`" in problems


def test_lint_checks_bibliography_and_table_of_contents(toy: Path) -> None:
    bib = toy / "book/references.bib"
    extra = bib.read_text().replace("toy2026", "unused2026")
    bib.write_text(bib.read_text() * 2 + extra)
    (toy / "book/orphan.md").write_text("# Orphan\n")
    toc = toy / "book/_toc.yml"
    toc.write_text(toc.read_text() + "      - file: part/three\n")
    problems = chapters.lint(toy)
    assert "references.bib has toy2026 2 times" in problems
    assert "references.bib has unused2026, which nothing cites" in problems
    assert "book/orphan is missing from _toc.yml" in problems
    assert "_toc.yml names part/three, which does not exist" in problems


def test_a_citation_in_a_data_card_counts_as_used(toy: Path) -> None:
    bib = toy / "book/references.bib"
    bib.write_text(bib.read_text() + bib.read_text().replace("toy2026", "card2026"))
    assert any("card2026, which nothing cites" in problem for problem in chapters.lint(toy))
    (toy / "data/toy/card.toml").write_text("[source]\ncitations = ['card2026']\n")
    assert not any("card2026" in problem for problem in chapters.lint(toy))


def test_the_books_own_sources_have_no_problem() -> None:
    assert chapters.lint(CHECKOUT) == []
