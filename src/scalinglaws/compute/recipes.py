"""What a setting of the recipe costs that is not the best: learning rate and batch, from a grid."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._simulated import is_simulated
from scalinglaws.errors import Unidentifiable

FEWEST = 3
"""Values of a setting within a cell below which nothing is said of a wrong one."""

SAME = 0.02
"""Values within this share of each other are one."""


def regrets(
    runs: pd.DataFrame,
    *,
    settings: Sequence[str] = ("learning_rate", "batch_tokens"),
    within: Sequence[str] = ("params", "tokens"),
) -> pd.DataFrame:
    """Return what each tried value of a setting costs, the others at their best for it.

    ``runs`` has the columns ``settings``, ``within`` and ``loss``: a grid of runs for each size and
    amount of training. For each of these cells and each value of a setting the lowest loss over the
    other settings is taken, and set beside the cell's lowest of all. Values within 2% are one.

    Returns a row for each cell, setting and value: ``within``, ``setting``, ``value``, ``best``
    (the value of the lowest loss), ``times`` (value over best), ``loss`` and ``extra``, the loss
    over the lowest, minus one. No law is assumed; a best value at the end of what was tried may lie
    beyond it, and ``at_end`` says so.

    Raises :class:`BadRuns` for missing columns or values that are not positive, and
    :class:`Unidentifiable` where no cell has three values of a setting.

    >>> runs = pd.DataFrame({"params": [1e9] * 3, "tokens": [2e10] * 3, "batch_tokens": [1e6] * 3,
    ...                      "learning_rate": [1e-3, 2e-3, 4e-3], "loss": [2.52, 2.50, 2.55]})
    >>> regrets(runs, settings=["learning_rate"])[["times", "extra"]].round(3).to_numpy().tolist()
    [[0.5, 0.008], [1.0, 0.0], [2.0, 0.02]]
    """
    columns = (*within, *settings, "loss")
    checks.table(runs, columns, what="what a wrong setting costs")
    table = runs[list(columns)].astype(float)
    parts = []
    for cell, some in table.groupby(list(within)):
        lowest = some["loss"].min()
        for setting in settings:
            value = some[setting].sort_values()
            number = (np.log(value).diff() > np.log1p(SAME)).cumsum()
            best_of = some.loc[some.groupby(number)["loss"].idxmin()].sort_values(setting)
            if len(best_of) < FEWEST:
                continue
            where = int(best_of["loss"].to_numpy().argmin())
            best = float(best_of[setting].iloc[where])
            part = pd.DataFrame(dict(zip(within, cell, strict=True)), index=best_of.index)
            part["setting"], part["value"], part["best"] = setting, best_of[setting], best
            part["times"] = best_of[setting] / best
            part["loss"], part["extra"] = best_of["loss"], best_of["loss"] / lowest - 1
            part["at_end"] = where in (0, len(best_of) - 1)
            parts.append(part)
    if not parts:
        raise Unidentifiable(
            f"no {' and '.join(within)} has {FEWEST} values of {' or '.join(settings)}: what a "
            f"wrong one costs shows only where several were tried. Add runs of one size and amount "
            f"of training at other values"
        )
    out = pd.concat(parts, ignore_index=True)
    out.attrs = {"simulated": is_simulated(runs)}
    return out
