"""Misses beyond the runs against how far beyond they lie, a colour a family of tables."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter
from scipy.special import stdtrit

from scalinglaws.figures._style import COLOURS, LOW, MARKERS, Picture, canvas, finish
from scalinglaws.intervals.beyond import ALLOWANCE, DOF

MOST = 0.32
"""Largest miss that is drawn: what lies beyond is put on the edge."""


def carried(table: pd.DataFrame, families: Mapping[str, str]) -> Picture:
    """Draw each table's median miss at each cut against the decades beyond its runs.

    ``table`` is one of :func:`scalinglaws.validation.carry.carried`, ``families`` maps the names
    of tables to what they share a colour by. The shaded wedge is the 90% interval that the library
    allows for the form of a law whose own runs say nothing against it.
    """
    points = table.groupby(["table", "cut"], sort=False)[["decades", "miss"]].median().reset_index()
    points["family"] = points["table"].map(dict(families))
    figure, ax = canvas(height=LOW + 0.4, width=7.4)
    reach = np.array([0.0, 1.05 * float(points["decades"].max())])
    wedge = float(stdtrit(DOF, 0.95)) * ALLOWANCE * reach
    ax.fill_between(reach, -wedge, wedge, color="#e6e6e6", zorder=0, label="allowed (90%)")
    ax.axhline(0.0, color="#333333", lw=1)
    for k, (family, some) in enumerate(points.groupby("family", sort=False)):
        ax.plot(
            some["decades"],
            np.expm1(some["miss"]).clip(-MOST, MOST),
            MARKERS[k % len(MARKERS)],
            color=COLOURS[k % len(COLOURS)],
            ms=6,
            alpha=0.85,
            label=str(family),
        )
    ax.set_xlim(0.0, reach[1])
    if (np.abs(np.expm1(points["miss"])) > MOST).any():
        ax.set_title("points on the edge lie beyond it", fontsize=8, loc="right")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("decades of compute beyond the runs that were fitted")
    ax.set_ylabel("measured over predicted loss, less one")
    figure.legend(frameon=False, ncols=3, loc="outside lower center", fontsize=8)
    below = int((points["miss"] < 0).sum())
    return finish(
        figure,
        f"of {len(points)} median misses beyond the runs of {points['table'].nunique()} tables "
        f"{below} lie below zero: the law expects too much loss",
    )
