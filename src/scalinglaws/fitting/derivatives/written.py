"""Laws whose derivatives are written out: those of learning curves, which are fitted by hundreds.

They say what numbers that carry derivatives say of the same law, in a fraction of the calls.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.any_law import ByFunction
from scalinglaws.fitting.derivatives.base import Model, Rows, products, some
from scalinglaws.fitting.derivatives.bends import pairs
from scalinglaws.laws import Law


class Slopes(Protocol):
    """A law at a batch of parameters: ``f`` (B, n), its slopes ``g`` (B, P, n), and its bends."""

    f: Array
    g: Array

    def bend(self, a: Array) -> Array:
        """Return the sum over runs of second derivatives with weights (B, n), (B, P, P)."""


class Written(ByFunction):
    """Model of a law with derivatives written out; second ones are zero unless it is ``bent``."""

    def __init__(self, law: Law, x: Mapping[str, Array], *, bent: bool = True) -> None:
        """Keep the law and its inputs."""
        super().__init__(law, x)
        self.bent = bent

    @property
    def kind(self) -> tuple[object, ...]:
        """What models have in common that can be one: see :class:`Model`."""
        return (*super().kind, self.bent)

    def of_rows(self, x: Mapping[str, Array], rows: Rows) -> "Written":
        """Return the model of several tables: see :class:`Model`."""
        return type(self)(self.law, x, bent=self.bent)

    def take(self, problems: Rows, runs: slice) -> "Written":
        """Return the model of some problems of the batch on some of the runs."""
        return type(self)(self.law, some(self.x, problems, runs), bent=self.bent)

    def rough(self) -> Model | None:
        """Return the same model without second derivatives."""
        return type(self)(self.law, self.x, bent=False)

    def at(self, theta: Array) -> "WrittenAt":
        """Evaluate the law with its derivatives."""
        return WrittenAt(self.written(theta), bent=self.bent)

    @abstractmethod
    def written(self, theta: Array) -> Slopes:
        """Evaluate the law with what is written of it."""


class WrittenAt:
    """A law at a batch of parameters."""

    def __init__(self, slopes: Slopes, *, bent: bool) -> None:
        """Keep what is written of it."""
        self._slopes, self._bent, self.f = slopes, bent, slopes.f

    def local(self, a: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
        """Return the gradient (B, P), the Hessian and the metric (B, P, P): see :class:`Point`."""
        return self.pull(a), self._hessian(a, b), products(self._slopes.g, c)

    def pull(self, a: Array) -> Array:
        """Return the gradient (B, P): see :class:`Point`."""
        return np.asarray((self._slopes.g @ a[:, :, None])[:, :, 0])

    def pack(self, a: Array, b: Array) -> Array:
        """Return the gradient and the Hessian, packed, (B, R)."""
        upper = pairs(self._slopes.g.shape[1])
        return np.concatenate([self.pull(a), self._hessian(a, b)[:, *upper]], axis=1)

    def _hessian(self, a: Array, b: Array) -> Array:
        hessian = products(self._slopes.g, b)
        return hessian + self._slopes.bend(a) if self._bent else hessian
