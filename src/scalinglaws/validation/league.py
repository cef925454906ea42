"""A league of laws for size and data: each fitted below a budget, and scored at the far end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import Fit, fit
from scalinglaws._simulated import is_simulated, mark
from scalinglaws.errors import BadParameters, ScalingLawError, Unidentifiable
from scalinglaws.intervals import beyond, origins
from scalinglaws.validation.carry import splits
from scalinglaws.validation.entrants import COMPUTE, ENTRANTS, Entrant, train
from scalinglaws.validation.forecast_runs import FEWEST_ROWS, averaged, base_law
from scalinglaws.validation.keeping import keep
from scalinglaws.validation.open_tables import open_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scalinglaws._typing import Array

TABLE = Path(__file__).parent / "league.csv"

CUTS = (4.0, 20.0, 200.0)
"""Factors below the largest compute of a table at which it is cut."""

AVERAGE = "average"
"""The name under which :func:`forecast_runs` enters."""

REACHES = (2.0, 5.0, 20.0, 80.0, 400.0)
"""Times beyond the largest fitted compute between which runs are put together."""

COLUMNS = ["table", "cut", "law", "near", "decades", "loss", "predicted", "miss", "held"]


def league(
    tables: Mapping[str, pd.DataFrame],
    *,
    laws: Sequence[Entrant] = ENTRANTS,
    cuts: Sequence[float] = CUTS,
    level: float = 0.9,
    n: int = 40,
    seed: int = 0,
) -> pd.DataFrame:
    """Fit each law to the runs of each table below a cut, and hold the runs beyond it against it.

    ``tables`` maps names to tables with ``params``, ``tokens`` and ``loss``, or with ``flops`` and
    ``loss``; ``cuts`` are factors below the largest compute; ``laws`` enter beside their
    ``average``, that of :func:`forecast_runs`. ``n`` resamples stand behind each interval, of
    confidence ``level``, for a new run.

    Returns a row for each table, cut, law and run beyond the cut: ``near`` says whether its size is
    within a factor of four of the best for its compute by the Chinchilla fit, ``decades`` how far
    beyond the largest fitted compute it lies, ``loss`` and ``predicted``, ``miss``, the log of loss
    over predicted, and ``held``, whether the interval held it. A law that cannot be fitted to a
    part is left out there, and so is a cut that leaves too little to be cut again, unless the table
    has compute alone: nothing is left to tell how well a law carries.

    Raises :class:`BadRuns` for a table without these columns, and :class:`BadParameters` for a cut
    that leaves nothing out.
    """
    level, n = checks.level(level), checks.resamples(n)
    if not cuts or min(cuts) <= 1:
        raise BadParameters(f"a cut is a factor above 1 below the largest compute; found {cuts}")
    rows: list[pd.DataFrame] = []
    for name, runs in tables.items():
        law = base_law(runs, what=f"the table {name}")
        least = FEWEST_ROWS if law.inputs == COMPUTE else origins.LEAST_ROWS
        for cut, small, large in splits(law, runs, cuts, least=least):
            part, rest = runs[small], runs[large]
            try:
                valley = fit(law, part, seed=seed)
            except Unidentifiable:
                continue
            found = _one(part, rest, valley, laws, level, n, seed)
            rows += [f.assign(table=name, cut=cut) for f in found]
    out = pd.concat(rows, ignore_index=True)[COLUMNS] if rows else pd.DataFrame(columns=COLUMNS)
    if any(is_simulated(t) for t in tables.values()):
        mark(out)
    return out


def _one(
    part: pd.DataFrame,
    rest: pd.DataFrame,
    valley: Fit,
    laws: Sequence[Entrant],
    level: float,
    n: int,
    seed: int,
) -> list[pd.DataFrame]:
    law = valley.law
    points = {k: rest[k].to_numpy(dtype=float) for k in law.inputs}
    loss = rest["loss"].to_numpy(dtype=float)
    ahead = np.log10(origins.scale(law, points) / origins.scale(law, valley.inputs).max())
    same = {"near": beyond.near_best(law, valley.params, points), "decades": ahead, "loss": loss}
    out = []

    def scored(name: str, predicted: Array, ends: Array) -> None:
        held = (ends[0] <= loss) & (loss <= ends[1])
        told = {"predicted": predicted, "miss": np.log(loss / predicted), "held": held}
        out.append(pd.DataFrame({"law": name, **same, **told}))

    try:
        average = averaged(part, laws=laws, seed=seed)
        middle, half = average.log_loss(points), average.half(points, level=level, n=n)
    except ScalingLawError:
        return []
    if not average.tried and law.inputs != COMPUTE:
        return []
    for entrant in laws:
        try:
            trained = train(entrant, part, valley=valley, seed=seed)
            scored(entrant.name, trained.loss(points), trained.staked(points, level=level, n=n))
        except ScalingLawError:
            continue
    scored(AVERAGE, np.exp(middle), np.exp(np.stack([middle - half, middle + half])))
    return out


def by_part(played: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each table, cut, law, ``near`` and reach: medians, and the share held.

    ``played`` is what :func:`league` returns, of which runs less than twice beyond count as no
    forecast. ``reach`` is the least of the :data:`REACHES` between which the runs lie, in times
    beyond; ``runs`` counts them, ``decades`` and ``miss`` are medians over them, ``size`` the
    median of the size of a miss, in log loss, and ``held`` the share inside the interval.
    """
    bins = pd.cut(10 ** played["decades"], REACHES, labels=REACHES[:-1], right=False)
    known = played.assign(size=played["miss"].abs(), reach=bins.astype(float))
    known = known.dropna(subset=["reach"])
    parts = known.groupby(["table", "cut", "law", "near", "reach"], sort=False)
    out = parts.agg(
        runs=("miss", "size"),
        decades=("decades", "median"),
        miss=("miss", "median"),
        size=("size", "median"),
        held=("held", "mean"),
    ).reset_index()
    out.attrs = dict(played.attrs)
    return out


def standings(parts: pd.DataFrame) -> pd.DataFrame:
    """Return the league, best first: a row for each law, each family of tables counting once.

    ``parts`` is what :func:`by_part` returns; a family is the name of a table before its colon.
    ``error`` is the typical size of a miss, a share of the loss; ``bias`` the mean miss, above zero
    where the law expects too little; ``per_decade`` the miss for each decade beyond the runs;
    ``beaten`` the share of parts in which the average misses by less; ``held`` the share of runs
    inside the interval; ``parts`` how many it played.
    """
    known = parts.assign(family=parts["table"].str.split(":").str[0])
    keys = ["table", "cut", "near", "reach"]
    theirs = known[known["law"] == AVERAGE].set_index(keys)["size"]
    known["beaten"] = known.set_index(keys).index.map(theirs).to_numpy() < known["size"]
    known["slope"] = known["miss"] / known["decades"]
    families = known.groupby(["law", "family"], sort=False)
    of_family = families[["size", "miss", "slope", "beaten", "held"]].mean()
    out = of_family.groupby("law", sort=False).mean()
    out["parts"] = known.groupby("law", sort=False).size()
    out = out.rename(columns={"size": "error", "miss": "bias", "slope": "per_decade"})
    return out.sort_values("error").reset_index()


def kept() -> pd.DataFrame:
    """Return the league of the bundled tables, by part, as it was last played.

    ``python -m scalinglaws.validation.league`` plays it again, in some minutes.
    """
    return pd.read_csv(TABLE)


if __name__ == "__main__":
    keep(
        open_tables(),
        lambda name, runs: by_part(league({name: runs})),
        table=TABLE,
        what="Play the league of the bundled tables and write it down, after each table.",
    )
