"""The model of a law on given inputs: a sum of powers, or any law through its own function."""

from collections.abc import Mapping

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters
from scalinglaws.fitting.derivatives.any_law import AnyLaw
from scalinglaws.fitting.derivatives.base import Model
from scalinglaws.fitting.derivatives.broken import Broken
from scalinglaws.fitting.derivatives.jet import variables
from scalinglaws.fitting.derivatives.power_sums import SumOfPowers, is_plain
from scalinglaws.fitting.derivatives.saturating import Saturating
from scalinglaws.fitting.derivatives.written import Written
from scalinglaws.laws import Law, broken_power_law, saturating
from scalinglaws.laws.curves import broken_power, saturating_power
from scalinglaws.laws.parts import Bound


def _written(law: Law) -> type[Written] | None:
    """Return the model of a law whose derivatives are written out, if they are."""
    if not isinstance(law.function, Bound):
        return None
    model: type[Written]
    match law.function.function, law.function.given:
        case f, (over, breaks) if f is broken_power:
            model, like = Broken, broken_power_law(over, breaks=breaks)
        case f, (over,) if f is saturating_power:
            model, like = Saturating, saturating(over)
        case _:
            return None
    own, usual = ([(p.name, p.space) for p in of.parameters] for of in (law, like))
    return model if own == usual and law.inputs == like.inputs else None


def model_of(law: Law, x: Mapping[str, Array]) -> Model:
    """Return the model of a law on inputs of shape (n,) or (B, n) by name.

    Raises :class:`BadParameters` for a law whose function cannot carry derivatives.
    """
    if is_plain(law):
        return SumOfPowers(law, x)
    # Fewer runs than parameters have many minima, and rounding decides: it stays as it was.
    many = next(iter(x.values())).shape[-1] >= len(law.names)
    if many and (written := _written(law)) is not None:
        return written(law, x)
    # Two sets of parameters at once, as the solver has many: a function that asks "if" shows.
    p = variables(np.ones((len(law.names), 2)), logs=(False,) * len(law.names))
    try:
        with np.errstate(all="ignore"):
            some = {k: v[:1] if v.ndim == 1 else v[:2, :1] for k, v in x.items()}
            jet = law.function(dict(zip(law.names, p, strict=True)), some)
    except KeyError as error:
        raise BadParameters(
            f"{law.name}: its function asks for {error}, which is neither a parameter "
            f"({', '.join(law.names)}) nor an input ({', '.join(law.inputs)})"
        ) from error
    except ValueError as error:
        raise BadParameters(
            f"{law.name}: its function takes many parameters at once, (K, 1) each: np.where in "
            f"place of if; {error}"
        ) from error
    except (TypeError, AttributeError) as error:
        raise BadParameters(
            f"{law.name}: its function must be written in arithmetic and numpy's elementwise "
            f"functions, so that derivatives pass through it; {error}"
        ) from error
    unused = set(law.names) - {law.names[k] for k in getattr(jet, "at", ())}
    if unused:
        raise BadParameters(f"{law.name}: its function does not use {', '.join(sorted(unused))}")
    return AnyLaw(law, x)
