"""Plans for mixtures of experts: the best under two limits, and the cheapest of a quality."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scalinglaws import _checks as checks
from scalinglaws.compute.experts import (
    LOST,
    frame_of,
    kept_over_met,
    of_share,
    off_by,
    routed,
    row_of,
    size_for,
    times_beyond,
)
from scalinglaws.errors import BadParameters, Unidentifiable
from scalinglaws.intervals.resampling import RESAMPLES, resampled

if TYPE_CHECKING:
    import pandas as pd

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.laws import Law
    from scalinglaws.laws.parts import Values

_GOLDEN = (np.sqrt(5) - 1) / 2
_GRID = 65
"""Points of a first search: for experts, a tenth of a doubling apart up to a hundred."""


def sparse(
    fit: Fitted,
    *,
    share: float,
    active: float | None = None,
    total: float | None = None,
    most_experts: float | None = None,
    level: float = 0.9,
    kind: str | None = None,
    n: int = RESAMPLES,
    by: str | None = None,
) -> pd.DataFrame:
    """Find the mixture of experts of the lowest loss under limits on what is met and what is kept.

    Minimises ``L(N, E)`` subject to ``N <= active`` (parameters that a token meets: what compute
    pays for) and ``N (1 + share (E - 1)) <= total`` (all parameters: what memory pays for), with
    ``1 <= E <= most_experts``, by default the most of the runs. ``fit`` is a fit of a law of params
    and experts, such as ``laws.ROUTED``; the runs' amount of training is taken for granted. Give
    ``total``, and ``active`` where compute is limited too. ``level``, ``kind``, ``n`` and ``by``
    are those of :meth:`Fit.interval`.

    Returns one row: ``params``, ``experts``, ``total_params`` and ``loss``, and ``worth``, the
    size of the dense model of that loss by the same law, each with its ends, and ``beyond``. E is a
    real number: round it to what the machines hold.

    Raises what :func:`equals` does, and :class:`BadParameters` where no limit on all parameters is
    given or it is below the other.

    >>> import scalinglaws as sl
    >>> runs = sl.load("clark2022").query("in_fit and experts > 1 and router == 's-base'")
    >>> plan = sparse(sl.fit(sl.laws.ROUTED, runs), share=0.31, active=3e8, total=8e9, n=100)
    >>> plan[["params", "experts"]].round(-1).to_numpy().tolist()
    [[300000000.0, 80.0]]
    """
    level, n, share = checks.level(level), checks.resamples(n), of_share(share)
    law = routed(fit)
    seen = float(fit.design.high["experts"])
    if total is None:
        raise BadParameters("give total=, the parameters that can be kept: without it, ever more")
    limits = {"total": total, "active": total if active is None else active}
    limits["most_experts"] = seen if most_experts is None else most_experts
    limits = checks.numbers(limits, what="a limit")
    if (
        min(limits.values()) <= 0
        or limits["active"] > limits["total"]
        or limits["most_experts"] < 1
    ):
        raise BadParameters(
            f"limits must be positive, active at most total and most_experts from 1 on; found "
            f"{', '.join(f'{k}={v:g}' for k, v in limits.items())}"
        )
    drawn = resampled(fit, n, kind=kind, by=by)
    values = {k: np.r_[fit.params[k], drawn[k].to_numpy()] for k in law.names}
    params, experts, loss = _best(law, values, share, **limits)
    at = {"params": params[:1], "experts": experts[:1]}
    off = off_by(fit, level, at)
    first = {k: v[:1] for k, v in values.items()}
    worth = size_for(law, values, experts=1.0, loss=loss[:, None])[:, 0]
    # The dense model of that loss may lie beyond the runs where the mixture does not.
    dense = {"params": worth[:1], "experts": np.ones(1)}
    off_worth = off_by(fit, level, at, dense) if experts[0] > 1 else off
    others = [size_for(law, first, experts=1.0, loss=np.exp(h) * loss[:1, None]) for h in off_worth]
    row: dict[str, float] = {}
    kept = params * kept_over_met(experts, share)
    for name, found in (("params", params), ("experts", experts), ("total_params", kept)):
        row |= row_of(drawn, name, found, found[:1], level)
    row |= row_of(drawn, "loss", loss, np.exp(off) * loss[0], level)
    row |= row_of(drawn, "worth", worth, np.array([w[0, 0] for w in others]), level)
    row["beyond"] = times_beyond(fit, {k: float(v[0]) for k, v in at.items()})
    return frame_of([row], fit, drawn, level)


def cheapest_experts(
    fit: Fitted,
    keep: npt.ArrayLike,
    *,
    as_good_as: float,
    share: float,
    most_experts: float | None = None,
    level: float = 0.9,
    kind: str | None = None,
    n: int = RESAMPLES,
    by: str | None = None,
) -> pd.DataFrame:
    """Find the number of experts with which a quality costs least, where memory costs as well.

    Minimises ``N (1 + r (1 + share (E - 1)))`` subject to ``L(N, E) = L(as_good_as, 1)``, with
    ``1 <= E <= most_experts``, by default the most of the runs. ``keep`` is r, or several, (m,):
    what keeping a parameter costs over what computing with one costs, over the whole life. With D
    tokens trained on and S served, that is ``rent / (6 D p_train + 2 S p_serve)`` for the rent of
    the memory of a parameter and the prices of a FLOP (:class:`scalinglaws.compute.Price`). The
    other arguments are those of :func:`equals`.

    Returns a row for each r: ``keep``, ``experts``, ``params``, ``total_params`` and ``saved``, the
    share of the dense model's cost that is saved, each with its ends, and ``beyond``. Raises what
    :func:`equals` does.

    >>> import scalinglaws as sl
    >>> runs = sl.load("clark2022").query("in_fit and experts > 1 and router == 's-base'")
    >>> fit = sl.fit(sl.laws.ROUTED, runs)
    >>> plan = cheapest_experts(fit, [0.01, 0.3], as_good_as=1e9, share=0.31, n=100)
    >>> bool(plan["experts"][0] > plan["experts"][1])
    True
    """
    level, n, share = checks.level(level), checks.resamples(n), of_share(share)
    size = checks.numbers({"as_good_as": as_good_as}, what="a quality")["as_good_as"]
    law = routed(fit)
    most = float(fit.design.high["experts"]) if most_experts is None else most_experts
    most = checks.numbers({"most_experts": most}, what="a limit")["most_experts"]
    try:
        prices = np.atleast_1d(np.asarray(keep, dtype=float))
    except (TypeError, ValueError) as error:
        raise BadParameters(f"keep must be numbers; found {keep!r}") from error
    if prices.ndim > 1 or not (np.isfinite(prices) & (prices >= 0)).all() or size <= 0 or most < 1:
        raise BadParameters(
            f"keep must be numbers from 0 on, as_good_as positive and most_experts from 1 on; "
            f"found {keep!r}, {size:g}, {most:g}"
        )
    drawn = resampled(fit, n, kind=kind, by=by)
    values = {k: np.r_[fit.params[k], drawn[k].to_numpy()] for k in law.names}
    first = {k: v[:1] for k, v in values.items()}
    goal = law(values, params=np.array([size]), experts=np.ones(1))
    dense = {"params": np.array([size]), "experts": np.ones(1)}
    rows = []
    for price in prices:
        experts, params = _cheapest(law, values, goal, float(price), share, most)
        if not np.isfinite(params[0]) or (~np.isfinite(params)).mean() > LOST:
            raise Unidentifiable(
                f"{law.name} reaches the loss of a dense model of {size:.3g} parameters at no "
                f"size: ask for a smaller model",
                partial=fit,
            )
        at = {"params": params[:1], "experts": experts[:1]}
        off = off_by(fit, level, at, dense) if experts[0] > 1 else []
        moved = [
            _cheapest(law, first, goal[:1] * np.exp(h), float(price), share, most) for h in off
        ]
        row: dict[str, float] = {"keep": float(price)}
        found = _answers(experts, params, float(price), share, size)
        others = [_answers(e, p, float(price), share, size) for e, p in moved]
        for name, value in found.items():
            row |= row_of(drawn, name, value, np.array([o[name][0] for o in others]), level)
        row["experts_low"] = max(1.0, row["experts_low"])
        rows.append(row | {"beyond": times_beyond(fit, {k: float(v[0]) for k, v in at.items()})})
    return frame_of(rows, fit, drawn, level)


def _answers(
    experts: Array, params: Array, price: float, share: float, dense: float
) -> dict[str, Array]:
    """Return what a plan is asked for, (B,) each; the share saved is of the dense model's cost."""
    kept = params * kept_over_met(experts, share)
    saved = 1 - (params + price * kept) / (dense * (1 + price))
    return {"experts": experts, "params": params, "total_params": kept, "saved": saved}


