"""The arena: what an entrant sees, how it is scored, and the published table."""

import gc
import sys

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.curves.arena import ENTRANTS, OURS, cut, frame, league, play, versus, wins


def curves(n=3, points=12, later=3):
    x = np.geomspace(10, 1e4, points + later)
    parts = [
        pd.DataFrame(
            {
                "task": f"task {i}",
                "model": "small",
                "x": x,
                "loss": 0.1 + (i + 2.0) * x**-0.4,
                "train": np.arange(len(x)) < points,
            }
        )
        for i in range(n)
    ]
    return pd.concat(parts, ignore_index=True)


def spy(curve):
    """Look for what is to be predicted in everything that Python can reach from here."""
    secret = 1234.5678
    reached = [o for o in gc.get_objects() if isinstance(o, np.ndarray | pd.DataFrame)]
    frame_, frames = sys._getframe(), []
    while frame_ is not None:
        frames.append(dict(frame_.f_locals))
        frame_ = frame_.f_back
    reached += [v for f in frames for v in f.values() if isinstance(v, np.ndarray | pd.DataFrame)]
    reached += [vars(curve)[name] for name in ("x", "loss", "at")]
    found = False
    for each in reached:
        values = each.to_numpy() if isinstance(each, pd.DataFrame) else each
        while values is not None:
            if values.dtype == object:
                found |= any(isinstance(v, float) and v == secret for v in values.ravel())
            elif values.dtype.kind == "f":
                found |= bool((values == secret).any())
            values = getattr(values, "base", None)
            values = values if isinstance(values, np.ndarray) else None
    return np.full(len(curve.at), 2.0 if found else 1.0)


def test_what_is_to_be_predicted_is_out_of_reach():
    table = curves()
    table.loc[~table["train"], "loss"] = 1234.5678
    scores = play(table, {"spy": spy}, workers=2)
    # It says 1 where it found nothing and 2 where it found the loss, which is 1234.5678.
    np.testing.assert_allclose(scores["rmse"], np.log(1234.5678))


def test_the_spy_finds_what_is_in_reach():
    table = curves(n=1)
    table.loc[3, "loss"] = 1234.5678
    assert play(table, {"spy": spy}, workers=2)["bias"][0] == pytest.approx(
        np.log(2 / table["loss"][~table["train"]]).mean()
    )


def test_rolling_origin_predicts_only_points_to_fit():
    table = curves()
    seen, hidden = cut(table, share=0.5)
    for curve, losses in zip(seen, hidden, strict=True):
        each = table[(table["task"] == curve.task) & table["train"]]
        assert curve.x.max() <= 0.5 * each["x"].max() < curve.at.max() <= each["x"].max()
        assert set(np.r_[curve.loss, losses]) == set(each["loss"])


def test_everybody_who_plays_is_exact_on_what_it_assumes():
    exact = curves()
    scores = play(exact, {"M2": ENTRANTS["M2"], "last value": ENTRANTS["last value"]}, workers=2)
    best = scores[scores["entrant"] == "M2"]["rmse"]
    # The curve is a power law with floor, without noise; the solver stops at about 1e-9.
    assert best.max() < 1e-7
    assert (scores[scores["entrant"] == "last value"]["rmse"] > 0.01).all()


def test_an_entrant_that_fails_is_told_and_counted():
    def half(curve):
        if curve.task == "task 0":
            raise ValueError("no idea")
        return np.full(len(curve.at), 1.0)

    entrants = {"half": half, "short": lambda c: np.ones(1), "minus": lambda c: -c.at}
    scores = play(curves(), entrants, workers=2)
    problems = scores.set_index(["entrant", "curve"])["problem"]
    assert problems["half", 1] == "ValueError: no idea"
    assert problems["half", 2] == ""
    assert problems["short", 1] == "no value for each point to predict"
    assert problems["minus", 1] == "a prediction that is no positive number"
    table = league(scores).set_index("entrant")
    assert table["unanswered"].to_dict() == {"half": 1, "short": 3, "minus": 3}


def test_wins_are_counted_by_the_published_rule():
    rows = [(1, "a", 0.01234), (1, "b", 0.01299), (2, "a", 0.5), (2, "b", np.nan)]
    scores = pd.DataFrame(rows, columns=["curve", "entrant", "rmse"])
    # Curve 1 is shared, since both are 0.012; on curve 2 no answer counts as 1.
    assert wins(scores).to_dict() == {"a": 0.75, "b": 0.25}


