"""Fit neural scaling laws, and know how far to trust the fit.

``load`` or ``read_runs`` gives a checked table of runs; ``fit`` a law to it; ask the fit for
intervals, predictions, a compute-optimal split, or its held-out score.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from scalinglaws import (
    arena,
    batch,
    counting,
    design,
    downstream,
    envelope,
    errors,
    interpolated,
    isoflop,
    laws,
    objectives,
    planning,
    released,
    simulate,
)
from scalinglaws._version import VERSION
from scalinglaws.allocate import allocate
from scalinglaws.claims import Claim, Claims, claim, claims
from scalinglaws.coverage import measured
from scalinglaws.data import card, catalogue, load
from scalinglaws.display import count, number
from scalinglaws.downstream import ladder, saturation, saturations, trends
from scalinglaws.errors import (
    BadParameters,
    BadRuns,
    ChapterFailed,
    Interrupted,
    ScalingLawError,
    Unidentifiable,
    UnknownName,
)
from scalinglaws.explore import explore
from scalinglaws.explorer import Explorer
from scalinglaws.extrapolate import HoldOut, hold_out
from scalinglaws.fit import Fit, fit
from scalinglaws.forecast import forecast
from scalinglaws.laws import Law, Parameter
from scalinglaws.notebook import Refusal, ask, say
from scalinglaws.objectives import LAD, LSQ, LSQ_LOG, Objective, huber
from scalinglaws.optimum import growth
from scalinglaws.planning import Needed, choices, needed, tally, trials
from scalinglaws.profile import profile
from scalinglaws.rejection import Rejection, against
from scalinglaws.runs import read_runs
from scalinglaws.sources import open_runs
from scalinglaws.sweep import Axis, Frame, Series, Sweep, sweep
from scalinglaws.tables import Table, show
from scalinglaws.uncertainty import Interval

if TYPE_CHECKING:
    from scalinglaws import chapters, plot

__version__ = VERSION

__all__ = [
    "LAD",
    "LSQ",
    "LSQ_LOG",
    "Axis",
    "BadParameters",
    "BadRuns",
    "ChapterFailed",
    "Claim",
    "Claims",
    "Explorer",
    "Fit",
    "Frame",
    "HoldOut",
    "Interrupted",
    "Interval",
    "Law",
    "Needed",
    "Objective",
    "Parameter",
    "Refusal",
    "Rejection",
    "ScalingLawError",
    "Series",
    "Sweep",
    "Table",
    "Unidentifiable",
    "UnknownName",
    "against",
    "allocate",
    "arena",
    "ask",
    "batch",
    "card",
    "catalogue",
    "chapters",
    "choices",
    "claim",
    "claims",
    "count",
    "counting",
    "design",
    "downstream",
    "envelope",
    "errors",
    "explore",
    "fit",
    "forecast",
    "growth",
    "hold_out",
    "huber",
    "interpolated",
    "isoflop",
    "ladder",
    "laws",
    "load",
    "measured",
    "needed",
    "number",
    "objectives",
    "open_runs",
    "planning",
    "plot",
    "profile",
    "read_runs",
    "released",
    "saturation",
    "saturations",
    "say",
    "show",
    "simulate",
    "sweep",
    "tally",
    "trends",
    "trials",
]


def __getattr__(name: str) -> ModuleType:
    """Import what most calls do without when it is first used; seaborn also writes a cache."""
    if name in ("chapters", "plot"):
        return import_module(f"scalinglaws.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
