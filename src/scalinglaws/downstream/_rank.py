"""Spearman's rank correlation."""

from scalinglaws._typing import Array


def spearman(x: Array, y: Array) -> tuple[float, float]:
    """Return the rank correlation of x and y, each (n,), and its p-value."""
    from scipy.stats import spearmanr  # late: most calls do without scipy.stats

    found = spearmanr(x, y)
    return float(found.statistic), float(found.pvalue)
