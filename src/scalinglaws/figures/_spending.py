"""What a budget buys: text that is read again, and models that are served."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter

from scalinglaws._fit import Fit
from scalinglaws._format import count
from scalinglaws._simulated import is_simulated
from scalinglaws._typing import Array
from scalinglaws.figures._labels import ramp
from scalinglaws.figures._style import FITTED, LOW, WARM, Picture, canvas, finish, scale

_BINS = 4
"""Most groups of sizes that one ramp of colours tells apart."""

_LEAST = 1e-3
"""Smallest extra loss drawn in its place: less, or none, lies on the lower edge, hollow."""


def passes(table: pd.DataFrame, *, message: str = "") -> Picture:
    """Draw the extra loss of text that is read again over how often, darker for a larger model.

    ``table`` is what :func:`scalinglaws.compute.passes` returns. Dots of one size and amount of
    training are joined. Dotted lines mark one and ten per cent.
    """
    figure, ax = canvas(height=LOW, width=7.6)
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
    figure, ax = canvas(height=LOW, width=7.6)
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


def experts(
    runs: pd.DataFrame,
    fit: Fit,
    *,
    dense: pd.DataFrame,
    mark: tuple[float, float] | None = None,
    message: str = "",
) -> Picture:
    """Draw the loss of mixtures of experts over the parameters that a token meets, by experts.

    ``runs`` has ``params``, ``experts`` and ``loss``, ``fit`` is a law of them, drawn over the
    range of the runs; ``dense`` are models without experts, joined. ``mark`` is a size and a number
    of experts: an arrow leads from there to the dense model of the same loss, between two runs.
    """
    figure, ax = canvas(height=LOW, width=7.6)
    counts = np.sort(runs["experts"].unique())
    sizes = np.geomspace(runs["params"].min(), runs["params"].max(), 60)
    ends = (counts[0], counts[len(counts) // 2], counts[-1])
    for count_of, colour in zip(counts, ramp(len(counts)), strict=True):
        some = runs[runs["experts"] == count_of]
        ax.plot(some["params"], some["loss"], "o", ms=4, mew=0, color=colour)
        law = fit.law(fit.params, params=sizes, experts=np.full_like(sizes, count_of))
        ax.plot(sizes, law, "-", lw=1.1, color=colour)
        if count_of in ends:
            place = (sizes[0], law[0])
            look: dict[str, Any] = {"fontsize": 8.5, "color": colour, "ha": "right", "va": "center"}
            words = f"{count_of:.0f} experts"
            ax.annotate(words, place, (-6, 0), textcoords="offset points", **look)
    one = np.exp(np.log(dense["loss"]).groupby(dense["params"]).mean())
    ax.plot(one.index, one, "s-", ms=5, lw=1.6, color=FITTED, label="dense, measured")
    ax.plot([], [], "o", ms=4, mew=0, color=ramp(3)[1], label="mixtures, measured")
    ax.plot([], [], "-", lw=1.1, color=ramp(3)[1], label="fitted law")
    scale(ax, x="params", y="loss")
    ax.set_xlim(left=sizes[0] / 2.6)
    if mark is not None:
        size, many = mark
        at = float(runs[(runs["params"] == size) & (runs["experts"] == many)]["loss"].mean())
        equal = np.exp(np.interp(-np.log(at), -np.log(one), np.log(one.index)))
        arrow = {"arrowstyle": "->", "color": WARM, "lw": 2.0}
        ax.annotate("", (equal, at), (size, at), arrowprops=arrow)
        middle = ((size * equal) ** 0.5, at)
        words = f"{equal / size:.1f} times"
        ax.annotate(
            words, middle, (0, 5), textcoords="offset points", ha="center", fontsize=9, color=FITTED
        )
    ax.set_xlabel("parameters that a token meets")
    ax.legend(frameon=False, fontsize=8.5)
    says = f"{len(runs)} mixtures of up to {counts[-1]:.0f} experts against {len(dense)} dense runs"
    return finish(figure, message or says, simulated=is_simulated(runs))
