"""What turns a headline number: the same runs, asked in each other way that could be defended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from scalinglaws._fit import Fit, fit
from scalinglaws.errors import BadParameters, ScalingLawError
from scalinglaws.fitting.objectives import HUBER, LAD, LSQ, LSQ_LOG, Objective

WORST = 0.05
"""Share of the runs with the largest residuals that is left out as a trial."""

PART = 0.2
"""Share of the runs at either end of the design that is left out as a trial."""

COUNTED = "params_non_embedding"
"""Another count of size that a table may have."""

Of = Callable[[Fit], float]


def fragility(result: Fit, of: str | Of, *, by: str = "flops", seed: int = 0) -> pd.DataFrame:
    """Ask one number of the same runs in every other way that could be defended.

    ``of`` is a parameter or derived quantity by name, or a function of a fit that gives a number.
    What is changed, one thing at a time: the objective (Huber, least absolute deviations, least
    squares of logs and of losses), outliers (without the 5% of runs with the largest residuals),
    the design (without the fifth of the runs with the least or the most of ``by``), and, where the
    table has ``params_non_embedding``, what counts as a parameter.

    Returns a row for each way, the fit's own first: ``changed``, ``way``, ``value``, ``runs``, and
    ``why`` a way gives no number. An interval says how far other runs could move the number; these
    are other choices on the same runs, and no interval holds them.

    Raises :class:`BadParameters` for an ``of`` that gives no number of the fit itself.

    >>> import scalinglaws as sl
    >>> told = fragility(sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022")), "alpha")
    >>> told["changed"].unique().tolist()
    ['as fitted', 'objective', 'outliers', 'design']
    """
    asked = _quantity(of)
    own = asked(result)
    if not np.isfinite(own):
        raise BadParameters(f"of={of!r} gives {own} for the fit itself: give a finite number")
    counted = int(result.counted.sum())
    rows = [{"changed": "as fitted", "way": str(result.objective_kind), "value": own}]
    rows[0] |= {"runs": counted, "why": ""}
    for changed, way, runs, objective in _ways(result, by):
        row = {"changed": changed, "way": way, "value": np.nan, "runs": len(runs), "why": ""}
        try:
            held = {name: result.params[name] for name in result.held}
            how: Any = {"held": held, "seed": seed, "steps": bool(result.settled), "check": False}
            again = fit(result.law, runs, objective=objective, **how)
            row["value"] = asked(again)
            if stuck := [name for name in again.at_bound if name not in again.law.linear]:
                row["why"] = f"{', '.join(stuck)} at the edge of its range"
        except ScalingLawError as refusal:
            row["why"] = str(refusal).split(": ")[0]
        rows.append(row)
    out = pd.DataFrame(rows)
    out.attrs = {"simulated": result.simulated}
    return out


def _quantity(of: str | Of) -> Of:
    if callable(of):
        return lambda result: float(of(result))

    def named(result: Fit) -> float:
        found = dict(result.params) | dict(result.derived)
        if of not in found:
            raise BadParameters(f"of={of!r} is unknown; choose from: {', '.join(found)}")
        return float(found[of])

    return named


def _ways(result: Fit, by: str) -> Iterator[tuple[str, str, pd.DataFrame, Objective]]:
    """Yield what is changed, how, the runs and the objective of each other fit."""
    own, runs = result.objective_kind, result.runs[result.counted]
    for objective in (HUBER, LAD, LSQ_LOG, LSQ):
        if str(objective) != str(own):
            yield "objective", str(objective), runs, objective
    off = np.abs(result.residuals[result.counted])
    keep = off <= np.quantile(off, 1 - WORST)
    yield "outliers", f"without the worst {WORST:.0%}", runs[keep], own
    if by in runs:
        along = runs[by].rank(method="first", pct=True)
        yield "design", f"without the {PART:.0%} of least {by}", runs[along > PART], own
        yield "design", f"without the {PART:.0%} of most {by}", runs[along <= 1 - PART], own
    if COUNTED in runs and "params" in result.law.inputs:
        other = runs.assign(params=runs[COUNTED])
        yield "counting", "without embeddings", other, own
