"""How often intervals held the truth, by kind and by default: simulated, and marked so."""

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from scalinglaws.figures._style import (
    COLOURS,
    MARKERS,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
)
from scalinglaws.intervals.measured_coverage import LEVEL, SHORT

_KINDS = ("case", "residual", "group", "profile", "covariance", "classical")
_STAKED = "default, to stake"
_TITLES = {"huber": "Huber 1e-3", "lsq_log": "least squares on log-loss"}


def coverage(table: pd.DataFrame) -> Picture:
    """Draw the measured coverage of each kind of interval, a point a law and design.

    ``table`` has the columns of ``intervals.measured_coverage.table()``. A point is the median
    over quantities. The dashed line is what a 90% interval promises; points left of the shaded
    band are intervals that a fit warns of.
    """
    keys = ["law", "design", "objective", "kind"]
    points = table.groupby(keys, as_index=False)["coverage"].median()
    objectives = [o for o in _TITLES if (points["objective"] == o).any()]
    figure, axes = canvas(len(objectives), height=4.4, width=8.0)
    designs = sorted(points["design"].unique(), reverse=True)
    for ax, objective in zip(np.atleast_1d(axes), objectives, strict=True):
        ax.axvspan(SHORT, 1.0, color="#eeeeee", zorder=0)
        ax.axvline(LEVEL, color="#555555", ls="--", lw=1)
        for k, design in enumerate(designs):
            some = points[(points["objective"] == objective) & (points["design"] == design)]
            rows = some["kind"].map({n: i for i, n in enumerate(_KINDS)})
            shift = 0.16 * (k - (len(designs) - 1) / 2)
            ax.plot(
                some["coverage"],
                rows + shift,
                MARKERS[k],
                color=COLOURS[k],
                ms=4.5,
                alpha=0.75,
                label=design,
            )
        ax.set_yticks(range(len(_KINDS)), _KINDS)
        ax.set_ylim(len(_KINDS) - 0.5, -0.5)
        ax.set_xlim(min(0.5, float(points["coverage"].min()) - 0.02), 1.005)
        ax.set_xlabel("share of intervals that hold the truth")
        ax.set_title(_TITLES[objective], fontsize=10)
    handles, labels = np.atleast_1d(axes)[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, ncols=4, loc="outside lower center")
    middle = points.groupby("kind")["coverage"].median()
    return finish(
        figure,
        f"the same 90% is {middle.max():.0%} for {middle.idxmax()} and {middle.min():.0%} for "
        f"{middle.idxmin()} intervals, at the median",
        simulated=True,
    )


def defaults(table: pd.DataFrame) -> Picture:
    """Draw how often default intervals cover the truth, beside those drawn row by row.

    ``table`` has the columns of ``validation.coverage.defaults.table()``. A dot is the median over
    quantities, its line reaches from the least to the most; the dashed line is the nominal level.
    Default intervals that allow for the form of the law, to stake a budget on, stand apart.
    """
    stakes = table["quantity"].str.endswith("to stake")
    part = table[~stakes]
    staked = table[stakes & (table["kind"] == "default")].assign(kind=_STAKED)
    by = pd.concat([part, staked]).groupby(["design", "kind"], sort=False)["coverage"]
    spread = by.agg(["min", "median", "max"])
    names = [*dict.fromkeys(part["design"])]
    figure, ax = canvas(height=0.34 * len(names) + 1.25)
    ax.axvline(LEVEL, color="#555555", ls="--", lw=1)
    looks = {"row by row": (WARM, "s", 0.22), "default": (OBSERVED, "o", 0.0)}
    if len(staked):
        looks[_STAKED] = (COLOURS[2], "D", -0.22)
    for kind, (colour, marker, shift) in looks.items():
        some = spread.xs(kind, level="kind").loc[names]
        rows = np.arange(len(names)) + shift
        ax.hlines(rows, some["min"], some["max"], color=colour, lw=2, alpha=0.6)
        ax.plot(some["median"], rows, marker, color=colour, ms=6, label=kind)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, 1.01)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("share covering the truth")
    figure.legend(frameon=False, ncols=3, loc="outside lower center")
    # Parameters are asked for where the fitted law is the true one.
    right = part.loc[part["quantity"] == "E", "design"].unique()
    each = part[part["design"].isin(right)].groupby("kind")["coverage"].agg(["min", "max"])
    own, alone = each.loc["default"], each.loc["row by row"]
    return finish(
        figure,
        f"where the law is right, default 90% intervals cover a truth {own['min']:.0%} to "
        f"{own['max']:.0%} of the time; row by row as little as {alone['min']:.0%}",
        simulated=True,
    )
