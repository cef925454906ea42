"""Tables as a chapter shows them: few digits, counts in words, intervals beside their estimate."""

import math
from dataclasses import dataclass
from html import escape

import pandas as pd

from scalinglaws import _format
from scalinglaws._format import flops_words, number, table_html
from scalinglaws.intervals.beyond import half_width
from scalinglaws.notebook.refusal import Refusal, takes_refusals

_HEADERS = {
    "params": "parameters N",
    "total_params": "all parameters",
    "tokens": "tokens D",
    "tokens_per_param": "tokens per parameter",
    "flops": "compute C (FLOPs)",
    "beyond": "times beyond the runs",
    "law_low": "low, if the law holds",
    "law_high": "high, if the law holds",
}


@takes_refusals
def count(value: float | Refusal) -> str:
    """Format a count of parameters or tokens as people say it: 70B, 1.4T; a refusal as refused."""
    return f"{value}" if isinstance(value, Refusal) else _format.count(value)


@dataclass(frozen=True, eq=False)
class Table:
    """A table ready to read; ``frame`` keeps the numbers."""

    frame: pd.DataFrame
    level: float | None = None

    def _header(self) -> tuple[str, ...]:
        named = [_HEADERS.get(str(c), str(c)) for c in self._columns()]
        return ("" if self.frame.index.name is None else str(self.frame.index.name), *named)

    def _columns(self) -> list[str]:
        names = [str(c) for c in self.frame.columns]
        sides = ("_low", "_high", "_law_low", "_law_high")
        ends = {f"{n}{end}" for n in names for end in sides}
        return [n for n in names if n not in ends and not (n == "status" and self._status())]

    def _cell(self, row: pd.Series, name: str) -> str:
        text = _words(name, row[name])
        if f"{name}_low" in row.index:
            low, high = (_words(name, row[f"{name}_{end}"]) for end in ("low", "high"))
            text += f" ({low} to {high})"
        return text

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (str(index), *(self._cell(row, name) for name in self._columns()))
            for index, row in self.frame.iterrows()
        ]

    def _allowed(self) -> str:
        """Return what an interval allows beyond the runs, where some rows are there."""
        share = self.frame.attrs.get("per_decade", 0.0)
        if not share or self.level is None:
            return ""
        half = half_width(self.level, share)
        return f", which allows ±{half:.1%} of the loss a decade beyond the runs"

    def _status(self) -> str:
        """Return what the fit says of itself that the table rests on, where it does say."""
        return str(self.frame.attrs.get("status", ""))

    def _warning(self) -> str:
        told = self._status()
        return f"The fit carries a warning. {told}" if told not in ("", "ok") else ""

    def _bare(self) -> bool:
        return isinstance(self.frame.index, pd.RangeIndex)

    def __repr__(self) -> str:
        """Return the table as aligned text."""
        skip = 1 if self._bare() else 0
        lines = [r[skip:] for r in (self._header(), *self._rows())]
        widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
        rows = [
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        ]
        return "\n".join([*rows, self._warning()] if self._warning() else rows)

    def _repr_html_(self) -> str:
        skip = 1 if self._bare() else 0
        note = (
            f"<p class='sl-why'>In brackets: {self.level:.0%} interval{self._allowed()}.</p>"
            if self.level
            else ""
        )
        if told := self._warning():
            note += f"<p class='sl-why'>{escape(told)}</p>"
        rows = [r[skip:] for r in self._rows()]
        return f'<div class="sl-table">{table_html(self._header()[skip:], rows)}{note}</div>'


def _words(name: str, value: object) -> str:
    if isinstance(value, str | bool) or value is None:
        return str(value)
    if not isinstance(value, int | float):
        return f"{value}"
    if math.isnan(value):
        return ""
    if name in ("params", "total_params", "tokens", "batch_tokens"):
        return count(float(value))
    if name == "flops":
        return flops_words(float(value))
    if name == "beyond" and value <= 1:
        return "within"
    if name in ("tokens_per_param", "beyond"):
        return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
    if name == "loss":
        return f"{value:.3f}"
    if isinstance(value, int) or float(value).is_integer():
        return f"{value:,.0f}"
    return number(float(value))


def show(frame: pd.DataFrame) -> Table:
    """Show a table of the library: ``x, x_low, x_high`` become one column with its interval."""
    level = frame.attrs.get("level")
    shown = any(f"{name}_low" in frame.columns for name in frame.columns)
    return Table(frame, float(level) if level and shown else None)
