"""What figures draw: the numbers of their tables, on the axes they name, stamped if simulated."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl

SIMULATED = {"simulated": True}


def drawn(ax):
    """The lines of an axes, in order: label, x and y."""
    return [(str(v.get_label()), list(v.get_xdata()), list(v.get_ydata())) for v in ax.get_lines()]


def named(ax, label):
    (line,) = (v for v in ax.get_lines() if v.get_label() == label)
    return line


def segments(ax, k=0):
    return [s.tolist() for s in ax.collections[k].get_segments()]


def stamped(picture):
    return picture.stamp == "SIMULATED"


def made(**columns):
    return pd.DataFrame(columns)


# Clouds, levels, inversions

CLOUD = made(
    upstream_error=[0.2, 0.4, 0.6, 0.8],
    downstream_error=[0.3, 0.35, 0.6, 0.7],
    family=["f", "g", "f", "g"],
)


def test_a_cloud_draws_each_family_and_a_law_thick_and_thin():
    found = sl.fit(sl.laws.ABNAR, CLOUD, check=False)
    ax = sl.figures.cloud(CLOUD, {"law": found}, edge=CLOUD.head(2)).figure.axes[0]
    f, g, edge, thick, thin = drawn(ax)
    assert f == ("f", [0.2, 0.6], [0.3, 0.6])
    assert g == ("g", [0.4, 0.8], [0.35, 0.7])
    assert edge == ("lower hull", [0.2, 0.4], [0.3, 0.35])
    assert thick[0] == "law"
    assert (min(thick[1]), max(thick[1]), max(thin[1])) == (0.2, 0.8, 0.2)
    assert min(thin[1]) == pytest.approx(1e-4)
    for _, x, y in (thick, thin):
        want = sl.laws.ABNAR(found.params, upstream_error=np.array(x))
        assert y == pytest.approx(list(want))
    assert ax.get_xlim() == pytest.approx((0, 0.84))
    assert ax.get_ylim() == pytest.approx((0, 0.735))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("upstream error", "downstream error")
    widths = [line.get_linewidth() for line in ax.get_lines()[-2:]]
    assert widths[0] > widths[1]


@pytest.mark.parametrize("attrs", [{}, SIMULATED])
def test_only_simulated_tables_are_stamped(attrs):
    cloud = CLOUD.copy()
    cloud.attrs = attrs
    x = np.geomspace(1, 100, 8)
    curve = made(x=x, loss=1 / x, train=x < 50)
    curve.attrs = attrs
    table = made(task=["a"] * 3, loss=[3, 2, 1], score=0.5, chance=0.25, flops=[1e20, 1e21, 1e22])
    table.attrs = attrs
    tally = made(share=[0.1], tasks=[3], families=[2], right=[0.5], right_low=[0.2])
    tally = tally.assign(right_high=0.8, right_so_far=0.4, right_usual=0.3, guess=0.5, chance=0.6)
    tally.attrs = attrs
    tried = made(x=[2.0], low=[1.0], high=[3.0], truth=[2.0], refused=[""])
    tried.attrs = attrs
    runs = made(params=[1e8, 1e9, 1e10], tokens=[1e9, 1e10, 1e11], loss=[3.0, 2.5, 2.0])
    runs.attrs = attrs
    kinds = made(task=["a"], kind=["monotone"])
    for picture in (
        sl.figures.cloud(cloud),
        sl.figures.forecasts(curve, {"line": curve.rename(columns={"loss": "mean"})}, xlabel="x"),
        sl.figures.trends(table, kinds),
        sl.figures.metrics(table, {"score": "one", "loss": "two"}),
        sl.figures.choices(tally),
        sl.figures.trials(tried),
        sl.figures.runs(runs),
        sl.figures.both_axes(runs, x="tokens"),
        sl.figures.lines([1, 2], {"a": [1, 2]}, xlabel="x", ylabel="y", simulated=bool(attrs)),
        sl.figures.intervals(
            {"a": sl.Interval(estimate=1, low=0, high=2, level=0.9, kind="k")},
            simulated=bool(attrs),
        ),
    ):
        assert stamped(picture) is bool(attrs), picture
        assert repr(picture).startswith("Figure: simulated runs: ") is bool(attrs)


def test_levels_are_sorted_and_refused_ones_point_at_their_upper_end():
    table = made(
        task=["a", "b", "c", "d"],
        value=[0.3, np.nan, 0.1, np.nan],
        low=[0.2, 0.0, 0.05, np.nan],
        high=[0.5, 0.4, 0.15, np.nan],
        other=[0.6, 0.7, 0.8, 0.9],
    )
    picture = sl.figures.levels(table, marks={"other": "measured"})
    ax = picture.figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b", "c", "a"]
    level, most, mark = drawn(ax)
    assert level == ("floor, interval", [0.1, 0.3], [1, 2])
    assert most == ("at most", [0.4], [0])
    assert mark == ("measured", [0.7, 0.8, 0.6], [0, 1, 2])
    assert segments(ax, 0) == [[[0.05, 1], [0.15, 1]], [[0.2, 2], [0.5, 2]]]
    assert segments(ax, 1) == [[[0, 0], [0.4, 0]]]
    assert (ax.get_ylim(), ax.get_xlim()[0]) == ((-0.7, 2.7), 0)
    assert "2 of 3 have a floor whose interval excludes zero; 1 with a bound only" in repr(picture)
    doubt = sl.figures.levels(table.assign(doubtful=[True, False, False, False]))
    assert drawn(doubt.figure.axes[0])[:2] == [
        ("floor, interval", [0.1], [1]),
        ("doubtful floor", [0.3], [2]),
    ]
    assert "zero, 1 of them doubtful" in repr(doubt)
    sure = sl.figures.levels(table.iloc[[0, 2]].rename(columns={"task": "t"}), by="t")
    assert [v[0] for v in drawn(sure.figure.axes[0])] == ["floor, interval"]


def test_inversions_stand_in_the_order_of_disagreement():
    table = made(a=["p", "p", "q_1"], b=["q_1", "r", "r"], share=[0.5, 0.1, 0.3])
    for first, names, shares in (
        ("p", ["r", "q 1"], [0.1, 0.5]),
        ("r", ["p", "q 1"], [0.1, 0.3]),
    ):
        picture = sl.figures.inversions(table, first=first)
        ax = picture.figure.axes[0]
        assert [t.get_text() for t in ax.get_yticklabels()] == names
        assert next(v[1:] for v in drawn(ax)) == (shares, [0, 1])
        assert segments(ax, 0) == [[[0, k], [share, k]] for k, share in enumerate(shares)]
        assert ax.get_xlabel() == f"pairs of models ranked differently from {first}"
    assert "1 of 2 tasks rank at most one pair of models in ten differently from r" in repr(picture)
    assert "0 rank more than three in ten" in repr(picture)


# Choices, trials and needs


def test_choices_draw_each_way_with_the_interval_of_ours():
    table = made(
        share=[0.1, 0.5, 0.9],
        tasks=[3, 4, 0],
        families=[2, 2, 0],
        right=[0.5, 0.75, np.nan],
        right_low=[0.2, 0.4, np.nan],
        right_high=[0.8, 0.9, np.nan],
        right_so_far=[0.4, 0.6, np.nan],
        right_usual=[0.3, 0.2, np.nan],
        guess=[0.5, 0.45, np.nan],
        chance=[0.6, 0.8, np.nan],
    )
    ax = sl.figures.choices(table).figure.axes[0]
    lines = {label: (x, y) for label, x, y in drawn(ax)}
    assert lines["forecast"] == ([-0.12, 0.88], [0.5, 0.75])
    assert lines["best so far"] == ([0.0, 1.0], [0.4, 0.6])
    assert lines["usual model"] == ([0.12, 1.12], [0.3, 0.2])
    assert lines["guess"] == ([0, 1], [0.5, 0.45])
    assert lines["forecast's own chance"][1] == [0.6, 0.8]
    assert segments(ax) == [[[-0.12, 0.2], [-0.12, 0.8]], [[0.88, 0.4], [0.88, 0.9]]]
    words = [t.get_text() for t in ax.get_xticklabels()]
    assert words == ["10%\n3 tasks", "50%\n4 tasks"]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 1.5), (0, 1.05))


def test_trials_draw_answers_over_truth_in_order_and_refusals_behind():
    table = made(
        x=[4.0, 1.0, 9.0, np.inf, np.nan],
        low=[2.0, 0.5, 6.0, 3.0, np.nan],
        high=[8.0, 2.0, 12.0, np.inf, np.nan],
        truth=[2.0, 1.0, 6.0, 6.0, 1.0],
        refused=["", "", "", "far", "few"],
    )
    picture = sl.figures.trials(table)
    ax = picture.figure.axes[0]
    answers, refused, truth = drawn(ax)
    assert answers == ("answer and interval", [1, 2, 3], [1.0, 1.5, 2.0])
    assert refused == ("refused: at least", [4], [0.5])
    assert truth[0] == "truth"
    assert truth[2] == [1.0, 1.0]
    assert segments(ax) == [[[1, 0.5], [1, 2]], [[2, 1], [2, 2]], [[3, 1], [3, 4]]]
    assert "3 of 3 intervals contain the truth; 1 of 1 refusals name a true bound" in repr(picture)
    assert ax.get_yscale() == "log"
    ticks = ax.get_yticks()
    assert (ticks.min(), ticks.max()) == (0.5, 3.0)


def test_a_need_is_drawn_from_a_twentieth_of_the_data_to_its_upper_end():
    x = np.geomspace(1e3, 1e6, 31)
    loss = 0.2 + 5 * (x / 1e3) ** -0.3
    found = sl.curves.planning.needed(x, loss, target=float(0.2 + 5 * 1300**-0.3))
    later = made(x=[1.5e6, 2e6], loss=[0.75, 0.7])
    ax = sl.figures.needed(found, later=later, xlabel="images", ylabel="error").figure.axes[0]
    start = min(1e6 / 20, found.low / 2)
    assert named(ax, "observed").get_xdata().min() == x[x >= start].min()
    band = found.band
    fitted, beyond = (named(ax, k) for k in ("fitted", "extrapolated"))
    assert fitted.get_xdata().min() == band["x"][band["x"] >= start].min()
    assert fitted.get_xdata().max() == pytest.approx(1e6)
    assert beyond.get_xdata().min() == pytest.approx(1e6)
    reach = max(min(found.high, max(3e6, 1.5 * found.low), band["x"].iloc[-1]), 2e6)
    assert beyond.get_xdata().max() == band["x"][band["x"] <= 1.1 * reach].max()
    part = band[band["x"].between(start, 1e6)]
    assert list(fitted.get_ydata()) == part["mean"].tolist()
    interval = named(ax, "90% interval of what it needs")
    assert list(interval.get_xdata()) == [found.low, found.high]
    assert list(interval.get_ydata()) == [found.target] * 2
    assert [v[1:] for v in drawn(ax)][-1] == ([found.x], [found.target])
    assert named(ax, "target").get_ydata()[0] == found.target
    assert named(ax, "observed later, not seen").get_xdata().tolist() == [1.5e6, 2e6]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("images", "error")
    assert (fitted.get_linestyle(), beyond.get_linestyle()) == ("-", "--")
    # What is extrapolated is fainter.
    assert [c.get_alpha() for c in ax.collections] == [0.18, 0.09]
    for none in (None, later.head(0)):
        lines = drawn(sl.figures.needed(found, later=none).figure.axes[0])
        assert "observed later, not seen" not in [label for label, _, _ in lines]
