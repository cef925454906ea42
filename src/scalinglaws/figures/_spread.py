"""Values that others printed, spread over tasks and variables, with ours beside some."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.ticker import FuncFormatter, NullFormatter

from scalinglaws._simulated import is_simulated
from scalinglaws.errors import Unidentifiable
from scalinglaws.figures._style import COLOURS, FITTED, MARKERS, Picture, canvas, finish

_LANES = 0.56
"""Share of a row's height over which the lanes of its columns lie."""


def spread(
    table: pd.DataFrame,
    *,
    of: str,
    rows: str,
    columns: str,
    order: Sequence[str],
    ours: str,
    hollow: str,
    xlabel: str,
    hollow_words: str = "",
    message: str = "",
) -> Picture:
    """Draw a point for each value on a logarithmic axis: a line a row, a lane a column within it.

    ``of``, ``rows`` and ``columns`` name columns of ``table``; ``order`` lists the values of
    ``columns``. ``ours`` names the column of our own value, NaN where there is none: a ring joined
    to its point. Where the flag ``hollow`` is true the point is hollow, as ``hollow_words`` say.
    Rows stand in the order of their median. Values that are not positive are left out.

    Raises :class:`Unidentifiable` where no value is positive.
    """
    shown = table[table[of] > 0]
    if shown.empty:
        raise Unidentifiable(f"there is no {of} above zero to draw")
    middle = shown.groupby(rows)[of].median().sort_values()
    place = dict(zip(middle.index, range(len(middle)), strict=True))
    figure, ax = canvas(height=1.5 + 0.32 * len(middle))
    step = _LANES / max(len(order) - 1, 1)
    lane = {name: _LANES / 2 - k * step for k, name in enumerate(order)}
    at = shown[rows].map(place) + shown[columns].map(lane)
    for k, name in enumerate(order):
        some = shown[columns] == name
        look: dict[str, Any] = {"ms": 5.5, "mew": 1.1, "alpha": 0.75, "color": COLOURS[k]}
        for flag, face, label in ((False, COLOURS[k], name), (True, "none", "")):
            mine = some & (shown[hollow] == flag)
            if mine.any() or label:
                words = {"label": label} if label else {}
                ax.plot(shown[of][mine], at[mine], MARKERS[k], ls="", mfc=face, **look, **words)
    if hollow_words and shown[hollow].any():
        ax.plot([], [], "o", mfc="none", mew=1.1, color="#777777", label=hollow_words)
    beside = shown[ours].notna()
    if beside.any():
        ax.hlines(at[beside], shown[of][beside], shown[ours][beside], color=FITTED, lw=1.2)
        ring: dict[str, Any] = {"ms": 9, "mfc": "none", "mew": 1.5, "color": FITTED}
        ax.plot(shown[ours][beside], at[beside], "o", ls="", label="fitted here", **ring)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks(range(len(middle)), [str(v) for v in middle.index], fontsize=8.5)
    ax.set_ylim(-0.7, len(middle) - 0.3)
    ax.set_xlabel(xlabel)
    figure.legend(frameon=False, ncols=3, fontsize=8.5, loc="outside lower center")
    says = f"{xlabel}: medians from {middle.iloc[0]:.2g} to {middle.iloc[-1]:.2g}"
    return finish(figure, message or says, simulated=is_simulated(table))
