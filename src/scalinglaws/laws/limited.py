"""Chinchilla's law where text is read again: Muennighoff's law of limited data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.laws.joint import log_weights
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import First, Parameter, Values, coefficient, exponent, level

ONCE = 1.05
"""Tokens over unique tokens up to which text counts as read once: names of runs are rounded."""

_HUGE = 1e100
"""Largest weight of a term: its powers must stay finite numbers."""
_NO_MORE = 50.0
"""Log of a repetition beyond which another one adds nothing that a double can hold."""


def read_once(inputs: Mapping[str, Array]) -> npt.NDArray[np.bool_]:
    """Return which runs read their text once, (n,), from ``tokens`` and ``unique_tokens``."""
    return np.asarray(inputs["tokens"] <= ONCE * inputs["unique_tokens"])


def _log_effective(p: Values, x: Values) -> tuple[Any, Any]:
    """Return logs of the effective size and data, ``U (1 + R* (1 - exp(-R / R*)))`` each."""
    size, data = np.log(x["params"]), np.log(x["tokens"])
    unique = np.minimum(np.log(x["unique_tokens"]), data)
    ratio = np.log(p["alpha"]) + np.log(p["A"]) - np.log(p["beta"]) - np.log(p["B"])
    log_g = ratio / (p["alpha"] + p["beta"])
    base = np.minimum(p["beta"] / p["alpha"] * (unique + log_g) + log_g, size)
    excess = np.expm1(np.minimum(size - base, _NO_MORE))
    repeats = np.expm1(np.minimum(data - unique, _NO_MORE))
    return (
        base + np.log1p(-p["R_N"] * np.expm1(-excess / p["R_N"])),
        unique + np.log1p(-p["R_D"] * np.expm1(-repeats / p["R_D"])),
    )


def _data_constrained(p: Values, x: Values) -> Any:
    size, data = _log_effective(p, x)
    return p["E"] + p["A"] * np.exp(-p["alpha"] * size) + p["B"] * np.exp(-p["beta"] * data)


def _guess_constrained(
    values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    # The weights are linear once effective size is known, which itself depends on their ratio.
    alpha, beta = values["alpha"][:, None], values["beta"][:, None]
    found = dict(values)
    size = np.broadcast_to(np.log(inputs["params"]), (len(alpha), len(loss)))
    for _ in range(3):
        p = {k: v[:, None] for k, v in found.items()}
        data = _log_effective(p, inputs)[1]
        columns = [-alpha * size - np.log(loss), -beta * data - np.log(loss), -np.log(loss)[None]]
        weights = np.exp(np.clip(log_weights(columns), -np.log(_HUGE), np.log(_HUGE)))
        found.update(zip(("A", "B", "E"), weights, strict=True))
        size = _log_effective({k: v[:, None] for k, v in found.items()}, inputs)[0]
    return found


def _reuse(name: str, symbol: str, meaning: str) -> Parameter:
    return Parameter(
        name=name,
        symbol=symbol,
        unit="1",
        meaning=meaning,
        lower=1e-3,
        upper=1e6,
        start=(0.5, 200.0),
    )


DATA_CONSTRAINED = Law(
    name="limited data",
    inputs=("params", "tokens", "unique_tokens"),
    parameters=(
        coefficient("A", "A", "loss * params^alpha", "weight of the finite-model term"),
        coefficient("B", "B", "loss * tokens^beta", "weight of the finite-data term"),
        level("E", "E", "loss", "irreducible loss: what no scale removes"),
        exponent("alpha", "α", "how fast loss falls with effective size"),
        exponent("beta", "β", "how fast loss falls with effective data"),
        _reuse("R_D", "R_D*", "repetitions of the data after which further ones fade"),
        _reuse("R_N", "R_N*", "excess of parameters after which further ones fade"),
    ),
    function=_data_constrained,
    guess=_guess_constrained,
    formula=(
        "L = E + A N'^-alpha + B D'^-beta, X' = U_X (1 + R_X* (1 - exp(-R_X/R_X*))), "
        "R_X = X/U_X - 1, U_D = min(unique tokens, D), U_N = min(N, size optimal for U_D tokens)"
    ),
    reference="Muennighoff et al. 2023",
    first=First(
        names=("A", "B", "E", "alpha", "beta"),
        inputs=("params", "tokens"),
        idle=("R_D",),
        where=read_once,
        words="read their text once",
    ),
)
"""Chinchilla's law in which repeated tokens and parameters in excess of them lose their value.

Without repetition it is :data:`CHINCHILLA` up to the compute-optimal size, and everywhere when
``R_N`` is large. A fit takes two steps: all but ``R_D`` and ``R_N`` come from the runs that read
their text once, so that runs which the law describes badly, those that read it very often, do not
bend what a token is worth that is read for the first time; then these two come from all runs. In
the first step ``R_N`` is free as well: a model that is too large for its text shows it on the first
pass. The authors held ``alpha = beta`` and the other three at a fit of other runs: ``held=`` does
so.
"""
