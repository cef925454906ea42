"""The size of model that a budget is best spent on, under any law of params and tokens."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters, BadRuns, Unidentifiable, UnknownName
from scalinglaws.laws import Law
from scalinglaws.laws.parts import Bound, Function, Values

FLOPS_PER_PARAM_TOKEN = 6.0
_GOLDEN = (np.sqrt(5) - 1) / 2
_REACH = 60.0
"""Size and data are looked for up to this many e-folds of each other's middle, in any unit."""


def optimal_params(
    law: Law,
    values: Values,
    flops: Array,
    *,
    per_param_token: float = FLOPS_PER_PARAM_TOKEN,
    given: Mapping[str, Array] | None = None,
) -> Array:
    """Return the model size that minimises the loss at each budget.

    Minimises ``law(N, C / (k N))`` over ``log N`` by golden section, for parameter values of shape
    (B,) and budgets of shape (m,) at once; returns (B, m). ``given`` holds the law's other inputs,
    (m,) each, such as ``unique_tokens``. The loss must have one minimum along the budget. Raises
    :class:`Unidentifiable` where, at any of the values, it falls on and on.
    """
    budget = np.log(flops / per_param_token)[None, :]
    size = len(np.atleast_1d(next(iter(values.values()))))
    middle = np.broadcast_to(budget / 2, (size, budget.shape[1]))
    low, high = middle - _REACH, middle + _REACH
    other = {k: np.broadcast_to(v, middle.shape) for k, v in (given or {}).items()}

    def loss(log_params: Array) -> Array:
        tokens = np.exp(budget - log_params)
        with np.errstate(all="ignore"):  # refits of wild resamples leave the range of doubles
            return law(values, params=np.exp(log_params), tokens=tokens, **other)

    # 80 cuts by the golden ratio bring 120 e-folds to 2e-15.
    # Of the two points inside, one is a point of the bracket that is left.
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(80):
        keep = at_left < at_right
        low, high = np.where(keep, low, left), np.where(keep, right, high)
        width = _GOLDEN * (high - low)
        fresh = np.where(keep, high - width, low + width)
        at_fresh = loss(fresh)
        left, right = np.where(keep, fresh, right), np.where(keep, left, fresh)
        at_left, at_right = (
            np.where(keep, at_fresh, at_right),
            np.where(keep, at_left, at_fresh),
        )
    found = 0.5 * (low + high)
    if (np.abs(found - middle) > _REACH - 1).all(axis=0).any():
        raise Unidentifiable(
            f"{law.name} has no best split of a budget: at these values it goes on falling, the "
            f"more of it is spent on one of params and tokens"
        )
    best: Array = np.exp(found)
    return best


def splits(law: Law) -> bool:
    """Return whether a budget can be split under a law: one of size and data, in either form."""
    return set(law.inputs) - {"unique_tokens"} == {"params", "tokens"} or tied(law)


def tied(law: Law) -> bool:
    """Return whether a law is one of compute and tokens per parameter, such as OVERTRAINED."""
    return set(law.inputs) == {"flops", "tokens_per_param"}


def of_size_and_data(law: Law, *, per_param_token: float = FLOPS_PER_PARAM_TOKEN) -> Law:
    """Return a law of compute and tokens per parameter as one of params and tokens.

    With ``C = k N D`` and ``M = D / N``; any other law is returned as it is.
    """
    if not tied(law):
        return law
    return replace(
        law,
        inputs=("params", "tokens"),
        function=Bound(_split, (law.function, per_param_token)),
        terms=(),
        guess=None,
    )


def _split(of: Function, per_param_token: float, p: Values, x: Values) -> Any:
    flops = per_param_token * x["params"] * x["tokens"]
    return of(p, {"flops": flops, "tokens_per_param": x["tokens"] / x["params"]})


def growth(
    law: Law,
    values: Values,
    *,
    low: float,
    high: float,
    per_param_token: float = FLOPS_PER_PARAM_TOKEN,
) -> npt.NDArray[np.float64]:
    """Return the exponent with which the best size grows between two budgets in FLOPs.

    The slope of the least-squares line through log N* at 25 budgets, evenly spaced in the
    logarithm, for parameter values by name of shape () or (B,); returns that shape. Use it as a
    quantity: ``fit.interval(lambda p: sl.compute.growth(law, p, low=..., high=...))``. Raises
    :class:`BadRuns` unless 0 < low < high, :class:`UnknownName` for a parameter without a value,
    and :class:`BadParameters` for a law of other inputs or a factor that is not positive.
    """
    if not 0 < low < high < np.inf:
        raise BadRuns(f"two budgets in FLOPs are expected, low below high; found {low}, {high}")
    if not 0 < per_param_token < np.inf:
        raise BadParameters(f"per_param_token must be positive; found {per_param_token!r}")
    if missing := [n for n in law.names if n not in values]:
        raise UnknownName(f"{law.name} needs a value for {', '.join(missing)}")
    if set(law.inputs) != {"params", "tokens"}:
        raise BadParameters(
            f"{law.name} is not a law of params and tokens, so it has no compute-optimal split"
        )
    budgets = np.geomspace(low, high, 25)
    p = {k: np.asarray(v, dtype=float) for k, v in values.items()}
    shape = np.broadcast_shapes(*(v.shape for v in p.values()))
    rows = {k: np.broadcast_to(v, shape).reshape(-1) for k, v in p.items()}
    best = np.log(optimal_params(law, rows, budgets, per_param_token=per_param_token))
    away = np.log(budgets) - np.log(budgets).mean()
    return np.asarray(best @ away / (away @ away)).reshape(shape)
