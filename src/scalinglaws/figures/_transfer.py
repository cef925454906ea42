"""Transfer: a published law drawn as such, fine-tuning curves, errors of two laws, and bends."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from scalinglaws._format import count
from scalinglaws.figures._labels import at_ends, ramp
from scalinglaws.figures._style import (
    COLOURS,
    FITTED,
    MARKERS,
    OBSERVED,
    WARM,
    Picture,
    canvas,
    finish,
    scale,
)
from scalinglaws.laws import TRANSFER, Law

STAMP = "published constants, not fitted"

_IN_SHADE: Any = {"fontsize": 8.5, "color": FITTED}

_BEFORE = 300.0
"""Times before the first data that an axis begins, for the names of lines."""

_APART = 0.12
"""Least distance of the name of a bend from the ends of its curve, as a share of its length."""

_LEFT = 0.4
"""Share of a curve's length up to which its top is taken by the curve itself."""

TIE = 1e-9
"""Share by which one error must be below another to win: rounding decides nothing."""


def worth(
    constants: Mapping[str, Mapping[str, float]],
    sizes: Sequence[float],
    finetuning: npt.ArrayLike,
    *,
    low_data: Sequence[float] | None = None,
) -> Picture:
    """Draw the effective data multiplier of :data:`TRANSFER` with constants from a paper.

    A panel for each of ``constants`` (``k, alpha, beta``), a line for each of ``sizes``. A line is
    thick up to its entry in ``low_data``, where the law was meant to hold, and thin beyond. A dot
    marks where transferred data equals the data for fine-tuning. The figure is always stamped.
    """
    figure, axes = canvas(len(constants), width=4.6 * len(constants), height=4.6)
    shades = ramp(len(sizes))
    own = np.asarray(finetuning, dtype=float)
    for ax, (name, values) in zip(np.atleast_1d(axes), constants.items(), strict=True):
        for k, size in enumerate(sizes):
            gain = 1.0 + TRANSFER(values, finetuning=own, params=size) / own
            edge = own.max() if low_data is None else low_data[k]
            ax.plot(own, gain, color=shades[k], lw=1.0)
            inside = own <= edge
            ax.plot(own[inside], gain[inside], color=shades[k], lw=3.0, label=count(size))
            # They end together, and are named where they begin apart.
            begin: Any = {"xytext": (-5, 0), "ha": "right", "va": "center", "fontsize": 8.5}
            words = ("N = " if size == max(sizes) else "") + count(size)
            ax.annotate(
                words, (own[0], gain[0]), textcoords="offset points", color=shades[k], **begin
            )
            even = (values["k"] * size ** values["beta"]) ** (1.0 / (1.0 - values["alpha"]))
            if own.min() <= even <= own.max():
                ax.plot(even, 2.0, MARKERS[k], color=shades[k], mec="white", ms=8, zorder=4)
        ax.axhline(1.0, color=FITTED, lw=1.0, ls=":")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_title(name, fontsize=10)
        ax.set_xlabel("data for fine-tuning $D_F$ (characters)")
    axes = np.atleast_1d(axes)
    top = max(ax.get_ylim()[1] for ax in axes)
    for ax in axes:
        ax.set_ylim(0.7, top)
        ax.set_xlim(left=own.min() / _BEFORE)
    axes[0].set_ylabel("multiplier $(D_F + D_T) / D_F$")
    return finish(
        figure,
        "the less data there is, and the larger the model, the more pre-training multiplies it",
        stamp=STAMP,
    )


def finetuning(
    table: pd.DataFrame,
    fitted: pd.DataFrame,
    laws: Mapping[str, Law],
    curves: Sequence[tuple[str, str]],
    *,
    found: pd.DataFrame | None = None,
    unit: str = "fine-tuning samples",
) -> Picture:
    """Draw fine-tuning curves, a panel each, with the laws of :func:`downstream.in_sample`.

    ``found`` is that of :func:`downstream.bends`; a shade shows the interval of the bend. The
    laws are named at their ends in the last panel.
    """
    figure, axes = canvas(len(curves), width=max(3.4 * len(curves), 4.6), height=3.9)
    styles = ("-", "--", "-.", ":")
    for ax, (task, model) in zip(np.atleast_1d(axes), curves, strict=True):
        part = table[(table["task"] == task) & (table["model"] == model)].sort_values("x")
        x = np.geomspace(part["x"].min(), part["x"].max(), 120)
        ax.plot(part["x"], part["loss"], "o", color=OBSERVED, ms=5, label="measured", zorder=4)
        here = fitted[(fitted["task"] == task) & (fitted["model"] == model)].set_index("law")
        ends_of: list[tuple[float, str, str]] = []
        for k, (name, law) in enumerate(laws.items()):
            line, colour = law(here.loc[name, "params"], x=x), (FITTED, WARM, *COLOURS[2:])[k]
            ax.plot(x, line, styles[k % 4], color=colour, lw=1.6, label=name)
            ends_of.append((float(line[-1]), name, colour))
        if found is not None:
            row = found[(found["task"] == task) & (found["model"] == model)].iloc[0]
            ends = np.clip([row["bend_low"], row["bend_high"]], x[0], x[-1])
            ax.axvspan(*ends, color=FITTED, alpha=0.1, lw=0)
            _name_bend(ax, ends, x)
        scale(ax, x="x", y="loss")
        ax.set_xlabel(unit)
        ax.set_ylabel("")
        ax.set_title(f"{task}: {model.split('/')[-1]}", fontsize=10)
    np.atleast_1d(axes)[0].set_ylabel("loss")
    at_ends(np.atleast_1d(axes)[-1], ends_of)
    return finish(figure, f"fine-tuning curves bend: {' and '.join(laws)} on {len(curves)} of them")


