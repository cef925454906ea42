"""A fit as a file: everything that its predictions and intervals rest on, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalinglaws._version import VERSION
from scalinglaws.errors import BadParameters
from scalinglaws.fitting.fitted import Fitted
from scalinglaws.fitting.plain import decode, encode

if TYPE_CHECKING:
    from scalinglaws.fitting.objectives import Objective
    from scalinglaws.laws import Law

FORMAT = 3
"""Changes when an older library could not read the file, or would read it wrongly."""

_OWN = ("law", "objective_kind")
"""What may be a reader's own, with functions that no file can hold."""


def save(fit: Fitted, path: str | Path) -> Path:
    """Write the fit to a JSON file and return its path; :func:`scalinglaws.load_fit` reads it.

    The file holds the law, parameters, objective, seed, design, status, every minimum found, the
    table of runs with its hash, and the versions of what computed it: predictions and intervals of
    the fit read back are the same to the last bit. A law or an objective with functions of your
    own is described only: give it again when you load the fit.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(text_of(fit), encoding="utf-8")
    os.replace(partial, path)
    return path


def text_of(fit: Fitted) -> str:
    """Return what :func:`save` writes."""
    values = {f.name: getattr(fit, f.name) for f in fields(Fitted) if not f.name.startswith("_")}
    runs = _encode_table(values.pop("runs"))
    own = {name: values.pop(name) for name in _OWN}
    content = {
        "format": FORMAT,
        "versions": {
            "scalinglaws": VERSION,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": version("scipy"),
            "pandas": pd.__version__,
        },
        **{name: _encode_own(value) for name, value in own.items()},
        "fit": {name: encode(value) for name, value in values.items()},
        "runs_sha256": _digest(runs),
        "runs": runs,
    }
    return json.dumps(content, allow_nan=False, ensure_ascii=False)


def digest(runs: pd.DataFrame) -> str:
    """Return the SHA-256 of a table's columns, as a saved fit has it."""
    return _digest(_encode_table(runs))


def read(path: str | Path, *, law: Law | None, objective: Objective | None) -> dict[str, Any]:
    """Return the fields of a saved fit; raises :class:`BadParameters` where there is none."""
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadParameters(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise BadParameters(f"{path} is not a saved fit: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise BadParameters(
            f"{path} is not a fit saved in format {FORMAT} (it says {found!r}): fit the runs again"
        )
    if missing := {"law", "objective_kind", "fit", "runs", "runs_sha256"} - set(content):
        raise BadParameters(f"{path} is not whole: it lacks {', '.join(sorted(missing))}")
    if _digest(content["runs"]) != content["runs_sha256"]:
        raise BadParameters(
            f"{path}: the table in it is not the one that was fitted (its hash differs): fit again"
        )
    values = {name: decode(value) for name, value in content["fit"].items()}
    given = {"law": law, "objective_kind": objective}
    for name in _OWN:
        values[name] = _decode_own(content[name], given[name], f"{path}", name.split("_")[0])
    values["params"] = MappingProxyType(values["params"])
    values["runs"] = _decode_table(content["runs"])
    return values


def _encode_own(value: Law | Objective) -> dict[str, Any]:
    try:
        return {"kept": encode(value)}
    except BadParameters:
        return {"described": _description(value)}


def _description(value: Any) -> dict[str, Any]:
    """Return what of a law or an objective must be the same when it is given again."""
    plain = {}
    for f in fields(value):
        try:
            plain[f.name] = encode(getattr(value, f.name))
        except BadParameters:
            continue
    return plain


def _decode_own(content: dict[str, Any], given: Any, path: str, what: str) -> Any:
    if "kept" in content:
        return decode(content["kept"])
    described = content["described"]
    name = described.get("name")
    if given is None:
        raise BadParameters(
            f"{path} was fitted with a {what} of your own, {name!r}, whose functions no file can "
            f"hold: load it with load_fit(..., {what}=...)"
        )
    if differ := [k for k, v in described.items() if _description(given).get(k) != v]:
        raise BadParameters(
            f"{path} was fitted with the {what} {name!r}; the one given has another "
            f"{', '.join(differ)}"
        )
    return given


def _encode_table(runs: pd.DataFrame) -> dict[str, Any]:
    columns = []
    for name in runs.columns:
        column = runs[name]
        numeric = isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub"
        values = column.tolist() if numeric else [None if pd.isna(v) else str(v) for v in column]
        columns.append(
            {
                "name": str(name),
                "dtype": column.dtype.str if numeric else "text",
                "values": [encode(v) for v in values],
            }
        )
    attrs = json.loads(json.dumps(runs.attrs, default=str))
    return {"columns": columns, "attrs": attrs}


def _decode_table(content: dict[str, Any]) -> pd.DataFrame:
    columns = {}
    for column in content["columns"]:
        values = [decode(v) for v in column["values"]]
        dtype = None if column["dtype"] == "text" else column["dtype"]
        columns[column["name"]] = pd.Series(values, dtype=dtype)
    runs = pd.DataFrame(columns)
    runs.attrs = content["attrs"]
    return runs


def _digest(runs: dict[str, Any]) -> str:
    text = json.dumps(runs["columns"], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
