"""A figure that a reader moves by hand, in a static page: no kernel, no library, no network."""

import html
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from scalinglaws.errors import ScalingLawError

_BEST = ("A", "B", "E", "alpha", "beta", "objective")
_TABLES = ("log_A", "log_B", "E", "objective")
_DRAW = ("A", "B", "E", "alpha", "beta")
_KEYS: Mapping[str, str] = {
    "title": "one line of text",
    "loss_unit": "the unit of the loss, for example 'nats per token'",
    "level": "the level of the intervals, between 0 and 1",
    "simulated": "True or False",
    "best": f"a mapping with {', '.join(_BEST)}",
    "alpha": "increasing exponents of params",
    "beta": "increasing exponents of tokens",
    "log_A": "one row for each alpha, one column for each beta",
    "log_B": "one row for each alpha, one column for each beta",
    "E": "one row for each alpha, one column for each beta",
    "objective": "one row for each alpha, one column for each beta",
    "draws": f"one row for each refit: {', '.join(_DRAW)}",
    "flops": "a mapping with min, max, start",
    "observed_flops": "the smallest and the largest budget of the runs",
    "n_runs": "how many runs were fitted",
    "objective_name": "the objective in words, for example 'Huber 1e-3 on log loss'",
}
_DIGITS = (
    9  # the page must agree with the library to 1e-6, and N* amplifies an error in alpha 50 times
)


class BadPayload(ScalingLawError, ValueError):
    """A payload that the explorer cannot show; the message names the key and what it expects."""


