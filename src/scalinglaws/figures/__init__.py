"""The book's figures. Each call returns a :class:`Picture`; none needs plotting code around it."""

from importlib.util import find_spec

from scalinglaws._mime import FIGURE as MIME
from scalinglaws.figures import interactive
from scalinglaws.figures._answers import answers
from scalinglaws.figures._carry import carried
from scalinglaws.figures._corpora import translated
from scalinglaws.figures._coverage import coverage, defaults
from scalinglaws.figures._curves import contest, forecasts, league
from scalinglaws.figures._downstream import cloud, inversions, levels
from scalinglaws.figures._fit import curve, fit, hold_out, intervals, lines
from scalinglaws.figures._fragility import fragility
from scalinglaws.figures._frontier import frontiers, isoflop
from scalinglaws.figures._ladders import chained, ladders, metrics, powers, trends, ways
from scalinglaws.figures._league import far_ends
from scalinglaws.figures._planning import choices, needed, trials
from scalinglaws.figures._recipe import regrets
from scalinglaws.figures._runs import both_axes, envelope, runs
from scalinglaws.figures._spending import experts, lifetimes, passes
from scalinglaws.figures._spread import spread
from scalinglaws.figures._style import Picture
from scalinglaws.figures._surface import surface
from scalinglaws.figures._transfer import against_rival, bends, finetuning, worth
from scalinglaws.figures._worlds import edge, exponents, slices, strips, years

if find_spec("seaborn") is None:
    # It is imported late, for it takes a second, but missed at once.
    raise ModuleNotFoundError("No module named 'seaborn'", name="seaborn")

__all__ = [
    "MIME",
    "Picture",
    "against_rival",
    "answers",
    "bends",
    "both_axes",
    "carried",
    "chained",
    "choices",
    "cloud",
    "contest",
    "coverage",
    "curve",
    "defaults",
    "edge",
    "envelope",
    "experts",
    "exponents",
    "far_ends",
    "finetuning",
    "fit",
    "forecasts",
    "fragility",
    "frontiers",
    "hold_out",
    "interactive",
    "intervals",
    "inversions",
    "isoflop",
    "ladders",
    "league",
    "levels",
    "lifetimes",
    "lines",
    "metrics",
    "needed",
    "passes",
    "powers",
    "regrets",
    "runs",
    "slices",
    "spread",
    "strips",
    "surface",
    "translated",
    "trends",
    "trials",
    "ways",
    "worth",
    "years",
]
