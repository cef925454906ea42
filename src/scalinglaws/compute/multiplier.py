"""What one recipe saves over another: the ratio of the compute at which both reach one loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.compute.grounds import not_stuck
from scalinglaws.errors import BadParameters, Unidentifiable
from scalinglaws.intervals.interval import Interval
from scalinglaws.intervals.resampling import JACKKNIFE, RESAMPLES, resampled

if TYPE_CHECKING:
    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.laws import Law
    from scalinglaws.laws.parts import Values

LOSSES = 5
"""Losses, evenly spaced in the logarithm, at which two recipes are compared."""

LOST = 0.05
"""Share of refits that may not reach a loss before a multiplier there is refused."""

_FAR = 30.0
"""E-folds beyond the runs within which a compute is looked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Multiplier:
    """How many times the compute recipe B takes for what recipe A reaches.

    ``table`` has a row for each loss: ``loss``, ``times`` (above 1 where A saves) and its ends
    ``times_low`` and ``times_high``. ``slopes`` is the difference of the exponents, A less B, with
    its interval. ``change`` is the multiplier at the lowest loss over that at the highest, with its
    interval, over all losses that both reach within their runs, and ``p_value`` how often refits
    put it on the other side of one, doubled: where it is small, one number cannot hold at all
    losses. Equal exponents are not enough for that where the floors differ.
    """

    table: pd.DataFrame
    slopes: Interval
    change: Interval
    p_value: float

    @property
    def one(self) -> bool:
        """Whether one number may hold at all losses: its change may be none."""
        return 1.0 in self.change

    def __repr__(self) -> str:
        """Return the multiplier at the ends of the common losses, and whether it is one number."""
        first, last = self.table.iloc[0], self.table.iloc[-1]
        rows = [
            f"  {r['times']:.3g} times ({r['times_low']:.3g} to {r['times_high']:.3g}) "
            f"at a loss of {r['loss']:.4g}"
            for r in ((first,) if len(self.table) == 1 else (first, last))
        ]
        same = "one number may hold everywhere" if self.one else "no one number holds everywhere"
        return "\n".join(
            [
                "compute of B over A at equal loss",
                *rows,
                f"  it changes {self.change} times over the losses of both, p = {self.p_value:.2g}",
                f"  {same}",
                f"  exponents differ by {self.slopes}",
            ]
        )


def multiplier(
    a: Fitted,
    b: Fitted,
    *,
    losses: npt.ArrayLike | None = None,
    level: float = 0.9,
    kind: str | None = None,
    n: int = RESAMPLES,
    by: str | None = None,
) -> Multiplier:
    """Return how many times the compute recipe B takes to reach the losses that recipe A reaches.

    ``a`` and ``b`` are fits of one law of a single input, such as ``laws.power_law("flops")``, to
    the runs of each recipe. ``losses``, (m,), are those to compare at; by default five between the
    lowest and the highest that both laws reach within their own runs. ``level``, ``kind``, ``n``
    and ``by`` are those of :meth:`Fit.interval`; the two tables are drawn independently.

    Raises :class:`BadParameters` for two laws, a law of several inputs, a jackknife or losses that
    are not positive, and :class:`Unidentifiable` for an exponent at its bound, where no loss is
    reached by both, or where the curves cross within the losses: then A saves at some and costs at
    others, and no multiplier says it.

    >>> import scalinglaws as sl
    >>> law, x = sl.laws.power_law("flops"), np.geomspace(1e18, 1e21, 30)
    >>> a, b = (sl.fit(law, sl.simulate.at(law, {"E": 1.7, "k": k, "c": 0.1}, flops=x, noise=0.002))
    ...         for k in (60.0, 60.0 * 2**0.1))
    >>> bool(np.allclose(sl.multiplier(a, b, n=100).table["times"], 2, rtol=0.2))
    True
    """
    level, n = checks.level(level), checks.resamples(n)
    law = a.law
    if b.law.name != law.name or len(law.inputs) != 1:
        raise BadParameters(
            f"a multiplier compares fits of one law of one input, such as "
            f"laws.power_law('flops'); found {law.name} and {b.law.name}"
        )
    if kind == JACKKNIFE:
        raise BadParameters(
            "a multiplier draws both tables, and a jackknife leaves out one group of one: add runs "
            "until each table has five groups, or give kind='case'"
        )
    for fit in (a, b):
        not_stuck(fit)
    drawn = [resampled(f, n, kind=kind, by=by) for f in (a, b)]
    # One seed draws both tables: turned about, the draws of one say nothing of the other's.
    drawn[1] = drawn[1].iloc[np.random.default_rng(0).permutation(len(drawn[1]))]
    values = [
        {k: np.r_[f.params[k], d[k].to_numpy()] for k in law.names}
        for f, d in zip((a, b), drawn, strict=True)
    ]
    at = _asked(losses) if losses is not None else _common(a, b)
    costs = [_cost(f, v, at) for f, v in zip((a, b), values, strict=True)]
    least = min(len(c) for c in costs)
    times = np.exp(costs[1][:least] - costs[0][:least])
    if (lost := float(np.isnan(times[1:]).mean(axis=0).max())) > LOST:
        raise Unidentifiable(
            f"in {lost:.0%} of the refits one of the recipes never reaches a loss of "
            f"{at[np.isnan(times[1:]).mean(axis=0).argmax()]:.4g}: ask for higher losses, or add "
            f"runs nearer to it"
        )
    tail = (1 - level) / 2
    low, high = np.nanquantile(times[1:], [tail, 1 - tail], axis=0)
    table = pd.DataFrame({"loss": at, "times": times[0], "times_low": low, "times_high": high})
    table.attrs = {"simulated": a.simulated or b.simulated, "level": level}
    if len(at) > 1 and (table["times_low"] > 1).any() and (table["times_high"] < 1).any():
        crossing = float(np.exp(np.interp(0.0, *_rising(np.log(times[0]), np.log(at)))))
        raise Unidentifiable(
            f"the two curves cross near a loss of {crossing:.4g}: A takes less compute on one side "
            f"and more on the other, so no one multiplier holds",
            partial=table,
            insist="ask at one loss: losses=[...]",
        )
    steep = [v[_exponent(law)] for v in values]
    apart = steep[0][:least] - steep[1][:least]
    ends = np.quantile(apart[1:], [tail, 1 - tail])
    slopes = Interval(
        estimate=float(apart[0]), low=float(ends[0]), high=float(ends[1]), level=level,
        kind=f"{drawn[0].attrs['kind']} bootstrap of both",
    )  # fmt: skip
    # Over all the losses of both where they share some, whichever was asked for.
    wide = at if losses is None else _shared(a, b, at)
    of_ends = [_cost(f, v, wide[[0, -1]]) for f, v in zip((a, b), values, strict=True)]
    moved = of_ends[1][:least] - of_ends[0][:least]
    moves = np.exp(moved[:, 1] - moved[:, 0])
    first, last = np.nanquantile(moves[1:], [tail, 1 - tail])
    change = Interval(
        estimate=float(moves[0]), low=min(float(first), float(moves[0])),
        high=max(float(last), float(moves[0])), level=level, kind=slopes.kind,
    )  # fmt: skip
    share = min((moves[1:] >= 1).mean(), (moves[1:] <= 1).mean())
    return Multiplier(table=table, slopes=slopes, change=change, p_value=float(min(1.0, 2 * share)))


