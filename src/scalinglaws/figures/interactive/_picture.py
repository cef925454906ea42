"""Axes with all that sliders can show on them, as SVG, and the legend that says what is what."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.figures.interactive._axis import Axis, Scale, scale
from scalinglaws.figures.interactive._series import BadFrames, Series, values

_COLOURS = 6  # as many as stay apart under each colour blindness, on light and on dark
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 480, 320, 14, 8, 20, 30  # size and margins
_AFTER = ("observed", "fitted", "published", "extrapolated", "marker")
_SHAPES = {
    "observed": ("m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z", "m-3-3h6v6h-6z", "m0-4l4 7h-8z"),
    "marker": ("m0-8l8 8l-8 8l-8-8z", "m-6-6h12v12h-12z", "m0-8l8 14h-16z"),
}


@dataclass(frozen=True)
class Picture:
    """A drawing: its axes, the marks that stay, those of each frame, and the legend, all as SVG."""

    x: Axis
    y: Axis
    across: Scale
    up: Scale
    fixed: str
    frames: list[str]
    legend: str

    def html(self, shown: str, alt: str) -> str:
        """Return the drawing between the words of its axes; ``shown`` is what sliders change."""
        width, height, axes = self.across.size, -self.up.size, _axes(self.across, self.up)
        corner = f"{_WIDTH - _RIGHT - width} {_TOP}"
        return (
            f'<div class="sl-plot"><p class="sl-axis">{escape(str(self.y))}</p>\n'
            f'<svg class="sl-picture" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            f'aria-label="{escape(alt)}">\n<g transform="translate({corner})">{axes}'
            f'<svg width="{width}" height="{height}"><g>{self.fixed}</g>'
            f'<g class="sl-frame">{shown}</g></svg></g></svg>\n'
            f'<p class="sl-axis sl-along">{escape(str(self.x))}</p></div>\n'
        )


def picture(x: Axis, y: Axis, groups: Sequence[tuple[str, Sequence[Series]]]) -> Picture:
    """Draw the fixed series, which come first, and those of each frame over axes that fit all.

    Each group comes with the words by which a message names it. Raises ``BadFrames``.
    """
    tables = [
        [((s.name, str(s.kind)), values(f"{at} {s.name!r}", s, logs=(x.log, y.log))) for s in some]
        for at, some in groups
    ]
    looks = _looks([key for table in tables for key, _ in table])
    marks = [mark for table in tables for _, mark in table]
    up = scale(y, [v for mark in marks for v in mark[1:]], _TOP + _BOTTOM - _HEIGHT)
    # The labels of the y axis say how wide the plot can be.
    left = _LEFT + 8 * max((len(words) for words in up.ticks()[0].values()), default=0)
    across = scale(x, [mark[0] for mark in marks], _WIDTH - _RIGHT - left)
    fixed, *frames = (
        "".join(_mark(looks[key], across.at(v[0]), *map(up.at, v[1:])) for key, v in table)
        for table in tables
    )
    return Picture(x, y, across, up, fixed, frames, _legend(looks))


def _axes(x: Scale, y: Scale) -> str:
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


def _looks(drawn: list[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Give each name and kind the classes of a mark and the shape of its points."""
    pairs, names = list(dict.fromkeys(drawn)), list(dict.fromkeys(name for name, _ in drawn))
    if not 0 < len(names) <= _COLOURS or not all(name.strip() for name in names):
        found, why = f"found series named {names}", "the colours that can be told apart"
        raise BadFrames(f"{found}; expected 1 to {_COLOURS} names, as many as {why}")
    looks = {}
    for name, kind in pairs:
        rank = [n for n, k in pairs if k == kind].index(name) % 3
        shape = _SHAPES[kind][rank] if kind in _SHAPES else ""
        looks[name, kind] = f"sl-{kind} sl-c{names.index(name)} sl-v{rank}", shape
    return looks


def _mark(look: tuple[str, str], across: Array, up: Array, *ends: Array) -> str:
    classes, shape = look
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


def _legend(looks: dict[tuple[str, str], tuple[str, str]]) -> str:
    """Give each name one entry; a dash and a large point of a name explain themselves."""
    first: dict[str, str] = {}
    for name, kind in looks:
        if name not in first or _AFTER.index(kind) < _AFTER.index(first[name]):
            first[name] = kind
    dashed = any(kind == "extrapolated" != first[name] for name, kind in looks)
    note = "<span>dashed: extrapolated</span>" if dashed else ""
    return "".join(_key(name, kind, looks[name, kind]) for name, kind in first.items()) + note


def _key(name: str, kind: str, look: tuple[str, str]) -> str:
    across = np.array([15.0] if kind in _SHAPES else [1.0, 29.0])
    swatch = _mark(look, across, np.full(across.size, 8.0))
    words = f"{name}, published" if kind == "published" and "published" not in name else name
    svg = f'<svg viewBox="0 0 30 16" aria-hidden="true">{swatch}</svg>'
    return f"<span>{svg}{escape(words)}</span>"
