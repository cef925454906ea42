"""What a measured curve itself says, which the forecasts are held against."""

import numpy as np
import pandas as pd

from scalinglaws._typing import Array
from scalinglaws.curves.arena import frame
from scalinglaws.curves.arena.curves import ROUNDING
from scalinglaws.curves.forecast import curve_of
from scalinglaws.errors import Unidentifiable

NEAR = 1.2
"""Points within this factor of an x tell the loss there, by a line, if there are three or more."""

Curves = dict[tuple[str, str], dict[str, pd.DataFrame]]


def curves_of(table: pd.DataFrame) -> Curves:
    """Return the rows of each model, by x, for each domain and task."""
    out: Curves = {}
    for (domain, task, model), part in frame(table).groupby(["domain", "task", "model"]):
        rows = part.assign(x=part["x"].astype(float), loss=part["loss"].astype(float))
        curves = out.setdefault((str(domain), str(task)), {})
        curves[str(model)] = rows.sort_values(["x", "loss"])
    return out


def up_to(part: pd.DataFrame, end: float) -> pd.DataFrame:
    """Return the rows up to an x, that one included."""
    return part[part["x"] <= end * ROUNDING]


def level_at(part: pd.DataFrame, at: float) -> float:
    """Return the log loss measured at an x.

    It is read off a least-squares line in logs through the points within a factor of 1.2, no
    further than they reach; with fewer than three, off the line between the two neighbours.
    """
    means = np.log(part["loss"]).groupby(np.log(part["x"])).mean()
    log_x, log_loss = means.index.to_numpy(), means.to_numpy()
    near = np.abs(log_x - np.log(at)) <= np.log(NEAR * ROUNDING)
    if near.sum() < 3:
        return float(np.interp(np.log(at), log_x, log_loss))
    inside, middle = log_x[near], log_x[near].mean()
    slope, height = np.polyfit(inside - middle, log_loss[near], 1)
    return float(height + slope * (np.clip(np.log(at), inside[0], inside[-1]) - middle))


def xy(part: pd.DataFrame) -> tuple[Array, Array]:
    """Return the two columns that a forecast takes."""
    return part["x"].to_numpy(), part["loss"].to_numpy()


def continues(part: pd.DataFrame) -> bool:
    """Return whether a curve can be forecast: it has points enough, and has begun to fall."""
    try:
        curve_of(*xy(part))
    except Unidentifiable:
        return False
    return True
