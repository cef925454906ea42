"""What reading text again costs: runs that differ in nothing but how often their text repeats."""

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._simulated import is_simulated
from scalinglaws.errors import Unidentifiable
from scalinglaws.laws.limited import ONCE

SAME = 0.02
"""Sizes and amounts of training within this share of each other are one setting."""


def passes(runs: pd.DataFrame) -> pd.DataFrame:
    """Set each run that repeats its text beside one of the same size and training that does not.

    ``runs`` has ``params``, ``tokens`` (repeats included), ``unique_tokens`` and ``loss``. Sizes
    and tokens within 2% are one setting, and text read up to 1.05 times counts as read once; of
    several such runs of a setting the mean log loss is taken.

    Returns a row for each run that repeats in a setting that has both, by params, tokens and
    epochs: ``params, tokens, unique_tokens, epochs, loss``, ``once`` (the loss of text read once)
    and ``extra``, the loss over it, minus one. No law is assumed.

    Raises :class:`BadRuns` for missing columns or values that are not positive, and
    :class:`Unidentifiable` where no setting has both.

    >>> import pandas as pd
    >>> runs = pd.DataFrame({"params": [1e9] * 3, "tokens": [2e10] * 3,
    ...                      "unique_tokens": [2e10, 5e9, 1e9], "loss": [2.50, 2.51, 2.75]})
    >>> passes(runs)[["epochs", "extra"]].round(3).to_numpy().tolist()
    [[4.0, 0.004], [20.0, 0.1]]
    """
    columns = ("params", "tokens", "unique_tokens", "loss")
    checks.table(runs, columns, what="what repeats cost")
    table = runs[list(columns)].astype(float).reset_index(drop=True)
    table["epochs"] = table["tokens"] / table["unique_tokens"]
    table["setting"] = list(zip(*(_near(table[c]) for c in ("params", "tokens")), strict=True))
    once = table[table["epochs"] <= ONCE]
    fresh = np.log(once["loss"]).groupby(once["setting"]).mean()
    again = table[(table["epochs"] > ONCE) & table["setting"].isin(fresh.index)].copy()
    if not len(again):
        raise Unidentifiable(
            "no two runs have the same size and training tokens, one reading its text once and one "
            "more often: what a repeat costs shows only between such runs. Add them, or fit "
            "laws.DATA_CONSTRAINED, which assumes how repeats fade"
        )
    again["once"] = np.exp(again["setting"].map(fresh))
    again["extra"] = again["loss"] / again["once"] - 1
    out = again.sort_values(["params", "tokens", "epochs"], ignore_index=True)
    out = out.drop(columns="setting")
    out.attrs = {"simulated": is_simulated(runs)}
    return out


def _near(values: pd.Series) -> pd.Series:
    """Return a number for each value, the same for neighbours within ``SAME`` of the first."""
    order = values.sort_values()
    first, number, numbers = -np.inf, -1, {}
    for row, value in order.items():
        if value > first * (1 + SAME) or first < 0:
            first, number = value, number + 1
        numbers[row] = number
    return pd.Series(numbers).reindex(values.index)
