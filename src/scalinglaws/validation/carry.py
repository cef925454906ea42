"""How far do laws carry? Fit each table's smaller runs, and hold the rest of it against them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import Fit, fit
from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters, Unidentifiable
from scalinglaws.fitting.objectives import HUBER, Objective
from scalinglaws.intervals import beyond, origins
from scalinglaws.laws import CHINCHILLA, Law

ROUNDING = 1 + 1e-9

Rows = npt.NDArray[np.bool_]
"""Which rows of a table are meant, (n,)."""


def carried(
    tables: Mapping[str, pd.DataFrame],
    *,
    law: Law = CHINCHILLA,
    cuts: tuple[float, ...] = origins.CUTS,
    held: Mapping[str, float] | None = None,
    objective: Objective | str = HUBER,
    level: float = 0.9,
    n: int | None = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how runs beyond a cut fare under a law fitted to the runs below it.

    ``tables`` maps names to tables of runs; of each, the runs of up to the largest compute over
    ``cut`` are fitted, and those beyond that lie within a factor of four of the best size for their
    compute are predicted; ``held`` keeps parameters at given values. One row for each of these:
    ``table``, ``cut``, ``decades`` beyond the largest run fitted, ``miss`` (log of measured over
    predicted loss), whether the interval for a new run held it if the law does (``law_held``) and
    with what is allowed beyond the runs (``held``), ``own``, what the fitted runs themselves say
    they miss per decade, and ``law_side``, how far the law's own interval reaches to the side of
    the miss, in log loss. Without ``n`` the intervals are left out. Where a column ``run`` repeats,
    whole runs are fitted or predicted, never a part of each. A cut that leaves too little to fit,
    or fits what another did, is left out. Raises :class:`BadParameters` for a cut that leaves
    nothing out.
    """
    level = checks.level(level)
    if not cuts or min(cuts) <= 1:
        raise BadParameters(f"a cut is a factor above 1 below the largest compute; found {cuts}")
    if n is not None:
        checks.resamples(n)
    rows = []
    for name, runs in tables.items():
        checks.table(runs, (*law.inputs, law.response), what=f"the table {name}")
        for cut, small, large in splits(law, runs, cuts):
            try:
                options: dict[str, Any] = {"objective": objective, "held": held, "seed": seed}
                trained = fit(law, runs[small], **options)
                rows += _one(name, cut, trained, runs[large], level, n)
            except Unidentifiable:
                continue
    columns = ["table", "cut", "decades", "miss", "law_held", "held", "own", "law_side"]
    return pd.DataFrame(rows, columns=columns)


def splits(
    law: Law, runs: pd.DataFrame, cuts: Sequence[float], *, least: int = origins.LEAST_ROWS
) -> Iterator[tuple[float, Rows, Rows]]:
    """Yield each cut that leaves enough below it, the rows (n,) to fit, and those beyond them.

    Enough are ``least`` rows. A cut is a factor below the largest scale of the table, as ``law``
    counts it. Where a column ``run`` repeats, whole runs are fitted or lie beyond, never a part of
    each; a cut that leaves the same rows as another is passed over.
    """
    size = origins.scale(law, {k: runs[k].to_numpy(dtype=float) for k in law.inputs})
    seen = set()
    for cut in cuts:
        small = _below(runs, size, size.max() / cut * ROUNDING)
        large = (size > size[small].max(initial=0.0)) & ~_of_the_same(runs, small)
        if small.sum() < least or not large.any() or int(small.sum()) in seen:
            continue
        seen.add(int(small.sum()))
        yield cut, small, large


def _below(runs: pd.DataFrame, size: Array, cut: float) -> Rows:
    """Return which rows lie up to a cut, with all of their run where ``run`` repeats."""
    if "run" not in runs.columns:
        return np.asarray(size <= cut)
    largest = pd.Series(size, index=runs.index).groupby(runs["run"]).transform("max")
    return np.asarray(largest.to_numpy() <= cut)


def _of_the_same(runs: pd.DataFrame, small: Rows) -> Rows:
    """Return which rows are fitted, or belong to a run that is."""
    if "run" not in runs.columns:
        return small
    return np.asarray(runs["run"].isin(set(runs.loc[small, "run"])))


