"""Beyond language: the edge of a cloud of runs, and exponents from many worlds in one list."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes

from scalinglaws._fit import Fit
from scalinglaws._format import count
from scalinglaws._simulated import is_simulated
from scalinglaws._typing import Array
from scalinglaws.errors import Unidentifiable
from scalinglaws.figures._labels import at_ends, ramp
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    LOW,
    MARKERS,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
    response_label,
    scale,
)

_LINES = 7
"""Most lines of one ramp that stay apart."""

_MEET = 0.1
"""Spread of the ends of lines, over that of their starts, below which they end together."""

_NAMED = 8
"""Most columns whose names a legend holds."""

_BINS = 5
"""Most groups of sizes that one ramp of colours tells apart."""


def edge(
    runs: pd.DataFrame,
    fit: Fit,
    *,
    by: str,
    until: float | None = None,
    words: str = "",
    ylabel: str = "",
    message: str = "",
) -> Picture:
    """Draw all runs, darker for a larger ``by``, and the law of one input fitted to their edge.

    ``runs`` has the input and the response of ``fit``, whose own runs are ringed. The law is solid
    over them and dashed up to ``until``; the band is its 90% interval. ``words`` says what ``by``
    is, ``ylabel`` what the response is where it is no loss. A group's values stand at its last run.
    """
    (name,), response = fit.law.inputs, fit.law.response
    figure, ax = canvas(height=LOW, width=7.6)
    sizes = np.sort(runs[by].unique())
    groups = np.array_split(sizes, min(_BINS, len(sizes)))
    for group, colour in zip(groups, ramp(len(groups)), strict=True):
        some = runs[runs[by].isin(group)]
        label = f"{words or by} {' to '.join(dict.fromkeys(map(count, group[[0, -1]])))}"
        ax.plot(some[name], some[response], "o", ms=3.5, mew=0, color=colour, label=label)
        at = some.loc[some[name].idxmax(), [name, response]].to_numpy(float)
        _beside(ax, at, label, colour, under=group is groups[-1] and len(groups) > 1)
    ax.plot(
        *(fit.runs[name], fit.loss), "o", ms=6.5, mfc="none", mew=1.0, color=FITTED, label="edge"
    )
    low, high = fit.design.low[name], fit.design.high[name]
    for start, end, style in ((low, high, "-"), (high, until or high, "--")):
        if end > start:
            x = np.geomspace(start, end, 60)
            points: dict[str, Any] = {name: x}
            band = fit.predict(**points)
            ax.plot(x, band[response], style, color=WARM, lw=1.8)
            ax.fill_between(x, band["low"], band["high"], color=WARM, lw=0, alpha=0.2)
    scale(ax, x=name, y=response)
    ax.set_ylabel(ylabel or response_label(fit))
    at_ends(ax, [(float(ax.lines[-1].get_ydata()[-1]), "the law", WARM)])
    says = f"{fit.law.name} along the edge of {len(runs)} runs"
    return finish(figure, message or says, simulated=is_simulated(runs))


def _beside(ax: Axes, place: Array, words: str, colour: str, *, under: bool) -> None:
    """Write a group's name right of one of its dots, or under it where an edge leaves room."""
    ax.annotate(
        words,
        (float(place[0]), float(place[1])),
        xytext=(-3, -15) if under else (5, 3),
        textcoords="offset points",
        ha="right" if under else "left",
        color=colour,
        fontsize=8.5,
        zorder=6,
        path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
    )


