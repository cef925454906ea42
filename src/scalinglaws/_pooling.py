"""Runs of several sources in one table, whose residuals may differ by where they come from.

A law fitted to runs of two tokenizers, corpora or recipes averages over them, and losses per token
of two tokenizers are not even in one unit. Where residuals differ by such a label beyond chance,
the fit says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalinglaws.intervals import grouping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws.fitting.fitted import Fitted

SOURCES = (
    "tokenizer", "tokeniser", "vocab", "corpus", "dataset", "data", "domain", "language",
    "recipe", "architecture", "arch", "family", "model_family", "optimizer", "optimiser",
    "schedule", "source", "lab",
)  # fmt: skip
"""Columns whose values may tell runs apart that one law does not hold for."""

MOST, FEWEST = 20, 3
"""Labels of a column, and runs of a label, that are compared."""

CHANCE, SHARE = 1e-3, 0.25
"""Probability of as much by chance, and share of the residuals' variance, from which it is said."""


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Mean log residual by label of a ``column``, and the probability of as much by chance."""

    column: str
    means: Mapping[str, float]
    p_value: float

    def __repr__(self) -> str:
        """Return the finding in one sentence."""
        ordered = sorted(self.means.items(), key=lambda pair: pair[1])
        ends = ordered if len(ordered) <= 4 else [ordered[0], ordered[-1]]
        told = ", ".join(f"{label} {np.expm1(mean):+.1%}" for label, mean in ends)
        return (
            f"residuals differ by {self.column} ({told}; p = {self.p_value:.1g}): one law does not "
            f"hold for all {len(self.means)}, so fit each by itself"
        )


def apart(fit: Fitted) -> Apart | None:
    """Return the source by which residuals differ most beyond chance, or ``None``.

    One-way analysis of variance over the labels of each column of :data:`SOURCES`; runs that belong
    together count as one.
    """
    if "apart" not in fit._kept:
        fit._kept["apart"] = _apart(fit) if fit.law.domain == "positive" else None
    found: Apart | None = fit._kept["apart"]
    return found


def _apart(fit: Fitted) -> Apart | None:
    columns = [c for c in fit.runs.columns if str(c).lower() in SOURCES and c not in fit.law.inputs]
    if not columns:
        return None
    runs, residuals = fit.runs[fit.counted], fit.residuals[fit.counted]
    groups = grouping.found(fit)
    found = []
    for column in columns:
        labels = runs[column].astype(str)
        if runs[column].dtype.kind in "fc" or not 2 <= labels.nunique() <= MOST:
            continue
        frame = pd.DataFrame({"label": labels.to_numpy(), "residual": residuals})
        if groups is not None:
            frame["group"] = groups.labels
            frame = frame.groupby(["label", "group"], as_index=False)["residual"].mean()
        told = _by_label(str(column), frame)
        if told is not None:
            found.append(told)
    return min(found, key=lambda f: f.p_value, default=None)


def _by_label(column: str, frame: pd.DataFrame) -> Apart | None:
    from scipy.special import fdtrc  # late: an import of the library does without

    counts = frame["label"].value_counts()
    frame = frame[frame["label"].isin(counts.index[counts >= FEWEST])]
    k, n = frame["label"].nunique(), len(frame)
    if k < 2 or n <= k:
        return None
    means = frame.groupby("label")["residual"].mean()
    whole = float(((frame["residual"] - frame["residual"].mean()) ** 2).sum())
    left = float(((frame["residual"] - frame["label"].map(means)) ** 2).sum())
    if whole <= 0 or 1 - left / whole < SHARE:
        return None
    p = 0.0 if left <= 0 else float(fdtrc(k - 1, n - k, (whole - left) / (k - 1) * (n - k) / left))
    if p > CHANCE:
        return None
    return Apart(column=column, means={str(i): float(m) for i, m in means.items()}, p_value=p)
