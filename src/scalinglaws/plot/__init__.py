"""The book's figures. Each call returns a :class:`Picture`; none needs plotting code around it."""

from scalinglaws.plot._coverage import coverage
from scalinglaws.plot._curves import forecasts, league
from scalinglaws.plot._downstream import cloud, inversions, levels
from scalinglaws.plot._fit import curve, fit, hold_out, intervals, lines
from scalinglaws.plot._frontier import frontiers, isoflop
from scalinglaws.plot._ladders import chained, ladders, metrics, powers, trends, ways
from scalinglaws.plot._planning import choices, needed, trials
from scalinglaws.plot._runs import both_axes, envelope, runs
from scalinglaws.plot._style import Picture
from scalinglaws.plot._transfer import against_rival, bends, finetuning, worth

__all__ = [
    "Picture",
    "against_rival",
    "bends",
    "both_axes",
    "chained",
    "choices",
    "cloud",
    "coverage",
    "curve",
    "envelope",
    "finetuning",
    "fit",
    "forecasts",
    "frontiers",
    "hold_out",
    "intervals",
    "inversions",
    "isoflop",
    "ladders",
    "league",
    "levels",
    "lines",
    "metrics",
    "needed",
    "powers",
    "runs",
    "trends",
    "trials",
    "ways",
    "worth",
]