def slices(
    fit: Fit,
    *,
    x: str,
    by: str,
    until: float | None = None,
    words: str = "",
    xlabel: str = "",
    ylabel: str = "",
    log: bool = True,
    across: float | None = None,
    message: str = "",
) -> Picture:
    """Draw a law of two inputs as lines over ``x``, one a value of ``by``, through its runs.

    Values of ``by`` within a per cent are one line, and at most seven lines are drawn, spread over
    them; lines are solid over the runs and dashed up to ``until``. ``words`` says what ``by`` is.
    At the response ``across`` the last two lines are joined, and the join says how many times
    the ``x`` of one the other needs.

    Raises :class:`Unidentifiable` where one of these does not reach that response.
    """
    figure, ax = canvas(height=LOW, width=7.6)
    of, along = fit.inputs[by], fit.inputs[x]
    values = np.unique(np.exp(np.log(of).round(2)))
    shown = values[np.unique(np.linspace(0, len(values) - 1, min(_LINES, len(values))).astype(int))]
    names, starts = [], []
    for value, colour in zip(shown, ramp(len(shown)), strict=True):
        mine = np.abs(np.log(of / value)) < 0.01
        ax.plot(along[mine], fit.loss[mine], "o", ms=4, mew=0, color=colour)
        size = float(np.median(of[mine]))
        for start, end, style in (
            (along[mine].min(), along[mine].max(), "-"),
            (along[mine].max(), until or along[mine].max(), "--"),
        ):
            if end > start:
                grid = np.geomspace(start, end, 60)
                curve = fit.law(fit.params, **{x: grid, by: np.full(60, size)})
                ax.plot(grid, curve, style, lw=1.5, color=colour)
        ends = np.array([along[mine].min(), until or along[mine].max()])
        at = fit.law(fit.params, **{x: ends, by: np.full(2, size)})
        starts.append((float(ends[0]), float(at[0])))
        names.append((float(at[1]), f"{count(size)} {words}".strip(), colour))
    if across is not None:
        pair = [_where(fit, across, x=x, by=by, value=float(v)) for v in shown[-2:]]
        _joined(ax, pair, across)
    scale(ax, x=x, y=fit.law.response if log else None)
    ax.set_xlabel(xlabel or ax.get_xlabel())
    ax.set_ylabel(ylabel or response_label(fit))
    if np.ptp([y for y, *_ in names]) > _MEET * np.ptp([y for _, y in starts]):
        at_ends(ax, names)
    else:
        # Lines that end together are named where they begin apart.
        for start, (_, label, colour) in zip(starts, names, strict=True):
            look: dict[str, Any] = {"color": colour, "ha": "right", "va": "center", "fontsize": 8.5}
            ax.annotate(label, start, (-5, 0), textcoords="offset points", **look)
        ax.set_xlim(left=ax.get_xlim()[0] / 40)
    says = f"{fit.law.name}: one line a value of {words or by}"
    return finish(figure, message or says, simulated=is_simulated(fit.runs))


def _where(fit: Fit, response: float, *, x: str, by: str, value: float) -> float:
    """Return the ``x`` at which a law's line at one value of ``by`` has a response."""
    mine = np.abs(np.log(fit.inputs[by] / value)) < 0.01
    value = float(np.median(fit.inputs[by][mine]))
    grid = np.geomspace(fit.inputs[x][mine].min(), fit.inputs[x][mine].max(), 400)
    off = fit.law(fit.params, **{x: grid, by: np.full(len(grid), value)}) - response
    turns = np.flatnonzero(off[:-1] * off[1:] <= 0)
    if not len(turns):
        raise Unidentifiable(f"the line at {by} {value:g} does not reach {response:g}")
    k = turns[0]
    logs = np.log(grid[k : k + 2])
    return float(np.exp(logs[0] + np.diff(logs)[0] * off[k] / (off[k] - off[k + 1])))


def _joined(ax: Axes, ends: list[float], height: float) -> None:
    """Join two points of one height, and write how many times the one is the other."""
    ax.plot(ends, [height, height], "|-", color=FITTED, lw=1.3, ms=9, mew=1.3)
    # To the right of the last line, where no run lies.
    look: dict[str, Any] = {"ha": "left", "va": "center", "fontsize": 9, "color": FITTED}
    words = f"{max(ends) / min(ends):.1f} times"
    ax.annotate(words, (max(ends), height), (9, 0), textcoords="offset points", **look)


