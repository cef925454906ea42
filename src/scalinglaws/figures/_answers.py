"""One budget, two answers: runs, the sizes that two laws advise, and models that were trained."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes

from scalinglaws._format import count
from scalinglaws._simulated import is_simulated
from scalinglaws.compute.growing import Frontier
from scalinglaws.figures._frontier import valleys
from scalinglaws.figures._labels import at_ends, ramp
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    WARM,
    Picture,
    canvas,
    finish,
    scale,
)

_STEPS = 12
"""Colours by which losses are told apart."""

_ROOM = 5.0
"""Times above the larger answer that the sizes go on."""

_WIDTHS = (1.75, 1.0)
"""Widths of the two panels, one to the other."""

_SOFT = "#59626c"
_HALO = [patheffects.withStroke(linewidth=2.5, foreground="white")]
_NAME: Any = {"textcoords": "offset points", "path_effects": _HALO, "zorder": 6}


def answers(
    runs: pd.DataFrame,
    refit: pd.DataFrame,
    published: tuple[str, np.ndarray, np.ndarray],
    models: Mapping[str, tuple[float, float]],
    frontier: Frontier,
    *,
    at: float,
) -> Picture:
    """Draw measured runs, two laws' best sizes for each budget, and models that were trained.

    ``runs`` has ``flops, params, loss``; ``refit`` is a table of ``allocate``; ``published`` is a
    name with budgets and sizes, (n,) each; ``models`` maps names to (flops, params). ``at`` is the
    budget at which the two answers are named in the message. A second panel has the profiles of
    ``frontier``, a ring at each budget's best size.
    """
    figure, (ax, beside) = canvas(2, width=8.0, height=3.9)
    ax.get_subplotspec().get_gridspec().set_width_ratios(_WIDTHS)
    edge = float(runs["flops"].max())
    ax.axvspan(float(runs["flops"].min()) / 2, edge, color="#f2f3f5", zorder=0)
    order = pd.qcut(-runs["loss"], _STEPS, labels=False, duplicates="drop")
    shades = ramp(int(order.max()) + 1)
    for step, part in runs.groupby(order):
        ax.plot(part["flops"], part["params"], "o", ms=3, color=shades[int(step)], zorder=2)
    ordered = refit.sort_values("flops")
    name, flops, size = published
    own = (ordered["flops"].to_numpy(float), ordered["params"].to_numpy(float))
    told = [
        _line(ax, *own, "Chinchilla's runs", colour=COLOURS[0], edge=edge, at=at, above=False),
        _line(ax, flops, size, name, colour=WARM, edge=edge, at=at, above=True),
    ]
    ax.fill_between(
        ordered["flops"],
        ordered["params_low"],
        ordered["params_high"],
        color=COLOURS[0],
        alpha=0.15,
        lw=0,
    )
    for model, (spent, params) in models.items():
        ax.plot(spent, params, "D", ms=5, color=FITTED, zorder=5)
        look: Any = {"xytext": (7, -4), "fontsize": 8.5, "color": FITTED}
        ax.annotate(model, (spent, params), **look, **_NAME)
    scale(ax, x="flops", y="params")
    ax.set_xlabel("training compute (FLOPs)")
    ax.set_ylabel("parameters")
    ax.set_xlim(float(runs["flops"].min()) / 2, float(ordered["flops"].max()))
    ax.set_ylim(top=_ROOM * max(told))
    for words, side, shift in (("measured", "right", -4), ("extrapolated", "left", 4)):
        place = (edge, ax.get_ylim()[0])
        ax.annotate(words, place, (shift, 4), ha=side, fontsize=8, color=_SOFT, **_NAME)
    names = valleys(beside, frontier, unit="")
    used = frontier.table[frontier.table["used"]]
    beside.plot(used["params"], used["loss"], "o", ms=7, mfc="white", mec=FITTED, mew=1.5, zorder=5)
    # The names are the budgets of the valleys, in FLOPs: every other one from the largest.
    at_ends(beside, names[::-1][::2])
    beside.set_title("one size is best for each budget", loc="left", fontsize=9)
    beside.set_xlabel("parameters, at a fixed number of FLOPs")
    large, small = max(told), min(told)
    return finish(
        figure,
        f"same budget, two laws: train {count(large)} parameters, or {count(small)}?",
        simulated=is_simulated(runs),
    )


def _line(
    ax: Axes,
    flops: np.ndarray,
    params: np.ndarray,
    name: str,
    *,
    colour: str,
    edge: float,
    at: float,
    above: bool,
) -> float:
    """Draw a law's best sizes with its exponent; return the size at a budget, which is ringed."""
    for inside, style, width in ((flops <= edge, "-", 2.4), (flops >= edge, "--", 1.5)):
        ax.plot(flops[inside], params[inside], style, lw=width, color=colour, zorder=3)
    logs = np.log(flops), np.log(params)
    there = float(np.exp(np.interp(np.log(at), *logs)))
    exponent = float(np.polyfit(*logs, 1)[0])
    words = rf"$N \propto C^{{\mathdefault{{{exponent:.2f}}}}}$"
    ax.plot(at, there, "o", ms=8, mfc="white", mec=colour, mew=1.8, zorder=5)
    look: Any = {"fontsize": 9, "color": colour} | _NAME
    ring: Any = {"xytext": (0, -17), "ha": "center"}
    if above:
        ring = {"xytext": (-8, 5), "ha": "right"}
    ax.annotate(count(there), (at, there), fontweight="bold", **ring, **look)
    words = f"{name}\n{words}"
    if above:
        place = (edge, float(np.exp(np.interp(np.log(edge), *logs))))
        ax.annotate(words, place, xytext=(-22, 6), ha="right", va="bottom", **look)
    else:
        low: Any = {"xycoords": "axes fraction", "ha": "right", "va": "top"}
        ax.annotate(words, (0.99, 0.36), xytext=(0, 0), **low, **look)
    return there
