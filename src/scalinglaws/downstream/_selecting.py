"""Which model to fine-tune, chosen from small fine-tuning sets among models that compare."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._parallel.threads import cores
from scalinglaws._typing import Array
from scalinglaws.curves.arena import Curve, Entrant, cut, frame
from scalinglaws.curves.arena.match import said, shared_out
from scalinglaws.errors import BadParameters, BadRuns, Unidentifiable


def _ends(entrant: Entrant, curves: Sequence[Curve]) -> list[float]:
    """Return what an entrant predicts at the last x, or NaN where it has no answer."""
    ends = []
    for answer, curve in zip(said(entrant, curves), curves, strict=True):
        if isinstance(answer, Unidentifiable):
            ends.append(float("nan"))
            continue
        if isinstance(answer, Exception):
            raise answer
        mean = answer["mean"] if isinstance(answer, pd.DataFrame) else answer
        ends.append(float(np.asarray(mean, dtype=float)[int(np.argmax(curve.at))]))
    return ends


def predicted_ends(
    table: pd.DataFrame, entrants: Mapping[str, Entrant], *, share: float
) -> pd.DataFrame:
    """Predict the loss at the end of each curve from the points up to a share of its largest x.

    ``table`` is that of :func:`frame`; a column ``train`` is not used. Returns a
    row for each curve and entrant: ``share, task, model, entrant``, ``end`` (the last x), ``said``
    and ``true`` (the loss there). Raises :class:`BadParameters` for entrants that are no functions
    and :class:`Unidentifiable` when no curve has six points to fit.
    """
    from joblib import Parallel, delayed  # late: an import of the library does without

    if not entrants or not all(callable(e) for e in entrants.values()):
        raise BadParameters("entrants maps the name of each to a function of a curve")
    share = checks.share(share)
    curves, hidden = cut(frame(table.drop(columns="train", errors="ignore"), split=share))
    everyone = range(len(curves))
    jobs = [(n, part) for n, e in entrants.items() for part in shared_out(e, everyone, cores())]
    found = Parallel(n_jobs=cores(), batch_size=1)(
        delayed(_ends)(entrants[name], [curves[i] for i in part]) for name, part in jobs
    )
    values = {
        (name, i): value
        for (name, part), ends in zip(jobs, found, strict=True)
        for i, value in zip(part, ends, strict=True)
    }
    rows = []
    for name, i in product(entrants, everyone):
        value, c, ahead, losses = values[name, i], curves[i], curves[i].at, hidden[i]
        last = int(np.argmax(ahead))
        row = {"share": share, "task": c.task, "model": c.model, "entrant": name, "said": value}
        rows.append(row | {"end": float(ahead[last]), "true": float(losses[last])})
    return pd.DataFrame(rows)


def _correlation(said: Array, true: Array) -> float:
    if len(true) < 3 or np.ptp(said) == 0 or np.ptp(true) == 0:
        return float("nan")
    return float(np.corrcoef(said, true)[0, 1])


def _chosen(part: pd.DataFrame) -> dict[str, object]:
    best = part.loc[part["true"].idxmin()]
    row = {"models": len(part), "best": best["model"]}
    if part["said"].isna().any():
        return row | {"choice": None, "right": np.nan, "regret": np.nan, "pearson": np.nan}
    pick = part.loc[part["said"].idxmin()]
    return row | {
        "choice": pick["model"],
        "right": float(pick["true"] == best["true"]),
        "regret": float(pick["true"] / best["true"] - 1.0),
        "pearson": _correlation(part["said"].to_numpy(), part["true"].to_numpy()),
    }


def select(predicted: pd.DataFrame, *, group: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Choose the model with the least predicted loss on each task, and see what that costs.

    ``predicted`` is that of :func:`predicted_ends`. ``group`` maps models to a name within which
    losses compare, such as the tokenizer; models without one are left out, and without ``group``
    all compare. Returns a row for each share, task, group of two models or more and entrant:
    ``models``, ``choice``, ``best``, ``right``, ``regret`` (the relative excess loss of the choice)
    and ``pearson`` (of predicted and true loss, for three models or more). Raises :class:`BadRuns`
    when curves of a group end at different x, and :class:`Unidentifiable` when no group has two
    models. Lin et al. 2024, table 2.
    """
    names = predicted["model"].map(dict(group)) if group is not None else "all models"
    known = predicted.assign(group=names).dropna(subset=["group"])
    out = []
    keys = ["share", "task", "group", "entrant"]
    for key, part in known.groupby(keys, sort=False):
        if len(part) < 2:
            continue
        if np.ptp(part["end"]) > 0:
            raise BadRuns(
                f"task {key[1]}, group {key[2]}: the curves end at different x, from "
                f"{part['end'].min():g} to {part['end'].max():g}. Cut them to a common end"
            )
        out.append({**dict(zip(keys, key, strict=True)), **_chosen(part)})
    if not out:
        raise Unidentifiable(
            "no two models on one task have losses that compare: there is nothing to choose"
        )
    return pd.DataFrame(out)


def choice_rates(chosen: pd.DataFrame) -> pd.DataFrame:
    """Return how often the choices of :func:`select` were right, a row a share and entrant.

    ``choices`` counts tasks and groups, ``right`` those where the best model was chosen,
    ``by_chance`` how many a blind choice would get on average, ``regret`` the mean relative excess
    loss and ``unanswered`` the choices that an entrant could not make.
    """
    counted = chosen.assign(guess=1.0 / chosen["models"], none=chosen["choice"].isna())
    grouped = counted.groupby(["share", "entrant"], sort=False)
    return grouped.agg(
        choices=("right", "size"),
        right=("right", "sum"),
        by_chance=("guess", "sum"),
        regret=("regret", "mean"),
        unanswered=("none", "sum"),
    ).reset_index()
