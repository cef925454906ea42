"""Values and exact derivatives of a law on given inputs, for a batch of parameter vectors.

The solver moves in *internal* parameters: the logarithm of a scale, the value of an exponent.
Inputs are (n,), shared by the batch, or (B, n), a row a problem.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scalinglaws.errors import BadParameters
from scalinglaws.jet import Jet, lift, pairs, variables
from scalinglaws.laws import Array, Law

Rows = npt.NDArray[np.intp]


class Point(Protocol):
    """A law at a batch of internal parameters: ``f`` (B, n) and sums over runs of derivatives."""

    f: Array

    def pack(self, a: Array, b: Array) -> Array:
        """Return ``sum_i a_i df_i`` and ``sum_i b_i df_i df_i' + a_i d2f_i``, packed, (B, R)."""


class Model(Protocol):
    """A law on given inputs, as the solver sees it.

    ``packed`` is the length of packed sums; ``shared`` says whether all problems have the same
    inputs; ``channels`` is about how many arrays of (B, n) an evaluation keeps for each of them.
    """

    law: Law
    x: Mapping[str, Array]
    packed: int
    shared: bool
    channels: int

    def value(self, theta: Array) -> Array:
        """Predicted loss at internal parameters (B, P), shape (B, n)."""

    def at(self, theta: Array) -> Point:
        """Evaluate the law and what its derivatives need."""

    def unpack(self, packed: Array) -> tuple[Array, Array]:
        """Return the gradient (B, P) and the Hessian (B, P, P) of packed sums."""

    def take(self, problems: Rows, runs: slice) -> "Model":
        """Return the model of some problems of the batch on some of the runs."""

    def single(self) -> "Model | None":
        """Return the model in single precision, where that keeps enough digits for first steps."""


def to_internal(law: Law, values: Mapping[str, npt.ArrayLike]) -> Array:
    """Return internal parameters, shape (..., P), for parameter values by name."""
    columns = []
    for p in law.parameters:
        v = np.asarray(values[p.name], dtype=float)
        columns.append(np.log(v) if p.space == "log" else v)
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def to_values(law: Law, theta: Array) -> dict[str, Array]:
    """Return parameter values by name, each of shape ``theta.shape[:-1]``."""
    return {
        p.name: np.exp(theta[..., j]) if p.space == "log" else theta[..., j]
        for j, p in enumerate(law.parameters)
    }


def _some(x: Mapping[str, Array], problems: Rows, runs: slice) -> dict[str, Array]:
    return {k: v[runs] if v.ndim == 1 else v[problems, runs] for k, v in x.items()}


def _mix(c: Array, features: Array) -> Array:
    """Sum features (F, n) or (B, F, n) over runs with weights (B, n): (B, F)."""
    if features.ndim == 2:
        return c @ features.T
    return (features @ c[:, :, None])[:, :, 0]


