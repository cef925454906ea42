"""Profiles that rise faster on one side: a curve with two exponents in place of a parabola.

Under a law whose size and data terms fall with different exponents, alpha and beta, every isoFLOP
profile is lopsided by the same amount, ``beta - alpha``, and the vertex of a parabola is beside
its minimum. The curve ``E + P exp(-alpha z) + Q exp(beta z)`` of log params ``z`` has its minimum
where ``alpha P exp(-alpha z) = beta Q exp(beta z)``. Budgets share the exponents; each has its own
scales.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.intervals.interval import Interval

TOGETHER = 0.7
"""Sum of the two exponents: what is even in the curve hardly moves its minimum, so it is held."""

SKEWS = np.linspace(-0.6, 0.6, 49)
"""Values of ``beta - alpha`` that are tried; between them the sum of squares is a parabola."""

MOST_SKEW = float(SKEWS[-2:].mean())
"""Beyond this a skew stands at the end of those tried, half a step or less from it."""

Z90 = 1.645
"""Standard errors to either side of a 90% interval."""

Profile = tuple[Array, Array, Array]
"""Log params less their centre (n,), loss (n,) and weights (B, n), draws of the runs."""


def _exponents(skew: Array) -> tuple[Array, Array]:
    return (TOGETHER - skew) / 2, (TOGETHER + skew) / 2


def _few(profile: Profile) -> npt.NDArray[np.bool_]:
    """Return which draws (B,) have fewer than three sizes, which leave a curve open."""
    z, _, weights = profile
    return np.asarray((weights @ (z[:, None] == np.unique(z)) > 0).sum(axis=1) < 3)


def _scaled(profile: Profile, skew: Array) -> tuple[Array, Array]:
    """Return the scales (B, 3) of each draw's curve at its own skew (B,), and squares left (B,)."""
    z, loss, weights = profile
    alpha, beta = (v[:, None] for v in _exponents(skew))
    basis = np.stack([np.ones((len(skew), len(z))), np.exp(-alpha * z), np.exp(beta * z)], axis=2)
    gram = np.einsum("bn,bni,bnj->bij", weights, basis, basis)
    right = np.einsum("bn,bni,n->bi", weights, basis, loss - loss.mean())
    few = _few(profile)
    gram[few] = np.eye(3)
    scales = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
    left = loss - loss.mean() - np.einsum("bni,bi->bn", basis, scales)
    return scales, np.where(few, 0.0, (weights * left**2).sum(axis=1))


def _left(profile: Profile, skew: float) -> Array:
    """Return the squares left (B,) of each draw's curve at one skew for all: see :func:`_scaled`.

    What draws share is multiplied out once: a draw's weights only add it up.
    """
    z, loss, weights = profile
    alpha, beta = _exponents(np.asarray(skew))
    basis = np.stack([np.ones_like(z), np.exp(-alpha * z), np.exp(beta * z)], axis=1)
    y = loss - loss.mean()
    gram = (weights @ (basis[:, :, None] * basis[:, None, :]).reshape(-1, 9)).reshape(-1, 3, 3)
    right = weights @ (basis * y[:, None])
    few = _few(profile)
    gram[few] = np.eye(3)
    scales = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
    left = weights @ y**2 - (scales * right).sum(axis=1)
    return np.where(few, 0.0, np.maximum(left, 0.0))


def skews(profiles: list[Profile]) -> Array:
    """Return ``beta - alpha`` of each draw (B,), one for all profiles: least squares over them."""
    draws = len(profiles[0][2])
    heights = np.stack([sum(_left(p, s) for p in profiles) for s in SKEWS], axis=1)
    best = heights.argmin(axis=1)
    inner = np.clip(best, 1, len(SKEWS) - 2)
    rows = np.arange(draws)
    left, middle, right = (heights[rows, inner + k] for k in (-1, 0, 1))
    bend = left - 2 * middle + right
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(bend > 0, 0.5 * (left - right) / bend, 0.0)
    return np.asarray(SKEWS[inner] + np.clip(shift, -1, 1) * (SKEWS[1] - SKEWS[0]))


def left_open(skew: Interval) -> float:
    """Return the skew that profiles speak for beyond chance, where they do not exclude zero."""
    error = (skew.high - skew.low) / 2 / Z90
    beyond_chance = max(0.0, skew.estimate**2 - error**2)
    return float(np.copysign(np.sqrt(beyond_chance), skew.estimate))


def minima(profile: Profile, skew: Array) -> tuple[Array, Array]:
    """Return where each draw's curve is lowest (B,), NaN without a minimum, and how low it is."""
    alpha, beta = _exponents(skew)
    scales, _ = _scaled(profile, skew)
    level, size, data = scales.T
    with np.errstate(invalid="ignore", divide="ignore"):
        at = np.log(alpha * size / (beta * data)) / TOGETHER
        at = np.where((size > 0) & (data > 0), at, np.nan)
        low = level + size * np.exp(-alpha * at) + data * np.exp(beta * at)
    return at, np.asarray(low + profile[1].mean())


def curve(z: Array, loss: Array, *, skew: float, centre: float) -> Callable[[Array], Array]:
    """Return the curve through one profile at a given skew, a function of log params."""
    one = np.array([skew])
    (level, size, data), *_ = _scaled((z, loss, np.ones((1, len(z)))), one)[0]
    alpha, beta = (float(v[0]) for v in _exponents(one))
    floor = level + loss.mean()

    def at(log_params: Array) -> Array:
        away = log_params - centre
        return np.asarray(floor + size * np.exp(-alpha * away) + data * np.exp(beta * away))

    return at
