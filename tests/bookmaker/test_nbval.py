"""nbval with our plugins: a tolerance for floats, and no chapter executed twice."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import nbformat
import pytest

from bookmaker.jobs import Job, keep_problem
from bookmaker.keys import Keys
from bookmaker.project import Project, read_plain
from conftest import CHECKOUT, PATIENCE_SECONDS, notebook, write
from nbval_tolerance import LastDigitText, TolerantText

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A = 424.08", "A = 424.18", True),
        ("alpha 0.34", "alpha 0.36", False),
        ("5.76e23", "5.761e23", True),
        ("5.76e23", "5.76e24", False),
        ("240 runs", "241 runs", False),
        ("100000", "100001", False),
        ("0.50", "-0.50", False),
        ("0.0", "0.0001", False),
        ("a  1.000\nb 10.001", "a 1.0\nb    10.0", True),
        ("70.13B", "70.14B", True),
        ("70.13B", "70.13M", False),
        ("version 3.11.7", "version 3.11.8", False),
        ("1.5 2.5", "1.5", False),
        ("<Figure size 640x480 with 1 Axes>", "<Figure size 800x480 with 1 Axes>", True),
    ],
)
def test_texts_agree_within_the_tolerance(one: str, other: str, same: bool) -> None:
    assert (TolerantText(one) == TolerantText(other)) is same
    assert (TolerantText(one) != TolerantText(other)) is not same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("error 0.55%", "error 0.56%", True),
        ("error 0.55%", "error 0.57%", False),
        ("-26% (-52% to -3%)", "-26% (-51% to -2%)", True),
        ("26%", "28%", False),
        ("240 runs", "241 runs", False),
        ("1.2e3", "1.3e3", True),
        ("1.2e3", "1.4e3", False),
        ("over 3", "over 4", False),
    ],
)
def test_a_tagged_cell_may_differ_in_the_last_digit(one: str, other: str, same: bool) -> None:
    assert (LastDigitText(one) == LastDigitText(other)) is same
    assert (LastDigitText(one) != LastDigitText(other)) is not same
    assert TolerantText(one) != TolerantText(other)


PICTURE = {"image/svg+xml": "<svg/>", "text/html": "<b>1</b>", "text/plain": "1.5"}
SHOW = f"from IPython.display import display\ndisplay({json.dumps(PICTURE)}, raw=True)"


def stream(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return nbformat.v4.new_output("stream", name=name, text=text)


def shown(text: str, **more: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={"text/plain": text, **more})


def error(value: str) -> nbformat.NotebookNode:
    told = {"ename": "ValueError", "evalue": value, "traceback": [value]}
    return nbformat.v4.new_output("error", **told)


def page(
    code: str, *outputs: nbformat.NotebookNode, count: int | None = 1
) -> nbformat.NotebookNode:
    made = notebook(code)
    made.cells[0].execution_count = count
    made.cells[0].outputs = list(outputs)
    return made


def outcomes(folder: Path, notebooks: Path) -> tuple[dict[str, str], str]:
    """Run nbval with our plugins on notebooks: the outcome of each first cell, and the log."""
    options = "--nbval --nbval-current-env -p tests.nbval_tolerance -p tests.nbval_replay"
    config = ["-c", str(CHECKOUT / "pyproject.toml"), "--rootdir", str(folder)]
    command = [sys.executable, "-m", "pytest", *options.split(), "-p", "no:cacheprovider", "-rA"]
    done = subprocess.run(
        [*command, *config, str(notebooks)],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = re.findall(r"^(PASSED|FAILED|ERROR) \S*?([\w-]+)\.ipynb::Cell 0", done.stdout, re.M)
    return {name: outcome for outcome, name in found}, done.stdout


def test_nbval_with_the_tolerance(tmp_path: Path) -> None:
    cases = {
        "close": (page("print(424.18)", stream("424.08\n")), "PASSED"),
        "far": (page("print(0.36)", stream("0.34\n")), "FAILED"),
        "whole": (page("print(241)", stream("240\n")), "FAILED"),
        "nothing-stored": (page("print(1)"), "FAILED"),
        "on-stderr": (page("import sys\n_ = sys.stderr.write('x')"), "FAILED"),
        "picture": (page(SHOW, shown("1.5")), "PASSED"),
        "unchecked": (page(SHOW, count=None), "FAILED"),
    }
    for name, (made, _) in cases.items():
        write(tmp_path / f"{name}.ipynb", made)
    found, log = outcomes(tmp_path, tmp_path)
    assert {n: "FAILED" if f == "ERROR" else f for n, f in found.items()} == {
        n: expected for n, (_, expected) in cases.items()
    }
    assert "no execution count" in log


# Executed once ------------------------------------------------------------------------------------

RAISES = "# NBVAL_RAISES_EXCEPTION\nraise ValueError('low')"
REPLAYED = {
    # what the source stores, what the execution gave, and whether nbval is content
    "same": (page("print(1)", stream("1\n")), [stream("1\n")], "PASSED"),
    "close": (page("print(1.5)", stream("1.5\n")), [stream("1.5001\n")], "PASSED"),
    "in-parts": (page("print(1)", stream("1\n2\n")), [stream("1\n"), stream("2\n")], "PASSED"),
    "changed-reference": (page("print(1)", stream("2\n")), [stream("1\n")], "FAILED"),
    "one-more": (page("print(1)", stream("1\n")), [stream("1\n"), shown("2")], "FAILED"),
    "one-fewer": (page("print(1)", stream("1\n"), shown("2")), [stream("1\n")], "FAILED"),
    "on-stderr": (page("print(1)", stream("1\n")), [stream("1\n", "stderr")], "FAILED"),
    "picture": (page(SHOW, shown("1.5")), [shown("1.5", **{"image/png": "aGk="})], "PASSED"),
    "other-text": (page(SHOW, shown("1.5")), [shown("1.6")], "FAILED"),
    "unchecked": (page("print(1)", count=None), [stream("1\n")], "FAILED"),
    "raises": (page(RAISES, error("low")), [error("low")], "PASSED"),
    "raises-another": (page(RAISES, error("low")), [error("high")], "FAILED"),
    "an-error": (page("1 / 0", error("low")), [error("low")], "FAILED"),
}


@pytest.fixture
def book(tmp_path: Path) -> Project:
    (tmp_path / "book").mkdir()
    (tmp_path / "_config.yml").touch()
    return Project.at(tmp_path)


def keep(
    project: Project, name: str, source: nbformat.NotebookNode, gave: list, *, key: str = ""
) -> None:
    """Write a chapter and what its execution gave, by default with the key that it has."""
    path = project.sources / f"{name}.ipynb"
    write(path, source)
    executed = copy.deepcopy(source)
    executed.cells[0].outputs = gave
    executed.metadata["scalinglaws"] = {"key": key or Keys(project).of(read_plain(path))}
    write(project.executed / f"{name}.ipynb", executed)


def test_nbval_compares_what_was_executed_and_starts_no_kernel(book: Project) -> None:
    for name, (source, gave, _) in REPLAYED.items():
        # No kernel gives what was executed: its code would say something else, or nothing.
        keep(book, name, source, gave)
    found, log = outcomes(book.root, book.sources)
    assert {n: "FAILED" if f == "ERROR" else f for n, f in found.items()} == {
        n: expected for n, (*_, expected) in REPLAYED.items()
    }
    assert "no execution count" in log
    assert "Cell outputs differ" in log


def test_a_stale_execution_is_not_compared_and_a_failed_chapter_says_why(book: Project) -> None:
    keep(book, "gave-wrong", page("print(1)", stream("1\n")), [stream("2\n")], key="old")
    keep(book, "gave-right", page("print(3)", stream("2\n")), [stream("2\n")], key="old")
    keep(book, "damaged", page("print(5)", stream("5\n")), [stream("6\n")])
    book.executed.joinpath("damaged.ipynb").write_text('{"cells": [')
    for name in ("failed", "failed-before"):
        write(book.sources / f"{name}.ipynb", page("print(4)", stream("4\n")))
        key = Keys(book).of(read_plain(book.sources / f"{name}.ipynb"))
        job = Job(
            name, book.sources, book.executed / "x", book.build / f"failed/{name}.ipynb", {}, key
        )
        keep_problem(replace(job, key=key if name == "failed" else "old"), "cell 1: oh dear")
    found, log = outcomes(book.root, book.sources)
    assert found == {
        "gave-wrong": "PASSED",
        "gave-right": "FAILED",
        "damaged": "PASSED",
        "failed": "FAILED",
        "failed-before": "PASSED",
    }
    assert "the chapter did not execute" in log
    assert "cell 1: oh dear" in log


def test_what_papermill_left_is_compared(built_toy: Path) -> None:
    found, log = outcomes(built_toy, built_toy / "book")
    assert found == {"one": "PASSED", "two": "PASSED"}, log
