"""Which runs are not independent of each other: groups that a resample draws whole.

Checkpoints of one training run share its seed, its data order and its warts; runs of one size share
what was tuned for that size. Drawn one by one they promise more than they know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.errors import BadRuns

if TYPE_CHECKING:
    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted

FEWEST = 5
"""Groups that an interval needs: 126 different resamples; of four there are 35."""

SAME_SIZE = 1.02
"""Parameters of one size: sizes read off a figure differ by a percent or two."""

DEALT = 999
"""Deals of the residuals that tell how alike those of a group are by chance."""

MOST = 10_000
"""Runs beyond which nothing is dealt: chance plays no part there, and each deal costs."""

SIZE, RUN = "params", "run"


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of the runs that count: ``labels`` (n,) from 0 on, and the ``column`` they come from.

    ``what`` names them in a sentence: "sizes", "runs" or the column.
    """

    column: str
    what: str
    labels: npt.NDArray[np.intp]

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.labels.max()) + 1

    def alike(self, residuals: Array) -> float:
        """Return the intraclass correlation (ICC) of residuals (n,), 1 where all are alike.

        One-way analysis of variance with groups of any size (Donner 1986).
        """
        k, n = self.count, len(self.labels)
        if not 1 < k < n:
            return float("nan")
        sizes = np.bincount(self.labels)
        means = np.bincount(self.labels, residuals) / sizes
        between = (sizes * (means - residuals.mean()) ** 2).sum() / (k - 1)
        within = ((residuals - means[self.labels]) ** 2).sum() / (n - k)
        mean_size = (n - (sizes**2).sum() / n) / (k - 1)
        whole = between + (mean_size - 1) * within
        return float((between - within) / whole) if whole > 0 else float("nan")

    def chance(self, residuals: Array) -> float | None:
        """Return how often residuals (n,) that are dealt out anew are as alike: a p-value.

        A permutation test of :meth:`alike` against no correlation within groups (Pitman 1938), by
        :data:`DEALT` deals from a fixed seed, so never below one in ``DEALT + 1``. ``None`` where
        there is nothing to deal, or more than :data:`MOST` runs.
        """
        k, n = self.count, len(self.labels)
        if not 1 < k < n <= MOST:
            return None
        order = np.argsort(self.labels, kind="stable")
        sizes = np.bincount(self.labels)
        first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        centred = residuals - residuals.mean()
        dealt = np.random.default_rng(0).permuted(np.tile(centred, (DEALT, 1)), axis=1)
        # For given sizes the correlation grows with the squares of the groups' sums.
        between = (
            (np.add.reduceat(v, first, axis=-1) ** 2 / sizes).sum(axis=-1)
            for v in (dealt, centred[order])
        )
        by_chance, own = between
        return float((1 + (by_chance >= own * (1 - 1e-12)).sum()) / (DEALT + 1))


def found(fit: Fitted) -> Groups | None:
    """Return the groups that the runs of a fit fall into by themselves, or ``None``: rows.

    Sizes (``params`` within 2%) where there are five or more with two rows each on average, else
    ``run`` where it repeats. The rows of a single run stay rows: there is nothing else to draw.
    """
    if "groups" not in fit._kept:
        fit._kept["groups"] = in_table(fit.runs[fit.counted])
    groups: Groups | None = fit._kept["groups"]
    return groups


def in_table(runs: pd.DataFrame) -> Groups | None:
    """Return the groups that the rows of a table fall into; see :func:`found`."""
    size = _sizes(runs)
    if size is not None and FEWEST <= size.count <= len(runs) / 2:
        return size
    run = _runs(runs)
    return run if run is not None and 1 < run.count < len(runs) else None


def of_one_run(fit: Fitted) -> bool:
    """Return whether all rows are of one run: how another would differ, they cannot tell."""
    run = _runs(fit.runs[fit.counted])
    return run is not None and run.count == 1


def by_column(fit: Fitted, column: str) -> Groups:
    """Return the groups that a column names; raises :class:`BadRuns` where it names none."""
    checks.groups(fit.runs, column, what="a bootstrap by group")
    return _labelled(fit.runs.loc[fit.counted, column], column, column)


def wanted(fit: Fitted, kind: str | None, by: str | None) -> tuple[str, Groups | None]:
    """Return the kind of bootstrap to do and the groups that it draws.

    No kind stands for groups, of the column ``by`` or as :func:`found`, else for cases. Raises
    :class:`BadRuns` for groups that there are not.
    """
    if kind is None:
        groups = by_column(fit, by) if by is not None else found(fit)
        return ("case", None) if groups is None else ("group", groups)
    if kind not in ("group", "jackknife"):
        return kind, None
    groups = by_column(fit, by) if by is not None else found(fit)
    if groups is None and kind == "group":
        raise BadRuns(
            f"a bootstrap by group needs by=<column>: neither sizes nor a column run repeat; the "
            f"runs have {list(fit.runs)}"
        )
    return kind, groups


def _sizes(runs: pd.DataFrame) -> Groups | None:
    """Return sizes within 2% of their neighbours, where ``params`` holds positive numbers."""
    size = _numbers(runs, SIZE)
    if size is None:
        return None
    order = np.argsort(size, kind="stable")
    apart = np.diff(np.log(size[order])) > np.log(SAME_SIZE)
    labels = np.empty(len(size), dtype=np.intp)
    labels[order] = np.concatenate([[0], np.cumsum(apart)])
    return Groups(SIZE, "sizes", labels)


def _runs(runs: pd.DataFrame) -> Groups | None:
    if RUN not in runs.columns or runs[RUN].isna().any():
        return None
    return _labelled(runs[RUN], RUN, "runs")


def _labelled(column: pd.Series[Any], name: str, what: str) -> Groups:
    return Groups(name, what, np.asarray(pd.factorize(column)[0], dtype=np.intp))


def _numbers(runs: pd.DataFrame, name: str) -> Array | None:
    if name not in runs.columns:
        return None
    values = pd.to_numeric(runs[name], errors="coerce").to_numpy(dtype=float)
    return values if len(values) and np.isfinite(values).all() and (values > 0).all() else None
