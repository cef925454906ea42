"""How a learning curve ends: whether its last points still fall, as a forecast takes them to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scalinglaws._typing import Array

LAST = 1 / 3
"""Share of the points that are the end."""

FEWEST = 4
"""Points from which an end has a slope."""

SURE = 3.0
"""Standard errors by which a slope must differ from zero to be one."""

STOPPED = 0.1
"""Part of the slope before it below which a curve no longer falls."""


def end_notes(log_x: Array, log_loss: Array) -> list[str]:
    """Return what the last third of a curve says against a forecast, if anything.

    ``log_x`` (n,) increases; the slopes are those of straight lines through ``log_loss``.
    """
    last = max(FEWEST, round(len(log_x) * LAST))
    if len(log_x) < last + FEWEST:
        return []
    slope, error = _slope(log_x[-last:], log_loss[-last:])
    before, _ = _slope(log_x[:-last], log_loss[:-last])
    if slope > SURE * error and slope > 0:
        return [
            f"the last {last} points rise: shapes that turn up are few among those that are "
            f"averaged, and the forecast may lie far too low"
        ]
    if before < 0 and slope > STOPPED * before and abs(slope) < SURE * error:
        return [
            f"the last {last} points no longer fall: where the curve has levelled off for good, "
            f"the forecast lies too low"
        ]
    return []


def _slope(x: Array, y: Array) -> tuple[float, float]:
    """Return the slope of a least-squares line, and its standard error."""
    away = x - x.mean()
    slope = float(away @ y / (away @ away))
    left = y - y.mean() - slope * away
    error = float(np.sqrt((left @ left) / max(1, len(x) - 2) / (away @ away)))
    return slope, error
