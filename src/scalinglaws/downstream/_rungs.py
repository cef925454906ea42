"""A ladder's evaluations as rungs and checkpoints, a row a task, and ladders for many tasks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import fit
from scalinglaws.downstream._ladder import ladder
from scalinglaws.errors import BadRuns, Unidentifiable
from scalinglaws.fitting.objectives import HUBER, Objective
from scalinglaws.intervals.resampling import RESAMPLES
from scalinglaws.laws import Law, power_law

ONE_STEP = power_law("params", floor=False) + power_law("tokens", floor=False)
"""``-log score = A N^-a + B D^-b``, without a floor. Krajewski et al. 2025."""
KEYS = ("task", "run", "model", "params", "tokens")
KEPT = 0.05
"""A run this little above chance, or less, says nothing about how a score rises from it."""


def rungs(
    evaluations: pd.DataFrame,
    *,
    tasks: Sequence[str],
    last: int = 5,
    skip: float = 0.1,
    alone: Sequence[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the end of each run and its checkpoints on the way, a row a task.

    ``evaluations`` has ``run, role, params, tokens, flops, c4_loss`` and, a task, ``{task}_bpb``
    and ``{task}_accuracy``, a row a checkpoint in order. An end is the mean of the ``last``
    evaluations, or of the very last for runs named in ``alone``; checkpoints are a trailing mean of
    as many, without the first ``skip`` of each run. Both have ``task, run, role, loss`` (on C4),
    ``task_loss`` and ``score``; ends have ``params, tokens, flops`` too. Bhagia et al. 2024,
    section 3. Raises :class:`BadRuns` for missing columns.
    """
    counted = ["params", "tokens", "flops"]
    wide = [f"{t}_{kind}" for t in tasks for kind in ("bpb", "accuracy")]
    measured = ["c4_loss", *wide]
    checks.table(evaluations, (*counted, *measured), what="a ladder's evaluations")
    for label in ("run", "role"):
        checks.groups(evaluations, label, what="a ladder's evaluations")
    last_rows, smooth = [], []
    for run, part in evaluations.groupby("run", sort=False):
        end = part.iloc[-1 if run in alone else -last :]
        last_rows.append(part[["run", "role", *counted]].iloc[-1:].assign(**end[measured].mean()))
        way = part.iloc[int(np.ceil(skip * len(part))) :]
        trailing = way[measured].rolling(last, min_periods=1).mean()
        smooth.append(trailing.assign(run=run, role=part["role"].iloc[-1]))
    return (
        _long(pd.concat(last_rows), tasks, ["run", "role", *counted]),
        _long(pd.concat(smooth), tasks, ["run", "role"]),
    )


def _long(wide: pd.DataFrame, tasks: Sequence[str], keys: list[str]) -> pd.DataFrame:
    """Return a row a task where the table has a column a task."""
    parts = [
        wide[keys].assign(
            task=task,
            loss=wide["c4_loss"],
            task_loss=wide[f"{task}_bpb"],
            score=wide[f"{task}_accuracy"],
        )
        for task in tasks
    ]
    return pd.concat(parts, ignore_index=True)


def anchored(points: pd.DataFrame) -> pd.DataFrame:
    """Return checkpoints with one more for each task that nobody measured: loss 0, score 1."""
    tasks = points["task"].unique()
    point = pd.DataFrame({"task": tasks, "run": "invented", "task_loss": 0.0, "score": 1.0})
    return pd.concat([points, point.assign(loss=0.0)], ignore_index=True)


def _scored(told: pd.DataFrame, at: pd.DataFrame) -> pd.DataFrame:
    measured = at["score"].to_numpy(dtype=float)
    return told.assign(
        measured=measured,
        off=told["score"].to_numpy() / measured - 1,
        held=(told["score_low"] <= measured) & (measured <= told["score_high"]),
    )


