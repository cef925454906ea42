"""Values of the library as plain JSON and back: laws, objectives, designs, arrays.

A function is written as its module and name, and only those of this library are read back, so
that a file cannot make a reader run anything else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np

from scalinglaws.errors import BadParameters

_OURS = "scalinglaws."


def encode(value: Any) -> Any:
    """Return a value as what JSON holds, floats to the last bit.

    Raises :class:`BadParameters` for a function that is not one of a module of this library.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, tuple | list):
        return {"tuple": [encode(v) for v in value]}
    if isinstance(value, Mapping):
        return {"map": {str(k): encode(v) for k, v in value.items()}}
    if isinstance(value, np.ndarray):
        flat = [encode(v) for v in value.ravel().tolist()]
        return {"array": flat, "shape": list(value.shape), "dtype": value.dtype.str}
    if is_dataclass(value) and not isinstance(value, type) and _named(type(value)):
        kept = {f.name: encode(getattr(value, f.name)) for f in fields(value) if f.init}
        return {"value": _named(type(value)), "fields": kept}
    if inspect.isfunction(value) and _named(value):
        return {"function": _named(value)}
    raise BadParameters(f"{value!r} is not one of the library's own values or functions")


def decode(plain: Any) -> Any:
    """Return the value of what :func:`encode` gave; raises :class:`BadParameters` for all else."""
    if not isinstance(plain, dict):
        return plain
    try:
        if "float" in plain:
            return float(plain["float"])
        if "tuple" in plain:
            return tuple(decode(v) for v in plain["tuple"])
        if "map" in plain:
            return {k: decode(v) for k, v in plain["map"].items()}
        if "array" in plain:
            flat = [decode(v) for v in plain["array"]]
            return np.array(flat, dtype=plain["dtype"]).reshape(plain["shape"])
        if "value" in plain:
            made = _find(plain["value"])
            if not is_dataclass(made):
                raise BadParameters(f"{plain['value']} is no kind of value")
            return made(**{k: decode(v) for k, v in plain["fields"].items()})  # type: ignore[operator]
        function = _find(plain["function"])
        if not inspect.isfunction(function):
            raise BadParameters(f"{plain['function']} is no function")
    except (KeyError, TypeError, ValueError, AttributeError, ImportError) as error:
        raise BadParameters(f"{str(plain)[:80]} cannot be read back: {error}") from error
    return function


def _named(thing: Callable[..., Any]) -> str | None:
    """Return where a module of this library holds a function or class, if one does."""
    name = f"{thing.__module__}:{thing.__qualname__}"
    if not name.startswith(_OURS) or "<" in name:
        return None
    return name


def _find(name: str) -> Any:
    module, _, own = name.partition(":")
    if not module.startswith(_OURS) or not own.isidentifier():
        raise BadParameters(f"{name} is not a name of this library")
    return getattr(import_module(module), own)
