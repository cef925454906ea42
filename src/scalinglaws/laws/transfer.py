"""Laws of transfer: what pre-training is worth, and how loss falls in fine-tuning."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Bound, Parameter, Values, coefficient, exponent, level


def _transferred(p: Values, x: Values) -> Any:
    log = p["alpha"] * np.log(x["finetuning"]) + p["beta"] * np.log(x["params"])
    return p["k"] * np.exp(log)


TRANSFER = Law(
    name="effective data transferred",
    inputs=("finetuning", "params"),
    parameters=(
        coefficient("k", "k", "transferred * finetuning^-alpha * params^-beta", "scale"),
        exponent("alpha", "α", "how fast it grows with the data for fine-tuning"),
        exponent("beta", "β", "how fast it grows with the size of the model"),
    ),
    function=_transferred,
    linear=("k",),
    formula="D_T = k D_F^alpha N^beta",
    reference="Hernandez et al. 2021, equation 1.2",
    response="transferred",
)
"""Data for fine-tuning that pre-training is worth, ``transferred``, in the unit of ``finetuning``.

``params`` counts without embeddings. Both in characters, in the paper.
"""


def _rectified(over: str, p: Values, x: Values) -> Any:
    total = np.logaddexp(np.log(p["D_l"]), p["beta"] * np.log(x[over]))
    return p["E"] + p["B"] * np.exp(-total)


def _guess_rectified(
    over: str, values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    # The drawn share places the bend within the measured range, or a factor e^2 before it.
    log_x = np.log(inputs[over])
    bend = log_x.min() - 2.0 + values["D_l"] * (np.ptp(log_x) + 2.0)
    return {**values, "D_l": np.exp(values["beta"] * bend)}


def rectified(over: str) -> Law:
    """Return the rectified law of fine-tuning, ``L = E + B / (D_l + x^beta)``.

    Below ``D_l^(1/beta)``, what pre-training is worth, the curve is flat; above it is a power law
    with floor. Lin et al. 2024, equation 6.
    """
    return Law(
        name=f"rectified law in {over}",
        inputs=(over,),
        parameters=(
            level("E", "E", "loss", "loss that no fine-tuning removes"),
            coefficient("B", "B", f"loss * {over}^beta", "weight of the power law"),
            Parameter(
                name="D_l",
                symbol="D_l",
                unit=f"{over}^beta",
                meaning="what pre-training is worth",
                lower=1e-30,
                start=(0.02, 1.0),
            ),
            exponent("beta", "β", "how fast the loss falls after the bend"),
        ),
        function=Bound(_rectified, (over,)),
        guess=Bound(_guess_rectified, (over,)),
        linear=("B", "E"),
        formula="L = E + B / (D_l + x^beta)",
        reference="Lin et al. 2024, equation 6",
    )


def _vanilla(over: str, p: Values, x: Values) -> Any:
    total = np.logaddexp(-p["beta"] * np.log(x[over]), np.log(p["s"]))
    return p["k"] * np.exp(p["alpha"] * total)


def _guess_vanilla(
    over: str, values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    return {**values, "s": values["s"] * inputs[over].max() ** -values["beta"]}


def vanilla(over: str) -> Law:
    """Return the power law under an outer power, ``L = k (x^-beta + s)^alpha``.

    It has no phase before the power law: in log-log it can only flatten. Lin et al. 2024 fit it as
    ``(B / x^beta + E)^alpha`` beside their own law, with ``B = k^(1/alpha)`` and ``E = s B``.
    """
    return Law(
        name=f"power law in {over} under an outer power",
        inputs=(over,),
        parameters=(
            coefficient("k", "k", f"loss * {over}^(alpha beta)", "loss at one unit, unshifted"),
            exponent("beta", "β", "how fast the inner power law falls"),
            Parameter(
                name="s",
                symbol="s",
                unit=f"{over}^-beta",
                meaning="floor of the inner power law",
                lower=1e-30,
                start=(0.01, 10.0),
            ),
            exponent("alpha", "α", "outer power"),
        ),
        function=Bound(_vanilla, (over,)),
        guess=Bound(_guess_vanilla, (over,)),
        linear=("k",),
        formula="L = k (x^-beta + s)^alpha",
        reference="Lin et al. 2024, the law set beside theirs",
    )