def _exponent(law: Law) -> str:
    """Return the law's exponent, the last parameter that is one."""
    return next(p.name for p in reversed(law.parameters) if p.unit == "1")


def _asked(losses: npt.ArrayLike) -> Array:
    at = np.atleast_1d(np.asarray(losses, dtype=float))
    if at.ndim > 1 or not (np.isfinite(at) & (at > 0)).all():
        raise BadParameters(f"losses must be positive numbers; found {losses!r}")
    return at


def _common(a: Fitted, b: Fitted) -> Array:
    """Return losses that both laws reach within their own runs, from high to low."""
    reach = []
    for fit in (a, b):
        (name,) = fit.law.inputs
        x = np.array([fit.design.low[name], fit.design.high[name]])
        reach.append(np.sort(fit.law(fit.params, **{name: x})))
    low, high = max(r[0] for r in reach), min(r[1] for r in reach)
    if low >= high:
        raise Unidentifiable(
            f"no loss is reached by both within their runs: A goes from {reach[0][1]:.4g} to "
            f"{reach[0][0]:.4g}, B from {reach[1][1]:.4g} to {reach[1][0]:.4g}. Add runs of the "
            f"one that ends first",
            insist="name losses, and trust a law beyond its runs: losses=[...]",
        )
    return np.asarray(np.geomspace(high, low, LOSSES))


def _shared(a: Fitted, b: Fitted, asked: Array) -> Array:
    try:
        return _common(a, b)
    except Unidentifiable:
        return asked


def _cost(fit: Fitted, values: Values, losses: Array) -> Array:
    """Return each draw's log compute at each loss, (B, m); nan where it is never reached."""
    law = fit.law
    (name,) = law.inputs
    shape = (len(next(iter(values.values()))), len(losses))
    low = np.full(shape, np.log(fit.design.low[name]) - _FAR)
    high = np.full(shape, np.log(fit.design.high[name]) + _FAR)
    reached = (law(values, **{name: np.exp(high)}) <= losses) & (
        law(values, **{name: np.exp(low)}) >= losses
    )
    for _ in range(55):  # 70 e-folds or so, halved to 2e-15
        middle = 0.5 * (low + high)
        above = law(values, **{name: np.exp(middle)}) > losses
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    if not reached[0].all():
        k = int((~reached[0]).argmax())
        raise Unidentifiable(
            f"{law.name} does not reach a loss of {losses[k]:.4g} for one of the recipes: ask for "
            f"losses between the starts and the floors of both"
        )
    return np.where(reached, 0.5 * (low + high), np.nan)


def _rising(x: Array, y: Array) -> tuple[Array, Array]:
    order = np.argsort(x)
    return x[order], y[order]
