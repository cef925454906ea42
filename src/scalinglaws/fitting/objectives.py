"""What a fit minimises, named: every number in the book travels with one of these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters, UnknownName
from scalinglaws.fitting.derivatives.jet import variables


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A sum over runs of ``rho(residual)``; always a sum, never a mean.

    ``space`` is ``"log"`` for residuals ``log(fitted / measured)`` and ``"linear"`` for residuals
    ``fitted - measured``. ``delta`` is the half-width of Huber's quadratic zone; ``inf`` is least
    squares (``rho = r^2``) and ``0`` is least absolute deviation (``rho = |r|``). Huber 1964 for
    the rest: ``rho = r^2 / 2`` inside, ``delta (|r| - delta / 2)`` outside. ``below`` is the share
    of runs that should end up below the curve: away from one half, residuals on the two sides
    count ``2 (1 - below)`` and ``2 below`` times (Koenker and Bassett 1978). ``custom`` replaces
    ``rho`` by a function of the residual in numpy arithmetic.
    """

    name: str
    space: Literal["log", "linear"] = "log"
    delta: float = np.inf
    below: float = 0.5
    custom: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no objective."""
        if self.space not in ("log", "linear"):
            raise BadParameters(f"{self.name}: space is 'log' or 'linear'; found {self.space!r}")
        for name, value in (("delta", self.delta), ("below", self.below)):
            if not isinstance(value, int | float | np.number):
                raise BadParameters(f"{self.name}: {name} is a number; found {value!r}")
        if not self.delta >= 0:
            raise BadParameters(f"{self.name}: delta is zero or more; found {self.delta!r}")
        if not 0 < self.below < 1:
            raise BadParameters(
                f"{self.name}: below is a share of the runs between 0 and 1; found {self.below!r}"
            )
        if self.custom is not None and not (np.isinf(self.delta) and self.below == 0.5):
            raise BadParameters(f"{self.name}: delta and below do not go with a custom objective")

    @property
    def sides(self) -> tuple[float, float]:
        """How often a residual below zero counts, and one above."""
        return 2 * self.below, 2 * (1 - self.below)

    def residuals(self, fitted: Array, measured: Array) -> Array:
        """Return the residuals, in the space of the objective."""
        return np.log(fitted / measured) if self.space == "log" else fitted - measured

    def target(self, measured: Array) -> Array:
        """Return what :meth:`chain` compares with: log-loss, or the loss itself."""
        return np.log(measured) if self.space == "log" else measured

    def rho(self, r: Array) -> Array:
        """Return the contribution of each residual, same shape."""
        return self.parts(r)[0]

    def parts(self, r: Array) -> tuple[Array, Array, Array]:
        """Return ``rho`` and its first and second derivative at each residual, same shape each."""
        if self.custom is not None:
            out = self.custom(variables(r.reshape(1, -1), logs=(False,))[0])
            value, slope, bend = (
                np.broadcast_to(v, (r.size, 1)).reshape(r.shape) for v in (out.v, *out.g, *out.h)
            )
            return value, slope, bend
        if np.isinf(self.delta):
            value, slope, bend = r * r, 2 * r, np.full_like(r, 2.0)
        elif self.delta == 0:
            value, slope, bend = np.abs(r), np.sign(r), np.zeros_like(r)
        else:
            slope = np.clip(r, -self.delta, self.delta)
            value, bend = slope * (r - 0.5 * slope), (slope == r).astype(float)
        if self.below != 0.5:
            low, high = self.sides
            side = np.where(r > 0, high, low)
            value, slope, bend = side * value, side * slope, side * bend
        return value, slope, bend

    def location(self, r: Array) -> float:
        """Return the shift of residuals (n,) that lowers their summed objective most.

        Their mean for squares, their median for absolute deviations, Huber's location between.
        """
        if np.isinf(self.delta) and self.custom is None and self.below == 0.5:
            return float(r.mean())
        low, high = float(r.min()), float(r.max())
        if low == high:
            return low

        def slope(at: float) -> float:
            return float(self.parts(r - at)[1].sum())

        if not slope(low) > 0 > slope(high):
            # Flat from end to end: any shift between them is as low.
            return float(r.mean())
        from scipy.optimize import brentq  # late: most objectives do without scipy.optimize

        return float(brentq(slope, low, high))

    def chain(self, f: Array, target: Array, w: Array) -> tuple[Array, Array, Array]:
        """Return the summed objective (B,) and its first and second derivative by ``f``, (B, n)."""
        r = self.apart(f, target)
        value, first, second = self.weigh(r, w)
        if self.space == "log":
            second -= first
            inverse = np.reciprocal(f, out=r)
            first *= inverse
            second *= inverse
            second *= inverse
        return value, first, second

    def apart(self, f: Array, target: Array) -> Array:
        """Return the residuals (B, n) against :meth:`target`, in an array of their own."""
        if self.space != "log":
            return f - target
        r = np.log(f)
        r -= target
        return r

    def weigh(self, r: Array, w: Array) -> tuple[Array, Array, Array]:
        """Return the summed objective (B,) and its weighted derivatives by residual, (B, n).

        Written to pass over the runs as few times as it can: this is where a fit's time goes.
        """
        if self.custom is not None or self.below != 0.5 or self.delta == 0:
            rho, slope, bend = self.parts(r)
            return np.vecdot(w, rho), w * slope, w * bend
        value, first, slope = self._pull(r, w)
        if np.isinf(self.delta):
            return value, first, np.multiply(2.0, w, out=np.empty_like(r))
        inside = slope == r
        return value, first, np.multiply(w, inside, out=slope)

    def pull(self, r: Array, w: Array) -> tuple[Array, Array]:
        """Return the first two of these."""
        if self.custom is not None or self.below != 0.5 or self.delta == 0:
            return self.weigh(r, w)[:2]
        return self._pull(r, w)[:2]

    def _pull(self, r: Array, w: Array) -> tuple[Array, Array, Array]:
        """Return the first two for Huber's losses and squares, and the slopes without weights."""
        if np.isinf(self.delta):
            first = w * r
            value = np.vecdot(first, r)
            first *= 2
            return value, first, r
        slope = np.clip(r, -self.delta, self.delta)
        first = w * slope
        value = np.vecdot(first, r)
        value -= 0.5 * np.vecdot(first, slope)
        return value, first, slope

    def __str__(self) -> str:
        """Return the name that is printed beside every number."""
        return self.name


