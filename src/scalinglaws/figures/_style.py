"""One look for every figure: observed, fitted, extrapolated and simulated always told apart."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from scalinglaws._fit import Fit
from scalinglaws._format import count, loss_unit
from scalinglaws._mime import FIGURE as MIME
from scalinglaws.figures._drawn import drawn
from scalinglaws.figures._page import WIDE, Head, laid_out, saved
from scalinglaws.figures._ticks import name_ticks

COLOURS = sns.color_palette("colorblind").as_hex()
OBSERVED, FITTED, WARM, GREEN = COLOURS[0], "#333333", COLOURS[1], COLOURS[2]
SIMULATED, SIMULATED_INK, STAMP_INK = "SIMULATED", "#a3341f", "#5b4a8a"
LOW = 3.4
"""Inches of height of a chapter's picture, which is to stand whole below the answer."""
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*", "h", "<")

_TEXT: dict[Any, Any] = {
    **dict.fromkeys(("axes.labelsize", "axes.titlesize"), 9.5),
    **dict.fromkeys(("legend.fontsize", "xtick.labelsize", "ytick.labelsize"), 9),
    "font.family": "DejaVu Sans",
}
_LABELS = {
    "params": "parameters N",
    "tokens": "training tokens D",
    "flops": "compute C (FLOPs)",
    "tokens_per_param": "tokens per parameter",
    "batch_tokens": "batch (tokens)",
    "params_non_embedding": "parameters without embeddings",
    "steps": "steps S",
}


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished figure and the message above it; ``figure`` gives the axes and their data.

    A page shows it in two widths and two themes, beside the numbers that it shows and a drawing
    that can be scaled.
    """

    figure: Figure
    says: str
    stamp: str = ""

    def png(self, *, narrow: bool = False, night: bool = False) -> bytes:
        """Return the figure as a PNG at two pixels a point of the page."""
        with laid_out(self.figure, self._head(), narrow=narrow):
            return saved(self.figure, night=night)

    def svg(self) -> bytes:
        """Return the figure as an SVG."""
        with laid_out(self.figure, self._head(), narrow=False):
            return saved(self.figure, form="svg")

    def data(self) -> pd.DataFrame:
        """Return the points of everything that is drawn: panel, series, mark, x and y."""
        return drawn(self.figure)

    def _head(self) -> Head:
        colour = SIMULATED_INK if self.stamp == SIMULATED else STAMP_INK
        return Head(self.message, self.stamp, colour)

    @property
    def message(self) -> str:
        """What the figure shows, as the sentence that stands above it."""
        return self.says[:1].upper() + self.says[1:]

    def drawings(self) -> dict[str, bytes]:
        """Return each drawing: ``png, dark.png, svg`` of a page, ``narrow.png, narrow-dark.png``.

        Each width is laid out once.
        """
        parts: dict[str, bytes] = {}
        with laid_out(self.figure, self._head(), narrow=False):
            parts["png"] = saved(self.figure)
            parts["dark.png"] = saved(self.figure, night=True)
            parts["svg"] = saved(self.figure, form="svg")
        with laid_out(self.figure, self._head(), narrow=True):
            parts["narrow.png"] = saved(self.figure)
            parts["narrow-dark.png"] = saved(self.figure, night=True)
        return parts

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        parts: dict[str, bytes] = {"csv": self.data().to_csv(index=False).encode()}
        parts |= self.drawings()
        plain = parts.pop("png")
        files = {name: b64encode(part).decode() for name, part in parts.items()}
        page: dict[str, Any] = {"image/png": b64encode(plain).decode(), "text/plain": repr(self)}
        page[MIME] = {"message": self.message, "files": files}
        return page, {"image/png": {"width": int(100 * WIDE)}}

    def __repr__(self) -> str:
        """Return what the figure shows, in words."""
        words = "simulated runs" if self.stamp == SIMULATED else self.stamp
        before = f"{words}: " if words else ""
        return f"Figure: {before}{self.says}"


def canvas(
    columns: int = 1, *, rows: int = 1, height: float = 4.2, width: float = 7.0
) -> tuple[Figure, Any]:
    """Return a figure and its axes in the book's style, ready to draw on."""
    look = {"axes.grid": True, "grid.color": "#e4e4e4"}
    with rc_context(_TEXT), sns.axes_style("ticks", look):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns)
    for ax in np.ravel(axes):
        sns.despine(ax=ax)
    return figure, axes


def _words(value: float, _: object = None) -> str:
    return count(value)


def label(name: str) -> str:
    """Return the words for a column, as they stand on an axis."""
    return _LABELS.get(name, name)


def scale(ax: Axes, *, x: str | None = None, y: str | None = None) -> None:
    """Set log axes and their words: sizes and tokens as people say them, compute in powers."""
    for name, axis in ((x, ax.xaxis), (y, ax.yaxis)):
        if name is None:
            continue
        (ax.set_xscale if axis is ax.xaxis else ax.set_yscale)("log")
        axis.set_label_text(label(name))
        if name in ("params", "tokens"):
            axis.set_major_formatter(FuncFormatter(_words))
        if "loss" in name or name == "tokens_per_param":
            # These span about a decade: round values read better than powers of ten.
            axis.set_major_locator(MaxNLocator(6))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axis.set_minor_formatter(NullFormatter())


def loss_label(attrs: Mapping[Any, Any]) -> str:
    """Return the axis label of the loss, with its unit where the data card gives one."""
    unit = loss_unit(attrs)
    return f"loss ({unit})" if unit else "loss"


def response_label(fit: Fit) -> str:
    """Return the axis label of what a law predicts, with the loss's unit where it is known."""
    response = fit.law.response
    return loss_label(fit.runs.attrs) if response == "loss" else label(response)


def finish(figure: Figure, says: str, *, simulated: bool = False, stamp: str = "") -> Picture:
    """Close a figure with its message; what is simulated is stamped as such."""
    for ax in figure.axes:
        name_ticks(ax)
    return Picture(figure, says, SIMULATED if simulated else stamp)
