"""The teacher's kit: students' and instructors' notebooks, and slides, of every chapter.

Everything is made from the same sources and outputs as the pages of the book, so that a class reads
the numbers that the book prints.
"""

from __future__ import annotations

import html
import json
import shutil
from typing import TYPE_CHECKING, Any

from bookmaker.alone import alone
from bookmaker.compose import with_outputs
from bookmaker.errors import ChapterFailed
from bookmaker.exercises import exercises_in
from bookmaker.home import contain
from bookmaker.pages import title_of, toc_pages
from bookmaker.project import Project, read_plain, write_atomically
from bookmaker.solutions import ANSWER, without_solutions
from bookmaker.update import update
from bookmaker.working import names_in, names_of, plain_cell
from scalinglaws.notebook.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bookmaker.plain import Names

STUDENT, INSTRUCTOR, SLIDES = "student", "instructor", "slides"


def kit(root: str | Path | None = None, *, chapters: Sequence[str] | None = None) -> Path:
    """Write the kit of every chapter, or of those named, to ``_build/kit``; return its first page.

    Chapters that changed are executed first. Raises ``ChapterFailed`` when one fails, with nothing
    written, and ``UnknownName`` for a chapter that is none.
    """
    from bookmaker.slides import deck  # late: it imports the converter

    project = Project.at(root)
    with alone(project):
        contain(project)
        wanted = [project.chapter(name) for name in chapters or ()] or list(project.chapters())
        if problems := update(project, wanted):
            raise ChapterFailed("\n\n".join(problems) + "\n\nNo kit was written.")
        shared = names_in(project)
        texts: dict[str, str] = {}
        for chapter in wanted:
            executed = read_plain(project.executed / f"{chapter.name}.ipynb")
            whole = with_outputs(read_plain(chapter.source), executed)
            names = names_of(whole, shared)
            title = title_of(chapter.source)
            texts[f"{SLIDES}/{chapter.name}.html"] = deck(whole, title, names)
            for kind in (STUDENT, INSTRUCTOR):
                made = notebook_for(kind, whole, title, names)
                text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
                texts[f"{kind}/{chapter.name}.ipynb"] = text
        order = {name: place for place, name in enumerate(toc_pages(project))}
        listed = sorted(wanted, key=lambda c: order.get(c.name, len(order)))
        pages = {c.name: (title_of(c.source), _minutes(c.source)) for c in listed}
        texts["index.html"] = _index(pages)
        folder = project.build / "kit"
        shutil.rmtree(folder, ignore_errors=True)
        for name, text in texts.items():
            write_atomically(folder / name, text)
        index = folder / "index.html"
        said = counted(len(wanted), "chapter")
        print(f"{said}: for students, for instructors and as slides\n\n{index.as_uri()}")
        return index


def notebook_for(kind: str, whole: dict[str, Any], title: str, names: Names) -> dict[str, Any]:
    """Return an executed chapter as the notebook of a student or of an instructor, plain JSON.

    A student's has no solution, only an empty cell in its place; both are plain Markdown, so that
    any reader of notebooks shows them as they are meant.
    """
    cells = without_solutions(whole["cells"]) if kind == STUDENT else whole["cells"]
    made = [plain_cell(cell, names) for cell in cells]
    count = 0
    for cell in made:
        if cell["cell_type"] == "code":
            count += 1
            ran = ANSWER not in cell["metadata"].get("tags", [])
            cell["execution_count"] = count if ran else None
            for output in cell["outputs"]:
                if output["output_type"] == "execute_result":
                    output["execution_count"] = count
    note = {
        STUDENT: "An empty cell stands where the solution of an exercise was: write yours there.",
        INSTRUCTOR: "With solutions. The students' notebook is the same without them.",
    }[kind]
    first = {
        "cell_type": "markdown",
        "id": "kit-note",
        "metadata": {},
        "source": f"*{title}*, from the book *Scaling Laws, Reproduced*. {note} Everything runs "
        "from top to bottom wherever the library `scalinglaws` is installed.",
    }
    metadata = {k: v for k, v in whole["metadata"].items() if k == "kernelspec"}
    return {"cells": [first, *made], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _minutes(source: Path) -> int:
    texts = [c["source"] for c in read_plain(source)["cells"] if c["cell_type"] == "markdown"]
    return sum(one.minutes or 0 for one in exercises_in(texts))


def _index(pages: dict[str, tuple[str, int]]) -> str:
    rows = "".join(
        f"<tr><th scope='row'>{html.escape(title)}</th><td>{minutes}</td>"
        + "".join(
            f"<td><a href='{kind}/{name}.{end}'>{words}</a></td>"
            for kind, end, words in (
                (SLIDES, "html", "slides"),
                (STUDENT, "ipynb", "student"),
                (INSTRUCTOR, "ipynb", "instructor"),
            )
        )
        + "</tr>"
        for name, (title, minutes) in pages.items()
    )
    head = "".join(
        f"<th scope='col'>{words}</th>"
        for words in ("chapter", "minutes of exercises", "slides", "for students", "with solutions")
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<title>Teacher's kit</title><style>:root{color-scheme:light dark}"
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}"
        "main{overflow-x:auto}th{text-align:left;font-weight:400}"
        "td,th{padding:.25rem .75rem .25rem 0}</style>"
        f"<main><h1>Teacher's kit</h1><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
        "</table></main></html>\n"
    )
