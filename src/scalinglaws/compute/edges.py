"""The edge of a cloud of runs: those that no run of less or equal cost beats."""

import pandas as pd

from scalinglaws.errors import BadRuns


def pareto(runs: pd.DataFrame, *, cost: str = "flops", of: str = "loss") -> pd.DataFrame:
    """Return the runs whose ``of`` is below that of every run of less or equal ``cost``.

    Rows without a value of either are left out, ties go to the first run of least cost, and the
    result is in order of cost, so that ``of`` falls along it. A law through these runs says what
    the best of them reach, and leans on who tried what at each cost: see
    :mod:`scalinglaws.compute.envelope` for whole training curves.

    Raises :class:`BadRuns` for a column that the table lacks.

    >>> import pandas as pd
    >>> runs = pd.DataFrame({"flops": [1, 1, 2, 3, 4], "loss": [5.0, 4.0, 4.5, 3.0, 3.0]})
    >>> pareto(runs)["flops"].tolist()
    [1, 3]
    """
    if missing := [c for c in (cost, of) if c not in runs.columns]:
        raise BadRuns(f"the table has no column {', '.join(missing)}: name cost= and of= after it")
    known = runs.dropna(subset=[cost, of]).sort_values([cost, of], kind="stable")
    best = known[of].cummin().shift(fill_value=float("inf"))
    return known[known[of] < best].reset_index(drop=True)
