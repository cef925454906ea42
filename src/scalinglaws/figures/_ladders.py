"""From loss to task: two laws in a chain, ladders against what was measured, kinds of trend."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.ticker import (
    FuncFormatter,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    PercentFormatter,
)

from scalinglaws._simulated import is_simulated
from scalinglaws.figures._labels import at_ends
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
from scalinglaws.laws import LOSS_TO_ERROR

_ACROSS = 3
"""Small panels in a row."""

_TITLE = 20
"""Most letters of a line above a small panel."""


def chained(told: pd.DataFrame, fitted: pd.DataFrame, others: pd.DataFrame) -> Picture:
    """Draw error against loss, the fitted law, and each target as measured and as predicted.

    ``told`` is what :func:`scalinglaws.downstream.chained` returns, with a column ``name`` for the
    targets; ``fitted`` are the runs of the law (``loss, error``), ``others`` those that it has not
    seen.
    """
    figure, ax = canvas(height=4.6)
    ax.plot(others["loss"], others["error"], ".", color="#b5b5b5", ms=5, label="not used")
    ax.plot(fitted["loss"], fitted["error"], "o", color=OBSERVED, ms=6, label="fitted", zorder=4)
    law, first = told.attrs["fits"]["error"], float(fitted["loss"].min())
    low = min(told["loss"].min(), told["predicted_loss"].min()) - 0.05
    for left, right, style, label in (
        (first, float(fitted["loss"].max()), "-", "fitted range"),
        (low, first, "--", "extrapolated"),
    ):
        x = np.linspace(left, right, 100)
        ax.plot(x, LOSS_TO_ERROR(law, loss=x), style, color=FITTED, lw=1.5, label=label)
    shades = (WARM, GREEN, *COLOURS[3:])
    inner = ax.inset_axes((0.56, 0.09, 0.42, 0.44))
    for k, row in enumerate(told.to_dict("records")):
        start, end = ((row[f"{p}loss"], row[f"{p}error"]) for p in ("", "predicted_"))
        ax.plot(*start, "s", color=shades[k], ms=7, label=f"{row['name']}, measured", zorder=5)
        ax.plot(*end, "s", color=shades[k], mfc="white", ms=7, label="predicted", zorder=5)
        arrow = {"arrowstyle": "->", "color": shades[k], "lw": 1.2, "shrinkA": 5, "shrinkB": 5}
        inner.annotate("", end, start, arrowprops=arrow)
    for line in list(ax.lines):
        same = {
            k: getattr(line, f"get_{k}")() for k in ("color", "ls", "lw", "marker", "ms", "mfc")
        }
        inner.plot(line.get_xdata(), line.get_ydata(), **same)
    ends = (
        told[["loss", "predicted_loss"]].to_numpy(),
        told[["error", "predicted_error"]].to_numpy(),
    )
    inner.set_xlim(ends[0].min() - 0.02, ends[0].max() + 0.02)
    inner.set_ylim(ends[1].min() - 0.006, ends[1].max() + 0.006)
    inner.tick_params(labelsize=8)
    ax.indicate_inset_zoom(inner, edgecolor=FITTED)
    ax.set_xlabel("loss on C4 (nats per token)")
    ax.set_ylabel("average error over the tasks")
    figure.legend(frameon=False, fontsize=8.5, ncols=4, loc="outside lower center")
    off = (told["predicted_error"] / told["error"] - 1).abs()
    return finish(
        figure,
        f"two laws in a chain miss {len(told)} larger models by {off.min():.1%} to {off.max():.1%} "
        "of their error",
    )


def ladders(told: pd.DataFrame, *, titles: Mapping[str, str] | None = None) -> Picture:
    """Draw each task's predicted score, its interval and the measured score, a target a colour.

    ``told`` is a table of :func:`scalinglaws.downstream.ladders` whose ``run`` names the targets;
    refused rows are left out.
    """
    shown = told[told["refused"] == ""]
    tasks, targets = (list(dict.fromkeys(shown[c])) for c in ("task", "run"))
    figure, ax = canvas(height=1.0 + 0.4 * len(tasks), width=7.4)
    for k, target in enumerate(targets):
        part = shown[shown["run"] == target]
        at = part["task"].map(tasks.index) + 0.3 * (k - (len(targets) - 1) / 2)
        colour = COLOURS[k]
        ax.hlines(at, part["score_low"], part["score_high"], color=colour, lw=3, alpha=0.45)
        ax.plot(part["score"], at, "|", color=colour, ms=11, mew=2, label=f"{target}, predicted")
        ax.plot(part["measured"], at, MARKERS[k], color=colour, mec=FITTED, ms=6, label="measured")
    ax.set_yticks(range(len(tasks)), [(titles or {}).get(t, t) for t in tasks])
    ax.set_ylim(len(tasks) - 0.4, -0.6)
    ax.set_xlabel("accuracy")
    figure.legend(frameon=False, fontsize=9, ncols=4, loc="outside lower center")
    held = shown["measured"].between(shown["score_low"], shown["score_high"])
    return finish(
        figure,
        f"{int(held.sum())} of {len(shown)} measured scores lie within the ladder's interval",
    )


def ways(errors: pd.DataFrame, *, titles: Mapping[str, str] | None = None) -> Picture:
    """Draw the size of the relative error of several ways to predict, a task a row.

    ``errors`` has a row a task and a column a way; its mean stands in the last row.
    """
    figure, ax = canvas(height=1.6 + 0.4 * len(errors), width=7.4)
    rows = pd.concat([errors, errors.mean().to_frame("mean").T])
    for k, way in enumerate(errors.columns):
        at = np.arange(len(rows)) + 0.11 * (k - (errors.shape[1] - 1) / 2)
        ax.plot(rows[way], at, MARKERS[k], color=COLOURS[k], ms=6, label=way)
    ax.axhline(len(errors) - 0.5, color=FITTED, lw=0.8)
    ax.set_yticks(range(len(rows)), [(titles or {}).get(str(t), str(t)) for t in rows.index])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("relative error, mean size over the targets")
    figure.legend(frameon=False, fontsize=9, ncols=2, loc="outside lower center")
    mean = errors.mean()
    return finish(
        figure,
        f"over {len(errors)} tasks {mean.idxmin()} misses least: by {mean.min():.1%}; the worst "
        f"way misses by {mean.max():.1%}",
    )


def trends(table: pd.DataFrame, told: pd.DataFrame) -> Picture:
    """Draw the score against the loss, falling to the right, for one task of each kind of trend.

    ``table`` is that of :func:`trends` (``task, loss, score, chance``) and ``told`` the
    rows of its answer to draw.
    """
    rows = -(-len(told) // _ACROSS)
    figure, grid = canvas(_ACROSS, rows=rows, height=2.5 * rows, width=8.6)
    axes = list(np.ravel(grid))
    for ax, row in zip(axes, told.to_dict("records"), strict=False):
        part = table[table["task"] == row["task"]]
        ax.plot(part["loss"], part["score"], "o", ms=3, alpha=0.6, color=OBSERVED)
        chance = float(part["chance"].iloc[0])
        ax.axhline(chance, color=WARM, lw=1.2, ls="--", label="chance")
        at_ends(ax, [(chance, "chance", WARM)])
        ax.invert_xaxis()
        ax.set_title(
            "\n".join([row["kind"], *wrap(str(row["task"]).replace("_", " "), _TITLE)]),
            fontsize=9.5,
        )
        ax.set_xlabel("loss, better to the right", fontsize=9)
        ax.tick_params(labelsize=8)
    for ax in axes[len(told) :]:
        ax.remove()
    for ax in axes[::_ACROSS]:
        ax.set_ylabel("score", fontsize=9)
    return finish(
        figure,
        f"the score need not rise as the loss falls: {len(told)} kinds of trend, a task each",
        simulated=is_simulated(table),
    )


def metrics(
    table: pd.DataFrame,
    panels: Mapping[str, str],
    *,
    over: str = "flops",
    xlabel: str = "",
    message: str = "",
) -> Picture:
    """Draw the same models under several metrics side by side, against the same scale.

    ``panels`` maps columns of ``table`` to what stands on the axis; ``over`` is the scale and
    ``message`` what is to be seen.
    """
    figure, axes = canvas(len(panels), width=9.0, height=3.6)
    for ax, (column, words), colour in zip(axes, panels.items(), COLOURS, strict=False):
        part = table.dropna(subset=[over, column])
        ax.plot(part[over], part[column], "o", ms=5, alpha=0.7, color=colour)
        scale(ax, x=over)
        if over == "tokens_per_param" or part[over].max() < 1e4:
            ax.xaxis.set_major_locator(MaxNLocator(6))
            ax.xaxis.set_minor_locator(NullLocator())
            ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xlabel(xlabel or ax.get_xlabel())
        ax.set_ylabel(words)
    return finish(
        figure,
        message or f"the same models under {len(panels)} metrics",
        simulated=is_simulated(table),
    )


def powers(size: Sequence[float], series: Mapping[str, Sequence[float]]) -> Picture:
    """Draw simulated scores against model size, a series a metric; the figure says simulated."""
    figure, ax = canvas(height=3.8)
    for k, (name, y) in enumerate(series.items()):
        ax.plot(size, y, marker=MARKERS[k], ms=5, lw=1.4, color=COLOURS[k], label=name)
    scale(ax, x="params")
    ax.set_ylabel("score")
    ax.legend(frameon=False)
    says = "one smooth gain, counted in different ways: " + ", ".join(series)
    return finish(figure, says, simulated=True)
