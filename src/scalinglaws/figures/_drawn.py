"""The numbers that a figure shows, as one table."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

_COLUMNS = ("panel", "series", "mark", "x", "y")


def drawn(figure: Figure) -> pd.DataFrame:
    """Return every point of lines, dots, segments, bands and bars of a figure, a row each.

    ``panel`` is the title of the axes, or their number; ``series`` the words of the legend, or the
    place in the order of drawing. A band is given as the outline that is filled.
    """
    rows: list[pd.DataFrame] = []
    for number, ax in enumerate(figure.axes, start=1):
        if hasattr(ax, "_colorbar"):
            continue
        panel = ax.get_title() or ax.get_title(loc="left") or str(number)
        for series, mark, points in _marks(ax):
            table = pd.DataFrame(points, columns=["x", "y"])
            rows.append(table.assign(panel=panel, series=series, mark=mark))
    whole = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(_COLUMNS))
    return whole[list(_COLUMNS)]


def _marks(ax: Axes) -> Iterator[tuple[str, str, np.ndarray]]:
    for number, line in enumerate(ax.get_lines(), start=1):
        points = np.column_stack([np.asarray(v, dtype=object) for v in line.get_data()])
        # What spans the axes from side to side is a mark of the page, not of the data.
        if line.get_transform().contains_branch(ax.transData):
            mark = "line" if line.get_linestyle() not in ("None", "") else "dot"
            yield _name(line.get_label(), number), mark, points
    for number, found in enumerate(ax.collections, start=1):
        name = _name(found.get_label(), number)
        if isinstance(found, PathCollection):
            yield name, "dot", np.asarray(found.get_offsets())
        elif isinstance(found, LineCollection):
            for segment in found.get_segments():
                yield name, "segment", np.asarray(segment)
        elif isinstance(found, PolyCollection):
            for path in found.get_paths():
                yield name, "band", np.asarray(path.vertices)
    for bars in ax.containers:
        if isinstance(bars, BarContainer):
            corners = [(b.get_x() + b.get_width() / 2, b.get_height()) for b in bars.patches]
            yield str(bars.get_label()), "bar", np.array(corners).reshape(-1, 2)


def _name(label: object, number: int) -> str:
    text = str(label)
    return str(number) if text.startswith("_") else text
