"""What planned runs could turn out to be, and the intervals that would follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalinglaws._fit import fit as fit_law
from scalinglaws._parallel.progress import counted
from scalinglaws.decide._information import Noise
from scalinglaws.errors import ScalingLawError
from scalinglaws.intervals.resampling import ends, resampled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scalinglaws._fit import Fit
    from scalinglaws._typing import Array
    from scalinglaws.decide._target import Target

RESAMPLES = 100
"""Resamples behind the interval of one outcome; the mean over outcomes evens out what they miss."""


def widths(
    fit: Fit, target: Target, designs: Sequence[pd.DataFrame], *, outcomes: range, seed: int
) -> Array:
    """Return the width (outcomes, designs) of a target's interval after each design's outcomes.

    Each outcome, by its number, is drawn from another refit of the fit, the same for all designs.
    """
    drawn = resampled(fit, 1000, kind=None, by=None)
    order = np.random.default_rng([seed, 1]).permutation(len(drawn))
    out = np.empty((len(outcomes), len(designs)))
    with counted(out.size, "Simulating runs") as one:
        for row, k in enumerate(outcomes):
            refit = order[k % len(order)]
            truth = {name: float(drawn[name].iloc[refit]) for name in fit.law.names}
            for j, design in enumerate(designs):
                rng = np.random.default_rng([seed, 2, k])
                out[row, j] = _width(fit, target, truth, design, rng)
                one()
    return out


def _width(
    fit: Fit,
    target: Target,
    truth: dict[str, float],
    design: pd.DataFrame,
    rng: np.random.Generator,
) -> float:
    table = with_outcome(fit, target, truth, design, rng)
    weights = np.r_[fit.weights, np.ones(len(design))]
    held = {name: fit.params[name] for name in fit.held}
    options: dict[str, Any] = {"objective": fit.objective_kind, "seed": fit.seed, "held": held}
    try:
        then = fit_law(
            fit.law,
            table,
            weights=weights,
            start=[dict(fit.params), truth],
            check=False,
            **options,
        )
        draws = resampled(then, RESAMPLES, kind=None, by=None)
        values = {k: np.r_[then.params[k], draws[k].to_numpy()] for k in fit.law.names}
        logs = target.logs(values)
    except ScalingLawError:
        # A fit that led nowhere told nothing: the interval stays what it is.
        return target.now
    counted = table[weights > 0]
    points = {k: counted[k].to_numpy(dtype=float) for k in ("params", "tokens")}
    decades = float(target.decades(points, {k: v[-1:] for k, v in points.items()})[0])
    side = ends(draws, logs[1:], logs[0], target.level)
    return target.width(float(logs[0]), side, decades)


def with_outcome(
    fit: Fit,
    target: Target,
    truth: dict[str, float],
    design: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return a fit's runs, and those of a design with losses drawn about a law's values."""
    columns = [*fit.law.inputs, fit.law.response, "params", "tokens"]
    columns += [c for c in ("run",) if c in fit.runs.columns]
    fresh = design.assign(
        flops=target.per_param_token * design["params"] * design["tokens"],
        tokens_per_param=design["tokens"] / design["params"],
        run=[f"next {k}" for k in range(1, len(design) + 1)],
    )
    points = {k: fresh[k].to_numpy(dtype=float) for k in ("params", "tokens")}
    fresh[fit.law.response] = target.law(truth, **points) * np.exp(scatter(fit, points, rng))
    names = list(dict.fromkeys(columns))
    return pd.concat([fit.runs[names], fresh[names]], ignore_index=True)


def scatter(fit: Fit, points: dict[str, Array], rng: np.random.Generator) -> Array:
    """Return scatter (k,) like that of a fit's residuals, part of it shared within a size."""
    noise = Noise.of(fit)
    own = fit.residuals[fit.counted]
    own = own - own.mean()
    own = own * (noise.sd / own.std() if own.std() > 0 else 0.0)
    sizes, group = np.unique(points["params"], return_inverse=True)
    if not noise.by_size:
        return np.asarray(rng.choice(own, len(group)))
    shared, alone = rng.choice(own, len(sizes))[group], rng.choice(own, len(group))
    return np.asarray(noise.alike**0.5 * shared + (1 - noise.alike) ** 0.5 * alone)