def huber(delta: float = 1e-3) -> Objective:
    """Return Huber's loss on log-loss with the given ``delta``, summed over runs.

    Hoffmann et al. 2022, section 3.3 use ``delta = 1e-3``. Raises :class:`BadParameters` unless
    ``delta`` is positive and finite.
    """
    if not (isinstance(delta, int | float | np.number) and np.isfinite(delta) and delta > 0):
        raise BadParameters(f"huber needs a positive, finite delta; it was given {delta!r}")
    return Objective(name=f"Huber {delta:g} on log-loss", delta=delta)


def one_sided(below: float = 0.05, *, delta: float = 1e-3) -> Objective:
    """Return a loss whose curve runs along the lower edge of the runs, on log-loss.

    A share ``below`` of the runs ends up under the curve; ``delta`` rounds the corner, as in
    :func:`huber`. Koenker and Bassett 1978. Raises :class:`BadParameters` unless ``below`` lies
    between 0 and 1 and ``delta`` is positive and finite.
    """
    if not 0 < below < 1:
        raise BadParameters(f"below is a share of the runs between 0 and 1; found {below!r}")
    name = f"one-sided Huber {huber(delta).delta:g} on log-loss, {below:.0%} of runs below"
    return Objective(name=name, delta=delta, below=below)


def custom(
    name: str, rho: Callable[[Any], Any], *, space: Literal["log", "linear"] = "log"
) -> Objective:
    """Return your own objective: the sum over runs of ``rho(residual)``.

    ``rho`` is written in arithmetic and numpy's elementwise functions, such as
    ``lambda r: np.log(np.cosh(r / 0.01))``; its derivatives are exact. Raises
    :class:`BadParameters` when it does not return one finite number a residual, or decreases
    away from zero.
    """
    made = Objective(name=name, space=space, custom=rho)
    probe = np.array([-1.0, -1e-3, 0.0, 1e-3, 1.0])
    try:
        value = made.parts(probe)[0]
    except (TypeError, AttributeError, ValueError) as error:
        raise BadParameters(
            f"{name}: rho is written in arithmetic and numpy's elementwise functions (np.where in "
            f"place of if); {error}"
        ) from error
    if not np.isfinite(value).all():
        raise BadParameters(f"{name}: rho must be finite; at {probe} it gives {value}")
    if not (value[0] >= value[1] >= value[2] <= value[3] <= value[4]):
        raise BadParameters(f"{name}: rho must grow away from a residual of zero; found {value}")
    return made


HUBER = huber()
LAD = Objective(name="least absolute deviation on log-loss", delta=0.0)
LSQ_LOG = Objective(name="least squares on log-loss")
LSQ = Objective(name="least squares on loss", space="linear")

_BY_NAME = {"huber": HUBER, "lad": LAD, "lsq_log": LSQ_LOG, "lsq": LSQ}


def resolve(objective: Objective | str) -> Objective:
    """Return the objective for a name; raises :class:`UnknownName` with the names there are."""
    if isinstance(objective, Objective):
        return objective
    for key, value in _BY_NAME.items():
        if objective in (key, value.name):
            return value
    raise UnknownName(f"no objective is called {objective!r}; there are {', '.join(_BY_NAME)}")
