"""Downstream against upstream: clouds of models, levels with intervals, and rank inversions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from scalinglaws._fit import Fit
from scalinglaws._simulated import is_simulated
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    GREEN,
    LOW,
    MARKERS,
    WARM,
    Picture,
    canvas,
    finish,
)

_STYLES = ("-", "--", "-.", ":")


def cloud(
    points: pd.DataFrame,
    fits: Mapping[str, Fit] | None = None,
    *,
    edge: pd.DataFrame | None = None,
    xlabel: str = "upstream error",
    ylabel: str = "downstream error",
    message: str = "",
) -> Picture:
    """Draw models by their two errors, a colour a family, and laws fitted to them.

    Lines are thick over the errors they were fitted to and thin beyond, down to an upstream error
    of zero. ``edge`` holds the corners of a frontier.
    """
    figure, ax = canvas(height=LOW + 0.4)
    size = 5 if len(points) < 300 else 3
    for k, (family, part) in enumerate(points.groupby("family", sort=False)):
        look = {"color": COLOURS[k % 10], "alpha": 0.45, "ms": size, "mew": 0}
        marker = MARKERS[k % len(MARKERS)]
        ax.plot(
            part["upstream_error"], part["downstream_error"], marker, ls="", label=family, **look
        )
    if edge is not None:
        ax.plot(
            edge["upstream_error"],
            edge["downstream_error"],
            "o-",
            color=GREEN,
            ms=6,
            mfc="none",
            lw=1.2,
            label="lower hull",
            zorder=4,
        )
    for k, (name, found) in enumerate((fits or {}).items()):
        seen = found.inputs["upstream_error"]
        inside = np.linspace(seen.min(), seen.max(), 200)
        beyond = np.linspace(1e-4, seen.min(), 60)
        for at, width, label in ((inside, 2.2, name), (beyond, 1.0, None)):
            curve = found.law(found.params, upstream_error=at)
            ax.plot(at, curve, ls=_STYLES[k % 4], lw=width, color=FITTED, label=label, zorder=5 + k)
    ax.set_xlim(0, min(1.0, 1.05 * points["upstream_error"].max()))
    ax.set_ylim(0, min(1.0, 1.05 * points["downstream_error"].max()))
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    if len(ax.get_legend_handles_labels()[0]) <= 8:
        ax.legend(frameon=False, fontsize=9)
    logs = points[["upstream_error", "downstream_error"]].rank().corr().iloc[0, 1]
    says = f"{len(points)} models: {ylabel} follows {xlabel} with a rank correlation of {logs:.2f}"
    return finish(figure, message or says, simulated=is_simulated(points))


def levels(
    table: pd.DataFrame,
    *,
    by: str = "task",
    marks: Mapping[str, str] | None = None,
    xlabel: str = "downstream error at an upstream error of zero",
) -> Picture:
    """Draw values with their intervals, a row each; refused ones as arrows from their upper end.

    ``table`` has ``value, low, high``, as :func:`saturations` returns them. ``marks``
    names further columns that are drawn as hollow markers, with their labels.
    """
    known = table.dropna(subset=["high"])
    order = known["value"].fillna(-1 + known["high"]).to_numpy().argsort(kind="stable")
    known = known.iloc[order].reset_index(drop=True)
    figure, ax = canvas(height=1.2 + 0.24 * len(known))
    sure = known["value"].notna()
    at = np.arange(len(known))
    ax.hlines(at[sure], known["low"][sure], known["high"][sure], color=COLOURS[0], lw=3, alpha=0.55)
    doubt = known["doubtful"].eq(True) if "doubtful" in known else pd.Series(False, known.index)
    for some, face, label in (
        (sure & ~doubt, COLOURS[0], "floor, interval"),
        (sure & doubt, "white", "doubtful floor"),
    ):
        if some.any():
            look = {"color": COLOURS[0], "mfc": face, "ms": 6, "label": label}
            ax.plot(known["value"][some], at[some], "o", **look)
    open_ended = ~sure
    if open_ended.any():
        ax.hlines(at[open_ended], 0, known["high"][open_ended], color=WARM, lw=1.5, ls=":")
        ax.plot(known["high"][open_ended], at[open_ended], "<", color=WARM, ms=6, label="at most")
    for k, (column, label) in enumerate((marks or {}).items()):
        ax.plot(known[column], at, MARKERS[k + 2], color=FITTED, mfc="none", ms=5, label=label)
    ax.set_yticks(at, known[by].astype(str), fontsize=8)
    ax.set_ylim(-0.7, len(known) - 0.3)
    ax.set_xlim(left=0)
    ax.set_xlabel(xlabel)
    figure.legend(frameon=False, fontsize=9, ncols=3, loc="outside lower center")
    above = int(((known["low"] > 0) & sure).sum())
    weak = int((sure & doubt).sum())
    doubted = f", {weak} of them doubtful" if weak else ""
    return finish(
        figure,
        f"{above} of {len(known)} have a floor whose interval excludes zero{doubted}; "
        f"{int((~sure).sum())} with a bound only",
    )


def inversions(table: pd.DataFrame, *, first: str) -> Picture:
    """Draw how often each task ranks two models differently from a first one, a row a task.

    ``table`` is that of :func:`scalinglaws.downstream.inversions`.
    """
    both = pd.concat([table, table.rename(columns={"a": "b", "b": "a"})])
    share = both[both["a"] == first].set_index("b")["share"].dropna().sort_values()
    figure, ax = canvas(height=1.2 + 0.17 * len(share))
    at = np.arange(len(share))
    ax.hlines(at, 0, share, color=COLOURS[0], lw=1, alpha=0.5)
    ax.plot(share, at, "o", color=COLOURS[0], ms=5)
    ax.axvline(0.5, color=FITTED, lw=1, ls="--")
    ax.set_yticks(at, [str(name).replace("_", " ") for name in share.index], fontsize=8)
    ax.set_ylim(-0.7, len(share) - 0.3)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel(f"pairs of models ranked differently from {first}")
    calm = int((share <= 0.1).sum())
    return finish(
        figure,
        f"{calm} of {len(share)} tasks rank at most one pair of models in ten differently from "
        f"{first}; {int((share > 0.3).sum())} rank more than three in ten",
    )
