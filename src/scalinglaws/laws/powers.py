"""Sums of powers: power laws of one input and Hoffmann's law of size and data.

Each term is a positive coefficient times powers of the inputs. Derivatives are written out once
for all of them (``fitting.derivatives``), and coefficients are solved for when a fit starts.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import (
    Bound,
    Parameter,
    Term,
    Values,
    coefficient,
    exponent,
    level,
    power_terms,
)


def sum_of_powers(
    *,
    name: str,
    inputs: tuple[str, ...],
    parameters: tuple[Parameter, ...],
    terms: tuple[Term, ...],
    formula: str,
    reference: str,
    derived: Mapping[str, Callable[[Values], Any]] | None = None,
    response: str = "loss",
) -> Law:
    """Return the law that is a sum of powers of its inputs: it is solved fastest of all."""
    return Law(
        name=name,
        inputs=inputs,
        parameters=parameters,
        function=power_terms(terms),
        terms=terms,
        linear=tuple(t.coefficient for t in terms),
        formula=formula,
        reference=reference,
        derived=derived or {},
        response=response,
    )


_FLOOR = level("E", "E", "loss", "irreducible loss: what no scale removes")


def power_law(
    over: str, *, floor: bool = True, response: str = "loss", steepest: float = 3.0
) -> Law:
    """Return the law of one input, ``L = E + k x^-c``, without ``E`` when ``floor`` is false.

    The floor ``E`` is the irreducible loss. ``response`` names the column that it predicts,
    ``steepest`` bounds ``c``. Hestness et al. 2017, section 2; M1 (without floor) and M2 of
    Alabdulmohsin et al. 2022.
    """
    above = " above the floor" if floor else ""
    one = f"{response}{above} at one unit of the input"
    scale = coefficient("k", "k", f"{response} * {over}^c", one)
    fall = exponent("c", "c", f"how fast the {response}{above} falls", upper=steepest)
    term = Term(coefficient="k", powers=((over, "c"),))
    return sum_of_powers(
        name=f"power law in {over}" + (" with floor" if floor else ""),
        inputs=(over,),
        parameters=(_FLOOR, scale, fall) if floor else (scale, fall),
        terms=(Term(coefficient="E"), term) if floor else (term,),
        formula="L = E + k x^-c" if floor else "L = k x^-c",
        reference="Hestness et al. 2017, section 2",
        response=response,
    )


def _either(name: str, unit: str, meaning: str) -> Parameter:
    return Parameter(
        name=name, symbol=name, unit=unit, meaning=meaning, lower=-np.inf, space="linear"
    )


def _line(over: str, p: Values, x: Values) -> Any:
    return p["level"] + p["slope"] * x[over]


def line(over: str, *, response: str = "loss") -> Law:
    """Return the straight line ``response = level + slope * input``, both of either sign."""
    return Law(
        name=f"line in {over}",
        inputs=(over,),
        parameters=(
            _either("level", response, "response where the input is zero"),
            _either("slope", f"{response} per {over}", "change of the response with the input"),
        ),
        function=Bound(_line, (over,)),
        linear=("level", "slope"),
        formula="y = level + slope x",
        reference="a straight line",
        domain="real",
        response=response,
    )


def _product(over: tuple[str, ...], p: Values, x: Values) -> Any:
    return np.exp(np.log(p["k"]) + sum(p[f"of_{name}"] * np.log(x[name]) for name in over))


def _guess_product(
    values: Mapping[str, Array], inputs: Mapping[str, Array], response: Array
) -> Mapping[str, Array]:
    # In the logarithm it is linear.
    basis = np.stack([np.ones_like(response), *(np.log(v) for v in inputs.values())], axis=-1)
    weights = np.linalg.pinv(basis) @ np.log(response)
    found = {f"of_{name}": weights[1 + k] for k, name in enumerate(inputs)}
    found["k"] = np.exp(weights[0])
    return {name: np.full_like(v, found.get(name, 1.0)) for name, v in values.items()}


def product(over: Sequence[str], *, response: str = "loss") -> Law:
    """Return the law that is one product of powers, ``y = k x_1^e_1 x_2^e_2``, of either sign.

    ``over`` names the inputs; the exponent of ``params`` is the parameter ``of_params``, and so
    on. ``response`` is the column that it predicts, such as a learning rate: the form in which
    rules for a training recipe are printed (Kaplan et al. 2020, appendix D; Li et al. 2025).

    >>> rule = product(["params", "tokens"], response="learning_rate")
    >>> values = {"k": 1.79, "of_params": -0.713, "of_tokens": 0.307}
    >>> round(float(rule(values, params=np.array([1e9]), tokens=np.array([1e11]))[0]), 5)
    0.00163
    """
    names = tuple(over)
    units = " ".join(f"{name}^-of_{name}" for name in names)
    return Law(
        name=f"{response} as a product of powers",
        inputs=names,
        parameters=(
            # Where every input is one lies far from any run: the bounds leave it room.
            Parameter(
                name="k", symbol="k", unit=f"{response} {units}",
                meaning=f"{response} where every input is one", lower=1e-200, upper=1e200,
            ),
            *(
                Parameter(
                    name=f"of_{name}", symbol=f"of_{name}", unit="1",
                    meaning=f"exponent of {name}", lower=-np.inf, space="linear",
                )
                for name in names
            ),
        ),
        function=Bound(_product, (names,)),
        guess=_guess_product,
        formula=f"{response} = k " + " ".join(f"{name}^of_{name}" for name in names),
        reference="a product of powers",
        response=response,
    )  # fmt: skip


def _share(name: str, p: Values) -> Any:
    return p[name] / (p["alpha"] + p["beta"])


CHINCHILLA = sum_of_powers(
    name="Chinchilla",
    inputs=("params", "tokens"),
    parameters=(
        coefficient("A", "A", "loss * params^alpha", "weight of the finite-model term"),
        coefficient("B", "B", "loss * tokens^beta", "weight of the finite-data term"),
        _FLOOR,
        exponent("alpha", "α", "how fast loss falls with model size"),
        exponent("beta", "β", "how fast loss falls with data"),
    ),
    terms=(
        Term(coefficient="A", powers=(("params", "alpha"),)),
        Term(coefficient="B", powers=(("tokens", "beta"),)),
        Term(coefficient="E"),
    ),
    formula="L(N, D) = E + A N^-alpha + B D^-beta",
    reference="Hoffmann et al. 2022, equation 2",
    derived={
        "a": Bound(_share, ("beta",)),
        "b": Bound(_share, ("alpha",)),
    },
)

TIED = sum_of_powers(
    name="Chinchilla, tied exponents",
    inputs=("params", "tokens"),
    parameters=(
        coefficient("A", "A", "loss * params^alpha", "weight of the finite-model term"),
        coefficient("B", "B", "loss * tokens^alpha", "weight of the finite-data term"),
        _FLOOR,
        exponent("alpha", "α", "how fast loss falls with model size and with data"),
    ),
    terms=(
        Term(coefficient="A", powers=(("params", "alpha"),)),
        Term(coefficient="B", powers=(("tokens", "alpha"),)),
        Term(coefficient="E"),
    ),
    formula="L(N, D) = E + A N^-alpha + B D^-alpha",
    reference="Hoffmann et al. 2022, equation 2, with alpha = beta; Gadre et al. 2024, equation 4",
)
"""Chinchilla's law whose two terms fall alike, so that tokens per parameter stay at the best split.

The same law as ``OVERTRAINED``, in params and tokens.
"""
