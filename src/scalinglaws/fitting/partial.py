"""What can still be answered when a table cannot determine a law: a straight line, as measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scalinglaws.errors import BadParameters, BadRuns, Unidentifiable
from scalinglaws.laws import Law, power_law

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.identifiability import Design

FEWEST = 4
"""Distinct runs that a straight line in logarithms is drawn through."""


@dataclass(frozen=True, kw_only=True)
class Partial:
    """The partial answer of a refusal: the spread of the runs, and the line they do determine.

    ``fit`` is a power law without floor in the input that varies most, or ``None`` where there is
    not even that. It describes the runs as they are; it says nothing of other designs.
    """

    design: Design
    fit: Fitted | None


def partial(
    refusal: Unidentifiable, law: Law, runs: pd.DataFrame, fit: Callable[..., Any]
) -> Partial:
    """Return the partial answer to carry on a refusal by the design of the runs."""
    design: Design = refusal.partial
    if law.domain == "real" or design.distinct < FEWEST:
        return Partial(design=design, fit=None)
    over = max(design.decades, key=lambda c: design.decades[c])
    if "flops" in runs.columns and len(law.inputs) > 1:
        over = "flops"
    try:
        line = replace(power_law(over, floor=False), response=law.response)
        drawn = fit(line, runs, check=False)
    except (BadRuns, BadParameters, Unidentifiable):
        return Partial(design=design, fit=None)
    return Partial(design=design, fit=drawn)
