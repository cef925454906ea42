"""Numbers that carry their exact first and second derivatives through a numpy formula.

A :class:`Jet` is a value with its gradient and Hessian by the parameters that it depends on. A
law's function, written once in arithmetic and numpy's elementwise functions, returns a jet when it
is given jets: derivatives to rounding, without a step size and without a second formula. Griewank
and Walther 2008, chapter 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from scalinglaws.fitting.derivatives.bends import Bend, pairs, written_out
from scalinglaws.fitting.derivatives.rules import NAMED, UNARY, Rule, exp, reciprocal

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[np.float64]

NARROW = 3
"""Parameters up to which a Hessian is written out: of more, its parts are kept."""


class Jet(NDArrayOperatorsMixin):
    """Value ``v`` (..), gradient ``g`` (k, ..) and upper Hessian ``h`` (k (k + 1) / 2, ..).

    ``at`` names the k parameters that the derivatives are by, in rising order. ``bends`` is the
    Hessian in parts.
    """

    __slots__ = ("_h", "at", "g", "v")

    def __init__(
        self, v: Array, g: Array, h: Array | tuple[Bend, ...], at: tuple[int, ...]
    ) -> None:
        """Keep the parts."""
        self.v, self.g, self._h, self.at = v, g, h, at

    @property
    def h(self) -> Array:
        """The upper Hessian, written out."""
        if not isinstance(self._h, tuple):
            return self._h
        return written_out(self._h, self.at, np.broadcast_shapes(self.v.shape, self.g.shape[1:]))

    @property
    def bends(self) -> tuple[Bend, ...]:
        """The Hessian in parts: none where it is zero."""
        if isinstance(self._h, tuple):
            return self._h
        return (Bend(None, self.at, self._h),) if self._h.any() else ()

    @property
    def real(self) -> Array:
        """The plain value."""
        return self.v

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        """Apply one of numpy's elementwise functions; raises ``TypeError`` for one without rule."""
        out = kwargs.pop("out", (self,))
        if method != "__call__" or kwargs or not all(isinstance(o, Jet) for o in out):
            raise TypeError(f"np.{ufunc.__name__} cannot carry derivatives when used like this")
        if (rule := UNARY.get(ufunc) or NAMED.get(ufunc.__name__)) is not None:
            return _apply(self, rule)
        if ufunc in _COMPARE:
            return ufunc(*map(_plain, args))
        if ufunc not in _BINARY:
            known = ", ".join(sorted(u.__name__ for u in (*UNARY, *_BINARY)))
            raise TypeError(f"{ufunc.__name__} has no derivative rule; there are {known}")
        return _BINARY[ufunc](*args)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Choose by ``np.where``; raises ``TypeError`` for numpy's other functions."""
        if function is np.where and len(args) == 3 and not kwargs:
            return _choose(args[1], args[2], np.asarray(args[0]))
        if function is np.real:
            return self.v
        raise TypeError(
            f"np.{function.__name__} cannot carry derivatives; use arithmetic, np.where and "
            f"numpy's elementwise functions"
        )


def variables(theta: Array, *, logs: tuple[bool, ...]) -> list[Jet]:
    """Return one jet a parameter for internal parameters (P, B), each of shape (B, 1).

    Where ``logs`` is true the jet is the exponential of the internal parameter.
    """
    out = []
    for j, (row, log) in enumerate(zip(theta, logs, strict=True)):
        v = np.exp(row)[:, None] if log else row[:, None]
        out.append(Jet(v, v[None] if log else np.ones_like(v)[None], v[None] * float(log), (j,)))
    return out


def _apply(u: Jet, rule: Rule) -> Jet:
    value, first, second = rule(u.v)
    if len(u.at) > NARROW:
        bends = _times(u, first)
        if second.any():
            bends += (Bend(second, u.at, u.g, u.g, u.at),)
        return Jet(value, first * u.g, bends, u.at)
    i, j = pairs(len(u.at))
    return Jet(value, first * u.g, first * u.h + second * (u.g[i] * u.g[j]), u.at)


def _times(u: Jet, factor: Array) -> tuple[Bend, ...]:
    return tuple(bend.times(factor) for bend in u.bends)


