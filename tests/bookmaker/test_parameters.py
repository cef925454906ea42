"""A chapter on a reader's own parameters: what it takes, what it refuses, the page it makes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import bookmaker as chapters
from bookmaker import ranges
from bookmaker.parameters import read_parameters
from bookmaker.project import Project
from conftest import CHECKOUT, chapter, run_cli, write
from scalinglaws.errors import BadParameters, ScalingLawError, UnknownName

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_takes_parameters_and_writes_one_page_that_needs_no_network(
    toy: Path, tmp_path: Path
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("params,tokens,loss\n1e6,1e9,3\n")
    write(toy / "book/part/one.ipynb", chapter("one", "print(runs, seed, scale)"))
    done = run_cli(toy, "run", "one", "--runs", str(table), "-p", "seed=1e3", "-p", "scale=6e+20")
    assert done.returncode == 0, done.stderr
    (folder,) = (toy / "_build/runs").iterdir()
    assert folder.name.startswith("part-one-")
    executed = (folder / "chapter.ipynb").read_text()
    assert f"{table} 1000 6e+20" in executed
    page = (folder / "chapter.html").read_text()
    assert (folder / "chapter.html").as_uri() in done.stdout
    assert f"{table} 1000 6e+20" in page
    for load in (
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=.?http",
        r"url\(.?http",
        "@import",
    ):
        assert re.search(load, page) is None
    assert "cdnjs" not in page  # where nbconvert's page fetches its scripts
    assert "{cite" not in page


def test_a_relative_path_is_made_absolute(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(toy / "data/toy")
    found = Project.at(toy).chapter("one")
    assert chapters.check_parameters(found, {"runs": "runs.csv"}) == {
        "runs": str(toy / "data/toy/runs.csv")
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"scale": "1e18"}, {"scale": 1e18}),
        ({"scale": "6e+20"}, {"scale": 6e20}),
        ({"scale": 7}, {"scale": 7.0}),
        ({"seed": "1e3"}, {"seed": 1000}),
        ({"seed": "12345678901234567890"}, {"seed": 12345678901234567890}),
    ],
)
def test_numbers_are_read_by_the_declared_type(toy: Path, given: dict, expected: dict) -> None:
    found = Project.at(toy).chapter("one")
    values = chapters.check_parameters(found, given)
    assert values == expected
    assert [type(v) for v in values.values()] == [type(v) for v in expected.values()]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sed": 1}, "'sed' is not a parameter of this chapter; did you mean 'seed'"),
        ({"seed": "many"}, "seed = 'many': a whole number is expected"),
        ({"seed": 1.5}, "seed = 1.5: a whole number is expected"),
        ({"seed": True}, "seed = True: a whole number is expected"),
        ({"scale": "1e18 FLOPs"}, "scale = '1e18 FLOPs': a number is expected"),
        ({"scale": "inf"}, "scale = 'inf': a finite number is expected"),
        ({"seed": -1}, "seed = -1: expected a number from 0 to 1.84467e+19"),
        ({"scale": 0.0}, "scale = 0.0: expected a positive number"),
        ({"runs": "missing.csv"}, "there is no such file"),
        ({"runs": "hofman2022"}, "neither a file nor a bundled set"),
    ],
)
def test_bad_parameters_are_refused_with_what_is_accepted(
    toy: Path, given: dict, message: str
) -> None:
    with pytest.raises(BadParameters) as caught:
        chapters.run("one", root=toy, **given)
    assert message in str(caught.value)
    assert "seed: int = 0  # random seed" in str(caught.value)
    assert not (toy / "_build/runs").exists()  # before any kernel


@pytest.mark.parametrize(
    ("name", "kind", "good", "bad"),
    [
        ("n_resamples", "int", [20, 1000, 100_000], [0, 19, 10**12]),
        ("seed", "int", [0, 7], [-1, 2**64]),
        ("level", "float", [0.5, 0.99], [0.0, 1.0, 2.0]),
        ("held_out", "float", [0.2], [0.0, 1.0]),
        ("doublings", "int", [1, 30], [0, 31]),
        ("budget", "float", [1e-9, 1e30], [0.0, -1e21]),
        ("most_experts", "float", [0.0, 64.0], [-1.0]),
        ("runs", "str", ["anything"], []),
        ("truth", "bool", [False], []),
    ],
)
def test_values_stay_within_their_ranges(name: str, kind: str, good: list, bad: list) -> None:
    assert [ranges.wrong(name, kind, v) for v in good] == [""] * len(good)
    assert all(ranges.wrong(name, kind, v).startswith("expected a") for v in bad)


def test_every_default_lies_in_its_range() -> None:
    project = Project.at(CHECKOUT)
    for chapter_ in project.chapters():
        for p in read_parameters(chapter_):
            if p.type in ("int", "float"):
                value = float(p.default)
                assert ranges.wrong(p.name, p.type, value) == "", f"{chapter_.name}: {p}"


def test_all_bad_parameters_are_told_at_once(toy: Path) -> None:
    with pytest.raises(BadParameters, match=r"(?s)'sed'.*scale = 'x'"):
        chapters.run("one", root=toy, sed=1, scale="x")


def test_an_unknown_chapter_lists_those_that_exist(toy: Path) -> None:
    with pytest.raises(
        UnknownName, match=r"Did you mean 'part/one'\? Chapters: part/one, part/two"
    ):
        chapters.run("on", root=toy)


def test_a_folder_without_a_book_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScalingLawError, match="holds no book"):
        chapters.book(tmp_path)