class SumOfPowers:
    """Model of a law with ``terms``: each term is an exponential of an affine function.

    Inputs are centred in the logarithm, so that a coefficient is the size of its term in the
    middle of the runs: sums keep their digits.
    """

    def __init__(
        self,
        law: Law,
        x: Mapping[str, Array],
        *,
        dtype: type[np.floating] = np.float64,
        middle: Mapping[str, float] | None = None,
    ) -> None:
        """Precompute, for each term, which parameters it has and what multiplies them."""
        self.law, self.x, self.dtype = law, x, dtype
        self._middle = middle or {i: float(np.log(v).mean()) for i, v in x.items()}
        self.size = len(law.names)
        place = {name: j for j, name in enumerate(law.names)}
        self.logs = [p.space == "log" for p in law.parameters]
        self._centre = np.eye(self.size)
        self.terms: list[tuple[npt.NDArray[np.intp], Array]] = []
        logs = {i: np.log(v) for i, v in x.items()}
        ones = np.ones_like(next(iter(x.values())))
        self.ones = np.ones(ones.shape[-1], dtype)
        # Constants last: their products with the other terms are sums that are there already.
        for t in sorted(law.terms, key=lambda t: not t.powers):
            index = np.array([place[t.coefficient], *(place[e] for _, e in t.powers)])
            for i, e in t.powers:
                self._centre[place[e], place[t.coefficient]] -= self._middle[i]
            rows = [ones, *(self._middle[i] - logs[i] for i, _ in t.powers)]
            self.terms.append((index, np.stack(rows, axis=-2).astype(dtype)))
        self.products = {
            (k, m): _products(self.terms[k][1], self.terms[m][1], same=k == m)
            for k in range(len(self.terms))
            for m in range(k + 1)
        }
        self.shared, self.channels = ones.ndim == 1, 1
        self._spread = self._spreading()
        self.packed = len(self._spread)

    def _spreading(self) -> Array:
        """Return the map (R, P + P^2) from packed sums to the gradient and the Hessian."""
        size, rows = self.size, []

        def unit(*where: int) -> Array:
            row = np.zeros(size + size * size)
            row[list(where)] = 1.0
            return row

        for k, (index, _) in enumerate(self.terms):
            rows += [unit(p) for p in index]
            for m in range(k):
                for p in index:
                    for q in self.terms[m][0]:
                        row = unit(size + p * size + q)
                        row[size + q * size + p] += 1.0
                        rows.append(row)
            for p, q in zip(*(index[i] for i in pairs(len(index))), strict=True):
                rows.append(unit(size + p * size + q, size + q * size + p))
        return np.stack(rows)

    def parts(self, theta: Array) -> list[Array]:
        """Return the terms, each (B, n), or (B, 1) for a constant."""
        out = []
        middle = (theta @ self._centre).astype(self.dtype)
        theta = theta.astype(self.dtype)
        for index, basis in self.terms:
            if len(index) == 1:
                out.append(np.exp(middle[:, index]) if self.logs[index[0]] else middle[:, index])
                continue
            at = np.concatenate([middle[:, index[:1]], theta[:, index[1:]]], 1)
            power = at @ basis if basis.ndim == 2 else (at[:, None, :] @ basis)[:, 0]
            out.append(np.exp(power, out=power))
        return out

    def value(self, theta: Array) -> Array:
        """Predicted loss at internal parameters (B, P), shape (B, n)."""
        return self._total(self.parts(theta))

    def at(self, theta: Array) -> "PowersAt":
        """Evaluate the terms."""
        parts = self.parts(theta)
        return PowersAt(self, parts, self._total(parts))

    def _total(self, parts: list[Array]) -> Array:
        """Add the terms up; there are constants only where there is nothing else."""
        runs = self.terms[0][1].shape[-1]
        if len(parts) == 1:
            return np.broadcast_to(parts[0], (len(parts[0]), runs)).copy()
        total = parts[0] + parts[1]
        for part in parts[2:]:
            total += part
        return np.broadcast_to(total, (len(total), runs)) if total.shape[1] != runs else total

    def unpack(self, packed: Array) -> tuple[Array, Array]:
        """Return the gradient (B, P) and the Hessian (B, P, P) of packed sums."""
        size = self.size
        both = packed @ self._spread
        hessian = both[:, size:].reshape(-1, size, size)
        return both[:, :size] @ self._centre.T, self._centre @ hessian @ self._centre.T

    def take(self, problems: Rows, runs: slice) -> "SumOfPowers":
        """Return the model of some problems of the batch on some of the runs."""
        some = _some(self.x, problems, runs)
        return SumOfPowers(self.law, some, dtype=self.dtype, middle=self._middle)

    def single(self) -> "SumOfPowers":
        """Return the same model in single precision: centred sums keep five digits."""
        return SumOfPowers(self.law, self.x, dtype=np.float32, middle=self._middle)


def _products(a: Array, b: Array, *, same: bool) -> Array:
    """Return the products of two bases, (F, n) or (B, F, n): the upper half when they are one."""
    if same:
        i, j = pairs(a.shape[-2])
    else:
        i, j = (v.ravel() for v in np.indices((a.shape[-2], b.shape[-2])))
    return np.ascontiguousarray(a[..., i, :] * b[..., j, :])


class PowersAt:
    """A sum of powers at a batch of parameters."""

    def __init__(self, model: SumOfPowers, parts: list[Array], f: Array) -> None:
        """Keep the terms and their sum."""
        self._model, self._parts, self.f = model, parts, f

    def pack(self, a: Array, b: Array) -> Array:
        """Return ``sum_i a_i df_i`` and ``sum_i b_i df_i df_i' + a_i d2f_i``, packed, (B, R)."""
        model, parts, out = self._model, self._parts, []
        # What a term changes by when its coefficient does: a level's own change is one.
        units = [
            p if model.logs[index[0]] else np.ones_like(p)
            for p, (index, _) in zip(parts, model.terms, strict=True)
        ]
        for k, (part, (index, basis)) in enumerate(zip(parts, model.terms, strict=True)):
            if len(index) == 1:
                # A constant term: its products are sums of what the other terms have.
                unit = units[k]
                slope = unit * np.vecdot(a, model.ones)[:, None]
                out.append(slope)
                for m in range(k):
                    out.append(unit * _mix(b * units[m], model.terms[m][1]))
                bend = unit * unit * np.vecdot(b, model.ones)[:, None]
                out.append(bend + slope if model.logs[index[0]] else bend)
                continue
            first, bent = a * part, b * part
            out.append(_mix(first, basis))
            for m in range(k):
                out.append(_mix(bent * parts[m], model.products[k, m]))
            bent *= part
            bent += first
            out.append(_mix(bent, model.products[k, k]))
        return np.concatenate(out, axis=1)


