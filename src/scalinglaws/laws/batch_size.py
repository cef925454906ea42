"""Steps that a target loss takes, by batch size."""

from typing import Any

from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Values, coefficient


def _steps(p: Values, x: Values) -> Any:
    return p["S_min"] + p["E_min"] / x["batch_tokens"]


def _critical_batch(p: Values) -> Any:
    return p["E_min"] / p["S_min"]


STEPS_TO_TARGET = Law(
    name="steps to a target",
    inputs=("batch_tokens",),
    parameters=(
        coefficient("S_min", "S_min", "steps", "steps that no batch size goes below"),
        coefficient("E_min", "E_min", "tokens", "tokens that no batch size goes below"),
    ),
    function=_steps,
    linear=("S_min", "E_min"),
    formula="S(B) = S_min + E_min / B",
    reference="McCandlish et al. 2018, section 2",
    derived={"B_crit": _critical_batch},
    response="steps",
)
"""Steps to one target loss with batches of ``batch_tokens``; tokens to it are ``B S(B)``.

``(S / S_min - 1) (E / E_min - 1) = 1``: at the critical batch ``B_crit = E_min / S_min`` both are
twice their least.
"""
