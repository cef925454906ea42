"""Numbers that carry their exact first and second derivatives through a numpy formula.

A :class:`Jet` is a value with its gradient and Hessian by the parameters that it depends on. A
law's function, written once in arithmetic and numpy's elementwise functions, returns a jet when it
is given jets: derivatives to rounding, without a step size and without a second formula. Griewank
and Walther 2008, chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

Array = npt.NDArray[np.float64]
Rule = Callable[[Array], tuple[Array, Array, Array]]


@cache
def pairs(size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows and columns of the upper triangle of a square of the given size."""
    return np.triu_indices(size)


class Jet(NDArrayOperatorsMixin):
    """Value ``v`` (..), gradient ``g`` (k, ..) and upper Hessian ``h`` (k (k + 1) / 2, ..).

    ``at`` names the k parameters that the derivatives are by, in rising order.
    """

    __slots__ = ("at", "g", "h", "v")

    def __init__(self, v: Array, g: Array, h: Array, at: tuple[int, ...]) -> None:
        """Keep the parts."""
        self.v, self.g, self.h, self.at = v, g, h, at

    @property
    def real(self) -> Array:
        """The plain value."""
        return self.v

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        """Apply one of numpy's elementwise functions; raises ``TypeError`` for one without rule."""
        out = kwargs.pop("out", (self,))
        if method != "__call__" or kwargs or not all(isinstance(o, Jet) for o in out):
            raise TypeError(f"np.{ufunc.__name__} cannot carry derivatives when used like this")
        if (rule := _UNARY.get(ufunc) or _NAMED.get(ufunc.__name__)) is not None:
            return _apply(self, rule)
        if ufunc in _COMPARE:
            return ufunc(*map(_plain, args))
        if ufunc not in _BINARY:
            known = ", ".join(sorted(u.__name__ for u in (*_UNARY, *_BINARY)))
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
    i, j = pairs(len(u.at))
    return Jet(value, first * u.g, first * u.h + second * (u.g[i] * u.g[j]), u.at)


