"""A law as a value: a function, its parameters with bounds and symbols, and where it comes from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scalinglaws.errors import BadParameters, UnknownName

Array = npt.NDArray[np.float64]
Values = Mapping[str, Any]
"""Numbers by name; arrays in a prediction, derivative-carrying numbers inside the solver."""
Function = Callable[[Values, Values], Any]
Guess = Callable[[Mapping[str, Array], Mapping[str, Array], Array], Mapping[str, Array]]
Grow = Callable[[Mapping[str, float], Mapping[str, Array], Array], Mapping[str, Array]]


RESERVED = {"level", "kind", "new_run", "n", "by"}
"""Options of a prediction, whose inputs are named beside them."""


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
class Term:
    """One term of a sum of powers: ``coefficient * prod(input ** -exponent)``."""

    coefficient: str
    powers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Law:
    """A scaling law.

    ``function(p, x)`` takes parameter values of shape ``(..., 1)`` by name and inputs of shape
    ``(n,)`` by name, and returns the predicted loss of shape ``(..., n)``; written in arithmetic
    and numpy's elementwise functions, it gets exact derivatives by itself. ``linear`` names the
    parameters in which it is linear (their other terms zero when all of them are): starts solve
    for these. ``guess(values, inputs, loss)`` may improve drawn starts, (K,) each. ``terms`` is set
    for sums of powers (see :func:`power_terms`). ``derived`` names quantities that follow from the
    parameters alone. ``domain`` is ``"real"`` when inputs and response may be of either sign.
    ``simpler`` is a law that this one contains, fitted first, and ``grow(values, inputs, loss)``
    makes starts, (K,) each, of its fit: a law with more to it then does not miss what the simpler
    one finds.
    ``response`` is the column that the law predicts: the loss, or what stands in its place.
    """

    name: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    function: Function
    formula: str
    reference: str
    linear: tuple[str, ...] = ()
    guess: Guess | None = None
    simpler: "Law | None" = None
    grow: Grow | None = None
    terms: tuple[Term, ...] = ()
    derived: Mapping[str, Callable[[Values], Any]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    domain: Literal["positive", "real"] = "positive"
    response: str = "loss"

    def __post_init__(self) -> None:
        """Refuse names that refits could not keep apart, and a simpler law that nothing grows."""
        if (self.simpler is None) != (self.grow is None):
            raise BadParameters(f"{self.name}: a simpler law and what grows of it go together")
        if taken := sorted(RESERVED & {*self.inputs, self.response}):
            raise BadParameters(
                f"{self.name}: predictions take {', '.join(taken)} for themselves; give the column "
                f"another name"
            )
        names = self.names
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise BadParameters(f"{self.name} has two parameters called {', '.join(twice)}")
        if "objective" in names:
            raise BadParameters(
                f"{self.name}: a parameter cannot be called objective, which is the column of a "
                f"bootstrap's minimised sums"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of every array that the library returns."""
        return tuple(p.name for p in self.parameters)

    def parameter(self, name: str) -> Parameter:
        """Return one parameter by name; raises :class:`UnknownName` with the names there are."""
        for p in self.parameters:
            if p.name == name:
                return p
        raise UnknownName(f"{self.name} has no parameter {name!r}; it has {', '.join(self.names)}")

    def __call__(self, values: Mapping[str, npt.ArrayLike], /, **inputs: npt.ArrayLike) -> Array:
        """Predict the loss at the given inputs, for parameter values by name.

        Raises :class:`UnknownName` for a parameter or an input that is missing.
        """
        missing = [n for n in self.names if n not in values]
        if missing or (missing := [i for i in self.inputs if i not in inputs]):
            raise UnknownName(f"{self.name} needs a value for {', '.join(missing)}")
        p = {n: np.asarray(values[n], dtype=float)[..., None] for n in self.names}
        x = {k: np.atleast_1d(np.asarray(inputs[k], dtype=float)) for k in self.inputs}
        return np.asarray(self.function(p, x), dtype=float)

    def __add__(self, other: "Law") -> "Law":
        """Return the law that predicts the sum; see :func:`scalinglaws.laws.add`."""
        from scalinglaws.laws.compose import add

        return add(self, other)

    def __mul__(self, other: "Law") -> "Law":
        """Return the law that predicts the product; see :func:`scalinglaws.laws.multiply`."""
        from scalinglaws.laws.compose import multiply

        return multiply(self, other)

    def __repr__(self) -> str:
        """Name, formula and reference on one line."""
        return f"Law {self.name}: {self.formula}   [{self.reference}]"
