"""A figure with one slider over frames computed beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from scalinglaws.figures.interactive._axis import Axis
from scalinglaws.figures.interactive._page import Slider, page
from scalinglaws.figures.interactive._picture import picture
from scalinglaws.figures.interactive._series import BadFrames, Series, numbers


@dataclass(frozen=True, eq=False)
class Frame:
    """One stop of the slider: its value, how that reads, what is drawn, and a sentence on it."""

    value: float
    label: str
    series: Sequence[Series]
    text: str


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
    drawing = picture(x, y, groups)
    alt, shown = f"{title}. {y} against {x}. {over}: ", frames[start]
    rows = [
        [f.label, f.text, float(f.value), drawn]
        for f, drawn in zip(frames, drawing.frames, strict=True)
    ]
    html = page(
        {
            "KIND": "sweep",
            "TITLE": escape(title),
            "TEXT": escape(shown.text),
            "PLOTS": drawing.html(drawing.frames[start], f"{alt}{shown.label}. {shown.text}"),
            "KEY": drawing.legend,
            "NOTE": escape(note),
        },
        sliders=[Slider("frame", over, 0, len(frames) - 1, 1, start, shown.label)],
        payload={"alt": alt, "frames": rows},
        longest=max(len(frame.text) for frame in frames),
        simulated=simulated,
    )
    return Sweep(html, f"{title!r}: {len(frames)} {'simulated ' * simulated}frames over {over!r}")


def _check_words(frames: Sequence[Frame], words: dict[str, str], start: int) -> None:
    last = len(frames) - 1
    if last < 0:
        raise BadFrames("there are no frames; expected one or more")
    if type(start) is not int or not 0 <= start <= last:
        raise BadFrames(f"'start' is {start!r}; expected a whole number from 0 to {last}")
    for number, frame in enumerate(frames):
        numbers(f"frame {number} ({frame.label!r})", "value", [frame.value], log=False)
        words |= {f"label of frame {number}": frame.label, f"text of frame {number}": frame.text}
    for what, text in words.items():
        if not isinstance(text, str) or not text.strip():
            raise BadFrames(f"the {what} is {text!r}; expected some text")
