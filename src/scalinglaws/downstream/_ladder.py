"""From small runs to a large model's score in two steps: task loss, then score."""

from dataclasses import dataclass, field
from html import escape

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import Fit, fit
from scalinglaws._format import count
from scalinglaws._typing import Array
from scalinglaws.errors import BadRuns, Unidentifiable
from scalinglaws.fitting.objectives import HUBER, LSQ, Objective
from scalinglaws.intervals.resampling import RESAMPLES, percentiles, resampled
from scalinglaws.laws import CHINCHILLA, Law, sigmoid

FEWEST = 8
"""Runs below which the five parameters of the first step are not asked for."""
STEP_1 = CHINCHILLA
STEP_2 = sigmoid("task_loss", response="score", between=(0.0, 1.0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Ladder:
    """Predictions of a two-step ladder, and the fits of its steps.

    ``predictions`` has ``params, tokens`` and, each with ``_low`` and ``_high``, ``task_loss`` and
    ``score``.
    """

    predictions: pd.DataFrame
    loss_fit: Fit = field(repr=False)
    score_fit: Fit = field(repr=False)
    level: float

    def __repr__(self) -> str:
        """Return each prediction in a line, and what a step has to say of its fit."""
        lines = [
            f"{count(r.params)} parameters, {count(r.tokens)} tokens: score {r.score:.3f} "
            f"({r.score_low:.3f} to {r.score_high:.3f}, {self.level:.0%} interval)"
            for r in self.predictions.itertuples()
        ]
        steps = {"task loss": self.loss_fit, "score": self.score_fit}
        lines += [f"{step}: {f.minimum}" for step, f in steps.items() if not f.sound]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f'<div class="sl-fit"><p>{escape(repr(self)).replace(chr(10), "<br>")}</p></div>'


def _with_groups(table: pd.DataFrame, columns: tuple[str, ...], by: str | None) -> pd.DataFrame:
    """Return columns of a table, and those that say which rows belong together."""
    more = [c for c in (by, "params", "run") if c in table.columns and c not in columns]
    return table[[*columns, *dict.fromkeys(more)]]


def _one_model(fit: Fit, curves: Array, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return curves (n, targets) with the scatter of a single run about the law."""
    scatter = rng.choice(fit.residuals, shape)
    return np.asarray(curves + scatter if fit.law.domain == "real" else curves * np.exp(scatter))


def ladder(
    runs: pd.DataFrame,
    *,
    at: pd.DataFrame,
    checkpoints: pd.DataFrame | None = None,
    by: str | None = None,
    first: Law = STEP_1,
    second: Law = STEP_2,
    objective: Objective | str = HUBER,
    level: float = 0.9,
    n: int = RESAMPLES,
    seed: int = 0,
) -> Ladder:
    """Predict a task's score at other sizes and tokens, by way of the loss on the task.

    Step 1 fits ``first``, a law of ``params`` and ``tokens``, to ``task_loss`` of ``runs``; step 2
    fits ``second``, a law of ``task_loss``, to ``score`` of ``checkpoints`` (by default the runs)
    by least squares. ``at`` has the ``params`` and ``tokens`` to predict. Both steps are refitted
    on the same number of resamples, by case or, with ``by``, by groups of that column, and the
    scatter of single runs about each law is added: the interval is for one model. Bhagia et al.
    2024.

    Raises :class:`BadRuns` for missing columns and :class:`Unidentifiable` with fewer than eight
    runs.
    """
    level, n = checks.level(level), checks.resamples(n)
    checks.table(runs, ("params", "tokens", "task_loss"), what="a ladder")
    checks.table(at, ("params", "tokens"), what="the targets of a ladder")
    points = runs if checkpoints is None else checkpoints
    checks.table(points, ("task_loss", "score"), what="a ladder", positive=False)
    if second.inputs != ("task_loss",):
        raise BadRuns(
            f"the second step is a law of task_loss; {second.name} is one of "
            f"{', '.join(second.inputs)}"
        )
    shares = any(p.name in ("low", "high") and p.upper <= 1 for p in second.parameters)
    if shares and points["score"].max() > 1:
        raise BadRuns(
            f"{second.name} is a law of scores between 0 and 1; these go up to "
            f"{points['score'].max():.4g}. Divide percentages by 100"
        )
    if np.ptp(points["score"].to_numpy(dtype=float)) == 0:
        raise Unidentifiable(
            f"every score is {points['score'].iloc[0]:.4g}: nothing says where it will rise. Add "
            f"runs large enough for the task to show, or take a smoother score"
        )
    if len(runs) < FEWEST:
        raise Unidentifiable(f"a ladder takes at least {FEWEST} runs; there are {len(runs)}")
    for table in (runs, points) if by else ():
        checks.groups(table, str(by), what="a ladder by group")
    small = _with_groups(runs, ("params", "tokens", "task_loss"), by)
    small = small.assign(**{first.response: runs["task_loss"]})
    upper = _with_groups(points, ("task_loss", "score"), by)
    upper = upper.assign(**{second.response: points["score"]})
    step_1 = fit(first, small, objective=objective, seed=seed)
    step_2 = fit(second, upper, objective=LSQ, seed=seed, check=False)
    inputs = {k: at[k].to_numpy(dtype=float) for k in first.inputs}
    rng, shape = np.random.default_rng(seed), (n, len(at))
    task_loss = first(dict(step_1.params), **inputs)
    score = second(dict(step_2.params), task_loss=task_loss)
    p, q = (
        {name: draws[name].to_numpy()[:, None] for name in f.law.names}
        for k, f in enumerate((step_1, step_2))
        for draws in [resampled(f, n, kind=None, by=by, seed=seed + k)]
    )
    losses = _one_model(step_1, first.function(p, inputs), rng, shape)
    scores = _one_model(step_2, second.function(q, {"task_loss": losses}), rng, shape)
    out = at[["params", "tokens"]].reset_index(drop=True)
    for name, middle, drawn in (("task_loss", task_loss, losses), ("score", score, scores)):
        low, high = percentiles(drawn, level)
        out = out.assign(**{name: middle, f"{name}_low": low, f"{name}_high": high})
    return Ladder(predictions=out, loss_fit=step_1, score_fit=step_2, level=level)
