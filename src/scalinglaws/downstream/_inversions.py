"""How often two tasks disagree about which of two models is better."""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from scalinglaws import _checks as checks
from scalinglaws.errors import BadRuns, Unidentifiable


def inversions(
    errors: pd.DataFrame, *, items: pd.Series | dict[str, float] | None = None, level: float = 0.99
) -> pd.DataFrame:
    """Return, for each pair of tasks, the share of pairs of models that they rank differently.

    ``errors`` has a row a model and a column a task, shares between 0 and 1. With ``items``, the
    test items of each task, a pair of models counts only if both tasks tell them apart: if its two
    errors differ by more than ``z sqrt(p (1 - p) (1/n + 1/n))``, at ``level``, two-sided. Models
    share their items, which makes the truth narrower still. A task that ``items`` does not name is
    taken without sampling error.

    One row a pair of tasks: ``a, b, models, pairs`` counted and the ``share`` inverted (missing
    where no pair counts). Raises :class:`BadRuns` for values that are no shares, and
    :class:`Unidentifiable` with fewer than two tasks or models.
    """
    if not isinstance(errors, pd.DataFrame) or min(errors.shape) < 2:
        raise Unidentifiable("an inversion takes two tasks (columns) and two models (rows) or more")
    try:
        values = errors.to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise BadRuns(f"errors are shares between 0 and 1 in every column; {error}") from error
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        row, column = (int(v[0]) for v in np.nonzero(wrong))
        raise BadRuns(
            f"row {row + 1}, column {errors.columns[column]}: found {values[row, column]:g}; "
            f"expected an error between 0 and 1"
        )
    counts = pd.Series(items if items is not None else {}, dtype=float)
    known = counts.index.isin(errors.columns)
    if not (counts > 0).all() or (len(counts) and not known.any()):
        raise BadRuns(
            f"items are positive numbers of test items by task; found {dict(counts)} for the tasks "
            f"{', '.join(map(str, errors.columns))}"
        )
    z = float(ndtri((1 + checks.level(level)) / 2))
    first, second = np.triu_indices(len(values), k=1)
    signs = []
    for task, v in zip(errors.columns, values.T, strict=True):
        gap, p = v[first] - v[second], (v[first] + v[second]) / 2
        noise = z * np.sqrt(2 * p * (1 - p) / counts.get(task, np.inf))
        signs.append(np.where(np.abs(gap) > noise, np.sign(gap), 0.0))
    told = np.nan_to_num(np.array(signs))
    agree, both = told @ told.T, np.abs(told) @ np.abs(told).T
    a, b = np.triu_indices(len(told), k=1)
    n = both[a, b]
    share = np.divide((n - agree[a, b]) / 2, n, out=np.full(len(n), np.nan), where=n > 0)
    names = np.asarray(errors.columns, dtype=object)
    seen = np.isfinite(values)
    return pd.DataFrame(
        {
            "a": names[a],
            "b": names[b],
            "models": (seen[:, a] & seen[:, b]).sum(axis=0),
            "pairs": n.astype(int),
            "share": share,
        }
    )
