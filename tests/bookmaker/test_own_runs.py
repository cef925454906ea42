"""A chapter on a table of one's own: how it is handed over, and what its page says and leaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import bookmaker as chapters
import scalinglaws
from bookmaker.bibliography import references
from bookmaker.parameters import TABLES, WITHOUT, check_parameters, on_runs, read_parameters
from bookmaker.project import PACKAGE, Project, read_plain
from conftest import CHECKOUT, chapter, notebook, write
from scalinglaws.errors import BadParameters

if TYPE_CHECKING:
    from pathlib import Path

BUNDLED = {"tags": ["bundled"]}


def test_every_chapter_takes_a_table_or_says_which_one_does() -> None:
    project = Project.at(CHECKOUT)
    names = {c.name.rsplit("/", 1)[-1] for c in project.chapters()}
    for one in project.chapters():
        if {p.name for p in read_parameters(one)} & set(TABLES):
            assert set(on_runs(one, "mine.csv").values()) == {"mine.csv"}, one.name
            continue
        assert read_plain(one.source)["metadata"]["scalinglaws"][WITHOUT], one.name
        with pytest.raises(BadParameters, match=f"{one.name} takes no table of your own: ") as told:
            chapters.run(one.name, table="mine.csv", root=CHECKOUT)
        assert set(re.findall(r"\w+", str(told.value))) & names - {one.name.rsplit("/", 1)[-1]}


def test_a_table_goes_to_the_parameter_that_takes_it(toy: Path) -> None:
    whole = notebook(
        "#md# curves",
        ('curves: str = "lin2024"  # curves', {"tags": ["parameters"]}),
    )
    write(toy / "book/part/one.ipynb", whole)
    assert on_runs(Project.at(toy).chapter("one"), "mine.csv") == {"curves": "mine.csv"}


def test_a_page_on_own_runs_speaks_of_them_and_keeps_its_citations(
    toy: Path, tmp_path: Path
) -> None:
    table = tmp_path / "mine *and* <b>ours.csv"
    table.write_text("params,tokens,loss\n1e6,1e9,3\n")
    cells = (
        "import scalinglaws\nprint(scalinglaws.__file__)",
        ("#mdThe bundled models were trained by others.", BUNDLED),
        "#mdA law is fitted {cite}`toy2026`.",
    )
    write(toy / "book/part/one.ipynb", chapter("one", *cells))
    # A table is said for all that a parameter of its name says.
    done = chapters.run("one", table=str(table), root=toy, runs="none.csv")
    page = done.page.read_text(encoding="utf-8")
    assert str(PACKAGE / "__init__.py") in page  # not the library that the environment holds
    assert type(PACKAGE)(scalinglaws.__file__).parent == PACKAGE
    assert "The bundled models" not in page
    assert "This page was computed from mine *and* &lt;b&gt;ours.csv." in page
    assert "A law is fitted (Toy 2026)." in page
    assert re.search(r"<h2[^>]*>References.*Toy, Ann \(2026\). <em>A Toy Law</em>", page, re.S)
    same = chapters.run("one", root=toy, seed=1).page.read_text(encoding="utf-8")
    assert "The bundled models" in same
    assert "This page was computed from" not in same


def test_a_page_on_own_runs_has_no_fold_and_no_section_without_content(
    toy: Path, tmp_path: Path
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("params,tokens,loss\n1e6,1e9,3\n")
    cells = (
        "#md<details class='sl-more'><summary>Only of ours</summary>",
        ("print('our runs alone')", BUNDLED),
        "#md</details>",
        "#md<details class='sl-more'><summary>Of all</summary>",
        "print('of any runs')",
        "#md</details>",
        "#md## Left alone",
        "#md### And below it",
        ("#mdOur runs again.", BUNDLED),
        "#md## A section\n\nwith words.",
        "#md### With a part",
        "print('the part')",
        "#md## The end",
        ("#mdOf ours.", BUNDLED),
    )
    write(toy / "book/part/one.ipynb", chapter("one", *cells))
    own = chapters.run("one", table=str(table), root=toy).page.read_text(encoding="utf-8")
    ours = chapters.run("one", root=toy, seed=1).page.read_text(encoding="utf-8")
    for words in ("Only of ours", "our runs alone", "Left alone", "And below it", "The end"):
        assert words not in own
        assert words in ours
    for words in ("Of all", "of any runs", "A section", "With a part", "the part"):
        assert words in own
    assert own.count("<details") == own.count("</details>")


def test_references_are_those_that_are_cited() -> None:
    project = Project.at(CHECKOUT)
    listed = references(project, ["{cite}`kaplan2020,hoffmann2022` and {cite:t}`nobody`"])
    assert [re.findall(r"\((\d{4})\)", line)[0] for line in listed] == ["2022", "2020"]
    assert all("{" not in line and "https://doi.org/" in line for line in listed)


def test_scores_of_one_model_are_not_runs_that_repeat(toy: Path, tmp_path: Path) -> None:
    whole = notebook("#md# s", ('results: str = "x"  # scores', {"tags": ["parameters"]}))
    write(toy / "book/part/one.ipynb", whole)
    table = tmp_path / "scores.csv"
    table.write_text("task,params,tokens,loss,score\na,1e7,1e9,3,0.3\nb,1e7,1e9,3,0.4\n")
    found = Project.at(toy).chapter("one")
    given = chapters.check_parameters(found, {"results": str(table)})
    assert given == {"results": str(table)}
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(BadParameters, match=r"empty\.csv is empty"):
        chapters.check_parameters(found, {"results": str(tmp_path / "empty.csv")})


def _reads(needs: str) -> str:
    return (
        f"import scalinglaws as sl\nneeds = {needs}\n"
        'table = sl.load(runs, law=None, needs=needs, labels=("corpus",))'
    )


def test_columns_that_a_chapter_lacks_are_refused_before_a_kernel_starts(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("size,text,loss\n1e6,1e9,3\n2e6,1e9,2.9\n")
    write(toy / "book/part/one.ipynb", chapter("one", _reads('("params", "tokens", "loss")')))

    def never(*_: object) -> None:
        raise AssertionError("a kernel was started")

    monkeypatch.setattr("bookmaker.execute.execute", never)
    with pytest.raises(BadParameters) as told:
        chapters.run("one", table=str(table), root=toy)
    words = str(told.value)
    assert "column 'tokens' (or 'flops') is missing" in words
    assert "The chapter reads params, tokens, loss, corpus" in words
    assert "the table has size, text, loss" in words
    assert "columns={" not in words  # which only Python can be given
    lines = words.split("instead:\n")[1].splitlines()
    beside = [line.strip() for line in lines[: lines.index("  It takes:")]]
    assert beside[:3] == ['file = "mine.csv"', "[columns]", 'params = "size"']
    # What it says to do mends it.
    mapping = tmp_path / "mine.toml"
    mapping.write_text("\n".join(beside[:3]))
    with pytest.raises(BadParameters, match=r"Say in mine\.toml which they are") as half:
        chapters.run("one", table=str(mapping), root=toy)
    assert 'tokens = "..."' in str(half.value)
    assert 'params = "size"' not in str(half.value)
    answers = {'tokens = "..."': 'tokens = "text"', 'corpus = "..."': 'corpus = "kind"'}
    table.write_text("size,text,loss,kind\n1e6,1e9,3,a\n2e6,1e9,2.9,a\n")
    mapping.write_text("\n".join(answers.get(line, line) for line in beside))
    with pytest.raises(AssertionError, match="a kernel was started"):
        chapters.run("one", table=str(mapping), root=toy)


def test_what_a_chapter_reads_depends_on_what_it_is_given(toy: Path, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("params,tokens,loss\n1e6,1e9,3\n")
    needs = '("x",) if runs == "hoffmann2022" else ("params", "seen")'
    write(toy / "book/part/one.ipynb", chapter("one", _reads(needs)))
    with pytest.raises(BadParameters, match="The chapter reads params, seen, corpus;"):
        chapters.run("one", table=str(table), root=toy)


def test_every_chapter_tells_by_its_own_calls_what_it_reads(tmp_path: Path) -> None:
    """A chapter whose calls were not understood would find a table of nothing readable."""
    table = tmp_path / "mine.csv"
    table.write_text("nothing,of use\n1,2\n3,4\n")
    for one in Project.at(CHECKOUT).chapters():
        if {p.name for p in read_parameters(one)} & set(TABLES):
            with pytest.raises(BadParameters, match=r"is missing|needs the column"):
                check_parameters(one, on_runs(one, str(table)))