@dataclass(frozen=True)
class Explorer:
    """An interactive figure of N*, D*, tokens per parameter and loss against the training budget.

    ``payload`` holds a fit of L = E + A/N**alpha + B/D**beta with its bootstrap: budgets in FLOPs,
    loss in ``loss_unit``; ``log_A``, ``log_B``, ``E`` and ``objective`` have one row for each
    ``alpha`` and one column for each ``beta`` and hold the refit at that pair of exponents. Put the
    best exponents among the grids' nodes, so that the curves do not jump where the reader starts.
    Raises ``BadPayload`` when a key is missing, has the wrong shape or a value out of range.
    """

    payload: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a payload that the page would draw wrongly or not at all."""
        _check(self.payload)

    def __repr__(self) -> str:
        """Say what is shown, for places that show text only."""
        kind = "simulated runs" if self.payload["simulated"] else "runs"
        return (
            f"Explorer({self.payload['title']!r}: {self.payload['n_runs']} {kind}, "
            f"{len(self.payload['draws'])} bootstrap refits; interactive in the rendered page)"
        )

    def _repr_html_(self) -> str:
        """Give the figure as self-contained HTML."""
        template = (
            resources.files("scalinglaws.figures.interactive")
            .joinpath("explorer.html")
            .read_text("utf-8")
        )
        simulated = bool(self.payload["simulated"])
        deck = (
            f"Fitted to {self.payload['n_runs']} {'simulated runs' if simulated else 'runs'} "
            f"({self.payload['objective_name']}). Slide the budget to see the model size and the "
            "amount of data that the fit recommends; slide an exponent to see what else the same "
            "runs would allow."
        )
        badge = '<p class="sl-simulated">Simulated: not measured on real models</p>\n'
        # The payload goes in last, so that a title cannot be mistaken for its place.
        return (
            template.replace("__BADGE__", badge if simulated else "")
            .replace("__DECK__", html.escape(deck))
            .replace("__TITLE__", html.escape(str(self.payload["title"])))
            .replace("__PAYLOAD__", _as_json(self.payload))
        )


def render(payload: Mapping[str, Any]) -> str:
    """Give the explorer of ``payload`` as self-contained HTML; raises ``BadPayload``."""
    return Explorer(payload)._repr_html_()


def _check(payload: Mapping[str, Any]) -> None:
    for key, meaning in _KEYS.items():
        if key not in payload:
            raise BadPayload(f"the explorer's payload has no {key!r}; expected {meaning}")
    for key in ("title", "loss_unit", "objective_name"):
        if not isinstance(payload[key], str) or not payload[key].strip():
            raise BadPayload(f"{key!r} is {payload[key]!r}; expected {_KEYS[key]}")
    if not isinstance(payload["simulated"], bool | np.bool_):
        raise BadPayload(f"'simulated' is {payload['simulated']!r}; expected True or False")
    level = float(_numbers(payload["level"], "'level'", ()))
    if not 0 < level < 1:
        raise BadPayload(f"'level' is {level:g}; expected a number between 0 and 1, such as 0.9")
    if not float(_numbers(payload["n_runs"], "'n_runs'", ())) >= 1:
        raise BadPayload(f"'n_runs' is {payload['n_runs']!r}; expected at least 1")
    _check_tables(payload)
    _check_budgets(payload)


def _check_tables(payload: Mapping[str, Any]) -> None:
    best = _members(payload, "best", _BEST)
    sizes = []
    for key in ("alpha", "beta"):
        grid = _numbers(payload[key], repr(key), (None,))
        if grid.size < 2 or grid[0] <= 0 or not (np.diff(grid) > 0).all():
            raise BadPayload(
                f"{key!r} must hold two or more positive exponents in increasing order"
            )
        if not grid[0] <= best[key] <= grid[-1]:
            raise BadPayload(
                f"the best {key}, {best[key]:g}, lies outside its grid, {grid[0]:g} to "
                f"{grid[-1]:g}; build the grid around the best exponent"
            )
        sizes.append(grid.size)
    for key in _TABLES:
        _numbers(payload[key], repr(key), tuple(sizes))
    draws = _numbers(payload["draws"], "'draws'", (None, len(_DRAW)))
    needed = math.ceil(round(2 / (1 - float(payload["level"])), 9))
    if len(draws) < needed:
        raise BadPayload(
            f"'draws' holds {len(draws)} refits; an interval at level {payload['level']:g} needs "
            f"{needed} or more, so that one falls outside on each side"
        )
    for column, name in enumerate(_DRAW):
        row = int(np.argmin(draws[:, column]))
        if name != "E" and draws[row, column] <= 0:
            raise BadPayload(
                f"'draws' row {row}: {name} is {draws[row, column]:g}; expected above 0"
            )
    for name in ("A", "B", "alpha", "beta", "objective"):
        if best[name] <= 0:
            raise BadPayload(f"'best' has {name} = {best[name]:g}; expected above 0")


def _check_budgets(payload: Mapping[str, Any]) -> None:
    flops = _members(payload, "flops", ("min", "max", "start"))
    if not 0 < flops["min"] <= flops["start"] <= flops["max"] or flops["min"] == flops["max"]:
        raise BadPayload(
            f"'flops' has min {flops['min']:g}, start {flops['start']:g}, max {flops['max']:g}; "
            "expected 0 < min <= start <= max and min below max"
        )
    low, high = _numbers(payload["observed_flops"], "'observed_flops'", (2,))
    if not 0 < low <= high:
        raise BadPayload(
            f"'observed_flops' is {low:g} to {high:g}; expected 0 < smallest <= largest"
        )


def _members(payload: Mapping[str, Any], key: str, names: tuple[str, ...]) -> dict[str, float]:
    value = payload[key]
    if not isinstance(value, Mapping):
        raise BadPayload(f"{key!r} is {value!r}; expected {_KEYS[key]}")
    for name in names:
        if name not in value:
            raise BadPayload(f"{key!r} has no {name!r}; expected {_KEYS[key]}")
    return {name: float(_numbers(value[name], f"{key!r} {name!r}", ())) for name in names}


def _numbers(value: Any, what: str, shape: tuple[int | None, ...]) -> npt.NDArray[np.float64]:
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadPayload(f"{what} must hold numbers in {_in_words(shape)}") from None
    fits = numbers.ndim == len(shape) and all(
        expected is None or expected == found
        for expected, found in zip(shape, numbers.shape, strict=True)
    )
    if not fits:
        raise BadPayload(f"{what} has shape {numbers.shape}; expected {_in_words(shape)}")
    if not np.isfinite(numbers).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        raise BadPayload(f"{what} holds {numbers[where]} at {list(where)}; expected finite numbers")
    return numbers


def _in_words(shape: tuple[int | None, ...]) -> str:
    if not shape:
        return "one number"
    sizes = " x ".join("any" if size is None else str(size) for size in shape)
    return f"shape {sizes}"


def _as_json(payload: Mapping[str, Any]) -> str:
    kept = {key: _plain(payload[key]) for key in _KEYS}
    text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # A closing tag or a comment within a title would end the script element early.
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str):
        return value
    return float(f"{float(value):.{_DIGITS}g}")
