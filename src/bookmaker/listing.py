"""A table that can be searched, filtered and ordered by ``_static/listing.js``."""

from __future__ import annotations

from html import escape as _escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BETWEEN = "|"
"""What parts the values of one row for a filter, where it has several."""


def escape(text: str, quote: bool = True) -> str:
    """Return words as HTML that shows them, on one line: a break could end the block."""
    return _escape(" ".join(text.split()), quote=quote)


def controls(
    filters: Mapping[str, Mapping[str, str]],
    *,
    noun: str,
    hint: str,
    orders: Mapping[str, str] | None = None,
) -> str:
    """Return the search and the filters; without JavaScript they stay hidden.

    ``filters`` maps an attribute ``data-NAME`` of rows to its values and their words, ``orders``
    the numbers in ``data-by-NAME`` to words. ``noun`` says what the rows are, ``hint`` what may be
    searched for.
    """
    boxes = "".join(
        f"<label>{name}<select data-filter='{name}'><option value=''>any</option>"
        + "".join(f"<option value='{escape(k)}'>{escape(v)}</option>" for k, v in options.items())
        + "</select></label>"
        for name, options in filters.items()
    )
    if orders:
        every = {"": "as in the book", **orders}
        order = "".join(f"<option value='{k}'>{v}</option>" for k, v in every.items())
        boxes += f"<label>order<select data-order>{order}</select></label>"
    return (
        f"<form class='sl-filter' data-noun='{escape(noun)}' hidden><label>search"
        f"<input type='search' placeholder='{escape(hint)}'></label>{boxes}"
        "<button type='reset'>clear</button><p role='status'></p></form>"
    )


def listing(kind: str, heads: Sequence[str], rows: str) -> str:
    """Return the table itself: ``kind`` is its own class, ``rows`` the HTML of its rows."""
    head = "".join(f"<th scope='col'>{words}</th>" for words in heads)
    return (
        f"<div class='sl-listing {kind}'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
