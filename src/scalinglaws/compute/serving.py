"""Training and serving together: the model of a given quality that is cheapest over its life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.compute.grounds import not_stuck
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.compute.price import Price
from scalinglaws.compute.staking import staked
from scalinglaws.errors import BadParameters, Unidentifiable
from scalinglaws.intervals import beyond
from scalinglaws.intervals.resampling import RESAMPLES, ends, resampled

if TYPE_CHECKING:
    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.laws import Law
    from scalinglaws.laws.parts import Values

SERVING = 2.0
"""FLOPs of a parameter and served token: a forward pass, of the six that training takes."""

LOST = 0.05
"""Share of resamples that may not reach a quality before an interval of its cost is refused."""

_GOLDEN = (np.sqrt(5) - 1) / 2
_DOWN, _UP = float(np.log(1e4)), float(np.log(2.0))
_MOST = float(np.log(1e40))
_STEP = 1e-4


def tokens_for(law: Law, values: Values, *, params: Array, loss: Array | float) -> Array:
    """Return the training tokens with which models of given sizes reach a loss; inf where none do.

    Solves ``law(N, D) = loss`` for D by bisection in ``log D``, for parameter values of shape (B,)
    and sizes and losses of shape (B, m), or of numbers and (m,). The loss must fall with D.

    >>> p = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
    >>> from scalinglaws.laws import CHINCHILLA
    >>> d = tokens_for(CHINCHILLA, p, params=np.array([7e9]), loss=2.0)
    >>> round(float(CHINCHILLA(p, params=np.array([7e9]), tokens=d)[0]), 9)
    2.0
    """
    low, high = np.zeros(np.shape(params)), np.full(np.shape(params), _MOST)
    reached = law(values, params=params, tokens=np.exp(high)) <= loss
    for _ in range(50):  # 92 e-folds, halved to 1e-13 of an e-fold
        middle = 0.5 * (low + high)
        above = law(values, params=params, tokens=np.exp(middle)) > loss
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(reached, np.exp(0.5 * (low + high)), np.inf)


def optimal_tokens(law: Law, values: Values, *, params: Array) -> Array:
    """Return the training tokens for which models of given sizes are compute-optimal.

    There a little more size and a little more data lower the loss alike. Shapes are those of
    :func:`tokens_for`. Hoffmann et al. 2022, equation 4, turned around.
    """

    def short_of_data(log_tokens: Array) -> npt.NDArray[np.bool_]:
        def at(more_size: float, more_data: float) -> Array:
            tokens = np.exp(log_tokens + more_data)
            return law(values, params=params * np.exp(more_size), tokens=tokens)

        by_size = at(-_STEP, 0.0) - at(_STEP, 0.0)
        return np.asarray(at(0.0, -_STEP) - at(0.0, _STEP) > by_size)

    low, high = np.zeros(np.shape(params)), np.full(np.shape(params), _MOST)
    for _ in range(45):  # to 3e-12 of an e-fold
        middle = 0.5 * (low + high)
        short = short_of_data(middle)
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray(np.exp(0.5 * (low + high)))


def cheapest_params(
    law: Law, values: Values, *, loss: Array, served: float, price: Price, around: Array
) -> Array:
    """Return the size that reaches a loss at the least cost of training and serving.

    Minimises ``6 N D p_train + 2 N S p_serve`` over ``log N`` by golden section, with D from
    :func:`tokens_for`, whose shapes these are; ``around`` is a size to look around.
    """
    low, high = np.log(around) - _DOWN, np.log(around) + _UP

    def cost(log_params: Array) -> Array:
        params = np.exp(log_params)
        tokens = tokens_for(law, values, params=params, loss=loss)
        return FLOPS_PER_PARAM_TOKEN * params * tokens * price.train + (
            SERVING * params * served * price.serve
        )

    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    of_left, of_right = cost(left), cost(right)
    for _ in range(45):  # 10 e-folds cut by the golden ratio: 4e-9 of an e-fold
        keep = of_left < of_right
        low, high = np.where(keep, low, left), np.where(keep, right, high)
        fresh = np.where(keep, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        of_fresh = cost(fresh)
        left, right = np.where(keep, fresh, right), np.where(keep, left, fresh)
        of_left, of_right = np.where(keep, of_fresh, of_right), np.where(keep, of_left, of_fresh)
    return np.asarray(np.exp(0.5 * (low + high)))


def lifetime(
    fit: Fitted,
    served_tokens: npt.ArrayLike,
    *,
    as_good_as: float | None = None,
    loss: float | None = None,
    price: Price | None = None,
    level: float = 0.9,
    kind: str | None = None,
    n: int = RESAMPLES,
    by: str | None = None,
) -> pd.DataFrame:
    """Find the model of a given quality that costs least to train and to serve.

    Minimises ``6 N D p_train + 2 N S p_serve`` subject to ``L(N, D) = loss``, for S tokens served.
    ``fit`` is a fit of a law of params and tokens. The quality is that of the compute-optimal model
    of ``as_good_as`` parameters, or a ``loss``. ``price`` is what a FLOP costs when training and
    when serving; without it FLOPs are counted. ``level``, ``kind``, ``n`` and ``by`` are those of
    :meth:`Fit.interval`.

    Returns a row for each number of ``served_tokens``: ``params``, ``tokens``,
    ``tokens_per_param``, ``cost`` over the life, and ``saved``, the share saved against the
    compute-optimal model of that quality; each with ``_low`` and ``_high``, and with ``_law_low``
    and ``_law_high``, the interval if the law holds. ``beyond`` is by how much the tokens per
    parameter pass the largest measured (1 means in range), beyond which the ends of params and
    tokens are widened as those of :func:`allocate` are.

    Raises :class:`Unidentifiable` for a law of other inputs, an exponent at its bound, a quality
    that the law never reaches, or that more than a twentieth of its refits never reach, and
    :class:`BadParameters` for no quality or two, or numbers that are not positive. Sardana et al.
    2023.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> life = lifetime(fit, [0, 2e12], as_good_as=13e9, n=200)
    >>> round(float(life["params"][0] / 13e9), 3), bool(life["params"][1] < 13e9)
    (1.0, True)
    """
    level, n, price = checks.level(level), checks.resamples(n), price or Price()
    law = fit.law
    if set(law.inputs) != {"params", "tokens"}:
        raise Unidentifiable(
            f"{law.name} is a law of {', '.join(law.inputs)}; trading size for data at one quality "
            f"needs a law of params and tokens, such as laws.CHINCHILLA"
        )
    not_stuck(fit)
    if (as_good_as is None) == (loss is None):
        raise BadParameters("give one quality: as_good_as= (a size), or loss=")
    named = {"as_good_as": as_good_as} if loss is None else {"loss": loss}
    target = next(iter(checks.numbers(named, what="a quality").values()))
    served = np.atleast_1d(np.asarray(served_tokens, dtype=float))
    if served.ndim > 1 or not (np.isfinite(served) & (served >= 0)).all() or target <= 0:
        raise BadParameters(
            f"served tokens must be numbers from 0 on and a quality positive; found "
            f"{served_tokens!r}, {named}"
        )
    drawn = resampled(fit, n, kind=kind, by=by)
    values = {k: np.r_[fit.params[k], drawn[k].to_numpy()] for k in law.names}
    size, goal = _quality(law, values, as_good_as, loss)
    huge = np.full(size.shape, np.exp(_MOST))
    reachable = (np.isfinite(goal) & (goal > law(values, params=huge, tokens=huge)))[:, 0]
    if not reachable[0] or (~reachable).mean() > LOST:
        raise Unidentifiable(
            f"{law.name} does not reach a loss of {goal[0, 0]:.4g} at any size, by "
            + (f"{(~reachable).mean():.0%} of its refits" if reachable[0] else "its best fit")
            + ": ask for a higher loss, or add runs that come nearer to it",
            partial=fit,
        )
    values = {k: v[reachable] for k, v in values.items()}
    size, goal, drawn = size[reachable], goal[reachable], drawn[reachable[1:]]
    frame = pd.DataFrame(
        [_life(fit, drawn, values, size, goal, float(s), price, level) for s in served]
    )
    frame.attrs.update(level=level, simulated=fit.simulated, **drawn.attrs)
    frame.attrs |= {"loss": float(goal[0, 0])}
    return frame


def _quality(
    law: Law, values: Values, as_good_as: float | None, loss: float | None
) -> tuple[Array, Array]:
    """Return the compute-optimal size (B, 1) of the quality asked for, and its loss (B, 1)."""
    shape = (len(next(iter(values.values()))), 1)

    def best(params: Array) -> Array:
        return law(values, params=params, tokens=optimal_tokens(law, values, params=params))

    if as_good_as is not None:
        size = np.full(shape, float(as_good_as))
        return size, best(size)
    low, high, goal = np.zeros(shape), np.full(shape, _MOST / 2), np.full(shape, float(loss or 0.0))
    for _ in range(40):  # to 4e-11 of an e-fold
        middle = 0.5 * (low + high)
        above = best(np.exp(middle)) > goal
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.exp(0.5 * (low + high)), goal


def _answers(
    law: Law, values: Values, size: Array, goal: Array, served: float, price: Price
) -> dict[str, Array]:
    """Return the cheapest model of each draw, what it costs, and the share that it saves."""
    params = cheapest_params(law, values, loss=goal, served=served, price=price, around=size)
    tokens = tokens_for(law, values, params=params, loss=goal)
    plain = tokens_for(law, values, params=size, loss=goal)
    cost, of_plain = (
        FLOPS_PER_PARAM_TOKEN * n * d * price.train + SERVING * n * served * price.serve
        for n, d in ((params, tokens), (size, plain))
    )
    found = {"params": params, "tokens": tokens, "tokens_per_param": tokens / params}
    with np.errstate(invalid="ignore"):  # where no size reaches the loss, no share is saved
        found |= {"cost": cost, "saved": 1 - cost / of_plain}
    return {k: v[:, 0] for k, v in found.items()}


def _life(
    fit: Fitted,
    drawn: pd.DataFrame,
    values: Values,
    size: Array,
    goal: Array,
    served: float,
    price: Price,
    level: float,
) -> dict[str, float]:
    """Return one row: the answers with their ends, wider where they lie beyond the runs."""
    law = fit.law
    found = _answers(law, values, size, goal, served, price)
    at = {k: found[k][:1] for k in ("params", "tokens")}
    ratio = fit.inputs["tokens"][fit.counted] / fit.inputs["params"][fit.counted]
    times = float(max(1.0, found["tokens_per_param"][0] / ratio.max()))
    far = max(float(beyond.decades_beyond(fit, at)[0]), float(np.log10(times)))
    off: list[dict[str, Array]] = []
    if far and beyond.applies(law):
        # A miss of the loss is met by more or less training: the same question for two losses.
        half = beyond.half_width(level, 1.0) * beyond.per_decade(fit) * far
        first = {k: v[:1] for k, v in values.items()}
        off = [
            _answers(law, first, size[:1], goal[:1] * np.exp(h), served, price)
            for h in (-half, half)
        ]
    row = {"served": served}
    for name, value in found.items():
        low, high = ends(drawn, value[1:], value[0], level)
        row |= {name: float(value[0]), f"{name}_law_low": float(low)}
        row[f"{name}_law_high"] = float(high)
        others = np.array([a[name][0] for a in off] or [value[0]])
        row |= staked(name, float(value[0]), low, high, others, saved=name == "saved")
    return row | {"beyond": times}
