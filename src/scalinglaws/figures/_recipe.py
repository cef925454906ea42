"""What a learning rate or a batch costs that is not the best."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from scalinglaws._simulated import is_simulated
from scalinglaws.figures._style import COLOURS, FITTED, LOW, MARKERS, Picture, canvas, finish

_WORDS = {"learning_rate": "learning rate", "batch_tokens": "batch"}

_WHOLE = 0.15
"""Octaves within which a ratio counts as a power of two."""

_LEAST = 1e-4
"""Smallest extra loss drawn in its place; less lies on the lower edge."""


def regrets(table: pd.DataFrame, *, message: str = "") -> Picture:
    """Draw the extra loss of a setting over how far it is from the best, and its median.

    ``table`` is what :func:`scalinglaws.compute.regrets` returns. Each dot is one value in one
    cell; lines join the medians at powers of two. Dotted lines mark a tenth and one per cent.
    """
    figure, ax = canvas(height=LOW, width=7.6)
    for level in (0.001, 0.01):
        ax.axhline(level, color=FITTED, lw=0.9, ls=":")
    for k, (name, some) in enumerate(table.groupby("setting", sort=False)):
        words = _WORDS.get(str(name), str(name))
        # Grids go by halves of an octave: medians of whole ones alone, within a tenth.
        exact = np.log2(some["times"])
        whole = some[(exact - np.round(exact)).abs() < _WHOLE]
        octaves = whole.groupby(np.round(np.log2(whole["times"])))["extra"]
        middle = octaves.median()[octaves.size() >= min(3, octaves.size().max())]
        # Two settings side by side: dots of the second lie a little to the right.
        ax.plot(
            some["times"] * 1.03**k, some["extra"].clip(lower=_LEAST), MARKERS[k], ms=3, mew=0,
            alpha=0.45, color=COLOURS[k],
        )  # fmt: skip
        ax.plot(
            2.0**middle.index, middle.clip(lower=_LEAST), marker=MARKERS[k], ms=6, lw=1.8,
            color=COLOURS[k], label=f"{words}, median",
        )  # fmt: skip
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_ylim(bottom=_LEAST)
    reach = np.ceil(np.abs(np.log2(table["times"])).max() / 2) * 2
    ax.xaxis.set_major_locator(FixedLocator(list(2.0 ** np.arange(-reach, reach + 1, 2))))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"1/{1 / v:g}" if v < 1 else f"{v:g}"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g}%"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("times the best value")
    ax.set_ylabel("loss over the lowest, minus one")
    ax.legend(frameon=False, fontsize=8.5)
    twice = table[(np.log2(table["times"]).abs() - 1).abs() < _WHOLE]["extra"]
    says = f"A setting off by two costs {twice.median():.1%} at the median"
    return finish(figure, message or says, simulated=is_simulated(table))
