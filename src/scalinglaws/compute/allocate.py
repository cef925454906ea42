"""Compute-optimal size and data under a fitted law, with intervals: Hoffmann et al. 2022, eq. 4."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, optimal_params
from scalinglaws.errors import BadParameters, BadRuns, Unidentifiable
from scalinglaws.fitting.fitted import Fitted
from scalinglaws.intervals.resampling import RESAMPLES, percentiles, resampled

__all__ = ["FLOPS_PER_PARAM_TOKEN", "allocate", "optimal_params", "positive_budgets"]


def positive_budgets(flops: npt.ArrayLike) -> Array:
    """Return budgets in FLOPs as an array; raises :class:`BadRuns` unless each is positive."""
    try:
        budgets = np.atleast_1d(np.asarray(flops, dtype=float))
    except (TypeError, ValueError) as error:
        raise BadRuns(f"budgets in FLOPs must be numbers; found {flops!r}") from error
    if budgets.ndim > 1 or not (np.isfinite(budgets) & (budgets > 0)).all():
        raise BadRuns(f"budgets in FLOPs must be a list of positive numbers; found {budgets}")
    return budgets


def allocate(
    fit: Fitted,
    flops: npt.ArrayLike,
    *,
    level: float = 0.9,
    kind: str = "case",
    n: int = RESAMPLES,
    by: str | None = None,
    per_param_token: float = FLOPS_PER_PARAM_TOKEN,
) -> pd.DataFrame:
    """Split each budget between model size and data so that the predicted loss is lowest.

    Minimises ``L(N, D)`` subject to ``k N D = C``. ``fit`` is a fit of a law of params and tokens;
    ``flops`` one budget or several, (m,), in floating-point operations; ``per_param_token`` is
    ``k``, FLOPs per parameter and token. ``level``, ``kind``, ``n`` and ``by`` are those of
    :meth:`Fit.interval`, for bootstraps. Returns one row for each budget: ``params``, ``tokens``,
    ``tokens_per_param`` and ``loss``, each with ``_low`` and ``_high``, and ``beyond``, the budget
    over the largest measured one (1 means in range).

    Raises :class:`Unidentifiable` for a law that is not one of params and tokens, an exponent at
    its bound or a law without an optimum, and :class:`BadRuns` for a budget that is not positive.
    Hoffmann et al. 2022, equation 4.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> split = sl.allocate(fit, 5.76e23)
    >>> bool(split["params_low"][0] < 70e9 < split["params_high"][0])
    True
    >>> round(float(6 * split["params"][0] * split["tokens"][0] / 5.76e23), 9)
    1.0
    """
    level, n = checks.level(level), checks.resamples(n)
    law = fit.law
    if set(law.inputs) != {"params", "tokens"}:
        raise Unidentifiable(
            f"{law.name} is a law of {', '.join(law.inputs)}; splitting a budget between size and "
            f"data needs a law of both params and tokens, such as laws.CHINCHILLA"
        )
    stuck = [name for name in fit.at_bound if name not in law.linear]
    if stuck:
        raise Unidentifiable(
            f"{', '.join(stuck)} sits at the edge of its range, so the best split is decided by "
            f"the bound and not by the runs: add runs that vary "
            f"{' and '.join(law.inputs)} separately.",
            partial=fit,
            insist="hold the exponent at a value you can defend: fit(..., held={...})",
        )
    if checks.numbers({"k": per_param_token}, what="per_param_token")["k"] <= 0:
        raise BadParameters(f"per_param_token must be positive; found {per_param_token!r}")
    budgets = positive_budgets(flops)
    drawn = resampled(fit, n, kind=kind, by=by)
    values = {k: np.r_[fit.params[k], drawn[k].to_numpy()] for k in law.names}
    params = optimal_params(law, values, budgets, per_param_token=per_param_token)
    tokens = budgets / per_param_token / params
    results = {
        "params": params,
        "tokens": tokens,
        "tokens_per_param": tokens / params,
        "loss": law(values, params=params, tokens=tokens),
    }
    frame = pd.DataFrame({"flops": budgets})
    for name, value in results.items():
        frame[name] = value[0]
        frame[f"{name}_low"], frame[f"{name}_high"] = percentiles(value[1:], level)
    measured_flops = per_param_token * fit.inputs["params"] * fit.inputs["tokens"]
    largest = float(measured_flops[fit.counted].max())
    frame["beyond"] = np.maximum(1.0, budgets / largest)
    frame.attrs.update(level=level, kind=kind, simulated=fit.simulated)
    frame.attrs["stopped"] = drawn.attrs["stopped"]
    return frame
