"""Known truth: runs drawn from a law that we choose, always marked as simulated."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws._simulated import mark
from scalinglaws._typing import Array
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, optimal_params
from scalinglaws.errors import BadRuns, UnknownName
from scalinglaws.laws import Law
from scalinglaws.validation.pruning import pruned

__all__ = ["at", "isoflop", "pruned"]


def _mark(runs: pd.DataFrame, law: Law, truth: Mapping[str, float]) -> pd.DataFrame:
    truth = {k: float(v) for k, v in truth.items()}
    runs.attrs.update(name=f"simulated from {law.name}", truth=truth)
    return mark(runs)


def _noisy(loss: Array, noise: float, seed: int) -> Array:
    return loss * np.exp(noise * np.random.default_rng(seed).standard_normal(loss.shape))


def at(
    law: Law,
    truth: Mapping[str, float],
    *,
    noise: float = 0.0,
    seed: int = 0,
    **inputs: npt.ArrayLike,
) -> pd.DataFrame:
    """Simulate one run at each given input; ``noise`` is the standard deviation of log-loss.

    Raises :class:`UnknownName` for inputs and parameters other than the law's, and
    :class:`BadRuns` for inputs that are no lists of numbers of one length.
    """
    if set(inputs) != set(law.inputs):
        raise UnknownName(
            f"{law.name} takes {', '.join(law.inputs)}; found {', '.join(inputs) or 'nothing'}"
        )
    try:
        columns = [np.atleast_1d(np.asarray(inputs[k], dtype=float)) for k in law.inputs]
        runs = pd.DataFrame(dict(zip(law.inputs, np.broadcast_arrays(*columns), strict=True)))
    except (TypeError, ValueError) as error:
        raise BadRuns(f"inputs must be numbers, as many of each: {error}") from error
    exact = law(truth, **{k: runs[k].to_numpy() for k in law.inputs})
    runs[law.response] = _noisy(exact, noise, seed)
    if {"params", "tokens"} <= set(runs.columns):
        runs["flops"] = FLOPS_PER_PARAM_TOKEN * runs["params"] * runs["tokens"]
    return _mark(runs, law, truth)


def isoflop(
    law: Law,
    truth: Mapping[str, float],
    budgets: npt.ArrayLike,
    *,
    sizes: int = 9,
    half_width: float = 1.0,
    off_centre: float = 0.0,
    drift: float = 0.0,
    noise: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Simulate isoFLOP profiles around the true best size.

    ``sizes`` models a budget, spread evenly in log over ``half_width`` decades either side of a
    centre that lies ``off_centre`` decades above the true best size at the first budget and
    ``drift`` more decades above it with each decade of compute.
    """
    flops = np.atleast_1d(np.asarray(budgets, dtype=float))
    values = {k: np.array([v], dtype=float) for k, v in truth.items()}
    best = optimal_params(law, values, flops)[0]
    shift = off_centre + drift * np.log10(flops / flops[0])
    spread = np.linspace(-half_width, half_width, sizes)
    params = best[:, None] * 10 ** (shift[:, None] + spread)
    tokens = flops[:, None] / FLOPS_PER_PARAM_TOKEN / params
    runs = pd.DataFrame(
        {
            "params": params.ravel(),
            "tokens": tokens.ravel(),
            "flops": np.repeat(flops, sizes),
        }
    )
    loss = law(truth, params=runs["params"].to_numpy(), tokens=runs["tokens"].to_numpy())
    runs["loss"] = _noisy(loss, noise, seed)
    return _mark(runs, law, truth)
