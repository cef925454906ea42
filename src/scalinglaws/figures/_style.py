"""One look for every figure: observed, fitted, extrapolated and simulated always told apart."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from scalinglaws._fit import Fit
from scalinglaws._format import count, loss_unit

COLOURS = sns.color_palette("colorblind").as_hex()
OBSERVED, FITTED, WARM, GREEN = COLOURS[0], "#333333", COLOURS[1], COLOURS[2]
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*", "h", "<")

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
    """A finished figure and one line on what it shows; ``figure`` gives the axes and their data."""

    figure: Figure
    says: str

    def png(self) -> bytes:
        """Return the figure as a PNG at 1.5 pixels a point of the page."""
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=150, bbox_inches="tight")
        return out.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        return self.png(), {"width": int(self.figure.get_figwidth() * 100)}

    def __repr__(self) -> str:
        """Return what the figure shows, in words."""
        return f"Figure: {self.says}"


def canvas(
    columns: int = 1, *, rows: int = 1, height: float = 4.2, width: float = 7.0
) -> tuple[Figure, Any]:
    """Return a figure and its axes in the book's style, ready to draw on."""
    with sns.axes_style("ticks", {"axes.grid": True, "grid.color": "#e4e4e4"}):
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


def stamp(figure: Figure, words: str, *, colour: str) -> None:
    """Print words on a coloured label above the figure, at its right."""
    figure.suptitle(
        words,
        x=0.99,
        ha="right",
        fontsize=9,
        fontweight="bold",
        color="white",
        bbox={"boxstyle": "round,pad=0.3", "facecolor": colour, "edgecolor": "none"},
    )


def finish(figure: Figure, says: str, *, simulated: bool = False) -> Picture:
    """Stamp a simulated figure as such, and close it."""
    if simulated:
        stamp(figure, "SIMULATED", colour="#a3341f")
        says = f"simulated runs: {says}"
    return Picture(figure, says)
