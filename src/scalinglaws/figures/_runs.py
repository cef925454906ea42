"""Where the runs lie, and what their training curves look like."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm

from scalinglaws._format import count
from scalinglaws._simulated import is_simulated
from scalinglaws.compute.growing import Frontier
from scalinglaws.figures._style import (
    FITTED,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
    label,
    loss_label,
    scale,
)


def runs(table: pd.DataFrame) -> Picture:
    """Draw every run by size and data, coloured by loss, with lines of equal compute.

    ``table`` needs ``params, tokens, loss``; runs flagged ``outlier`` are ringed.
    """
    figure, ax = canvas()
    n, d = table["params"], table["tokens"]
    for power in range(
        int(np.floor(np.log10(6 * (n * d).min()))), int(np.ceil(np.log10(6 * (n * d).max()))) + 1
    ):
        edge = np.array([n.min(), n.max()])
        ax.plot(edge, 10.0**power / 6 / edge, color="#bbbbbb", lw=0.8, zorder=1)
    norm = LogNorm(table["loss"].min(), table["loss"].quantile(0.98))
    dots = ax.scatter(
        n,
        d,
        c=table["loss"],
        cmap="viridis",
        norm=norm,
        s=26,
        zorder=3,
        edgecolor="white",
        linewidth=0.4,
    )
    if "outlier" in table and table["outlier"].dtype == bool and table["outlier"].any():
        odd = table[table["outlier"]]
        ax.scatter(
            odd["params"],
            odd["tokens"],
            s=90,
            facecolor="none",
            edgecolor=WARM,
            linewidth=1.6,
            zorder=4,
            label=f"flagged as outliers ({len(odd)})",
        )
        ax.legend(frameon=False)
    ax.set_ylim(d.min() / 1.5, d.max() * 1.5)
    scale(ax, x="params", y="tokens")
    bar = figure.colorbar(dots, ax=ax, label=loss_label(table.attrs), pad=0.02)
    bar.ax.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
    bar.ax.yaxis.set_minor_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
    sizes = f"{count(n.min())} to {count(n.max())} parameters"
    best, worst = table["loss"].min(), table["loss"].max()
    return finish(
        figure,
        f"{len(table)} runs of {sizes}: the loss falls from {worst:.2f} to {best:.2f} with "
        "size and data",
        simulated=is_simulated(table),
    )


def both_axes(table: pd.DataFrame, *, x: str) -> Picture:
    """Draw the loss against ``x`` twice, on linear axes and on log axes."""
    figure, (left, right) = canvas(2, width=9.0)
    for ax in (left, right):
        ax.plot(table[x], table["loss"], "o", color=OBSERVED, ms=4.5)
        ax.set_ylabel(loss_label(table.attrs))
    left.set_xlabel(label(x))
    left.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: count(v)))
    left.set_title("linear axes", fontsize=11)
    scale(right, x=x, y="loss")
    right.set_ylabel(loss_label(table.attrs))
    right.set_title("log axes", fontsize=11)
    logs = np.log(table[[x, "loss"]].to_numpy(dtype=float))
    straight = np.corrcoef(logs.T)[0, 1] ** 2
    return finish(
        figure,
        f"a curve on linear axes; on logarithmic ones a line explains {straight:.1%} of it",
        simulated=is_simulated(table),
    )


def envelope(frontier: Frontier) -> Picture:
    """Draw training curves against compute, and the points that win at each budget.

    Compute is the column that the frontier was found with; the axes name any other than ``flops``.
    """
    figure, (left, right) = canvas(2, width=9.0)
    curves, flops = frontier.runs, frontier.flops
    for _, part in curves.groupby("run"):
        ordered = part.sort_values(flops)
        left.plot(ordered[flops], ordered["loss"], color=OBSERVED, lw=0.9, alpha=0.6)
    table = frontier.table
    left.plot(table["flops"], table["loss"], color=WARM, lw=2.2, label="loss of the winner")
    scale(left, x="flops", y="loss")
    left.set_ylabel(loss_label(curves.attrs))
    left.legend(frameon=False)
    right.plot(table["flops"], table["params"], "o", ms=3.5, color=WARM, label="size of the winner")
    line = frontier.at(table["flops"].to_numpy())
    right.fill_between(
        line["flops"], line["params_low"], line["params_high"], color=FITTED, alpha=0.15, lw=0
    )
    right.plot(
        line["flops"],
        line["params"],
        color=FITTED,
        label=f"N* ∝ C^{frontier.exponent().estimate:.2f}",
    )
    scale(right, x="flops", y="params")
    right.legend(frameon=False)
    if flops != "flops":
        for ax in (left, right):
            ax.set_xlabel(f"{ax.get_xlabel()}, {flops}")
    return finish(
        figure,
        f"along the lower edge of {curves['run'].nunique()} training curves the best size grows as "
        f"C^{frontier.exponent().estimate:.2f}",
        simulated=is_simulated(curves),
    )
