"""Figures of fits, frontiers, curves and transfer against the numbers behind them."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.figures._style import label, loss_label
from scalinglaws.notebook import Refusal

X = np.geomspace(1e8, 1e12, 16)


def drawn(ax):
    return [(str(v.get_label()), list(v.get_xdata()), list(v.get_ydata())) for v in ax.get_lines()]


def edges(collection):
    """The lowest and the highest y at each x of a shaded band."""
    points = collection.get_paths()[0].vertices
    band = pd.DataFrame(points, columns=["x", "y"]).groupby("x")["y"].agg(["min", "max"])
    return band.index.to_numpy(), band["min"].to_numpy(), band["max"].to_numpy()


@pytest.fixture(scope="module")
def fitted():
    law = sl.laws.power_law("tokens")
    noise = np.exp(0.02 * np.random.default_rng(0).exponential(size=16))
    loss = law({"E": 1.8, "k": 400.0, "c": 0.28}, tokens=X) * noise
    return sl.fit(law, pd.DataFrame({"tokens": X, "loss": loss}))


@pytest.mark.parametrize("level", [0.9, 0.5])
def test_a_curve_is_solid_over_the_runs_and_dashed_beyond_with_its_band(fitted, level):
    ax = sl.figures.curve(fitted, until=1e13, level=level).figure.axes[0]
    seen, solid, dashed = drawn(ax)
    assert seen == ("observed", list(X), list(fitted.runs["loss"]))
    assert (solid[0], dashed[0]) == ("fitted range", "extrapolated")
    # What is extrapolated is fainter.
    assert [c.get_alpha() for c in ax.collections] == [0.18, 0.09]
    assert [line.get_linestyle() for line in ax.get_lines()[1:]] == ["-", "--"]
    for (_, x, y), band in zip((solid, dashed), ax.collections, strict=True):
        want = fitted.predict(tokens=np.array(x), level=level)
        assert y == pytest.approx(want["loss"].tolist())
        at, low, high = edges(band)
        assert low == pytest.approx(want["low"].to_numpy())
        assert high == pytest.approx(want["high"].to_numpy())
        assert at == pytest.approx(np.array(x))
    assert (solid[1][0], solid[1][-1]) == (pytest.approx(1e8), pytest.approx(1e12))
    assert (dashed[1][0], dashed[1][-1]) == (pytest.approx(1e12), pytest.approx(1e13))
    assert len(drawn(sl.figures.curve(fitted).figure.axes[0])) == 2
    assert ax.get_yscale() == "log"
    assert sl.figures.curve(fitted, log=False).figure.axes[0].get_yscale() == "linear"


def test_a_fit_is_drawn_against_its_runs_and_its_residuals_in_per_cent(fitted):
    left, right = sl.figures.fit(fitted).figure.axes
    said = fitted.law(fitted.params, tokens=X)
    (observed, perfect), (zero, apart) = drawn(left), drawn(right)
    assert observed[1:] == (list(said), list(fitted.runs["loss"]))
    assert (observed[0], perfect[0]) == ("observed", "perfect fit")
    both = np.r_[said, fitted.runs["loss"]]
    assert perfect[1] == perfect[2] == [both.min(), both.max()]
    assert zero[2] == [0, 0]
    assert apart[1] == list(X)
    assert apart[2] == pytest.approx(list(100 * (fitted.runs["loss"] / said - 1)))
    assert right.get_ylabel() == "measured over fitted, minus one (%)"
    assert right.get_xlabel() == "training tokens D"
    priced = sl.fit(fitted.law, fitted.runs.assign(flops=6e9 * X))
    _, right = sl.figures.fit(priced).figure.axes
    assert drawn(right)[1][1] == list(6e9 * X)
    assert right.get_xlabel() == "compute C (FLOPs)"


def test_a_held_out_score_is_drawn_in_order():
    runs = sl.load("hoffmann2022").iloc[::3]
    told = sl.hold_out(sl.laws.power_law("flops"), runs, level=0.8)
    ax = sl.figures.hold_out(told).figure.axes[0]
    table = told.predictions.sort_values("flops")
    said, seen = drawn(ax)
    assert said[2] == table["predicted_loss"].tolist()
    assert seen[2] == table["loss"].tolist()
    assert seen[1] == list(range(1, len(table) + 1))
    ends = [s[:, 1].tolist() for s in ax.collections[0].get_segments()]
    assert ends == table[["predicted_low", "predicted_high"]].to_numpy().tolist()
    assert ax.collections[0].get_label().startswith("80% interval for a new run")
    assert ax.get_xlabel() == "held-out run, in order of flops"


def interval(estimate, low, high):
    return sl.Interval(estimate=estimate, low=low, high=high, level=0.9, kind="k")


def test_intervals_stand_under_each_other_with_marks_and_published_values():
    rows = {
        "a": interval(2, 1, 4),
        "b": Refusal(sl.Unidentifiable("no")),
        "c": interval(5, 3, 6),
    }
    picture = sl.figures.intervals(rows, marks={"truth": 2.5}, published={"c": 5.5}, xlabel="v")
    ax = picture.figure.axes[0]
    lines = drawn(ax)
    assert [line[1:] for line in lines[:2]] == [([1, 4], [0, 0]), ([2], [0])]
    assert [line[1:] for line in lines[2:5]] == [([3, 6], [1, 1]), ([5], [1]), ([5.5], [1])]
    assert lines[1][0] == "ours"
    assert lines[3][0] != "ours"
    assert lines[-1] == ("truth", [2.5, 2.5], [0, 1])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "c"]
    assert (ax.get_xlabel(), ax.get_ylim()) == ("v", (1.5, -0.5))
    words = [t.get_text() for t in picture.figure.legends[0].get_texts()]
    assert words == ["ours", "published", "truth"]
    assert sl.figures.intervals(rows).figure.legends == []
    assert ax.get_xscale() == "linear"
    assert sl.figures.intervals(rows, log=True).figure.axes[0].get_xscale() == "log"
    assert sl.figures.intervals({"b": rows["b"]}) is rows["b"]
    assert "our intervals contain 1 of 1 published values" in repr(picture)


def test_lines_may_have_a_truth_and_logarithms():
    options = {"xlabel": "x", "ylabel": "y", "simulated": False}
    series = {"a": [1, 2], "b": [3, 4]}
    ax = sl.figures.lines([1, 10], series, reference=0.5, log=True, **options).figure.axes[0]
    assert drawn(ax)[:2] == [("a", [1, 10], [1, 2]), ("b", [1, 10], [3, 4])]
    assert drawn(ax)[2] == ("truth", [0, 1], [0.5, 0.5])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    ax = sl.figures.lines([1, 10], series, **options).figure.axes[0]
    assert (ax.get_xscale(), len(ax.get_lines())) == ("linear", 2)


def test_frontiers_are_dashed_beyond_the_measured_compute():
    table = pd.DataFrame({"flops": [1e22, 1e20, 1e21], "beyond": [10.0, 1.0, 1.0]})
    table = table.assign(params=table["flops"] ** 0.5, tokens=2.0)
    for end, factor in (("low", 0.5), ("high", 2.0)):
        table[f"params_{end}"] = factor * table["params"]
        table[f"tokens_{end}"] = factor * table["tokens"]
    simulated = table.copy()
    simulated.attrs = {"simulated": True}
    points = {"model": (1e21, 7e10)}
    picture = sl.figures.frontiers({"ours": table}, points=points)
    ax = picture.figure.axes[0]
    solid, dashed, point = drawn(ax)[:3]
    assert solid == ("ours", [1e20, 1e21], [1e10, 1e21**0.5])
    assert dashed[1] == [1e21, 1e22]
    assert point[1:] == ([1e21], [7e10])
    assert [v.get_linestyle() for v in ax.get_lines()[:2]] == ["-", "--"]
    for band, x in zip(ax.collections, ([1e20, 1e21], [1e21, 1e22]), strict=True):
        at, low, high = edges(band)
        assert at == pytest.approx(np.array(x))
        assert (low, high) == (pytest.approx(at**0.5 / 2), pytest.approx(at**0.5 * 2))
    assert [c.get_alpha() for c in ax.collections] == [0.22, 0.1]
    assert not picture.stamp
    both = {"one": table, "two": simulated}
    assert sl.figures.frontiers(both).stamp == "SIMULATED"
    assert (
        sl.figures.frontiers(both, of="tokens").figure.axes[0].get_ylabel() == "training tokens D"
    )
    beyond = sl.figures.frontiers({"far": table.assign(beyond=2.0)}).figure.axes[0]
    assert drawn(beyond)[0][:2] == ("far", [1e20, 1e21, 1e22])


def test_forecasts_are_thick_to_the_last_fitted_point_and_thin_beyond():
    x = np.array([1.0, 2, 4, 8, 16])
    curve = pd.DataFrame({"x": x, "loss": 1 / x, "train": x <= 4})
    said = pd.DataFrame({"x": x[::-1], "mean": 2 / x[::-1]})
    said = said.assign(low=said["mean"] / 2, high=said["mean"] * 2)
    far = said[said["x"] > 4][["x", "mean"]]
    ax = sl.figures.forecasts(curve, {"ours": said, "far": far}, xlabel="n").figure.axes[0]
    lines = drawn(ax)
    assert lines[0] == ("ours", [1, 2, 4], [2, 1, 0.5])
    assert lines[1][1:] == ([4, 8, 16], [0.5, 0.25, 0.125])
    assert lines[3] == ("far", [8, 16], [0.25, 0.125])
    assert lines[4] == ("fitted", [1, 2, 4], [1, 0.5, 0.25])
    assert lines[5] == ("held back", [8, 16], [0.125, 0.0625])
    assert lines[6][1] == [4, 4]
    at, low, high = edges(ax.collections[0])
    assert (low * at, high * at) == (pytest.approx(1.0), pytest.approx(4.0))
    assert len(ax.collections) == 1
    bottom, top = ax.get_ylim()
    assert bottom >= 0.0625 / 4
    assert top <= 4.0
    # The band begins at the last fitted point; lines are named at their ends, dots at the border.
    assert at.min() == 4
    assert [t.get_text() for t in ax.texts] == ["fitted", "held back", "ours", "far"]
    assert ax.get_legend() is None
    told = sl.figures.forecasts(curve, {"ours": said}, xlabel="n", message="ours saw all")
    assert told.message == "Ours saw all"


def test_a_league_orders_entrants_by_their_mean_over_the_best():
    table = pd.DataFrame({"domain": ["d", "d", "e", "e"], "entrant": ["a", "b", "b", "a"]}).assign(
        mean=[0.1, 0.2, 0.1, 0.5], median=[1.0, 2.0, 3.0, 4.0]
    )
    ax = sl.figures.league(table).figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b", "a"]
    # The first row leaves room above it, for the names of its dots in the order of their errors.
    assert (ax.get_ylim(), ax.get_xscale()) == ((1.5, -2.5), "log")
    assert [(t.get_text(), t.xy) for t in ax.texts] == [("e", (0.1, 0.0)), ("d", (0.2, 0.0))]
    assert not ax.figure.legends
    assert drawn(ax) == [("d", [0.2, 0.1], [0, 1]), ("e", [0.1, 0.5], [0, 1])]
    other = sl.figures.league(table, column="median").figure.axes[0]
    assert drawn(other)[0][1] == [2.0, 1.0]
    assert other.get_xlabel().startswith("median error")
    assert repr(sl.figures.league(table)) == "Figure: lowest mean error: a (d), b (e)"
    led = sl.figures.league(table.assign(mean=[0.1, 0.2, 0.5, 0.3]))
    assert repr(led) == "Figure: a has the lowest mean error everywhere, 0.1 to 0.3"


def test_bends_are_filled_where_identified_and_cut_at_the_edge_of_the_data():
    rows = [("t", "m", 50.0, 20.0, 90.0, "identified"), ("t", "n", 5.0, 1.0, 400.0, "open on")]
    columns = ["task", "model", "bend", "bend_low", "bend_high", "where"]
    found = pd.DataFrame(rows, columns=columns).assign(first=10.0, last=100.0)
    picture = sl.figures.bends(found)
    ax = picture.figure.axes[0]
    assert [line[1:] for line in drawn(ax)] == [
        ([20, 90], [0, 0]),
        ([50], [0]),
        ([10, 100], [1, 1]),
        ([10], [1]),
        ([100], [1]),
    ]
    assert [line.get_marker() for line in ax.get_lines()] == ["None", "o", "None", "<", ">"]
    assert "1 of 2 curves show where they bend" in repr(picture)
    colours = [line.get_color() for line in ax.get_lines()]
    # What is identified has a colour of its own, and its dot is filled.
    assert colours[0] == colours[1] != colours[2] == colours[3] == colours[4]
    assert ax.get_lines()[1].get_markerfacecolor() == colours[0]
    far = found.tail(1).assign(bend=500.0, bend_low=200.0)
    assert [v[1:] for v in drawn(sl.figures.bends(far).figure.axes[0])] == [([100], [0])]
    assert (ax.get_xlim(), ax.get_ylim()) == (pytest.approx((6.25, 160)), (1.5, -0.5))


def test_errors_of_two_laws_share_their_ends():
    part = pd.DataFrame({"task": ["t", "u"], "model": "m", "old": [0.1, 0.4], "new": [0.2, 0.05]})
    ax = sl.figures.against_rival({"p": part}, rival="old", entrant="new").figure.axes[0]
    assert drawn(ax)[:2] == [("t", [0.1], [0.2]), ("u", [0.4], [0.05])]
    assert ax.get_xlim() == ax.get_ylim() == pytest.approx((0.04, 0.5))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("error of the old", "error of the new")


def test_labels_are_words_with_the_units_of_the_card():
    assert (label("params"), label("flops"), label("x")) == (
        "parameters N",
        "compute C (FLOPs)",
        "x",
    )
    attrs = {"table": "r", "card": {"tables": {"r": {"columns": {"loss": {"unit": "bits"}}}}}}
    assert (loss_label(attrs), loss_label({})) == ("loss (bits)", "loss")
