"""Laws of downstream performance: saturation in the upstream error, and sigmoids."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.laws.curves import TINY
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Bound, Parameter, Values, coefficient, exponent, level


def _upstream(p: Values, x: Values) -> Any:
    return p["e_IR"] + p["k"] * np.exp(p["alpha"] * np.log(x["upstream_error"]))


ABNAR = Law(
    name="downstream saturation",
    inputs=("upstream_error",),
    parameters=(
        coefficient(
            "k",
            "k",
            "downstream_error * upstream_error^-alpha",
            "downstream error added per upstream",
        ),
        exponent(
            "alpha", "α", "how fast the downstream error follows the upstream one", upper=10.0
        ),
        level(
            "e_IR",
            "e_IR",
            "downstream_error",
            "downstream error left where the upstream one is zero",
        ),
    ),
    function=_upstream,
    linear=("k", "e_IR"),
    formula="e_DS = k e_US^alpha + e_IR",
    reference="Abnar et al. 2021",
    response="downstream_error",
)
"""Downstream error as a function of upstream error, with the level at which it saturates."""


def _from_another(floor: float, p: Values, x: Values) -> Any:
    excess = np.maximum(x["other_loss"] - floor, TINY)
    return p["E"] + p["K"] * np.exp(p["kappa"] * np.log(excess))


def loss_to_loss(*, floor: float) -> Law:
    """Return the law of one loss in another, ``L = E + K (L_0 - floor)^kappa``.

    ``floor`` is the irreducible loss of the other text, in nats per token, from a fit of its own.
    The input is ``other_loss``, L_0. Brandfonbrener et al. 2024, equation 3.

    >>> law = loss_to_loss(floor=2.0)
    >>> values = {"K": 1.0, "kappa": 1.0, "E": 1.5}
    >>> float(law(values, other_loss=np.array([2.4]))[0])
    1.9
    """
    return Law(
        name=f"loss from another loss over {floor:.4g}",
        inputs=("other_loss",),
        parameters=(
            coefficient("K", "K", "loss * other_loss^-kappa", "loss added per loss of the other"),
            exponent("kappa", "κ", "how fast one excess loss follows the other", upper=5.0),
            level("E", "E", "loss", "loss left where the other is at its floor"),
        ),
        function=Bound(_from_another, (floor,)),
        linear=("K", "E"),
        formula=f"L = E + K (L_0 - {floor:.4g})^kappa",
        reference="Brandfonbrener et al. 2024, equation 3",
    )


_NEAR_ONE = 1.0 - 1e-9
"""Largest share of which log odds are taken."""


def _logit_line(p: Values, x: Values) -> Any:
    error = np.minimum(x["upstream_error"], _NEAR_ONE)
    position = p["a"] + p["b"] * (np.log(error) - np.log1p(-error))
    return np.exp(-np.logaddexp(0.0, -position))


LOGIT_LINE = Law(
    name="straight line in logits",
    inputs=("upstream_error",),
    parameters=(
        Parameter(
            name="a",
            symbol="a",
            unit="1",
            meaning="logit of the downstream error where the upstream one is a half",
            lower=-np.inf,
            space="linear",
            start=(-2.0, 2.0),
        ),
        exponent("b", "b", "how fast the downstream logit follows the upstream one"),
    ),
    function=_logit_line,
    formula="logit(e_DS) = a + b logit(e_US)",
    reference="Recht et al. 2019; Taori et al. 2020",
    response="downstream_error",
)
"""Downstream error as a function of upstream error, both in log odds; it never saturates.

