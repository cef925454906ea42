"""Fit neural scaling laws, and know how far to trust the fit.

``load`` or ``read_runs`` gives a checked table of runs; ``fit`` a law to it; ask the fit for
intervals, predictions, a test of published parameters or its report; ``allocate`` splits a budget,
``hold_out`` scores a law on runs that it has not seen, ``forecast`` continues a learning curve,
``forecast_runs`` averages laws beyond a table of runs, ``multiplier`` says what compute one recipe
saves over another, ``fragility`` what turns a number, ``next_runs`` which runs to train next;
``report`` puts an answer and its limits on one page.
What chapters write with is in ``scalinglaws.notebook``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scalinglaws import counting, laws
from scalinglaws._fit import Fit, fit, load_fit
from scalinglaws._version import VERSION
from scalinglaws.compute.allocate import allocate
from scalinglaws.data.catalogue import card, catalogue, load
from scalinglaws.data.read_runs import read_runs
from scalinglaws.errors import (
    BadCard,
    BadParameters,
    BadRuns,
    Interrupted,
    ScalingLawError,
    Unidentifiable,
    UnknownName,
)
from scalinglaws.fitting.objectives import LAD, LSQ, LSQ_LOG, Objective, huber
from scalinglaws.intervals.interval import Interval
from scalinglaws.laws import Law, Parameter

if TYPE_CHECKING:
    from scalinglaws import compute, curves, downstream, figures
    from scalinglaws.compute.multiplier import multiplier
    from scalinglaws.curves.forecast import forecast
    from scalinglaws.decide.next_runs import next_runs
    from scalinglaws.decide.report import report
    from scalinglaws.validation import simulate
    from scalinglaws.validation.forecast_runs import forecast_runs
    from scalinglaws.validation.fragility import fragility
    from scalinglaws.validation.hold_out import hold_out

__version__ = VERSION

__all__ = [
    "LAD",
    "LSQ",
    "LSQ_LOG",
    "BadCard",
    "BadParameters",
    "BadRuns",
    "Fit",
    "Interrupted",
    "Interval",
    "Law",
    "Objective",
    "Parameter",
    "ScalingLawError",
    "Unidentifiable",
    "UnknownName",
    "allocate",
    "card",
    "catalogue",
    "compute",
    "counting",
    "curves",
    "downstream",
    "figures",
    "fit",
    "forecast",
    "forecast_runs",
    "fragility",
    "hold_out",
    "huber",
    "laws",
    "load",
    "load_fit",
    "multiplier",
    "next_runs",
    "read_runs",
    "report",
    "simulate",
]

_LATE = {
    "curves": "scalinglaws.curves",
    "compute": "scalinglaws.compute",
    "downstream": "scalinglaws.downstream",
    "figures": "scalinglaws.figures",
    "forecast": "scalinglaws.curves.forecast",
    "forecast_runs": "scalinglaws.validation.forecast_runs",
    "fragility": "scalinglaws.validation.fragility",
    "hold_out": "scalinglaws.validation.hold_out",
    "multiplier": "scalinglaws.compute.multiplier",
    "next_runs": "scalinglaws.decide.next_runs",
    "report": "scalinglaws.decide.report",
    "simulate": "scalinglaws.validation.simulate",
}
"""Where what most calls do without is imported from when it is first used."""

_VERBS = (
    "forecast", "forecast_runs", "fragility", "hold_out", "multiplier", "next_runs", "report",
)  # fmt: skip
"""Those that are functions of a module of their own name."""


def __getattr__(name: str) -> Any:
    """Import a part of the library, or a function of one, when it is first used."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found = import_module(_LATE[name])
    except ModuleNotFoundError as error:
        if error.name not in ("matplotlib", "seaborn"):
            raise
        raise ModuleNotFoundError(
            f"sl.{name} needs matplotlib and seaborn ({error}): python -m pip install "
            f"'scalinglaws[figures]'",
            name=error.name,
        ) from None
    if name in _VERBS:
        found = getattr(found, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List what there is, imported or not."""
    return sorted({*globals(), *__all__})
