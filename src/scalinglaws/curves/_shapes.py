"""The shapes that a learning curve may have, drawn once and for all.

Every shape is a function of log x that is 1 at the end of the curve; a floor and a scale make a
loss of it. There are four families, each with its share of the belief:

- *broken*: a power law whose exponent changes once, most often to a larger one;
- *plain*: a power law, whose exponents are evenly spaced in log;
- *begun*: flat at first, then a fall to a share of where it began, as a logistic curve has it;
- *turned*: a power law that turns up, for a while, as over-fitting has it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtri

from scalinglaws._sobol import sobol
from scalinglaws._typing import Array

EXPONENTS = (0.01, 3.0)
"""Least and largest exponent of a plain power law."""

NUMBER = {"broken": 512, "plain": 256, "begun": 256, "turned": 256}
"""Shapes of a family."""

SHARE = {"broken": 0.72, "plain": 0.16, "begun": 0.06, "turned": 0.06}
"""Belief in a family before the curve is seen. The last two cost the other curves a few parts in a
hundred of their error, and save a third to a half of it where a curve turns or starts flat."""

STEEPEST = 150.0
"""Largest logarithm of a shape over its value at the end, so that squares stay finite."""

LEAST = -600.0
"""Smallest such logarithm, so that what is left has a logarithm itself."""

EXPONENT = (0.8, 1.2)
"""Exponent of a fall: median, and scatter of its logarithm."""

CHANGE = (0.3, 1.0)
"""Logarithm of the exponent after the break over that before it: mean and scatter."""

ONSET = (2.0, 1.0)
"""Exponent of the fall after a flat start, as :data:`EXPONENT`."""

RISE = (0.3, 0.7)
"""Exponent of the rise after a turn, as :data:`EXPONENT`."""

RISES = 2.0
"""Distance in log x over which a curve that turned goes up."""

WIDTH = (0.1, 1.0)
BEYOND = (0.5, 1.0)
"""How far, in log x, a break may lie before the first and after the last point."""

LEFT = (0.02, 0.8)
"""Share of the first loss that is left after the fall from a flat start."""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """The parameters of the shapes (k,): exponents, the break, its width, what follows."""

    before: Array
    later: Array
    place: Array
    width: Array
    rises: Array
    left: Array
    belief: Array


def _family(name: str, u: Array) -> tuple[Array, ...]:
    """Return what :class:`Draws` holds of a family, without the belief, from uniform (n, 4)."""
    a, b = ndtri(0.001 + 0.998 * u[:, :2]).T
    place, width = u[:, 2], WIDTH[0] * (WIDTH[1] / WIDTH[0]) ** u[:, 3]
    none, steep = np.zeros(len(u)), EXPONENT[0] * np.exp(EXPONENT[1] * a)
    if name == "broken":
        return steep * np.exp(-CHANGE[0] - CHANGE[1] * b), steep, place, width, none, none
    if name == "plain":
        each = np.geomspace(*EXPONENTS, len(u))
        return each, each, none + 1, none + 1, none, none
    if name == "begun":
        left = LEFT[0] + (LEFT[1] - LEFT[0]) * u[:, 1]
        return none, ONSET[0] * np.exp(ONSET[1] * a), place, width, none, left
    return steep, -RISE[0] * np.exp(RISE[1] * b), place, width, none + 1, none


@cache
def draws() -> Draws:
    """Return all shapes."""
    found, belief = [], []
    for name, n in NUMBER.items():
        u = sobol(4, n, seed=0)
        found.append(np.array(_family(name, u)))
        belief.append(np.full(n, np.log(SHARE[name] / n)))
    before, later, place, width, rises, left = np.concatenate(found, axis=1)
    return Draws(
        before=before,
        later=later,
        place=place,
        width=width,
        rises=rises,
        left=left,
        belief=np.concatenate(belief),
    )


def _softplus(z: Array) -> Array:
    return np.asarray(np.logaddexp(0.0, z))


def shapes(at: Array, start: float) -> Array:
    """Return every shape (n, k) at log x (n,); each is 1 at the end of the curve, log x = 0."""
    d = draws()
    where = start - BEYOND[0] + (BEYOND[0] + BEYOND[1] - start) * d.place
    s = at[:, None]
    bend = _softplus((s - where) / d.width) - _softplus(-where / d.width)
    out = -d.before * s - (d.later - d.before) * d.width * bend
    up = np.flatnonzero(d.rises)
    stop, width = where[up] + RISES, d.width[up]
    out[:, up] += d.later[up] * width * (_softplus((s - stop) / width) - _softplus(-stop / width))
    out = np.exp(np.clip(out, LEAST, STEEPEST))
    fell = np.flatnonzero(d.left)
    # A fall from 1 to a share of it, over its value at the end.
    at_end = np.exp(-d.later[fell] * d.width[fell] * _softplus(-where[fell] / d.width[fell]))
    rest = d.left[fell] / (1 - d.left[fell])
    out[:, fell] = (out[:, fell] * at_end + rest) / (at_end + rest)
    return out
