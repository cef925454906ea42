"""Which of two recipes is better at scale? Chosen from small runs, and held against large ones."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import fit
from scalinglaws._simulated import is_simulated, mark
from scalinglaws.data.catalogue import load
from scalinglaws.errors import BadParameters, ScalingLawError, Unidentifiable
from scalinglaws.laws import CHINCHILLA
from scalinglaws.validation.entrants import ENTRANTS, SIZE_AND_DATA, Entrant
from scalinglaws.validation.forecast_runs import averaged
from scalinglaws.validation.keeping import keep

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLE = Path(__file__).parent / "decisions.csv"

CUTS = (20.0,)
"""Factor of compute between the largest run that is shown and the one that is decided about."""

SAME = 0.02
"""Sizes and amounts of training within this share of each other are one."""

WAYS = ("largest", "law", "forecast")
"""The loss at the largest size shown, Chinchilla's law, and the average over laws."""


def decisions(
    runs: pd.DataFrame,
    *,
    recipe: str,
    cuts: Sequence[float] = CUTS,
    laws: Sequence[Entrant] = ENTRANTS,
    seed: int = 0,
) -> pd.DataFrame:
    """Choose between each two recipes from small runs, and see which is better at scale.

    ``runs`` has the columns ``params``, ``tokens``, ``loss`` and the one named by ``recipe``; the
    losses of all recipes are on one text. The decision is about the largest run that all recipes
    have in common, in params and tokens within 2%; of several with that compute, the one with the
    lowest mean loss. A cut shows the runs of up to that compute over the cut.

    Returns a row for each cut and pair of recipes: ``one, other``, ``margin`` (log of the loss of
    ``one`` over that of ``other``, measured), and for each way to choose whether it was right:
    ``right_largest``, by the measured losses at the largest common run that is shown;
    ``right_law``, by Chinchilla's law; ``right_forecast``, by :func:`forecast_runs`. Cuts that
    leave too little to fit for any recipe are left out.

    Raises :class:`BadRuns` for missing columns, :class:`BadParameters` for a cut that hides
    nothing, and :class:`Unidentifiable` for fewer than two recipes or no run in common.
    """
    checks.table(runs, (*SIZE_AND_DATA, "loss"), what="a choice of recipes")
    checks.groups(runs, recipe, what="a choice of recipes")
    if not cuts or min(cuts) <= 1:
        raise BadParameters(f"a cut is a factor above 1 below the run decided about; found {cuts}")
    table = checks.bare(runs)[[recipe, *SIZE_AND_DATA, "loss"]]
    names = list(dict.fromkeys(table[recipe]))
    if len(names) < 2:
        raise Unidentifiable(f"{recipe} has {len(names)} recipes; a choice needs two or more")
    table = table.assign(flops=table["params"] * table["tokens"])
    point, truth = _largest(table, recipe)
    rows = []
    for cut in cuts:
        shown = table[table["flops"] <= point["params"] * point["tokens"] / cut * (1 + 1e-9)]
        try:
            said = _said(shown, recipe, names, point, laws, seed)
        except ScalingLawError:
            continue
        for one, other in combinations(names, 2):
            margin = float(np.log(truth[one] / truth[other]))
            row = {"cut": cut, "one": one, "other": other, "margin": margin}
            for way in WAYS:
                row[f"right_{way}"] = bool((said[way][one] < said[way][other]) == (margin < 0))
            rows.append(row)
    columns = ["cut", "one", "other", "margin", *(f"right_{w}" for w in WAYS)]
    out = pd.DataFrame(rows, columns=columns)
    return mark(out) if is_simulated(runs) else out


def _said(
    shown: pd.DataFrame,
    recipe: str,
    names: Sequence[str],
    point: dict[str, float],
    laws: Sequence[Entrant],
    seed: int,
) -> dict[str, dict[str, float]]:
    """Return what each way says of each recipe: a loss at the point, or at the largest shown."""
    at = {k: np.array([v]) for k, v in point.items()}
    said: dict[str, dict[str, float]] = {"largest": _largest(shown, recipe)[1]}
    said |= {"law": {}, "forecast": {}}
    for name in names:
        part = shown[shown[recipe] == name]
        law = fit(CHINCHILLA, part, seed=seed)
        said["law"][name] = float(law.law(law.params, **at)[0])
        said["forecast"][name] = float(averaged(part, laws=laws, seed=seed).log_loss(at)[0])
    return said


def _largest(table: pd.DataFrame, recipe: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return the largest run that all recipes have, and the loss of each there."""
    keys = {k: np.round(np.log(table[k]) / np.log1p(SAME)) for k in SIZE_AND_DATA}
    cells = table.assign(**{f"cell_{k}": v for k, v in keys.items()})
    wide = cells.pivot_table(
        index=["cell_params", "cell_tokens"], columns=recipe, values="loss", aggfunc="min"
    ).dropna()
    if wide.empty or wide.shape[1] < table[recipe].nunique():
        raise Unidentifiable("no size and amount of training is common to all recipes")
    compute = (wide.index.to_frame().sum(axis=1) * np.log1p(SAME)).to_numpy()
    # One budget, but for the rounding of size and data.
    top = wide[compute >= compute.max() - 2 * np.log1p(SAME)]
    best = top.loc[top.mean(axis=1).idxmin()]
    chosen = cells.set_index(["cell_params", "cell_tokens"]).loc[[best.name]]
    point = {k: float(chosen[k].median()) for k in SIZE_AND_DATA}
    return point, {str(k): float(v) for k, v in best.items()}


def open_recipes() -> dict[str, pd.DataFrame]:
    """Return the bundled runs of one recipe on several corpora, a table for each text.

    Names are the set and the text; the column ``corpus`` says what a run was trained on. Of the
    first set three corpora have a run at twenty times the largest budget of the grid; the grid,
    which all six have, is a table of its own.
    """
    wide = load("brandfonbrener2024/texts")
    texts = [c.removesuffix("_loss") for c in wide if str(c).endswith("_loss")]
    far = wide[wide["corpus"].isin(wide.loc[wide["extrapolation"], "corpus"])]
    tables = {}
    for name, part in (("far runs", far), ("grid", wide[~wide["extrapolation"]])):
        for text in texts:
            told = part.assign(loss=part[f"{text}_loss"]).dropna(subset=["loss"])
            tables[f"brandfonbrener2024, {name}: {text}"] = told
    sizes = load("gadre2024").set_index("run")[["corpus", *SIZE_AND_DATA]]
    for text, losses in load("gadre2024/losses").groupby("text"):
        tables[f"gadre2024: {text}"] = losses[["run", "loss"]].join(sizes, on="run")
    return tables


def kept() -> pd.DataFrame:
    """Return the choices between the corpora of :func:`open_recipes`, as they were last made.

    ``python -m scalinglaws.validation.decisions`` makes them again, in some minutes.
    """
    return pd.read_csv(TABLE)


if __name__ == "__main__":
    keep(
        open_recipes(),
        lambda name, runs: decisions(runs, recipe="corpus").assign(table=name),
        table=TABLE,
        what="Choose between the bundled corpora and write down what was right, after each text.",
    )
