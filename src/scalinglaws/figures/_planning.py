"""Plans beside what came of them: a target on a curve, answers against truth, choices."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, NullLocator

from scalinglaws._simulated import is_simulated
from scalinglaws.curves.planning import Needed
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    GREEN,
    MARKERS,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
    scale,
)

TICKS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
"""Ratios that an axis names."""


def needed(
    found: Needed,
    *,
    later: pd.DataFrame | None = None,
    xlabel: str = "examples",
    ylabel: str = "loss",
) -> Picture:
    """Draw a learning curve, its forecast, and the interval in which it reaches the target.

    ``later`` holds points (``x``, ``loss``) that the forecast has not seen. The figure begins at a
    twentieth of the largest x, or before the interval. An interval without an upper end goes to
    its edge as an arrow.
    """
    figure, ax = canvas()
    start = min(found.last / 20, found.low / 2)
    points = found.curve[found.curve["x"] >= start]
    ax.plot(points["x"], points["loss"], "o", color=OBSERVED, ms=4, label="observed")
    reach = min(found.high, max(3 * found.last, 1.5 * found.low), found.band["x"].iloc[-1])
    if later is not None and len(later):
        after = {"color": GREEN, "mfc": "none", "ms": 3.5, "alpha": 0.6, "zorder": 1}
        ax.plot(later["x"], later["loss"], "s", label="observed later, not seen", **after)
        reach = max(reach, float(later["x"].max()))
    parts = (("-", "fitted", start, found.last), ("--", "extrapolated", found.last, 1.1 * reach))
    for style, label, left, right in parts:
        part = found.band[found.band["x"].between(left, right)]
        ax.plot(part["x"], part["mean"], style, color=FITTED, lw=1.6, label=label, zorder=3)
        shade = 0.18 if style == "-" else 0.09
        ax.fill_between(part["x"], part["low"], part["high"], color=FITTED, lw=0, alpha=shade)
    ax.axhline(found.target, color=WARM, lw=1, ls=":", label="target", zorder=2)
    ends, bounded = [found.low, min(found.high, 1.1 * reach)], np.isfinite(found.high)
    words = f"{found.level:.0%} interval of what it needs" if bounded else "needs at least"
    ax.plot(ends, [found.target] * 2, color=WARM, lw=4, alpha=0.7, label=words, zorder=4)
    if not bounded:
        ax.plot(ends[1], found.target, ">", color=WARM, ms=9, zorder=5)
    if found.x <= 1.1 * reach:
        ax.plot(found.x, found.target, "D", color=WARM, mec="white", ms=8, zorder=5)
    scale(ax, x="tokens", y="loss")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.legend(frameon=False, fontsize=9)
    needs = f"needs {found.low / found.last:.2g} to {found.high / found.last:.2g}"
    if not bounded:
        needs = f"needs at least {found.low / found.last:.2g}"
    return finish(figure, f"a target of {found.target:.3g} {needs} times the data seen so far")


def trials(table: pd.DataFrame) -> Picture:
    """Draw what :func:`trials` predicts over what is true, curve by curve.

    Curves with an interval stand first, then those without an upper end, as arrows.
    """
    figure, ax = canvas(width=9.0)
    known = table.dropna(subset=["low"])
    ratio = known[["x", "low", "high"]].div(known["truth"], axis=0)
    answered = known["refused"] == ""
    whole = ratio[answered].sort_values("x")
    some = ratio[~answered].sort_values("low")
    at = np.arange(1, len(whole) + 1)
    if len(whole):
        ax.vlines(at, whole["low"], whole["high"], color=OBSERVED, lw=2, alpha=0.6)
        ax.plot(at, whole["x"], "o", color=OBSERVED, ms=4, label="answer and interval")
    if len(some):
        at = np.arange(len(whole) + 1, len(known) + 1)
        ax.plot(at, some["low"], "^", color=WARM, mfc="none", ms=6, label="refused: at least")
    ax.axhline(1.0, color=FITTED, lw=1.4, ls="--", label="truth")
    ax.set_yscale("log")
    least, most = ax.get_ylim()
    ax.set_yticks([t for t in TICKS if least <= t <= most], minor=False)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylabel("answer over truth")
    ax.set_xlabel("curves, sorted by the answer")
    ax.legend(frameon=False, fontsize=9)
    held = int(((whole["low"] <= 1) & (whole["high"] >= 1)).sum())
    true = int((some["low"] <= 1).sum())
    says = f"{held} of {len(whole)} intervals contain the truth"
    says += f"; {true} of {len(some)} refusals name a true bound" if len(some) else ""
    return finish(figure, says, simulated=is_simulated(table))


def choices(table: pd.DataFrame) -> Picture:
    """Draw how often each way of choosing was right, as :func:`tally` counts it."""
    figure, ax = canvas(height=4.6)
    shown = table.dropna(subset=["right"])
    at = np.arange(len(shown))
    ways = {"right": "forecast", "right_so_far": "best so far", "right_usual": "usual model"}
    for k, (column, label) in enumerate(ways.items()):
        place = at + 0.12 * (k - 1)
        ax.plot(place, shown[column], MARKERS[k], color=COLOURS[k], ms=8, label=label, zorder=3)
    ends = shown["right_low"], shown["right_high"]
    ax.vlines(at - 0.12, *ends, color=COLOURS[0], lw=2.4, alpha=0.6)
    ax.plot(at, shown["guess"], ":", color=FITTED, lw=1.4, label="guess")
    ax.plot(
        at - 0.12, shown["chance"], "_", color=FITTED, ms=16, mew=2, label="forecast's own chance"
    )
    words = [f"{r.share:.0%}\n{r.tasks} tasks" for r in shown.itertuples()]
    ax.set_xticks(at, words)
    ax.set_xlim(-0.5, max(len(shown), 1) - 0.5)
    ax.set_ylim(0, 1.05)
    ax.set_xlabel("share of the data seen")
    ax.set_ylabel("share of choices that were right")
    figure.legend(frameon=False, fontsize=9, ncols=3, loc="outside lower center")
    says = "no task could be judged"
    if len(shown):
        first, last = shown.iloc[0], shown.iloc[-1]
        says = (
            f"the forecast chooses right in {first['right']:.0%} of tasks with "
            f"{first['share']:.0%} of the data and in {last['right']:.0%} with {last['share']:.0%}"
        )
    return finish(figure, says, simulated=is_simulated(table))
