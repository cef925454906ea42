"""How far a law misses beyond the runs: what the table itself and public tables say of it.

An interval says how far an answer could be off if the law holds. Whether it holds further out, no
residual tells: fits of the smaller runs, held against the larger ones, do (rolling origins).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws.intervals import grouping
from scalinglaws.intervals.origins import PAIRED, origins, scale
from scalinglaws.intervals.quantity import Quantity, evaluate
from scalinglaws.intervals.resampling import bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.laws import Law

ALLOWANCE = 0.016
"""What is allowed for a law's form per decade beyond its runs, as a share of the loss.

A scale and not a half-width: times Student's quantile it is that. Chosen on public tables: see the
chapter on how far laws carry.
"""

DOF = 3
"""Degrees of freedom of Student's quantile: a handful of origins tell the size of a miss."""

BINS = (0.02, 0.35, 0.7, 1.05, 2.0)
"""Decades beyond a cut between which misses are put together."""

MEDIAN = 1.2533
"""Standard error of a median over that of a mean, of normal scatter."""

NEAR_BEST = 4.0
"""Runs within this factor of the best size count: others nobody stakes a budget on."""


@dataclass(frozen=True, eq=False)
class Misses:
    """What rolling origins found: a row a cut and bin in ``table``; none where none can be tried.

    ``table`` has the columns ``cut`` (the largest scale that was fitted), ``decades`` beyond it,
    ``miss`` (median of log measured over predicted loss), ``error`` (its standard error) and
    ``runs``.
    """

    table: pd.DataFrame

    @property
    def tried(self) -> bool:
        """Whether any origin could be tried."""
        return len(self.table) > 0

    @property
    def per_decade(self) -> float:
        """Misses beyond chance, per decade: their root mean square, as a share of the loss."""
        if not self.tried:
            return 0.0
        t = self.table
        beyond_chance = (t["miss"] ** 2 - t["error"] ** 2).sum() / (t["decades"] ** 2).sum()
        return float(np.sqrt(max(0.0, beyond_chance)))

    @property
    def drift(self) -> float:
        """Log measured over predicted loss, per decade: negative where the law predicts too much.

        The slope of a line through zero; not a number where no origin can be tried.
        """
        t = self.table
        if not self.tried:
            return float("nan")
        return float((t["miss"] * t["decades"]).sum() / (t["decades"] ** 2).sum())


def applies(law: Law) -> bool:
    """Return whether misses of a law are shares of a loss, as those of the public tables are."""
    return law.domain == "positive" and law.response == "loss"


def decades_beyond(fit: Fitted, inputs: Mapping[str, Array]) -> Array:
    """Return how many decades points lie beyond the runs, in scale or in the worst input."""
    own, there = scale(fit.law, fit.inputs)[fit.counted], scale(fit.law, inputs)
    out = np.maximum(1.0, np.maximum(there / own.max(), own.min() / there))
    for name, values in inputs.items():
        low, high = fit.design.low[name], fit.design.high[name]
        out = np.maximum(out, np.maximum(values / high, low / values))
    return np.asarray(np.log10(out))


def widened(
    level: float, middle: Array, ends: Array, decades: Array, allowed: npt.ArrayLike
) -> Array:
    """Return the ends (2, ..) of a positive number to stake: ``ends`` widened by the decades.

    Each side is the square root of the sum of squares of the law's own and of the decades times
    ``allowed`` per decade (in the logarithm) times Student's quantile.
    """
    extra = half_width(level, 1.0) * np.asarray(allowed) * decades
    with np.errstate(all="ignore"):
        sides = np.log(ends) - np.log(middle)
        wide = np.stack([-np.hypot(sides[0], extra), np.hypot(sides[1], extra)])
        staked = np.exp(np.log(middle) + wide)
    # An estimate outside its own ends keeps them: only what lies beyond the runs is widened.
    low, high = np.minimum(ends[0], staked[0]), np.maximum(ends[1], staked[1])
    return np.asarray(np.where(decades > 0, np.stack([low, high]), ends))


def half_width(level: float, allowed: float) -> float:
    """Return how far an interval reaches to a side per decade, for a given allowance."""
    from scipy.special import stdtrit  # late: an import of the library does without

    return float(stdtrit(DOF, (1 + level) / 2)) * allowed


def per_decade(fit: Fitted) -> float:
    """Return what to allow for a law's form, a share of the loss per decade beyond the runs.

    The root of the squares of :data:`ALLOWANCE` and of the table's own misses.
    """
    return float(np.hypot(ALLOWANCE, misses(fit).per_decade)) if applies(fit.law) else 0.0


