"""What a page gets of a figure: two widths, two themes, its numbers, and the figure as it was."""

import io
from base64 import b64decode

import numpy as np
import pandas as pd
import pytest
from matplotlib import image
from matplotlib.collections import PathCollection
from matplotlib.text import Text

import scalinglaws as sl
from scalinglaws.figures._page import NARROW, WIDE, laid_out, wrapped
from scalinglaws.figures._recolour import PAPER, contrast, dark, darkened
from scalinglaws.figures._style import COLOURS, MIME, canvas, finish
from scalinglaws.figures._ticks import NamedLocator, power


@pytest.fixture(scope="module")
def picture():
    figure, (left, right) = canvas(2, width=9.0)
    left.plot([1, 10, 100], [3, 2, 1], color=COLOURS[0], label="one")
    left.plot([1, 10, 100], [3, 3, 1], "s-", color=COLOURS[1], label="two")
    left.plot([1, 10, 100], [1, 3, 1], "o", color="#333333", mfc="none", label="three")
    left.legend()
    left.set_xscale("log")
    left.set_title("first")
    right.scatter([1, 2, 3], [4, 5, 6], c=[0.1, 0.5, 0.9], edgecolor="white", label="dots")
    right.fill_between([1, 2], [0, 0], [1, 2], color="#cccccc", label="band")
    right.axhline(0.5, color="black")
    right.set_xlabel("an axis whose label is far too long for the width of a phone")
    return finish(figure, "three lines and a message that is longer than one line of a phone")


def state(figure):
    texts = [(t.get_text(), t.get_color(), t.get_size()) for t in figure.findobj(Text)]
    spots = [ax.get_subplotspec().num1 for ax in figure.axes]
    lines = [
        (line.get_color(), line.get_markerfacecolor(), line.get_markeredgecolor())
        for ax in figure.axes
        for line in ax.lines
    ]
    legends = [ax.get_legend().get_visible() for ax in figure.axes if ax.get_legend()]
    return figure.get_size_inches().tolist(), sorted(map(str, texts)), spots, lines, legends


def test_a_page_gets_four_drawings_a_vector_and_the_numbers(picture):
    page, size = picture._repr_mimebundle_()
    files = {k: b64decode(v) for k, v in page[MIME]["files"].items()}
    files["png"] = b64decode(page["image/png"])
    assert set(files) == {"png", "dark.png", "narrow.png", "narrow-dark.png", "svg", "csv"}
    assert size == {"image/png": {"width": 688}}
    shapes = {k: image.imread(io.BytesIO(v)).shape for k, v in files.items() if "png" in k}
    # Two pixels of the file for one of the page.
    assert shapes["png"][1] == shapes["dark.png"][1] == 2 * 688
    assert shapes["narrow.png"][1] == shapes["narrow-dark.png"][1] == 2 * 342
    corner = image.imread(io.BytesIO(files["narrow-dark.png"]))[0, -1, :3]
    np.testing.assert_allclose(corner, 0x12 / 255, atol=1e-3)
    assert b"<svg" in files["svg"]
    assert page["text/plain"] == f"Figure: {picture.says}"
    assert page[MIME]["message"].startswith("Three lines")


def test_the_same_figure_gives_the_same_files_and_stays_as_it_is(picture):
    before = state(picture.figure)
    assert picture._repr_mimebundle_() == picture._repr_mimebundle_()
    assert state(picture.figure) == before


def test_panels_are_stacked_and_nothing_is_small_on_a_phone(picture):
    with laid_out(picture.figure, picture._head(), narrow=True):
        width, height = picture.figure.get_size_inches()
        assert width == NARROW
        left, right = (ax.get_position() for ax in picture.figure.axes)
        assert left.y0 > right.y1
        assert height > 2 * 2.7
        shown = [t for t in picture.figure.findobj(Text) if t.get_visible() and t.get_text()]
        assert min(t.get_size() for t in shown) >= 8
        for text in (ax.xaxis.label for ax in picture.figure.axes):
            box = text.get_window_extent()
            assert box.x0 >= 0
            assert box.x1 <= picture.figure.bbox.x1
        assert [t.get_text() for t in picture.figure.legends[0].get_texts()] == [
            "one",
            "two",
            "three",
        ]
    assert not picture.figure.legends


