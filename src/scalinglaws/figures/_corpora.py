"""Losses on several texts: how one follows another, and far runs that were not fitted."""

from collections.abc import Mapping

import numpy as np

from scalinglaws._fit import Fit
from scalinglaws.figures._labels import at_ends
from scalinglaws.figures._style import COLOURS, FITTED, LOW, MARKERS, Picture, canvas, finish


def translated(
    fits: Mapping[str, Fit],
    *,
    far: Mapping[str, tuple[float, float]],
    xlabel: str,
    message: str = "",
) -> Picture:
    """Draw laws of one loss in another over their runs, and on to far runs that were held back.

    ``fits`` are fits of ``laws.loss_to_loss`` by name; ``far`` has, for some of them, the other
    loss and the loss of a run that was not fitted. Solid lines are the fitted range, dashed ones
    lead on to the far runs, hollow diamonds.
    """
    figure, ax = canvas(height=LOW, width=7.6)
    names: list[tuple[float, str, str]] = []
    for k, (name, fit) in enumerate(fits.items()):
        colour = COLOURS[k % len(COLOURS)]
        x, y = fit.inputs["other_loss"], fit.loss
        marker = MARKERS[k % len(MARKERS)]
        ax.plot(x, y, marker, ms=3, mew=0, alpha=0.6, color=colour)
        grid = np.linspace(x.min(), x.max(), 60)
        ax.plot(grid, fit.law(fit.params, other_loss=grid), "-", lw=1.4, color=colour)
        low = min(x.min(), far[name][0]) if name in far else x.min()
        on = np.linspace(low, x.min(), 20)
        ax.plot(on, fit.law(fit.params, other_loss=on), "--", lw=1.4, color=colour)
        if name in far:
            ax.plot(*far[name], "D", ms=7, mfc="none", mew=1.6, color=colour)
        names.append((float(fit.law(fit.params, other_loss=grid[-1:])[0]), name, colour))
    ax.plot([], [], "o", ms=4, mew=0, color=FITTED, label="measured, fitted")
    ax.plot([], [], "D", ms=7, mfc="none", mew=1.6, color=FITTED, label="measured, held back")
    ax.plot([], [], "--", lw=1.4, color=FITTED, label="extrapolated")
    at_ends(ax, names)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("loss on another text (nats per token)")
    ax.legend(frameon=False, fontsize=8.5, loc="upper left")
    says = f"Losses on {len(fits)} texts follow the {xlabel}"
    simulated = any(fit.simulated for fit in fits.values())
    return finish(figure, message or says, simulated=simulated)
