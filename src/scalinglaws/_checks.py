"""Checks that every public call shares: tables, levels, resamples, seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters, BadRuns

FEWEST = 20
"""Resamples below which no interval is given: a 5% quantile needs at least one draw beyond it."""


def table(runs: Any, columns: Sequence[str], *, what: str, positive: bool = True) -> None:
    """Refuse what is not a table of (positive,) finite numbers in the given columns, by row.

    Raises :class:`BadRuns`; rows are counted from 1, as they stand in the table.
    """
    if not isinstance(runs, pd.DataFrame):
        raise BadRuns(
            f"{what} needs a table of runs (a pandas DataFrame, from sl.load or sl.read_runs); "
            f"it was given {type(runs).__name__}"
        )
    if missing := [c for c in columns if c not in runs.columns]:
        raise BadRuns(
            f"{what} needs the columns {', '.join(columns)}; the table lacks "
            f"{', '.join(missing)} (it has {', '.join(map(str, runs.columns))})"
        )
    if len(runs) == 0:
        raise BadRuns(f"{what} needs runs; this table has no row")
    for name in columns:
        column = runs[name]
        mixed = _mixed(column, name)
        read = pd.to_numeric(column, errors="coerce") if mixed else column
        values = read.to_numpy(dtype=float)
        wrong = ~np.isfinite(values) | (positive & (values <= 0))
        if wrong.any():
            row = int(wrong.argmax())
            raise BadRuns(
                f"row {row + 1}, column {name}: found {str(runs[name].iloc[row])!r}; expected a "
                f"{'positive, ' if positive else ''}finite number ({int(wrong.sum())} such rows). "
                f"Correct it, or leave the row out"
            )
        if mixed and (text := [isinstance(v, str | bool) for v in runs[name]]) and any(text):
            row = text.index(True)
            raise BadRuns(
                f"row {row + 1}, column {name}: found {runs[name].iloc[row]!r}, which is text and "
                f"no number. Convert the column with pd.to_numeric, or read the file with "
                f"sl.read_runs"
            )


def _mixed(column: Any, name: str) -> bool:
    """Return whether a column may hold text; refuse one that is there twice or holds no numbers."""
    if isinstance(column, pd.DataFrame):
        raise BadRuns(f"the table has {column.shape[1]} columns {name}: leave one")
    kind, types = column.dtype, pd.api.types
    if isinstance(kind, np.dtype) and kind.kind in "fiu":
        return False
    mixed = types.is_object_dtype(kind) or types.is_string_dtype(kind)
    if not (mixed or types.is_integer_dtype(kind) or types.is_float_dtype(kind)):
        raise BadRuns(f"column {name} holds {kind}; expected real numbers")
    return bool(mixed)


def bare(runs: Any) -> Any:
    """Return a table without its card: pandas would copy that with every column that is read."""
    if not isinstance(runs, pd.DataFrame):
        return runs
    plain = runs.copy(deep=False)
    plain.attrs = {}
    return plain


def groups(runs: pd.DataFrame, column: str, *, what: str) -> None:
    """Refuse a column of group labels that is absent or has empty cells."""
    if column not in runs.columns:
        raise BadRuns(
            f"{what} needs a column {column} that names each group; the table has "
            f"{', '.join(map(str, runs.columns))}"
        )
    labels = runs[column]
    if (empty := (labels.isna() | (labels.astype(str).str.strip() == "")).to_numpy()).any():
        raise BadRuns(f"row {int(empty.argmax()) + 1}, column {column}: the label is empty")


def level(value: Any) -> float:
    """Return a level between 0 and 1; raises :class:`BadParameters` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise BadParameters(f"level is a share between 0 and 1, such as 0.9; found {value!r}")
    return float(value)


def share(value: Any) -> float:
    """Return a part of a range of x; raises :class:`BadParameters` for what is none."""
    if not 0 < numbers({"share": value}, what="a cut")["share"] < 1:
        raise BadParameters(f"share is a part of the range of x, between 0 and 1; found {value!r}")
    return float(value)


def resamples(n: Any) -> int:
    """Return a number of resamples that an interval can rest on."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < FEWEST:
        raise BadParameters(
            f"an interval needs a whole number of resamples, {FEWEST} or more; found {n!r}"
        )
    return int(n)


def count(n: int) -> int:
    """Return a number of resamples; raises :class:`BadParameters` unless it is 1 or more."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise BadParameters(f"the number of resamples is a whole number, 1 or more; found {n!r}")
    return int(n)


def seed(value: Any) -> int:
    """Return a seed, a whole number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise BadParameters(f"a seed is a whole number, 0 or more; found {value!r}")
    return int(value)


def numbers(values: Mapping[str, Any], *, what: str) -> dict[str, float]:
    """Return finite numbers by name; raises :class:`BadParameters` for anything else."""
    if not isinstance(values, Mapping):
        raise BadParameters(f"{what}: numbers by name are expected, in a dict; found {values!r}")
    out = {}
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise BadParameters(f"{what}: {name} must be a number; found {value!r}")
        if not np.isfinite(value):
            raise BadParameters(f"{what}: {name} must be finite; found {value!r}")
        out[name] = float(value)
    return out


def weights(value: Any, runs: int) -> Array:
    """Return weights (n,), one for each run; raises :class:`BadRuns` for unusable ones."""
    if value is None:
        return np.ones(runs)
    try:
        w = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        w = np.empty(0)
    if w.shape != (runs,) or not np.isfinite(w).all() or (w < 0).any():
        raise BadRuns(f"weights need {runs} finite, non-negative numbers, one for each run")
    if not w.any():
        raise BadRuns("every weight is zero: no run is left to fit")
    return w
