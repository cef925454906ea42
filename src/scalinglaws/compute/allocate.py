"""Compute-optimal size and data under a fitted law, with intervals: Hoffmann et al. 2022, eq. 4."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.compute.grounds import not_stuck, trust
from scalinglaws.compute.optimum import (
    FLOPS_PER_PARAM_TOKEN,
    of_size_and_data,
    optimal_params,
    splits,
    tied,
)
from scalinglaws.errors import BadParameters, BadRuns, Fix, Problem, Unidentifiable
from scalinglaws.fitting.fitted import Fitted
from scalinglaws.intervals import beyond
from scalinglaws.intervals.quantity import Quantity
from scalinglaws.intervals.resampling import RESAMPLES, ends, resampled
from scalinglaws.laws import Law
from scalinglaws.laws.parts import Values

IDLE = 1e-6
"""Gain from ten times the compute, as a share of the loss, below which text is used up."""

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
    unique_tokens: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Split each budget between model size and data so that the predicted loss is lowest.

    Minimises ``L(N, D)`` subject to ``k N D = C``. ``fit`` is a fit of a law of params and tokens;
    ``flops`` one budget or several, (m,), in floating-point operations; ``per_param_token`` is
    ``k``, FLOPs per parameter and token. ``level``, ``kind``, ``n`` and ``by`` are those of
    :meth:`Fit.interval`, for bootstraps. Returns one row for each budget: ``params``, ``tokens``,
    ``tokens_per_param`` and ``loss``, each with ``_law_low`` and ``_law_high``, the interval if the
    law holds, and ``_low`` and ``_high``, the one to stake a budget on: beyond the runs it is wider
    by the decades beyond, times what the loss misses (see :meth:`Fit.predict`) and what the best
    split moved as the table grew. ``beyond`` is the budget over the largest measured one, or the
    smallest over it (1 means in range); ``status`` is "ok", or what the fit that the answer rests
    on warns of; ``attrs`` say how the intervals came about.

    A law of compute and tokens per parameter, such as ``laws.OVERTRAINED``, is split as well, with
    ``C = k N D`` and ``M = D / N``. A law of ``unique_tokens`` too, such as
    ``laws.DATA_CONSTRAINED``, takes how much text there is, in tokens, once or for each budget,
    (m,): tokens beyond it are repeats. Then ``epochs``, tokens over unique tokens and at least 1,
    is a column with its ends.

    Raises :class:`Unidentifiable` for a law that is not one of params and tokens, runs of several
    sources that one law does not hold for, an exponent at its bound, a law without an optimum or a
    budget that the text cannot use, :class:`BadRuns` for a budget that is not positive, and
    :class:`BadParameters` for ``unique_tokens`` that the law needs and lacks, or does not know.
    Hoffmann et al. 2022, equation 4; Muennighoff et al. 2023 for repeats.

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
    if not splits(law):
        raise Unidentifiable(
            f"{law.name} is a law of {', '.join(law.inputs)}; splitting a budget between size and "
            f"data needs a law of both params and tokens, such as laws.CHINCHILLA"
        )
    not_stuck(fit)
    if checks.numbers({"k": per_param_token}, what="per_param_token")["k"] <= 0:
        raise BadParameters(f"per_param_token must be positive; found {per_param_token!r}")
    budgets = positive_budgets(flops)
    law = of_size_and_data(law, per_param_token=per_param_token)
    given = _text(law, unique_tokens, len(budgets))
    drawn = resampled(fit, n, kind=kind, by=by)
    values = {k: np.r_[fit.params[k], drawn[k].to_numpy()] for k in law.names}
    if given:
        _not_used_up(fit, budgets, per_param_token, given)
    params = optimal_params(law, values, budgets, per_param_token=per_param_token, given=given)
    tokens = budgets / per_param_token / params
    results = {
        "params": params,
        "tokens": tokens,
        "tokens_per_param": tokens / params,
        "loss": law(values, params=params, tokens=tokens, **given),
    }
    if given:
        results["epochs"] = np.maximum(1.0, tokens / given["unique_tokens"])
    x = fit.inputs
    measured = x["flops"] if tied(fit.law) else per_param_token * x["params"] * x["tokens"]
    measured = measured[fit.counted]
    away = np.maximum(1.0, np.maximum(budgets / measured.max(), measured.min() / budgets))
    far = np.log10(away)
    frame = pd.DataFrame({"flops": budgets})
    frame.attrs.update(level=level, simulated=fit.simulated, **drawn.attrs)
    frame.attrs |= {"per_decade": 0.0, "moved": 0.0, "origins": 0}
    allowed = dict.fromkeys(results, np.zeros(len(budgets)))
    if far.any() and beyond.applies(law):
        split = _moved(fit, budgets, per_param_token, far, given)
        allowed = dict.fromkeys(("params", "tokens", "epochs"), split)
        allowed["tokens_per_param"] = 2 * split
        allowed["loss"] = np.full(len(budgets), beyond.per_decade(fit))
        frame.attrs |= {"per_decade": beyond.per_decade(fit), "moved": float(split.max())}
        frame.attrs["origins"] = len(beyond.misses(fit).table)
    for name, value in results.items():
        law_ends = ends(drawn, value[1:], value[0], level)
        staked = beyond.widened(level, value[0], law_ends, far, allowed[name])
        frame[name] = value[0]
        frame[f"{name}_low"], frame[f"{name}_high"] = staked
        frame[f"{name}_law_low"], frame[f"{name}_law_high"] = law_ends
    frame["beyond"] = away
    frame["status"] = frame.attrs["status"] = trust(fit)
    return frame


def _text(law: Law, unique_tokens: npt.ArrayLike | None, budgets: int) -> dict[str, Array]:
    """Return the input ``unique_tokens`` (m,) of a law that has it, or nothing."""
    needed, fix = "unique_tokens" in law.inputs, Fix("unique_tokens", 25e9)
    if needed != (unique_tokens is not None):
        raise BadParameters(
            Problem(f"{law.name} counts repeats: say how much text there is, such as {fix}", fix)
            if needed
            else f"{law.name} takes every token for a new one, so unique_tokens={unique_tokens!r} "
            f"says nothing to it; laws.DATA_CONSTRAINED tells repeats apart"
        )
    if unique_tokens is None:
        return {}
    try:
        text = np.broadcast_to(np.asarray(unique_tokens, dtype=float), budgets)
    except (TypeError, ValueError):
        text = np.array([np.nan])
    if not (np.isfinite(text) & (text > 0)).all():
        raise BadParameters(
            f"unique_tokens must be a positive number of tokens, or one for each of the {budgets} "
            f"budgets; found {unique_tokens!r}"
        )
    return {"unique_tokens": text}


def _not_used_up(
    fit: Fitted, budgets: Array, per_param_token: float, given: dict[str, Array]
) -> None:
    """Raise :class:`Unidentifiable` where a tenth of a budget would reach the same loss."""
    one = {k: np.array([v]) for k, v in fit.params.items()}

    def lowest(flops: Array) -> Array:
        options: dict[str, Any] = {"per_param_token": per_param_token, "given": given}
        params = optimal_params(fit.law, one, flops, **options)[0]
        tokens = flops / per_param_token / params
        return fit.law(fit.params, params=params, tokens=tokens, **given)

    with_all, with_a_tenth = lowest(budgets), lowest(budgets / 10)
    idle = with_a_tenth - with_all < IDLE * with_all
    if idle.any():
        k = int(idle.argmax())
        raise Unidentifiable(
            f"{given['unique_tokens'][k]:.3g} unique tokens are used up before {budgets[k]:.3g} "
            f"FLOPs are: a tenth of them reaches the same loss, {with_all[k]:.4g}, and sizes far "
            f"apart do equally well. Add text, or ask for a smaller budget"
        )


def _moved(
    fit: Fitted, budgets: Array, per_param_token: float, far: Array, given: dict[str, Array]
) -> Array:
    """Return how much log N* moved per decade by which the table grew, (m,); 0 inside the runs."""
    law = of_size_and_data(fit.law, per_param_token=per_param_token)

    def best(k: int) -> Quantity:
        def size(p: Values) -> Array:
            one = {name: np.atleast_1d(v) for name, v in p.items()}
            here = {name: text[k : k + 1] for name, text in given.items()}
            options: dict[str, Any] = {"per_param_token": per_param_token, "given": here}
            return optimal_params(law, one, budgets[k : k + 1], **options)[..., 0]

        return size

    out = np.zeros(len(budgets))
    for k in np.flatnonzero(far > 0):
        # One decade of it: parameters settle as a table grows, where misses go on.
        out[k] = (beyond.moved(fit, best(int(k))) or 0.0) / max(1.0, far[k])
    return out