def _one(
    name: str, cut: float, trained: Fit, large: pd.DataFrame, level: float, n: int | None
) -> list[tuple[object, ...]]:
    law = trained.law
    ahead = {k: large[k].to_numpy(dtype=float) for k in law.inputs}
    near = beyond.near_best(law, trained.params, ahead)
    ahead = {k: v[near] for k, v in ahead.items()}
    if not near.any():
        return []
    loss = large[law.response].to_numpy(dtype=float)[near]
    decades = beyond.decades_beyond(trained, ahead)
    if n is None:
        miss = np.log(loss / law(trained.params, **ahead))
        return [(name, cut, h, m, *[np.nan] * 4) for h, m in zip(decades, miss, strict=True)]
    told = trained.predict(level=level, new_run=True, n=n, **ahead)
    miss = np.log(loss / told[law.response].to_numpy())
    side = np.where(miss > 0, told["law_high"], told["law_low"])
    law_side = np.abs(np.log(side / told[law.response].to_numpy()))
    held = {
        k: ((told[f"{k}low"] <= loss) & (loss <= told[f"{k}high"])).to_numpy() for k in ("law_", "")
    }
    own = beyond.misses(trained).per_decade
    return [
        (name, cut, decades[k], miss[k], held["law_"][k], held[""][k], own, law_side[k])
        for k in range(len(loss))
    ]


def per_decade(table: pd.DataFrame) -> pd.Series:
    """Return what each table misses per decade beyond the runs, by name, as a share of the loss.

    The slope of a line through zero: negative where the law expects too much loss.
    """
    parts = table.assign(up=table["miss"] * table["decades"], square=table["decades"] ** 2)
    sums = parts.groupby("table", sort=False)[["up", "square"]].sum()
    return pd.Series(np.expm1(sums["up"] / sums["square"]), name="per decade")


def coverage(table: pd.DataFrame, allowance: float, *, level: float = 0.9) -> Array:
    """Return whether an interval with a given allowance per decade holds each row of a table.

    ``table`` is one of :func:`carried`, whose intervals are widened by ``allowance``, as a share of
    the loss a decade, together with ``own``, in place of what the library allows.
    """
    from scipy.special import stdtrit  # late: an import of the library does without

    t = float(stdtrit(beyond.DOF, (1 + level) / 2))
    extra = t * np.hypot(allowance, table["own"]) * table["decades"]
    return np.asarray(np.abs(table["miss"]) <= np.hypot(table["law_side"], extra))


def allowance(
    table: pd.DataFrame, families: Mapping[str, str], *, level: float = 0.9
) -> pd.DataFrame:
    """Return the least allowance per decade with which intervals hold, by families of tables.

    ``families`` maps the names of tables to the group of people and recipe they come from: tables
    of one family do not count as many. Coverage is the mean over families of the share held. A row
    for all families and one for each: ``without`` is the allowance that the others ask for,
    ``left_out`` the share of this one that it holds, and ``alone`` what this one asks for by
    itself, infinite where nothing up to a tenth of the loss does. Raises :class:`BadParameters` for
    a table without a family.
    """
    family = table["table"].map(dict(families))
    if family.isna().any():
        raise BadParameters(f"no family is given for {table['table'][family.isna()].iloc[0]!r}")
    grid = np.linspace(0.0, 0.1, 201)
    held = np.stack([coverage(table, a, level=level) for a in grid])
    names = list(dict.fromkeys(family))
    shares = {k: held[:, (family == k).to_numpy()].mean(axis=1) for k in names}

    def least(some: list[str]) -> float:
        enough = np.flatnonzero(np.mean([shares[k] for k in some], axis=0) >= level)
        return float(grid[enough[0]]) if enough.size else float("inf")

    rows = {"all": {"without": least(names), "left_out": np.nan, "alone": least(names)}}
    for k in names:
        without = least([n for n in names if n != k])
        share = float(coverage(table[family == k], without, level=level).mean())
        rows[k] = {"without": without, "left_out": share, "alone": least([k])}
    return pd.DataFrame(rows).T
