"""Refit everything else at fixed values of some parameters: the shape of what the runs allow."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws.errors import BadParameters, UnknownName
from scalinglaws.fit import Fit
from scalinglaws.model import to_values
from scalinglaws.solve import minimise


def profile(fit: Fit, grids: Mapping[str, npt.ArrayLike]) -> pd.DataFrame:
    """Refit the free parameters at every combination of held values, in one batch.

    ``grids`` maps parameter names to the values to hold. Returns a row a combination, last name
    varying fastest: every parameter, ``objective``, and ``worse``, the objective over the fit's
    own. Raises :class:`UnknownName` for a name the law does not have.
    """
    law = fit.law
    if unknown := set(grids) - set(law.names):
        raise UnknownName(f"{law.name} has no parameter {', '.join(sorted(unknown))}")
    if both := set(grids) & set(fit.held):
        raise BadParameters(f"{', '.join(sorted(both))} is held in the fit; it cannot be varied")
    nodes = np.array(
        list(product(*(np.atleast_1d(np.asarray(g, dtype=float)) for g in grids.values())))
    )
    task = fit.task()
    low, high = np.tile(task.lower, (len(nodes), 1)), np.tile(task.upper, (len(nodes), 1))
    logs = [law.parameter(name).space == "log" for name in grids]
    signed = [law.parameter(name).lower < 0 for name in grids]
    if not np.isfinite(nodes).all() or ((nodes <= 0) & ~np.array(signed)).any():
        raise BadParameters("every value of a grid must be positive and finite")
    for k, name in enumerate(grids):
        j = law.names.index(name)
        low[:, j] = high[:, j] = np.log(nodes[:, k]) if logs[k] else nodes[:, k]
    begin = np.tile(fit.theta, (len(nodes), 1))
    log_mean = {k: np.log(v).mean() for k, v in fit.inputs.items()}
    for term in law.terms:
        c = law.names.index(term.coefficient)
        for i, e in term.powers:
            j = law.names.index(e)
            if e in grids and term.coefficient not in grids:
                # Turn the term about the middle of the runs, so that the start stays near them.
                begin[:, c] += (low[:, j] - fit.theta[j]) * log_mean[i]
    solution = minimise(replace(task, lower=low, upper=high), begin)
    frame = pd.DataFrame(to_values(law, solution.theta))
    frame["objective"] = solution.objective
    frame["worse"] = solution.objective / fit.objective
    return frame
