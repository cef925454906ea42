"""Values with first and second derivatives of numpy's elementwise functions of one number."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Rule = Callable[[Array], tuple[Array, Array, Array]]


def exp(v: Array) -> tuple[Array, Array, Array]:
    """Return an exponential, which is its own derivatives."""
    e = np.exp(v)
    return e, e, e


def reciprocal(v: Array) -> tuple[Array, Array, Array]:
    """Return a reciprocal and its derivatives."""
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


UNARY: dict[np.ufunc, Rule] = {
    np.exp: exp,
    np.expm1: lambda v: (np.expm1(v), np.exp(v), np.exp(v)),
    np.log: lambda v: (np.log(v), 1 / v, -1 / (v * v)),
    np.log1p: lambda v: (np.log1p(v), 1 / (1 + v), -1 / (1 + v) ** 2),
    np.log10: lambda v: (np.log10(v), 1 / (np.log(10) * v), -1 / (np.log(10) * v * v)),
    np.log2: lambda v: (np.log2(v), 1 / (np.log(2) * v), -1 / (np.log(2) * v * v)),
    np.sqrt: _sqrt,
    np.square: lambda v: (v * v, 2 * v, np.full_like(v, 2.0)),
    np.reciprocal: reciprocal,
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

NAMED: dict[str, Rule] = {"expit": _expit, "erf": _erf}
"""Functions of scipy.special, found by name so that a law without them does without it."""