class AnyLaw:
    """Model of any law: its function is evaluated in numbers that carry derivatives."""

    def __init__(self, law: Law, x: Mapping[str, Array]) -> None:
        """Keep the law and its inputs."""
        self.law, self.x = law, x
        self._runs = next(iter(x.values())).shape[-1]
        self._logs = tuple(p.space == "log" for p in law.parameters)
        self.size = len(law.names)
        self.shared = next(iter(x.values())).ndim == 1
        self.channels = self.size
        self._upper = pairs(self.size)
        self.packed = self.size + len(self._upper[0])

    def value(self, theta: Array) -> Array:
        """Predicted loss at internal parameters (B, P), shape (B, n)."""
        p = {k: v[:, None] for k, v in to_values(self.law, theta).items()}
        out = np.asarray(self.law.function(p, self.x), dtype=float)
        return np.broadcast_to(out, (len(theta), self._runs))

    def at(self, theta: Array) -> "JetAt":
        """Evaluate the law with its derivatives."""
        p = dict(zip(self.law.names, variables(theta.T, logs=self._logs), strict=True))
        everything = tuple(range(self.size))
        return JetAt(lift(self.law.function(p, self.x), everything), (len(theta), self._runs))

    def slopes(self, theta: Array) -> tuple[Array, Array]:
        """Return the loss (B, n) and its derivatives, run by run, (B, n, P)."""
        at = self.at(theta)
        return at.f, at.g.transpose(1, 2, 0)

    def unpack(self, packed: Array) -> tuple[Array, Array]:
        """Return the gradient (B, P) and the Hessian (B, P, P) of packed sums."""
        hessian = np.empty((len(packed), self.size, self.size))
        i, j = self._upper
        hessian[:, i, j] = hessian[:, j, i] = packed[:, self.size :]
        return packed[:, : self.size], hessian

    def take(self, problems: Rows, runs: slice) -> "AnyLaw":
        """Return the model of some problems of the batch on some of the runs."""
        return AnyLaw(self.law, _some(self.x, problems, runs))

    def single(self) -> None:
        """Return nothing: an unknown formula may need all its digits."""


class JetAt:
    """Any law at a batch of parameters."""

    def __init__(self, jet: Jet, shape: tuple[int, int]) -> None:
        """Spread the jet over the batch and the runs."""
        self.f = np.broadcast_to(jet.v, shape)
        self.g = np.broadcast_to(jet.g, (len(jet.g), *shape))
        self._h = np.broadcast_to(jet.h, (len(jet.h), *shape))
        self._upper = pairs(len(jet.g))

    def pack(self, a: Array, b: Array) -> Array:
        """Return ``sum_i a_i df_i`` and ``sum_i b_i df_i df_i' + a_i d2f_i``, packed, (B, R)."""
        i, j = self._upper
        g = self.g.swapaxes(0, 1)
        inner = (g * b[:, None, :]) @ g.swapaxes(1, 2)
        upper = inner[:, i, j] + np.einsum("mbn,bn->bm", self._h, a)
        return np.concatenate([np.einsum("kbn,bn->bk", self.g, a), upper], axis=1)


def by_run(law: Law, x: Mapping[str, Array], theta: Array) -> tuple[Array, Array, Array]:
    """Return the loss (n,) and its derivatives (P, n) and (P, P, n) at one internal vector."""
    p = variables(theta[:, None], logs=tuple(v.space == "log" for v in law.parameters))
    jet = lift(law.function(dict(zip(law.names, p, strict=True)), x), tuple(range(len(theta))))
    runs = (len(next(iter(x.values()))),)
    i, j = pairs(len(theta))
    second = np.empty((len(theta), len(theta), *runs))
    second[i, j] = second[j, i] = np.broadcast_to(jet.h[:, 0], (len(i), *runs))
    first = np.broadcast_to(jet.g[:, 0], (len(theta), *runs))
    return np.broadcast_to(jet.v[0], runs), first, second


def _is_plain(law: Law) -> bool:
    """Say whether a law's terms are all exponentials of affine functions, and constants."""
    names = [t.coefficient for t in law.terms]
    log = all(law.parameter(t.coefficient).space == "log" for t in law.terms if t.powers)
    exponents = [[e for _, e in t.powers] for t in law.terms]
    flat = {e for es in exponents for e in es}
    return (
        bool(law.terms)
        and log
        and len(set(names)) == len(names)
        and not flat & set(names)
        and all(len(set(es)) == len(es) for es in exponents)
        and all(law.parameter(e).space == "linear" for e in flat)
    )


def model_of(law: Law, x: Mapping[str, Array]) -> Model:
    """Return the model of a law on inputs of shape (n,) or (B, n) by name.

    Raises :class:`BadParameters` for a law whose function cannot carry derivatives.
    """
    if _is_plain(law):
        return SumOfPowers(law, x)
    p = variables(np.ones((len(law.names), 1)), logs=(False,) * len(law.names))
    try:
        with np.errstate(all="ignore"):
            some = {k: v[..., :1] for k, v in x.items()}
            jet = law.function(dict(zip(law.names, p, strict=True)), some)
    except (TypeError, AttributeError) as error:
        raise BadParameters(
            f"{law.name}: its function must be written in arithmetic and numpy's elementwise "
            f"functions, so that derivatives pass through it; {error}"
        ) from error
    unused = set(law.names) - {law.names[k] for k in getattr(jet, "at", ())}
    if unused:
        raise BadParameters(f"{law.name}: its function does not use {', '.join(sorted(unused))}")
    return AnyLaw(law, x)
