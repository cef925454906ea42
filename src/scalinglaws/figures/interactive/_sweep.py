"""A figure with one slider over frames computed beforehand, in a static page without a kernel."""

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from scalinglaws.errors import ScalingLawError

Kind = Literal["observed", "fitted", "extrapolated", "published", "marker"]
_Array = npt.NDArray[np.float64]
_Styles = Mapping[tuple[str, str], tuple[str, str]]  # (name, kind): classes, shape of a point
_COLOURS = 6  # as many as stay apart under each colour blindness, on light and on dark
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 480, 320, 14, 8, 20, 30  # size and margins
_BADGE = '<p class="sl-simulated">Simulated: not measured on real models</p>\n'
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SHAPES = {
    "observed": ("m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z", "m-3-3h6v6h-6z", "m0-4l4 7h-8z"),
    "marker": ("m0-8l8 8l-8 8l-8-8z", "m-6-6h12v12h-12z", "m0-8l8 14h-16z"),
}


class BadFrames(ScalingLawError, ValueError):
    """Frames that cannot be shown; the message names frame and series and what is expected."""


@dataclass(frozen=True, eq=False)
class Series:
    """Points or one line: ``x`` and ``y`` of shape (n,), in the units of the two axes.

    ``kind`` is "observed" (points), "fitted" (solid line), "extrapolated" (dashed line),
    "published" (dotted line) or "marker" (large points). ``low`` and ``high``, of shape (n,), add
    a band to a line and a bar to each point. Series of one name share one colour.
    """

    name: str
    x: npt.ArrayLike
    y: npt.ArrayLike
    kind: Kind
    low: npt.ArrayLike | None = None
    high: npt.ArrayLike | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """One stop of the slider: its value, how that reads, what is drawn, and a sentence on it."""

    value: float
    label: str
    series: Sequence[Series]
    text: str


@dataclass(frozen=True)
class Axis:
    """An axis with its words and unit; the range covers all frames, or is cut where it is given."""

    label: str
    unit: str = ""
    log: bool = True
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Sweep:
    """A finished figure: its self-contained HTML, and one line on what it shows."""

    html: str = field(repr=False)
    says: str

    def __repr__(self) -> str:
        """Say what is shown, for places that show text only."""
        return f"Sweep({self.says}; interactive in the rendered page)"

    def _repr_html_(self) -> str:
        return self.html


def sweep(
    frames: Sequence[Frame],
    *,
    over: str,
    title: str,
    x: Axis,
    y: Axis,
    fixed: Sequence[Series] = (),
    start: int = 0,
    simulated: bool = False,
    note: str = "",
) -> Sweep:
    """Return a figure for a static page in which a slider labelled ``over`` chooses a frame.

    ``fixed`` series are drawn in every frame, below the frame's own; the page opens at the frame
    numbered ``start``, from 0. Raises ``BadFrames`` for no frames, unequal lengths, numbers not
    finite or not above 0 on a log axis, an unknown kind, over six names, ``start`` out of range.
    """
    _check_words(frames, {"title": title, "over": over, "x": x.label, "y": y.label}, start)
    groups = [("fixed series", fixed)]
    groups += [(f"frame {i} ({f.label!r}), series", f.series) for i, f in enumerate(frames)]
    tables = [
        [((s.name, str(s.kind)), _values(f"{where} {s.name!r}", s, x, y)) for s in some]
        for where, some in groups
    ]
    styles = _styles([key for table in tables for key, _ in table])
    across, up = _scales([values for table in tables for _, values in table], x, y)
    always, *drawn = (
        "".join(_drawn(styles[k], across.at(v[0]), *map(up.at, v[1:])) for k, v in table)
        for table in tables
    )
    across_words, up_words = (f"{a.label}, {a.unit}" if a.unit else a.label for a in (x, y))
    alt, shown = f"{title}. {up_words} against {across_words}. {over}: ", frames[start]
    payload = [[f.label, f.text, float(f.value), d] for f, d in zip(frames, drawn, strict=True)]
    text = json.dumps({"alt": alt, "frames": payload}, separators=(",", ":"), ensure_ascii=False)
    longest = max(len(frame.text) for frame in frames)
    words = {"TITLE": title, "OVER": over, "XLABEL": across_words, "YLABEL": up_words}
    words |= {"LABEL": shown.label, "TEXT": shown.text, "ALT": f"{alt}{shown.label}. {shown.text}"}
    parts = {name: html.escape(text) for name, text in words.items()} | {
        "NOTE": f'<p class="sl-foot">{html.escape(note)}</p>\n' if note else "",
        "BADGE": _BADGE if simulated else "",
        # Room for the longest sentence, so that the page does not jump under the slider.
        "LINES": f"--sl-lines: {math.ceil(longest / 40)}; --sl-wide: {math.ceil(longest / 80)}",
        "COUNT": f'max="{len(frames) - 1}" value="{start}"',
        "AXES": _axes(across, up),
        "CORNER": f"{_WIDTH - _RIGHT - across.size} {_TOP}",
        "PLOT": f'width="{across.size}" height="{-up.size}"',
        "FIXED": always,
        "FRAME": drawn[start],
        "KEY": "".join(_key(name, kind, styles) for name, kind in styles),
        # A closing tag or a comment within a title would end the script element early.
        "PAYLOAD": text.replace("<", "\\u003c"),
    }
    template = (
        resources.files("scalinglaws.figures.interactive").joinpath("sweep.html").read_text("utf-8")
    )
    # One pass, so that a title that reads like a place in the template stays a title.
    page = re.sub("__([A-Z]+)__", lambda found: parts[found[1]], template)
    kind = "simulated frames" if simulated else "frames"
    return Sweep(page, f"{title!r}: {len(frames)} {kind} over {over!r}")


