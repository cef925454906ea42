"""What a budget buys: text that is read again, and models that are served."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter

from scalinglaws._format import count
from scalinglaws._simulated import is_simulated
from scalinglaws._typing import Array
from scalinglaws.figures._labels import ramp
from scalinglaws.figures._style import FITTED, WARM, Picture, canvas, finish, scale

_BINS = 4
"""Most groups of sizes that one ramp of colours tells apart."""

_LEAST = 1e-3
"""Smallest extra loss drawn in its place: less, or none, lies on the lower edge, hollow."""


def passes(table: pd.DataFrame, *, message: str = "") -> Picture:
    """Draw the extra loss of text that is read again over how often, darker for a larger model.

    ``table`` is what :func:`scalinglaws.compute.passes` returns. Dots of one size and amount of
    training are joined. Dotted lines mark one and ten per cent.
    """
    figure, ax = canvas(height=4.4, width=7.6)
    sizes = np.sort(table["params"].unique())
    groups = np.array_split(sizes, min(_BINS, len(sizes)))
    for level in (0.01, 0.1):
        ax.axhline(level, color=FITTED, lw=0.9, ls=":")
    for group, colour in zip(groups, ramp(len(groups)), strict=True):
        ends = " to ".join(dict.fromkeys(map(count, group[[0, -1]])))
        ax.plot([], [], "o", ms=4.5, mew=0, color=colour, label=ends)
        for _, line in table[table["params"].isin(group)].groupby(["params", "tokens"]):
            x, y = line["epochs"], line["extra"].clip(lower=_LEAST)
            low = (line["extra"] < _LEAST).to_numpy()
            ax.plot(x, y, "-", lw=1.0, color=colour, alpha=0.7)
            ax.plot(x[~low], y[~low], "o", ms=4.5, mew=0, color=colour)
            ax.plot(x[low], y[low], "o", ms=4.5, mfc="none", mew=1, color=colour)
    scale(ax, x="epochs", y="extra")
    ax.set_xlabel("how often the text is read")
    ax.set_ylabel("loss over that of fresh text, minus one")
    ax.yaxis.set_major_formatter(
        FuncFormatter(lambda v, _: f"{v:.3%}".rstrip("0%").rstrip(".") + "%")
    )
    ax.legend(frameon=False, fontsize=8.5, title="parameters", title_fontsize=8.5)
    few = table[table["epochs"] <= 5]["extra"]
    says = f"{len(table)} runs that read their text again, against fresh text"
    if len(few):
        says += f"; up to five times costs {few.median():.1%} at the median"
    return finish(figure, message or says, simulated=is_simulated(table))


def lifetimes(
    life: pd.DataFrame, sizes: Array, costs: Mapping[float, Array], *, message: str = ""
) -> Picture:
    """Draw what models of one quality cost over their life, one line for each demand.

    ``life`` is what :func:`scalinglaws.compute.lifetime` returns for the demands that ``costs``
    has, each with the cost of every size in ``sizes``. Costs are shown over that of the
    compute-optimal model, the last of ``sizes``; dots are the cheapest models, with the interval
    to stake.
    """
    figure, ax = canvas(height=4.4, width=7.6)
    for (served, cost), colour in zip(costs.items(), ramp(len(costs)), strict=True):
        row = life[life["served"] == served].iloc[0]
        y = cost / cost[-1]
        known = np.isfinite(y)
        ax.plot(sizes[known], y[known], color=colour, lw=1.6)
        low = 1 - row["saved"]
        ends = [max(row["params_low"], sizes[0]), min(row["params_high"], sizes[-1])]
        ax.plot(ends, [low, low], color=colour, lw=4, alpha=0.3, solid_capstyle="butt")
        ax.plot([row["params"]], [low], "o", ms=6, color=WARM, mec=FITTED, mew=0.8)
        words = f"{count(served)} served" if served else "training alone"
        # The first curve has nothing below it but the others, and those have room below.
        look: dict[str, Any] = {
            "fontsize": 8.5,
            "color": colour,
            "va": "top" if served else "bottom",
        }
        place = (3, -9 if served else 32)
        ax.annotate(words, (row["params"], low), place, textcoords="offset points", **look)
    ax.axhline(1, color=FITTED, lw=0.9, ls=":")
    ax.set_xscale("log")
    ax.set_ylim(0.3, 1.6)
    ax.set_xlim(sizes[0], sizes[-1])
    ax.invert_xaxis()
    scale(ax, x="params")
    ax.set_xlabel("parameters, smaller to the right")
    ax.set_ylabel("cost over that of the compute-optimal model")
    far = life.iloc[-1]
    says = (
        f"For {count(far['served'])} tokens served a model of {count(far['params'])} parameters "
        f"saves {far['saved']:.0%}"
    )
    return finish(figure, message or says, simulated=is_simulated(life))