def exponents(
    table: pd.DataFrame,
    *,
    xlabel: str,
    marks: Mapping[str, float] | None = None,
    message: str = "",
) -> Picture:
    """Draw values one under the other: ours with intervals, published ones as hollow diamonds.

    ``table`` has ``what`` and ``value``, and ``low`` and ``high`` where an interval is known;
    ``published`` is true where a paper printed the value. ``marks`` are vertical lines.
    """
    figure, ax = canvas(height=1.1 + 0.24 * len(table))
    at = np.arange(len(table))
    told = table["published"].to_numpy(dtype=bool)
    ours = table[~told]
    ax.hlines(at[~told], ours["low"], ours["high"], color=OBSERVED, lw=2.4)
    ax.plot(ours["value"], at[~told], "o", ms=6, color=OBSERVED, label="fitted here")
    if told.any():
        look: dict[str, Any] = {"ms": 6.5, "mfc": "none", "mew": 1.6, "color": WARM}
        ax.plot(table["value"][told], at[told], "D", label="published", **look)
    for k, (words, value) in enumerate((marks or {}).items()):
        ax.axvline(value, color=FITTED, lw=1.1, ls=("--", ":")[k % 2], label=words)
    ax.set_yticks(at, table["what"].astype(str), fontsize=8.5)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    figure.legend(frameon=False, ncols=3, loc="outside lower center")
    low, high = table["value"].min(), table["value"].max()
    says = f"{xlabel}: {low:.2g} to {high:.2g} in {len(table)} worlds"
    return finish(figure, message or says, simulated=is_simulated(table))


def strips(
    table: pd.DataFrame, *, of: str, rows: str, columns: str, xlabel: str, message: str = ""
) -> Picture:
    """Draw a value for each pair of labels, a line of dots a row.

    Where the value belongs to the row, the dots of a line lie together. Few columns have a colour
    and a marker each: where the value belongs to them, each colour keeps its place in all lines. A
    bar marks the middle of each line.

    Raises :class:`Unidentifiable` for a table without rows.
    """
    if table.empty:
        raise Unidentifiable(f"there is no {of} to draw: no {rows} and {columns} have one")
    middle = table.groupby(rows)[of].median().sort_values()
    figure, ax = canvas(height=0.95 + 0.165 * len(middle))
    place = dict(zip(middle.index, range(len(middle)), strict=True))
    names = list(dict.fromkeys(table[columns]))
    for k, name in enumerate(names):
        some = table[table[columns] == name]
        few = len(names) <= _NAMED
        colour, marker = (COLOURS[k], MARKERS[k]) if few else (OBSERVED, "o")
        look: dict[str, Any] = {"ms": 5, "mew": 0, "alpha": 0.75 if few else 0.45, "color": colour}
        label = str(name) if few else None
        ax.plot(some[of], some[rows].map(place), marker, ls="", label=label, **look)
    ax.plot(middle, range(len(middle)), "|", ms=13, mew=2, color=FITTED)
    ax.set_yticks(range(len(middle)), [str(v) for v in middle.index], fontsize=8.5)
    ax.set_ylim(-0.7, len(middle) - 0.3)
    ax.set_xlabel(xlabel)
    if len(names) <= _NAMED:
        figure.legend(frameon=False, ncols=4, fontsize=8.5, loc="outside lower center")
    says = f"{xlabel}: medians of {len(middle)} rows from {middle.min():.2f} to {middle.max():.2f}"
    return finish(figure, message or says, simulated=is_simulated(table))


def years(
    table: pd.DataFrame,
    *,
    of: str,
    ylabel: str,
    trend: tuple[Array, Array, Array, Array] | None = None,
    by: str = "",
    message: str = "",
) -> Picture:
    """Draw a quantity against the year on a logarithmic axis, with a trend and its band.

    ``table`` has ``year`` and ``of``; ``trend`` is years, values, and the ends of the band. ``by``
    names a flag: rows where it is false are hollow.
    """
    figure, ax = canvas(height=LOW, width=7.6)
    told = table[by].to_numpy(dtype=bool) if by else np.ones(len(table), dtype=bool)
    for some, face in ((told, OBSERVED), (~told, "none")):
        if some.any():
            look: dict[str, Any] = {"ms": 4.5, "mew": 0.9, "color": OBSERVED, "mfc": face}
            ax.plot(table["year"][some], table[of][some], "o", alpha=0.75, **look)
    if trend is not None:
        at, middle, low, high = trend
        ax.plot(at, middle, color=WARM, lw=1.8)
        ax.fill_between(at, low, high, color=WARM, lw=0, alpha=0.2)
    scale(ax, y=of)
    ax.set_xlabel("year of release")
    ax.set_ylabel(ylabel)
    says = f"{ylabel} of {len(table)} models by year"
    return finish(figure, message or says, simulated=is_simulated(table))
