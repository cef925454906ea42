"""Pruning a training set by how hard its examples are: a student that learns from a teacher."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws._simulated import mark
from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters

_RIDGE = 1e-6
"""Weight of the squared norm, per example: small, so that margins are widened nearly without it."""

_ROUNDS = 60
_DONE = 1e-6


@one_blas_thread
def pruned(
    examples: Sequence[float],
    shares: Sequence[float],
    *,
    dimensions: int = 100,
    draws: int = 4,
    seed: int = 0,
) -> pd.DataFrame:
    """Simulate a linear student on the hardest and the easiest examples that a teacher labels.

    A teacher draws a plane through zero in so many ``dimensions``, and labels Gaussian examples by
    their side of it. ``examples`` are sizes of the whole set, per dimension, ``shares`` what is
    kept: the examples nearest to the plane (hard) or furthest from it (easy). The student is
    logistic regression with hardly any penalty, and nearly the plane of the widest margin. Its
    error is that on all examples, ``arccos(overlap) / pi``, the mean over ``draws`` of examples.

    Returns a row for each size, share and rule: ``examples`` and ``kept``, per dimension,
    ``share``, ``rule`` (all, hard, easy) and ``error``. Sets of fewer than two kept examples per
    ten dimensions are left out. Raises :class:`BadParameters` for numbers that make no sense.
    After Sorscher et al. 2022, section 3, whose theory is for a student of the widest margin.

    >>> told = pruned([4.0], [1.0, 0.5], dimensions=20, draws=2)
    >>> told["rule"].tolist(), bool((told["error"] < 0.5).all())
    (['all', 'hard', 'easy'], True)
    """
    sizes, kept = np.asarray(examples, dtype=float), np.asarray(shares, dtype=float)
    if sizes.ndim != 1 or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise BadParameters(f"examples per dimension must be positive numbers; found {examples!r}")
    if kept.ndim != 1 or not ((kept > 0) & (kept <= 1)).all():
        raise BadParameters(f"shares lie above 0 and up to 1; found {shares!r}")
    if dimensions < 2 or draws < 1:
        raise BadParameters(
            f"two dimensions and a draw are the least; found {dimensions} and {draws}"
        )
    rows = []
    for size in sizes:
        for share in kept:
            for rule in ("hard", "easy") if share < 1 else ("all",):
                number = round(share * size * dimensions)
                if number < max(2.0, 0.2 * dimensions):
                    continue
                errors = [
                    _error(round(size * dimensions), number, rule, dimensions, seed + k)
                    for k in range(draws)
                ]
                rows.append((size, number / dimensions, share, rule, float(np.mean(errors))))
    table = pd.DataFrame(rows, columns=["examples", "kept", "share", "rule", "error"])
    table.attrs["name"] = "simulated teacher and student"
    return mark(table)


def _error(total: int, number: int, rule: str, dimensions: int, seed: int) -> float:
    """Return the error of a student on one draw; the teacher looks along the first axis."""
    x = np.random.default_rng(seed).standard_normal((total, dimensions))
    order = np.argsort(np.abs(x[:, 0]))
    chosen = order[-number:] if rule == "easy" else order[:number]
    student = _logistic(x[chosen] * np.sign(x[chosen, :1]))
    return float(np.arccos(np.clip(student[0] / np.linalg.norm(student), -1, 1)) / np.pi)


def _logistic(signed: Array) -> Array:
    """Return the weights that minimise the logistic loss of examples turned to one side."""
    number, dimensions = signed.shape
    penalty = _RIDGE * number
    eye = np.eye(dimensions)
    weights = np.linalg.solve(signed.T @ signed + 0.1 * number * eye, signed.sum(axis=0))

    def loss(w: Array) -> float:
        return float(np.logaddexp(0, -(signed @ w)).sum() + penalty / 2 * w @ w)

    now = loss(weights)
    for _ in range(_ROUNDS):
        wrong = 1 / (1 + np.exp(np.clip(signed @ weights, -500, 500)))
        gradient = penalty * weights - signed.T @ wrong
        bend = (signed * (wrong * (1 - wrong))[:, None]).T @ signed + penalty * eye
        step = np.linalg.solve(bend, gradient)
        length = 1.0
        while (then := loss(weights - length * step)) > now and length > _DONE:
            length /= 2
        weights, now = weights - length * step, then
        if np.abs(length * step).max() < _DONE * max(1.0, float(np.abs(weights).max())):
            break
    return np.asarray(weights)
