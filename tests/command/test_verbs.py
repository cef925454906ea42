"""Every verb on tables as people have them: its answer is the library's, in words and in JSON."""

import json
import tomllib
from importlib.resources import files

import jsonschema
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import scalinglaws as sl
from scalinglaws.command import REFUSED, main
from scalinglaws.command._budget import PEAKS

SCHEMA = json.loads((files("scalinglaws.command") / "schema.json").read_text(encoding="utf-8"))
TRUTH = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
RUNS = 24


def run(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


def told(*words):
    """Return what a verb prints as JSON, held against the published schema."""
    result = run(*words, "--json")
    found = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    assert "refused" not in found, found
    assert result.exit_code == 0
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Exports of 24 runs: a table of runs, a history of checkpoints, task scores, curves."""
    at = tmp_path_factory.mktemp("exports")
    rng = np.random.default_rng(4)
    names = [f"run-{k}" for k in range(RUNS)]
    n = np.repeat(np.geomspace(2e7, 5e8, 6), 4)
    d = n * np.tile([5.0, 15.0, 40.0, 100.0], 6)
    loss = sl.laws.CHINCHILLA(TRUTH, params=n, tokens=d) * np.exp(0.005 * rng.normal(size=RUNS))
    config = {"Name": names, "State": ["finished"] * 23 + ["crashed"], "model.params": n}
    pd.DataFrame({**config, "lr": 3e-4}).to_csv(at / "config.csv", index=False)
    rows = [
        {"run": name, "_step": s, "train/tokens": t * s / 10, "eval/loss": y * (1 + 0.5 / s**2)}
        for name, t, y in zip(names, d, loss, strict=True)
        for s in range(1, 11)
    ]
    pd.DataFrame(rows).to_csv(at / "history.csv", index=False)
    table = pd.DataFrame({"run": names, "params": n, "tokens": d, "loss": loss})
    table.to_csv(at / "plain.csv", index=False)
    score = 0.25 + 0.65 / (1 + np.exp(4 * (loss - 2.9))) + 0.003 * rng.normal(size=RUNS)
    scores = pd.DataFrame({"run": names, "arc/acc": score})
    scores.to_csv(at / "scores.csv", index=False)
    several = table.rename(columns={"params": "params_total"}).assign(params_head=1e6)
    several.to_csv(at / "sizes.csv", index=False)
    return at


def test_runs_of_a_history_take_their_sizes_from_a_table_joined(folder):
    refused = run("plan", folder / "history.csv", "--flops", 1e21, "--last-of", "run")
    assert refused.exit_code == REFUSED
    assert "column 'params' is missing" in refused.stderr
    joined = told(
        "plan", folder / "history.csv", "--join", folder / "config.csv",
        "--flops", 1e21, "--last-of", "run",
    )  # fmt: skip
    runs = sl.read_runs(folder / "history.csv", join=folder / "config.csv", last_of="run")
    assert len(runs) == 23  # one crashed
    ours = sl.allocate(sl.fit(sl.laws.CHINCHILLA, runs), 1e21)
    assert joined["plans"][0]["params"] == ours["params"][0]
    notes = " ".join(runs.attrs["card"]["notes"])
    assert "columns of config.csv joined by run" in notes
    assert "10 crashed" in notes  # rows of one run


def test_tables_that_cannot_be_joined_are_refused(folder, tmp_path):
    other = tmp_path / "other.csv"
    pd.DataFrame({"run": ["a", "b"], "params": [1e9, 2e9]}).to_csv(other, index=False)
    with pytest.raises(sl.BadRuns, match=r"no run of .*history\.csv is in .*other\.csv"):
        sl.read_runs(folder / "history.csv", join=other)
    pd.DataFrame({"run": ["run-1", "run-1"], "params": [1e9, 2e9]}).to_csv(other, index=False)
    with pytest.raises(sl.BadRuns, match="run 'run-1' stands in 2 rows"):
        sl.read_runs(folder / "history.csv", join=other)
    pd.DataFrame({"params": [1e9]}).to_csv(other, index=False)
    with pytest.raises(sl.BadRuns, match="tables are joined by the name of the run"):
        sl.read_runs(folder / "history.csv", join=other)
    pd.DataFrame({"run": ["run-1", "new"], "lr": [1.0, 2.0]}).to_csv(other, index=False)
    some = sl.read_runs(folder / "plain.csv", join=other, law=None)
    assert some["lr"].tolist() == [1.0]
    notes = some.attrs["card"]["notes"]
    assert "23 runs left out that other.csv lacks" in notes
    assert "1 run left out that plain.csv lacks" in notes


def test_a_proposed_mapping_reads_as_the_guess_did(folder, tmp_path):
    path = tmp_path / "runs.map.toml"
    export = tmp_path / "export.csv"
    frame = pd.read_csv(folder / "plain.csv").rename(
        columns={"params": "model.params", "tokens": 'train "tokens"', "loss": "eval/loss"}
    )
    frame = frame.rename(columns={'train "tokens"': "tokens_seen"})
    frame.assign(State=["finished"] * 20 + ["running"] * 4).to_csv(export, index=False)
    checked = run("check", export, "--write-map", path)
    assert checked.exit_code == 0
    written = tomllib.loads(path.read_text())
    assert written["columns"]["loss"] == "eval/loss"
    assert written["columns"]["tokens"] == "tokens_seen"
    assert written["rows"]["keep"] == {"State": ["finished"]}
    guessed, mapped = sl.read_runs(export), sl.read_runs(export, mapping=path)
    pd.testing.assert_frame_equal(guessed, mapped)
    assert len(mapped) == 20
    assert told("fit", export, "--map", path)["runs"] == 20
    # It names its table from where it lies, so that it can be given alone.
    assert written["file"] == "export.csv"
    assert told("fit", path)["runs"] == 20
    assert run("check", path).exit_code == 0
    again = run("check", export, "--write-map", path)
    assert again.exit_code == REFUSED
    assert "is there already" in again.stderr


def test_a_mapping_that_must_be_answered_asks(folder, tmp_path):
    path, export = tmp_path / "m.toml", tmp_path / "export.csv"
    frame = pd.read_csv(folder / "plain.csv").rename(columns={"params": "params_total"})
    frame.assign(params_head=1e6).to_csv(export, index=False)
    checked = run("check", export, "--write-map", path)
    assert "could be it: say which" in checked.stdout
    text = path.read_text()
    assert '# params = "params_total"  # one of "params_head", "params_total"' in text
    # Answered by taking the first sign off the line, it reads.
    path.write_text(text.replace('# params = "params_total"', 'params = "params_total"'))
    assert len(sl.read_runs(export, mapping=path)) == RUNS


def test_a_mapping_says_all_that_the_options_say(folder, tmp_path):
    path, export = tmp_path / "m.toml", tmp_path / "export.csv"
    plain = pd.read_csv(folder / "plain.csv")
    pd.DataFrame(
        {
            "name": [f"net-{n / 1e6:.3f}M" for n in plain["params"]],
            "Tokens": plain["tokens"] / 1e9,
            "batch": 2.0,
            "bits": plain["loss"] / np.log(2),
            "kind": ["a"] * 12 + ["b"] * 12,
            "lab": ["x"] * RUNS,
        }
    ).to_csv(export, index=False)
    path.write_text(
        '[columns]\nparams = {size_in = "name"}\n'
        'tokens = {column = "Tokens", times = 1e9}\n'
        'loss = {column = "bits", unit = "bits/token"}\n'
        '[rows]\nkeep = {lab = "x"}\ngroup = "kind"\n'
    )
    runs = sl.read_runs(export, mapping=path)
    np.testing.assert_allclose(runs["params"], plain["params"], rtol=1e-4)  # written to 1 kB
    np.testing.assert_allclose(runs["tokens"], plain["tokens"])
    np.testing.assert_allclose(runs["loss"], plain["loss"])
    grouped = run("fit", export, "--map", path)
    assert grouped.exit_code == REFUSED  # two groups are too few, and named by the mapping
    assert "kind has 2 groups" in grouped.stderr
    # What a call says goes before what the file says.
    assert sl.read_runs(export, mapping=path, loss_unit="nats")["loss"][0] == pytest.approx(
        plain["loss"][0] / np.log(2)
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("columns = 3", r"\[columns\] is a table of names"),
        ("[column]\n", "column is not known; did you mean 'columns'"),
        ("[columns]\nloss = {colum = 'x'}", "columns.loss.colum is not known; did you mean"),
        ("[columns]\nloss = {column = 'loss', unit = 'dB'}", "columns.loss.unit is 'dB'"),
        ("[rows]\nkeep = 'finished'", "rows.keep is a table such as"),
        ("[rows]\nlastof = 'run'", "rows.lastof is not known; did you mean 'last_of'"),
        ("[columns", "is no TOML"),
    ],
)
def test_what_is_wrong_in_a_mapping_is_named(folder, tmp_path, text, words):
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(sl.BadRuns, match=words):
        sl.read_runs(folder / "plain.csv", mapping=path)
    with pytest.raises(sl.BadRuns, match="cannot be read"):
        sl.read_runs(folder / "plain.csv", mapping=tmp_path / "none.toml")


def test_next_is_that_of_the_library(folder):
    words = ("next", folder / "plain.csv", "--target", "flops=1e21", "--spend", 1e20, "--runs", 3)
    found = told(*words)
    fit = sl.fit(sl.laws.CHINCHILLA, sl.read_runs(folder / "plain.csv"))
    ours = sl.next_runs(fit, flops=1e21, spend=1e20, runs=3)
    assert found["width_then"] == ours.then
    assert found["runs"][0]["params"] == ours.runs["params"][0]
    assert ours.sentence() in run(*words).stdout
    wrong = run("next", folder / "plain.csv", "--target", "flops=many", "--spend", 1e20)
    assert wrong.exit_code == 2
    assert "is no number" in wrong.stderr


def test_a_curve_goes_on_as_in_the_library(folder):
    found = told("forecast", folder / "history.csv", "--run", "run-3", "--at", 40)
    history = pd.read_csv(folder / "history.csv")
    part = history[history["run"] == "run-3"]
    ours = sl.forecast(part["_step"], part["eval/loss"], at=[40])
    assert found["x"] == "step"
    assert found["curves"][0]["ahead"][0]["mean"] == ours["mean"][0]
    by_tokens = told("forecast", folder / "history.csv", "--x", "tokens", "--run", "run-3")
    assert [a["times"] for a in by_tokens["curves"][0]["ahead"]] == [2.0, 10.0]
    needs = run("forecast", folder / "history.csv", "--run", "run-3", "--target", 1.0)
    assert needs.exit_code == 0
    assert "1" in needs.stdout
    unknown = run("forecast", folder / "history.csv", "--run", "run-99")
    assert unknown.exit_code == REFUSED
    assert "no curve is called 'run-99'" in unknown.stderr


def test_words_name_curves_where_no_run_does(tmp_path):
    path = tmp_path / "curves.csv"
    x = np.geomspace(10, 1000, 8)
    parts = [
        pd.DataFrame({"task": t, "model": m, "x": x, "loss": c * x**-0.2 + 0.1})
        for c, (t, m) in enumerate([("a", "s"), ("a", "l"), ("b", "s")], start=1)
    ]
    pd.concat(parts).to_csv(path, index=False)
    names = [c["curve"] for c in told("forecast", path)["curves"]]
    assert names == ["a, s", "a, l", "b, s"]


def test_a_ladder_takes_its_sizes_from_the_runs(folder):
    words = (
        "ladder", folder / "scores.csv", "--runs", folder / "plain.csv", "--task", "arc/acc",
        "--at", "params=2e9", "--at", "tokens=8e10",
    )  # fmt: skip
    found = told(*words)["predictions"][0]
    both = pd.read_csv(folder / "plain.csv").merge(pd.read_csv(folder / "scores.csv"), on="run")
    both = both.rename(columns={"loss": "task_loss", "arc/acc": "score"})
    at = pd.DataFrame({"params": [2e9], "tokens": [8e10]})
    # The run's name would group rows, were it not each of its own.
    ours = sl.downstream.ladder(both, at=at).predictions.iloc[0]
    assert found["score"] == pytest.approx(ours["score"], rel=1e-12)
    assert found["score_low"] == pytest.approx(ours["score_low"], rel=1e-9)
    half = run(*words[:-2])
    assert half.exit_code == 2
    missing = run(*["arc/f1" if w == "arc/acc" else w for w in words])
    assert missing.exit_code == REFUSED
    assert "the table has no column 'arc/f1'" in missing.stderr


def test_machines_and_hours_are_a_budget(folder):
    found = told(
        "plan", folder / "plain.csv", "--gpu", "h100", "--gpus", 8, "--hours", 100, "--mfu", 0.4,
        "--tokens-per-param", 20, "--serve-tokens", 1e12,
    )  # fmt: skip
    spent = PEAKS["h100"] * 8 * 100 * 3600 * 0.4
    assert found["plans"][0]["flops"] == pytest.approx(spent)
    ratio = found["at_ratio"][0]
    assert ratio["tokens"] / ratio["params"] == pytest.approx(20)
    assert 6 * ratio["tokens"] * ratio["params"] == pytest.approx(spent)
    assert ratio["more_loss"] >= 0
    fit = sl.fit(sl.laws.CHINCHILLA, sl.read_runs(folder / "plain.csv"))
    ours = sl.compute.lifetime(fit, 1e12, loss=found["plans"][0]["loss"])
    assert found["served"][0]["params"] == pytest.approx(ours["params"][0])
    for words in (["--gpu", "h100", "--hours", 3], [], ["--mfu", 0.4, "--flops", 1e21]):
        assert run("plan", folder / "plain.csv", *words).exit_code == 2


def test_a_report_is_written_and_told(folder, tmp_path):
    page = tmp_path / "answer.html"
    found = told("report", folder / "plain.csv", "--flops", 1e21, "-o", page, "--title", "Ours")
    assert page.read_text(encoding="utf-8").count(found["answer"].split(".")[0]) >= 1
    assert found["title"] == "Ours"
    assert found["page"] == str(page)
    lost = run("report", folder / "plain.csv", "--flops", 1e21, "-o", tmp_path / "no" / "a.html")
    assert lost.exit_code == REFUSED
    assert "cannot be written" in lost.stderr


def test_refusals_follow_the_schema_and_speak_of_the_command_line(folder):
    refused = run("check", folder / "scores.csv", "--json")
    jsonschema.validate(json.loads(refused.stdout), SCHEMA)
    assert json.loads(refused.stdout)["verb"] == "check"
    sizes = run("plan", folder / "sizes.csv", "--flops", 1e21)
    assert sizes.exit_code == REFUSED
    assert "--map params=params_total" in sizes.stderr
    assert "columns={" not in sizes.stderr


def test_the_schema_and_completions_are_printed():
    assert json.loads(run("schema").stdout) == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for shell in ("bash", "zsh", "fish"):
        assert "_SCALINGLAWS_COMPLETE" in run("completion", shell).stdout


def test_chapters_are_run_in_a_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = run("chapter", "chinchilla", "runs.csv")
    assert refused.exit_code == REFUSED
    assert "call this inside a checkout" in refused.stderr


def test_nothing_is_written_over_what_is_not_ones_own(folder, tmp_path):
    runs = tmp_path / "runs.csv"
    before = (folder / "plain.csv").read_bytes()
    runs.write_bytes(before)
    for words in (("report", runs, "--flops", 1e21, "-o", runs), ("fit", runs, "--save", runs)):
        refused = run(*words)
        assert refused.exit_code == REFUSED
        assert "is what was read" in refused.stderr
        assert runs.read_bytes() == before
    notes = tmp_path / "notes.html"
    notes.write_text("mine")
    refused = run("report", runs, "--flops", 1e21, "-o", notes)
    assert "is no report of this command" in refused.stderr
    assert notes.read_text() == "mine"
    kept = tmp_path / "fit.json"
    assert run("fit", runs, "--save", kept).exit_code == 0
    assert run("fit", runs, "--save", kept).exit_code == 0  # its own may be written again
    nowhere = run("fit", runs, "--save", tmp_path / "no" / "fit.json")
    assert nowhere.exit_code == REFUSED
    assert "there is no folder" in nowhere.stderr
    # What a table is read by says nothing about a fit that was kept.
    told_twice = run("plan", kept, "--flops", 1e21, "--law", "kaplan")
    assert told_twice.exit_code == 2
    assert "--law says nothing about a fit that was saved" in told_twice.stderr


def test_wrong_numbers_are_wrong_calls(folder):
    plain = folder / "plain.csv"
    for words in (
        ("plan", plain, "--flops", "-1"),
        ("plan", plain, "--flops", "nan"),
        ("plan", plain, "--flops", "inf"),
        ("plan", plain, "--gpu", "h100", "--peak-flops", 1e15, "--hours", 1, "--mfu", 0.4),
        ("plan", plain, "--flops", 1e21, "--gpus", 8),
        ("next", plain, "--target", "flops=1e21", "--spend", "0"),
        ("next", plain, "--target", "params=1e9", "--spend", 1e20),
        ("next", plain, "--target", "flops=1e21", "--spend", 1e20, "--runs", 0),
        ("forecast", folder / "history.csv", "--at", "-5"),
        ("ladder", plain, "--task", "loss", "--at", "params=-1", "--at", "tokens=1"),
    ):
        assert run(*words).exit_code == 2, words
    refused = run(
        "next", plain, "--target", "flops=1e21", "--spend", 1e20, "--min-params", 1e9,
        "--max-params", 1e8,
    )  # fmt: skip
    assert refused.exit_code == REFUSED
    assert "min_params is above max_params" in refused.stderr


def test_runs_of_several_sizes_are_no_curve(folder, tmp_path):
    path = tmp_path / "n.csv"
    plain = pd.read_csv(folder / "plain.csv").drop(columns="run")
    plain.rename(columns={"params": "n_params", "tokens": "n_tokens"}).to_csv(path, index=False)
    refused = run("forecast", path)
    assert refused.exit_code == REFUSED
    assert "params 20M: a forecast needs the loss at 6 different x" in refused.stderr


def test_charts_and_histories_as_trackers_write_them(tmp_path):
    chart, history = tmp_path / "chart.csv", tmp_path / "history.csv"
    x = np.arange(100, 2100, 100)
    a, b = 2 + 9 * x**-0.4, 2.1 + 9 * x**-0.4
    pd.DataFrame({"Step": x, "a - val/loss": a, "b - val/loss": b}).to_csv(chart, index=False)
    assert [c["curve"] for c in told("forecast", chart)["curves"]] == ["a", "b"]
    pd.DataFrame(
        {"_step": x, "train/loss": a, "val/loss": [v if k % 2 else "" for k, v in enumerate(b)]}
    ).to_csv(history, index=False)
    found = run("forecast", history)
    assert "10 rows left out in which no val/loss was logged" in found.stderr
    assert "10 points to step 2000" in found.stdout
    broken = tmp_path / "broken.csv"
    pd.DataFrame({"tokens": x, "loss": [-1.0, *a[1:]]}).to_csv(broken, index=False)
    assert "found '-1.0' (negative)" in run("forecast", broken).stderr


def test_a_curve_that_has_turned_up_is_said_to(tmp_path):
    path = tmp_path / "up.csv"
    x = np.geomspace(1e3, 1e6, 30)
    pd.DataFrame({"tokens": x, "loss": 2 + 50 * x**-0.5 + x / 1e6}).to_csv(path, index=False)
    curve = told("forecast", path)["curves"][0]
    assert "the last 10 points rise" in curve["notes"][0]
    level = tmp_path / "level.csv"
    rng = np.random.default_rng(0)
    loss = np.maximum(1 + 400 * x**-0.7, 1.2) * np.exp(1e-3 * rng.standard_normal(30))
    pd.DataFrame({"tokens": x, "loss": loss}).to_csv(level, index=False)
    assert "no longer fall" in told("forecast", level)["curves"][0]["notes"][0]


def test_what_is_no_base_for_an_answer_gives_none(folder, tmp_path):
    path = tmp_path / "flat.csv"
    runs = pd.read_csv(folder / "plain.csv")
    rng = np.random.default_rng(0)
    at = ("--at", "params=2e9", "--at", "tokens=8e10")
    runs.assign(acc=0.25).to_csv(path, index=False)
    assert "every score is 0.25" in run("ladder", path, "--task", "acc", *at).stderr
    runs.assign(acc=0.25 + 0.01 * rng.normal(size=RUNS)).to_csv(path, index=False)
    chance = run("ladder", path, "--task", "acc", *at)
    assert chance.exit_code == REFUSED
    assert "the law explains no more than chance would" in chance.stderr
    assert run("ladder", path, "--task", "acc", *at, "--insist").exit_code == 0
    mixed = runs.assign(tokenizer=["a", "b"] * 12)
    mixed.loc[mixed["tokenizer"] == "b", "loss"] *= 1.1
    mixed.to_csv(path, index=False)
    for words in (("plan", path, "--flops", 1e21),
                  ("next", path, "--target", "flops=1e21", "--spend", 1e20)):  # fmt: skip
        refused = run(*words)
        assert refused.exit_code == REFUSED, words
        assert "residuals differ by tokenizer" in refused.stderr
    page = tmp_path / "page.html"
    refused = run("report", path, "--flops", 1e21, "-o", page, "--json")
    assert refused.exit_code == REFUSED
    answer = json.loads(refused.stdout)["answer"]
    assert answer.startswith("These runs give no answer: residuals differ by tokenizer")
    assert "residuals differ by tokenizer" in page.read_text(encoding="utf-8")  # with its reason
    # What the hint says leads to an answer.
    one = run("plan", path, "--flops", 1e21, "--where", "tokenizer=a", "--objective", "lsq_log")
    assert "residuals differ" not in one.stderr


def test_budgets_below_the_runs_are_said_to_be(folder):
    small = run("plan", folder / "plain.csv", "--flops", 1e12)
    assert "times less than the smallest run took" in small.stderr
    row = told("plan", folder / "plain.csv", "--flops", 1e12)["plans"][0]
    assert row["beyond"] > 1000


def test_a_terminal_obeys_no_label(tmp_path):
    path = tmp_path / "c.csv"
    x = np.geomspace(1e3, 1e6, 8)
    frame = pd.DataFrame({"run": "\x1b[31mred\u202e", "tokens": x, "loss": 2 + 50 * x**-0.5})
    frame.to_csv(path, index=False)
    shown = run("forecast", path).stdout
    assert "\x1b" not in shown
    assert "\\u001b[31mred\\u202e" in shown


def test_where_compares_numbers_as_numbers(folder):
    found = sl.read_runs(folder / "plain.csv", law=None, where={"params": "2e7"})
    assert len(found) == 4
    with pytest.raises(sl.BadRuns, match="no row has 3e7; there are"):
        sl.read_runs(folder / "plain.csv", law=None, where={"params": "3e7"})


def test_histories_of_a_trainer_are_forecast_by_run(tmp_path):
    for name, best in (("small", 2.0), ("large", 1.8)):
        (tmp_path / name).mkdir()
        lines = [{"step": s, "eval_loss": best + s**-0.5} for s in range(100, 2001, 100)]
        state = {"log_history": lines, "total_flos": 1e15, "num_input_tokens_seen": 10**9}
        (tmp_path / name / "trainer_state.json").write_text(json.dumps(state))
    found = told("forecast", tmp_path / "*" / "trainer_state.json", "--at", 4000)
    assert [(c["curve"], c["points"]) for c in found["curves"]] == [("large", 20), ("small", 20)]
    for curve, best in zip(found["curves"], (1.8, 2.0), strict=True):
        (ahead,) = curve["ahead"]
        assert ahead["low"] <= best + 4000**-0.5 <= ahead["high"]
    checked = told("check", tmp_path / "*" / "trainer_state.json")
    assert checked["answers"]["where a curve goes (forecast)"] == "yes"


def test_a_plan_counts_budgets_as_the_table_does(tmp_path):
    runs = sl.load("hoffmann2022")[["params", "tokens", "loss"]]
    path = tmp_path / "own.csv"
    runs.assign(flops=8.4 * runs["params"] * runs["tokens"]).to_csv(path, index=False)
    (plan,) = told("plan", path, "--flops", 1e22)["plans"]
    assert 8.4 * plan["params"] * plan["tokens"] == pytest.approx(1e22)
    assert "8.4 params tokens" in run("plan", path, "--flops", 1e22).stderr
    (usual,) = told("plan", path, "--flops", 1e22, "--per-param-token", 6)["plans"]
    assert 6 * usual["params"] * usual["tokens"] == pytest.approx(1e22)
    drift = 6 * (1 + (runs["params"] / 1e8) ** -0.3)
    runs.assign(flops=drift * runs["params"] * runs["tokens"]).to_csv(path, index=False)
    refused = run("plan", path, "--flops", 1e22)
    assert refused.exit_code == REFUSED
    assert "--per-param-token 6 takes budgets as 6ND" in refused.stderr
    for words in (
        ("next", path, "--target", "flops=1e22", "--spend", 1e20),
        ("report", path, "--flops", 1e22, "-o", tmp_path / "none.html"),
    ):
        assert "--per-param-token 6 takes budgets as 6ND" in run(*words).stderr


def test_next_and_the_report_count_budgets_as_the_table_does(tmp_path):
    runs = sl.load("hoffmann2022")[["params", "tokens", "loss"]].iloc[::6]
    path = tmp_path / "own.csv"
    runs.assign(flops=8.4 * runs["params"] * runs["tokens"]).to_csv(path, index=False)
    words = ("next", path, "--target", "flops=1e22", "--spend", 1e21, "--runs", 2)
    planned = told(*words)
    assert planned["per_param_token"] == pytest.approx(8.4)
    for row in planned["runs"]:
        assert row["flops"] == pytest.approx(8.4 * row["params"] * row["tokens"])
    page = told("report", path, "--flops", 1e22, "-o", tmp_path / "a.html")
    (split,) = page["plans"]
    assert 8.4 * split["params"] * split["tokens"] == pytest.approx(1e22)
    (plan,) = told("plan", path, "--flops", 1e22)["plans"]
    assert plan == split
    usual = told(*words, "--per-param-token", 6)
    assert usual["per_param_token"] == 6
    assert "budgets are counted as the table counts" in run(*words).stderr
