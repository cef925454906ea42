"""The mark of simulated runs: a column, so that a join, a group-by or a file cannot lose it."""

from typing import Any

import pandas as pd

MARK = "simulated"
"""Name of the column, and of the same mark on the attributes of what follows from such runs."""

_SUFFIXED = rf"{MARK}(_\w+)?"
_TRUE = ("true", "1", "1.0", "yes")


def mark(table: pd.DataFrame) -> pd.DataFrame:
    """Mark every row of a table as simulated, in place, and return the table."""
    table[MARK] = True
    table.attrs[MARK] = True
    return table


def is_simulated(*tables: Any) -> bool:
    """Whether any row of any table was simulated, by the mark of its rows or of the whole.

    A join of two tables may have given the column a suffix, a group-by turned it into a share, a
    file into text, and a join with measured runs left cells empty.
    """
    return any(_whole(t) or _rows(t) for t in tables)


def _whole(table: Any) -> bool:
    return bool(getattr(table, "attrs", {}).get(MARK))


def _rows(table: Any) -> bool:
    if not isinstance(table, pd.DataFrame):
        return False
    marks = table.loc[:, table.columns.astype(str).str.fullmatch(_SUFFIXED)]
    return any(_true(value) for _, column in marks.items() for value in column.unique())


def _true(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _TRUE
    return bool(pd.notna(value)) and bool(value)
