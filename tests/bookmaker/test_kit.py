"""The teacher's kit: what students get, what they must not get, and slides that load nothing."""

from __future__ import annotations

import copy
import html
import json
import re
import shutil
from base64 import b64encode

import nbformat
import pytest
from nbclient import NotebookClient

from bookmaker.kit import INSTRUCTOR, STUDENT, notebook_for
from bookmaker.lint import lint
from bookmaker.plain import Names, equation_numbers, plain, section_titles
from bookmaker.slides import deck
from bookmaker.solutions import ANSWER, only_solved, without_solutions
from conftest import CLAIM, chapter, run_cli, write
from scalinglaws._mime import FIGURE
from scalinglaws.errors import ScalingLawError

# Words that stand in the solutions of the toy chapter and nowhere else in it.
SECRETS = ("twenty-one", "half_of_it", "wisdom", "21.0")
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DRAW = f"""bundle = {{"image/png": "{PIXEL}", "text/plain": "Figure: the toy"}}
from IPython.display import display
display(bundle, raw=True)"""
# A claim as chapters show it: the record, and the table that a page and a slide show.
CLAIMED = f"""import json
from scalinglaws.notebook.verdicts import Claim
Claim(**json.loads({json.dumps(json.dumps(CLAIM))}))"""
FIGURE_SETTINGS = {
    "mystnb": {
        "figure": {"name": "fig-toy", "caption": "The caption of the toy."},
        "image": {"alt": "One pixel, which is all that a toy needs."},
    }
}
EXERCISE = """#md## Exercises

1. Why? *A good answer touches* wisdom.

```{exercise} Halve it
:label: ex-halve
Halve the answer. *(5 minutes)*
```

````{solution-start} ex-halve
:class: dropdown
````"""
AFTER = """#mdSo it is twenty-one.

````{solution-end}
````

The end, as {cite:t}`toy2026` say."""


def toy_chapter():
    return chapter(
        "three",
        "whole = 42\nprint(whole)",
        (DRAW, FIGURE_SETTINGS),
        ("from scalinglaws.notebook import say\nsay('The toy reads one.')", {}),
        (CLAIMED, {"tags": ["hide-input"]}),
        EXERCISE,
        "half_of_it = whole / 2\nprint(half_of_it)",
        AFTER,
        "print(whole + 1)",
    )


def text(source):
    return {"cell_type": "markdown", "id": "t", "metadata": {}, "source": source}


def code(source, *tags, outputs=()):
    cell = {"cell_type": "code", "id": "c", "metadata": {"tags": list(tags)}, "source": source}
    return cell | {"outputs": list(outputs), "execution_count": None}


def shown(**data):
    named = {"png": "image/png", "markdown": "text/markdown", "plain": "text/plain"}
    bundle = {named.get(kind, kind): value for kind, value in data.items()}
    return {"output_type": "display_data", "data": bundle, "metadata": {}}


def whole(*cells):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    named = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(cells)]
    return {"cells": named, "metadata": {"kernelspec": kernel}, "nbformat": 4}


SOLVED = (
    text("```{exercise} A\n:label: ex-a\nDo.\n```\n\n````{solution-start} ex-a\n````"),
    code("secret = 1"),
    text("Because.\n\n````{solution-end}\n````\n\nWords after."),
    code("seen = 2"),
)


# Solutions ----------------------------------------------------------------------------------------


def test_an_empty_cell_stands_where_the_solution_was():
    before = copy.deepcopy(SOLVED)
    cells = without_solutions(SOLVED)
    assert before == SOLVED
    assert [c["source"] for c in cells] == [
        "```{exercise} A\n:label: ex-a\nDo.\n```",
        "",
        "Words after.",
        "seen = 2",
    ]
    assert cells[1]["metadata"] == {"tags": [ANSWER]}


