"""M2 and M4, which alternate between a regression and steps on the ends of the loss scale."""

import numpy as np
import numpy.typing as npt

from scalinglaws.curves.released.direct import read
from scalinglaws.curves.released.ends import Ends
from scalinglaws.curves.released.leaps import follow
from scalinglaws.curves.released.result import Released
from scalinglaws.curves.released.walk import walk
from scalinglaws.errors import BadRuns


def _alternating(method: str, ends: Ends, *, err_0: float, replay: bool) -> Released:
    with np.errstate(all="ignore"):
        found = walk(ends, err_0) if replay else follow(ends, err_0)
        beta = found.p.beta
    return Released(
        method=method,
        beta=beta,
        c=-found.p.falls,
        alpha=found.p.alpha,
        err_inf=found.low,
        err_0=found.high,
        iterations=found.iterations,
        converged=found.converged,
        replayed=replay,
    )


def m2(x: npt.ArrayLike, loss: npt.ArrayLike, *, replay: bool = False) -> Released:
    """Return M2, ``loss = err_inf + beta x^c`` with ``err_inf`` a thousandth below the losses.

    ``replay`` walks the released path step by step, which takes seconds. Raises what :func:`m1`
    raises.
    """
    at, y = read(x, loss)
    ends = Ends(at, y, err_0=None, upper=None)
    return _alternating("M2", ends, err_0=1.0, replay=replay)


def m4(
    x: npt.ArrayLike,
    loss: npt.ArrayLike,
    *,
    err_0: float = 1.0,
    upper: float | None = None,
    replay: bool = False,
) -> Released:
    """Return M4, ``(loss - err_inf) / (err_0 - loss)^alpha = beta x^c``.

    ``err_0`` is where the loss starts, and ``upper`` bounds what becomes of it. The authors'
    notebook has ``err_0=1, upper=1`` for images, ``err_0=1`` for translation and language, and
    ``err_0=1.001, upper=1`` for BIG-Bench. ``replay`` walks the released path step by step, which
    takes seconds. Raises what :func:`m1` raises, and :class:`BadRuns` when a loss reaches
    ``err_0``.
    """
    at, y = read(x, loss)
    if not y.max() < err_0:
        raise BadRuns(f"err_0 must lie above every loss; found {err_0} and a loss of {y.max():g}")
    ends = Ends(at, y, err_0=err_0, upper=upper)
    return _alternating("M4", ends, err_0=err_0, replay=replay)