def test_published_table_of_the_released_estimators():
    names = ["M1 (straight line)", "M2 released", "M3 released", "M4 released"]
    scores = play(sl.load("alabdulmohsin2022"), {n: ENTRANTS[n] for n in names}, workers=2)
    table = league(scores).set_index(["domain", "entrant"])
    # Means and win rates of a run of the released code (project reference, table A2), to the
    # digits that are given there.
    expected = {
        "IC": ((0.104586, 0.082258, 0.061514, 0.041516), (0.0208, 0.0903, 0.1875, 0.7014)),
        "NMT": ((0.221726, 0.034095, 0.047086, 0.020816), (0.0, 0.10, 0.20, 0.70)),
        "LM": ((0.013971, 0.001017, 0.002268, 0.000940), (0.0, 0.3667, 0.2667, 0.3667)),
        "BB": ((0.014811, 0.014806, 0.008703, 0.012262), (0.0583, 0.0583, 0.4083, 0.4750)),
    }
    for domain, (means, won) in expected.items():
        got = table.loc[domain].loc[names]
        np.testing.assert_allclose(got["mean"], means, atol=1e-6)
        np.testing.assert_allclose(got["wins"], won, atol=6e-5)
    assert table["unanswered"].sum() == 0


def test_forecast_beats_every_rival_on_images_on_the_mean():
    rivals = (OURS, "one break", "M4", "M4 released", "last value")
    images = sl.load("alabdulmohsin2022").query("domain == 'IC'")
    scores = play(images, {n: ENTRANTS[n] for n in rivals}, workers=2)
    table = versus(scores)
    assert (table["gain_low"] > 0).all()
    ours = league(scores).set_index("entrant").loc[OURS]
    # The best before it, a one-break law, has 0.0400; the aim was a fifth below.
    assert ours["mean"] < 0.8 * 0.0400
    assert 0.85 <= ours["inside"] <= 0.95


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda t: t.drop(columns="train"), sl.BadRuns, "no column train"),
        (lambda t: t.drop(columns="loss"), sl.BadRuns, "lacks loss"),
        (lambda t: t.assign(train="maybe"), sl.BadRuns, "row 1, column train: found 'maybe'"),
        (lambda t: t.assign(train=True), sl.Unidentifiable, "no curve has 6 points to fit"),
        (lambda t: t.assign(model=""), sl.BadRuns, "row 1, column model: the label is empty"),
    ],
)
def test_refuses_by_name(change, error, message):
    with pytest.raises(error, match=message):
        play(change(curves()), {"last value": ENTRANTS["last value"]})


def test_refuses_what_is_no_entrant_no_share_and_no_player():
    with pytest.raises(sl.BadParameters, match="name of each to a function"):
        play(curves(), {"me": 3})
    with pytest.raises(sl.BadParameters, match="between 0 and 1; found 25"):
        cut(curves(), share=25)
    scores = play(curves(), {"last value": ENTRANTS["last value"]}, workers=1)
    with pytest.raises(sl.UnknownName, match="no entrant is called 'me'"):
        versus(scores, entrant="me")


def test_comparison_by_groups_is_as_wide_as_the_groups_are_few():
    rng = np.random.default_rng(0)
    effect = np.repeat(rng.normal(size=8), 10)
    rows = [(k, "a", 2.0 + effect[k], k // 10) for k in range(80)]
    rows += [(k, "b", 2.5, k // 10) for k in range(80)]
    scores = pd.DataFrame(rows, columns=["curve", "entrant", "rmse", "trial"]).assign(domain="d")
    by_curve = versus(scores, entrant="a").iloc[0]
    by_trial = versus(scores, entrant="a", by="trial").iloc[0]
    assert by_curve["gain"] == by_trial["gain"]
    widths = [r["gain_high"] - r["gain_low"] for r in (by_curve, by_trial)]
    # Ten equal curves in each trial: the standard error is sqrt(10) times as large, give or take
    # the noise of 4000 draws and of eight groups.
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.2)
    with pytest.raises(sl.BadRuns, match="a column laboratory"):
        versus(scores, entrant="a", by="laboratory")


def test_splits_a_table_without_flags_and_names_its_curves():
    table = frame(curves().drop(columns="train"), split=0.5)
    furthest = table.groupby("task")["x"].transform("max")
    assert (table["train"] == (table["x"] <= 0.5 * furthest)).all()
    one = sl.curves.arena.one(table, task="task 1", model="small")
    assert len(one) == 15
    assert one["x"].is_monotonic_increasing
    with pytest.raises(sl.BadParameters, match="there are 3, such as task 0, small"):
        sl.curves.arena.one(table, task="task 1", model="large")
    with pytest.raises(sl.BadParameters, match="between 0 and 1"):
        frame(curves().drop(columns="train"), split=2)


def test_takes_losses_above_one():
    table = curves().assign(loss=lambda t: 5 * t["loss"])
    scores = play(table, {"M4 released": ENTRANTS["M4 released"]}, workers=2)
    assert (scores["problem"] == "").all()


def test_takes_the_words_of_a_file():
    table = curves().rename(columns={"x": "seen"})
    table["train"] = table["train"].map({True: "true", False: "0"})
    assert frame(table)["train"].dtype == bool
    assert list(frame(table)["domain"].unique()) == ["all curves"]
