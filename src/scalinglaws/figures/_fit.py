"""A fit against its runs: curve, residuals, held-out score, and intervals side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scalinglaws._fit import Fit
from scalinglaws._simulated import is_simulated
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    LOW,
    MARKERS,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
    response_label,
    scale,
)
from scalinglaws.intervals.interval import Interval
from scalinglaws.notebook.refusal import Refusal
from scalinglaws.validation.hold_out import HoldOut


def curve(fit: Fit, *, until: float | None = None, level: float = 0.9, log: bool = True) -> Picture:
    """Draw a law of one input over its runs, and beyond them up to ``until``.

    The fitted range is a solid line, the extrapolated range dashed; the band is the curve's
    bootstrap interval.
    """
    (name,) = fit.law.inputs
    low, high = fit.design.low[name], fit.design.high[name]
    figure, ax = canvas()
    ax.plot(fit.runs[name], fit.loss, "o", color=OBSERVED, ms=4.5, label="observed", zorder=3)
    for start, end, style, label in (
        (low, high, "-", "fitted range"),
        (high, until or high, "--", "extrapolated"),
    ):
        if end <= start:
            continue
        x = np.geomspace(start, end, 80)
        points: dict[str, Any] = {name: x}
        band = fit.predict(level=level, **points)
        ax.plot(x, band[fit.law.response], style, color=FITTED, lw=1.6, label=label)
        ax.fill_between(
            x, band["low"], band["high"], color=FITTED, lw=0, alpha=0.18 if style == "-" else 0.09
        )
    scale(ax, x=name, y=fit.law.response if log else None)
    ax.set_ylabel(response_label(fit))
    ax.legend(frameon=False)
    off = f", off by {fit.residuals[fit.counted].std():.1%}" if fit.law.domain == "positive" else ""
    says = f"{fit.law.name} through {fit.design.runs} points{off}"
    return finish(figure, says, simulated=is_simulated(fit.runs))


def fit(result: Fit) -> Picture:
    """Draw fitted against measured loss, and the residuals against compute (or the first input)."""
    figure, (left, right) = canvas(2, width=9.0)
    predicted = result.law(result.params, **result.inputs)
    left.plot(predicted, result.loss, "o", color=OBSERVED, ms=4, alpha=0.8, label="observed")
    ends = np.array(
        [min(predicted.min(), result.loss.min()), max(predicted.max(), result.loss.max())]
    )
    left.plot(ends, ends, color=FITTED, lw=1.2, label="perfect fit")
    scale(left, x=f"fitted {result.law.response}", y=result.law.response)
    left.set_ylabel(response_label(result))
    left.legend(frameon=False)
    across = "flops" if "flops" in result.runs else result.law.inputs[0]
    right.axhline(0, color=FITTED, lw=1.2)
    ratio = result.law.domain == "positive"
    apart = 100 * np.expm1(result.residuals) if ratio else result.residuals
    right.plot(result.runs[across], apart, "o", color=OBSERVED, ms=4, alpha=0.8)
    scale(right, x=across)
    right.set_ylabel(f"measured {'over fitted, minus one (%)' if ratio else 'minus fitted'}")
    spread = float(np.sqrt((result.residuals[result.counted] ** 2).mean()))
    off = f"{spread:.2%}" if ratio else f"{spread:.3g}"
    return finish(
        figure,
        f"{result.law.name} passes {int(result.counted.sum())} runs at a typical distance of {off}",
        simulated=is_simulated(result.runs),
    )


def hold_out(result: HoldOut) -> Picture:
    """Draw the loss that was predicted for the held-out runs, with its interval, and measured."""
    figure, ax = canvas()
    table = result.predictions.sort_values(result.by)
    x = np.arange(1, len(table) + 1)
    ax.vlines(
        x,
        table["predicted_low"],
        table["predicted_high"],
        color=WARM,
        lw=2.2,
        alpha=0.55,
        label=f"{result.level:.0%} interval for a new run (extrapolated)",
    )
    ax.plot(x, table["predicted_loss"], "_", color=WARM, ms=8)
    ax.plot(x, table[result.trained.law.response], "o", color=OBSERVED, ms=4, label="observed")
    ax.set_xlabel(f"held-out run, in order of {result.by}")
    ax.set_ylabel(response_label(result.trained))
    ax.legend(frameon=False)
    seen = table[result.trained.law.response]
    inside = int(((table["predicted_low"] <= seen) & (seen <= table["predicted_high"])).sum())
    return finish(
        figure,
        f"{inside} of {len(table)} held-out runs lie within their {result.level:.0%} interval",
        simulated=is_simulated(result.predictions),
    )


def intervals(
    rows: Mapping[str, Interval | Refusal],
    *,
    marks: Mapping[str, float] | None = None,
    published: Mapping[str, float] | None = None,
    xlabel: str = "",
    log: bool = False,
    simulated: bool = False,
    message: str = "",
) -> Picture | Refusal:
    """Draw intervals one under the other, with published values beside them.

    ``message`` is the sentence above the figure, by default what the intervals contain.
    ``marks`` are vertical lines; ``published`` has a value for each row that it names. Rows that
    were refused are left out; when all were, the first refusal stands in the figure's place.
    """
    refused = [i for i in rows.values() if isinstance(i, Refusal)]
    rows = {k: i for k, i in rows.items() if isinstance(i, Interval)}
    if refused and not rows:
        return refused[0]
    tall = max(len(rows), 2)
    figure, ax = canvas(height=0.9 + 0.45 * tall)
    for k, (name, i) in enumerate(rows.items()):
        ax.plot([i.low, i.high], [k, k], color=OBSERVED, lw=2.4)
        ax.plot(
            i.estimate, k, "o", color=OBSERVED, ms=7, label="ours" if published and not k else None
        )
        if published and name in published:
            ax.plot(published[name], k, "D", mfc="none", mew=1.8, color=WARM, ms=9)
    if published:
        ax.plot([], [], "D", mfc="none", mew=1.8, color=WARM, ms=9, label="published")
    for k, (label, value) in enumerate((marks or {}).items()):
        ax.axvline(
            value,
            color=COLOURS[(k + 1) % len(COLOURS)],
            lw=1.6,
            ls=("--", ":", "-.")[k % 3],
            label=label,
        )
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    if log:
        ax.set_xscale("log")
    if marks or published:
        figure.legend(frameon=False, loc="outside lower center", ncols=3)
    values = [i.estimate for i in rows.values() if isinstance(i, Interval)]
    what = xlabel or "estimates"
    spread = dict.fromkeys(f"{v:.3g}" for v in (min(values), max(values)))
    says = f"{what}: {' to '.join(spread)}"
    if published:
        met = [k for k in rows if k in published and published[k] in rows[k]]
        told = sum(k in published for k in rows)
        says = f"{what}: our intervals contain {len(met)} of {told} published values"
    elif marks:
        met = [k for k, i in rows.items() if any(v in i for v in marks.values())]
        contain = "contains" if len(met) == 1 else "contain"
        says += f"; {len(met)} of {len(rows)} intervals {contain} {' or '.join(marks)}"
    return finish(figure, message or says, simulated=simulated)


def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    reference: float | None = None,
    called: str = "truth",
    shade: Mapping[str, tuple[float, float]] | None = None,
    log: bool = False,
    simulated: bool,
    message: str = "",
) -> Picture:
    """Draw a few named series against ``x``, told apart by colour and marker.

    ``reference`` is a level on the y axis and ``called`` its name; ``shade`` names ranges of ``x``.
    ``message`` is the sentence above the figure; without it the series are named there.
    """
    figure, ax = canvas(height=LOW)
    for name, ends in (shade or {}).items():
        ax.axvspan(*ends, color=WARM, alpha=0.18, lw=0, label=name)
    for k, (label, y) in enumerate(series.items()):
        ax.plot(x, y, marker=MARKERS[k], ms=5, lw=1.4, color=COLOURS[k], label=label)
    if reference is not None:
        ax.axhline(reference, color=FITTED, lw=1.2, ls="--", label=called)
    if log:
        ax.set_xscale("log")
        ax.set_yscale("log")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.legend(frameon=False)
    return finish(figure, message or f"{', '.join(series)} against {xlabel}", simulated=simulated)
