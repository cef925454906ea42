"""A long table of scores, a row a model and task: a bundled one by name, or a reader's own."""

from pathlib import Path

import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.data._formats import SUFFIXES
from scalinglaws.data.catalogue import load
from scalinglaws.data.read_runs import read_runs
from scalinglaws.downstream._rungs import rungs
from scalinglaws.errors import BadRuns, Unidentifiable, UnknownName

NUMBERS = ("params", "tokens", "loss", "score")
BUNDLED = ("gadre2024", "bhagia2024")


def _gadre() -> pd.DataFrame:
    runs, tasks = load("gadre2024"), load("gadre2024/tasks")
    long = load("gadre2024/scores").rename(columns={"run": "model", "accuracy": "score"})
    sizes = runs.rename(columns={"run": "model"})[["model", "corpus", "params", "tokens", "loss"]]
    long = sizes.merge(long, on="model").merge(tasks[["task", "chance"]], on="task")
    long.attrs = runs.attrs
    return long


def _bhagia() -> pd.DataFrame:
    evaluations, tasks = load("bhagia2024"), load("bhagia2024/tasks")
    rungs_only = evaluations[evaluations["role"] != "target"]
    ends, _ = rungs(rungs_only, tasks=list(tasks["task"]))
    long = ends.rename(columns={"run": "model"}).merge(tasks[["task", "chance"]], on="task")
    long.attrs = evaluations.attrs
    return long


def scored(source: str | Path) -> pd.DataFrame:
    """Return a table of scores, a row a model and task.

    ``source`` is a bundled set, ``"gadre2024"`` or ``"bhagia2024"`` (its rungs, not its targets),
    or the path of a csv or parquet file. Columns are ``model, task, params, tokens, loss, score``
    and ``chance``, which a file may lack and which is then 0; ``task_loss`` may be there for
    ladders. Scores and chance are shares. Raises :class:`UnknownName` for no such table, and
    :class:`BadRuns` for columns that are missing, values out of range and models that are twice on
    a task.
    """
    text = str(source).strip()
    if text in BUNDLED:
        return _gadre() if text == "gadre2024" else _bhagia()
    if Path(text).suffix.lower() not in SUFFIXES and not Path(text).exists():
        raise UnknownName(
            f"no table is called {text!r}: give {', '.join(BUNDLED)}, or the path of a .csv or "
            f".parquet file"
        )
    labels = ("model", "task")
    long = read_runs(text, law=None, needs=("params", "tokens", "loss"), labels=labels)
    if "score" not in long:
        raise BadRuns(
            f"{text}: the table lacks score; a table of scores has the columns model, task, "
            f"{', '.join(NUMBERS)}, and may have chance and task_loss (it has {', '.join(long)})"
        )
    card = long.attrs
    if "chance" not in long:
        card["card"]["notes"] = [*card["card"]["notes"], "there is no column chance: 0 is taken"]
    long = long.assign(chance=long.get("chance", 0.0))
    extra = ["task_loss"] if "task_loss" in long else []
    if extra:
        checks.table(long, extra, what=text)
    checks.table(long, ["score", "chance"], what=text, positive=False)
    numbers = [*NUMBERS, "chance", *extra]
    long[numbers] = long[numbers].astype(float)
    for name in ("score", "chance"):
        wrong = ~long[name].between(0, 1).to_numpy()
        if wrong.any():
            row = int(wrong.argmax())
            raise BadRuns(
                f"{text}, row {row + 1}, column {name}: found {long[name].iloc[row]:g}; expected a "
                f"share between 0 and 1 (divide per cents by 100)"
            )
    twice = long.duplicated(["model", "task"]).to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise BadRuns(
            f"{text}, row {row + 1}: model {long['model'].iloc[row]} is there twice on task "
            f"{long['task'].iloc[row]}; expected one score a model and task"
        )
    long.attrs = card
    return long


def hold_largest(long: pd.DataFrame, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of the smaller models, and those of the largest ``share`` of sizes (params).

    At least one size is held. Raises :class:`BadRuns` without a column ``params``,
    :class:`BadParameters` for what is no share, and :class:`Unidentifiable` when none is left.
    """
    checks.table(long, ("params",), what="a table to hold the largest models of")
    share = checks.share(share)
    sizes = sorted(long["params"].unique())
    held = sizes[-max(1, round(share * len(sizes))) :]
    if len(held) == len(sizes):
        raise Unidentifiable(
            f"there are {len(sizes)} sizes, and none is left to fit when the largest {share:.0%} "
            f"are held out"
        )
    large = long["params"].isin(held)
    return long[~large].reset_index(drop=True), long[large].reset_index(drop=True)
