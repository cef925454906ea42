"""Beyond language: the edge of a cloud of runs, and exponents from many worlds in one list."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from scalinglaws._fit import Fit
from scalinglaws._format import count
from scalinglaws._simulated import is_simulated
from scalinglaws.figures._labels import ramp
from scalinglaws.figures._style import (
    FITTED,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
    response_label,
    scale,
)

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
    is, ``ylabel`` what the response is where it is no loss.
    """
    (name,), response = fit.law.inputs, fit.law.response
    figure, ax = canvas(height=4.4, width=7.6)
    sizes = np.sort(runs[by].unique())
    groups = np.array_split(sizes, min(_BINS, len(sizes)))
    for group, colour in zip(groups, ramp(len(groups)), strict=True):
        some = runs[runs[by].isin(group)]
        label = f"{words or by} {' to '.join(dict.fromkeys(map(count, group[[0, -1]])))}"
        ax.plot(some[name], some[response], "o", ms=3.5, mew=0, color=colour, label=label)
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
    ax.legend(frameon=False, fontsize=8.5)
    says = f"{fit.law.name} along the edge of {len(runs)} runs"
    return finish(figure, message or says, simulated=is_simulated(runs))


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
