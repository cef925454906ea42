"""Every threshold that a user meets, on one page, from the modules that hold them."""

from __future__ import annotations

from scalinglaws import _checks, identifiability
from scalinglaws.compute import profiles
from scalinglaws.curves import forecast
from scalinglaws.downstream import (
    _ahead,
    _emergence,
    _finetuning,
    _ladder,
    _saturation,
    _trends,
)
from scalinglaws.fitting import partial, status
from scalinglaws.intervals import interval, measured_coverage, parameter_test, resampling
from scalinglaws.validation import entrants, forecast_runs

ROWS: tuple[tuple[str, str, float, str], ...] = (
    (
        "`fit`",
        "distinct runs beyond the number of parameters, at least",
        identifiability.MARGIN,
        "so that scatter shows",
    ),
    (
        "`fit`",
        "different values of each input of a law of several, at least",
        identifiability.LEVELS,
        "two values always fit a power",
    ),
    (
        "`fit`",
        "decades that the widest input spans, at least",
        identifiability.DECADES,
        "on less, a power law and a straight line look alike",
    ),
    (
        "`fit`",
        "largest over smallest tokens per parameter, at least",
        identifiability.RAY,
        "on one ray the effects of size and data are not identified separately",
    ),
    (
        "`fit`",
        "condition number from which parameters are not identified",
        status.LOOSE,
        "doubles cannot distinguish one set of parameters from another",
    ),
    (
        "`fit`, refused",
        "distinct runs for the straight line that it still gives",
        partial.FEWEST,
        "two parameters, and scatter",
    ),
    (
        "`interval`, `predict`, `allocate`",
        "resamples, at least",
        _checks.FEWEST,
        "a 5% quantile needs a draw beyond it",
    ),
    (
        "`interval` by group",
        "groups, at least",
        resampling.FEWEST_GROUPS,
        "126 different resamples; of four groups there are 35",
    ),
    (
        "`interval`",
        "share of refits that stopped early above which it warns",
        interval.STOPPED,
        "a point of its level",
    ),
    (
        "`interval`",
        "empirical coverage of nominal 90% below which it warns",
        measured_coverage.SHORT,
        "a standard error below 90% on the fewest data sets that are quoted",
    ),
    (
        "`interval`",
        "simulated data sets behind a coverage that is quoted, at least",
        measured_coverage.ENOUGH,
        "nine in ten is then known to 5 points",
    ),
    (
        "`fit.test`",
        "level below which published parameters are rejected",
        parameter_test.LEVEL,
        "so that a quoted rejection is rarely chance",
    ),
    (
        "`fit.test`",
        "resamples, at least",
        parameter_test.FEWEST,
        "with fewer no p-value is below that level",
    ),
    (
        "`compute.isoflop.frontier`",
        "distinct sizes at a budget, at least",
        profiles.MIN_SIZES,
        "a parabola has three parameters",
    ),
    (
        "`forecast`",
        "different x, at least",
        forecast.LEAST,
        "with fewer, scatter is not distinguished from shape",
    ),
    (
        "`downstream.bends`",
        "different x, at least",
        _finetuning.LEAST,
        "a logistic curve has four parameters",
    ),
    (
        "`downstream.saturation`",
        "models, at least",
        _ahead.FEWEST,
        "three parameters, and the best fifth held out",
    ),
    (
        "`forecast_runs`",
        "budgets for a law of compute, at least",
        entrants.FEWEST_BUDGETS,
        "one more than a power law with a floor has parameters",
    ),
    (
        "`forecast_runs`",
        "rows below a cut where a table has compute alone, at least",
        forecast_runs.FEWEST_ROWS,
        "two more than a power law with a floor has parameters",
    ),
    (
        "`downstream.saturation`",
        "largest over smallest upstream error, at least",
        _saturation.SPAN,
        "on less, every law is a line",
    ),
    (
        "`downstream.ladder`",
        "runs, at least",
        _ladder.FEWEST,
        "the first step has five parameters",
    ),
    (
        "`downstream.trends`",
        "models on a task, at least",
        _trends.FEWEST,
        "its halves and quarters are judged",
    ),
    (
        "`downstream.emergence`",
        "scales, at least",
        _emergence.FEWEST,
        "the largest step needs others beside it",
    ),
)


def thresholds_section() -> list[str]:
    """Return the table as lines of Markdown."""
    rows = (f"| {where} | {what} | {value:g} | {why} |" for where, what, value, why in ROWS)
    return [
        "## Thresholds",
        "",
        "What the library asks of data before it answers, and when it warns.",
        "",
        "| where | what | value | why |",
        "|:--|:--|--:|:--|",
        *rows,
        "",
    ]
