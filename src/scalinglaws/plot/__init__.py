"""The book's figures. Each call returns a :class:`Picture`; none needs plotting code around it."""

from scalinglaws.plot._coverage import coverage
from scalinglaws.plot._curves import forecasts, league
from scalinglaws.plot._fit import curve, fit, hold_out, intervals, lines
from scalinglaws.plot._frontier import frontiers, isoflop
from scalinglaws.plot._planning import choices, needed, trials
from scalinglaws.plot._runs import both_axes, envelope, runs
from scalinglaws.plot._style import Picture

__all__ = [
    "Picture",
    "both_axes",
    "choices",
    "coverage",
    "curve",
    "envelope",
    "fit",
    "forecasts",
    "frontiers",
    "hold_out",
    "intervals",
    "isoflop",
    "league",
    "lines",
    "needed",
    "runs",
    "trials",
]
