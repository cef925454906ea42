"""A law as a value: a function, its parameters with bounds and symbols, and where it comes from.

Laws add and multiply: ``law_1 + law_2`` and ``law_1 * law_2``; see :func:`add` for shared names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters, UnknownName
from scalinglaws.laws.parts import (
    Bound,
    First,
    Function,
    Grow,
    Guess,
    Parameter,
    Term,
    Values,
    power_terms,
)

RESERVED = {"level", "kind", "new_run", "n", "by"}
"""Options of a prediction, whose inputs are named beside them."""


@dataclass(frozen=True, kw_only=True)
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
    first: First | None = None
    terms: tuple[Term, ...] = ()
    derived: Mapping[str, Callable[[Values], Any]] = field(default_factory=dict)
    domain: Literal["positive", "real"] = "positive"
    response: str = "loss"

    def __post_init__(self) -> None:
        """Refuse names that refits could not keep apart, and a simpler law that nothing grows."""
        object.__setattr__(self, "derived", MappingProxyType(dict(self.derived)))
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
        from scalinglaws.laws.law import add

        return add(self, other)

    def __mul__(self, other: "Law") -> "Law":
        """Return the law that predicts the product; see :func:`scalinglaws.laws.multiply`."""
        from scalinglaws.laws.law import multiply

        return multiply(self, other)

    def __hash__(self) -> int:
        """Agree with equality, which compares every field."""
        return hash((self.name, self.inputs, self.parameters, self.response))

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields with a plain dict for the read-only one, which cannot be pickled."""
        return {**self.__dict__, "derived": dict(self.derived)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the fields back."""
        self.__dict__.update(state, derived=MappingProxyType(dict(state["derived"])))

    def __repr__(self) -> str:
        """Name, formula and reference on one line."""
        return f"Law {self.name}: {self.formula}   [{self.reference}]"


def _sum(law_1: Law, law_2: Law, new: Mapping[str, str], p: Values, x: Values) -> Any:
    return law_1.function(p, x) + law_2.function(_own(p, new), x)


def add(law_1: Law, law_2: Law, *, share: Sequence[str] = ()) -> Law:
    """Return the law that predicts the sum of two laws.

    Names that both have get the suffix ``_2`` in the second law, but for those in ``share``, which
    stay one parameter. Two irreducible losses are not identified: give one of the laws none. Raises
    :class:`UnknownName` for a shared name that is not in both.
    """
    new = _renamed(law_1, law_2, share)
    same_kind = all((s in law_1.linear) == (s in law_2.linear) for s in share)
    linear: tuple[str, ...] = ()
    if law_1.linear and law_2.linear and same_kind:
        linear = _union(law_1.linear, tuple(new[n] for n in law_2.linear))
    terms: tuple[Term, ...] = ()
    if law_1.terms and law_2.terms and not set(share) & {*law_1.linear, *law_2.linear}:
        moved = tuple(
            Term(coefficient=new[t.coefficient], powers=tuple((i, new[e]) for i, e in t.powers))
            for t in law_2.terms
        )
        terms = law_1.terms + moved
    joined = _join(law_1, law_2, new, "+", _half)
    function = power_terms(terms) if terms else Bound(_sum, (law_1, law_2, new))
    return replace(joined, function=function, terms=terms, linear=linear)


def _product(law_1: Law, law_2: Law, new: Mapping[str, str], p: Values, x: Values) -> Any:
    return law_1.function(p, x) * law_2.function(_own(p, new), x)


def multiply(law_1: Law, law_2: Law, *, share: Sequence[str] = ()) -> Law:
    """Return the law that predicts the product of two laws.

    Names are treated as in :func:`add`. Only the product of the laws' scales shows in the data:
    hold one of them when both are free. Raises :class:`UnknownName` for a shared name that is not
    in both.
    """
    new = _renamed(law_1, law_2, share)
    second = tuple(new[n] for n in law_2.linear)
    linear = next((one for one in (law_1.linear, second) if one and not set(one) & set(share)), ())
    joined = _join(law_1, law_2, new, "*", _root)
    return replace(joined, function=Bound(_product, (law_1, law_2, new)), linear=linear)


def _half(loss: Array) -> Array:
    return loss / 2


def _root(loss: Array) -> Array:
    return np.asarray(np.sqrt(np.abs(loss)))


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(first + second))


def _free(name: str, taken: set[str]) -> str:
    count = 2
    while f"{name}_{count}" in taken:
        count += 1
    return f"{name}_{count}"


def _renamed(law_1: Law, law_2: Law, share: Sequence[str]) -> dict[str, str]:
    """Return the second law's names in the joint law, by its own names."""
    if law_1.response != law_2.response:
        raise BadParameters(
            f"{law_1.name} predicts {law_1.response} and {law_2.name} predicts {law_2.response}: "
            "only laws of one response go together"
        )
    for name in share:
        law_1.parameter(name)
        law_2.parameter(name)
    taken = {*law_1.names, *law_2.names}
    new = {}
    for name in law_2.names:
        clash = name in law_1.names and name not in share
        new[name] = _free(name, taken) if clash else name
        taken.add(new[name])
    return new


def _right_side(formula: str) -> str:
    left, _, right = formula.partition(" = ")
    named = left.split("(")[0].isidentifier()
    return right if right and named else f"L of {formula}"


def _own(p: Values, new: Mapping[str, str]) -> dict[str, Any]:
    return {name: p[joint] for name, joint in new.items()}


def _of_second(quantity: Callable[[Values], Any], new: Mapping[str, str], p: Values) -> Any:
    return quantity(_own(p, new))


def _derived(law_1: Law, law_2: Law, new: Mapping[str, str]) -> dict[str, Callable[[Values], Any]]:
    out = dict(law_1.derived)
    for name, quantity in law_2.derived.items():
        key = _free(name, {*out, *law_2.derived}) if name in out else name
        out[key] = Bound(_of_second, (quantity, new))
    return out


def _sized(
    law: Law, values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
) -> dict[str, Array]:
    """Return the law's linear parameters scaled from a share of the loss to its unit."""
    out = {}
    known = {k: v[:, None] for k, v in values.items()}
    for name in law.linear:
        if name in values:
            alone = {**known, **dict.fromkeys(law.linear, 0.0), name: np.ones_like(known[name])}
            term = np.abs(law.function(alone, inputs)).mean(axis=-1)
            out[name] = values[name] * np.abs(loss).mean() / term
    return out


def _joint_guess(
    law_1: Law,
    law_2: Law,
    new: Mapping[str, str],
    part: Callable[[Array], Array],
    values: Mapping[str, Array],
    inputs: Mapping[str, Array],
    loss: Array,
) -> Mapping[str, Array]:
    out = dict(values)
    for law, names in ((law_2, new), (law_1, {n: n for n in law_1.names})):
        own = {n: values[joint] for n, joint in names.items() if joint in values}
        if law.guess is not None:
            own.update(law.guess(own, inputs, part(loss)))
        own.update(_sized(law, own, inputs, part(loss)))
        out.update({names[n]: v for n, v in own.items()})
    return out


def _join(
    law_1: Law, law_2: Law, new: Mapping[str, str], sign: str, part: Callable[[Array], Array]
) -> Law:
    """Return the joint law but for its function; each guess is for its part of the loss."""
    moved = {a: b for a, b in new.items() if a != b}
    own = tuple(
        replace(p, name=new[p.name], symbol=p.symbol + new[p.name].removeprefix(p.name))
        for p in law_2.parameters
        if new[p.name] not in law_1.names
    )
    sides = [_right_side(law.formula) for law in (law_1, law_2)]
    note = f", second with {', '.join(f'{b} for {a}' for a, b in moved.items())}" if moved else ""
    return Law(
        name=f"{law_1.name} {sign} {law_2.name}",
        inputs=_union(law_1.inputs, law_2.inputs),
        parameters=law_1.parameters + own,
        function=law_1.function,
        formula=f"L = ({sides[0]}) {sign} ({sides[1]}){note}",
        reference="; ".join(_union((law_1.reference,), (law_2.reference,))),
        guess=Bound(_joint_guess, (law_1, law_2, new, part)),
        derived=_derived(law_1, law_2, new),
        domain="real" if "real" in (law_1.domain, law_2.domain) else "positive",
        response=law_1.response,
    )