def _name_bend(ax: Axes, ends: np.ndarray, x: np.ndarray) -> None:
    """Name the interval of a bend where a falling curve leaves room: below at the left, else above.

    An interval that lies outside of the curve, cut to one point of ``x``, leaves no bend to name.
    """
    reach = np.log(x[-1] / x[0])
    at = float(np.log(ends / x[0]).mean() / reach)
    seen = ends[0] < ends[1]
    at = float(np.clip(at, _APART, 1 - _APART)) if seen else at
    low = at < _LEFT
    side = "center" if seen else "left" if low else "right"
    ax.text(
        float(x[0] * np.exp(at * reach)),
        0.03 if low else 0.97,
        "bend" if seen else "no bend here",
        transform=ax.get_xaxis_transform(),
        ha=side,
        va="bottom" if low else "top",
        **_IN_SHADE,
    )


def against_rival(panels: Mapping[str, pd.DataFrame], *, rival: str, entrant: str) -> Picture:
    """Draw the error of one law against that of another, a dot a curve, colours by task.

    Each of ``panels`` has the columns ``task, model`` and one for ``rival`` and ``entrant``, their
    errors of log loss. Dots below the diagonal are curves on which ``entrant`` is better.
    """
    figure, axes = canvas(len(panels), width=max(3.3 * len(panels), 4.6), height=3.9)
    both = pd.concat([p[[rival, entrant]] for p in panels.values()]).to_numpy().ravel()
    ends = np.array([0.8 * np.nanmin(both), 1.25 * np.nanmax(both)])
    tasks = list(dict.fromkeys(t for p in panels.values() for t in p["task"]))
    for ax, (title, part) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for k, task in enumerate(tasks):
            some = part[part["task"] == task]
            mark = MARKERS[k % len(MARKERS)]
            ax.plot(some[rival], some[entrant], mark, color=COLOURS[k % 10], ms=6, alpha=0.8)
            ax.lines[-1].set_label(task)
        ax.plot(ends, ends, color=FITTED, lw=1.0, ls=":")
        ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(f"error of the {rival}")
    np.atleast_1d(axes)[0].set_ylabel(f"error of the {entrant}")
    lines, names = np.atleast_1d(axes)[0].get_legend_handles_labels()
    figure.legend(lines, names, frameon=False, ncols=6, fontsize=9, loc="outside lower center")
    won = [int((p[entrant] < (1 - TIE) * p[rival]).sum()) for p in panels.values()]
    counts = "; ".join(
        f"{n} of {len(p)} {title}" for n, (title, p) in zip(won, panels.items(), strict=True)
    )
    return finish(figure, f"curves on which the {entrant} beats the {rival}: {counts}")


def bends(found: pd.DataFrame, *, unit: str = "fine-tuning samples") -> Picture:
    """Draw the bend of every curve with its interval, a panel a task.

    Filled dots are identified: the whole interval lies within the data. Other intervals are cut
    at the edge of the data, with a hollow dot where the estimate is inside.
    """
    tasks = list(dict.fromkeys(found["task"]))
    names = list(dict.fromkeys(found["model"]))
    width = max(3.0 * len(tasks) + 1.4, 5.0)
    figure, axes = canvas(len(tasks), width=width, height=1.5 + 0.27 * len(names))
    for place, (ax, task) in enumerate(zip(np.atleast_1d(axes), tasks, strict=True)):
        part = found[found["task"] == task]
        first, last = part["first"].min(), part["last"].max()
        for row in part.itertuples():
            at, sure = names.index(row.model), row.where == "identified"
            low, high = max(row.bend_low, first), min(row.bend_high, last)
            colour = OBSERVED if sure else WARM
            if low < high:
                ax.plot([low, high], [at, at], color=colour, lw=2.6, alpha=0.7)
            if first <= row.bend <= last:
                ax.plot(row.bend, at, "o", color=colour, mfc=colour if sure else "none", ms=6)
            for edge, end, mark in ((first, row.bend_low, "<"), (last, row.bend_high, ">")):
                if (end < edge) if mark == "<" else (end > edge):
                    ax.plot(edge, at, mark, color=WARM, ms=7)
        ax.set_xscale("log")
        ax.set_xlim(first / 1.6, last * 1.6)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_yticks(range(len(names)), [n.split("/")[-1] for n in names], fontsize=9)
        ax.tick_params(labelleft=place == 0)
        ax.set_title(task, fontsize=10)
        ax.set_xlabel(unit)
    sure = int((found["where"] == "identified").sum())
    return finish(
        figure, f"{sure} of {len(found)} curves show where they bend; the others leave it open"
    )
