"""What a fit's runs cannot say, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scalinglaws._format import flops_words
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.compute.own_flops import count_said
from scalinglaws.intervals import beyond, grouping

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from scalinglaws._fit import Fit

UNTRIED = 1.6
"""Decades beyond the runs from which no public table tells how far a law carries."""

FEW = 10
"""Groups below which nothing is refused at 1 in 100."""


def largest(fit: Fit, *, per_param_token: float = FLOPS_PER_PARAM_TOKEN) -> float:
    """Return the compute of the largest run, in FLOPs."""
    n, d = (fit.runs[k].to_numpy(dtype=float)[fit.counted] for k in ("params", "tokens"))
    return float((per_param_token * n * d).max())


def smallest(fit: Fit, *, per_param_token: float = FLOPS_PER_PARAM_TOKEN) -> float:
    """Return the compute of the smallest run, in FLOPs."""
    n, d = (fit.runs[k].to_numpy(dtype=float)[fit.counted] for k in ("params", "tokens"))
    return float((per_param_token * n * d).min())


def told(
    fit: Fit,
    plans: pd.DataFrame | None,
    level: float,
    *,
    per_param_token: float = FLOPS_PER_PARAM_TOKEN,
) -> Iterator[str]:
    """Yield a sentence for each thing that the runs leave open."""
    if not fit.ok:
        yield f"The fit carries a warning: {fit.status.rstrip('.')}."
    if fit.simulated:
        yield "The runs were simulated: nothing here is a measurement."
    if plans is not None:
        if counted := count_said(fit, per_param_token):
            yield counted
        yield from _far(fit, plans, level, per_param_token)
    groups = grouping.found(fit)
    if groups is not None and groups.count < FEW:
        yield (
            f"The intervals resample {groups.count} {groups.what}: few groups, so that nothing can "
            f"be refused at 1 in 100."
        )
    if beyond.applies(fit.law) and not beyond.misses(fit).tried:
        yield (
            "No part of these runs is small enough to see how well the law carries to the rest: "
            "what is allowed beyond the runs comes from public tables alone."
        )
    yield (
        "Every size is taken to be tuned alike. Where a learning rate or a batch that suits small "
        "models drifts off its best as models grow, the best size lies outside its interval, and "
        "the runs do not show it."
    )
    card = fit.runs.attrs.get("card") or {}
    if "no unit was declared" in str(card.get("convention", "")):
        yield (
            "The unit of the loss was not declared and is taken as nats per token; the best size "
            "does not depend on it, every loss does."
        )


def below(
    fit: Fit, plans: pd.DataFrame, *, per_param_token: float = FLOPS_PER_PARAM_TOKEN
) -> Iterator[str]:
    """Yield a sentence where a budget is smaller than any run."""
    if not {"params", "tokens"} <= set(fit.runs.columns):
        return
    under = plans[plans["flops"] < smallest(fit, per_param_token=per_param_token)]
    if len(under):
        yield (
            f"{flops_words(under['flops'].min())} FLOPs are {under['beyond'].max():.3g} times less "
            f"than the smallest run took: no law is tried there."
        )


def _far(fit: Fit, plans: pd.DataFrame, level: float, per_param_token: float) -> Iterator[str]:
    yield from below(fit, plans, per_param_token=per_param_token)
    most = largest(fit, per_param_token=per_param_token)
    above = plans[plans["flops"] > most]
    if above.empty:
        return
    decades = float(np.log10(above["beyond"].max()))
    top = float(plans["flops"].max())
    allowed = beyond.half_width(level, beyond.per_decade(fit))
    yield (
        f"{flops_words(top)} FLOPs lie {decades:.1f} decades beyond the largest run "
        f"({flops_words(most)}): the intervals allow ±{allowed:.1%} of the loss for each."
    )
    if round(decades, 1) > UNTRIED:
        yield (
            f"No public table tells how well a law carries {decades:.1f} decades: the intervals "
            f"hold {UNTRIED:g} decades ahead, as far as that was tried."
        )
