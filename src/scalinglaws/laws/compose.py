"""Sums and products of laws: ``law_1 + law_2`` and ``law_1 * law_2``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from scalinglaws.counting import with_embeddings
from scalinglaws.errors import BadParameters
from scalinglaws.laws.law import Array, Guess, Law, Term, Values
from scalinglaws.laws.powers import power_terms


def add(law_1: Law, law_2: Law, *, share: Sequence[str] = ()) -> Law:
    """Return the law that predicts the sum of two laws.

    Names that both have get the suffix ``_2`` in the second law, but for those in ``share``, which
    stay one parameter. Two floors cannot be told apart: give one of the laws none. Raises
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

    def function(p: Values, x: Values) -> Any:
        return law_1.function(p, x) + law_2.function(_own(p, new), x)

    joined = _join(law_1, law_2, new, "+", lambda loss: loss / 2)
    return replace(
        joined, function=power_terms(terms) if terms else function, terms=terms, linear=linear
    )


def multiply(law_1: Law, law_2: Law, *, share: Sequence[str] = ()) -> Law:
    """Return the law that predicts the product of two laws.

    Names are treated as in :func:`add`. Only the product of the laws' scales shows in the data:
    hold one of them when both are free. Raises :class:`UnknownName` for a shared name that is not
    in both.
    """
    new = _renamed(law_1, law_2, share)
    second = tuple(new[n] for n in law_2.linear)
    linear = next((one for one in (law_1.linear, second) if one and not set(one) & set(share)), ())

    def function(p: Values, x: Values) -> Any:
        return law_1.function(p, x) * law_2.function(_own(p, new), x)

    joined = _join(law_1, law_2, new, "*", lambda loss: np.sqrt(np.abs(loss)))
    return replace(joined, function=function, linear=linear)


def recounted(law: Law, *, omega: float) -> Law:
    """Return a law of all parameters as one of parameters without embeddings.

    Its ``params`` counts the layers only; the law sees ``params + omega params^(1/3)``. Compute
    that is split under it counts the layers only, too. Pearce and Song 2024, section 3. Raises
    :class:`BadParameters` unless ``omega`` is positive and the law has ``params``.
    """
    if not (np.isfinite(omega) and omega > 0) or "params" not in law.inputs:
        raise BadParameters(
            f"recounting needs a law of params and a positive omega; found a law of "
            f"{', '.join(law.inputs)} and {omega!r}"
        )

    def function(p: Values, x: Values) -> Any:
        return law.function(p, {**x, "params": with_embeddings(x["params"], omega=omega)})

    simpler = None if law.simpler is None else recounted(law.simpler, omega=omega)
    return replace(
        law,
        simpler=simpler,
        name=f"{law.name}, counted without embeddings",
        function=function,
        terms=(),
        derived=MappingProxyType({}),
        formula=f"{law.formula} with N = n + {omega:g} n^(1/3)",
        reference=f"{law.reference}; Pearce and Song 2024",
    )


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


def _derived(
    law_1: Law, law_2: Law, new: Mapping[str, str]
) -> Mapping[str, Callable[[Values], Any]]:
    out = dict(law_1.derived)
    for name, quantity in law_2.derived.items():
        key = _free(name, {*out, *law_2.derived}) if name in out else name
        out[key] = partial(_of_second, quantity, new)
    return MappingProxyType(out)


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


def _guess(law_1: Law, law_2: Law, new: Mapping[str, str], part: Callable[[Array], Array]) -> Guess:
    def guess(
        values: Mapping[str, Array], inputs: Mapping[str, Array], loss: Array
    ) -> Mapping[str, Array]:
        out = dict(values)
        for law, names in ((law_2, new), (law_1, {n: n for n in law_1.names})):
            own = {n: values[joint] for n, joint in names.items() if joint in values}
            if law.guess is not None:
                own.update(law.guess(own, inputs, part(loss)))
            own.update(_sized(law, own, inputs, part(loss)))
            out.update({names[n]: v for n, v in own.items()})
        return out

    return guess


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
        guess=_guess(law_1, law_2, new, part),
        derived=_derived(law_1, law_2, new),
        domain="real" if "real" in (law_1.domain, law_2.domain) else "positive",
    )