def test_a_solution_in_one_block_and_what_a_good_answer_touches_go_too():
    cells = without_solutions(
        [text("1. Why? *A good answer touches* this.\n\n```{solution} ex-b\nSecret.\n```\nEnd.")]
    )
    assert [c["source"] for c in cells] == ["1. Why?", "", "End."]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (SOLVED[:2], "solution of ex-a never ends"),
        (SOLVED[2:], "ends without being open"),
        ((*SOLVED[:2], *SOLVED), "begins before ex-a ends"),
    ],
)
def test_a_solution_that_is_not_whole_is_refused(cells, words):
    with pytest.raises(ScalingLawError, match=words):
        without_solutions(cells)


def test_what_only_a_solution_defines_is_found():
    assert only_solved(SOLVED) == {}
    assert only_solved([*SOLVED, code("secret + seen")]) == {"secret": {5}}
    assert only_solved([code("secret = 0"), *SOLVED, code("secret + seen")]) == {}


def test_the_lint_names_the_cell_at_which_a_student_would_stop(toy):
    made = toy_chapter()
    made.cells[-1].source = "print(half_of_it)"
    write(toy / "book/part/one.ipynb", made)
    said = [problem for problem in lint(toy) if "only a solution defines" in problem]
    assert len(said) == 1
    assert said[0].startswith(f"part/one, cell {len(made.cells)}: uses half_of_it, ")


# Plain text ---------------------------------------------------------------------------------------


def test_directives_roles_and_links_become_plain_markdown():
    equation = "```{math}\n:label: eq-b\nx = 1\n```"
    names = Names(
        cited={"toy2026": "Toy 2026"},
        titles={"one": "Page one", **section_titles(["(sec-a)=\n## Section A"])},
        numbers=equation_numbers(["```{math}\n:label: eq-a\ny\n```", equation]),
    )
    assert plain(equation, names) == "$$\nx = 1 \\tag{2}\n$$"
    assert plain("{eq}`eq-b` {cite}`toy2026` {cite:t}`toy2026`", names) == (
        "Equation 2 (Toy 2026) Toy (2026)"
    )
    assert plain("[](../part/one.ipynb), [](#sec-a)", names) == (
        "[Page one](../part/one.ipynb), *Section A*"
    )
    assert plain("```{admonition} Beware\n:class: tip\nOf dogs.\n```") == "**Beware**\n\nOf dogs."


# Notebooks and slides -----------------------------------------------------------------------------


def test_both_notebooks_are_valid_and_lose_what_only_the_book_reads():
    cells = [
        text("# T\n\nQ?"),
        code("draw()", "hide-input", outputs=[shown(**{FIGURE: {}, "png": PIXEL, "plain": "F"})]),
        *SOLVED,
    ]
    for kind, secrets in ((STUDENT, 0), (INSTRUCTOR, 1)):
        made = notebook_for(kind, whole(*cells), "T", Names())
        nbformat.validate(nbformat.from_dict(made))
        assert sum(cell["source"] == "secret = 1" for cell in made["cells"]) == secrets
        assert made["cells"][2]["metadata"]["jupyter"] == {"source_hidden": True}
        assert list(made["cells"][2]["outputs"][0]["data"]) == ["image/png", "text/plain"]


def test_slides_hold_each_picture_with_its_words_and_each_claim():
    dark = b64encode(b"dark").decode()
    message = {"files": {"dark.png": dark}, "message": 'The "finding".'}
    figure = shown(**{"png": PIXEL, FIGURE: message})
    picture = code("draw()", "picture", outputs=[figure])
    picture["metadata"] |= FIGURE_SETTINGS
    second = code("draw()", outputs=[figure])
    second["metadata"] |= FIGURE_SETTINGS
    page = deck(
        whole(
            text("# Title\n\nThe question?\n\nMore."),
            text("## Runs"),
            second,
            code("say()", outputs=[shown(markdown="What it reads.")]),
            text("## Last"),
            picture,
            code("say()", "minute", outputs=[shown(markdown="**In one minute.** Yes.")]),
            *SOLVED,
        ),
        "Title",
        Names(),
    )
    slides = re.findall(r"<section[^>]*>(.*?)</section>", page, re.S)
    words = [" ".join(re.sub(r"<[^>]+>", " ", slide).split()) for slide in slides]
    assert words == [
        "Title The question?",
        "In one minute. Yes.",
        "The picture to remember The caption of the toy.",
        "Runs The caption of the toy. What it reads.",
    ]
    assert all(PIXEL in slide and dark in slide for slide in slides[2:])
    alt = html.unescape(re.findall(r'alt="([^"]*)"', slides[2])[0])
    assert alt == 'The "finding". One pixel, which is all that a toy needs.'


