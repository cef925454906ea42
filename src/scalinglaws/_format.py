"""How numbers and small tables are written, wherever they are shown."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))

_ROUNDED = 1 - 5e-4
"""From this share of a size on, three digits round up to it: 999.9 million is 1B, not 1000M."""


def count(value: float) -> str:
    """Format a count of parameters or tokens as people say it: 70B, 1.4T, 512."""
    for size, suffix in _SUFFIXES:
        if size * _ROUNDED <= value < 1e15 * _ROUNDED:
            return f"{max(value / size, 1.0):.3g}{suffix}"
    return f"{value:.3g}"


def flops_words(value: float) -> str:
    """Format a number of floating-point operations: 5.76e23."""
    return f"{value:.3g}".replace("e+", "e")


def number(value: float) -> str:
    """Format a parameter to four significant digits, without an exponent where one can."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1e5:
        digits = max(0, 3 - int(np.floor(np.log10(abs(value)))))
        return f"{value:.{digits}f}"
    return f"{value:.3e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def loss_unit(attrs: Mapping[Any, Any]) -> str:
    """Return the unit of the loss that the data card gives, or nothing."""
    tables = (attrs.get("card") or {}).get("tables", {})
    column = tables.get(attrs.get("table"), {}).get("columns", {}).get("loss", {})
    return str(column.get("unit", ""))


def table_html(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a small accessible table."""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in header)
    body = "".join(
        f'<tr><th scope="row">{escape(r[0])}</th>'
        + "".join(f"<td>{escape(c)}</td>" for c in r[1:])
        + "</tr>"
        for r in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
