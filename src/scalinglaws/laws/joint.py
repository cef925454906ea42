"""Laws of several inputs: Kaplan's, over-trained and routed models."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Parameter, Values, coefficient, exponent, level

_HUGE = 1e100
"""Largest scale in the unit of an input: its power must stay a finite number."""


def log_weights(log_columns: Sequence[Array], least: float = 0.01) -> Array:
    """Return logs (T, K) of the positive weights with which columns (K, n) add up to about one.

    No weight is below the share ``least`` of what its column alone would need.
    """
    logs = np.stack(np.broadcast_arrays(*log_columns), axis=-1)
    size = logs.max(axis=1, keepdims=True)
    size = size + np.log(np.exp(logs - size).mean(axis=1, keepdims=True))
    basis = np.exp(logs - size)
    weights = np.linalg.pinv(basis).sum(axis=-1)
    log_weights = np.log(np.maximum(weights, least)) - size[:, 0]
    return np.moveaxis(log_weights, -1, 0)


def _scale(name: str, symbol: str, unit: str, meaning: str) -> Parameter:
    # Both ends alike: a bound in units of the loss would be met by a scale in large units.
    return Parameter(
        name=name, symbol=symbol, unit=unit, meaning=meaning, lower=1 / _HUGE, upper=_HUGE
    )


def _reach(log_weight: Array, power: Array) -> Array:
    return np.exp(np.clip(log_weight / power, -np.log(_HUGE), np.log(_HUGE)))


def _kaplan_nd(p: Values, x: Values) -> Any:
    size = p["alpha_N"] / p["alpha_D"] * (np.log(p["N_c"]) - np.log(x["params"]))
    data = np.log(p["D_c"]) - np.log(x["tokens"])
    return np.exp(p["alpha_D"] * np.logaddexp(size, data))


def _guess_nd(
    values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    # L^(1/alpha_D) is a sum of two powers, and linear in their weights.
    ratio = values["alpha_N"] / values["alpha_D"]
    target = np.log(loss) / values["alpha_D"][:, None]
    size, data = log_weights(
        [
            -ratio[:, None] * np.log(inputs["params"]) - target,
            -np.log(inputs["tokens"]) - target,
        ]
    )
    return {**values, "N_c": _reach(size, ratio), "D_c": _reach(data, np.ones_like(data))}


KAPLAN_ND = Law(
    name="Kaplan, size and data",
    inputs=("params", "tokens"),
    parameters=(
        _scale("N_c", "N_c", "params", "size at which the size term alone gives a loss of one"),
        _scale("D_c", "D_c", "tokens", "data at which the data term alone gives a loss of one"),
        exponent("alpha_N", "α_N", "how fast loss falls with model size"),
        exponent("alpha_D", "α_D", "how fast loss falls with data"),
    ),
    function=_kaplan_nd,
    guess=_guess_nd,
    formula="L(N, D) = [(N_c/N)^(alpha_N/alpha_D) + D_c/D]^alpha_D",
    reference="Kaplan et al. 2020, equation 1.5",
)
"""Loss of a model of ``params`` stopped early on ``tokens`` of data."""


def _kaplan_ns(p: Values, x: Values) -> Any:
    size = p["alpha_N"] * (np.log(p["N_c"]) - np.log(x["params"]))
    steps = p["alpha_S"] * (np.log(p["S_c"]) - np.log(x["steps"]))
    return np.exp(size) + np.exp(steps)


def _guess_ns(
    values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    size, steps = log_weights(
        [
            -values["alpha_N"][:, None] * np.log(inputs["params"]) - np.log(loss),
            -values["alpha_S"][:, None] * np.log(inputs["steps"]) - np.log(loss),
        ]
    )
    return {
        **values,
        "N_c": _reach(size, values["alpha_N"]),
        "S_c": _reach(steps, values["alpha_S"]),
    }


KAPLAN_NS = Law(
    name="Kaplan, size and steps",
    inputs=("params", "steps"),
    parameters=(
        _scale("N_c", "N_c", "params", "size at which the size term is one"),
        _scale("S_c", "S_c", "steps", "steps at which the steps term is one"),
        exponent("alpha_N", "α_N", "how fast loss falls with model size"),
        exponent("alpha_S", "α_S", "how fast loss falls with steps"),
    ),
    function=_kaplan_ns,
    guess=_guess_ns,
    formula="L(N, S) = (N_c/N)^alpha_N + (S_c/S)^alpha_S",
    reference="Kaplan et al. 2020, equation 1.6",
)
"""Loss of a model of ``params`` after ``steps``, which Kaplan et al. count at a large batch."""


def _overtrained(p: Values, x: Values) -> Any:
    flops, ratio = np.log(x["flops"]), np.log(x["tokens_per_param"])
    up = p["a"] * np.exp(p["eta"] * (ratio - flops))
    return p["E"] + up + p["b"] * np.exp(p["eta"] * (-ratio - flops))


OVERTRAINED = Law(
    name="over-training",
    inputs=("flops", "tokens_per_param"),
    parameters=(
        level("E", "E", "loss", "irreducible loss: what no scale removes"),
        coefficient("a", "a", "loss * flops^eta", "weight of the finite-model term"),
        coefficient("b", "b", "loss * flops^eta", "weight of the finite-data term"),
        exponent("eta", "η", "how fast loss falls with compute at a fixed ratio of tokens to size"),
    ),
    function=_overtrained,
    linear=("E", "a", "b"),
    formula="L = E + (a M^eta + b M^-eta) C^-eta",
    reference="Gadre et al. 2024, equation 4",
)
"""Loss as a function of compute C and tokens per parameter M.