@pytest.fixture(scope="module")
def toy_kit(built_toy, tmp_path_factory):
    """The kit of a toy book whose third chapter has a picture, a claim and an exercise."""
    root = tmp_path_factory.mktemp("kit") / "toy"
    shutil.copytree(built_toy, root)
    write(root / "book/part/three.ipynb", toy_chapter())
    done = run_cli(root, "kit")
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "_build/kit"


def test_no_word_of_a_solution_reaches_the_student(toy_kit):
    student = (toy_kit / "student/part/three.ipynb").read_text(encoding="utf-8")
    instructor = (toy_kit / "instructor/part/three.ipynb").read_text(encoding="utf-8")
    slides = (toy_kit / "slides/part/three.html").read_text(encoding="utf-8")
    # A secret that the instructor's set lacks would show nothing by being absent.
    assert [secret for secret in SECRETS if secret not in instructor] == []
    assert [secret for secret in SECRETS if secret in student + slides] == []
    assert "Halve it" in student
    assert "{exercise}" not in student + instructor


def test_the_students_notebook_runs_with_its_answers_left_empty(toy_kit):
    path = toy_kit / "student/part/three.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    empty = [cell for cell in notebook.cells if cell.metadata.get("tags") == [ANSWER]]
    assert [cell.source for cell in empty] == [""]
    stored = json.loads(path.read_text(encoding="utf-8"))
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    # The numbers that a student reads are those that the notebook gives.
    for before, after in zip(stored["cells"], notebook.cells, strict=True):
        for old, new in zip(before.get("outputs", []), after.get("outputs", []), strict=True):
            assert "".join(old.get("text", "")) == new.get("text", "")


def test_every_chapter_has_its_three_files_and_a_line_on_the_first_page(toy_kit):
    index = (toy_kit / "index.html").read_text(encoding="utf-8")
    links = re.findall(r"href='([^']+)'", index)
    assert len(links) == 9
    assert [link for link in links if not (toy_kit / link).is_file()] == []
    assert index.index("part/one") < index.index("part/two") < index.index("part/three")


def test_a_chapter_that_fails_leaves_the_old_kit(toy):
    done = run_cli(toy, "kit", "one")
    assert done.returncode == 0, done.stdout + done.stderr
    old = (toy / "_build/kit/student/part/one.ipynb").read_bytes()
    write(toy / "book/part/one.ipynb", chapter("one", "1 / 0"))
    done = run_cli(toy, "kit", "one")
    assert done.returncode == 1
    assert "No kit was written" in done.stderr
    assert (toy / "_build/kit/student/part/one.ipynb").read_bytes() == old


def test_slides_turn_print_and_load_nothing(toy_kit, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="dark")
    problems, asked = [], []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((toy_kit / "slides/part/three.html").as_uri())
    on = "[...document.querySelectorAll('section')].findIndex(s => s.matches('.on'))"
    count = page.evaluate("document.querySelectorAll('section').length")
    assert count == 3
    assert CLAIM["quantity"] in page.locator("section").nth(2).text_content()
    turns = [("ArrowRight", 1), ("End", 2), (" ", 2), ("PageUp", 1), ("Home", 0), ("ArrowLeft", 0)]
    for key, place in turns:
        page.keyboard.press(key)
        assert page.evaluate(on) == place, key
    page.click("#on")
    assert page.evaluate(on) == 1
    assert page.evaluate("document.querySelector('section.on img').naturalWidth") == 1
    assert page.locator("output").inner_text() == "2 of 3"
    back = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(back) == "rgb(20, 23, 26)"
    page.emulate_media(media="print")
    assert page.evaluate(back) == "rgb(255, 255, 255)"
    sheets = len(re.findall(rb"/Type ?/Page\b", page.pdf(prefer_css_page_size=True)))
    assert sheets == count
    page.close()
    assert problems == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
