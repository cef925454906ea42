"""What a released estimator found, and what it predicts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array

GRID = 10_000
NEGLIGIBLE = 1e-5
"""Second derivatives and ``alpha`` below this are taken as zero."""


@dataclass(frozen=True, kw_only=True)
class Released:
    """What a released estimator found: ``loss - err_inf = beta x^c (err_0 - loss)^alpha``.

    ``converged`` says whether the rule of stopping was met within 10,000 outer ``iterations``; if
    not, the rest is where the path was cut off. ``replayed`` says whether the path was walked step
    by step. If not, ``iterations`` are reckoned, to a tenth where ``beta`` is so large that the
    stop waits for its last bits; and ``err_0`` is rough where ``alpha`` is zero and nothing depends
    on it. ``gamma`` shifts ``1/x`` in M3.
    """

    method: str
    beta: float
    c: float
    alpha: float = 0.0
    gamma: float = 0.0
    err_inf: float = 0.0
    err_0: float = 1.0
    iterations: int = 1
    converged: bool = True
    replayed: bool = False

    def predict(self, x: npt.ArrayLike) -> Array:
        """Return the predicted loss at ``x`` (n,), as the released code reads it off."""
        at = np.asarray(x, dtype=float)
        if self.method == "M3":
            return np.asarray(self.beta * (1 / at + self.gamma) ** self.c)
        f = np.asarray(self.beta * at**self.c)
        if self.alpha < NEGLIGIBLE:
            return self.err_inf + f
        grid = np.linspace(0.0, self.err_0 - self.err_inf, GRID)
        # w - f (b - w)^alpha grows along the grid, so where it is smallest is found by halving.
        low, high = np.zeros(f.shape, dtype=int), np.full(f.shape, GRID - 1)
        while (high - low > 1).any():
            middle = (low + high) // 2
            above = self._excess(grid, middle, f) > 0
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        nearer = np.abs(self._excess(grid, low, f)) <= np.abs(self._excess(grid, high, f))
        return self.err_inf + grid[np.where(nearer, low, high)]

    def _excess(self, grid: Array, at: npt.NDArray[np.intp], f: Array) -> Array:
        return np.asarray(grid[at] - f * (grid[-1] - grid[at]) ** self.alpha)
