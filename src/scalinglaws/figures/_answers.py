"""One budget, two answers: runs, the sizes that two laws advise, and models that were trained."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import patheffects

from scalinglaws._format import count
from scalinglaws._simulated import is_simulated
from scalinglaws.figures._labels import ramp
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


def answers(
    runs: pd.DataFrame,
    refit: pd.DataFrame,
    published: tuple[str, np.ndarray, np.ndarray],
    models: Mapping[str, tuple[float, float]],
    *,
    at: float,
) -> Picture:
    """Draw measured runs, two laws' best sizes for each budget, and models that were trained.

    ``runs`` has ``flops, params, loss``; ``refit`` is a table of ``allocate``; ``published`` is a
    name with budgets and sizes, (n,) each; ``models`` maps names to (flops, params). ``at`` is the
    budget at which the two answers are named in the message.
    """
    figure, ax = canvas(height=4.4)
    edge = float(runs["flops"].max())
    ax.axvspan(float(runs["flops"].min()) / 2, edge, color="#f2f3f5", zorder=0)
    order = pd.qcut(-runs["loss"], _STEPS, labels=False, duplicates="drop")
    shades = ramp(int(order.max()) + 1)
    for step, part in runs.groupby(order):
        ax.plot(part["flops"], part["params"], "o", ms=3.5, color=shades[int(step)], zorder=2)
    ordered = refit.sort_values("flops")
    name, flops, size = published
    lines = (
        (ordered["flops"], ordered["params"], COLOURS[0], "refitted"),
        (flops, size, WARM, name),
    )
    halo = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    told = []
    for x, y, colour, label in lines:
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        for inside, style, width in ((x <= edge, "-", 2.4), (x >= edge, "--", 1.5)):
            ax.plot(x[inside], y[inside], style, lw=width, color=colour, zorder=3)
        there = float(np.exp(np.interp(np.log(at), np.log(x), np.log(y))))
        ax.plot(at, there, "o", ms=8, mfc="white", mec=colour, mew=1.8, zorder=5)
        ax.annotate(
            f"{count(there)}, {label}",
            (at, there),
            xytext=(-9, 5),
            textcoords="offset points",
            ha="right",
            color=colour,
            fontsize=9,
            fontweight="bold",
            path_effects=halo,
            zorder=6,
        )
        told.append(there)
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
        ax.annotate(
            model,
            (spent, params),
            xytext=(7, -4),
            textcoords="offset points",
            fontsize=8.5,
            color=FITTED,
            path_effects=halo,
            zorder=6,
        )
    scale(ax, x="flops", y="params")
    ax.set_xlabel("training compute (FLOPs)")
    ax.set_ylabel("parameters")
    ax.set_xlim(float(runs["flops"].min()) / 2, float(ordered["flops"].max()) * 3)
    ax.annotate("measured", (edge, ax.get_ylim()[0]), xytext=(-4, 4), ha="right", **_SIDE)
    ax.annotate("extrapolated", (edge, ax.get_ylim()[0]), xytext=(4, 4), ha="left", **_SIDE)
    large, small = max(told), min(told)
    return finish(
        figure,
        f"same budget, two laws: train {count(large)} parameters, or {count(small)}?",
        simulated=is_simulated(runs),
    )


_SIDE = {"textcoords": "offset points", "fontsize": 8, "color": "#59626c"}
