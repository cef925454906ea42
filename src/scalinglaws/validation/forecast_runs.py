"""Losses beyond a table of runs: an average over laws, in place of the one that fits best.

Which law carries further differs from table to table, and laws that fit alike part beyond the runs.
Each is fitted to the smaller runs of the table and held against the larger ones, again and again
(rolling origins); the less it missed them, the more it counts. The interval holds how far the laws
part, what each does not know, the scatter of the runs, and what the average missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws import _pooling
from scalinglaws._fit import Fit, fit
from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws._simulated import is_simulated
from scalinglaws._typing import Array
from scalinglaws.compute.grounds import not_by_chance, not_mixed
from scalinglaws.errors import BadParameters, ScalingLawError, Unidentifiable, UnknownName
from scalinglaws.intervals import beyond, origins
from scalinglaws.intervals.prediction import points_of
from scalinglaws.laws import CHINCHILLA, Law, power_law
from scalinglaws.validation.carry import splits
from scalinglaws.validation.entrants import COMPUTE, ENTRANTS, Entrant, Trained, train

SPREAD = 0.6
"""Share of a normal quantile with which the spread of the laws counts.

The mean of several laws is nearer than most of them. Chosen on the open tables: with it intervals
hold nine in ten or more at every distance, and with the whole of it nearly all at twice the width.
"""

FEWEST_ROWS = 5
"""Rows below a cut that laws of compute are fitted to where size and data are not known."""


@dataclass(frozen=True, eq=False)
class Average:
    """Laws fitted to the same runs, with the weight of each, (k,).

    ``missed`` is what the average missed at the origins per decade, as a share of the loss, of
    which ``tried`` says how many could be tried; ``scatter`` are the runs about the average, (n,),
    in log loss; ``left_out`` maps the entrants that could not be fitted to the reason.
    """

    trained: tuple[Trained, ...]
    weights: Array
    missed: float
    tried: int
    scatter: Array
    left_out: Mapping[str, str]

    def log_loss(self, points: Mapping[str, Array]) -> Array:
        """Return the mean of the laws' log losses at points, (m,)."""
        return np.asarray(self.weights @ self._each(points))

    def half(self, points: Mapping[str, Array], *, level: float, n: int) -> Array:
        """Return how far the interval for new runs reaches to a side, (m,), in log loss."""
        from scipy.special import ndtri  # late: an import of the library does without

        each, z = self._each(points), SPREAD * float(ndtri((1 + level) / 2))
        parted = z**2 * (self.weights @ (each - self.weights @ each) ** 2)
        widths = [np.diff(np.log(t.ends(points, level=level, n=n)), axis=0) for t in self.trained]
        own = self.weights**2 @ (np.concatenate(widths) / 2) ** 2
        run = float(np.quantile(np.abs(self.scatter), level))
        far = beyond.decades_beyond(self.trained[0].valley, points)
        missed = beyond.half_width(level, self.missed) * far
        return np.asarray(np.sqrt(parted + own + run**2 + missed**2))

    def _each(self, points: Mapping[str, Array]) -> Array:
        return np.log([t.loss(points) for t in self.trained])


