"""What a page gets: the command line's own answers, refusals and words, from bytes."""

import json
import os
import shlex
from importlib.resources import files

import jsonschema
import pytest
from click.testing import CliRunner

import scalinglaws as sl
from scalinglaws.command import main
from scalinglaws.command.browser import answer, example

SCHEMA = json.loads((files("scalinglaws.command") / "schema.json").read_text(encoding="utf-8"))
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def table():
    """Hoffmann's runs as bytes, under the names of a tracker."""
    runs = sl.load("hoffmann2022")[["params", "tokens", "loss"]]
    return runs.rename(columns={"loss": "eval/loss"}).to_csv(index=False).encode()


def asked(verb, given, **options):
    given = given if isinstance(given, list) else [("runs.csv", given)]
    return json.loads(answer(json.dumps({"verb": verb, **options}), given))


@pytest.mark.parametrize(
    ("verb", "options"), [("check", {}), ("fit", {}), ("plan", {"flops": ["1e21", "5.76e23"]})]
)
def test_a_verb_gives_what_the_command_line_prints(table, verb, options, tmp_path, monkeypatch):
    found = asked(verb, table, **options)
    jsonschema.validate(found["told"], SCHEMA)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").write_bytes(table)
    words = shlex.split(found["command"])[1:]
    typed = CliRunner().invoke(main, [*words, "--json"])
    assert found["status"] == typed.exit_code == 0
    assert found["told"] == json.loads(typed.stdout)
    assert found["said"] == typed.stderr.strip()


def test_the_report_is_the_page_and_names_the_command_that_writes_it(table):
    found = asked("report", table, flops=["1e22"], title=HOSTILE)
    assert found["status"] == 0
    assert found["printed"].startswith("For 1e22 FLOPs train")
    assert found["page"].startswith("<!doctype html>")
    assert found["command"] == (
        f"scalinglaws report runs.csv --title '{HOSTILE}' --flops 1e22 -o report.html"
    )
    assert "<img src=x" not in found["page"]
    assert "scalinglaws report runs.csv --title &#x27;&lt;img" in found["page"]


def test_choices_are_the_options_of_the_command_line():
    runs = sl.load("hoffmann2022")
    sheet = runs.assign(
        size=(runs["params"] / 1e6).map("{:.9g}M".format), D=runs["tokens"] / 1e9, group="a"
    )[["size", "D", "loss", "group"]]
    refused = asked("fit", sheet.to_csv(index=False).encode())
    assert refused["status"] == 1
    assert refused["told"]["refused"] == "BadRuns"
    jsonschema.validate(refused["told"], SCHEMA)
    found = asked(
        "fit",
        sheet.to_csv(index=False).encode(),
        columns={"params": {"size_in": "size"}, "tokens": "D"},
        units={"tokens": "B"},
        where={"group": "a"},
        loss_unit="nats",
        best_of_cell=True,
        law="chinchilla",
    )
    assert found["command"] == (
        "scalinglaws fit runs.csv --map params=size_in:size --map tokens=D --unit tokens=B "
        "--where group=a --loss-unit nats --law chinchilla --best-of-cell"
    )
    plain = sl.fit(sl.laws.CHINCHILLA, runs[["params", "tokens", "loss"]])
    # The same runs but for nine digits of the sizes, and cells that hold more than one run.
    found = found["told"]["params"]["alpha"]["estimate"]
    assert found == pytest.approx(plain.params["alpha"], rel=1e-2)


def test_columns_that_might_be_meant_are_asked_about():
    content = b"name,N,tokens_text,tokens_code,val_loss\nx,1e8,2e9,1e9,3\ny,2e8,4e9,2e9,2\n"
    found = asked("columns", content)
    assert found["status"] == 0
    assert found["told"] == {
        "columns": ["name", "N", "tokens_text", "tokens_code", "val_loss"],
        "taken": {"loss": "val_loss"},
        "could_be": {"params": ["N"], "tokens": ["tokens_text", "tokens_code"]},
        "sizes_in": None,
    }
    named = b"model,D,loss\nx-20M,2e9,3\ny-1.4B,4e9,2\n"
    assert asked("columns", named)["told"]["sizes_in"] == "model"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"params,tokens,loss\n1e8,2e9,low\n", "found 'low'"),
        (b"PK\x03\x04", "is a spreadsheet"),
    ],
)
def test_a_broken_file_gets_the_sentence_of_the_library(content, words, tmp_path):
    (tmp_path / "runs.csv").write_bytes(content)
    with pytest.raises(sl.BadRuns, match=words) as refusal:
        sl.read_runs(tmp_path / "runs.csv")
    found = asked("check", content)
    assert found["status"] == 1
    said = f"{type(refusal.value).__name__}: {refusal.value}".replace(f"{tmp_path}/", "")
    assert found["said"] == said


def test_a_wrong_call_says_how_it_is_called(table):
    found = asked("plan", table, flops=["much"])
    assert found["status"] == 2
    assert "'much' is no number, such as 1e24" in found["said"]


def test_names_of_files_are_no_folders_and_no_options(table):
    here = set(os.listdir())
    for name in ("../../runs.csv", "--save=x.csv", "C:\\data\\runs.csv", "..", "", "x" * 300):
        assert asked("check", [(name, table)])["status"] == 0
    assert set(os.listdir()) == here


def test_several_files_are_one_table_though_they_have_one_name(table):
    head, *lines = table.decode().splitlines()
    halves = [("\n".join([head, *half]) + "\n").encode() for half in (lines[:120], lines[120:])]
    told = asked("check", [("runs.csv", half) for half in halves])["told"]
    assert told["rows"] == 240
    assert told["files"] == ["runs.csv", "2/runs.csv"]


def test_the_example_is_read_as_it_stands():
    content = example().encode()
    assert asked("check", content)["told"]["rows"] == 240 == content.count(b"\n") - 1
