"""A law of size and data as a surface: lines of equal loss, and slices at single budgets."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scalinglaws._fit import Fit
from scalinglaws._format import count, flops_words
from scalinglaws.compute.allocate import allocate
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, of_size_and_data, optimal_params
from scalinglaws.figures._labels import at_ends, ramp
from scalinglaws.figures._style import (
    FITTED,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
    response_label,
    scale,
)
from scalinglaws.laws import Law

_GRID = 60
_LINES = 9
_SLICES = 3
_NEAR = 1.5
"""Factor within which the compute of a run counts as that of a slice."""
_WIDTH = 8.0
"""Factor by which a slice reaches to either side of the best size."""
ROUNDING = 1 + 1e-9


def surface(
    fit: Fit,
    *,
    flops: Sequence[float] = (),
    per_param_token: float = FLOPS_PER_PARAM_TOKEN,
) -> Picture:
    """Draw a law of params and tokens under its runs: lines of equal loss, and slices of budgets.

    ``flops`` are budgets in FLOPs, marked on the left with the interval of the best size and
    sliced on the right beside three inside the runs; bands are 90% intervals. What
    lies beyond the compute of the runs is dashed. FLOPs are ``per_param_token`` for each parameter
    and token.
    """
    k = per_param_token
    law = of_size_and_data(fit.law, per_param_token=k)
    n, d = (fit.runs[k].to_numpy(dtype=float)[fit.counted] for k in ("params", "tokens"))
    own = k * n * d
    asked = allocate(fit, sorted(flops), per_param_token=k) if len(flops) else None
    inside = np.exp(np.quantile(np.log(own), np.linspace(0.15, 0.95, _SLICES)))
    figure, (left, right) = canvas(2, width=9.0)
    _contours(left, fit, law, own, asked, k)
    _slices(right, fit, law, own, [*inside, *sorted(flops)], k)
    top = float(max(flops, default=own.max()))
    best = count(_best(fit, law, top, k))
    return finish(
        figure,
        f"for {flops_words(top)} FLOPs the loss is lowest at {best} parameters",
        simulated=fit.simulated,
    )


def _best(fit: Fit, law: Law, flops: Any, k: float) -> Any:
    """Return the best size for one budget or many."""
    one = {k: np.array([v]) for k, v in fit.params.items()}
    found = optimal_params(law, one, np.atleast_1d(flops), per_param_token=k)[0]
    return found if np.ndim(flops) else float(found[0])


def _contours(ax: Axes, fit: Fit, law: Law, own: Any, asked: pd.DataFrame | None, k: float) -> None:
    n, d = (fit.runs[k].to_numpy(dtype=float)[fit.counted] for k in ("params", "tokens"))
    largest = own.max() if asked is None else max(own.max(), float(asked["flops"].max()))
    path = np.geomspace(own.min(), largest, 40)
    best = _best(fit, law, path, k)
    data = path / k / best
    sizes = np.geomspace(min(n.min(), best.min()), max(n.max(), best.max()), _GRID)
    tokens = np.geomspace(min(d.min(), data.min()), max(d.max(), data.max()), _GRID)
    across, up = np.meshgrid(sizes, tokens)
    loss = law(fit.params, params=across.ravel(), tokens=up.ravel()).reshape(across.shape)
    levels = np.unique(np.quantile(loss, np.linspace(0.02, 0.9, _LINES)))
    if len(levels) > 1:
        ax.contour(across, up, loss, levels=levels, colors="#9aa3ad", linewidths=0.9)
    ax.plot(n, d, "o", ms=3.5, color=OBSERVED, label="runs", zorder=3)
    measured = path <= own.max()
    for part, style, words in ((measured, "-", "best split"), (~measured, "--", "extrapolated")):
        if part.any():
            ax.plot(best[part], data[part], style, color=FITTED, lw=1.8, label=words)
    for row in () if asked is None else asked.itertuples():
        span = np.geomspace(row.params_low, row.params_high, 20)
        ax.plot(span, row.flops / k / span, color=WARM, lw=2.4, alpha=0.6)
        ax.plot(row.params, row.tokens, "*", ms=13, color=WARM, zorder=5)
        ax.annotate(
            f"{flops_words(row.flops)} FLOPs",
            (row.params, row.tokens),
            xytext=(-8, -3),
            textcoords="offset points",
            ha="right",
            fontsize=8.5,
            color=WARM,
        )
    scale(ax, x="params", y="tokens")
    ax.legend(frameon=False, loc="lower right", fontsize=8.5)


def _slices(ax: Axes, fit: Fit, law: Law, own: Any, budgets: Sequence[float], k: float) -> None:
    names, colours = [], ramp(len(budgets))
    every = fit.runs["params"].to_numpy(dtype=float)[fit.counted]
    for budget, colour in zip(budgets, colours, strict=True):
        best = _best(fit, law, budget, k)
        grid = np.geomspace(best / _WIDTH, best * _WIDTH, 60)
        points: dict[str, Any] = {"params": grid, "tokens": budget / k / grid}
        points |= {"flops": np.full(len(grid), budget), "tokens_per_param": points["tokens"] / grid}
        told = fit.predict(**{k: points[k] for k in fit.law.inputs})
        beyond = budget > own.max() * ROUNDING
        loss = told[fit.law.response].to_numpy()
        ax.plot(grid, loss, "--" if beyond else "-", color=colour, lw=1.6)
        ax.fill_between(grid, told["low"], told["high"], color=colour, alpha=0.15, lw=0)
        near = np.abs(np.log(own / budget)) <= np.log(_NEAR)
        near &= (every >= grid[0]) & (every <= grid[-1])
        ax.plot(every[near], fit.loss[fit.counted][near], "o", ms=3.5, color=colour)
        at = {
            "params": np.array([best]),
            "tokens": np.array([points["tokens"][0] * grid[0] / best]),
        }
        ax.plot(best, law(fit.params, **at)[0], "*", ms=11, color=WARM, zorder=5)
        names.append((float(loss[-1]), f"{flops_words(budget)} FLOPs", colour))
    scale(ax, x="params", y="loss")
    ax.set_ylabel(response_label(fit))
    at_ends(ax, names)