It is :data:`CHINCHILLA` with equal exponents, ``alpha = beta = 2 eta``, written in C = 6 N D and
M = D / N.
"""


def _log_experts(p: Values, x: Values) -> Any:
    """Return the log of the saturated number of experts."""
    rate = 1.0 / p["E_start"] - 1.0 / p["E_max"]
    return -np.log(rate / ((x["experts"] - 1.0) * rate + 1.0) + 1.0 / p["E_max"])


def _routed(p: Values, x: Values) -> Any:
    size, experts = np.log(x["params"]), _log_experts(p, x)
    ten = np.log(10.0)
    return np.exp(p["a"] * size + p["b"] * experts + p["c"] * size * experts / ten + p["d"] * ten)


def _guess_routed(
    values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    # For given limits of the experts, log L is linear in the other four.
    experts = _log_experts({k: v[:, None] for k, v in values.items()}, inputs) / np.log(10.0)
    size = np.broadcast_to(np.log10(inputs["params"]), experts.shape)
    basis = np.stack([size, experts, size * experts, np.ones_like(size)], axis=-1)
    weights = np.linalg.pinv(basis) @ np.log10(loss)
    return {**values, **dict(zip("abcd", weights.T, strict=True))}


def _either_sign(name: str, meaning: str) -> Parameter:
    return Parameter(
        name=name,
        symbol=name,
        unit="1",
        meaning=meaning,
        lower=-np.inf,
        space="linear",
    )


ROUTED = Law(
    name="routed",
    inputs=("params", "experts"),
    parameters=(
        _either_sign("a", "exponent of the size of the dense part"),
        _either_sign("b", "exponent of the number of experts"),
        _either_sign("c", "how the gain from experts fades with size"),
        _either_sign("d", "log10 of the loss at one parameter"),
        Parameter(
            name="E_start",
            symbol="E_start",
            unit="experts",
            meaning="number of experts that one expert counts as",
            lower=0.01,
            upper=20.0,
            start=(0.5, 10.0),
        ),
        Parameter(
            name="E_max",
            symbol="E_max",
            unit="experts",
            meaning="number of experts that any number counts as at most",
            # Above the largest E_start, so that more experts always count as more.
            lower=20.0,
            upper=1e9,
            start=(50.0, 5000.0),
        ),
    ),
    function=_routed,
    guess=_guess_routed,
    formula=(
        "log10 L = a log10 N + b log10 Ê + c log10 N log10 Ê + d, "
        "1/Ê = 1/(E - 1 + (1/E_start - 1/E_max)^-1) + 1/E_max"
    ),
    reference="Clark et al. 2022, equation 1",
)
"""Loss of a model of ``params`` without its experts, routed to one of ``experts``."""