def _cheapest(
    law: Law, values: Values, goal: Array, price: float, share: float, most: float
) -> tuple[Array, Array]:
    """Return the cheapest number of experts and its size for each draw, (B,).

    On a grid in the logarithm of E, then by a parabola through its lowest point and neighbours.
    """
    grid = np.geomspace(1.0, most, _GRID) if most > 1 else np.ones(1)
    size = np.hstack([size_for(law, values, experts=float(e), loss=goal) for e in grid])
    cost = np.log(size * (1 + price * kept_over_met(grid, share)))
    best = cost.argmin(axis=1)
    if len(grid) == 1:
        return grid[best], size[:, 0]
    at = np.log(grid)[best]
    inside = (best > 0) & (best < len(grid) - 1)
    row = np.arange(len(best))
    middle = np.clip(best, 1, len(grid) - 2)
    left, here, right = (cost[row, middle + k] for k in (-1, 0, 1))
    with np.errstate(all="ignore"):  # where a size is never reached, the grid's point stands
        shift = 0.5 * (left - right) / (left - 2 * here + right)
    step = np.log(grid[1] / grid[0])
    at = np.where(inside & np.isfinite(shift), at + step * shift, at)
    experts = np.exp(at)
    return experts, size_for(law, values, experts=experts[:, None], loss=goal)[:, 0]


