"""Ticks of logarithmic axes: at least three that are named, whatever the range."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FuncFormatter,
    Locator,
    LogFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
)

_FEWEST, _MOST = 3, 7
_STEPS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
_PLAIN = 4
"""Powers of ten from which on a number is written as one."""


class NamedLocator(Locator):
    """Ticks at round values of a logarithmic axis, as few as three and at most seven."""

    def __call__(self) -> list[float]:
        """Return the ticks within the axis's view."""
        low, high = sorted(self.axis.get_view_interval())  # type: ignore[union-attr]
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Return the ticks between two positive values."""
        if vmin <= 0 or not np.isfinite([vmin, vmax]).all():
            return [1.0]
        powers = np.arange(np.floor(np.log10(vmin)), np.ceil(np.log10(vmax)) + 1)
        for steps in _STEPS:
            ticks = np.sort(np.outer(10.0**powers, steps).ravel())
            inside = ticks[(ticks >= vmin * 0.999) & (ticks <= vmax * 1.001)]
            if inside.size >= _FEWEST:
                every = -(-inside.size // _MOST)
                return [float(v) for v in inside[::-1][::every][::-1]]
        return [float(v) for v in MaxNLocator(_FEWEST + 1).tick_values(vmin, vmax)]


def name_ticks(ax: Axes) -> None:
    """Give the logarithmic axes of a panel ticks with names, where it has matplotlib's own."""
    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() != "log" or not isinstance(axis.get_major_locator(), LogLocator):
            continue
        axis.set_major_locator(NamedLocator())
        axis.set_minor_formatter(NullFormatter())
        if isinstance(axis.get_major_formatter(), LogFormatter):
            axis.set_major_formatter(FuncFormatter(lambda value, _: power(value)))


def power(value: float) -> str:
    """Return a tick's words: plain up to thousands, else as a power of ten."""
    exponent = int(np.floor(np.log10(value) + 1e-9)) if value > 0 else 0
    if -_PLAIN < exponent < _PLAIN:
        return f"{value:g}"
    lead = value / 10.0**exponent
    head = "" if abs(lead - 1) < 1e-6 else rf"{lead:.3g}{{\times}}"
    return rf"$\mathdefault{{{head}10^{{{exponent}}}}}$"
