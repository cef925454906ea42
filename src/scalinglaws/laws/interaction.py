"""Size and data that do not add up: one parameter between Hoffmann's law and Kaplan's."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.laws.joint import log_weights
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Parameter, Values
from scalinglaws.laws.powers import CHINCHILLA

_GROWN = (0.25, 0.5, 0.75, 1.0, 1.5)
"""How sharply the terms of a Chinchilla fit are joined, to begin with."""


def _interaction(p: Values, x: Values) -> Any:
    size = np.log(p["A"]) - p["alpha"] * np.log(x["params"])
    data = np.log(p["B"]) - p["beta"] * np.log(x["tokens"])
    return p["E"] + np.exp(p["d"] * np.logaddexp(size / p["d"], data / p["d"]))


def _weighted(
    values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array, floor: Array
) -> Mapping[str, Array]:
    # (L - E)^(1/d) is a sum of two powers, and linear in their weights.
    d = values["d"][:, None]
    target = np.log(loss - floor[:, None]) / d
    size, data = log_weights(
        [
            -values["alpha"][:, None] / d * np.log(inputs["params"]) - target,
            -values["beta"][:, None] / d * np.log(inputs["tokens"]) - target,
        ]
    )
    scales = {"A": np.exp(values["d"] * size), "B": np.exp(values["d"] * data)}
    return {**values, **scales, "E": floor}


def _guess(
    values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    floor = np.linspace(0.0, 0.98, len(values["d"])) * loss.min()
    return _weighted(values, inputs, loss, floor)


def _grow(
    values: Mapping[str, float], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    # As it is, which is the same law at d = 1, and with weights that suit the new d.
    d = np.array(_GROWN)
    same = {k: np.full(len(d), v) for k, v in values.items()} | {"d": d}
    floor = np.minimum(same["E"], 0.99 * loss.min())
    suited = _weighted(same, inputs, loss, floor)
    return {k: np.concatenate([same[k], suited[k]]) for k in same}


INTERACTION = Law(
    name="Chinchilla with interaction",
    inputs=CHINCHILLA.inputs,
    parameters=(
        *CHINCHILLA.parameters,
        Parameter(
            name="d",
            symbol="d",
            unit="1",
            meaning="how the two terms are joined: 1 adds them, less lets the larger one rule",
            lower=0.05,
            upper=4.0,
            start=(0.3, 1.5),
        ),
    ),
    function=_interaction,
    guess=_guess,
    simpler=CHINCHILLA,
    grow=_grow,
    formula="L(N, D) = E + [(A N^-alpha)^(1/d) + (B D^-beta)^(1/d)]^d",
    reference="Hoffmann et al. 2022, equation 2, at d = 1; Kaplan et al. 2020, equation 1.5, at "
    "d = alpha_D without E",
    derived=CHINCHILLA.derived,
)
"""Chinchilla's law with one parameter more, which says whether its two terms add up."""