Upstream errors are shares; one at or above 1 counts as just below it.
"""


def _decay(p: Values, x: Values) -> Any:
    return p["eps"] - p["k"] * np.exp(-p["gamma"] * x["loss"])


LOSS_TO_ERROR = Law(
    name="error from loss",
    inputs=("loss",),
    parameters=(
        level("eps", "ε", "error", "error of a model that knows nothing"),
        coefficient("k", "k", "error", "error that a loss of zero would take away"),
        exponent("gamma", "γ", "how fast a falling loss takes error away, per unit", upper=20.0),
    ),
    function=_decay,
    linear=("eps", "k"),
    formula="error = eps - k exp(-gamma L)",
    reference="Gadre et al. 2024, equation 5",
    response="error",
    domain="real",
)
"""Average error over tasks as a function of the loss on a text."""


def _between(p: Values, position: Any) -> Any:
    """Return ``low`` for positions far below zero, ``high`` far above."""
    below, above = np.logaddexp(0.0, position), np.logaddexp(0.0, -position)
    return p["low"] * np.exp(-below) + p["high"] * np.exp(-above)


def _sigmoid(over: str, p: Values, x: Values) -> Any:
    return _between(p, (x[over] - p["mid"]) / p["width"])


def _guess_sigmoid(
    over: str, values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> Mapping[str, Array]:
    low, span = inputs[over].min(), np.ptp(inputs[over])
    return {
        **values,
        "mid": low + span * values["mid"],
        "width": span * values["width"],
    }


def _side(response: str, between: tuple[float, float], name: str, where: str) -> Parameter:
    return Parameter(
        name=name,
        symbol=name,
        unit=response,
        meaning=f"level far {where} the midpoint",
        lower=between[0],
        upper=between[1],
        space="linear",
    )


def sigmoid(
    over: str, *, response: str = "loss", between: tuple[float, float] = (-np.inf, np.inf)
) -> Law:
    """Return the sigmoid, ``L = low + (high - low) / (1 + exp(-(x - mid) / width))``.

    ``low`` and ``high`` are the levels far below and far above ``mid``, in either order, and lie
    ``between`` two values, such as 0 and 1 for a score; inputs and response may be of either sign.
    ``response`` names the column that it predicts.
    """
    return Law(
        name=f"sigmoid in {over}",
        inputs=(over,),
        parameters=(
            _side(response, between, "low", "below"),
            _side(response, between, "high", "above"),
            Parameter(
                name="mid",
                symbol="x₀",
                unit=over,
                meaning="input halfway between the levels",
                lower=-np.inf,
                space="linear",
                start=(0.0, 1.0),
            ),
            Parameter(
                name="width",
                symbol="w",
                unit=over,
                meaning="input over which the odds change by a factor e",
                lower=TINY,
                start=(0.02, 0.5),
            ),
        ),
        function=Bound(_sigmoid, (over,)),
        guess=Bound(_guess_sigmoid, (over,)),
        linear=("low", "high"),
        formula="L = low + (high - low) / (1 + exp(-(x - mid) / width))",
        reference="the logistic function",
        domain="real",
        response=response,
    )


def _logistic_in_log(over: str, p: Values, x: Values) -> Any:
    return _between(p, p["steepness"] * (np.log(x[over]) - np.log(p["mid"])))


def logistic_in_log(over: str) -> Law:
    """Return the logistic in log x, ``L = low + (high - low) / (1 + (x / mid)^-steepness)``.

    ``low`` and ``high`` are the levels far below and far above ``mid``, in either order.
    """
    return Law(
        name=f"logistic in log {over}",
        inputs=(over,),
        parameters=(
            level("low", "low", "loss", "level far below the midpoint"),
            level("high", "high", "loss", "level far above the midpoint"),
            Parameter(
                name="mid",
                symbol="x₀",
                unit=over,
                meaning="input halfway between the levels",
                lower=TINY,
                start=(1.0, 1.0),
                like=over,
            ),
            Parameter(
                name="steepness",
                symbol="γ",
                unit="1",
                meaning="power of the input by which the odds change",
                lower=1e-3,
                upper=100.0,
                start=(0.2, 5.0),
            ),
        ),
        function=Bound(_logistic_in_log, (over,)),
        linear=("low", "high"),
        formula="L = low + (high - low) / (1 + (x / mid)^-steepness)",
        reference="the logistic function of log x",
    )
