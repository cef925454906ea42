"""What turns a headline number, in one small picture."""

from textwrap import wrap

import numpy as np
import pandas as pd

from scalinglaws._simulated import is_simulated
from scalinglaws.figures._style import FITTED, OBSERVED, WARM, Picture, canvas, finish
from scalinglaws.intervals.interval import Interval

_LINE = 20
"""Most letters of a line of a way's name: on a phone the names share the width with the dots."""


def fragility(
    table: pd.DataFrame,
    *,
    xlabel: str,
    interval: Interval | None = None,
    log: bool = False,
    message: str = "",
) -> Picture:
    """Draw one number under each way of asking, one row a way, the fit's own as a line.

    ``table`` is what :func:`scalinglaws.fragility` returns; ``interval`` is the fit's own, drawn as
    a band. Ways without a number are named and have no dot; a number to doubt is hollow.
    """
    figure, ax = canvas(height=0.9 + 0.42 * len(table))
    own = float(table["value"].iloc[0])
    if interval is not None:
        ax.axvspan(interval.low, interval.high, color=FITTED, alpha=0.1, lw=0)
    ax.axvline(own, color=FITTED, lw=1.2, ls="--")
    for k, row in enumerate(table.itertuples()):
        if np.isfinite(row.value):
            colour = OBSERVED if k == 0 else WARM
            ax.plot(row.value, k, "o", ms=6.5, color=colour, mfc="none" if row.why else colour)
    ax.set_yticks(
        range(len(table)),
        ["\n".join(wrap(way, _LINE, break_on_hyphens=False)) for way in table["way"]],
    )
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.margins(x=0.08)
    if log:
        ax.set_xscale("log")
    ax.set_xlabel(xlabel)
    values = table["value"].dropna()
    says = f"{xlabel}: {values.min():.3g} to {values.max():.3g}, by what is chosen"
    return finish(figure, message or says, simulated=is_simulated(table))
