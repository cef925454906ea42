"""Learning curves: what was fitted, what was held back, and where estimators go on."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, NullFormatter

from scalinglaws._simulated import is_simulated
from scalinglaws.figures._labels import at_ends, over_row, sides
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    MARKERS,
    Picture,
    canvas,
    finish,
    scale,
)
from scalinglaws.figures._ticks import NamedLocator

FAR = 4
"""How many times beyond the measured losses a continuation is followed in a figure."""

_DOTS = "#8a8a8a"
_ROWS = 2.0
"""Rows above the first that the names of its dots take."""
_ENTRANTS = (FITTED, *COLOURS)
"""Colours of laws that continue one curve, the same in every figure."""


def forecasts(
    curve: pd.DataFrame,
    predictions: Mapping[str, pd.DataFrame],
    *,
    xlabel: str,
    log: bool = True,
    message: str = "",
) -> Picture:
    """Draw one learning curve and how estimators continue it.

    ``curve`` has ``x``, ``loss`` and ``train``: points to fit are filled, points held back hollow.
    Each prediction has ``x`` and ``mean``, and beyond the fitted range a band where it has ``low``
    and ``high``; lines are solid over the fitted range and dashed beyond it. One that runs away
    leaves the figure. Give a ``message`` where a prediction has seen the points held back: the
    figure's own says which is nearest to them.
    """
    figure, ax = canvas()
    fits = curve["train"].to_numpy(dtype=bool)
    end, names = curve["x"][fits].max(), []
    for (name, said), colour in zip(predictions.items(), cycle(_ENTRANTS), strict=False):
        said = said.sort_values("x")
        names.append((float(said["mean"].iloc[-1]), name, colour))
        if {"low", "high"} <= set(said):
            # Between fitted points it swells and shrinks with the distance to the next one.
            far = said[said["x"] >= end]
            ax.fill_between(far["x"], far["low"], far["high"], color=colour, lw=0, alpha=0.18)
        for part, style, width, label in (
            (said[said["x"] <= end], "-", 2.2, name),
            (said[said["x"] >= end], "--", 1.5, None if (said["x"] <= end).any() else name),
        ):
            ax.plot(
                part["x"], part["mean"], ls=style, lw=width, color=colour, label=label, zorder=3
            )
    for part, face, label in ((fits, _DOTS, "fitted"), (~fits, "none", "held back")):
        some = curve[part]
        look: dict[str, Any] = {"ms": 3.5, "mew": 0.7, "color": _DOTS, "mfc": face, "zorder": 1}
        ax.plot(some["x"], some["loss"], "o", label=label, **look)
    sides(ax, end, "fitted", "held back")
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
    at_ends(ax, names)
    says = f"one learning curve continued by {', '.join(predictions)}"
    if near := _nearest(curve[~fits], predictions):
        says = f"beyond the fitted points {near[0]} is nearest, off by {near[1]:.1%}"
    return finish(figure, message or says, simulated=is_simulated(curve))


def contest(
    curve: pd.DataFrame,
    predictions: Mapping[str, pd.DataFrame],
    table: pd.DataFrame,
    *,
    xlabel: str,
    titles: Mapping[str, str] | None = None,
) -> Picture:
    """Draw one learning curve continued by several laws, and beside it their errors on all curves.

    ``curve`` and ``predictions`` are those of :func:`forecasts`, ``table`` is a league whose
    entrants begin with the names of the predictions. ``titles`` names its domains.
    """
    figure, (left, right) = canvas(2, width=9.0)
    fits, end = curve["train"].to_numpy(dtype=bool), curve["x"][curve["train"]].max()
    colours = dict(zip(predictions, cycle(_ENTRANTS), strict=False))
    look: dict[str, Any] = {"ms": 3.5, "mew": 0.7, "color": _DOTS, "zorder": 1}
    left.plot(curve["x"][fits], curve["loss"][fits], "o", **look)
    left.plot(curve["x"][~fits], curve["loss"][~fits], "o", mfc="none", **look)
    names = []
    for name, said in predictions.items():
        for part, style in ((said["x"] <= end, "-"), (said["x"] >= end, "--")):
            width = 2.2 if style == "-" else 1.5
            left.plot(said["x"][part], said["mean"][part], style, lw=width, color=colours[name])
        names.append((float(said["mean"].iloc[-1]), name, colours[name]))
    left.axvline(end, color=FITTED, lw=0.8, ls=":")
    scale(left, x="tokens", y="loss")
    left.set_xlabel(xlabel)
    left.set_ylabel("error")
    left.set_title("one curve: fitted, then held back", loc="left")
    at_ends(left, names)
    domains = list(dict.fromkeys(table["domain"]))
    for k, (name, colour) in enumerate(colours.items()):
        mine = table[table["entrant"].str.startswith(name)].set_index("domain")["mean"]
        at = np.arange(len(domains)) + 0.13 * (k - (len(colours) - 1) / 2)
        right.plot(mine.reindex(domains), at, "o", ms=7, color=colour, label=name)
    right.set_yticks(range(len(domains)), [(titles or {}).get(d, d) for d in domains])
    right.set_ylim(len(domains) - 0.5, -0.5)
    right.set_xscale("log")
    right.set_xlabel("mean error of the prediction")
    right.xaxis.set_major_locator(NamedLocator())
    right.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.3g}%"))
    right.set_title("all curves", loc="left")
    right.legend(frameon=False, ncols=len(colours), loc="upper center", bbox_to_anchor=(0.5, -0.2))
    first = domains[0]
    ranked = table[table["domain"] == first].set_index("entrant")["mean"].sort_values()
    told = [name for entrant in ranked.index for name in colours if entrant.startswith(name)]
    what = (titles or {}).get(first, first)
    return finish(
        figure,
        f"{told[0]} predicts the hidden end best on {what}: {ranked.iloc[0]:.1%} off, "
        f"{told[-1]} {ranked.iloc[-1]:.1%}",
        simulated=is_simulated(curve),
    )


def league(table: pd.DataFrame, *, column: str = "mean") -> Picture:
    """Draw every entrant's error in every domain, an entrant a row, from a table of the league."""
    domains = list(dict.fromkeys(table["domain"]))
    relative = table["mean"] / table.groupby("domain")["mean"].transform("min")
    names = list(
        table.assign(r=np.log(relative)).groupby("entrant")["r"].mean().sort_values().index
    )
    figure, ax = canvas(height=0.9 + 0.26 * (len(names) + _ROWS))
    for k, domain in enumerate(domains):
        some = table[table["domain"] == domain].set_index("entrant")[column].reindex(names)
        ax.plot(some, range(len(names)), MARKERS[k], color=COLOURS[k], ms=7, label=domain)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5 - _ROWS)
    ax.set_xscale("log")
    # Room for half of a name left of the least error.
    ax.set_xlim(left=ax.get_xlim()[0] / 1.8)
    ax.xaxis.set_major_locator(NamedLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.3g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(f"{column} error beyond the fitted range (RMSE of log loss)")
    first = table[table["entrant"] == names[0]].set_index("domain")[column].reindex(domains)
    known = [(v, d, COLOURS[k]) for k, (d, v) in enumerate(first.items()) if np.isfinite(v)]
    over_row(ax, known, row=0.0)
    best = table.loc[table.groupby("domain", sort=False)[column].idxmin()]
    if len(best) > 1 and (best["entrant"] == best["entrant"].iloc[0]).all():
        ends = f"{best[column].min():.2g} to {best[column].max():.2g}"
        says = f"{best['entrant'].iloc[0]} has the lowest {column} error everywhere, {ends}"
        return finish(figure, says)
    firsts = ", ".join(f"{r.entrant} ({r.domain})" for r in best.itertuples())
    return finish(figure, f"lowest {column} error: {firsts}")


def _nearest(
    later: pd.DataFrame, predictions: Mapping[str, pd.DataFrame]
) -> tuple[str, float] | None:
    """Return which of several predictions is nearest to the later points, and by how much off."""
    off: dict[str, float] = {}
    for name, said in predictions.items():
        known = said.sort_values("x")
        inside = later[later["x"].between(known["x"].min(), known["x"].max())]
        if len(inside) and (known["mean"] > 0).all() and (inside["loss"] > 0).all():
            mean = np.exp(np.interp(np.log(inside["x"]), np.log(known["x"]), np.log(known["mean"])))
            off[name] = float(np.sqrt((np.log(inside["loss"] / mean) ** 2).mean()))
    if len(off) < 2:
        return None
    best = min(off, key=lambda name: off[name])
    return best, off[best]