def lift(u: Jet, at: tuple[int, ...]) -> Jet:
    """Return the same number with derivatives by more parameters, the new ones zero."""
    if u.at == at:
        return u
    size = len(at)
    g = np.zeros((size, *u.g.shape[1:]))
    where = np.array([at.index(k) for k in u.at])
    g[where] = u.g
    if size > NARROW:
        return Jet(u.v, g, u.bends, at)
    h = np.zeros((size * (size + 1) // 2, *u.h.shape[1:]))
    i, j = pairs(len(u.at))
    row, column = where[i], where[j]
    h[row * size - row * (row - 1) // 2 + column - row] = u.h
    return Jet(u.v, g, h, at)


def _both(a: Jet, b: Jet) -> tuple[Jet, Jet]:
    at = tuple(sorted({*a.at, *b.at}))
    return lift(a, at), lift(b, at)


def _add(a: Any, b: Any, sign: float = 1.0) -> Jet:
    if not isinstance(b, Jet):
        return _widen(a.v + sign * b, a)
    if not isinstance(a, Jet):
        wide = _widen(a + sign * b.v, b)
        return wide if sign > 0 else _scale(wide, wide.v, np.array(-1.0))
    a, b = _both(a, b)
    if len(a.at) > NARROW:
        bends = a.bends + (b.bends if sign > 0 else _times(b, np.array(sign)))
        return Jet(a.v + sign * b.v, a.g + sign * b.g, bends, a.at)
    return Jet(a.v + sign * b.v, a.g + sign * b.g, a.h + sign * b.h, a.at)


def _widen(v: Array, like: Jet) -> Jet:
    return Jet(v, like.g, like._h, like.at)


def _scale(u: Jet, v: Array, factor: Array) -> Jet:
    """Return a number whose derivatives are those of another, times a factor."""
    h = _times(u, factor) if len(u.at) > NARROW else u.h * factor
    return Jet(v, u.g * factor, h, u.at)


def _multiply(a: Any, b: Any) -> Jet:
    if not isinstance(a, Jet):
        a, b = b, a
    if not isinstance(b, Jet):
        return _scale(a, a.v * b, np.asarray(b))
    across = Bend(None, a.at, a.g, b.g, b.at)
    a, b = _both(a, b)
    if len(a.at) > NARROW:
        bends = (*_times(a, b.v), *_times(b, a.v), across)
        return Jet(a.v * b.v, a.g * b.v + a.v * b.g, bends, a.at)
    i, j = pairs(len(a.at))
    cross = a.g[i] * b.g[j] + a.g[j] * b.g[i]
    return Jet(a.v * b.v, a.g * b.v + a.v * b.g, a.h * b.v + a.v * b.h + cross, a.at)


def _divide(a: Any, b: Any) -> Jet:
    return _multiply(a, _apply(b, reciprocal) if isinstance(b, Jet) else 1 / np.asarray(b))


def _power(a: Any, b: Any) -> Jet:
    if not isinstance(b, Jet):
        # Where a coefficient is zero so is the derivative, whatever the power of zero is.
        b = np.asarray(b, dtype=float)
        first, second = b, b * (b - 1)
        return _apply(
            a,
            lambda v: (
                v**b,
                np.where(first == 0, 0.0, first * v ** np.where(first == 0, 0.0, b - 1)),
                np.where(second == 0, 0.0, second * v ** np.where(second == 0, 0.0, b - 2)),
            ),
        )
    if isinstance(a, Jet):
        log: Any = np.log(a)
        return _apply(_multiply(b, log), exp)
    base = np.asarray(a, dtype=float)
    slope = np.log(np.where(base == 0, 1.0, base))
    return _apply(b, lambda v: (base**v, slope * base**v, slope * slope * base**v))


def _logaddexp(a: Any, b: Any) -> Jet:
    first, second = _plain(a), _plain(b)
    with np.errstate(invalid="ignore"):
        gap = np.nan_to_num(first - second, posinf=np.inf, neginf=-np.inf)
    small = np.exp(-np.abs(gap))
    share = np.where(gap > 0, 1.0, small) / (1 + small)
    rest = np.where(gap > 0, small, 1.0) / (1 + small)
    one = a if isinstance(a, Jet) else b
    a, b = _both(_constant(a, one), _constant(b, one))
    i, j = pairs(len(a.at))
    apart = a.g - b.g
    g, v = share * a.g + rest * b.g, np.logaddexp(first, second)
    if len(a.at) > NARROW:
        bend = Bend(share * rest, a.at, apart, apart, a.at)
        return Jet(v, g, (*_times(a, share), *_times(b, rest), bend), a.at)
    h = share * a.h + rest * b.h + share * rest * (apart[i] * apart[j])
    return Jet(v, g, h, a.at)


def _choose(a: Any, b: Any, left: npt.NDArray[np.bool_]) -> Jet:
    """Return ``a`` where ``left``, else ``b``."""
    one = a if isinstance(a, Jet) else b
    a, b = _both(_constant(a, one), _constant(b, one))
    v, g, h = (np.where(left, p, q) for p, q in ((a.v, b.v), (a.g, b.g), (a.h, b.h)))
    return Jet(v, g, h, a.at)


def _plain(a: Any) -> Array:
    return a.v if isinstance(a, Jet) else np.asarray(a)


def _constant(value: Any, like: Jet) -> Jet:
    if isinstance(value, Jet):
        return value
    v = np.asarray(value, dtype=float)
    flat = (1,) * like.v.ndim
    size = len(like.at)
    g, h = (np.zeros((count, *flat)) for count in (size, size * (size + 1) // 2))
    return Jet(v, g, h, like.at)


def _extreme(a: Any, b: Any, sign: float) -> Jet:
    first, second = sign * _plain(a), sign * _plain(b)
    return _choose(a, b, (first >= second) | np.isnan(first))


_BINARY: dict[np.ufunc, Callable[[Any, Any], Jet]] = {
    np.add: _add,
    np.subtract: lambda a, b: _add(a, b, -1.0),
    np.multiply: _multiply,
    np.divide: _divide,
    np.power: _power,
    np.float_power: _power,
    np.logaddexp: _logaddexp,
    np.maximum: lambda a, b: _extreme(a, b, 1.0),
    np.minimum: lambda a, b: _extreme(a, b, -1.0),
}

_COMPARE = {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal}
