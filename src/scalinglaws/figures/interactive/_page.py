"""The page that every figure with sliders becomes: one template, filled in."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

import numpy as np

_TYPED = (
    '<label class="sl-typed" hidden>or type it <input type="text" inputmode="text" '
    'autocomplete="off" spellcheck="false" aria-label="{over} in {unit}, typed"> {unit}</label>\n'
)


@dataclass(frozen=True)
class Slider:
    """A slider with its words, range and start, and how the start reads where Python can tell.

    ``bar`` marks a stretch of the slider, and ``hint`` says what that is. ``typed`` asks for a box
    beside it, for a number in that unit whose decimal logarithm is the slider's value.
    """

    name: str
    over: str
    low: float
    high: float
    step: float
    start: float
    label: str = ""
    bar: Sequence[float] = ()
    hint: str = ""
    typed: str = ""

    def html(self) -> str:
        """Return the slider, hidden until the page's program runs."""
        over, label = escape(self.over), escape(self.label)
        below, told = "", over
        if len(self.bar):
            left, right = np.interp(self.bar, [self.low, self.high], [0, 100])
            bar = f'<i style="left: {left:.1f}%; width: {right - left:.1f}%"></i>'
            below = f'<span class="sl-bar">{bar}</span><span class="sl-hint">{self.hint}</span>'
            told = f"{over}; {self.hint}"
        return (
            f'<label><span class="sl-name">{over} <b data-out="{self.name}">{label}</b></span>\n'
            f'<input type="range" data-in="{self.name}" min="{self.low}" max="{self.high}" '
            f'step="{self.step}" value="{self.start}" autocomplete="off" aria-label="{told}" '
            f'aria-valuetext="{label}" hidden>{below}</label>\n'
            + (_TYPED.format(over=over, unit=escape(self.typed)) if self.typed else "")
        )


def page(
    parts: Mapping[str, str],
    *,
    sliders: Sequence[Slider],
    payload: Mapping[str, Any],
    longest: int,
    simulated: bool,
) -> str:
    """Return a figure as self-contained HTML; ``parts`` are HTML for places in the template.

    ``longest`` is the number of letters of the longest sentence, for which room is left, so that
    the page does not jump under a slider.
    """
    data = {**payload, "start": [slider.start for slider in sliders]}
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    badge = '<p class="sl-simulated">Simulated: not measured on real models</p>\n'
    made = {
        "BADGE": badge if simulated else "",
        "LINES": f"--sl-lines: {math.ceil(longest / 40)}; --sl-wide: {math.ceil(longest / 80)}",
        "SLIDERS": "".join(slider.html() for slider in sliders),
        # A closing tag or a comment within a title would end the script element early.
        "PAYLOAD": text.replace("<", "\\u003c"),
    }
    folder = resources.files("scalinglaws.figures.interactive")
    template = folder.joinpath("figure.html").read_text("utf-8")
    # One pass, so that a title that reads like a place in the template stays a title.
    return re.sub("__([A-Z]+)__", lambda found: {**parts, **made}.get(found[1], ""), template)
