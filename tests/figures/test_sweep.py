"""The figure with one slider: what it refuses, where it draws a point, and that it works by key."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_explorer import open_page

from scalinglaws.figures.interactive import Axis, Frame, Series, Sweep, sweep
from scalinglaws.figures.interactive._series import BadFrames

FLOPS, LOSS = Axis("training budget C", "FLOPs"), Axis("loss", "nats per token", log=False)
RUNS = Series("runs", [1e18, 1e20, 1e22], [4.0, 3.0, 2.5], "observed")
AXES = {"over": "Budget", "x": FLOPS, "y": LOSS, "fixed": [RUNS]}


def frame(number: int, *more: Series) -> Frame:
    reach = 10.0 ** (22 + number)
    line = Series("fit", [1e22, 10 * reach], [2.5, 2.4 - number / 10], "extrapolated")
    return Frame(reach, f"{reach:.0e} FLOPs", [line, *more], f"The loss falls, frame {number}.")


FRAMES = [frame(number) for number in range(4)]


def make(title: str = "How far", **changes: Any) -> str:
    return sweep(**{"frames": FRAMES, "title": title, **AXES, **changes})._repr_html_()


def payload(page: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    return json.loads(found[0])


def points(path: str) -> list[tuple[float, float]]:
    """Give the places that a path goes to in absolute numbers."""
    return [
        (float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+?)(?=[mLZM]|$)", path)
    ]


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (
            Series("bad", [1, 2], [1, 2, 3], "fitted"),
            "found 2 of x, 3 of y; expected as many of each",
        ),
        (Series("bad", [1, 2], [1, 2], "fitted", [1], [2]), "found 2 of x, 2 of y, 1 of low, 1 of"),
        (Series("bad", [], [], "observed"), "found 0 of x, 0 of y; expected as many of each, 1 or"),
        (Series("bad", [1], [1], "fitted"), "found 1 of x, 1 of y; expected as many of each, 2 or"),
        (Series("bad", [1, 2], [1, np.nan], "fitted"), r"y\[1\] is nan; expected finite numbers$"),
        (Series("bad", [1, np.inf], [1, 2], "fitted"), r"x\[1\] is inf; expected finite numbers"),
        (Series("bad", [0, 1], [1, 2], "fitted"), r"x\[0\] is 0; expected .* above 0, as the axis"),
        (Series("bad", [[1, 2]], [1, 2], "fitted"), r"x has shape \(1, 2\); expected shape \(n,\)"),
        (Series("bad", ["a", "b"], [1, 2], "fitted"), r"x is \['a', 'b'\]; expected finite"),
        (Series("bad", [1, 2], [1, 2], "guessed"), "kind is 'guessed'; expected one of"),  # type: ignore[arg-type]
        (Series("bad", [1, 2], [1, 2], "fitted", low=[0, 1]), "found one of low and high"),
        (Series("bad", [1, 2], [1, 2], "fitted", [2, 2], [1, 3]), "found low above high"),
    ],
)
def test_bad_series_is_refused_with_frame_and_name(series: Series, message: str) -> None:
    with pytest.raises(BadFrames, match=rf"^frame 2 \('1e\+24 FLOPs'\), series 'bad': .*{message}"):
        make(frames=[*FRAMES[:2], frame(2, series)])
    with pytest.raises(BadFrames, match=rf"^fixed series 'bad': .*{message}"):
        make(fixed=[series])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": []}, "no frames; expected one or more"),
        ({"start": 4}, "'start' is 4; expected a whole number from 0 to 3"),
        ({"start": -1}, "'start' is -1; expected"),
        ({"start": 1.0}, "'start' is 1.0; expected"),
        ({"title": " "}, "the title is ' '; expected some text"),
        ({"over": ""}, "the over is ''; expected some text"),
        ({"x": Axis("")}, "the x is ''; expected some text"),
        ({"frames": [Frame(1, "one", [], "")]}, "the text of frame 0 is ''; expected some text"),
        ({"frames": [Frame(np.nan, "one", [], "One.")]}, r"frame 0 \('one'\): value\[0\] is nan"),
        ({"frames": [Frame(1, "one", [], "One.")], "fixed": []}, "expected 1 to 6 names"),
        ({"fixed": [Series(str(i), [1], [1], "observed") for i in range(6)]}, "expected 1 to 6"),
        ({"fixed": [Series("", [1], [1], "observed")]}, "expected 1 to 6 names"),
        ({"x": Axis("C", low=0)}, r"the axis 'C': range\[0\] is 0; expected .* above 0"),
        ({"x": Axis("C", low=1e30)}, "the axis 'C': found low 1e.30, high None; no value lies"),
    ],
)
def test_bad_figure_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadFrames, match=message):
        make(**changes)


def test_a_known_point_is_drawn_where_the_axes_say() -> None:
    page = make(
        x=Axis("C", low=1e18, high=1e28),
        y=Axis("loss", log=False, low=2, high=4),
        fixed=[Series("runs", [1e18, 1e23, 1e28], [2, 3.5, 4], "observed")],
    )
    inner = re.search(r'<svg width="(\d+)" height="(\d+)">', page)
    assert inner is not None
    width, height = (int(v) for v in inner.groups())
    path = re.search(r'sl-observed[^>]*><path class="sl-main" d="([^"]*)"', page)
    assert path is not None
    # Half of ten decades across; three quarters of 2 to 4 up, so a quarter from the upper edge.
    # 0.05 is half a unit of the one decimal that is written.
    expected = [(0, height), (width / 2, height / 4), (width, 0)]
    assert np.allclose(points(path[1]), expected, atol=0.05, rtol=0)
    corner = re.search(r'transform="translate\((\d+) (\d+)\)"', page)
    assert corner is not None
    # The plot and its margins stay inside the drawing of 480 x 320.
    assert int(corner[1]) + width < 480
    assert int(corner[2]) + height < 320
    tick = re.search(r'<text class="sl-across" x="([\d.]+)" y="\d+">10²²</text>', page)
    assert tick is not None
    assert float(tick[1]) == pytest.approx(0.4 * width, abs=0.05)  # as above


def test_ranges_cover_every_frame_and_bands() -> None:
    wide = Series("fit", [1e22, 1e30], [2.5, 2.0], "fitted", [2.0, 0.5], [3.0, 9.0])
    page = make(frames=[*FRAMES, frame(4, wide)])
    drawn = points("".join(re.findall(r'd="([^"]*)"', payload(page)["frames"][4][3])))
    inner = re.search(r'<svg width="(\d+)" height="(\d+)">', page)
    assert inner is not None
    for at, size in zip(np.array(drawn).T, (int(v) for v in inner.groups()), strict=True):
        assert at.min() >= 0
        assert at.max() <= size
    assert len(drawn) == 2 + 2 + 4  # two lines and the corners of one band


@pytest.mark.parametrize(
    ("axis", "y", "labels"),
    [
        (Axis("y"), [1e-12, 1e-3], ["10⁻¹²", "10⁻¹⁰", "10⁻⁸", "10⁻⁶", "10⁻⁴"]),
        (Axis("y"), [0.01, 100.0], ["0.01", "0.1", "1", "10", "100"]),
        (Axis("y"), [2.1, 3.9], ["2.5", "3", "3.5"]),
        (Axis("y", log=False), [0.0, 1.0], ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (Axis("y", log=False), [-2000.0, 12000.0], ["0", "5,000", "10,000"]),
        (Axis("y", log=False), [3.0, 3.0], ["2.997", "2.998", "2.999", "3", "3.001"]),
        (Axis("y", log=False), [0.0, 0.0], ["-1", "-0.5", "0", "0.5", "1"]),
    ],
)
def test_ticks_are_round_and_readable(axis: Axis, y: list[float], labels: list[str]) -> None:
    one = Frame(1, "one", [Series("fit", [1, 2], y, "fitted")], "One.")
    page = make(frames=[one], fixed=[], y=axis)
    found = re.findall(r'<text class="sl-up"[^>]*>([^<]*)<', page)
    assert found[: len(labels)] == labels
    assert len(found) <= 9  # more would touch on a phone


def test_words_cannot_leave_their_place() -> None:
    evil = '</script><b onclick="x">&__PAYLOAD__ __TEXT__'
    name = Series(evil, [1e18, 1e20], [3, 2.5], "published")
    one = Frame(1, evil, [name], evil)
    page = make(evil, frames=[one], over=evil, x=Axis(evil, evil), note=evil)
    assert "<b onclick" not in page
    assert page.count("</script>") == 2  # the payload's and the program's own
    assert payload(page)["frames"][0][:2] == [evil, evil]
    assert "&lt;/script&gt;&lt;b onclick=&quot;x&quot;&gt;&amp;__PAYLOAD__ __TEXT__" in page


def test_small_payload_of_short_numbers_and_no_other_host() -> None:
    x = np.geomspace(1e18, 1e22, 60)
    frames = [
        Frame(k, str(k), [Series(f"s{i}", x, 2 + i + x**-0.1 * k, "fitted") for i in range(4)], ".")
        for k in range(21)
    ]
    page = make(frames=frames, fixed=[])
    numbers = re.findall(r"[\d.]+", "".join(f[3] for f in payload(page)["frames"]))
    assert len(numbers) > 21 * 4 * 60 * 2
    assert max(len(number) for number in numbers) <= 5  # "479.9": a tenth of a unit in 480
    assert len(page.encode()) < 120_000
    assert page == make(frames=frames, fixed=[])
    assert "://" not in page


def test_one_line_of_text_and_simulated_said_only_when_true() -> None:
    plain, simulated = (sweep(FRAMES, title="How far", simulated=s, **AXES) for s in (False, True))
    assert repr(plain) == (
        "Sweep('How far': 4 frames over 'Budget'; interactive in the rendered page)"
    )
    assert isinstance(plain, Sweep)
    assert "4 simulated frames" in repr(simulated)
    assert "Simulated: not measured on real models" not in plain._repr_html_()
    assert "Simulated: not measured on real models" in simulated._repr_html_()


def test_one_name_keeps_its_colour_and_has_one_entry() -> None:
    inside = Series("fit", [1e18, 1e22], [4, 2.5], "fitted")
    page = make(fixed=[RUNS, inside])
    legend = re.search(r'<p class="sl-key">(.*?)</p>', page, re.DOTALL)
    assert legend is not None
    found = re.findall(r'<g class="sl-(\w+) sl-(c\d) sl-v\d">.*?</svg>([^<]*)<', legend[1])
    assert found == [
        ("observed", "c0", "runs"),
        ("fitted", "c1", "fit"),
    ]
    assert "<span>dashed: extrapolated</span>" in legend[1]


def luminance(colour: str) -> float:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(("theme", "paper"), [(0, "#ffffff"), (1, "#14181e")])
def test_every_colour_stands_out_from_the_paper(theme: int, paper: str) -> None:
    colours = re.findall(r"--sl-c\d: (#\w{6})", make())[6 * theme : 6 * theme + 6]
    assert len(set(colours)) == 6
    for colour in colours:
        dark, light = sorted([luminance(colour), luminance(paper)])
        assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2.2, 1.4.11: graphics


def reading(figure: Any) -> tuple[str, str, str, str, str]:
    """Give what a reader is told: readout, value for a screen reader, sentence, alternative."""
    image = figure.locator("svg[role=img]")
    return (
        figure.locator(".sl-name b").inner_text(),
        figure.locator("input").get_attribute("aria-valuetext"),
        figure.locator(".sl-said").inner_text(),
        image.get_attribute("aria-label"),
        figure.locator(".sl-frame .sl-main").get_attribute("d"),
    )


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    opened = open_page(browser, tmp_path, make() + make("Another </script>", start=2))
    yield opened
    assert opened.faults == []
    opened.close()


def test_slider_by_keyboard_on_two_figures(page: Any) -> None:
    first, second = page.locator(".sl-sweep").all()
    before, other = reading(first), reading(second)
    assert before[:3] == ("1e+22 FLOPs", "1e+22 FLOPs", "The loss falls, frame 0.")
    assert other[2] == "The loss falls, frame 2."
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    after = reading(first)
    assert after[:3] == ("1e+23 FLOPs", "1e+23 FLOPs", "The loss falls, frame 1.")
    assert after[3] == (
        "How far. loss, nats per token against training budget C, FLOPs. "
        "Budget: 1e+23 FLOPs. The loss falls, frame 1."
    )
    assert after[4] != before[4]
    assert reading(second) == other
    # The frame that a script draws on the way back is the one that came without a script.
    page.keyboard.press("ArrowLeft")
    assert reading(first) == before
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert reading(second)[2] == "The loss falls, frame 3."
    assert reading(first) == before
    assert second.locator(".sl-title").inner_text() == "Another </script>"


def test_a_figure_alone_keeps_its_stop_in_the_address(browser: Any, tmp_path: Path) -> None:
    page = open_page(browser, tmp_path, make())
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert "frame=1e%2B23+FLOPs" in page.url
    page.reload()
    assert reading(page.locator(".sl-sweep"))[:3] == (
        *("1e+23 FLOPs",) * 2,
        "The loss falls, frame 1.",
    )
    # A stop that is not there is the start; back at the start the address says nothing.
    page.goto(page.url.replace("23", "99"))
    assert reading(page.locator(".sl-sweep"))[0] == "1e+22 FLOPs"
    page.locator("input").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert "frame" not in page.url
    assert page.faults == []
    page.close()


def test_start_frame_shows_without_a_script(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "still.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{make(start=1)}", "utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator(".sl-said").inner_text() == "The loss falls, frame 1."
    assert page.locator("svg[role=img]").bounding_box()["height"] > 100  # it has a size
    assert page.locator("input").is_hidden()
    assert page.locator(".sl-frame path").is_visible()
    context.close()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_nothing_overflows(
    browser: Any,
    tmp_path: Path,
    dark: bool,
    width: int,
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    body = make(simulated=True, note="A note.") + make("A long title without " + "breaks" * 20)
    page = open_page(browser, tmp_path, body, dark=dark, width=width)
    violations = axe.Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.evaluate(
        """() => Array.from(document.querySelectorAll(".sl-picture > g > text"), (t) =>
            parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)"""
    )
    assert min(sizes) > 10  # pixels; smaller letters are not read on a phone
    assert max(sizes) < 16  # those of the running text
    assert page.faults == []
    page.close()
