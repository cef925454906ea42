"""Where a learning curve goes on: an average over many shapes, in place of one best fit.

The logarithm of the loss is that of a shape with a floor, plus a slow wander that no law follows,
plus scatter. The wander is a random process in log x (Ornstein-Uhlenbeck) whose size grows with the
distance from the end of the curve that is to be continued: what lies far back binds the forecast
less, how much less the curve decides. Some 1300 shapes (``_shapes``) are drawn once and for all,
floor and scale are solved for each, and every shape counts by how well it explains the curve,
together with the size and reach of the wander. The forecast is the mean of them all; its interval
holds their spread, the wander, the scatter, and a part of the further change that grows with the
distance, because no curve follows any of these shapes for ever.

What the shapes are drawn from, how much the curve counts against it, and how wide the interval is
were chosen by rolling origin on the curves of ``benchmarks/curves_home.py``, of which those of
``alabdulmohsin2022`` are cut to their training rows. The scores on the rows to predict were in
sight while an earlier version was made, so that they are no untouched test of the settings.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from scalinglaws import _checks as checks
from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws._typing import Array
from scalinglaws.curves._ends import end_notes
from scalinglaws.curves._shapes import draws, shapes
from scalinglaws.curves._solving import explained, times
from scalinglaws.errors import BadRuns, Unidentifiable

LEAST = 6
"""Different x below which no curve is continued."""

CONSTANT = 1e-9
"""Relative range of the losses up to which they are all the same: rounding."""

DECAYED = 0.9
"""Part of its peak below which a learning rate counts as decayed."""

POINTS = 32
"""Points of a curve that are kept: longer ones are averaged in equal steps of log x."""

KNOTS = 48
"""Points beyond which a forecast is interpolated between so many steps of log x."""

INSIDE = 10
"""How many times as many are kept among the points, where the width rises and falls."""

REACH = (0.25, 0.5, 1.0)
"""Distance in log x over which the wander's variance grows e-fold, back from the end."""

FORWARD = 1.0
"""The same beyond the end."""

MEMORY = 1.0
"""Distance in log x over which the wander forgets itself."""

SCATTER = (0.01, 0.1, 0.5, 0.9)
"""Share of the variance at the end of the curve that is scatter, not wander."""

COUNT = 7
"""A curve counts as so many independent points at most, however many it has."""

RISING = np.log(10.0)
"""Log odds against a curve that goes up from its start."""

SPENT = 3
"""Points that floor, scale and the choice of a shape use up, in the size of what is left over."""

DEPARTS = 0.15
"""The further change of the loss is known to no smaller part of itself, one e-fold of x ahead; two
e-folds ahead it is twice that part."""

LEAST_SCATTER = 0.001
"""No loss is measured to a smaller part of itself."""

FREEDOM = 5.0
"""Degrees of freedom of Student's t that the interval is read off. 90% intervals held 80 to 100% of
the last points of every kind of curve in the benchmark."""


def _checked(values: npt.ArrayLike, name: str) -> Array:
    try:
        out = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise BadRuns(f"{name} holds something that is not a number") from None
    if out.ndim != 1:
        raise BadRuns(f"{name} must be a list of numbers; it has {out.ndim} dimensions")
    if (wrong := ~(np.isfinite(out) & (out > 0))).any():
        row = int(wrong.argmax())
        raise BadRuns(
            f"{name}, value {row + 1}: found {out[row]:g}; expected a positive, finite number "
            f"({int(wrong.sum())} such values). Correct it, or leave the point out"
        )
    return out


def curve_of(x: npt.ArrayLike, loss: npt.ArrayLike) -> tuple[Array, Array]:
    """Return log x, increasing and each once, and the mean log loss there."""
    at, y = _checked(x, "x"), _checked(loss, "loss")
    if len(at) != len(y):
        raise BadRuns(f"x and loss must have one length; found {len(at)} and {len(y)}")
    each, where = np.unique(at, return_inverse=True)
    if len(each) < LEAST:
        raise Unidentifiable(
            f"a forecast needs the loss at {LEAST} different x or more; this curve has "
            f"{len(each)}. With fewer, the scatter about a curve cannot be told from its shape"
        )
    log_loss = np.bincount(where, np.log(y)) / np.bincount(where)
    if np.ptp(log_loss) <= CONSTANT:
        raise Unidentifiable(
            f"all {len(each)} losses are {y[0]:.4g}: the curve has not begun to fall, and nothing "
            f"says when it will. Measure further on"
        )
    return np.log(each), log_loss


