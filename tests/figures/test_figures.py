"""A figure is tested by its data and its labels, never by its pixels."""

from base64 import b64decode

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.notebook import Refusal, count, show

CHINCHILLA = sl.laws.CHINCHILLA


def _labels(picture):
    return {
        text.get_text()
        for legend in (
            *picture.figure.legends,
            *(ax.get_legend() for ax in picture.figure.axes if ax.get_legend()),
        )
        for text in legend.get_texts()
    }


def _words(picture):
    return {picture.stamp}


@pytest.fixture(scope="module")
def fitted():
    return sl.fit(CHINCHILLA, sl.load("hoffmann2022"))


@pytest.fixture(scope="module")
def simulated():
    truth = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
    return sl.simulate.isoflop(CHINCHILLA, truth, np.geomspace(1e18, 1e21, 4))


def test_runs_shows_every_run_and_rings_outliers():
    runs = sl.load("hoffmann2022", outliers=True)
    picture = sl.figures.runs(runs)
    dots = picture.figure.axes[0].collections[0].get_offsets()
    np.testing.assert_array_equal(np.asarray(dots), runs[["params", "tokens"]].to_numpy())
    assert _labels(picture) == {"flagged as outliers (5)"}


def test_extrapolation_is_dashed_and_named():
    curves = sl.load("gemstones")
    one = curves[curves["run"] == curves["run"].iloc[0]]
    fit = sl.fit(sl.laws.power_law("tokens"), one)
    picture = sl.figures.curve(fit, until=1e13)
    lines = {line.get_label(): line for line in picture.figure.axes[0].lines}
    assert lines["extrapolated"].get_linestyle() == "--"
    assert lines["fitted range"].get_linestyle() == "-"
    assert lines["extrapolated"].get_xdata()[0] == one["tokens"].max()


def test_simulated_runs_cannot_be_drawn_unlabelled(simulated, fitted):
    found = sl.compute.isoflop.frontier(simulated, n=20)
    fit = sl.fit(CHINCHILLA, simulated)
    pictures = [
        sl.figures.runs(simulated),
        sl.figures.isoflop(found),
        sl.figures.fit(fit),
        sl.figures.frontiers({"x": found.at([1e20])}),
        sl.figures.frontiers({"x": sl.allocate(fit, [1e20])}),
        sl.figures.lines([1, 2], {"a": [1, 2]}, xlabel="x", ylabel="y", simulated=True),
    ]
    for picture in pictures:
        assert "SIMULATED" in _words(picture)
        assert "simulated" in repr(picture)
    assert "SIMULATED" not in _words(sl.figures.fit(fitted))


def test_frontier_figure_carries_the_table(fitted):
    table = sl.allocate(fitted, np.geomspace(1e19, 1e25, 7))
    picture = sl.figures.frontiers(
        {"approach 3": table}, of="tokens_per_param", points={"Chinchilla": (5.76e23, 20.0)}
    )
    lines = [line for line in picture.figure.axes[0].lines if len(line.get_xdata()) > 1]
    drawn = np.concatenate([line.get_ydata() for line in lines])
    assert set(table["tokens_per_param"]) <= set(drawn)
    assert {"approach 3", "extrapolated"} <= _labels(picture)
    last = table["tokens_per_param"].iloc[-1]
    best = f"best ratio of data to size is: {last:.3g} tokens per parameter"
    assert best in repr(picture)


def test_lines_name_their_reference_and_their_shades():
    shown = {"xlabel": "d", "ylabel": "y", "simulated": False}
    plain = sl.figures.lines([1, 2], {"a": [1, 2]}, reference=0, **shown)
    assert "truth" in _labels(plain)
    shown |= {"called": "the sum", "shade": {"90% of d": (1.2, 1.5)}}
    named = sl.figures.lines([1, 2], {"a": [1, 2]}, reference=0, **shown)
    assert {"the sum", "90% of d"} <= _labels(named)
    (box,) = named.figure.axes[0].patches
    # 1.2 to 1.5, as given, to the last bits of a difference.
    assert (box.get_x(), box.get_width()) == pytest.approx((1.2, 0.3))


def test_intervals_and_held_out_figures(fitted):
    picture = sl.figures.intervals({"ours": fitted.interval("a")}, marks={"published": 0.46})
    assert picture.figure.axes[0].get_yticklabels()[0].get_text() == "ours"
    held = sl.figures.hold_out(sl.hold_out(CHINCHILLA, sl.load("hoffmann2022")))
    assert len(held.figure.axes[0].lines[-1].get_ydata()) == 48


def test_envelope_figure_draws_every_curve():
    found = sl.compute.envelope.frontier(sl.load("gemstones"), n=20)
    picture = sl.figures.envelope(found)
    assert len(picture.figure.axes[0].lines) == 22 + 1


def test_a_picture_is_a_png_of_stated_width(fitted):
    page, size = sl.figures.fit(fitted)._repr_mimebundle_()
    assert b64decode(page["image/png"]).startswith(b"\x89PNG")
    assert size == {"image/png": {"width": 688}}


def test_refused_intervals_are_left_out_and_one_row_is_drawn() -> None:
    refused = Refusal(sl.Unidentifiable("too few runs", partial=None))
    known = sl.Interval(estimate=0.5, low=0.4, high=0.6, level=0.9, kind="case")
    picture = sl.figures.intervals({"a": refused, "b": known}, marks={"theirs": 0.55})
    assert repr(picture) == "Figure: estimates: 0.5; 1 of 1 intervals contains theirs"
    assert sl.figures.intervals({"a": refused}) is refused
    assert count(refused) == "(refused)"


def test_published_values_stand_beside_their_rows() -> None:
    known = sl.Interval(estimate=0.5, low=0.4, high=0.6, level=0.9, kind="case")
    picture = sl.figures.intervals({"a": known, "b": known}, published={"b": 0.57})
    (ax,) = picture.figure.axes
    drawn = [line.get_xydata().tolist() for line in ax.lines]
    assert [[0.57, 1.0]] in drawn
    assert {t.get_text() for t in picture.figure.legends[0].get_texts()} == {"ours", "published"}


def test_a_table_speaks_of_brackets_only_where_it_has_some() -> None:
    frame = pd.DataFrame(
        {"batch_tokens": [2.5e6], "time": [2.0], "time_low": [1.5], "time_high": [3.0]}
    )
    frame.attrs["level"] = 0.9
    assert "In brackets: 90% interval" in show(frame)._repr_html_()
    assert "In brackets" not in show(frame[["batch_tokens", "time"]])._repr_html_()
    assert "2.5M" in repr(show(frame))


@pytest.mark.parametrize("log", [True, False])
def test_a_continuation_that_runs_away_leaves_the_figure(log):
    x = np.geomspace(1, 100, 20)
    curve = pd.DataFrame({"x": x, "loss": 2 + 1 / x, "train": x < 20})
    wild = pd.DataFrame({"x": x, "mean": np.where(x < 20, 2 + 1 / x, 1e5)})
    bottom, top = (
        sl.figures.forecasts(curve, {"wild": wild}, xlabel="x", log=log).figure.axes[0].get_ylim()
    )
    # Four times beyond what was measured: of the loss, or of its range.
    assert top <= 12.1
    assert bottom < 2.01
