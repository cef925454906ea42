"""From compute to loss, and from loss to an average error: two laws, one after the other."""

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import fit
from scalinglaws.fitting.objectives import LSQ, Objective
from scalinglaws.laws import LOSS_TO_ERROR, OVERTRAINED

_AT = ("flops", "tokens_per_param")


def chained(
    losses: pd.DataFrame,
    errors: pd.DataFrame,
    *,
    at: pd.DataFrame,
    objective: Objective | str = LSQ,
    seed: int = 0,
) -> pd.DataFrame:
    """Predict the loss of models, and their error from the predicted loss.

    ``losses`` (``flops, tokens_per_param, loss``) are the runs that the over-training law is fitted
    to, ``errors`` (``loss, error``) those of the law from loss to error. ``at`` has ``flops,
    tokens_per_param, loss, error``, as measured. Gadre et al. 2024, equations 4 and 5.

    Adds to ``at`` ``predicted_loss``, ``predicted_error`` (from the predicted loss) and
    ``error_at_loss`` (from the measured loss), and, each divided by what was measured, minus one,
    ``loss_off, error_off, error_at_loss_off``; ``attrs["fits"]`` names the two fits' parameters.
    Both laws are fitted however few the runs are, as the authors do: no interval is given. Raises
    :class:`BadRuns` for missing columns.
    """
    checks.table(at, (*_AT, "loss", "error"), what="two laws in a chain")
    first = fit(OVERTRAINED, losses, objective=objective, seed=seed, check=False)
    second = fit(LOSS_TO_ERROR, errors, objective=objective, seed=seed, check=False)
    loss = first.law(first.params, **{k: at[k].to_numpy(dtype=float) for k in _AT})
    measured = at["loss"].to_numpy(dtype=float)
    out = at.reset_index(drop=True)
    out["predicted_loss"] = loss
    out["predicted_error"] = second.law(second.params, loss=loss)
    out["error_at_loss"] = second.law(second.params, loss=measured)
    error = np.asarray(out["error"], dtype=float)
    out["loss_off"] = loss / measured - 1
    out["error_off"] = out["predicted_error"] / error - 1
    out["error_at_loss_off"] = out["error_at_loss"] / error - 1
    out.attrs = {"fits": {"loss": dict(first.params), "error": dict(second.params)}}
    return out
