"""The pages for teaching: every chapter has its evening, and a sheet fits one side of A4."""

from __future__ import annotations

import re
import shutil
from itertools import pairwise

import pytest

from bookmaker.pages import GENERATED, toc_pages, write_pages
from bookmaker.project import Project
from conftest import CHECKOUT, chapter, run_cli, write
from scalinglaws.errors import ScalingLawError

PAGES = sorted((CHECKOUT / "book/teaching").glob("*.md"))
SESSIONS = [page for page in PAGES if page.stem != "guide"]
WEEKS = [page for page in SESSIONS if page.stem.startswith("week")]
QUIZ = re.compile(r"^:::\{dropdown\} (\d)\. (.+)\n((?:.+\n)+):::$", re.M)


def words_of(page):
    return page.read_text(encoding="utf-8")


def test_every_chapter_is_read_in_one_of_the_six_weeks():
    apart = ("index", *GENERATED)
    chapters = {
        name
        for name in toc_pages(Project.at(CHECKOUT))
        if name not in apart and not name.startswith(("back/", "teaching/"))
    }
    read = {
        name
        for page in WEEKS
        for name in re.findall(r"^\| \{doc\}`/([\w/]+)`", words_of(page), re.M)
    }
    assert len(WEEKS) == 6
    assert chapters - read == set()
    assert read <= chapters


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.stem)
def test_a_session_has_its_parts(page):
    text = words_of(page)
    assert text.count("# ") - text.count("## ") == 1
    ends = re.findall(r"^\| (\d+)–(\d+) \|", text, re.M)
    assert ends[0][0] == "0"
    assert ends[-1][1] == "90"
    assert all(one[1] == two[0] for one, two in pairwise(ends))
    quiz = QUIZ.findall(text)
    assert [number for number, *_ in quiz] == list("12345")
    # Explained: an answer says more than the question asks.
    assert all(len(answer) > len(question) for _, question, answer in quiz)
    sheet = text[text.index("::::{div} sl-sheet") :]
    assert all(f"{number}. {question}" in sheet for number, question, _ in quiz)
    assert not any(answer.split(".")[0] in sheet for *_, answer in quiz)
    assert re.search(r"then open|Then open", text)


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.stem)
def test_no_answer_prints_a_number_that_a_chapter_should_compute(page):
    answers = " ".join(answer for *_, answer in QUIZ.findall(words_of(page)))
    plain = re.sub(r"\$[^$]*\$|\{\w+\}`[^`]*`", "", answers)
    # Arithmetic on exponents that papers print, and the names of laws and levels.
    known = {"0.23", "24", "90", "1", "4"}
    assert set(re.findall(r"(?<![M\d.])\d+(?:\.\d+)?", plain)) <= known


def test_the_two_sessions_and_the_weeks_are_in_the_guide():
    guide = words_of(CHECKOUT / "book/teaching/guide.md")
    assert [page.stem for page in SESSIONS if f"<{page.stem}>`" not in guide] == []


def test_a_page_quotes_what_a_chapter_answers(toy):
    said = "from scalinglaws.notebook import say\nsay('**In one minute.** It is 6.')"
    write(toy / "book/part/one.ipynb", chapter("one", (said, {"tags": ["minute"]})))
    (toy / "book/index.md").write_text("# Toy\n\n<!-- minute: part/one -->\n\n{cite}`toy2026`\n")
    done = run_cli(toy, "book")
    # The bibliography is gone from this index, which the renderer may warn of; the page is written.
    page = (toy / "_build/book/index.md").read_text()
    assert "\nIt is 6.\n" in page, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["part/two", "part/none"])
def test_a_page_that_asks_for_an_answer_that_is_not_there_is_refused(toy, name):
    (toy / "book/index.md").write_text(f"# Toy\n\n<!-- minute: {name} -->\n")
    with pytest.raises(ScalingLawError, match=f"asks for the answer of {name}"):
        write_pages(Project.at(toy))


def test_every_sheet_prints_on_one_side_of_a4_and_nothing_else_does(toy, browser):
    for page in SESSIONS:
        sheet = words_of(page)[words_of(page).index("::::{div} sl-sheet") :]
        filler = "\n\n".join(["Words that stay on the screen."] * 80)
        (toy / f"book/{page.stem}.md").write_text(f"# {page.stem}\n\n## One\n\n{filler}\n\n{sheet}")
    toc = toy / "book/_toc.yml"
    first = "      - file: part/one\n"
    listed = "".join(f"      - file: {page.stem}\n" for page in SESSIONS)
    toc.write_text(toc.read_text().replace(first, listed + first))
    shutil.copy(CHECKOUT / "book/_static/custom.css", toy / "book/_static/custom.css")
    done = run_cli(toy, "book")
    assert done.returncode == 0, done.stdout + done.stderr
    view = browser.new_page()
    for page in SESSIONS:
        view.goto((toy / f"_build/html/{page.stem}.html").as_uri())
        view.emulate_media(media="print")
        assert view.locator(".sl-sheet").is_visible()
        assert view.locator("text=Words that stay").first.is_hidden()
        # The theme prints a title and a list of sections above the page.
        assert view.locator(".bd-sidebar-primary").is_hidden()
        assert view.locator("#jb-print-docs-body").count() == 1
        assert view.locator("#jb-print-docs-body").is_hidden()
        pdf = view.pdf(
            format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "12mm")
        )
        assert len(re.findall(rb"/Type ?/Page\b", pdf)) == 1, page.stem
    view.close()
