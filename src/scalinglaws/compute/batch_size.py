"""Time against compute: what a batch size costs, and how a growing budget is best spent.

Kaplan et al. 2020, sections 5.1 and 6, after McCandlish et al. 2018.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.errors import BadRuns, UnknownName
from scalinglaws.fitting.fitted import Fitted
from scalinglaws.intervals.resampling import RESAMPLES, ends, resampled


def _positive(**given: npt.ArrayLike) -> list[Array]:
    out = []
    for name, value in given.items():
        array = np.asarray(value, dtype=float)
        if not (np.isfinite(array) & (array > 0)).all():
            raise BadRuns(f"{name} must be positive and finite; found {array}")
        out.append(array)
    return out


def least_steps(steps: npt.ArrayLike, *, batch: npt.ArrayLike, critical: npt.ArrayLike) -> Array:
    """Return the steps that training would have taken with batches far above the critical one.

    ``S_min = S / (1 + B_crit / B)``, with ``batch`` and ``critical`` in one unit. Raises
    :class:`BadRuns` unless all are positive. Kaplan et al. 2020, equation 5.4.
    """
    s, b, c = _positive(steps=steps, batch=batch, critical=critical)
    return np.asarray(s / (1 + c / b))


def least_flops(flops: npt.ArrayLike, *, batch: npt.ArrayLike, critical: npt.ArrayLike) -> Array:
    """Return the FLOPs that training would have taken with batches far below the critical one.

    ``C_min = C / (1 + B / B_crit)``. Raises :class:`BadRuns` unless all are positive. Kaplan et
    al. 2020, equation 5.5.
    """
    f, b, c = _positive(flops=flops, batch=batch, critical=critical)
    return np.asarray(f / (1 + b / c))


def trade_off(
    fit: Fitted,
    batch_tokens: npt.ArrayLike,
    *,
    level: float = 0.9,
    kind: str | None = None,
    n: int = RESAMPLES,
) -> pd.DataFrame:
    """Return what batch sizes cost in time and in compute, under a fit of steps to a target.

    One row a batch: ``steps`` and ``tokens`` to the target, and ``time`` and ``compute``, these
    over their least, each with ``_low`` and ``_high``. Raises :class:`UnknownName` for a fit of
    another law and :class:`BadRuns` for a batch that is not positive.
    """
    if fit.law.names != ("S_min", "E_min"):
        raise UnknownName(
            f"{fit.law.name} is not a law of steps to a target: fit laws.STEPS_TO_TARGET"
        )
    level = checks.level(level)
    (batch,) = (np.atleast_1d(v) for v in _positive(batch_tokens=batch_tokens))
    draws = resampled(fit, checks.resamples(n), kind=kind, by=None)
    p = {k: np.r_[fit.params[k], draws[k].to_numpy()][:, None] for k in fit.law.names}
    steps = p["S_min"] + p["E_min"] / batch
    frame = pd.DataFrame({"batch_tokens": batch})
    for name, value in {
        "steps": steps,
        "tokens": steps * batch,
        "time": steps / p["S_min"],
        "compute": steps * batch / p["E_min"],
    }.items():
        frame[name] = value[0]
        frame[f"{name}_low"], frame[f"{name}_high"] = ends(draws, value[1:], value[0], level)
    frame.attrs.update(level=level, simulated=fit.simulated, **draws.attrs)
    return frame


def spend(*, size: npt.ArrayLike, batch: npt.ArrayLike, steps: npt.ArrayLike) -> dict[str, Array]:
    """Return how size, batch, steps and tokens grow with the least compute, as exponents.

    ``size``, ``batch`` and ``steps`` are alpha_N, alpha_B and alpha_S, numbers or arrays of one
    shape. Along the best path ``L ~ C_min^-alpha_C`` with ``1/alpha_C = 1/alpha_N + 1/alpha_B +
    1/alpha_S``; ``params``, ``batch_tokens`` and ``steps`` grow with the exponents ``alpha_C /
    alpha_N`` and so on, and ``tokens`` as the product of batch and steps. ``loss`` is ``alpha_C``.
    Raises :class:`BadRuns` unless all are positive. Kaplan et al. 2020, section 6 and Appendix B.
    """
    alpha_n, alpha_b, alpha_s = _positive(size=size, batch=batch, steps=steps)
    alpha_c = 1 / (1 / alpha_n + 1 / alpha_b + 1 / alpha_s)
    grow = {"params": alpha_n, "batch_tokens": alpha_b, "steps": alpha_s}
    out = {name: np.asarray(alpha_c / v) for name, v in grow.items()}
    return {**out, "tokens": out["batch_tokens"] + out["steps"], "loss": np.asarray(alpha_c)}
