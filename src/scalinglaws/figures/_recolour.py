"""Turn a finished figure dark for as long as it is drawn, and back."""

import colorsys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

PAPER = "#121212"
"""Background of the site's dark pages."""

CONTRAST = 4.6
"""Least contrast of a colour against the paper, a little above what text needs."""

_GREY = 0.12
"""Difference of channels below which a colour counts as ink."""

_TINT = 0.85
"""Lightness from which on a colour is a tint of light paper."""


@contextmanager
def dark(figure: Figure) -> Iterator[None]:
    """Draw a figure in the inks of a dark page inside this block."""
    undo: list[Callable[[], Any]] = []
    for artist in figure.findobj():
        _recolour(artist, undo)
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            # Ticks are made anew as they are drawn, from these.
            for ticks in ("_major_tick_kw", "_minor_tick_kw"):
                kept: dict[str, Any] = getattr(axis, ticks)
                undo.append(partial(_refill, kept, dict(kept)))
                for name in ("color", "labelcolor", "grid_color"):
                    kept[name] = darkened(kept.get(name, "#262626"))
    try:
        yield
    finally:
        for step in reversed(undo):
            step()


def _refill(kept: dict[str, Any], old: dict[str, Any]) -> None:
    kept.clear()
    kept.update(old)


def _recolour(artist: Artist, undo: list[Callable[[], Any]]) -> None:
    def put(name: str) -> None:
        # As it was set: a marker that follows its line goes on doing so.
        kept = f"_{name}" if isinstance(artist, Line2D) else None
        before = getattr(artist, kept) if kept else getattr(artist, f"get_{name}")()
        setter = getattr(artist, f"set_{name}")
        setter(_each(before))
        undo.append(lambda: setter(before))

    if isinstance(artist, Line2D):
        for name in ("color", "markerfacecolor", "markeredgecolor"):
            put(name)
    elif isinstance(artist, Text):
        put("color")
    elif isinstance(artist, Patch) or _plain(artist):
        for name in ("facecolor", "edgecolor"):
            put(name)
    if effects := artist.get_path_effects():
        artist.set_path_effects([patheffects.withStroke(linewidth=2.5, foreground=PAPER)])
        undo.append(lambda: artist.set_path_effects(effects))


def _plain(artist: Artist) -> bool:
    """Return whether dots have a colour of their own; values keep theirs, and their edge."""
    return isinstance(artist, Collection) and artist.get_array() is None


def _each(colours: Any) -> Any:
    if isinstance(colours, np.ndarray) and colours.ndim == 2:
        return np.array([darkened(c) for c in colours]).reshape(-1, 4)
    return darkened(colours)


def darkened(colour: Any) -> Any:
    """Return what a colour of a light page becomes on a dark one."""
    if isinstance(colour, str) and colour.lower() in ("none", "auto", "face"):
        return colour
    r, g, b, alpha = to_rgba(colour)
    if max(r, g, b) - min(r, g, b) < _GREY:
        # Inks are read, the lightest greys are paper and its grid.
        ink = float(np.interp((r + g + b) / 3, (0.0, 0.65, 1.0), (0.93, 0.52, 0.07)))
        return (ink, ink, ink, alpha)
    hue, light, saturation = colorsys.rgb_to_hls(r, g, b)
    if light > _TINT:
        return (*colorsys.hls_to_rgb(hue, 1.1 - light, 0.6 * saturation), alpha)
    while contrast((r, g, b)) < CONTRAST and light < _TINT:
        light += 0.02
        r, g, b = colorsys.hls_to_rgb(hue, light, saturation)
    return (r, g, b, alpha)


def contrast(colour: Any, paper: Any = PAPER) -> float:
    """Return the contrast ratio of two colours, as WCAG 2 defines it."""
    one, other = sorted((_luminance(colour), _luminance(paper)), reverse=True)
    return (one + 0.05) / (other + 0.05)


def _luminance(colour: Any) -> float:
    channels = np.array(to_rgba(colour)[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
