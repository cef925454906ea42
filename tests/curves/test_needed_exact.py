"""What a target needs, read off the forecast's own band, and what trials say of it, by hand."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.curves.forecast import KNOTS
from scalinglaws.curves.planning import summary
from scalinglaws.curves.planning.measured import curves_of, level_at, up_to, xy
from scalinglaws.notebook import Refusal, ask

X = np.geomspace(1e3, 1e6, 16)


def law(x):
    return 0.2 + 5 * (np.asarray(x) / 1e3) ** -0.3


def noisy(seed=0):
    return law(X) * np.exp(0.01 * np.random.default_rng(seed).exponential(size=len(X)))


def crossings(x, y, goal):
    """All x at which a line through the points in logs comes down to the goal."""
    s, v = np.log(x), np.log(y) - np.log(goal)
    down = np.flatnonzero((v[:-1] > 0) & (v[1:] <= 0))
    return [float(np.exp(s[k] + v[k] / (v[k] - v[k + 1]) * (s[k + 1] - s[k]))) for k in down]


@pytest.mark.parametrize("level", [0.9, 0.5])
@pytest.mark.parametrize("target", [0.86, float(law(1.4e6))])
def test_the_ends_are_where_the_edges_of_the_band_meet_the_target(level, target):
    found = sl.curves.planning.needed(X, noisy(), target=target, level=level, furthest=8)
    at = np.r_[np.geomspace(1e3, 1e6, KNOTS), np.geomspace(1e6, 8e6, KNOTS)[1:]]
    inner = sl.forecast(X, noisy(), at=at[:KNOTS], level=level)
    outer = sl.forecast(X, noisy(), at=at[KNOTS - 1 :], level=level)
    band = pd.concat([inner, outer.iloc[1:]], ignore_index=True)
    pd.testing.assert_frame_equal(found.band, band)
    meets = {c: crossings(band["x"], band[c].to_numpy(), target) for c in ("low", "mean", "high")}
    # The same two points and the same line: rounding only.
    assert found.x == pytest.approx(meets["mean"][0], rel=1e-9)
    # Without a crossing of the upper edge, the end is the square of the mean's multiple.
    assert found.upper == ("band" if meets["high"] else "hold-out")
    high = meets["high"][0] if meets["high"] else 1e6 * (found.x / 1e6) ** 2
    assert found.high == pytest.approx(high, rel=1e-9)
    before = [x for x in meets["low"] if x < found.x]
    assert found.low == pytest.approx(before[-1] if before else X[0], rel=1e-9)
    assert (found.target, found.level, found.last) == (target, level, 1e6)
    assert found.beyond == found.x / 1e6
    assert found.extrapolated is (found.x > 1e6)


def test_a_lower_edge_that_is_below_the_target_from_the_start_ends_at_the_first_point():
    first = sl.forecast(X, noisy(), at=[X[0]])
    target = 0.999 * float(first["mean"][0])
    assert first["low"][0] < target
    assert sl.curves.planning.needed(X, noisy(), target=target).low == pytest.approx(X[0], rel=1e-9)


def made(**options):
    given = {"target": 0.5, "x": 2e6, "low": 1.5e6, "high": 3e6, "level": 0.8, "last": 1e6}
    empty = pd.DataFrame({"x": [], "loss": []})
    return sl.curves.planning.Needed(**{**given, "curve": empty, "band": empty, **options})


def test_the_edge_of_what_was_measured_is_no_extrapolation():
    assert not made(x=1e6).extrapolated
    assert made(x=1e6 * (1 + 1e-12)).extrapolated
    assert made().beyond == 2.0


def test_the_interval_holds_its_ends_and_nothing_beyond():
    found = made()
    assert [x in found for x in (1.5e6, 3e6, 2e6)] == [True] * 3
    assert [x in found for x in (1.49e6, 3.01e6)] == [False] * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {},
            "a loss of 0.5 needs 2M (1.5M to 3M, 80% interval), extrapolated to 2 times the "
            "largest x measured",
        ),
        (
            {"x": 5e5, "unit": "images"},
            "a loss of 0.5 needs 500k images (1.5M to 3M, 80% interval), interpolated: it lies "
            "within the points",
        ),
        ({"low": 0.0, "unit": "images"}, "a loss of 0.5 needs at most 3M images"),
        ({"x": np.inf, "high": np.inf}, "a loss of 0.5 needs at least 1.5M"),
        (
            {"high": np.inf, "unit": "<b>"},
            "a loss of 0.5 needs at least 1.5M <b>, and 2M by the mean of the forecast "
            "(extrapolated to 2 times the largest x measured)",
        ),
    ],
)
def test_an_answer_in_words(options, words):
    assert repr(made(**options)) == words
    html = made(**options)._repr_html_()
    assert html == f'<div class="sl-fit"><p>{words}</p></div>'.replace("<b>", "&lt;b&gt;")


def test_the_points_come_back_in_order_as_numbers():
    order = np.random.default_rng(1).permutation(len(X))
    found = sl.curves.planning.needed(
        list(X[order]), list(noisy()[order]), target=0.9, unit="images"
    )
    assert found.curve["x"].tolist() == X.tolist()
    assert found.curve["loss"].tolist() == noisy().tolist()
    assert found.unit == "images"
    plain = sl.curves.planning.needed(X, noisy(), target=0.9, level=0.9, furthest=10.0)
    assert (found.x, found.low, found.high) == (plain.x, plain.low, plain.high)
    assert found.band["x"].iloc[-1] == pytest.approx(1e7)


def test_each_refusal_carries_what_can_still_be_said():
    with pytest.raises(sl.Unidentifiable, match="forecast does not reach a loss of") as c:
        sl.curves.planning.needed(X, noisy(), target=0.1, furthest=4)
    partial = c.value.partial
    assert (partial.x, partial.high) == (np.inf, np.inf)
    assert partial.low == 4e6
    assert c.value.insist.startswith("give furthest=12;")
    assert f"at the end it is {partial.band['mean'].iloc[-1]:.4g}. At least 4M" in c.value.reason
    with pytest.raises(sl.Unidentifiable, match="starts at or below the target of 9") as c:
        sl.curves.planning.needed(X, noisy(), target=9.0)
    assert (c.value.partial.low, c.value.partial.high) == (0.0, 1e3)
    target = float(sl.forecast(X, noisy(), at=[3.9e6])["mean"][0])
    # Hold-outs tell a one-sided 95%, so nothing at a level above 90%.
    with pytest.raises(sl.Unidentifiable, match="upper edge of its 95% interval does not") as c:
        sl.curves.planning.needed(X, noisy(), target=target, furthest=4, level=0.95)
    assert c.value.partial.x == pytest.approx(3.9e6, rel=0.01)
    assert c.value.partial.high == np.inf
    assert c.value.partial.low < c.value.partial.x
    assert sl.curves.planning.needed(X, noisy(), target=0.9, furthest=1.01).x < 1e6
    for options in ({"target": 0}, {"target": -1}, {"target": 1, "furthest": 1}):
        with pytest.raises(sl.BadParameters, match=r"found (0|-1|1)$"):
            sl.curves.planning.needed(X, noisy(), **options)


# What a curve itself says


def part(x, loss):
    return pd.DataFrame({"x": np.asarray(x, float), "loss": np.asarray(loss, float)})


def test_a_level_is_a_line_through_the_points_within_a_factor():
    x = np.array([50, 90, 100, 115, 200.0])
    loss = np.array([9.0, 4.0, 3.0, 2.6, 1.0])
    near = slice(1, 4)
    slope, height = np.polyfit(np.log(x[near]), np.log(loss[near]), 1)
    want = height + slope * np.log(104.0)
    # The same line by another centre: rounding.
    assert level_at(part(x, loss), 104.0) == pytest.approx(want, rel=1e-9)
    # No further than they reach: past 115 it is the line's value at 115.
    x, loss = np.array([100, 110, 115.0]), np.array([3.0, 2.9, 2.6])
    slope, height = np.polyfit(np.log(x), np.log(loss), 1)
    far = level_at(part([*x, 400], [*loss, 1]), 117.0)
    assert far == pytest.approx(height + slope * np.log(115.0), rel=1e-9)


def test_points_just_within_the_factor_count_and_just_outside_do_not():
    exact = part([100 / 1.2, 100, 100 * 1.2], [4.0, 1.0, 2.0])
    # The line through all three is flat but for its ends: its mean is that of the logs.
    assert level_at(exact, 100.0) == pytest.approx(np.log([4, 1, 2]).mean(), rel=1e-9)
    wide = part([100 / 1.2001, 100, 100 * 1.2], [4.0, 1.0, 2.0])
    assert level_at(wide, 100.0) == 0.0
    two = part([50, 200], [4.0, 1.0])
    assert level_at(two, 100.0) == pytest.approx(np.log(2.0), rel=1e-12)
    doubled = part([100, 100, 100, 200], [1.0, 4.0, 2.0, 9.0])
    # Three measurements of one x are one point: with fewer than three it is read between them.
    assert level_at(doubled, 100.0) == pytest.approx(np.log(2.0), rel=1e-12)


def test_curves_are_told_apart_and_cut_where_they_are_said_to_be():
    rows = part([3, 1, 2, 2], [1, 3, 2.5, 2]).assign(task="t", model=["m"] * 4)
    table = pd.concat([rows, rows.assign(model="n"), rows.assign(domain="d")])
    table["domain"] = table["domain"].fillna("e")
    told = curves_of(table)
    assert set(told) == {("d", "t"), ("e", "t")}
    assert set(told["e", "t"]) == {"m", "n"}
    one = told["e", "t"]["m"]
    assert [v.tolist() for v in xy(one)] == [[1, 2, 2, 3], [3, 2, 2.5, 1]]
    assert len(up_to(one, 2.0)) == len(up_to(one, 2.0 * (1 - 1e-12))) == 3
    assert len(up_to(one, 2.0 * (1 - 1e-6))) == 1


# Trials


def table(models=("m", "n")):
    x = np.geomspace(1e3, 2e6, 34)
    rows = []
    for k, model in enumerate(models):
        scatter = np.exp(0.005 * np.random.default_rng(k).exponential(size=34))
        rows.append(part(x, law(x) * (1 + k) * scatter).assign(task="t", model=model))
    return pd.concat(rows, ignore_index=True).assign(train=lambda t: t["x"] <= 1e6)


@pytest.mark.parametrize("share", [None, 0.3])
def test_a_trial_asks_what_needed_says_of_what_is_seen(share):
    tried = sl.curves.planning.trials(table(), share=share, ahead=1.4, level=0.8, furthest=6)
    assert tried["model"].tolist() == ["m", "n"]
    for (_, rows), row in zip(table().groupby("model"), tried.to_dict("records"), strict=True):
        seen = rows[rows["train"]] if share is None else rows[rows["x"] <= 0.3 * 2e6]
        later = rows[rows["x"] > seen["x"].max()]
        assert row["truth"] == pytest.approx(1.4 * seen["x"].max(), rel=1e-12)
        target = level_at(pd.concat([seen.tail(1), later]), row["truth"])
        assert row["target"] == pytest.approx(np.exp(target), rel=1e-12)
        options = {"target": row["target"], "level": 0.8, "furthest": 6}
        found = ask(sl.curves.planning.needed, seen["x"], seen["loss"], **options)
        refused = isinstance(found, Refusal)
        partial = found.error.partial if refused else found
        assert [row[k] for k in ("x", "low", "high")] == [partial.x, partial.low, partial.high]
        assert row["refused"] == (found.error.reason if refused else "")
        assert row["held"] == (None if refused else row["truth"] in partial)
        assert row["points"] == len(seen)
        usual = sl.fit(sl.laws.power_law("x"), seen, objective=sl.LSQ_LOG, check=False).params
        want = ((row["target"] - usual["E"]) / usual["k"]) ** (-1 / usual["c"])
        assert row["power_law"] == pytest.approx(want, rel=1e-6)
    assert tried.attrs == {"level": 0.8, "simulated": False}


def test_what_comes_after_the_truth_changes_no_answer():
    one = table(("m",))
    far = one["x"] > 1.9e6
    moved = one.assign(loss=one["loss"].where(~far, 0.01))
    pd.testing.assert_frame_equal(
        sl.curves.planning.trials(one, ahead=1.2), sl.curves.planning.trials(moved, ahead=1.2)
    )
    one.attrs["simulated"] = True
    assert sl.curves.planning.trials(one).attrs == {"level": 0.9, "simulated": True}


def test_a_truth_at_the_very_last_point_counts_and_one_beyond_it_does_not():
    one = table(("m",)).drop(columns="train")
    last = one["x"].iloc[-1]
    share = float(one["x"].iloc[-4] / last)
    assert len(sl.curves.planning.trials(one, share=share, ahead=float(1 / share))) == 1
    with pytest.raises(sl.Unidentifiable, match=r"no curve was measured 1\."):
        sl.curves.planning.trials(one, share=share, ahead=1.001 / share)


def test_a_summary_counts_what_its_columns_say():
    tried = pd.DataFrame(
        {
            "task": ["a", "a", "a", "b"],
            "truth": [1.0, 2.0, 4.0, 10.0],
            "x": [2.0, 2.0, 1.0, np.inf],
            "low": [0.5, 1.0, 4.0, 0.0],
            "power_law": [1.0, 8.0, 4.0, 10.0],
            "held": [True, False, None, None],
            "refused": ["", "", "far", "far"],
        }
    )
    (told,) = summary(tried).to_dict("records")
    assert (told["curves"], told["answered"], told["held"]) == (4, 2, 0.5)
    assert "task" not in told
    # Factors 2 and 1 of the answered, in logs halfway: sqrt 2; of all 2, 1, 4, inf: sqrt 8.
    assert told["factor"] == pytest.approx(2**0.5)
    assert told["factor_all"] == pytest.approx(8**0.5)
    assert told["factor_power_law"] == pytest.approx(2.0)
    assert told["factor_power_law_all"] == pytest.approx(1.0)
    assert (told["ratio"], told["ratio_all"]) == (1.5, 1.5)
    # Of two refusals one has a lower end above zero, and it is right on the truth.
    assert (told["least"], told["least_ratio"]) == (1.0, 1.0)
    by = summary(tried, by="task")
    assert by["task"].tolist() == ["a", "b"]
    assert by["curves"].tolist() == [3, 1]
    late = summary(tried.assign(low=[0.5, 1.0, 4.1, 0.0]))
    assert late["least"].tolist() == [0.0]
