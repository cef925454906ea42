"""pytest plugin for nbval: text is compared with its floats at a tolerance, pictures not at all.

nbval compares text character by character and passes over a cell without an execution count. Here
two texts agree when they are the same but for decimal numbers that are close; whole numbers are
exact; and a code cell without an execution count is an error, since nothing would be compared.
In a cell tagged ``last-digit`` the last printed digit of a decimal or of a percentage may differ
by one: its fits have several nearly equal minima, and how the processor rounds decides which.
"""

from __future__ import annotations

import math
import os
import re
from typing import Any

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

# Reference outputs are rounded for reading, to three or four figures, and must survive another
# BLAS. A change in the fourth figure is the least that a reader would see; a fault in a fit moves
# the second or third.
RELATIVE_TOLERANCE = 1e-3

# A progress bar appears on slow machines only, and would be compared with nothing.
os.environ.setdefault("TQDM_DISABLE", "1")

_FLOAT = re.compile(r"(?<![\w.])[-+−]?(?:\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)(?!\d|\.\d)")
_ROUNDED = re.compile(rf"{_FLOAT.pattern}|(?<![\w.])[-+−]?\d+(?=%)")
# The size belongs to Matplotlib's version; the figure itself is tested by its data.
_FIGURE = re.compile(r"<Figure size [^>]*>")


class TolerantText(str):
    """Text that equals another whose decimal numbers are close."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and same_text(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other


class LastDigitText(TolerantText):
    """Text whose numbers may also differ by one in the last digit that is printed."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and same_text(self, other, last_digit=True)


class SkippedKinds:
    """What nbval leaves out, and besides it every picture, HTML and type of our own."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.kinds = kinds

    def __contains__(self, kind: str) -> bool:
        return (
            kind in self.kinds or kind == "text/html" or kind.startswith(("image/", "application/"))
        )


def same_text(one: str, other: str, *, last_digit: bool = False) -> bool:
    """Whether two texts are the same but for spacing and decimal numbers that are close."""
    number = _ROUNDED if last_digit else _FLOAT
    if _skeleton(one, number) != _skeleton(other, number):
        return False
    pairs = zip(number.findall(one), number.findall(other), strict=True)
    return all(
        math.isclose(_value(a), _value(b), rel_tol=RELATIVE_TOLERANCE, abs_tol=0)
        or (last_digit and abs(_value(a) - _value(b)) <= 1.001 * max(_unit(a), _unit(b)))
        for a, b in pairs
    )


def _skeleton(text: str, number: re.Pattern[str]) -> str:
    # A number that gets shorter moves the columns of a table, so spacing cannot be compared.
    return " ".join(number.sub("<float>", _FIGURE.sub("<Figure>", text)).split())


def _value(text: str) -> float:
    return float(text.replace("−", "-").rstrip("%"))


def _unit(text: str) -> float:
    """Return what one in the last printed digit is worth."""
    mantissa, _, power = text.rstrip("%").lower().partition("e")
    return float(10.0 ** (int(power or 0) - len(mantissa.partition(".")[2])))


def pytest_collectstart(collector: pytest.Collector) -> None:
    if isinstance(collector, IPyNbFile):
        collector.skip_compare = SkippedKinds(collector.skip_compare)


def pytest_itemcollected(item: pytest.Item) -> None:
    if isinstance(item, IPyNbCell):
        sanitize = item.sanitize
        kind = LastDigitText if "last-digit" in item.cell.metadata.get("tags", []) else TolerantText

        def tolerant(value: Any) -> Any:
            clean = sanitize(value)
            return kind(clean) if isinstance(clean, str) else clean

        item.sanitize = tolerant


def pytest_runtest_setup(item: pytest.Item) -> None:
    if isinstance(item, IPyNbCell) and item.cell.execution_count is None:
        pytest.fail(
            f"{item.name} has no execution count, so nothing would be compared: run "
            "`make reference`",
            pytrace=False,
        )
