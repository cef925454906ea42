"""An axis and the scale that lays its range over a drawing, with round ticks."""

import math
from dataclasses import dataclass

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.figures.interactive._series import BadFrames, numbers

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """An axis with its words and unit; the range covers all frames, or is cut where it is given."""

    label: str
    unit: str = ""
    log: bool = True
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Say what the axis shows, with its unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


@dataclass(frozen=True)
class Scale:
    """A range, in log10 on a log axis, laid over ``size`` units; a size below 0 runs upwards."""

    low: float
    high: float
    log: bool
    size: int

    def at(self, values: Array | list[float]) -> Array:
        """Return where values lie, in units of the drawing."""
        raw = np.log10(values) if self.log else np.asarray(values, dtype=float)
        return (raw - self.low) / (self.high - self.low) * self.size - min(self.size, 0)

    def ticks(self) -> tuple[dict[float, str], list[float]]:
        """Give the labelled ticks with their words, and the unlabelled ones."""
        low, high, small = self.low, self.high, list[float]()
        if self.log:
            powers = range(math.ceil(low), math.floor(high) + 1)
            every = math.ceil(len(powers) / 7)
            digits = range(1, 10) if every < 2 else (1,)
            small = [m * 10.0**e for e in range(powers.start - 1, powers.stop) for m in digits]
            small = [v for v in small if low <= math.log10(v) <= high]
            if len(powers) > 1:
                named, plain = powers[-powers[0] % every :: every], -4 < powers[0] <= powers[-1] < 4
                raised = (f"10{str(e).translate(_RAISED)}" for e in named)
                words = (f"{10.0**e:g}" for e in named) if plain else raised
                return dict(zip((10.0**e for e in named), words, strict=True)), small
            low, high = 10**low, 10**high
        unit = 10.0 ** math.floor(math.log10((high - low) / 7))
        step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= (high - low) / 7)
        steps = range(math.ceil(low / step), math.floor(high / step) + 1)
        return {n * step: f"{n * step:,.6g}" for n in steps}, small


def scale(axis: Axis, values: list[Array], size: int) -> Scale:
    """Fit an axis to all that is drawn on it, or to the range that it was given."""
    where, of = f"the axis {axis.label!r}", np.log10 if axis.log else np.asarray
    seen = of(np.concatenate(values))
    middle = (seen.max() + seen.min()) / 2
    # Where all values are equal, the line lies in the middle of some room.
    room = max(0.54 * np.ptp(seen), 0.1 if axis.log else 1e-3 * abs(middle) or 1.0)
    low, high = (
        auto if end is None else of(numbers(where, "range", [end], log=axis.log))[0]
        for auto, end in ((middle - room, axis.low), (middle + room, axis.high))
    )
    if not low < high:
        raise BadFrames(f"{where}: found low {axis.low}, high {axis.high}; no value lies between")
    return Scale(float(low), float(high), axis.log, size)
