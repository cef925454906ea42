"""What the solver asks of a law on given inputs."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.laws import Law

Rows = npt.NDArray[np.intp]


class Point(Protocol):
    """A law at a batch of internal parameters: ``f`` (B, n) and sums over runs of derivatives.

    Weights of the sums, ``a``, ``b`` and ``c``, are (B, n) or (1, n).
    """

    f: Array

    def local(self, a: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
        """Return ``sum a_i df_i``, ``sum b_i df_i df_i' + a_i d2f_i`` and ``sum c_i df_i df_i'``.

        Shapes (B, P), (B, P, P) and (B, P, P): for few problems, in few calls.
        """

    def pull(self, a: Array) -> Array:
        """Return the first of these, (B, P)."""

    def pack(self, a: Array, b: Array) -> Array:
        """Return the first two of these, packed, (B, R): for many problems, in few passes."""


class Model(Protocol):
    """A law on given inputs, as the solver sees it.

    ``shared`` says whether all problems have the same inputs; ``channels`` is about how many arrays
    of (B, n) an evaluation keeps for each of them.
    """

    law: Law
    x: Mapping[str, Array]
    shared: bool
    channels: int

    @property
    def packed(self) -> int:
        """Length of packed sums."""

    @property
    def kind(self) -> tuple[object, ...]:
        """What models have in common that can be one for rows of them all."""

    def of_rows(self, x: Mapping[str, Array], rows: Rows) -> "Model":
        """Return the model on inputs (B, n) of several tables: ``rows`` (B,) says whose each is."""

    def value(self, theta: Array) -> Array:
        """Predicted loss at internal parameters (B, P), shape (B, n)."""

    def at(self, theta: Array) -> Point:
        """Evaluate the law and what its derivatives need."""

    def unpack(self, packed: Array) -> tuple[Array, Array]:
        """Return the gradient (B, P) and the Hessian (B, P, P) of packed sums."""

    def take(self, problems: Rows, runs: slice) -> "Model":
        """Return the model of some problems of the batch on some of the runs."""

    def rough(self) -> "Model | None":
        """Return a model without second derivatives, where that takes far less time."""


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


def products(g: Array, b: Array) -> Array:
    """Return ``sum_i b_i g_i g_i'``, (B, K, K), for ``g`` (B, K, n)."""
    return np.asarray((g * b[:, None, :]) @ g.swapaxes(1, 2))


def some(x: Mapping[str, Array], problems: Rows, runs: slice) -> dict[str, Array]:
    """Return the inputs of some problems on some of the runs."""
    return {k: v[runs] if v.ndim == 1 else v[problems, runs] for k, v in x.items()}
