"""Mixtures of experts that are as good as a dense model, under a routed law, and what they hold.

A token meets ``N`` parameters whatever the number of experts E, and all of them are kept:
``N (1 + s (E - 1))``, where the share ``s`` of the dense model is what each expert copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.compute.grounds import not_stuck
from scalinglaws.compute.staking import staked
from scalinglaws.errors import BadParameters, Unidentifiable
from scalinglaws.intervals import beyond
from scalinglaws.intervals.resampling import RESAMPLES, ends, resampled

if TYPE_CHECKING:
    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.laws import Law
    from scalinglaws.laws.parts import Values

LOST = 0.05
"""Share of resamples that may not reach a loss before an interval of a size is refused."""

_MOST = float(np.log(1e24))


def equals(
    fit: Fitted,
    experts: npt.ArrayLike,
    *,
    as_good_as: float,
    share: float,
    level: float = 0.9,
    kind: str | None = None,
    n: int = RESAMPLES,
    by: str | None = None,
) -> pd.DataFrame:
    """Find the models of E experts that are as good as a dense one, and what each of them holds.

    Solves ``L(N, E) = L(as_good_as, 1)`` for N. ``fit`` is a fit of a law of params and experts,
    such as ``laws.ROUTED``; ``experts`` one number or several, (m,), from 1 on; ``share`` is what
    an expert copies of the dense model. ``level``, ``kind``, ``n`` and ``by`` are those of
    :meth:`Fit.interval`.

    Returns a row for each number of experts: ``experts``, ``params`` (which a token meets),
    ``total_params`` (which are kept), and ``saved``, the share of the dense model's parameters
    that a token need not meet; each with its ends, as in :func:`scalinglaws.compute.lifetime`.
    ``beyond`` is by how much size and experts pass those of the runs (1 means in range).

    Raises :class:`Unidentifiable` for a law of other inputs, an exponent at its bound, or a loss
    that more than a twentieth of the refits reach with no size, and :class:`BadParameters` for
    numbers that make no sense. Clark et al. 2022, section 5.

    >>> import scalinglaws as sl
    >>> runs = sl.load("clark2022").query("in_fit and experts > 1 and router == 's-base'")
    >>> told = equals(sl.fit(sl.laws.ROUTED, runs), [1, 64], as_good_as=1e9, share=0.31, n=100)
    >>> round(float(told["params"][0] / 1e9), 6), bool(told["params"][1] < 5e8)
    (1.0, True)
    """
    level, n, share = checks.level(level), checks.resamples(n), of_share(share)
    size = checks.numbers({"as_good_as": as_good_as}, what="a quality")["as_good_as"]
    counts = counts_of(experts)
    if size <= 0:
        raise BadParameters(f"as_good_as must be a positive size; found {size:g}")
    law = routed(fit)
    drawn = resampled(fit, n, kind=kind, by=by)
    values = {k: np.r_[fit.params[k], drawn[k].to_numpy()] for k in law.names}
    goal = law(values, params=np.array([size]), experts=np.ones(1))
    dense = {"params": np.array([size]), "experts": np.ones(1)}
    rows = []
    for count in counts:
        params = size_for(law, values, experts=count, loss=goal)[:, 0]
        if not np.isfinite(params[0]) or (~np.isfinite(params)).mean() > LOST:
            raise Unidentifiable(
                f"with {count:g} experts {law.name} reaches the loss of a dense model of "
                f"{size:.3g} parameters at no size, by its best fit or by more than "
                f"{LOST:.0%} of its refits: experts no longer pay there. Ask for fewer experts or "
                f"a smaller model",
                partial=fit,
            )
        at = {"params": params[:1], "experts": np.array([count])}
        # Both losses may be off; a dense model is as good as itself.
        off = off_by(fit, level, at, dense) if count > 1 else []
        first = {k: v[:1] for k, v in values.items()}
        moved = [size_for(law, first, experts=count, loss=goal[:1] * np.exp(h)) for h in off]
        row: dict[str, float] = {"experts": float(count)}
        others = np.array([m[0, 0] for m in moved])
        for name, rise, plus in (
            ("params", 1.0, 0.0),
            ("total_params", float(kept_over_met(count, share)), 0.0),
            ("saved", -1 / size, 1.0),
        ):
            row |= row_of(drawn, name, plus + rise * params, plus + rise * others, level)
        rows.append(
            row | {"beyond": times_beyond(fit, {"params": float(params[0]), "experts": count})}
        )
    return frame_of(rows, fit, drawn, level)


def size_for(law: Law, values: Values, *, experts: Array | float, loss: Array) -> Array:
    """Return the size that reaches a loss with so many experts, (B, 1); inf where none does."""
    count = np.broadcast_to(np.asarray(experts, dtype=float), loss.shape)
    low, high = np.zeros(loss.shape), np.full(loss.shape, _MOST)
    reached = law(values, params=np.exp(high), experts=count) <= loss
    for _ in range(50):  # 55 e-folds, halved to 5e-14 of an e-fold
        middle = 0.5 * (low + high)
        above = law(values, params=np.exp(middle), experts=count) > loss
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.where(reached, np.exp(0.5 * (low + high)), np.inf))


def kept_over_met(experts: Array | float, share: float) -> Array:
    """Return all parameters over those that a token meets, ``1 + share (E - 1)``."""
    return np.asarray(1 + share * (np.asarray(experts, dtype=float) - 1))


def routed(fit: Fitted) -> Law:
    """Return the law of a fit; raises :class:`Unidentifiable` unless experts can be asked of it."""
    if set(fit.law.inputs) != {"params", "experts"}:
        raise Unidentifiable(
            f"{fit.law.name} is a law of {', '.join(fit.law.inputs)}; what experts are worth needs "
            f"a law of params and experts, such as laws.ROUTED"
        )
    if "E_max" in fit.at_bound:
        raise Unidentifiable(
            "E_max sits at the edge of its range: these runs do not show at what number more "
            "experts stop helping. Add runs with more experts",
            partial=fit,
            insist="hold it at a number you can defend: fit(..., held={'E_max': 300})",
        )
    not_stuck(fit)
    return fit.law


def of_share(share: float) -> float:
    """Return a share; raises :class:`BadParameters` unless it lies above 0 and up to 1."""
    share = checks.numbers({"share": share}, what="an expert")["share"]
    if not 0 < share <= 1:
        raise BadParameters(
            f"share={share:g}: give what each expert copies of the dense model, from above 0 to 1. "
            f"It is (total_params - params) / (params (experts - 1)) of a run"
        )
    return share


def counts_of(experts: npt.ArrayLike) -> Array:
    """Return numbers of experts as an array; raises :class:`BadParameters` unless from 1 on."""
    try:
        counts = np.atleast_1d(np.asarray(experts, dtype=float))
    except (TypeError, ValueError) as error:
        raise BadParameters(f"experts must be numbers; found {experts!r}") from error
    if counts.ndim > 1 or not (np.isfinite(counts) & (counts >= 1)).all():
        raise BadParameters(f"experts must be numbers from 1 on; found {experts!r}")
    return counts


def off_by(fit: Fitted, level: float, *points: dict[str, Array]) -> list[float]:
    """Return by how much the loss may be off, in its logarithm, at the farthest point beyond."""
    far = max(float(beyond.decades_beyond(fit, at)[0]) for at in points)
    if not far or not beyond.applies(fit.law):
        return []
    half = beyond.half_width(level, 1.0) * beyond.per_decade(fit) * far
    return [-half, half]


def times_beyond(fit: Fitted, at: dict[str, float]) -> float:
    """Return by how much a point passes the largest or falls below the smallest of the runs."""
    d = fit.design
    return max(1.0, *(max(v / d.high[k], d.low[k] / v) for k, v in at.items()))


def row_of(
    drawn: pd.DataFrame, name: str, found: Array, others: Array, level: float
) -> dict[str, float]:
    """Return an answer with the ends of its refits and those to stake."""
    low, high = ends(drawn, found[1:], found[0], level)
    row = {name: float(found[0]), f"{name}_law_low": float(low), f"{name}_law_high": float(high)}
    told = others if len(others) else found[:1]
    return row | staked(name, float(found[0]), float(low), float(high), told, saved=name == "saved")


def frame_of(
    rows: list[dict[str, float]], fit: Fitted, drawn: pd.DataFrame, level: float
) -> pd.DataFrame:
    """Return the rows as a table that says how its intervals were made."""
    frame = pd.DataFrame(rows)
    frame.attrs.update(level=level, simulated=fit.simulated, **drawn.attrs)
    return frame
