"""Draw a finished figure as a page needs it: two widths, two themes, its message above."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.gridspec import GridSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.ticker import MaxNLocator

from scalinglaws.figures._recolour import PAPER, dark

WIDE, NARROW = 6.88, 3.42
"""Inches of the two drawings: the book's column of 688 pixels, and a phone's of 342."""

DPI = 200

_PANEL = 2.7
"""Inches of height of one panel on a phone, where panels stand below each other."""

_LINE = 30
"""Characters of an axis's label on one line of a phone."""

_LEAST = 8.0
"""Points below which no text is drawn."""

_PAD = 0.06

_SUBPIXELS, _LARGE = 64, 100.0
"""Parts of a pixel, here a point, in which a font counts widths, and points at which it is asked:
at the size of a message it would round each letter to whole pixels."""


@dataclass(frozen=True)
class Head:
    """What stands above a drawing: a stamp in its colour, and the message."""

    message: str
    stamp: str = ""
    colour: str = "#a3341f"


@contextmanager
def laid_out(figure: Figure, head: Head, *, narrow: bool) -> Iterator[None]:
    """Give a figure the size, head and places of one width inside this block."""
    with ExitStack() as during:
        during.enter_context(_sized(figure, narrow=narrow))
        during.enter_context(_headed(figure, head, 10.5 if narrow else 11.5))
        engine = figure.get_layout_engine()
        if engine is not None:
            # Places are found once, for all drawings of this width.
            engine.execute(figure)
            # Any engine, even one that does nothing, has each drawing drawn twice.
            figure.set_layout_engine(None)
            during.callback(figure.set_layout_engine, engine)
        yield


def saved(figure: Figure, *, night: bool = False, form: str = "png") -> bytes:
    """Return a figure as it is laid out, in the inks of one theme."""
    out = io.BytesIO()
    with ExitStack() as during:
        if night:
            during.enter_context(dark(figure))
        # Neither the day nor a random mark may enter a file: equal figures are equal files.
        during.enter_context(rc_context({"svg.hashsalt": "scalinglaws", "svg.fonttype": "none"}))
        plain: dict[str, Any] = {"metadata": {"Date": None}} if form == "svg" else {}
        paper = PAPER if night else "white"
        figure.savefig(out, format=form, dpi=DPI, facecolor=paper, **plain)
    return out.getvalue()


@contextmanager
def _sized(figure: Figure, *, narrow: bool) -> Iterator[None]:
    width, height = (float(v) for v in figure.get_size_inches())
    with ExitStack() as undo:
        undo.callback(figure.set_size_inches, width, height)
        if narrow:
            across = _stacked(figure, undo)
            _calmer(figure, undo)
            tall = height * 0.9 if across == 1 else across * min(_PANEL, height)
            figure.set_size_inches(NARROW, max(_PANEL, tall))
        else:
            figure.set_size_inches(WIDE, height * min(1.0, (WIDE / width) ** 0.5))
        yield


def _stacked(figure: Figure, undo: ExitStack) -> int:
    """Put panels that stand side by side below each other; return how many rows for one before."""
    places = [(ax, ax.get_subplotspec()) for ax in figure.axes]
    grids = {s.get_gridspec() for _, s in places if s is not None}
    across = max((g.ncols for g in grids), default=1)
    if len(grids) != 1 or across == 1:
        return 1
    (grid,) = grids
    stack = GridSpec(grid.nrows * across, 1, figure=figure)
    for ax, spec in places:
        if spec is not None:
            named = ax.yaxis.get_tick_params()["labelleft"]
            ax.set_subplotspec(stack[spec.num1])
            ax.tick_params(labelleft=True)
            undo.callback(ax.set_subplotspec, spec)
            undo.callback(ax.tick_params, labelleft=named)
    return across


def _calmer(figure: Figure, undo: ExitStack) -> None:
    """Thin out ticks, break labels, and let legends be as wide as a phone."""
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            words = axis.get_label_text()
            undo.callback(axis.set_label_text, words)
            axis.set_label_text("\n".join(wrap(words, _LINE, break_long_words=False)))
            found = axis.get_major_locator()
            if axis is ax.xaxis and isinstance(found, MaxNLocator):
                undo.callback(axis.set_major_locator, found)
                axis.set_major_locator(MaxNLocator(4))
        legend = ax.get_legend()
        if legend is not None and len(legend.get_texts()) > 2:
            _below(figure, legend, undo, ax)
    for legend in list(figure.legends):
        if len(legend.get_texts()) > 1 and legend._ncols > 2:  # type: ignore[attr-defined]
            _below(figure, legend, undo)


def _below(figure: Figure, legend: Legend, undo: ExitStack, ax: Axes | None = None) -> None:
    """Put a legend below its figure in two columns."""
    texts = [t.get_text() for t in legend.get_texts()]
    columns = 1 if max(map(len, texts)) > 24 else 2
    title = legend.get_title().get_text() or None
    fresh = figure.legend(
        [h for h in legend.legend_handles if h is not None],
        texts,
        frameon=False,
        ncols=columns,
        fontsize=_LEAST,
        title=title,
        title_fontsize=_LEAST,
        loc="outside lower center",
    )
    legend.set_visible(False)
    shown = legend.get_in_layout()
    legend.set_in_layout(False)
    undo.callback(legend.set_in_layout, shown)
    undo.callback(legend.set_visible, True)
    undo.callback(fresh.remove)


@contextmanager
def _headed(figure: Figure, head: Head, size: float) -> Iterator[None]:
    width, height = (float(v) for v in figure.get_size_inches())
    lines = wrapped(head.message, size, 72 * (width - 2 * _PAD))
    line, small = 1.3 * size / 72, 1.5 * _LEAST / 72
    top = _PAD + len(lines) * line + (small if head.stamp else 0.0) + 1.5 * _PAD
    tall = height + top
    engine = figure.get_layout_engine()
    with ExitStack() as undo:
        undo.callback(figure.set_size_inches, width, height)
        figure.set_size_inches(width, tall)
        if isinstance(engine, ConstrainedLayoutEngine):
            undo.callback(engine.set, rect=(0.0, 0.0, 1.0, 1.0))
            engine.set(rect=(0.0, 0.0, 1.0, 1 - top / tall))
        at = tall - _PAD
        if head.stamp:
            words = figure.text(
                _PAD / width, at / tall, head.stamp, color=head.colour, va="top", size=_LEAST
            )
            words.set_fontweight("bold")
            undo.callback(words.remove)
            at -= small
        words = figure.text(_PAD / width, at / tall, "\n".join(lines), va="top", size=size)
        words.set(fontweight="bold", linespacing=1.3, color="#1f2328")
        undo.callback(words.remove)
        yield


def wrapped(text: str, size: float, room: float) -> list[str]:
    """Break bold words of a size in points into lines no longer than ``room`` points."""
    font = get_font(findfont(FontProperties(weight="bold")))
    font.set_size(_LARGE, 72)
    room *= _LARGE / size * _SUBPIXELS
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        font.set_text(longer, 0.0)
        if lines and font.get_width_height()[0] <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
