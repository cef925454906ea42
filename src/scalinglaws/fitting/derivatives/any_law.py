"""Any law: its function is evaluated in numbers that carry exact derivatives."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.base import Rows, products, some, to_values
from scalinglaws.fitting.derivatives.bends import add_totals, pairs, square
from scalinglaws.fitting.derivatives.jet import Jet, lift, variables
from scalinglaws.laws import Law

STEP = 1e-7
"""Length of a difference, as a share of a parameter's unit: it costs half of the digits."""


class ByFunction:
    """What models have in common that ask a law's own function for its value."""

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

    @property
    def kind(self) -> tuple[object, ...]:
        """What models have in common that can be one: see :class:`Model`."""
        return (type(self), id(self.law))

    def value(self, theta: Array) -> Array:
        """Predicted loss at internal parameters (.., B, P), shape (.., B, n)."""
        p = {k: v[..., None] for k, v in to_values(self.law, theta).items()}
        out = np.asarray(self.law.function(p, self.x), dtype=float)
        return np.broadcast_to(out, (*theta.shape[:-1], self._runs))

    def unpack(self, packed: Array) -> tuple[Array, Array]:
        """Return the gradient (B, P) and the Hessian (B, P, P) of packed sums."""
        hessian = np.empty((len(packed), self.size, self.size))
        i, j = self._upper
        hessian[:, i, j] = hessian[:, j, i] = packed[:, self.size :]
        return packed[:, : self.size], hessian


class AnyLaw(ByFunction):
    """Model of any law: its function is evaluated in numbers that carry derivatives."""

    def of_rows(self, x: Mapping[str, Array], rows: Rows) -> "AnyLaw":
        """Return the model of several tables: see :class:`Model`."""
        return AnyLaw(self.law, x)

    def at(self, theta: Array) -> "JetAt":
        """Evaluate the law with its derivatives."""
        p = dict(zip(self.law.names, variables(theta.T, logs=self._logs), strict=True))
        everything = tuple(range(self.size))
        return JetAt(lift(self.law.function(p, self.x), everything), (len(theta), self._runs))

    def slopes(self, theta: Array) -> tuple[Array, Array]:
        """Return the loss (B, n) and its derivatives, run by run, (B, n, P)."""
        at = self.at(theta)
        return at.f, at.g.transpose(1, 2, 0)

    def take(self, problems: Rows, runs: slice) -> "AnyLaw":
        """Return the model of some problems of the batch on some of the runs."""
        return AnyLaw(self.law, some(self.x, problems, runs))

    def rough(self) -> "Differences":
        """Return the same model with derivatives by differences."""
        return Differences(self.law, self.x)


class Differences(AnyLaw):
    """Model of any law for the first steps: one call of its function a step.

    First derivatives are differences, good to seven digits; second ones are taken to be zero.
    ``rows`` (B,) says whose starts are whose, where they are those of several tables.
    """

    def __init__(self, law: Law, x: Mapping[str, Array], rows: Rows | None = None) -> None:
        """Keep the law, its inputs and whose starts they are."""
        super().__init__(law, x)
        self._rows = rows

    def of_rows(self, x: Mapping[str, Array], rows: Rows) -> "Differences":
        """Return the model of several tables: see :class:`Model`."""
        return Differences(self.law, x, rows)

    def take(self, problems: Rows, runs: slice) -> "Differences":
        """Return the model of some problems of the batch on some of the runs."""
        rows = None if self._rows is None else self._rows[problems]
        return Differences(self.law, some(self.x, problems, runs), rows)

    def _largest(self, theta: Array) -> Array:
        """Return the largest size of each parameter over the starts of a table, (P,) or (B, P)."""
        size = np.abs(theta)
        if self._rows is None:
            return np.asarray(size.max(axis=0))
        first = np.flatnonzero(np.diff(self._rows, prepend=-1))
        counts = np.diff(first, append=len(theta))
        return np.repeat(np.maximum.reduceat(size, first), counts, axis=0)

    def at(self, theta: Array) -> "JetAt":
        """Evaluate the law at the parameters and a little beside them."""
        size = theta.shape[1]
        # A parameter that is not a logarithm has the unit of its values, whatever that is.
        unit = np.where(self._logs, 1.0, self._largest(theta))
        unit = np.broadcast_to(np.where(unit > 0, unit, 1.0), theta.shape)
        each = np.arange(size)
        moved = np.repeat(theta[None], size + 1, axis=0)
        moved[each, :, each] += STEP * unit.T
        f = self.value(moved)
        g = (f[:-1] - f[-1]) / (moved[:-1] - theta)[each, :, each, None]
        return JetAt(Jet(f[-1], g, (), tuple(range(size))), f.shape[1:])


class JetAt:
    """Any law at a batch of parameters."""

    def __init__(self, jet: Jet, shape: tuple[int, int]) -> None:
        """Spread the jet over the batch and the runs."""
        self.f = np.broadcast_to(jet.v, shape)
        self.g = np.broadcast_to(jet.g, (len(jet.g), *shape))
        self._jet = jet

    @cached_property
    def h(self) -> Array:
        """The upper Hessian, run by run."""
        jet = self._jet
        return np.broadcast_to(jet.h, (len(pairs(len(jet.g))[0]), *self.f.shape))

    def local(self, a: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
        """Return the gradient (B, P), the Hessian and the metric (B, P, P): see :class:`Point`."""
        gradient, hessian = self._sums(a, b)
        return gradient, hessian, products(self.g.swapaxes(0, 1), c)

    def pull(self, a: Array) -> Array:
        """Return the gradient (B, P): see :class:`Point`."""
        return (self.g.swapaxes(0, 1) @ a[:, :, None])[:, :, 0]

    def pack(self, a: Array, b: Array) -> Array:
        """Return the gradient and the Hessian, packed, (B, R)."""
        gradient, hessian = self._sums(a, b)
        return np.concatenate([gradient, hessian[:, *pairs(len(self.g))]], axis=1)

    def _sums(self, a: Array, b: Array) -> tuple[Array, Array]:
        g = self.g.swapaxes(0, 1)
        hessian = products(g, b)
        add_totals(self._jet.bends, a, hessian)
        return (g @ a[:, :, None])[:, :, 0], hessian


def by_run(law: Law, x: Mapping[str, Array], theta: Array) -> tuple[Array, Array, Array]:
    """Return the loss (.., n) and its derivatives (.., P, n) and (.., P, P, n), run by run.

    At internal parameters (P,) or (B, P).
    """
    at = AnyLaw(law, x).at(np.atleast_2d(theta))
    first, second = at.g.swapaxes(0, 1), at.h.swapaxes(0, 1)[:, square(theta.shape[-1])]
    return (at.f, first, second) if theta.ndim == 2 else (at.f[0], first[0], second[0])