def _each(ends: pd.DataFrame, at: pd.DataFrame, one: Any) -> pd.DataFrame:
    """Return the predictions of every task by ``one(task, runs, targets)``, refusals in rows."""
    checks.groups(ends, "task", what="ladders")
    checks.groups(at, "task", what="the targets of ladders")
    checks.table(at, ("params", "tokens", "score"), what="the targets of ladders", positive=False)
    rows = []
    for task, runs in ends.groupby("task", sort=False):
        targets = at[at["task"] == task].reset_index(drop=True)
        if targets.empty:
            continue
        told = targets[[c for c in KEYS if c in targets]]
        try:
            found = one(task, runs, targets)
            rows.append(_scored(told.assign(**found, refused=""), targets))
        except Unidentifiable as error:
            rows.append(told.assign(measured=targets["score"], refused=error.reason))
    if not rows:
        raise BadRuns("no task of the targets is among those of the runs")
    keys = [c for c in KEYS if c in at]
    order = [*keys, "score", "score_low", "score_high", "measured", "off", "held", "refused"]
    return pd.concat(rows, ignore_index=True).reindex(columns=order)


def ladders(
    ends: pd.DataFrame,
    *,
    at: pd.DataFrame,
    points: pd.DataFrame | None = None,
    feature: str = "task_loss",
    n: int = RESAMPLES,
    by: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Predict the score of each task at the targets by :func:`ladder`, and score that.

    ``ends`` are runs (``task, params, tokens, task_loss, score``), ``points`` their checkpoints and
    ``at`` the targets with the ``score`` that was measured. ``feature`` is the column between the
    two steps. ``options`` go to :func:`ladder`. One row a task and target: ``score``
    with ``_low`` and ``_high``, ``measured``, ``off`` (relative, signed), ``held`` (whether the
    interval holds what was measured) and ``refused``, why there is no answer. Raises
    :class:`BadRuns` for missing columns.
    """
    for table in (ends, at, *(() if points is None else (points,))):
        checks.groups(table, "task", what="a ladder of each task")
    for table in (ends, *(() if points is None else (points,))):
        checks.table(table, (feature, "score"), what="ladders", positive=False)

    def one(task: Any, runs: pd.DataFrame, targets: pd.DataFrame) -> dict[str, Any]:
        way = runs if points is None else points[points["task"] == task]
        runs, way = (t.assign(task_loss=t[feature]) for t in (runs, way))
        found = ladder(runs, at=targets, checkpoints=way, n=n, by=by, **options).predictions
        return {k: found[k].to_numpy() for k in ("score", "score_low", "score_high")}

    return _each(ends, at, one)


def one_step(
    ends: pd.DataFrame,
    *,
    at: pd.DataFrame,
    law: Law = ONE_STEP,
    chance: bool = False,
    objective: Objective | str = HUBER,
    level: float = 0.9,
    n: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Predict the score of each task at the targets in one step, from size and data or compute.

    ``law`` is one of ``-log Q``, Q the score; with ``chance``, Q is ``(score - c)/(1 - c)`` for
    the column ``chance`` of ``ends``, and runs less than five points above it are left out. A row a
    task and target as in :func:`ladders`, the interval that of a new model.
    Krajewski et al. 2025. Raises :class:`BadRuns` for missing columns.
    """
    for table in (ends, at):
        checks.groups(table, "task", what="one step of each task")
    needs = ("score", *law.inputs, *(["chance"] if chance else []))
    checks.table(ends, needs, what="one step", positive=False)
    checks.table(at, law.inputs, what="the targets of one step")

    def one(task: Any, runs: pd.DataFrame, targets: pd.DataFrame) -> dict[str, Any]:
        floor = float(runs["chance"].iloc[0]) if chance else 0.0
        kept = runs[runs["score"] > floor + (KEPT if chance else 0.0)]
        kept = kept.assign(**{law.response: -np.log((kept["score"] - floor) / (1 - floor))})
        kept = kept[kept[law.response] > 0]
        if kept.empty:
            raise Unidentifiable(f"no run is {100 * KEPT:g} points above chance on {task}")
        x = {k: targets[k].to_numpy(dtype=float) for k in law.inputs}
        told = fit(law, kept, objective=objective, seed=seed).predict(
            level=level, new_run=True, n=n, **x
        )
        ends_of = {"score": law.response, "score_low": "high", "score_high": "low"}
        return {k: floor + (1 - floor) * np.exp(-told[c].to_numpy()) for k, c in ends_of.items()}

    return _each(ends, at, one)