def _thinned(log_x: Array, log_loss: Array) -> tuple[Array, Array]:
    if len(log_x) <= POINTS:
        return log_x, log_loss
    edges = np.linspace(log_x[0], log_x[-1], POINTS + 1)[1:-1]
    bins = np.searchsorted(edges, log_x, side="right")
    count = np.bincount(bins, minlength=POINTS)
    held = count > 0
    means = [np.bincount(bins, v, POINTS)[held] / count[held] for v in (log_x, log_loss)]
    return means[0], means[1]


@np.errstate(all="ignore")  # a shape that overflows counts for nothing
def _continued(log_x: Array, log_loss: Array, at: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of the log loss at log x ``at``, beyond the last point."""
    t, to, y = log_x - log_x[-1], at - log_x[-1], log_loss - log_loss[-1]
    n, counted = len(t), min(len(t), COUNT)
    reach = np.repeat(REACH, len(SCATTER))[:, None]
    scatter = np.tile(SCATTER, len(REACH))[:, None]
    grown = np.where(to < 0, -to / (2 * reach), to / (2 * FORWARD))
    size, size_to = np.exp(-t / (2 * reach)), np.exp(np.minimum(grown, 300.0))
    wander = (1 - scatter)[..., None] * size[:, None] * np.exp(-np.abs(t[:, None] - t) / MEMORY)
    root = np.linalg.cholesky(wander * size[..., None] + scatter[..., None] * np.eye(n))
    whiten = np.linalg.inv(root)
    with_past = (1 - scatter)[..., None] * size_to[..., None] * size[:, None]
    with_past = with_past * np.exp(-np.abs(to[:, None] - t) / MEMORY)
    carried = with_past @ (whiten.swapaxes(1, 2) @ whiten)
    left = size_to**2 * (1 - scatter) + scatter - (carried * with_past).sum(axis=2)
    evidence = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)[:, None] / n

    past, future, belief = shapes(t, t[0]), shapes(to, t[0]), draws().belief
    weights, found = [], []
    for sign, odds in ((1.0, 0.0), (-1.0, RISING)):
        floor, scale, spread = explained(past, sign * y, whiten)
        weight = -counted * (0.5 * np.log(spread + 1e-9) + evidence) - odds + belief
        weights.append(np.where(np.isfinite(weight), weight, -np.inf))
        found.append((sign, floor, scale, spread))
    share = np.exp(np.array(weights) - np.max(weights))
    share /= share.sum()

    mean, square, within = np.zeros(len(to)), np.zeros(len(to)), np.zeros(len(to))
    for (sign, floor, scale, spread), part in zip(found, share, strict=True):
        for g in range(len(part)):
            told = np.flatnonzero(part[g] > 1e-7)
            w, low, high = part[g, told], floor[g, told], scale[g, told]
            missed = sign * y[:, None] - np.log(low + high * past[:, told])
            path = sign * (np.log(low + high * future[:, told]) + times(carried[g], missed))
            mean, square = mean + path @ w, square + path**2 @ w
            within = within + (spread[g, told] @ w) * left[g]
    total = share[share > 1e-7].sum()
    mean, square, within = mean / total, square / total, within / total
    wide = (np.maximum(square - mean**2, 0.0) + within) * n / (n - SPENT)
    wide = wide + (DEPARTS * np.maximum(to, 0.0) * mean) ** 2 + LEAST_SCATTER**2
    return mean + log_loss[-1], np.sqrt(wide)


def _knots(at: Array, most: int) -> Array:
    each = np.unique(at)
    return each if len(each) <= most else np.linspace(each[0], each[-1], most)


@lru_cache(maxsize=4096)
def _central(x: bytes, loss: bytes, at: bytes) -> tuple[Array, Array]:
    """Return mean and standard deviation of the log loss at log x ``at``, on either side.

    All three are given as the bytes of an array, log x and log loss for the curve. Forecasts at
    other levels read their ends off the same two.
    """
    log_x, log_loss, to = (np.frombuffer(v) for v in (x, loss, at))
    mean, deviation = np.empty(len(to)), np.empty(len(to))
    before, beyond = to < log_x[0], to > log_x[-1]
    # Among the points the width rises and falls from one to the next; outside it only grows.
    parts = (
        (~before & ~beyond, False, INSIDE * KNOTS),
        (beyond, False, KNOTS),
        (before, True, KNOTS),
    )
    for side, backward, most in parts:
        if side.any():
            turned = (
                (-log_x[::-1], log_loss[::-1], -to[side])
                if backward
                else (log_x, log_loss, to[side])
            )
            knots = _knots(turned[2], most)
            found = _continued(*_thinned(*turned[:2]), knots)
            mean[side], deviation[side] = (np.interp(turned[2], knots, v) for v in found)
    return mean, deviation


def _notes(lr: npt.ArrayLike | None, x: npt.ArrayLike) -> list[str]:
    """Return what a learning rate that decays says against a forecast."""
    if lr is None:
        return []
    rate, at = _checked(lr, "lr"), np.asarray(x, dtype=float)
    if len(rate) != len(at):
        raise BadRuns(f"lr has one value for each x; found {len(rate)} and {len(at)}")
    rate = rate[np.argsort(at, kind="stable")]
    if rate[-1] >= DECAYED * rate.max():
        return []
    return [
        f"the learning rate falls from {rate.max():.3g} to {rate[-1]:.3g} along this curve. Part "
        f"of its fall belongs to the schedule, not to x, and a forecast takes all of it for a "
        f"learning curve's: fit sl.laws.ANNEALED to runs of several schedules instead"
    ]


@one_blas_thread
def forecast(
    x: npt.ArrayLike,
    loss: npt.ArrayLike,
    *,
    at: npt.ArrayLike,
    level: float = 0.9,
    lr: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Continue a learning curve: the loss at ``at``, with an interval for a new measurement.

    ``x`` (n,) is what grows (examples, tokens, steps) and ``loss`` (n,) the loss there, in any
    order and unit, six different x or more; ``at`` (m,) lies to either side of them or between.
    ``level`` is the nominal coverage. Returns one row for each of ``at``: ``x``, ``mean`` (the
    exponential of the mean log loss), ``low`` and ``high`` and ``extrapolated``. The mean is over
    some 1300 shapes with an irreducible loss (power laws with a break and without, falls from a
    flat start, falls that turn up), weighted by how well they fit; nothing is drawn at random. Of
    more than :data:`KNOTS` x to one side, those between are interpolated, to a part in a hundred.

    ``lr`` (n,), the learning rate at each x, changes no number: where it has decayed, the table's
    ``attrs["notes"]`` says what that does to a forecast, and what to fit instead. It also says
    where the last third of the points no longer falls, or rises.

    Raises :class:`BadRuns` for what is not positive or finite, :class:`Unidentifiable` for fewer
    than six different x or losses that are all the same, and :class:`BadParameters` for a level
    that is not between 0 and 1.

    >>> import scalinglaws as sl
    >>> x = [100, 200, 400, 800, 1600, 3200, 6400]
    >>> loss = [0.9, 0.71, 0.57, 0.46, 0.38, 0.32, 0.27]
    >>> told = sl.forecast(x, loss, at=[25600])
    >>> round(float(told["mean"][0]), 2), bool(told["extrapolated"][0])
    (0.2, True)
    """
    level = checks.level(level)
    log_x, log_loss = curve_of(x, loss)
    wanted = _checked(at, "at")
    to = np.log(wanted)
    mean, deviation = _central(log_x.tobytes(), log_loss.tobytes(), to.tobytes())
    half = stdtrit(FREEDOM, (1 + level) / 2) * deviation
    table = {"x": wanted}
    table |= {
        name: np.exp(np.clip(value, -700.0, 700.0))
        for name, value in (("mean", mean), ("low", mean - half), ("high", mean + half))
    }
    out = pd.DataFrame(table).assign(extrapolated=(to < log_x[0]) | (to > log_x[-1]))
    if notes := [*_notes(lr, x), *end_notes(log_x, log_loss)]:
        out.attrs["notes"] = notes
    return out
