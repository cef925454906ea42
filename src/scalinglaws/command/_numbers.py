"""Numbers on the command line: a wrong one is a wrong call, named before anything is read."""

from __future__ import annotations

import math
from typing import Any

import click


class Positive(click.ParamType[float]):
    """A positive, finite number."""

    name = "NUMBER"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the number."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.fail(f"{value!r} is no number, such as 1e24", param, ctx)
        if not (math.isfinite(number) and number > 0):
            self.fail(f"{value!r} is not a positive, finite number", param, ctx)
        return number


POSITIVE = Positive()


def numbers(pairs: tuple[tuple[str, str], ...], *, known: tuple[str, ...]) -> dict[str, float]:
    """Return ``name=number`` as a dict; other names, words and negative numbers are wrong calls."""
    found = {}
    for name, value in pairs:
        if name not in known:
            raise click.BadParameter(f"{name} is not one of {', '.join(known)}")
        found[name] = POSITIVE.convert(value, None, None)
    return found
