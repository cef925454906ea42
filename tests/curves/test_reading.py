"""Learning curves as tools log them: each step of each run, and never two runs as one."""

import json

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.curves import read_curves

STEPS = range(50, 2001, 50)


def logged(best, seen=False):
    """What a trainer logs: training losses, evaluations now and then, a summary at the end."""
    lines = []
    for step in STEPS:
        seen_here = {"num_input_tokens_seen": step * 4096} if seen else {}
        rate = {"learning_rate": 1e-3}
        lines.append({"step": step, "epoch": step / 2000, "loss": best + step**-0.5} | rate)
        lines[-1] |= seen_here
        if step % 200 == 0:
            lines.append({"step": step, "epoch": step / 2000, "eval_loss": best + 0.1 + step**-0.5})
            lines[-1] |= seen_here
    return [*lines, {"step": 2000, "train_loss": best + 0.2, "train_runtime": 60.0}]


@pytest.fixture
def folder(tmp_path):
    for name, best in (("small", 2.0), ("large", 1.8)):
        below = tmp_path / name / "checkpoint-2000"
        below.mkdir(parents=True)
        state = {"log_history": logged(best, seen=True), "global_step": 2000, "total_flos": 1e15}
        (below / "trainer_state.json").write_text(json.dumps(state))
        lines = "\n".join(json.dumps(line) for line in logged(best))
        (tmp_path / name / "log.jsonl").write_text(lines)
        for tag, shift in (("eval_loss", 0.1), ("train_loss", 0.0), ("lr", None)):
            values = [1e-3 if shift is None else best + shift + s**-0.5 for s in STEPS]
            rows = [f"{1e9 + s},{s},{v!r}" for s, v in zip(STEPS, values, strict=True)]
            path = tmp_path / f"run-{name}-tag-{tag}.csv"
            path.write_text("\n".join(["Wall time,Step,Value", *rows]))
    return tmp_path


def test_a_trainer_state_gives_every_evaluation_of_each_run(folder):
    read = read_curves(folder / "*/*/trainer_state.json")
    assert read.groupby("curve").size().to_dict() == {"large": 10, "small": 10}
    assert read.attrs["x"] == "step"
    small = read[read["curve"] == "small"]
    assert small["loss"].tolist() == [2.1 + s**-0.5 for s in STEPS if s % 200 == 0]
    assert (small["learning_rate"] == 1e-3).all()  # that of the step, which an evaluation has not
    assert "took 'eval/loss' as loss" in read.attrs["card"]["notes"]
    over = read_curves(folder / "*/*/trainer_state.json", x="tokens")
    assert over["tokens"].tolist() == [4096.0 * s for s in over["step"]]
    train = read_curves(folder / "*/*/trainer_state.json", columns={"loss": "train/loss"})
    assert train.groupby("curve").size().to_dict() == {"large": 40, "small": 40}


def test_a_run_without_evaluations_has_the_curve_of_its_training(tmp_path):
    lines = [line for line in logged(2.0) if "eval_loss" not in line]
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"log_history": lines}))
    read = read_curves(path)
    assert read["loss"].tolist() == [2.0 + s**-0.5 for s in STEPS]
    assert sl.read_runs(path, law=None, needs=("loss",))["loss"].tolist() == [2.0 + 2000**-0.5]


def test_logs_of_one_name_in_two_folders_are_two_curves(folder):
    read = read_curves(folder / "*/log.jsonl")
    assert read.groupby("curve").size().to_dict() == {"large": 40, "small": 40}
    notes = read.attrs["card"]["notes"]
    assert "the column 'loss' is taken as it is; 'eval_loss' is there as well" in notes


def test_scalars_of_several_tags_are_told_apart(folder):
    read = read_curves(folder / "run-*.csv")
    assert read.groupby("curve").size().to_dict() == {"large": 40, "small": 40}
    small = read[read["curve"] == "small"]
    assert np.allclose(small["loss"], [2.1 + s**-0.5 for s in STEPS], rtol=1e-15)  # as written
    one = read_curves(folder / "run-small-tag-train_loss.csv")
    assert one["loss"].tolist() == [2.0 + s**-0.5 for s in STEPS]


def test_files_of_tables_still_need_one_header(tmp_path):
    (tmp_path / "a.csv").write_text("step,loss\n1,2\n")
    (tmp_path / "b.csv").write_text("step,accuracy\n1,2\n")
    with pytest.raises(sl.BadRuns, match="has other columns than"):
        read_curves(tmp_path / "*.csv")


def test_what_grows_is_named_where_it_is_missing(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("accuracy,loss\n1,2\n2,1\n")
    with pytest.raises(sl.BadRuns, match="column 'step' is missing"):
        read_curves(path)
