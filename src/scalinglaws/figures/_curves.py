"""Learning curves: what was fitted, what was held back, and where estimators go on."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from scalinglaws._simulated import is_simulated
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    MARKERS,
    OBSERVED,
    Picture,
    canvas,
    finish,
    scale,
)

FAR = 4
"""How many times beyond the measured losses a continuation is followed in a figure."""

_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def forecasts(
    curve: pd.DataFrame, predictions: Mapping[str, pd.DataFrame], *, xlabel: str, log: bool = True
) -> Picture:
    """Draw one learning curve and how estimators continue it.

    ``curve`` has ``x``, ``loss`` and ``train``: points to fit are filled, points held back hollow.
    Each prediction has ``x`` and ``mean``, and a band where it has ``low`` and ``high``; lines are
    thick over the fitted range and thin beyond it. One that runs away leaves the figure.
    """
    figure, ax = canvas()
    fits = curve["train"].to_numpy(dtype=bool)
    end = curve["x"][fits].max()
    for k, (name, said) in enumerate(predictions.items()):
        said = said.sort_values("x")
        colour, style = COLOURS[(k + 1) % len(COLOURS)], _STYLES[k % len(_STYLES)]
        if {"low", "high"} <= set(said):
            ax.fill_between(said["x"], said["low"], said["high"], color=colour, lw=0, alpha=0.18)
        for part, width, label in (
            (said[said["x"] <= end], 2.4, name),
            (said[said["x"] >= end], 1.2, None if (said["x"] <= end).any() else name),
        ):
            ax.plot(
                part["x"], part["mean"], ls=style, lw=width, color=colour, label=label, zorder=3
            )
    for part, face, label in ((fits, OBSERVED, "fitted"), (~fits, "none", "held back")):
        some = curve[part]
        ax.plot(
            some["x"], some["loss"], "o", ms=4, color=OBSERVED, mfc=face, alpha=0.75, label=label
        )
    ax.axvline(end, color=FITTED, lw=0.8, ls=":")
    scale(ax, x=xlabel, y="loss" if log else None)
    ax.set_ylabel("loss")
    least, most = curve["loss"].min(), curve["loss"].max()
    low, high = (
        (least / FAR, most * FAR)
        if log
        else (least - FAR * (most - least), most + FAR * (most - least))
    )
    bottom, top = ax.get_ylim()
    ax.set_ylim(max(bottom, low), min(top, high))
    ax.legend(frameon=False, fontsize=9)
    says = f"one learning curve continued by {', '.join(predictions)}"
    return finish(figure, says, simulated=is_simulated(curve))


def league(table: pd.DataFrame, *, column: str = "mean") -> Picture:
    """Draw every entrant's error in every domain, an entrant a row, from a table of the league."""
    domains = list(dict.fromkeys(table["domain"]))
    relative = table["mean"] / table.groupby("domain")["mean"].transform("min")
    names = list(
        table.assign(r=np.log(relative)).groupby("entrant")["r"].mean().sort_values().index
    )
    figure, ax = canvas(height=1.2 + 0.36 * len(names))
    for k, domain in enumerate(domains):
        some = table[table["domain"] == domain].set_index("entrant")[column].reindex(names)
        ax.plot(some, range(len(names)), MARKERS[k], color=COLOURS[k], ms=7, label=domain)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.set_xlabel(f"{column} error beyond the fitted range (RMSE of log loss)")
    figure.legend(frameon=False, ncols=len(domains), loc="outside lower center")
    return finish(figure, f"{column} errors of {len(names)} estimators in {len(domains)} domains")
