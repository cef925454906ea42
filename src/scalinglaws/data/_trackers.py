"""Files that training tools write: what each of them says of a run, as rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from scalinglaws.data._cells import Cells
from scalinglaws.data._naming import KNOWN, key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SPREAD = ("__MIN", "__MAX")
_SPLIT = " - "
_OVER = ("step", "_step", "global", "train", "epoch", "tokens", "examples", "relative", "wall")
_CLOCKS = {"Step", "_step", "Relative Time (Process)", "Relative Time (Wall)", "Wall Time"}
"""What the first column of a chart begins with, and what may stand beside its series."""

_TENSORBOARD = ("Wall time", "Step", "Value")
_CURVE = 2
"""Evaluations below which a run's curve is that of its training."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """Rows made of a file, and what was made of it."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def table(path: Path, parsed: Any, *, history: bool = False) -> Made | None:
    """Return the row of a trainer's state or of an evaluation, or ``None`` for other JSON.

    With ``history`` a trainer's state gives a row for each step that it logged.
    """
    if not isinstance(parsed, dict):
        return None
    if isinstance(parsed.get("log_history"), list):
        return _history(path, parsed) if history else _trainer_state(path, parsed)
    if isinstance(parsed.get("results"), dict) and ("config" in parsed or "configs" in parsed):
        return _evaluation(path, parsed)
    return None


def joined(parts: Sequence[Made]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of several files, and each of their notes once."""
    frame = pd.concat([p.frame for p in parts], ignore_index=True)
    each = "one row for each" if len(frame) == len(parts) else "one after the other"
    notes = [f"{len(parts)} files, {each}", *dict.fromkeys(n for p in parts for n in p.notes)]
    if "loss" in frame and frame["loss"].isna().any() and frame["loss"].notna().any():
        without = frame[frame["loss"].isna()]["run"].tolist()
        shown = ", ".join(map(str, without[:3])) + (", ..." if len(without) > 3 else "")
        notes.append(f"{len(without)} left out that logged no loss yet: {shown}")
        frame = frame[frame["loss"].notna()].reset_index(drop=True)
    return frame, tuple(notes)


def _run(path: Path) -> str:
    """Return the name of a run: the folder of its file, above a folder of checkpoints."""
    folders = [p for p in path.parent.parts if not re.match(r"checkpoint[-_]?\d*$", p)]
    return folders[-1] if folders and folders[-1] not in (".", "/") else path.stem


def _trainer_state(path: Path, state: dict[str, Any]) -> Made:
    row: dict[str, Any] = {"run": _run(path)}
    history = [h for h in state["log_history"] if isinstance(h, dict)]
    evals = [h for h in history if "eval_loss" in h]
    trains = [h for h in history if "loss" in h]
    if state.get("num_input_tokens_seen"):
        row["tokens"] = float(state["num_input_tokens_seen"])
    if state.get("total_flos"):
        row["flops"] = float(state["total_flos"])
    last = evals[-1] if evals else trains[-1] if trains else {}
    row["loss"] = last.get("eval_loss", last.get("loss"))
    row["step"] = last.get("step", state.get("global_step"))
    what = "eval_loss" if evals else "loss"
    notes = [f"trainer_state.json: the last {what} of each run, total_flos and tokens seen"]
    return Made(frame=pd.DataFrame([row]), notes=tuple(notes))


def _history(path: Path, state: dict[str, Any]) -> Made:
    """Return what a trainer logged, a row for each time that it logged a loss."""
    logged = [h for h in state["log_history"] if isinstance(h, dict)]
    losses = {"eval/loss": "eval_loss", "train/loss": "loss"}
    if sum("eval_loss" in h for h in logged) < _CURVE:
        del losses["eval/loss"]
    rows: list[dict[str, Any]] = []
    rate = None
    for h in logged:
        rate = h.get("learning_rate", rate)
        if any(name in h for name in losses.values()):
            row = {"run": _run(path), "step": h.get("step"), "epoch": h.get("epoch")}
            row |= {"tokens": h.get("num_input_tokens_seen"), "learning_rate": rate}
            rows.append(row | {name: h.get(word) for name, word in losses.items()})
    columns = ["run", "step", "epoch", "tokens", "learning_rate", *losses]
    frame = pd.DataFrame(rows, columns=columns)
    note = "trainer_state.json: a row for each loss that was logged"
    return Made(frame=frame.dropna(axis=1, how="all"), notes=(note,))


def _evaluation(path: Path, results: dict[str, Any]) -> Made:
    told = results.get("config")
    config: dict[str, Any] = told if isinstance(told, dict) else {}
    row: dict[str, Any] = {"run": _run(path)}
    if config.get("model_num_parameters"):
        row["params"] = float(config["model_num_parameters"])
    for task, scores in results["results"].items():
        for name, value in scores.items() if isinstance(scores, dict) else ():
            metric = str(name).split(",")[0]
            if isinstance(value, int | float) and not metric.endswith("_stderr"):
                row[f"{task}/{metric}"] = float(value)
    notes = ("evaluation results: a column for each task and score, as task/score",)
    return Made(frame=pd.DataFrame([row]), notes=notes)


def curves(path: Path, cells: Cells) -> Cells | None:
    """Return a chart export or a scalar log as rows of ``run, step`` and its value, or ``None``."""
    if cells.columns == _TENSORBOARD:
        return _scalars(path, cells)
    series = [c for c in cells.columns[1:] if _SPLIT in c and not c.endswith(_SPREAD)]
    rest = set(cells.columns[1:]) - {c + end for c in series for end in ("", *_SPREAD)}
    if not series or not cells.columns[0].strip().lower().startswith(_OVER) or rest - _CLOCKS:
        return None
    at = {name: k for k, name in enumerate(cells.columns)}
    rows, lines = [], []
    metric = {c.rsplit(_SPLIT, 1)[-1] for c in series}
    for column in series:
        run = re.sub(r"^Name: ", "", column.rsplit(_SPLIT, 1)[0])
        for k, row in enumerate(cells.rows):
            if row[at[column]].strip().lower() not in ("", "nan"):
                rows.append((run, row[0], row[at[column]]))
                lines.append(cells.lines[k])
    value = "loss" if any("loss" in m.lower() for m in metric) else "value"
    note = (
        f"a chart export of {len(series)} run{'s' * (len(series) > 1)}, "
        f"{', '.join(sorted(metric))} as {value}, over {cells.columns[0]!r} as step; empty cells "
        f"are left out"
    )
    return Cells(
        columns=("run", "step", value), rows=tuple(rows), lines=tuple(lines),
        problems=cells.problems, notes=(*cells.notes, note),
    )  # fmt: skip


def _scalars(path: Path, cells: Cells) -> Cells:
    named = re.match(r"run-(.*)-tag-(.*)$", path.stem)
    run, tag = (named[1], named[2]) if named else (path.stem, path.stem)
    value = tag if named else "value"
    if "loss" in tag.lower() and key(tag) not in KNOWN["loss"]:
        value = "loss"
    rows = tuple((run, row[1], row[2]) for row in cells.rows)
    note = f"one scalar curve: Value as {value}, over Step as step"
    return Cells(
        columns=("run", "step", value), rows=rows, lines=cells.lines,
        problems=cells.problems, notes=(*cells.notes, note),
    )  # fmt: skip
