"""Figures of ladders, transfer, coverage and runs against the numbers behind them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import scalinglaws as sl
from scalinglaws.figures._transfer import _name_bend
from scalinglaws.laws import LOSS_TO_ERROR, TRANSFER


def drawn(ax):
    return [(str(v.get_label()), list(v.get_xdata()), list(v.get_ydata())) for v in ax.get_lines()]


def ends(ax, k=0):
    return [s.tolist() for s in ax.collections[k].get_segments()]


def test_ladders_draw_each_target_with_its_interval_beside_the_measured_score():
    told = pd.DataFrame(
        {
            "task": ["a", "a", "b", "b"],
            "run": ["7B", "13B"] * 2,
            "score": [0.5, 0.6, 0.7, np.nan],
            "score_low": [0.4, 0.5, 0.6, np.nan],
            "score_high": [0.65, 0.7, 0.8, np.nan],
            "measured": [0.45, 0.8, 0.5, 0.9],
            "refused": ["", "", "", "few"],
        }
    )
    ax = sl.figures.ladders(told, titles={"b": "Task B"}).figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "Task B"]
    lines = drawn(ax)
    assert lines[0] == ("7B, predicted", [0.5, 0.7], pytest.approx([-0.15, 0.85]))
    assert lines[1] == ("measured", [0.45, 0.5], pytest.approx([-0.15, 0.85]))
    assert lines[2] == ("13B, predicted", [0.6], pytest.approx([0.15]))
    assert np.array(ends(ax)) == pytest.approx(
        np.array([[[0.4, -0.15], [0.65, -0.15]], [[0.6, 0.85], [0.8, 0.85]]])
    )
    assert ax.get_ylim() == (1.6, -0.6)


def test_ways_have_a_row_a_task_and_their_mean_last():
    errors = pd.DataFrame({"x": [0.1, 0.3], "y": [0.2, 0.5]}, index=["a", "b"])
    ax = sl.figures.ways(errors, titles={"a": "Task A"}).figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Task A", "b", "mean"]
    one, two, line = drawn(ax)
    assert one == ("x", pytest.approx([0.1, 0.3, 0.2]), pytest.approx([-0.055, 0.945, 1.945]))
    assert two == ("y", pytest.approx([0.2, 0.5, 0.35]), pytest.approx([0.055, 1.055, 2.055]))
    assert line[2] == [1.5, 1.5]
    assert ax.get_xlim()[0] == 0


def test_trends_metrics_and_powers_draw_their_own_rows():
    table = pd.DataFrame(
        {"task": ["a_x"] * 2 + ["b"] * 2, "loss": [3.0, 2, 5, 4], "score": [0.1, 0.2, 0.3, 0.4]}
    ).assign(chance=[0.25, 0.25, 0.5, 0.5])
    kinds = pd.DataFrame({"task": ["b", "a_x"], "kind": ["inverse", "monotone"]})
    axes = sl.figures.trends(table, kinds).figure.axes
    assert len(axes) == 2
    assert [drawn(ax)[0][1:] for ax in axes] == [([5, 4], [0.3, 0.4]), ([3, 2], [0.1, 0.2])]
    assert [drawn(ax)[1][2] for ax in axes] == [[0.5, 0.5], [0.25, 0.25]]
    assert axes[0].get_ylabel() == "score"
    assert axes[1].get_title() == "monotone\na x"
    assert all(ax.xaxis_inverted() for ax in axes)
    flat = pd.DataFrame({"params": [1e8, 1e9, np.nan], "p": [1.0, 2.0, 3.0], "q": [4.0, 5.0, 6.0]})
    picture = sl.figures.metrics(flat, {"p": "P", "q": "Q"}, over="params", xlabel="size")
    assert [drawn(ax)[0][1:] for ax in picture.figure.axes] == [
        ([1e8, 1e9], [1.0, 2.0]),
        ([1e8, 1e9], [4.0, 5.0]),
    ]
    assert [ax.get_xlabel() for ax in picture.figure.axes] == ["size"] * 2
    powers = sl.figures.powers([1e8, 1e9], {"one": [0.1, 0.2], "two": [0.3, 0.4]})
    assert drawn(powers.figure.axes[0]) == [
        ("one", [1e8, 1e9], [0.1, 0.2]),
        ("two", [1e8, 1e9], [0.3, 0.4]),
    ]
    assert powers.figure.axes[0].get_xscale() == "log"
    assert powers.stamp == "SIMULATED"


def test_a_chain_draws_law_runs_and_targets():
    law = {"eps": 0.86, "k": 2.1, "gamma": 0.71}
    fitted = pd.DataFrame({"loss": [2.5, 3.0, 4.0], "error": [0.5, 0.6, 0.7]})
    others = pd.DataFrame({"loss": [2.8], "error": [0.65]})
    told = pd.DataFrame({"name": ["p"], "loss": [2.2], "error": [0.41], "predicted_loss": [2.1]})
    told = told.assign(predicted_error=0.4)
    told.attrs = {"fits": {"error": law}}
    ax = sl.figures.chained(told, fitted, others).figure.axes[0]
    lines = {label: (x, y) for label, x, y in drawn(ax)}
    assert lines["not used"] == ([2.8], [0.65])
    assert lines["fitted"] == ([2.5, 3.0, 4.0], [0.5, 0.6, 0.7])
    assert lines["p, measured"] == ([2.2], [0.41])
    assert lines["predicted"] == ([2.1], [0.4])
    inner = ax.child_axes[0]
    assert inner.get_xlim() == pytest.approx((2.08, 2.22))
    assert inner.get_ylim() == pytest.approx((0.394, 0.416))
    assert {one[1:] == ([2.1], [0.4]) for one in drawn(inner)} == {True, False}
    for name, left, right in (("fitted range", 2.5, 4.0), ("extrapolated", 2.05, 2.5)):
        x, y = lines[name]
        assert (x[0], x[-1]) == (pytest.approx(left), pytest.approx(right))
        assert y == pytest.approx(list(LOSS_TO_ERROR(law, loss=np.array(x))))


def test_transfer_draws_the_multiplier_thick_where_the_law_holds():
    values = {"k": 1.9e4, "alpha": 0.18, "beta": 0.38}
    own = np.geomspace(1e5, 1e9, 9)
    picture = sl.figures.worth({"c": values}, [1e6, 1e7], own, low_data=[1e6, 1e8])
    ax = picture.figure.axes[0]
    thin, thick, even = drawn(ax)[:3]
    gain = 1 + TRANSFER(values, finetuning=own, params=1e6) / own
    assert thin[1:] == (list(own), pytest.approx(list(gain)))
    assert thick[0] == "1M"
    assert thick[1] == list(own[own <= 1e6])
    assert thick[2] == pytest.approx(list(gain[own <= 1e6]))
    # As much transferred as there is: D = k D^alpha N^beta.
    (at,) = even[1]
    assert TRANSFER(values, finetuning=np.array([at]), params=1e6)[0] == pytest.approx(at)
    assert even[2] == [2.0]
    labels = [one[0] for one in drawn(ax)]
    assert "10M" in labels
    assert [t.get_text() for t in ax.texts] == ["1M", "N = 10M"]
    assert ax.get_xlim()[0] < own[0]
    assert ax.get_ylim()[0] == 0.7
    assert picture.stamp == "published constants, not fitted"
    whole = sl.figures.worth({"c": values, "d": values}, [1e6], own)
    assert drawn(whole.figure.axes[0])[1][1] == list(own)
    assert len(whole.figure.axes) == 2


def test_fine_tuning_curves_carry_their_own_laws_and_bends():
    law = sl.laws.power_law("x")
    table = pd.DataFrame(
        {"task": ["t"] * 3 + ["u"] * 3, "model": "org/m", "x": [4.0, 1.0, 2.0] * 2}
    )
    table["loss"] = [1.0, 3.0, 2.0, 5.0, 7.0, 6.0]
    params = [{"E": 0.1, "k": 2.0, "c": 0.5}, {"E": 0.2, "k": 3.0, "c": 0.4}]
    fitted = pd.DataFrame({"task": ["t", "u"], "model": "org/m", "law": "p", "params": params})
    found = pd.DataFrame({"task": ["u", "t"], "model": "org/m"})
    found = found.assign(bend_low=[1.5, 0.1], bend_high=[3.0, 9.0])
    curves = [("t", "org/m"), ("u", "org/m")]
    axes = sl.figures.finetuning(
        table, fitted, {"p": law}, curves, found=found, unit="n"
    ).figure.axes
    for ax, y, p, span in zip(
        axes, ([3, 2, 1], [7, 6, 5]), params, ([1, 4], [1.5, 3.0]), strict=True
    ):
        dots, line = drawn(ax)
        assert dots == ("measured", [1, 2, 4], y)
        assert line[0] == "p"
        assert line[2] == pytest.approx(list(law(p, x=np.array(line[1]))))
        box = ax.patches[0]
        assert [box.get_x(), box.get_x() + box.get_width()] == pytest.approx(span)
        assert ax.get_xlabel() == "n"
    assert [ax.get_title() for ax in axes] == ["t: m", "u: m"]
    # In the middle of what is seen of the interval, sqrt(1 x 4) and sqrt(1.5 x 3).
    for ax, middle in zip(axes, (2.0, 4.5**0.5), strict=True):
        (word,) = [t for t in ax.texts if "bend" in t.get_text()]
        assert (word.get_text(), word.get_position()[0]) == ("bend", pytest.approx(middle))
    assert [ax.get_ylabel() for ax in axes] == ["loss", ""]


@pytest.mark.parametrize(
    ("ends", "words", "share", "side"),
    [
        ((1.0, 1.2), "bend", 0.12, "center"),  # never nearer to the left end than this
        ((60.0, 100.0), "bend", 0.88, "center"),
        ((1.0, 1.0), "no bend here", 0.0, "left"),
        ((100.0, 100.0), "no bend here", 1.0, "right"),
    ],
)
def test_the_word_at_a_bend_stays_off_the_axes(ends, words, share, side):
    ax = Figure().subplots()
    _name_bend(ax, np.array(ends), np.geomspace(1.0, 100.0, 5))
    (word,) = ax.texts
    assert (word.get_text(), word.get_ha()) == (words, side)
    assert word.get_position()[0] == pytest.approx(100.0**share)


def test_coverage_draws_the_median_over_quantities_by_kind():
    rows = [("l", "d", "huber", "case", "a", 0.9), ("l", "d", "huber", "case", "b", 0.8)]
    rows += [("l", "d", "huber", "case", "c", 0.3), ("l", "e", "huber", "profile", "a", 0.95)]
    table = pd.DataFrame(
        rows, columns=["law", "design", "objective", "kind", "quantity", "coverage"]
    )
    picture = sl.figures.coverage(table)
    (ax,) = picture.figure.axes
    lines = drawn(ax)
    assert lines[0][1] == [0.9, 0.9]
    # Designs stand from e to d, a little apart: the profile is the fourth kind, case the first.
    assert lines[1] == ("e", [0.95], pytest.approx([3 - 0.08]))
    assert lines[2] == ("d", [0.8], pytest.approx([0.08]))
    assert ax.get_title() == "Huber 1e-3"
    assert ax.get_xlim() == pytest.approx((0.5, 1.005))
    assert picture.stamp == "SIMULATED"


def test_defaults_say_the_range_over_quantities_and_draw_what_to_stake():
    rows = [("right", "default", "E", 0.86), ("right", "default", "a", 0.97)]
    rows += [("right", "row by row", "E", 0.42), ("right", "row by row", "a", 0.80)]
    rows += [("wrong", k, "loss", c) for k, c in (("default", 0.05), ("row by row", 0.07))]
    far = [(d, "default", "loss, to stake", c) for d, c in (("right", 0.99), ("wrong", 0.93))]
    columns = ["design", "kind", "quantity", "coverage"]
    picture = sl.figures.defaults(pd.DataFrame(rows + far, columns=columns))
    assert "cover a truth 86% to 97% of the time; row by row as little as 42%" in repr(picture)
    assert picture.stamp == "SIMULATED"
    (ax,) = picture.figure.axes
    dots = {name: y for name, y, _ in drawn(ax)[1:]}
    assert dots["default"] == pytest.approx([0.915, 0.05])
    assert dots["default, to stake"] == [0.99, 0.93]
    alone = sl.figures.defaults(pd.DataFrame(rows, columns=columns))
    assert [name for name, *_ in drawn(alone.figure.axes[0])[1:]] == ["row by row", "default"]


def test_runs_are_dots_with_lines_of_equal_compute_and_rings():
    table = pd.DataFrame({"params": [1e8, 1e9], "tokens": [1e9, 1e10], "loss": [3.0, 2.5]})
    table = table.assign(outlier=[False, True])
    ax = sl.figures.runs(table).figure.axes[0]
    for _, x, y in drawn(ax):
        power = np.log10(6 * np.array(x) * np.array(y))
        assert power == pytest.approx(np.round(power))
        assert x == [1e8, 1e9]
    assert [round(np.log10(6 * x[0] * y[0])) for _, x, y in drawn(ax)] == [17, 18, 19, 20]
    dots, rings = ax.collections[:2]
    assert dots.get_offsets().tolist() == [[1e8, 1e9], [1e9, 1e10]]
    assert list(dots.get_array()) == [3.0, 2.5]
    assert rings.get_offsets().tolist() == [[1e9, 1e10]]
    assert rings.get_label() == "flagged as outliers (1)"
    assert ax.get_ylim() == pytest.approx((1e9 / 1.5, 1.5e10))
    assert len(sl.figures.runs(table.assign(outlier=False)).figure.axes[0].collections) == 1
    left, right = sl.figures.both_axes(table, x="tokens").figure.axes
    assert drawn(left)[0][1:] == drawn(right)[0][1:] == ([1e9, 1e10], [3.0, 2.5])
    assert (left.get_xscale(), right.get_xscale(), right.get_yscale()) == ("linear", "log", "log")


def test_profiles_and_envelopes_draw_their_frontiers():
    frontier = sl.compute.isoflop.frontier(sl.load("isoflops/llama3"), n=20)
    picture = sl.figures.isoflop(frontier)
    assert picture.says.endswith(f"grows as C^{frontier.exponent().estimate:.2f}")
    ax = picture.figure.axes[0]
    used = frontier.table[frontier.table["used"]]
    (minimum,) = (one for one in drawn(ax) if one[0] == "minimum")
    assert minimum[1:] == (used["params"].tolist(), used["loss"].tolist())
    budgets = sl.compute.isoflop.budgets(frontier.runs).to_numpy()
    flops, part = next(iter(frontier.runs.groupby(budgets)))
    first, curve = drawn(ax)[:2]
    assert first[1:] == (part["params"].tolist(), part["loss"].tolist())
    assert first[0] == f"{flops:.0e} FLOPs".replace("e+", "e")
    assert (min(curve[1]), max(curve[1])) == pytest.approx((min(first[1]), max(first[1])))
    losses = frontier.runs["loss"]
    assert ax.get_ylim() == pytest.approx((0.98 * losses.min(), 1.02 * losses.quantile(0.97)))
    sizes = frontier.runs.groupby(budgets)["params"].nunique()
    dots = [one for one in drawn(ax) if one[0].endswith("FLOPs")]
    assert len(dots) == (sizes >= sl.compute.isoflop.MIN_SIZES).sum()
