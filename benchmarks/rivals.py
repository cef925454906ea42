"""The other side of the comparisons: residuals with exact derivatives, in the hands of scipy.

Everything here is written for the benchmarks alone and shares no code with the library, so that
an objective computed here also checks the library's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares, minimize

Array = npt.NDArray[np.float64]

DELTA = 1e-3


class Chinchilla:
    """Log-residuals of ``E + A N^-alpha + B D^-beta`` at (log A, log B, log E, alpha, beta).

    Residual and Jacobian of one point share their exponentials.
    """

    def __init__(self, params: Array, tokens: Array, loss: Array) -> None:
        """Keep the logarithms of the runs, each (n,)."""
        self._n, self._d, self._loss = np.log(params), np.log(tokens), np.log(loss)
        self._at: Array | None = None

    def resample(self, rows: npt.NDArray[np.intp]) -> "Chinchilla":
        """Return the same problem on these rows, repeated where they repeat."""
        other = object.__new__(Chinchilla)
        other._n, other._d, other._loss = self._n[rows], self._d[rows], self._loss[rows]
        other._at = None
        return other

    def _evaluate(self, theta: Array) -> None:
        if self._at is not None and np.array_equal(self._at, theta):
            return
        a, b, e, alpha, beta = theta
        first, second = np.exp(a - alpha * self._n), np.exp(b - beta * self._d)
        floor = np.exp(e)
        self._at, self._parts = theta.copy(), (first, second, floor)
        self._total = first + second + floor

    def residual(self, theta: Array) -> Array:
        """Return the log of predicted over measured loss, (n,)."""
        self._evaluate(theta)
        return np.asarray(np.log(self._total) - self._loss)

    def jacobian(self, theta: Array) -> Array:
        """Return the derivatives of the residuals, (n, 5)."""
        self._evaluate(theta)
        first, second, floor = (part / self._total for part in self._parts)
        return np.stack([first, second, floor, -self._n * first, -self._d * second], axis=1)


class Curve:
    """Log-residuals of any curve whose log prediction accepts complex parameters (P, 1)."""

    def __init__(self, log_prediction: Callable[[Any], Any], loss: Array) -> None:
        """Keep the function and the logarithm of the measured loss, (n,)."""
        self._f, self._loss = log_prediction, np.log(loss)

    def residual(self, theta: Array) -> Array:
        """Return the log of predicted over measured loss, (n,)."""
        return np.asarray(self._f(theta[:, None]), dtype=float).reshape(-1) - self._loss

    def jacobian(self, theta: Array) -> Array:
        """Return the derivatives of the residuals by complex step, exact to rounding, (n, P)."""
        columns = []
        for j in range(len(theta)):
            moved = theta[:, None].astype(complex)
            moved[j] += 1e-30j
            columns.append(np.imag(self._f(moved)).reshape(-1) / 1e-30)
        return np.stack(columns, axis=1)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A sum of ``rho(residual)`` by its kind, ``"huber"``, ``"lad"`` or ``"lsq"``."""

    kind: str

    def value(self, r: Array) -> Any:
        """Return the sum over the last axis."""
        a = np.abs(r)
        if self.kind == "huber":
            return np.where(a <= DELTA, 0.5 * a * a, DELTA * (a - 0.5 * DELTA)).sum(axis=-1)
        return (a if self.kind == "lad" else r * r).sum(axis=-1)

    def slope(self, r: Array) -> Array:
        """Return the derivative of each contribution."""
        if self.kind == "huber":
            return np.clip(r, -DELTA, DELTA)
        return np.sign(r) if self.kind == "lad" else 2 * r


HUBER, LAD, LSQ = (Objective(kind=k) for k in ("huber", "lad", "lsq"))


@dataclass(frozen=True, kw_only=True)
class End:
    """Where an optimiser stopped: parameters (P,), what it claims, the objective there."""

    theta: Array
    success: bool
    value: float


def by_gradient(
    problem: Any, start: Array, objective: Objective, *, method: str, exact: bool = True, **how: Any
) -> End:
    """Minimise by ``scipy.optimize.minimize``; ``exact=False`` leaves the gradient to scipy."""

    def both(theta: Array) -> tuple[float, Array]:
        r = problem.residual(theta)
        return float(objective.value(r)), objective.slope(r) @ problem.jacobian(theta)

    def alone(theta: Array) -> float:
        return float(objective.value(problem.residual(theta)))

    with np.errstate(all="ignore"):
        found = minimize(both if exact else alone, start, jac=exact or None, method=method, **how)
        return End(
            theta=found.x,
            success=bool(found.success),
            value=float(objective.value(problem.residual(found.x))),
        )


def by_least_squares(problem: Any, start: Array, objective: Objective, **how: Any) -> End:
    """Minimise by ``scipy.optimize.least_squares`` with the exact Jacobian, tolerances 1e-15.

    scipy's Huber cost with ``f_scale = delta`` is the same sum as ours; it has no absolute loss.
    """
    if objective.kind == "lad":
        raise ValueError("least_squares has no least absolute deviation")
    loss = {"loss": "huber", "f_scale": DELTA} if objective.kind == "huber" else {}
    settings = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "max_nfev": 2000, **loss, **how}
    with np.errstate(all="ignore"):
        try:
            found = least_squares(problem.residual, start, jac=problem.jacobian, **settings)
        except ValueError:  # It refuses a start, or a step, whose residuals are not finite.
            return End(theta=start, success=False, value=np.inf)
        return End(
            theta=found.x,
            success=bool(found.success),
            value=float(objective.value(problem.residual(found.x))),
        )
