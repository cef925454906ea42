"""What goes wrong around the machine: damaged files, two at once, a full disk, odd names."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import bookmaker as chapters
from bookmaker import __main__ as cli
from bookmaker.alone import alone
from bookmaker.errors import disk_problem
from bookmaker.jobs import kept_problem, stored_key
from bookmaker.project import Project
from conftest import CHECKOUT, PATIENCE_SECONDS, chapter, run_cli, write

if TYPE_CHECKING:
    from pathlib import Path

# Damaged files ------------------------------------------------------------------------------------

DAMAGE = [b"", b"{", b"[1]", b'{"metadata": 1, "cells": [], "nbformat": 4}', b"\xff\xfe\x00"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_execution_counts_as_none(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "one.ipynb"
    file.write_bytes(damage)
    assert stored_key(file) is None
    assert kept_problem(file, "key") is None


def test_a_build_goes_on_from_damaged_files(toy: Path) -> None:
    text = (toy / "_build/executed/part/two.ipynb").read_text()
    (toy / "_build/executed/part/two.ipynb").write_text(text[: len(text) // 2])
    (toy / "_build/html/.stamp").write_bytes(b"\xff")
    (toy / "_build/seconds.json").write_text("{")
    done = run_cli(toy, "book")
    assert done.returncode == 0, done.stderr
    assert "part/one  unchanged" in done.stdout
    assert (toy / "_build/executed/part/two.ipynb").read_text() == text
    assert list(json.loads((toy / "_build/seconds.json").read_text())) == ["part/two"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda n: n.pop("metadata"), "it has no 'metadata'"),
        (lambda n: n["metadata"].clear(), "its kernelspec is None; it must be 'python3'"),
        (lambda n: n["metadata"].update(kernelspec=1), "its kernelspec is 1; it must be"),
        (lambda n: n["metadata"]["kernelspec"].pop("language"), "language"),
        (lambda n: n.pop("cells"), "it has no 'cells'"),
        (lambda n: n.update(nbformat=3), "its format is 3"),
    ],
)
def test_lint_says_what_a_notebook_lacks(
    toy: Path, spoil: object, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    file = toy / "book/part/two.ipynb"
    raw = json.loads(file.read_text())
    spoil(raw)
    file.write_text(json.dumps(raw))
    problems = [p for p in chapters.lint(toy) if p.startswith("part/two, ")]
    assert any(said in p for p in problems), problems
    assert "Traceback" not in capfd.readouterr().err


def test_lint_survives_a_parameters_cell_that_is_no_python(toy: Path) -> None:
    write(toy / "book/part/two.ipynb", chapter("two", "1"))
    file = toy / "book/part/two.ipynb"
    file.write_text(file.read_text().replace("seed: int = 0", "seed: int = ("))
    assert any("is not plain Python" in problem for problem in chapters.lint(toy))


# Two at once --------------------------------------------------------------------------------------


def test_a_second_command_waits_and_says_so(toy: Path) -> None:
    command = [sys.executable, "-m", "bookmaker", "--root", str(toy), "book"]
    with alone(Project.at(toy)):
        second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None
        first_line = second.stdout.readline()
        assert second.poll() is None
    rest, _ = second.communicate(timeout=PATIENCE_SECONDS)
    assert first_line.startswith("Another command is at work in this checkout")
    assert second.returncode == 0
    assert rest.count("unchanged") == 3


# A disk that refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "The disk is full (/x/_build): free some space"),
        (errno.EROFS, "/x/_build may not be written or read"),
        (errno.EACCES, "chmod -R u+rwX"),
        (errno.ENOTDIR, "a file stands where a folder is needed"),
        (errno.EIO, "/x/_build: Input/output error"),
    ],
)
def test_what_a_disk_refuses_is_a_sentence(number: int, said: str) -> None:
    assert said in disk_problem(OSError(number, os.strerror(number), "/x/_build"))


def test_a_build_folder_that_is_a_file_gets_a_sentence(toy: Path) -> None:
    shutil.rmtree(toy / "_build")
    (toy / "_build").write_text("")
    done = run_cli(toy, "book")
    assert done.returncode == 1
    assert "a file stands where a folder is needed" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_in_the_middle_gets_a_sentence_and_leaves_no_part(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(os, "replace", full)
    module = sys.modules["bookmaker.book"]  # the package's own `book` is the function
    monkeypatch.setattr(module, "contain", lambda project: None)  # it sets the environment
    monkeypatch.setattr(module, "update", lambda project, **options: [])
    assert cli.main(["--root", str(toy), "book"]) == 1
    assert "The disk is full" in capsys.readouterr().err
    assert not list((toy / "_build").rglob("*.partial"))


# What make is given -------------------------------------------------------------------------------

NASTY = {
    "NAME": "a $b $(shell touch pwned) `touch pwned`; touch pwned",
    "RUNS": "my 'file\".csv $HOME $(touch pwned) & | > pwned",
    "P": "runs='my file.csv' note=\"it's $5\" seed=1",
    "OLD": "an 'old' $edition & `touch pwned`.zip",
    "NEW": "$(touch pwned)",
    "TAG": "v1; touch pwned",
    "PYODIDE": "my 'pyodide' $(touch pwned)",
}


@pytest.mark.parametrize("by", ["arguments", "environment"])
def test_make_hands_values_on_as_they_stand(tmp_path: Path, by: str) -> None:
    show = tmp_path / "show"
    show.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "print(json.dumps([sys.argv[1:], {k: v for k, v in os.environ.items() if 'BOOK_' in k}]))\n"
    )
    show.chmod(0o755)
    given = [f"{name}={value}" for name, value in NASTY.items()] if by == "arguments" else []
    more = NASTY if by == "environment" else {}
    makefile = ["-f", str(CHECKOUT / "Makefile"), "PYTHON=true", f"PY={show}"]
    # A make around this one would pass its own settings on.
    own = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--no-print-directory", *makefile, "chapter", *given],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**own, **more},
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    arguments, environment = json.loads(done.stdout)
    assert arguments == ["-m", "bookmaker", "--make", "run"]
    assert {k.removeprefix("BOOK_"): v for k, v in environment.items()} == {
        **NASTY,
        "BROWSER": "auto",
    }
    assert [p.name for p in tmp_path.iterdir()] == ["show"]


def given_by_make(monkeypatch: pytest.MonkeyPatch, **values: str) -> dict[str, object]:
    """What ``run`` is called with when make was given these values."""
    called: dict[str, object] = {}
    monkeypatch.setattr(
        cli, "run", lambda name, *, root, **given: called.update(chapter=name, **given)
    )
    for name in ("NAME", "RUNS", "P"):
        monkeypatch.setenv(f"BOOK_{name}", values.get(name, ""))
    assert cli.main(["--make", "run"]) == 0
    return called


def test_values_of_make_reach_the_chapter(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given_by_make(monkeypatch, **NASTY) == {
        "chapter": NASTY["NAME"],
        "table": NASTY["RUNS"],
        "runs": "my file.csv",
        "note": "it's $5",
        "seed": "1",
    }
    assert given_by_make(monkeypatch, NAME="one", P="runs='my file.csv' seed=1") == {
        "chapter": "one",
        "table": None,
        "runs": "my file.csv",
        "seed": "1",
    }
    assert given_by_make(monkeypatch, NAME="one") == {"chapter": "one", "table": None}


@pytest.mark.parametrize("text", ["seed", "seed='1", "=1"])
def test_a_value_of_p_that_cannot_be_read_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.setenv("BOOK_P", text)
    assert cli.main(["--make", "run"]) == 1
    assert "P cannot be read" in capsys.readouterr().err


def test_a_table_whose_name_has_blanks_runs(toy: Path, tmp_path: Path) -> None:
    table = tmp_path / "my 'own' $file.csv"
    table.write_text("params,tokens,loss\n1e6,1e9,3\n")
    write(toy / "book/part/one.ipynb", chapter("one", "print(runs, seed)"))
    environment = {"BOOK_NAME": "one", "BOOK_RUNS": str(table), "BOOK_P": "seed='3'"}
    done = run_cli(toy, "--make", "run", **environment)
    assert done.returncode == 0, done.stderr
    (folder,) = (toy / "_build/runs").iterdir()
    assert f"{table} 3" in (folder / "chapter.ipynb").read_text()


@pytest.mark.parametrize("name", ["part/on", "tow", ""])
def test_a_name_that_is_none_gets_the_nearest(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("BOOK_NAME", name)
    assert cli.main(["--root", str(toy), "--make", "run"]) == 1
    said = capsys.readouterr().err
    assert "Chapters: part/one, part/two" in said
    nearest = {"part/on": "'part/one'", "tow": "'part/two'", "": "NAME=chinchilla"}
    assert nearest[name] in said


# Settings -----------------------------------------------------------------------------------------


def test_lint_refuses_a_key_that_stands_twice(toy: Path) -> None:
    with (toy / "_config.yml").open("a") as settings:
        settings.write("title: Another\n")
    with (toy / "book/_toc.yml").open("a") as toc:
        toc.write("root: other\n")
    problems = chapters.lint(toy)
    assert any(p.startswith("_config.yml names title twice, in lines 2 and") for p in problems)
    assert any(p.startswith("_toc.yml names root twice") for p in problems)


def test_lint_names_settings_and_a_bibliography_that_cannot_be_read(toy: Path) -> None:
    (toy / "_config.yml").write_text("a: [\n")
    (toy / "book/references.bib").write_text("@article{toy2026, title = {x")
    problems = chapters.lint(toy)
    assert any(p.startswith("_config.yml is not YAML") for p in problems)
    assert any(p.startswith("references.bib cannot be read: syntax error") for p in problems)