@one_blas_thread
def forecast_runs(
    runs: pd.DataFrame,
    *,
    at: pd.DataFrame | Mapping[str, npt.ArrayLike],
    laws: Sequence[Entrant | Law] = ENTRANTS,
    level: float = 0.9,
    n: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Forecast the loss of runs beyond a table: an average over laws, with an interval.

    ``log L = sum_k w_k log L_k``, where ``w_k`` is one over the mean square of what law k missed
    per decade at the rolling origins of the table and of what laws miss on public tables
    (:data:`~scalinglaws.intervals.beyond.ALLOWANCE`). ``runs`` has one row for each run and the
    columns ``params``, ``tokens`` (counts) and ``loss``; ``at`` has ``params`` and ``tokens``, (m,)
    each, as a mapping or a table, whose other columns are ignored. A table without params, but with
    ``flops``, one row for the best run of each budget, is forecast by the laws of compute alone, at
    ``flops``. ``laws`` are those to average, of params and tokens or of flops, ``level`` is the
    confidence level, ``n`` the resamples behind each law's own interval.

    Returns a row for each point: its inputs, ``loss``, ``low`` and ``high`` for a new
    run, and ``decades`` beyond the runs, in compute or in the worst input. ``attrs`` give the
    ``weights`` by law, ``origins`` (how many cuts were tried), ``per_decade`` (what the average
    missed there, as a share of the loss), ``left_out`` (why a law could not be fitted) and
    ``note``, a sentence. Where no origin can be tried the laws with an irreducible loss count alike
    and the others not at all, and the note says so.

    Raises :class:`BadRuns` and :class:`Unidentifiable` as :func:`fit` does for Chinchilla's law,
    and the latter where residuals differ by source or the law explains no more than chance would,
    :class:`UnknownName` for an ``at`` without params or tokens, and :class:`BadParameters` for a
    law of other inputs.

    >>> import scalinglaws as sl
    >>> told = sl.forecast_runs(sl.load("hoffmann2022"), at={"params": 70e9, "tokens": 1.4e12})
    >>> bool(told["low"][0] < told["loss"][0] < told["high"][0])
    True
    >>> round(sum(told.attrs["weights"].values()), 9), told.attrs["origins"]
    (1.0, 4)
    """
    level, n, seed = checks.level(level), checks.resamples(n), checks.seed(seed)
    inputs = base_law(runs).inputs
    if not isinstance(at, pd.DataFrame | Mapping):
        raise UnknownName(
            f"at is a mapping or a table with {' and '.join(inputs)}; found {type(at).__name__}"
        )
    points = points_of(base_law(runs), {k: at[k] for k in inputs if k in at})
    average = averaged(runs, laws=laws, seed=seed)
    middle, half = average.log_loss(points), average.half(points, level=level, n=n)
    frame = pd.DataFrame(points)
    for name, value in (("loss", middle), ("low", middle - half), ("high", middle + half)):
        frame[name] = np.exp(value)
    frame["decades"] = beyond.decades_beyond(average.trained[0].valley, points)
    names = [t.entrant.name for t in average.trained]
    frame.attrs = {
        "level": level,
        "weights": dict(zip(names, map(float, average.weights), strict=True)),
        "origins": average.tried,
        "per_decade": average.missed,
        "left_out": dict(average.left_out),
        "note": _note(average),
        "simulated": is_simulated(runs),
    }
    return frame


def averaged(
    runs: pd.DataFrame, *, laws: Sequence[Entrant | Law] = ENTRANTS, seed: int = 0
) -> Average:
    """Fit laws to runs and weigh them by what each missed at the table's rolling origins.

    The arguments and what raises are those of :func:`forecast_runs`.
    """
    entrants, base = _entrants(laws), base_law(runs)
    # No answer hangs on the order of the rows.
    columns = [*base.inputs, "loss"]
    labels = [c for c in runs.columns if str(c).lower() in ("run", *_pooling.SOURCES)]
    order = [*columns, *(c for c in labels if c not in columns)]
    table = checks.bare(runs)[order].sort_values(columns, kind="stable", ignore_index=True)
    valley = fit(base, table, seed=seed)
    not_mixed(valley)
    not_by_chance(valley)
    trained, left_out = _trained(entrants, table, valley, seed)
    if not trained:
        raise Unidentifiable(
            "none of the laws could be fitted: "
            + "; ".join(f"{name}: {why}" for name, why in left_out.items()),
            partial=valley,
        )
    found = list(_origins(trained, table, valley, seed))
    log_loss = np.log(table["loss"].to_numpy(dtype=float))
    weights, missed = _weighed(found, trained)
    average = Average(tuple(trained), weights, missed, len(found), log_loss, left_out)
    inside = average.log_loss({k: table[k].to_numpy(dtype=float) for k in base.inputs})
    return replace(average, scatter=log_loss - inside)


def base_law(runs: pd.DataFrame, *, what: str = "a forecast of runs") -> Law:
    """Return the law that says which sizes are best and refuses what cannot be fitted.

    Chinchilla's, or a power law of compute for a table without ``params``. Raises
    :class:`BadRuns` for a table that lacks a column or a positive number.
    """
    known = isinstance(runs, pd.DataFrame) and "params" not in runs and "flops" in runs
    base = power_law("flops") if known else CHINCHILLA
    checks.table(runs, (*base.inputs, "loss"), what=what)
    return base


def _entrants(laws: Sequence[Entrant | Law]) -> list[Entrant]:
    if isinstance(laws, Entrant | Law):
        laws = [laws]
    found = [k if isinstance(k, Entrant) else Entrant(name=k.name, law=k) for k in laws]
    names = [k.name for k in found]
    if not found or len(set(names)) < len(names):
        raise BadParameters(
            f"laws are one or more, each under a name of its own; found "
            f"{', '.join(names) or 'none'}"
        )
    return found


def _trained(
    entrants: Sequence[Entrant], table: pd.DataFrame, valley: Fit, seed: int
) -> tuple[list[Trained], dict[str, str]]:
    trained, left_out = [], {}
    there = {k: table[k].to_numpy(dtype=float) for k in valley.law.inputs}
    for entrant in entrants:
        try:
            one = train(entrant, table, valley=valley, seed=seed)
            one.loss(there)
            trained.append(one)
        except ScalingLawError as refusal:
            left_out[entrant.name] = str(refusal)
    return trained, left_out


Misses = tuple[Array, Array]
"""Of one origin: decades beyond it of each bin, (b,), and what each law missed there, (k, b)."""


def _origins(
    trained: Sequence[Trained], table: pd.DataFrame, valley: Fit, seed: int
) -> Iterator[Misses]:
    """Yield what each law missed at each origin; not a number where it could not be fitted."""
    law = valley.law
    least = FEWEST_ROWS if law.inputs == COMPUTE else origins.LEAST_ROWS
    for _, small, large in splits(law, table, origins.CUTS, least=least):
        part, rest = table[small], table[large]
        if part[law.inputs[0]].nunique() < origins.LEAST_SIZES:
            continue
        try:
            below = fit(law, part, start=[valley.params], seed=seed)
        except ScalingLawError:
            continue
        points = {k: rest[k].to_numpy(dtype=float) for k in law.inputs}
        loss = np.log(rest["loss"].to_numpy(dtype=float))
        near = beyond.near_best(law, below.params, points)
        largest = origins.scale(law, below.inputs).max()
        ahead = np.log10(origins.scale(law, points) / largest)
        bins = [near & (ahead > low) & (ahead <= high) for low, high in pairwise(beyond.BINS)]
        # One run that is off tells little of a law, where others tell more.
        several = [b for b in bins if b.sum() > 1]
        bins = several or [b for b in bins if b.any()]
        if not bins:
            continue
        rows = []
        for one in trained:
            try:
                again = train(one.entrant, part, valley=below, like=one.fit, seed=seed)
                off = loss - np.log(again.loss(points))
                rows.append([float(np.median(off[b])) for b in bins])
            except ScalingLawError:
                rows.append([np.nan] * len(bins))
        yield np.array([np.median(ahead[b]) for b in bins]), np.array(rows)


def _weighed(found: Sequence[Misses], trained: Sequence[Trained]) -> tuple[Array, float]:
    """Return the weights of laws, (k,), and what their average missed at the origins per decade."""
    if not found:
        # On public tables those without a floor miss most, and here nothing speaks for them.
        floors = np.array([t.entrant.has_floor for t in trained], dtype=float)
        alike = floors if floors.any() else np.ones(len(trained))
        return alike / alike.sum(), beyond.ALLOWANCE
    decades = np.concatenate([d for d, _ in found])
    misses = np.concatenate([m for _, m in found], axis=1)
    known = np.isfinite(misses)
    squares = np.where(known, misses, 0.0) ** 2
    with np.errstate(invalid="ignore"):
        per_decade = squares.sum(axis=1) / (known * decades**2).sum(axis=1)
    # One that no origin could fit is taken for as good as the worst of the others.
    worst = np.nanmax(per_decade, initial=0.0)
    weights = 1 / (np.where(np.isfinite(per_decade), per_decade, worst) + beyond.ALLOWANCE**2)
    shares = known * weights[:, None]
    shares = shares / shares.sum(axis=0)
    average = (shares * np.where(known, misses, 0.0)).sum(axis=0)
    missed = float(np.sqrt((average**2).sum() / (decades**2).sum()))
    return weights / weights.sum(), missed


def _note(average: Average) -> str:
    """Return in a sentence what the weights rest on."""
    if not average.tried:
        return (
            f"no origin could be tried: below a half of the largest compute fewer than "
            f"{origins.LEAST_ROWS} runs or {origins.LEAST_SIZES} sizes are left, so the laws with "
            f"an irreducible loss count alike and the others not at all, and "
            f"{beyond.ALLOWANCE:.1%} of the loss is allowed per decade beyond the runs"
        )
    first = average.trained[int(average.weights.argmax())].entrant.name
    cuts = "cut" if average.tried == 1 else "cuts"
    return (
        f"weighed by what each law missed at {average.tried} {cuts} of the table, where the "
        f"average missed {average.missed:.1%} of the loss per decade; {first} counts most, with "
        f"{average.weights.max():.0%}"
    )
