"""A hint says what to type where it is read: options at the command line, names in Python."""

import pandas as pd
import pytest
from click.testing import CliRunner

import scalinglaws as sl
from scalinglaws.command import REFUSED, main
from scalinglaws.command._fixes import flags
from scalinglaws.errors import Fix, Problem


def write(folder, columns):
    path = folder / "runs.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


COUNTS = {"params": [2e7, 4e7, 8e7], "tokens": [4e8, 8e8, 9e8], "loss": [3.2, 3.1, 3.05]}
SEVERAL = {"params_total": COUNTS["params"], "params_layers": [1e7, 2e7, 4e7]}
MILLIONS = {**COUNTS, "params": [20, 40, 80]}
CASES = [
    (
        {**SEVERAL, "tokens": COUNTS["tokens"], "loss": COUNTS["loss"]},
        "columns={'params': 'params_total'}",
        ["--map params=params_total"],
    ),
    (MILLIONS, "units={'params': 1e6}", ["--unit params=1e6"]),
    (
        {**COUNTS, "params": [20, 40, 80], "tokens": [400, 800, 900]},
        "units={'params': 1e6, 'tokens': 1e6}",
        ["--unit params=1e6 --unit tokens=1e6"],
    ),
    (
        {"run name": ["a 20M", "b 40M", "c 80M"], **{k: COUNTS[k] for k in ("tokens", "loss")}},
        "columns={'params': {'size_in': 'run name'}}",
        ["--map 'params=size_in:run name'"],
    ),
    (
        {"params": COUNTS["params"], "tokens": COUNTS["tokens"], "val_bpb": [1.2, 1.1, 1.05]},
        "columns={'loss': 'val_bpb'} with loss_unit='bits/byte'",
        ["--map loss=val_bpb", "--loss-unit bits/byte"],
    ),
    (
        {"run": ["a"] * 3, "step": [1, 2, 3], "loss": COUNTS["loss"]},
        "sl.curves.read_curves",
        ["scalinglaws forecast"],
    ),
]


@pytest.mark.parametrize(("columns", "python", "typed"), CASES)
def test_one_fix_reads_in_two_dialects(tmp_path, columns, python, typed):
    path = write(tmp_path, columns)
    with pytest.raises(sl.BadRuns) as caught:
        sl.read_runs(path)
    assert python in str(caught.value)
    assert flags(caught.value.fixes) == typed
    done = CliRunner().invoke(main, ["fit", str(path)])
    assert done.exit_code == REFUSED
    for words in typed:
        assert words in done.stderr
    assert "columns={" not in done.stderr
    assert "units={" not in done.stderr
    assert "Python" not in done.stderr


def test_what_a_fix_says_can_be_typed(tmp_path):
    path = write(tmp_path, MILLIONS)
    with pytest.raises(sl.BadRuns) as caught:
        sl.read_runs(path, law=None)
    (fix,) = caught.value.fixes
    assert sl.read_runs(path, law=None, **{fix.option: fix.value})["params"].max() == 8e7
    (typed,) = flags(caught.value.fixes)
    checked = CliRunner().invoke(main, ["check", str(path), *typed.split()])
    assert checked.exit_code == 0, checked.stderr


def test_notes_are_spoken_too(tmp_path):
    rows = [
        {"run": f"r{n}", "params": 4.0**n * 1e7, "tokens": t * 1e8, "loss": 3 + 1 / t + 1 / n}
        for n in range(1, 5)
        for t in range(1, 4)
    ]
    path = write(tmp_path, pd.DataFrame(rows))
    note = sl.read_runs(path).attrs["card"]["notes"][-1]
    assert "last_of='run' keeps the last of each" in note
    done = CliRunner().invoke(main, ["check", str(path)])
    assert "--last-of run keeps the last of each" in done.stdout


def test_a_way_that_only_python_has_is_called_that(tmp_path):
    done = CliRunner().invoke(main, ["fit", str(write(tmp_path, COUNTS))])
    assert "In Python, all the same: pass check=False to fit" in done.stderr


def test_sources_that_differ_are_parted_by_an_option():
    fix = Fix("where", {"tokenizer": "gpt 2"})
    refusal = sl.Unidentifiable(Problem(f"residuals differ: {fix} keeps one of them", fix))
    assert flags(refusal.fixes) == ["--where 'tokenizer=gpt 2'"]
    assert str(refusal) == "residuals differ: where={'tokenizer': 'gpt 2'} keeps one of them"
