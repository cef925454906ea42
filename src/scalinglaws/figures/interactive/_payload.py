"""What the explorer is given: a fit with its refits, refused by name where it cannot be shown."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.errors import ScalingLawError

DRAW = ("A", "B", "E", "alpha", "beta")
TABLES = ("log_A", "log_B", "E", "objective")
_KEYS: Mapping[str, str] = {
    "title": "one line of text",
    "loss_unit": "the unit of the loss, for example 'nats per token'",
    "objective_name": "the objective in words, for example 'Huber 1e-3 on log loss'",
    "level": "the level of the intervals, between 0 and 1",
    "simulated": "True or False",
    "best": f"a mapping with {', '.join(DRAW)}, objective",
    "alpha": "increasing exponents of params",
    "beta": "increasing exponents of tokens",
    **dict.fromkeys(TABLES, "one row for each alpha, one column for each beta"),
    "draws": f"one row for each refit: {', '.join(DRAW)}",
    "flops": "a mapping with min, max, start",
    "observed_flops": "the smallest and the largest budget of the runs",
    "n_runs": "how many runs were fitted",
}
# The page must agree with the library to 1e-6, and N* amplifies an error in alpha 50 times.
_DIGITS = 9


class BadPayload(ScalingLawError, ValueError):
    """A payload that the explorer cannot show; the message names the key and what it expects."""


def check(payload: Mapping[str, Any]) -> None:
    """Refuse a payload that the page would draw wrongly or not at all."""
    for key, meaning in _KEYS.items():
        _expect(key in payload, f"the explorer's payload has no {key!r}; expected {meaning}")
    for key in ("title", "loss_unit", "objective_name"):
        text = payload[key]
        told = isinstance(text, str) and text.strip()
        _expect(told, f"{key!r} is {text!r}; expected {_KEYS[key]}")
    said = payload["simulated"]
    _expect(isinstance(said, bool | np.bool_), f"'simulated' is {said!r}; expected True or False")
    level, runs = (float(_numbers(payload[key], repr(key))) for key in ("level", "n_runs"))
    expected = "expected a number between 0 and 1, such as 0.9"
    _expect(0 < level < 1, f"'level' is {level:g}; {expected}")
    _expect(runs >= 1, f"'n_runs' is {runs:g}; expected at least 1")
    best = _members(payload, "best", (*DRAW, "objective"))
    for name, found in best.items():
        _expect(name == "E" or found > 0, f"'best' has {name} = {found:g}; expected above 0")
    sizes = []
    for key in ("alpha", "beta"):
        grid = _numbers(payload[key], repr(key), None)
        rises = grid.size > 1 and grid[0] > 0 and (np.diff(grid) > 0).all()
        expected = "two or more positive exponents in increasing order"
        _expect(rises, f"{key!r} must hold {expected}")
        outside = f"lies outside its grid, {grid[0]:g} to {grid[-1]:g}"
        build = "build the grid around the best exponent"
        inside = grid[0] <= best[key] <= grid[-1]
        _expect(inside, f"the best {key}, {best[key]:g}, {outside}; {build}")
        sizes.append(grid.size)
    for key in TABLES:
        _numbers(payload[key], repr(key), *sizes)
    draws = _numbers(payload["draws"], "'draws'", None, len(DRAW))
    needed = math.ceil(round(2 / (1 - level), 9))
    expected = f"an interval at level {level:g} needs {needed} or more, one outside on each side"
    _expect(len(draws) >= needed, f"'draws' holds {len(draws)} refits; {expected}")
    for row, column in np.argwhere(draws <= 0):
        name, low = DRAW[column], draws[row, column]
        _expect(name == "E", f"'draws' row {row}: {name} is {low:g}; expected above 0")
    low, start, high = _members(payload, "flops", ("min", "start", "max")).values()
    given = f"min {low:g}, start {start:g}, max {high:g}"
    expected = "0 < min <= start <= max and min below max"
    _expect(0 < low <= start <= high > low, f"'flops' has {given}; expected {expected}")
    low, high = _numbers(payload["observed_flops"], "'observed_flops'", 2)
    expected = "expected 0 < smallest <= largest"
    _expect(0 < low <= high, f"'observed_flops' is {low:g} to {high:g}; {expected}")


def plain(value: Any) -> Any:
    """Give a payload as JSON holds it, its numbers rounded as the page needs them."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | np.bool_ | str):
        return value if isinstance(value, str) else bool(value)
    return float(f"{float(value):.{_DIGITS}g}")


def _expect(holds: Any, message: str) -> None:
    if not holds:
        raise BadPayload(message)


def _members(payload: Mapping[str, Any], key: str, names: tuple[str, ...]) -> dict[str, float]:
    value = payload[key]
    _expect(isinstance(value, Mapping), f"{key!r} is {value!r}; expected {_KEYS[key]}")
    for name in names:
        _expect(name in value, f"{key!r} has no {name!r}; expected {_KEYS[key]}")
    return {name: float(_numbers(value[name], f"{key!r} {name!r}")) for name in names}


def _numbers(value: Any, what: str, *shape: int | None) -> Array:
    words = "shape " + " x ".join(str(n or "any") for n in shape) if shape else "one number"
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadPayload(f"{what} must hold numbers in {words}") from None
    sizes = zip(shape, found.shape, strict=False)
    fits = found.ndim == len(shape) and all(n in (None, size) for n, size in sizes)
    _expect(fits, f"{what} has shape {found.shape}; expected {words}")
    for where in np.argwhere(~np.isfinite(found)):
        at = found[tuple(where)]
        raise BadPayload(f"{what} holds {at} at {where.tolist()}; expected finite numbers")
    return found
