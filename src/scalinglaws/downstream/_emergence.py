"""How sudden a task's rise looks: the emergence score of a metric over scale."""

import numpy as np
import numpy.typing as npt

from scalinglaws.errors import BadRuns, Unidentifiable

FEWEST = 5
"""Scales below which a typical step is not asked for."""


def emergence(scale: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Return the emergence score, the whole change over the typical step between neighbours.

    ``sign(argmax y - argmin y) (max y - min y) / sqrt(median (y_i+1 - y_i)^2)``, ``score`` (n,)
    in order of ``scale`` (n,); models of one scale count by their mean. A straight line of n
    points has n - 1; pure noise has about 4. Schaeffer et al. 2023, equation 1.

    Raises :class:`BadRuns` for values that are not finite, and :class:`Unidentifiable` with fewer
    than five scales or when more than half of the steps are zero.
    """
    x, y = (np.asarray(v, dtype=float) for v in (scale, score))
    if x.shape != y.shape or x.ndim != 1 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadRuns("an emergence score takes as many scales as scores, all finite numbers")
    scales, place = np.unique(x, return_inverse=True)
    if len(scales) < FEWEST:
        raise Unidentifiable(
            f"an emergence score takes at least {FEWEST} scales; there are {len(scales)}"
        )
    mean = np.bincount(place, weights=y) / np.bincount(place)
    typical = float(np.sqrt(np.median(np.diff(mean) ** 2)))
    if typical == 0:
        raise Unidentifiable("most steps between neighbours are zero: no step is typical")
    sign = np.sign(float(mean.argmax()) - float(mean.argmin()))
    return float(sign * np.ptp(mean) / typical)