def _check_words(frames: Sequence[Frame], words: dict[str, str], start: int) -> None:
    last = len(frames) - 1
    if last < 0:
        raise BadFrames("there are no frames; expected one or more")
    if type(start) is not int or not 0 <= start <= last:
        raise BadFrames(f"'start' is {start!r}; expected a whole number from 0 to {last}")
    for number, frame in enumerate(frames):
        _numbers(f"frame {number} ({frame.label!r})", "value", [frame.value], log=False)
        words |= {f"label of frame {number}": frame.label, f"text of frame {number}": frame.text}
    for what, text in words.items():
        if not isinstance(text, str) or not text.strip():
            raise BadFrames(f"the {what} is {text!r}; expected some text")


def _values(where: str, series: Series, x: Axis, y: Axis) -> list[_Array]:
    """Give x, y and, where there are any, low and high, or refuse them."""
    if series.kind not in get_args(Kind):
        raise BadFrames(f"{where}: kind is {series.kind!r}; expected one of {get_args(Kind)}")
    given = {"x": series.x, "y": series.y, "low": series.low, "high": series.high}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) == 3:
        raise BadFrames(f"{where}: found one of low and high; expected both or neither")
    logs = {name: x.log if name == "x" else y.log for name in given}
    values = [_numbers(where, name, value, log=logs[name]) for name, value in given.items()]
    least = 1 if series.kind in _SHAPES else 2
    if len({v.size for v in values}) > 1 or values[0].size < least:
        found = ", ".join(f"{v.size} of {name}" for name, v in zip(given, values, strict=True))
        raise BadFrames(f"{where}: found {found}; expected as many of each, {least} or more")
    if len(values) == 4 and (values[2] > values[3]).any():
        raise BadFrames(f"{where}: found low above high; expected low to be the smaller")
    return values