def misses(fit: Fitted) -> Misses:
    """Return what fits of the smaller runs miss the larger ones by."""
    if "misses" not in fit._kept:
        fit._kept["misses"] = Misses(_misses(fit) if applies(fit.law) else _table([]))
    found: Misses = fit._kept["misses"]
    return found


def moved(fit: Fitted, quantity: Quantity) -> float | None:
    """Return how much a quantity moved as the table grew, per decade of scale, beyond chance.

    The root mean square of its change from each cut to the whole table, less what resamples of
    both change by, in the logarithm of a positive quantity. ``None`` where no origin can be tried.
    """
    change, chance, reach = [], [], []
    whole = bootstrap(fit).head(PAIRED)
    values = {k: whole[k].to_numpy() for k in fit.law.names}
    top = float(scale(fit.law, fit.inputs)[fit.counted].max())
    at, draws = evaluate(fit, quantity, fit.params), evaluate(fit, quantity, values)
    for origin in origins(fit):
        then = evaluate(fit, quantity, origin.params)
        before = evaluate(fit, quantity, origin.draws)
        with np.errstate(all="ignore"):
            if at > 0 and then > 0:
                step, steps = np.log(at / then), np.log(draws / before)
            else:
                step, steps = at - then, draws - before
        spread = _spread(steps)
        if not np.isfinite(spread):
            continue
        change.append(float(step))
        chance.append(spread)
        reach.append(np.log10(top / origin.largest))
    if not change:
        return None
    squares = (np.square(change) - np.square(chance)).sum() / np.square(reach).sum()
    return float(np.sqrt(max(0.0, squares)))


def _spread(values: Array) -> float:
    """Return a robust standard deviation: 1.48 times the median absolute deviation."""
    known = values[np.isfinite(values)]
    if not known.size:
        return float("inf")
    return float(1.4826 * np.median(np.abs(known - np.median(known))))


def _table(rows: list[tuple[float, float, float, float, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["cut", "decades", "miss", "error", "runs"])


def _misses(fit: Fitted) -> pd.DataFrame:
    law, on = fit.law, fit.counted
    inputs = {k: v[on] for k, v in fit.inputs.items()}
    size, loss = scale(law, inputs), fit.loss[on]
    groups = grouping.found(fit)
    scatter = float(fit.residuals[on].std())
    rows = []
    for origin in origins(fit):
        apart = np.log(loss / law(origin.params, **inputs))
        with np.errstate(all="ignore"):  # a resample may have led nowhere
            drawn = np.log(law(origin.draws, **inputs))
        beyond = np.log10(size / origin.largest)
        near = ~origin.kept & near_best(law, origin.params, inputs)
        for low, high in pairwise(BINS):
            some = near & (beyond > low) & (beyond <= high)
            if not some.any():
                continue
            clusters = some.sum() if groups is None else len(np.unique(groups.labels[some]))
            within = _spread(apart[some]) if some.sum() > 1 else scatter
            # The median of a sample scatters 1.25 times as far as its mean.
            own = MEDIAN * within / clusters**0.5
            error = np.hypot(_spread(np.median(drawn[:, some], axis=1)), own)
            at = (origin.largest, float(np.median(beyond[some])), float(np.median(apart[some])))
            rows.append((*at, float(error), int(some.sum())))
    table = _table([row for row in rows if np.isfinite(row[3])])
    # One run that is off tells little of a law, where others tell more.
    several = table["runs"] > 1
    return table[several].reset_index(drop=True) if several.any() else table


def near_best(
    law: Law, params: Mapping[str, float], inputs: Mapping[str, Array]
) -> npt.NDArray[np.bool_]:
    """Return which runs are near the best size for their compute; all where there is no split."""
    size = inputs[law.inputs[0]]
    if set(law.inputs) != {"params", "tokens"}:
        return np.ones(len(size), dtype=bool)
    both = inputs["params"] * inputs["tokens"]
    split = np.exp(np.linspace(-20.0, 20.0, 401))[:, None]
    middle = np.sqrt(both)
    with np.errstate(all="ignore"):  # the sizes that are tried go far beyond any run
        loss = law(params, params=middle * split, tokens=middle / split)
    best = middle * split[loss.argmin(axis=0), 0]
    return np.asarray(np.abs(np.log(inputs["params"] / best)) <= np.log(NEAR_BEST))
