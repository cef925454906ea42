"""What a law is made of: parameters, terms of a sum of powers, functions as plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters

Values = Mapping[str, Any]
"""Numbers by name; arrays in a prediction, derivative-carrying numbers inside the solver."""
Function = Callable[[Values, Values], Any]
Guess = Callable[[Mapping[str, Array], Mapping[str, Array], Array], Mapping[str, Array]]
Grow = Callable[[Mapping[str, float], Mapping[str, Array], Array], Mapping[str, Array]]
Where = Callable[[Mapping[str, Array]], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Bound:
    """A module's function with its first arguments given.

    What a closure does, as a plain value: it is pickled, compared and written to a file by the
    name of its function.
    """

    function: Callable[..., Any]
    given: tuple[Any, ...]

    def __call__(self, *rest: Any) -> Any:
        """Call the function with the given arguments, then the rest."""
        return self.function(*self.given, *rest)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a law.

    ``lower`` and ``upper`` bound the value. ``space`` is where the solver moves: the logarithm for
    a positive scale, the value itself for an exponent or a number of either sign. Starts are drawn
    between ``start[0]`` and ``start[1]``; with ``like``, an input or the response by name, these
    multiply the smallest and the largest value measured, so that starts follow the data's unit.
    """

    name: str
    symbol: str
    unit: str
    meaning: str
    lower: float = 0.0
    upper: float = np.inf
    space: Literal["log", "linear"] = "log"
    start: tuple[float, float] = (0.05, 1.5)
    like: str | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that hold nothing and a space that the solver does not know."""
        if not self.lower < self.upper:
            raise BadParameters(
                f"{self.name} has no room between its bounds {self.lower!r} and {self.upper!r}"
            )
        if self.space not in ("log", "linear"):
            raise BadParameters(f"{self.name}: space is 'log' or 'linear'; found {self.space!r}")


@dataclass(frozen=True, kw_only=True)
class First:
    """What of a law is fitted before the rest, and to which of the runs.

    ``names`` are the parameters that stay as these runs give them: those of which
    ``where(inputs)`` is true, (n,), and of which ``words`` say what they do. ``inputs`` are those
    that tell these runs apart, ``idle`` the parameters that have no effect on them.
    """

    names: tuple[str, ...]
    inputs: tuple[str, ...]
    idle: tuple[str, ...]
    where: Where
    words: str


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a sum of powers: ``coefficient * prod(input ** -exponent)``."""

    coefficient: str
    powers: tuple[tuple[str, str], ...] = ()


def power_terms(terms: tuple[Term, ...]) -> Function:
    """Return the function of a sum of powers, ``sum_k c_k prod_j x_j ** -e_kj``."""
    return Bound(_sum_of_powers, (terms,))


def _sum_of_powers(terms: tuple[Term, ...], p: Values, x: Values) -> Any:
    shape = np.zeros(np.shape(next(iter(x.values()))))
    total = shape * p[terms[0].coefficient]
    for term in terms:
        power = sum((-p[e] * np.log(x[i]) for i, e in term.powers), start=shape)
        total = total + p[term.coefficient] * np.exp(power)
    return total


def coefficient(name: str, symbol: str, unit: str, meaning: str) -> Parameter:
    """Return a positive scale, fitted in the logarithm."""
    return Parameter(name=name, symbol=symbol, unit=unit, meaning=meaning)


def level(name: str, symbol: str, unit: str, meaning: str) -> Parameter:
    """Return a level that may be zero, fitted as it is."""
    return Parameter(name=name, symbol=symbol, unit=unit, meaning=meaning, space="linear")


def exponent(name: str, symbol: str, meaning: str, *, upper: float = 3.0) -> Parameter:
    """Return a positive exponent, fitted as it is."""
    return Parameter(
        name=name, symbol=symbol, unit="1", meaning=meaning, lower=1e-3, upper=upper, space="linear"
    )