def lift(u: Jet, at: tuple[int, ...]) -> Jet:
    """Return the same number with derivatives by more parameters, the new ones zero."""
    if u.at == at:
        return u
    size = len(at)
    g = np.zeros((size, *u.g.shape[1:]))
    h = np.zeros((size * (size + 1) // 2, *u.h.shape[1:]))
    where = np.array([at.index(k) for k in u.at])
    g[where] = u.g
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
        return wide if sign > 0 else Jet(wide.v, -wide.g, -wide.h, wide.at)
    a, b = _both(a, b)
    return Jet(a.v + sign * b.v, a.g + sign * b.g, a.h + sign * b.h, a.at)


def _widen(v: Array, like: Jet) -> Jet:
    return Jet(v, like.g, like.h, like.at)


def _multiply(a: Any, b: Any) -> Jet:
    if not isinstance(a, Jet):
        a, b = b, a
    if not isinstance(b, Jet):
        return Jet(a.v * b, a.g * b, a.h * b, a.at)
    a, b = _both(a, b)
    i, j = pairs(len(a.at))
    cross = a.g[i] * b.g[j] + a.g[j] * b.g[i]
    return Jet(a.v * b.v, a.g * b.v + a.v * b.g, a.h * b.v + a.v * b.h + cross, a.at)


def _divide(a: Any, b: Any) -> Jet:
    return _multiply(a, _apply(b, _reciprocal) if isinstance(b, Jet) else 1 / np.asarray(b))


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
        return _apply(_multiply(b, log), _exp)
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
    g = share * a.g + rest * b.g
    h = share * a.h + rest * b.h + share * rest * (apart[i] * apart[j])
    return Jet(np.logaddexp(first, second), g, h, a.at)


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
    return Jet(v, np.zeros((len(like.g), *flat)), np.zeros((len(like.h), *flat)), like.at)


def _extreme(a: Any, b: Any, sign: float) -> Jet:
    first, second = sign * _plain(a), sign * _plain(b)
    return _choose(a, b, (first >= second) | np.isnan(first))


def _exp(v: Array) -> tuple[Array, Array, Array]:
    e = np.exp(v)
    return e, e, e


def _reciprocal(v: Array) -> tuple[Array, Array, Array]:
    q = 1 / v
    return q, -q * q, 2 * q * q * q


def _expit(v: Array) -> tuple[Array, Array, Array]:
    e = np.exp(-np.abs(v))
    share, rest = np.where(v > 0, 1.0, e) / (1 + e), np.where(v > 0, e, 1.0) / (1 + e)
    return share, share * rest, share * rest * (rest - share)


def _erf(v: Array) -> tuple[Array, Array, Array]:
    bell = 2 / np.sqrt(np.pi) * np.exp(-v * v)
    from scipy.special import erf  # late: few laws need it

    return erf(v), bell, -2 * v * bell


def _arctanh(v: Array) -> tuple[Array, Array, Array]:
    q = 1 / (1 - v * v)
    return np.arctanh(v), q, 2 * v * q * q


def _arcsinh(v: Array) -> tuple[Array, Array, Array]:
    q = 1 / np.sqrt(1 + v * v)
    return np.arcsinh(v), q, -v * q * q * q


def _exp2(v: Array) -> tuple[Array, Array, Array]:
    e = np.exp2(v)
    return e, np.log(2) * e, np.log(2) ** 2 * e


def _tanh(v: Array) -> tuple[Array, Array, Array]:
    t = np.tanh(v)
    return t, 1 - t * t, -2 * t * (1 - t * t)


def _tan(v: Array) -> tuple[Array, Array, Array]:
    t = np.tan(v)
    return t, 1 + t * t, 2 * t * (1 + t * t)


def _sqrt(v: Array) -> tuple[Array, Array, Array]:
    s = np.sqrt(v)
    return s, 0.5 / s, -0.25 / (s * v)


def _arctan(v: Array) -> tuple[Array, Array, Array]:
    q = 1 / (1 + v * v)
    return np.arctan(v), q, -2 * v * q * q


_UNARY: dict[np.ufunc, Rule] = {
    np.exp: _exp,
    np.expm1: lambda v: (np.expm1(v), np.exp(v), np.exp(v)),
    np.log: lambda v: (np.log(v), 1 / v, -1 / (v * v)),
    np.log1p: lambda v: (np.log1p(v), 1 / (1 + v), -1 / (1 + v) ** 2),
    np.log10: lambda v: (np.log10(v), 1 / (np.log(10) * v), -1 / (np.log(10) * v * v)),
    np.log2: lambda v: (np.log2(v), 1 / (np.log(2) * v), -1 / (np.log(2) * v * v)),
    np.sqrt: _sqrt,
    np.square: lambda v: (v * v, 2 * v, np.full_like(v, 2.0)),
    np.reciprocal: _reciprocal,
    np.negative: lambda v: (-v, np.full_like(v, -1.0), np.zeros_like(v)),
    np.positive: lambda v: (v, np.ones_like(v), np.zeros_like(v)),
    np.absolute: lambda v: (np.abs(v), np.sign(v), np.zeros_like(v)),
    np.sin: lambda v: (np.sin(v), np.cos(v), -np.sin(v)),
    np.cos: lambda v: (np.cos(v), -np.sin(v), -np.cos(v)),
    np.tan: _tan,
    np.arctan: _arctan,
    np.tanh: _tanh,
    np.arctanh: _arctanh,
    np.arcsinh: _arcsinh,
    np.exp2: _exp2,
    np.sinh: lambda v: (np.sinh(v), np.cosh(v), np.sinh(v)),
    np.cosh: lambda v: (np.cosh(v), np.sinh(v), np.cosh(v)),
}

_NAMED: dict[str, Rule] = {"expit": _expit, "erf": _erf}
"""Functions of scipy.special, found by name so that a law without them does without it."""

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
