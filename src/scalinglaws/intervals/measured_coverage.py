"""What coverage was measured for each kind of interval, and which kind that makes the best.

The figures come from ``scalinglaws.validation.coverage``, which simulates runs from known laws and
measures the coverage of nominal 90% intervals; they travel with the package in ``coverage.csv``.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalinglaws.fitting.objectives import HUBER
from scalinglaws.fitting.status import LOOSE
from scalinglaws.intervals import grouping

if TYPE_CHECKING:
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.fitting.objectives import Objective

LEVEL = 0.9
"""Level of the intervals whose coverage was measured."""

SHORT = 0.85
"""Coverage of a 90% interval below which a fit says so."""

ENOUGH = 36
"""Data sets from which on a coverage is quoted: of nine in ten it is then known to 5 points."""

FEWEST_RUNS = 40
"""Runs below which nothing studied is like a table: designs have 60 to 72 of them."""

SHARED = "shared"
"""Part of the name of the cases whose runs share their noise: no design says so."""

_NARROW_DECADES = 1.3
_RAY_DECADES = 0.1
_GAP = 0.5


@cache
def table() -> pd.DataFrame:
    """Return the empirical coverage: one row for each law, design, objective, kind and quantity."""
    with (files("scalinglaws.intervals") / "coverage.csv").open("rb") as file:
        return pd.read_csv(file)


@cache
def usable() -> pd.DataFrame:
    """Return the rows that say something: independent noise, and data sets enough.

    What is left out does not depend on what was found.
    """
    rows = table()
    given = rows["data_sets"] * (1 - rows["refused"])
    return rows[~rows["case"].str.contains(SHARED) & (given.round() >= ENOUGH)]


def _shape(name: str) -> str:
    """Return the name of a law whatever its input is called."""
    return re.sub(r" in \w+", "", name)


def _objective(objective: Objective) -> str | None:
    """Return the studied objective that this one is, if any."""
    if objective.custom is not None or objective.below != 0.5:
        return None
    if np.isinf(objective.delta):
        return "lsq_log" if objective.space == "log" else "lsq"
    return "huber" if objective.space == "log" and objective.delta == HUBER.delta else None


def design_class(fit: Fitted) -> str:
    """Return which of the designs of the study the runs of a fit are like."""
    logs = None
    if fit.law.domain == "positive":
        logs = np.log10(np.stack([*fit.inputs.values()]))[:, fit.counted]
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


def loose(fit: Fitted) -> bool:
    """Return whether the runs leave parameters free, so that nothing studied is like them."""
    return fit.condition > LOOSE or bool(fit.design.thin)


def of(fit: Fitted, kind: str, quantity: str | None = None) -> float | None:
    """Return the measured coverage of a kind of interval on designs like a fit's, or ``None``.

    Nothing was measured for few runs, held parameters, fits in two steps, runs that fall into
    groups, or the checkpoints of one.

    Of the fit's own law where it was studied: that of the quantity, where one is named that was
    studied, else the median. Of another law, the median over all laws with as many inputs, of
    their predictions or of their parameters: what is called alike need not be alike.
    """
    if loose(fit) or fit.held or fit.settled or fit.design.runs < FEWEST_RUNS:
        return None
    if grouping.found(fit) is not None or grouping.of_one_run(fit):
        return None
    key = (_shape(fit.law.name), len(fit.law.inputs), design_class(fit))
    return _look_up(*key, _objective(fit.objective_kind), kind, quantity)


@cache
def _look_up(
    law: str, inputs: int, design: str, objective: str | None, kind: str, quantity: str | None
) -> float | None:
    rows = usable()
    rows = rows[(rows["design"] == design) & (rows["objective"] == objective)]
    own = rows["law"].map(_shape) == law
    if own.any():
        rows = rows[own]
        named = rows["quantity"] == quantity
    else:
        rows = rows[rows["inputs"] == inputs]
        named = (rows["quantity"] == "prediction") == (quantity == "prediction")
        named &= quantity is not None
    rows = rows[named] if named.any() else rows
    found = rows.loc[rows["kind"] == kind, "coverage"]
    return float(found.median()) if len(found) else None


def preferred(fit: Fitted, quantity: str | None = None) -> str:
    """Return the kind of interval to use where none is named.

    The case bootstrap, which assumes least, unless it was measured to fall short for such
    quantities on such designs: then the kind that came closest to its level.
    """
    kinds = ["case", "residual", "covariance"]
    if np.isinf(fit.objective_kind.delta):
        kinds.append("classical")
    if quantity in fit.law.names and quantity not in fit.at_bound:
        kinds.append("profile")
    found = {kind: of(fit, kind, quantity) for kind in kinds}
    if found["case"] is None or found["case"] >= SHORT:
        return "case"
    return min(found, key=lambda k: abs((found[k] or 0.0) - LEVEL))
