"""What an interval can be asked of: a parameter, a derived quantity, a function of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws.errors import BadParameters, Unidentifiable, UnknownName

if TYPE_CHECKING:
    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted

Quantity = str | Callable[[Mapping[str, Any]], Any]


def evaluate(fit: Fitted, quantity: Quantity, values: Mapping[str, Any]) -> Array:
    """Return a parameter, a derived quantity or a function of parameters, for given values."""
    if callable(quantity):
        try:
            found = np.asarray(quantity(values), dtype=float)
        except (TypeError, KeyError) as error:
            raise BadParameters(
                f"a quantity is a function of parameter values by name, {', '.join(fit.law.names)},"
                f" that works on arrays of them, without float(): {error}"
            ) from error
        like = np.asarray(values[fit.law.names[0]])
        if found.size != like.size:
            raise BadParameters(
                f"a quantity gives one number for each set of parameters, {like.size} in all; this "
                f"one gave {found.size}"
            )
        return found.reshape(like.shape)
    if quantity in fit.law.derived:
        return np.asarray(fit.law.derived[quantity](values), dtype=float)
    if quantity in fit.law.names:
        return np.asarray(values[quantity], dtype=float)
    known = (*fit.law.names, *fit.law.derived)
    raise UnknownName(f"{fit.law.name} has nothing called {quantity!r}; it has {', '.join(known)}")


def at_once(fit: Fitted, what: str) -> None:
    """Raise :class:`Unidentifiable` for a fit in two steps: no one minimum is there to judge by."""
    if fit.settled:
        raise Unidentifiable(
            f"{fit.law.name} was fitted in two steps, which have no minimum in common, so that no "
            f"{what} says how they scatter: ask for a bootstrap, which repeats both, or fit with "
            f"steps=False",
            partial=fit,
        )
