"""Compute-optimal size and data under a fitted law, with intervals: Hoffmann et al. 2022, eq. 4."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, optimal_params
from scalinglaws.errors import BadParameters, BadRuns, Unidentifiable
from scalinglaws.fitting.fitted import Fitted
from scalinglaws.intervals import beyond
from scalinglaws.intervals.quantity import Quantity
from scalinglaws.intervals.resampling import RESAMPLES, ends, resampled
from scalinglaws.laws.parts import Values

FLAT = 1e-3
"""Range of the loss, as a share of it, below which it hardly changes."""

APART = 4.0
"""Largest over smallest tokens per parameter from which size and data vary separately."""

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
    kind: str | None = None,
    n: int = RESAMPLES,
    by: str | None = None,
    per_param_token: float = FLOPS_PER_PARAM_TOKEN,
) -> pd.DataFrame:
    """Split each budget between model size and data so that the predicted loss is lowest.

    Minimises ``L(N, D)`` subject to ``k N D = C``. ``fit`` is a fit of a law of params and tokens;
    ``flops`` one budget or several, (m,), in floating-point operations; ``per_param_token`` is
    ``k``, FLOPs per parameter and token. ``level``, ``kind``, ``n`` and ``by`` are those of
    :meth:`Fit.interval`, for bootstraps. Returns one row for each budget: ``params``, ``tokens``,
    ``tokens_per_param`` and ``loss``, each with ``_law_low`` and ``_law_high``, the interval if the
    law holds, and ``_low`` and ``_high``, the one to stake a budget on: beyond the runs it is wider
    by the decades beyond, times what the loss misses (see :meth:`Fit.predict`) and what the best
    split moved as the table grew. ``beyond`` is the budget over the largest measured one (1 means
    in range); ``attrs`` say how the intervals came about.

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
            f"the bound and not by the runs: {_why_stuck(fit)}",
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
    measured_flops = per_param_token * fit.inputs["params"] * fit.inputs["tokens"]
    largest = float(measured_flops[fit.counted].max())
    far = np.log10(np.maximum(1.0, budgets / largest))
    frame = pd.DataFrame({"flops": budgets})
    frame.attrs.update(level=level, simulated=fit.simulated, **drawn.attrs)
    frame.attrs |= {"per_decade": 0.0, "moved": 0.0, "origins": 0}
    allowed = dict.fromkeys(results, np.zeros(len(budgets)))
    if far.any() and beyond.applies(law):
        split = _moved(fit, budgets, per_param_token, far)
        allowed = {"params": split, "tokens": split, "tokens_per_param": 2 * split}
        allowed["loss"] = np.full(len(budgets), beyond.per_decade(fit))
        frame.attrs |= {"per_decade": beyond.per_decade(fit), "moved": float(split.max())}
        frame.attrs["origins"] = len(beyond.misses(fit).table)
    for name, value in results.items():
        law_ends = ends(drawn, value[1:], value[0], level)
        staked = beyond.widened(level, value[0], law_ends, far, allowed[name])
        frame[name] = value[0]
        frame[f"{name}_low"], frame[f"{name}_high"] = staked
        frame[f"{name}_law_low"], frame[f"{name}_law_high"] = law_ends
    frame["beyond"] = np.maximum(1.0, budgets / largest)
    return frame


def _why_stuck(fit: Fitted) -> str:
    """Return why an exponent went to the edge of its range, and what would help."""
    loss, d = fit.loss[fit.counted], fit.design
    low, high = float(loss.min()), float(loss.max())
    if high - low <= FLAT * high:
        return (
            f"the loss hardly changes over these runs ({low:.5g} to {high:.5g}), so nothing says "
            f"how it depends on size or data. Check the column, or add runs whose losses differ."
        )
    least, most = d.tokens_per_param or (1.0, 1.0)
    if most >= APART * least:
        return (
            f"the runs do vary {' and '.join(fit.law.inputs)} separately, but one of the terms "
            f"does not show beside the rest of the loss. Add runs small enough in that input for "
            f"it to matter, or with less scatter."
        )
    return f"add runs that vary {' and '.join(fit.law.inputs)} separately."


def _moved(fit: Fitted, budgets: Array, per_param_token: float, far: Array) -> Array:
    """Return how much log N* moved per decade by which the table grew, (m,); 0 inside the runs."""

    def best(flops: Array) -> Quantity:
        def size(p: Values) -> Array:
            one = {k: np.atleast_1d(v) for k, v in p.items()}
            return optimal_params(fit.law, one, flops, per_param_token=per_param_token)[..., 0]

        return size

    out = np.zeros(len(budgets))
    for k in np.flatnonzero(far > 0):
        # One decade of it: parameters settle as a table grows, where misses go on.
        out[k] = (beyond.moved(fit, best(budgets[k : k + 1])) or 0.0) / max(1.0, far[k])
    return out
