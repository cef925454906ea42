"""What coverage was measured for each kind of interval, and which kind that makes the best.

The figures come from :mod:`scalinglaws.coverage`, which simulates runs from known laws and counts
how often a 90% interval holds the truth; they travel with the package in ``coverage.csv``.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from scalinglaws.fit import Fit

LEVEL = 0.9
"""Level of the intervals whose coverage was measured."""

SHORT = 0.85
"""Coverage of a 90% interval below which a fit says so."""

AUTOMATIC = ("case", "residual", "classical", "covariance")
"""Kinds that a fit may choose from by itself; the first is kept where it is as good as any."""

SHARED = "shared"
"""Part of the name of the cases whose runs share their noise: no design says so."""

_NARROW_DECADES = 1.3
_RAY_DECADES = 0.1
_GAP = 0.5


@cache
def table() -> pd.DataFrame:
    """Return the measured coverage: one row a law, design, objective, kind and quantity."""
    with (files("scalinglaws") / "coverage.csv").open("rb") as file:
        return pd.read_csv(file)


def design_class(fit: Fit) -> str:
    """Return which of the designs of the study the runs of a fit are like."""
    logs = np.log10(np.stack([*fit.inputs.values()])) if fit.law.domain == "positive" else None
    if logs is not None and len(logs) > 1:
        centred = logs - logs.mean(axis=1, keepdims=True)
        across = np.linalg.svd(centred, compute_uv=False)[-1] / np.sqrt(logs.shape[1])
        if across < _RAY_DECADES:
            return "nearly one ray"
    if max(fit.design.decades.values()) < _NARROW_DECADES:
        return "one decade"
    if (
        logs is not None
        and len(logs) == 1
        and np.diff(np.sort(logs[0])).max() > _GAP * np.ptp(logs)
    ):
        return "bunched"
    return "well spread"


def of(fit: Fit, kind: str, quantity: str | None = None) -> float | None:
    """Return the measured coverage of a kind of interval on designs like a fit's, or ``None``.

    Rows of the fit's own law where it was studied, else of laws with as many inputs; the median
    over quantities unless one is named that was studied.
    """
    rows = table()
    rows = rows[~rows["case"].str.contains(SHARED)]
    rows = rows[(rows["kind"] == kind) & (rows["design"] == design_class(fit))]
    objective = "lsq_log" if np.isinf(fit.objective_kind.delta) else "huber"
    rows = rows[rows["objective"] == objective]
    own = rows[rows["law"] == fit.law.name]
    rows = own if len(own) else rows[rows["inputs"] == len(fit.law.inputs)]
    if quantity is not None and (rows["quantity"] == quantity).any():
        rows = rows[rows["quantity"] == quantity]
    return float(rows["coverage"].median()) if len(rows) else None


def preferred(fit: Fit, quantity: str | None = None) -> str:
    """Return the kind of interval whose measured coverage is closest to its level.

    The case bootstrap, which assumes least, unless it was measured to fall short and another kind
    to come closer.
    """
    found = {kind: of(fit, kind, quantity) for kind in AUTOMATIC}
    if np.isfinite(fit.objective_kind.delta):
        found.pop("classical")
    case = found["case"]
    if case is None or case >= SHORT:
        return "case"
    return min(found, key=lambda k: abs((found[k] or 0.0) - LEVEL))
