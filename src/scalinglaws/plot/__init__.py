"""The book's figures. Each call returns a :class:`Picture`; none needs plotting code around it."""

from scalinglaws.plot._coverage import coverage
from scalinglaws.plot._fit import curve, fit, hold_out, intervals, lines
from scalinglaws.plot._frontier import frontiers, isoflop
from scalinglaws.plot._runs import both_axes, envelope, runs
from scalinglaws.plot._style import Picture

__all__ = [
    "Picture",
    "both_axes",
    "coverage",
    "curve",
    "envelope",
    "fit",
    "frontiers",
    "hold_out",
    "intervals",
    "isoflop",
    "lines",
    "runs",
]