def _numbers(where: str, name: str, given: Any, *, log: bool) -> _Array:
    expected = "finite numbers" + (" above 0, as the axis is logarithmic" if log else "")
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadFrames(f"{where}: {name} is {given!r}; expected {expected}") from None
    if values.ndim != 1:
        raise BadFrames(f"{where}: {name} has shape {values.shape}; expected shape (n,)")
    wrong = ~np.isfinite(values) | (log & (values <= 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise BadFrames(f"{where}: {name}[{at}] is {values[at]:g}; expected {expected}")
    return values


@dataclass(frozen=True)
class _Scale:
    """A range, in log10 on a log axis, laid over ``size`` units; a size below 0 runs upwards."""

    low: float
    high: float
    log: bool
    size: int

    def at(self, values: _Array | list[float]) -> _Array:
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


def _scales(tables: list[list[_Array]], x: Axis, y: Axis) -> tuple[_Scale, _Scale]:
    """Fit both axes to every frame; the labels of the y axis say how wide the plot can be."""
    up = _scale(y, [v for table in tables for v in table[1:]], _TOP + _BOTTOM - _HEIGHT)
    left = _LEFT + 8 * max((len(words) for words in up.ticks()[0].values()), default=0)
    return _scale(x, [table[0] for table in tables], _WIDTH - _RIGHT - left), up


def _scale(axis: Axis, values: list[_Array], size: int) -> _Scale:
    where, of = f"the axis {axis.label!r}", np.log10 if axis.log else np.asarray
    seen = of(np.concatenate(values))
    middle = (seen.max() + seen.min()) / 2
    # Where all values are equal, the line lies in the middle of some room.
    room = max(0.54 * np.ptp(seen), 0.1 if axis.log else 1e-3 * abs(middle) or 1.0)
    low, high = (
        auto if end is None else of(_numbers(where, "range", [end], log=axis.log))[0]
        for auto, end in ((middle - room, axis.low), (middle + room, axis.high))
    )
    if not low < high:
        raise BadFrames(f"{where}: found low {axis.low}, high {axis.high}; no value lies between")
    return _Scale(float(low), float(high), axis.log, size)


def _axes(x: _Scale, y: _Scale) -> str:
    (across, small), (up, between) = x.ticks(), y.ticks()
    xs, ys, end = x.at(list(across)), y.at(list(up)), -y.size
    grid = "".join(f"M0 {at:.1f}H{x.size}" for at in ys)
    ticks = "".join(f"M{at:.1f} {end}v6" for at in xs)
    ticks += "".join(f"M{at:.1f} {end}v3" for at in x.at(small))
    ticks += "".join(f"M0 {at:.1f}h-3" for at in y.at(between))
    words = ""
    for at, text in zip(xs, across.values(), strict=True):
        words += f'<text class="sl-across" x="{at:.1f}" y="{end}">{text}</text>'
    for at, text in zip(ys, up.values(), strict=True):
        words += f'<text class="sl-up" x="-7" y="{at:.1f}">{text}</text>'
    ticks = f'<path class="sl-ticks" d="M0 {end}H{x.size}{ticks}"/>'
    return f'<path class="sl-grid" d="{grid}"/>{ticks}{words}'


def _styles(drawn: list[tuple[str, str]]) -> _Styles:
    pairs, names = list(dict.fromkeys(drawn)), list(dict.fromkeys(name for name, _ in drawn))
    styles = {}
    if not 0 < len(names) <= _COLOURS or not all(name.strip() for name in names):
        found, why = f"found series named {names}", "the colours that can be told apart"
        raise BadFrames(f"{found}; expected 1 to {_COLOURS} names, as many as {why}")
    for name, kind in pairs:
        rank = [n for n, k in pairs if k == kind].index(name)
        shape = _SHAPES[kind][rank % 3] if kind in _SHAPES else ""
        styles[name, kind] = f"sl-{kind} sl-c{names.index(name)} sl-v{rank % 3}", shape
    return styles


def _drawn(style: tuple[str, str], across: _Array, up: _Array, *ends: _Array) -> str:
    classes, shape = style
    rows = (zip(across, heights, strict=True) for heights in (up, *ends))
    middle, *edges = ([f"{a:.1f} {b:.1f}" for a, b in row] for row in rows)
    path = "".join(f"M{at}{shape}" for at in middle) if shape else "M" + "L".join(middle)
    span = ""
    if edges and shape:
        span = "".join(f"M{low}L{high}" for low, high in zip(*edges, strict=True))
    elif edges:
        span = "M" + "L".join(edges[0] + edges[1][::-1]) + "Z"
    span = f'<path class="sl-span" d="{span}"/>' if span else ""
    return f'<g class="{classes}">{span}<path class="sl-main" d="{path}"/></g>'


def _key(name: str, kind: str, styles: _Styles) -> str:
    across = np.array([15.0] if kind in _SHAPES else [1.0, 29.0])
    swatch = _drawn(styles[name, kind], across, np.full(across.size, 8.0))
    words = f"{name}, {kind}" if sum(n == name for n, _ in styles) > 1 else name
    svg = f'<svg viewBox="0 0 30 16" aria-hidden="true">{swatch}</svg>'
    return f"<span>{svg}{html.escape(words)}</span>"
