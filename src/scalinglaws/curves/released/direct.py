"""M1 and M3, which regressions alone solve."""

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.curves.released.ends import CAP, STOP
from scalinglaws.curves.released.result import Released
from scalinglaws.errors import BadRuns


def read(x: npt.ArrayLike, loss: npt.ArrayLike) -> tuple[Array, Array]:
    """Return a curve in order of x, of equal x the last; raises :class:`BadRuns` for a bad one."""
    at, y = np.asarray(x, dtype=float), np.asarray(loss, dtype=float)
    if at.ndim != 1 or at.shape != y.shape or len(set(at.tolist())) < 3:
        raise BadRuns("a curve needs x and loss of one length, at three different x or more")
    if not (np.isfinite(at) & np.isfinite(y) & (at > 0) & (y > 0)).all():
        raise BadRuns("x and loss must be positive and finite")
    last = dict(zip(at.tolist(), y.tolist(), strict=True))
    ordered = sorted(last)
    return np.array(ordered), np.array([last[a] for a in ordered])


def _line(basis: Array, y: Array) -> Array:
    return np.asarray(np.linalg.lstsq(basis, y, rcond=None)[0])


def m1(x: npt.ArrayLike, loss: npt.ArrayLike) -> Released:
    """Return M1, ``loss = beta x^c``: least squares of log loss on log x.

    Raises :class:`BadRuns` for a curve of fewer than three points or one that is not positive.
    """
    at, y = read(x, loss)
    log_beta, c = _line(np.column_stack([np.ones_like(at), np.log(at)]), np.log(y))
    return Released(method="M1", beta=float(np.exp(log_beta)), c=float(c))


def m3(x: npt.ArrayLike, loss: npt.ArrayLike) -> Released:
    """Return M3, ``loss = beta (1/x + gamma)^c``: regressions, and gammas that meet one point.

    ``gamma`` is the best of those with which the curve passes through a point, or zero. Raises
    what :func:`m1` raises, and :class:`BadRuns` for a curve that rises, where the released code
    divides by zero.
    """
    at, y = read(x, loss)
    log_y, gamma, beta, iterations, done = np.log(y), 0.0, 1.0, 0, False
    while not done and iterations < CAP:
        iterations, before = iterations + 1, beta
        shifted = np.log(1 / at + gamma)
        log_beta, slope = _line(np.column_stack([np.ones_like(at), shifted]), log_y)
        beta, c = float(np.exp(log_beta)), max(0.0, float(slope))
        if c == 0:
            raise BadRuns("M3 as released cannot be fitted to a curve that does not fall")
        through = (y / beta) ** (1 / c) - 1 / at
        tried = np.r_[gamma, through[through >= 0]]
        misses = log_y - np.log(beta) - c * np.log(1 / at + tried[:, None])
        gamma = float(tried[np.argmin(np.linalg.norm(misses, axis=1))])
        done = abs(beta - before) < STOP
    return Released(method="M3", beta=beta, c=c, gamma=gamma, iterations=iterations, converged=done)
