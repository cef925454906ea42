"""What was predicted of runs far beyond others, against what was then measured."""

import numpy as np
import pandas as pd
from matplotlib.ticker import NullFormatter, PercentFormatter

from scalinglaws._simulated import is_simulated
from scalinglaws.errors import Unidentifiable
from scalinglaws.figures._style import (
    FITTED,
    GREEN,
    LOW,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
)
from scalinglaws.validation.entrants import ENTRANTS
from scalinglaws.validation.league import AVERAGE, standings

MOST = 0.2
"""Largest miss that is drawn: what lies beyond is put on the edge."""

_TIMES = (2, 5, 10, 30, 100, 300, 1000)


def far_ends(parts: pd.DataFrame) -> Picture:
    """Draw each law's median miss on each table against how far beyond the runs it was asked.

    ``parts`` is what :func:`scalinglaws.validation.league.by_part` returns; runs near the best
    size for their compute are drawn. The average over laws is one series, the laws with an
    irreducible loss the second, those without the third.

    Raises :class:`Unidentifiable` where no part is near the best size.
    """
    shown = parts[parts["near"].astype(bool)]
    if shown.empty:
        raise Unidentifiable("no run beyond the cuts lies near the best size: nothing to draw")
    floorless = [e.name for e in ENTRANTS if not e.has_floor]
    average = shown["law"] == AVERAGE
    without = shown["law"].isin(floorless)
    figure, ax = canvas(height=LOW, width=7.4)
    series = (
        ("laws without a floor", without, GREEN, "v", 4.5, 0.55),
        ("laws with a floor", ~without & ~average, WARM, "o", 4.0, 0.5),
        ("their average", average, OBSERVED, "D", 5.5, 0.95),
    )
    for label, some, colour, marker, size, alpha in series:
        part = shown[some]
        ax.plot(
            10 ** part["decades"],
            np.expm1(part["miss"]).clip(-MOST, MOST),
            marker,
            color=colour,
            ms=size,
            alpha=alpha,
            mew=0,
            label=label,
        )
    ax.axhline(0.0, color=FITTED, lw=1)
    ax.set_xscale("log")
    ends = 10 ** shown["decades"].min() / 1.15, 10 ** shown["decades"].max() * 1.15
    ax.set_xlim(*ends)
    low = float(np.expm1(shown["miss"]).clip(-MOST, 0).min())
    ax.set_ylim(1.08 * low - 0.01, 1.08 * MOST)
    ticks = [t for t in _TIMES if ends[0] <= t <= ends[1]]
    ax.set_xticks(ticks, [f"{t:,}" for t in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if (np.abs(np.expm1(shown["miss"])) > MOST).any():
        ax.set_title("points on the edge lie beyond it", fontsize=8.5, loc="right")
    ax.set_xlabel("times the compute of the largest run that was fitted")
    ax.set_ylabel("measured over predicted loss, less one")
    figure.legend(frameon=False, ncols=3, loc="outside lower center", fontsize=8.5)
    return finish(figure, _says(shown), simulated=is_simulated(parts))


def _says(shown: pd.DataFrame) -> str:
    """Return the message: typical misses of the average, the best law and the worst."""
    table = standings(shown).set_index("law")["error"]
    far = 10 ** shown["decades"].max()
    start = f"{far:.0f} times beyond the runs of {shown['table'].nunique()} tables"
    if AVERAGE not in table or len(table) < 2:
        return f"up to {start}, {table.index[0]} misses by {table.iloc[0]:.1%}"
    laws = table.drop(AVERAGE)
    best, worst = laws.index[0], laws.index[-1]
    return (
        f"up to {start} the average over laws misses by {table[AVERAGE]:.1%}, "
        f"“{best}” by {laws[best]:.1%}, “{worst}” by {laws[worst]:.1%}"
    )