def test_words_are_read_in_the_dark(picture):
    with laid_out(picture.figure, picture._head(), narrow=False), dark(picture.figure):
        assert picture.figure.get_size_inches()[0] == WIDE
        for text in picture.figure.findobj(Text):
            assert contrast(text.get_color()) > 4.5, text
        for line in picture.figure.axes[0].lines:
            assert contrast(line.get_color()) > 4.5, line
        (dots,) = (c for c in picture.figure.axes[1].collections if isinstance(c, PathCollection))
        np.testing.assert_array_equal(dots.get_array(), [0.1, 0.5, 0.9])


@pytest.mark.parametrize("colour", [*COLOURS, "#333333", "#a3341f", "black"])
def test_every_ink_of_the_book_is_seen_on_dark_paper(colour):
    assert contrast(darkened(colour)) >= 4.5
    assert darkened((*[0.2] * 3, 0.4))[3] == 0.4
    assert darkened("none") == "none"


def test_light_paper_becomes_dark_paper_and_tints_stay_tints():
    assert contrast(darkened("white")) < 1.05
    assert contrast(darkened("#eef7f1")) < 1.6


def test_the_numbers_behind_a_figure_are_those_that_were_drawn(picture):
    table = picture.data()
    assert set(table.columns) == {"panel", "series", "mark", "x", "y"}
    one = table[(table["panel"] == "first") & (table["series"] == "one")]
    assert one[["x", "y"]].to_numpy().tolist() == [[1, 3], [10, 2], [100, 1]]
    dots = table[(table["mark"] == "dot") & (table["series"] == "dots")]
    assert dots[["x", "y"]].to_numpy().tolist() == [[1, 4], [2, 5], [3, 6]]
    assert set(table.loc[table["series"] == "three", "mark"]) == {"dot"}
    assert (table["mark"] == "band").any()
    # The line across the panel is no datum.
    assert not ((table["panel"] == "2") & (table["mark"] == "line")).any()


def test_figures_of_the_library_have_their_numbers():
    runs = sl.load("hoffmann2022")
    table = sl.figures.runs(runs).data()
    dots = table[table["mark"] == "dot"]
    assert sorted(dots["x"].astype(float)) == pytest.approx(sorted(runs["params"]))
    assert isinstance(table, pd.DataFrame)


@pytest.mark.parametrize(
    ("low", "high"), [(1e6, 1e12), (3e18, 4e21), (1.2, 1.6), (2.0, 3.4), (40, 900), (0.07, 0.3)]
)
def test_a_logarithmic_axis_names_three_to_seven_values(low, high):
    ticks = NamedLocator().tick_values(low, high)
    inside = [t for t in ticks if low * 0.999 <= t <= high * 1.001]
    assert 3 <= len(inside) <= 7
    assert len({power(t) for t in inside}) == len(inside)


def test_ticks_are_plain_up_to_thousands():
    assert power(0.02) == "0.02"
    assert power(1000) == "1000"
    assert power(3e20) == r"$\mathdefault{3{\times}10^{20}}$"
    assert power(1e18) == r"$\mathdefault{10^{18}}$"


def test_messages_are_broken_where_they_would_run_out():
    lines = wrapped("a message of several words that does not fit", 11.5, 150)
    assert len(lines) > 1
    assert " ".join(lines) == "a message of several words that does not fit"
    assert wrapped("short", 11.5, 150) == ["short"]
    assert wrapped("", 11.5, 150) == []


def test_dark_paper_is_that_of_the_site():
    assert PAPER == "#121212"
