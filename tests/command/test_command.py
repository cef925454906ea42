"""The command line: answers and their numbers, refusals by exit status, JSON that is read back."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import scalinglaws as sl
from scalinglaws.command import REFUSED, main


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Hoffmann's runs under the names of a tracker, some of them unfinished."""
    runs = sl.load("hoffmann2022")
    path = tmp_path_factory.mktemp("runs") / "export.csv"
    frame = pd.DataFrame(
        {
            "State": ["finished"] * (len(runs) - 2) + ["crashed", "running"],
            "model.params": runs["params"].to_numpy(),
            "train/tokens": runs["tokens"].to_numpy(),
            "eval/loss": runs["loss"].to_numpy(),
        }
    )
    frame.to_csv(path, index=False)
    return path


def run(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


def test_plan_is_that_of_the_library(table):
    told = run("plan", table, "--flops", 1e21, "--flops", 5.76e23, "--json")
    assert told.exit_code == 0
    plans = pd.DataFrame(json.loads(told.stdout)["plans"])
    runs = sl.read_runs(table)
    ours = sl.allocate(sl.fit(sl.laws.CHINCHILLA, runs), [1e21, 5.76e23])
    for column in ("params", "params_low", "tokens_high", "loss"):
        np.testing.assert_allclose(plans[column], ours[column])
    words = run("plan", table, "--flops", 1e21)
    assert "parameters N" in words.stdout
    assert "took 'eval/loss' as loss" in words.stderr
    assert "2 rows left out that did not finish: 1 crashed, 1 running" in words.stderr


def test_a_saved_fit_plans_as_its_table_does(table, tmp_path):
    kept = tmp_path / "fit.json"
    card = run("fit", table, "--save", kept)
    assert card.exit_code == 0
    assert "alpha" in card.stdout
    of_table, of_fit = (run("plan", s, "--flops", 1e22, "--json").stdout for s in (table, kept))
    assert json.loads(of_table) == json.loads(of_fit)


def test_fit_in_json_has_each_parameter_with_its_interval(table):
    told = json.loads(run("fit", table, "--json").stdout)
    assert set(told) == {"verb", "law", "runs", "ok", "status", "params"}
    assert {"A", "B", "E", "alpha", "beta", "a", "b"} == set(told["params"])
    alpha = told["params"]["alpha"]
    assert alpha["low"] < alpha["estimate"] < alpha["high"]


def test_check_says_what_was_understood_and_what_can_be_answered(table):
    told = json.loads(run("check", table, "--json").stdout)
    assert told["answers"]["how to split a budget (plan)"] == "yes"
    assert "column 'experts' is missing" in told["answers"]["what experts are worth"]
    assert "took 'model.params' as params" in told["notes"]
    assert "no unit was declared" in " ".join(told["notes"])
    words = run("check", table)
    assert words.exit_code == 0
    assert "how to split a budget (plan): yes" in words.stdout


def test_options_say_how_a_table_is_read(tmp_path):
    path = tmp_path / "sheet.csv"
    runs = sl.load("hoffmann2022")
    pd.DataFrame(
        {"size": runs["params"] / 1e6, "D": runs["tokens"] / 1e9, "bits": runs["loss"] / np.log(2)}
    ).to_csv(path, index=False)
    refused = run("plan", path, "--flops", 1e21)
    assert refused.exit_code == REFUSED
    assert "column 'params' is missing" in refused.stderr
    assert refused.stdout == ""
    told = run(
        "fit", path, "--json", "--map", "params=size", "--map", "tokens=D", "--map", "loss=bits",
        "--unit", "params=M", "--unit", "tokens=1e9", "--loss-unit", "bits",
    )  # fmt: skip
    # The same runs, to the digits of the file.
    plain = sl.fit(sl.laws.CHINCHILLA, runs[["params", "tokens", "loss"]])
    found = json.loads(told.stdout)["params"]["alpha"]["estimate"]
    assert found == pytest.approx(plain.params["alpha"], rel=1e-4)


def test_refusals_have_their_status_and_no_traceback(tmp_path):
    flat = tmp_path / "flat.csv"
    n = np.geomspace(1e7, 1e9, 12)
    same = {"params": np.repeat(n, 2), "tokens": np.tile([2e9, 4e10], 12), "loss": 2.5}
    pd.DataFrame(same).to_csv(flat, index=False)
    told = run("plan", flat, "--flops", 1e21, "--json")
    assert told.exit_code == REFUSED
    assert json.loads(told.stdout)["refused"] == "Unidentifiable"
    assert "Traceback" not in told.output
    missing = run("check", tmp_path / "nothing.csv")
    assert missing.exit_code == REFUSED
    assert "no file at" in missing.stderr
    raised = run("plan", tmp_path / "nothing.csv", "--flops", 1e21, "--debug")
    assert isinstance(raised.exception, sl.BadRuns)


def test_a_wrong_call_has_its_own_status(table):
    for words in (["plan", table], ["plan", table, "--flops", "much"], ["fit", table, "--law", "x"],
                  ["check", table, "--map", "loss"], ["grow"]):  # fmt: skip
        assert run(*words).exit_code == 2


def test_it_starts_without_the_library():
    code = (
        "import sys, scalinglaws.command as c\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(c.main, ['--help']).exit_code == 0\n"
        "print('scipy.optimize' in sys.modules, 'matplotlib' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert out.split()[1] == "False"
    module = [sys.executable, "-m", "scalinglaws", "plan", "--help"]
    assert "--flops" in subprocess.run(module, capture_output=True, text=True, check=True).stdout


def test_files_of_many_runs_are_one_table(tmp_path):
    for k in range(3):
        (tmp_path / f"run-{k}-tag-loss.csv").write_text(
            "Wall time,Step,Value\n" + "".join(f"{i},{10 * i},{4 - i / 10}\n" for i in range(1, 8))
        )
    paths = sorted(tmp_path.glob("*.csv"))
    told = json.loads(run("check", *paths, "--json").stdout)
    assert told["answers"]["where a curve goes (forecast)"] == "yes"
    assert told["rows"] == 21
    assert "needs one row for each run" in told["answers"]["how to split a budget (plan)"]
    assert Path(told["files"][0]).name == "run-0-tag-loss.csv"
