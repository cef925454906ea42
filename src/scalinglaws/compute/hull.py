"""The lower convex hull of points, as Andrew 1979 walks along it."""

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array

Rows = npt.NDArray[np.intp]


def lower_hull(index: Rows, x: Array, y: Array) -> Rows:
    """Return those of ``index``, in the order of ``x``, that are corners of the hull from below."""
    kept: list[tuple[int, float, float]] = []
    for i, px, py in zip(index.tolist(), x[index].tolist(), y[index].tolist(), strict=True):
        while len(kept) >= 2:
            (_, ax, ay), (_, bx, by) = kept[-2:]
            if (bx - ax) * (py - ay) > (by - ay) * (px - ax):
                break
            kept.pop()
        kept.append((i, px, py))
    return np.array([i for i, _, _ in kept])
