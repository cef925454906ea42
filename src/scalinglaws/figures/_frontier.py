"""Compute-optimal size and data: isoFLOP profiles and frontiers with their intervals."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scalinglaws._format import count
from scalinglaws._simulated import is_simulated
from scalinglaws.compute.growing import Frontier
from scalinglaws.compute.isoflop import through
from scalinglaws.figures._labels import at_ends, ramp
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    MARKERS,
    Picture,
    canvas,
    finish,
    loss_label,
    scale,
)


def isoflop(frontier: Frontier) -> Picture:
    """Draw each budget's profile with the curve through it and its minimum."""
    figure, ax = canvas(height=4.6, width=7.6)
    names = valleys(ax, frontier)
    used = frontier.table[frontier.table["used"]]
    ax.plot(used["params"], used["loss"], "*", ms=13, color=FITTED, label="minimum", zorder=5)
    at_ends(ax, names)
    grows = (
        f": the best size grows as C^{frontier.exponent().estimate:.2f}" if len(used) > 1 else ""
    )
    return finish(
        figure,
        f"{len(used)} of {len(frontier.table)} budgets have a best size (star){grows}",
        simulated=is_simulated(frontier.runs),
    )


def valleys(ax: Axes, frontier: Frontier, *, unit: str = " FLOPs") -> list[tuple[float, str, str]]:
    """Draw each budget's profile with the curve through it; return the names for their ends."""
    profiles = frontier.profiles()
    names, colours = [], ramp(len(profiles))
    for k, (flops, part) in enumerate(profiles):
        colour, words = colours[k], f"{flops:.0e}{unit}".replace("e+", "e")
        ax.plot(part["params"], part["loss"], "o", ms=4, color=colour, label=words)
        z = np.log(part["params"].to_numpy(dtype=float))
        curve = through(
            z, part["loss"].to_numpy(dtype=float), shape=frontier.shape, skew=_skew(frontier)
        )
        grid = np.linspace(z.min(), z.max(), 80)
        ax.plot(np.exp(grid), curve(grid), color=colour, lw=1)
        # Of many budgets every other one is named, counted from the largest.
        if (len(profiles) - 1 - k) % (1 if len(profiles) <= 10 else 2) == 0:
            names.append((float(part.sort_values("params")["loss"].iloc[-1]), words, colour))
    scale(ax, x="params")
    top = frontier.runs["loss"].quantile(0.97)
    ax.set_ylim(frontier.runs["loss"].min() * 0.98, top * 1.02)
    ax.set_ylabel(loss_label(frontier.runs.attrs))
    return names


def frontiers(
    tables: Mapping[str, pd.DataFrame],
    *,
    of: str = "params",
    points: Mapping[str, tuple[float, float]] | None = None,
    message: str = "",
) -> Picture:
    """Draw compute-optimal size (or another column) against compute for several analyses.

    ``tables`` maps a label to the result of ``allocate`` or ``Frontier.at``; budgets with
    ``beyond`` above 1 are dashed and their band is lighter. ``points`` are named (flops, value)
    pairs, such as a trained model.
    """
    figure, ax = canvas(height=4.6, width=7.6)
    simulated = False
    for k, (label, table) in enumerate(tables.items()):
        simulated |= is_simulated(table)
        ordered = table.sort_values("flops")
        inside = (ordered["beyond"] <= 1).to_numpy()
        edge = int(inside.sum())
        for part, style, name in (
            (ordered.iloc[:edge], "-", label),
            (ordered.iloc[max(edge - 1, 0) :], "--", None if edge else label),
        ):
            if part.empty:
                continue
            ax.plot(part["flops"], part[of], style, color=COLOURS[k], lw=1.8, label=name)
            ax.fill_between(
                part["flops"],
                part[f"{of}_low"],
                part[f"{of}_high"],
                color=COLOURS[k],
                lw=0,
                alpha=0.22 if style == "-" else 0.1,
            )
    for k, (name, (flops, value)) in enumerate((points or {}).items()):
        ax.plot(flops, value, MARKERS[k + 1], ms=9, color=FITTED, zorder=6)
        ax.annotate(name, (flops, value), textcoords="offset points", xytext=(8, -12), fontsize=9)
    ax.plot([], [], "-", color="#777777", label="within the measured compute")
    ax.plot([], [], "--", color="#777777", label="extrapolated")
    scale(ax, x="flops", y=of)
    ax.legend(frameon=False, fontsize=9)
    last = {label: t.sort_values("flops").iloc[-1] for label, t in tables.items()}
    at = f"{max(row['flops'] for row in last.values()):.0e} FLOPs".replace("e+", "e")
    answers = " or ".join(_answer(of, row[of]) for row in last.values())
    return finish(
        figure, message or f"at {at} the best {_WHAT.get(of, of)}: {answers}", simulated=simulated
    )


_WHAT = {
    "params": "size is",
    "tokens": "amount of data is",
    "tokens_per_param": "ratio of data to size is",
}
_UNITS = {
    "params": "parameters",
    "tokens": "tokens",
    "tokens_per_param": "tokens per parameter",
}


def _answer(of: str, value: float) -> str:
    figures = count(value) if of in ("params", "tokens") else f"{value:.3g}"
    return f"{figures} {_UNITS.get(of, '')}".rstrip()


def _skew(frontier: Frontier) -> float:
    return 0.0 if frontier.skew is None else frontier.skew.estimate
