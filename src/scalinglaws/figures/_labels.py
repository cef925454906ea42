"""Names beside the lines that they belong to, pushed apart where they would touch."""

from collections.abc import Sequence

import numpy as np
import seaborn as sns
from matplotlib import patheffects
from matplotlib.axes import Axes

_INK, _SOFT = "#333333", "#59626c"

_GAP = 0.055
"""Least distance of two names, as a share of the height of the panel."""


def ramp(count: int) -> list[str]:
    """Return colours for things that have an order, most ink for the last."""
    return [str(c) for c in sns.color_palette("crest", max(count, 1)).as_hex()][:count]


def at_ends(ax: Axes, names: Sequence[tuple[float, str, str]]) -> None:
    """Write names at the right of a panel, each at the height of its line's end.

    ``names`` are the end's y, the words and the colour; what lies outside the panel is put at its
    edge. Call it when the limits of the panel are set.
    """
    if not names:
        return
    low, high = ax.get_ylim()
    log = ax.get_yscale() == "log"
    scale = np.log if log else np.asarray
    ends = np.array([y for y, _, _ in names], dtype=float)
    if log:
        ends = np.clip(ends, min(low, high), max(low, high))
    at = (scale(ends) - scale(low)) / (scale(high) - scale(low))
    for place, (_, words, colour) in zip(apart(np.clip(at, 0.0, 1.0)), names, strict=True):
        ax.annotate(
            words,
            (1.0, float(place)),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            fontsize=8.5,
            va="center",
            annotation_clip=False,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )


def sides(ax: Axes, border: float, left: str, right: str) -> None:
    """Draw a border across a panel and name what lies on either side of it, at the top."""
    ax.axvline(border, color=_INK, lw=0.8, ls=":")
    for words, shift, side in ((left, -4, "right"), (right, 4, "left")):
        ax.annotate(
            words,
            (border, 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(shift, -3),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=8.5,
            color=_SOFT,
            zorder=5,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )


def over_row(ax: Axes, names: Sequence[tuple[float, str, str]], *, row: float) -> None:
    """Write names above the dots of a row, on three lines in turn, so that none touch.

    ``names`` are the dot's x, the words and the colour; rows are counted downwards from zero.
    """
    for k, (x, words, colour) in enumerate(sorted(names)):
        ax.annotate(
            words,
            (x, row),
            xytext=(0, (6, 17, 28)[k % 3]),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.5,
            color=colour,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )


def apart(places: np.ndarray, gap: float = _GAP) -> np.ndarray:
    """Move places (n,) in 0 to 1 as little as needed to be a gap apart, in their order."""
    order = np.argsort(places, kind="stable")
    moved = places[order].astype(float)
    gap = min(gap, 1.0 / max(len(places) - 1, 1))
    for _ in range(100):
        near = np.diff(moved) < gap - 1e-9
        if not near.any():
            break
        for k in np.flatnonzero(near):
            middle = (moved[k] + moved[k + 1]) / 2
            moved[k], moved[k + 1] = middle - gap / 2, middle + gap / 2
        moved += max(0.0, -moved[0]) - max(0.0, moved[-1] - 1.0)
    out = np.empty_like(moved)
    out[order] = moved
    return out