def _best(
    law: Law, values: Values, share: float, *, total: float, active: float, most_experts: float
) -> tuple[Array, Array, Array]:
    """Return the best size, number of experts and loss of each draw, (B,).

    At a given size the loss is monotone in E, so the best E is one of the ends; the size is looked
    for on a grid of its logarithm, and between the neighbours of the best by golden section.
    """
    # Below the first size every number of experts is allowed, and a larger model is better.
    first = min(total / float(kept_over_met(most_experts, share)), active)
    grid = np.linspace(np.log(first), np.log(active), _GRID)

    def at(log_params: Array) -> tuple[Array, Array]:
        params = np.exp(log_params)
        most = np.clip(1 + (total / params - 1) / share, 1.0, most_experts)
        many = law(values, params=params, experts=most)
        none = law(values, params=params, experts=np.ones_like(params))
        return np.minimum(many, none), np.where(many < none, most, 1.0)

    rows = len(next(iter(values.values())))
    found = at(np.broadcast_to(grid, (rows, _GRID)))[0].argmin(axis=1)[:, None]
    low, high = grid[np.maximum(found - 1, 0)], grid[np.minimum(found + 1, _GRID - 1)]
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    of_left, of_right = at(left)[0], at(right)[0]
    for _ in range(40):  # two steps of the grid cut by the golden ratio: below 1e-8 of an e-fold
        keep = of_left < of_right
        low, high = np.where(keep, low, left), np.where(keep, right, high)
        fresh = np.where(keep, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        of_fresh = at(fresh)[0]
        left, right = np.where(keep, fresh, right), np.where(keep, left, fresh)
        of_left, of_right = np.where(keep, of_fresh, of_right), np.where(keep, of_left, of_fresh)
    # An end of the grid may be the best itself, where a limit binds.
    size = np.hstack([0.5 * (low + high), grid[found]])
    loss, experts = at(size)
    best = loss.argmin(axis=1)
    row = np.arange(rows)
    return np.exp(size[row, best]), experts[row, best], loss[row, best]
