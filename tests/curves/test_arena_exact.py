"""The arena by hand: cuts, frames, scores, and what no entrant can see."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

import scalinglaws as sl
from scalinglaws.curves.arena import Curve, cut, frame, one, play
from scalinglaws.curves.arena.match import _answer, _score
from scalinglaws.curves.forecast import LEAST

X = np.geomspace(1e2, 1e5, 13)


def curves(tasks=("a", "b"), share=0.5):
    """Curves with skewed scatter, a task each; what comes after ``share`` is to be predicted."""
    parts = []
    for k, task in enumerate(tasks):
        noise = np.exp(0.02 * np.random.default_rng(k).exponential(size=len(X)))
        loss = (0.1 + (k + 2) * X**-0.3) * noise
        parts.append(pd.DataFrame({"task": task, "model": "m", "x": X, "loss": loss}))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(train=table["x"] <= share * X[-1])


def seen(**options):
    given = {"domain": "d", "task": "t", "model": "m", "x": X[:9], "loss": 3 * X[:9] ** -0.2}
    return Curve(**{**given, "at": X[9:], **options})


# What is cut


def test_points_on_the_cut_are_fitted_in_any_unit():
    for unit in (1.0, 1e-6, 3.7e5):
        table = curves().drop(columns="train").assign(x=lambda t, u=unit: u * t["x"])
        share = float(X[8] / X[-1])
        (first, _), (hidden, _) = cut(frame(table, split=share))
        assert len(first.x) == 9
        assert len(hidden) == len(first.at) == 4
        shares = frame(table.assign(train=True))
        (first, _), (hidden, _) = cut(shares, share=share)
        assert (len(first.x), len(hidden)) == (9, 4)
    table, last = curves(("a",)).drop(columns="train"), X[-1]
    for off, fitted in ((0.5e-9, 9), (1.5e-9, 8)):
        # A part in 1e9 is left for rounding, and no more.
        told = frame(table, split=float(X[8] / last) * (1 - off))
        assert told["train"].sum() == fitted
        told = cut(table.assign(train=True), share=float(X[8] / last) * (1 - off))
        assert len(told[0][0].x) == fitted
    just = cut(frame(curves().drop(columns="train"), split=share * (1 - 1e-6)))
    assert len(just[0][0].x) == 8


def test_a_curve_is_given_with_its_names_and_its_hidden_losses_apart():
    table = curves().assign(domain="images").sample(frac=1, random_state=0)
    given, hidden = cut(table)
    assert {(c.domain, c.task, c.model) for c in given} == {("images", t, "m") for t in "ab"}
    for c, losses in zip(given, hidden, strict=True):
        rows = curves()[lambda t, c=c: t["task"] == c.task]
        assert c.x.tolist() == rows["x"][rows["train"]].tolist()
        assert c.loss.tolist() == rows["loss"][rows["train"]].tolist()
        assert c.at.tolist() == rows["x"][~rows["train"]].tolist()
        assert losses.tolist() == rows["loss"][~rows["train"]].tolist()


def test_a_share_touches_no_row_to_predict():
    table = curves(share=0.5)
    given, hidden = cut(table, share=0.1)
    moved = table.assign(loss=table["loss"].where(table["train"], 9.0))
    other, unseen = cut(moved, share=0.1)
    for one_, two, mine, theirs in zip(given, other, hidden, unseen, strict=True):
        assert one_.loss.tolist() == two.loss.tolist()
        assert mine.tolist() == theirs.tolist()
        fitted = table["x"][table["train"]].max()
        assert one_.x.max() <= 0.1 * fitted < one_.at.min() <= one_.at.max() == fitted


def test_six_different_points_are_enough_and_five_are_not():
    assert LEAST == 6
    table = curves(("a",))
    for points, kept in ((6, 1), (5, 0)):
        flags = table.assign(train=np.arange(len(X)) < points)
        doubled = pd.concat([flags, flags[flags["train"]].head(1)])
        if kept:
            assert len(cut(doubled)[0]) == 1
        else:
            with pytest.raises(sl.Unidentifiable, match="no curve has 6 points to fit and one"):
                cut(doubled)
    with pytest.raises(sl.Unidentifiable, match="nothing can be scored"):
        cut(table.assign(train=True))
    with pytest.raises(sl.BadRuns, match="the table has no column train"):
        cut(table.drop(columns="train"))


# Tables of curves


def test_a_frame_takes_what_it_needs_and_knows_simulated_from_measured():
    table = curves().assign(other=1)
    table.attrs = {"simulated": True, "name": "made"}
    told = frame(table)
    assert list(told.columns) == ["task", "model", "x", "loss", "train", "domain", "simulated"]
    assert told.attrs == {"simulated": True}
    table.attrs = {"name": "measured"}
    assert frame(table).attrs == {}
    both = frame(table.assign(seen=-1.0))
    assert both["x"].tolist() == table["x"].tolist()
    assert frame(table.assign(domain="d"))["domain"].unique().tolist() == ["d"]


@pytest.mark.parametrize("word", ["true", "TRUE ", "1", "1.0", 1, 1.0, True])
@pytest.mark.parametrize("other", ["false", " False", "0", "0.0", 0, 0.0, False])
def test_words_for_points_to_fit_and_to_predict(word, other):
    table = curves(("a",))
    flags = pd.Series([word, other] + [word] * 11, dtype=object)
    assert frame(table.assign(train=flags))["train"].tolist() == [True, False] + [True] * 11


def test_what_is_no_flag_is_named_with_its_row():
    flags = ["true"] * 4 + ["perhaps"] + ["false"] * 8
    with pytest.raises(sl.BadRuns, match="row 5, column train: found 'perhaps'; expected true"):
        frame(curves(("a",)).assign(train=flags))
    with pytest.raises(sl.BadRuns, match="a set of learning curves needs the columns x, loss"):
        frame(curves().drop(columns="x"))
    with pytest.raises(sl.BadRuns, match="row 1, column domain: the label is empty"):
        frame(curves().assign(domain=""))
    for split in (0, 1, 1.5):
        with pytest.raises(sl.BadParameters, match="share is a part of the range"):
            frame(curves().drop(columns="train"), split=split)


def test_a_split_is_of_each_curve_and_leaves_flags_alone():
    table = curves().drop(columns="train")
    table.loc[table["task"] == "b", "x"] *= 1e3
    told = frame(table, split=0.1)
    furthest = np.where(told["task"] == "a", 1e5, 1e8)
    assert told["train"].tolist() == (told["x"] <= 0.1 * furthest * (1 + 1e-9)).tolist()
    assert "train" not in frame(table)
    assert frame(curves(), split=0.01)["train"].equals(curves()["train"])


def test_one_curve_comes_in_order_and_another_is_listed():
    table = curves(tuple("abcdefg")).sample(frac=1, random_state=1)
    told = one(frame(table), task="c", model="m")
    assert told["x"].tolist() == X.tolist()
    assert told["task"].unique().tolist() == ["c"]
    with pytest.raises(sl.BadParameters, match="'z' and the model 'm'; there are 7, such as"):
        one(frame(table), task="z", model="m")
    with pytest.raises(sl.BadParameters, match="the model 'n'"):
        one(frame(table), task="c", model="n")


# Scores


def test_a_score_is_of_logarithms_and_signed_by_what_was_said():
    loss = np.array([1.0, 2.0, 4.0])
    said = {"mean": loss * np.exp([0.1, 0.2, -0.6]), "low": loss * [1.0, 1.1, 0.5]}
    told = _score({**said, "high": loss * [2.0, 3.0, 1.0]}, loss)
    assert told["rmse"] == pytest.approx((0.41 / 3) ** 0.5, rel=1e-12)
    assert told["bias"] == pytest.approx(-0.1, rel=1e-12)
    # Both ends count as inside: the first on its low end, the last on its high one.
    assert told["inside"] == pytest.approx(2 / 3)
    width = np.log([2, 3 / 1.1, 2]).mean()
    assert told["width"] == pytest.approx(width, rel=1e-12)
    bare = _score({"mean": loss}, loss)
    assert (bare["rmse"], bare["bias"]) == (0.0, 0.0)
    assert np.isnan([bare["inside"], bare["width"]]).all()
    assert np.isnan(list(_score({}, loss).values())).all()
    assert np.isnan(_score({"mean": loss, "low": loss}, loss)["width"])


@pytest.mark.parametrize(
    ("entrant", "problem"),
    [
        (lambda c: np.ones(len(c.at)), ""),
        (lambda c: pd.DataFrame({"mean": np.ones(len(c.at))}), ""),
        (lambda c: np.ones(3), "no value for each point to predict"),
        (lambda c: pd.DataFrame({"low": np.ones(len(c.at))}), "no value for each point to predict"),
        (lambda c: np.zeros(len(c.at)), "a prediction that is no positive number"),
        (lambda c: np.r_[np.ones(3), np.nan], "a prediction that is no positive number"),
        (lambda c: np.r_[np.ones(3), np.inf], "a prediction that is no positive number"),
        (lambda c: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda c: {}["a\nb"], "KeyError: 'a\\nb'"),
        (lambda c: (_ for _ in ()).throw(ValueError("one\ntwo")), "ValueError: one"),
        (lambda c: (_ for _ in ()).throw(ValueError()), "ValueError: "),
    ],
)
def test_what_an_entrant_does_wrong_is_its_own_result(entrant, problem):
    ((answer, said),) = _answer(entrant, [seen()])
    assert said == problem
    assert (answer == {}) == bool(problem)


def test_each_answer_is_scored_on_its_own_curve():
    truth = {t: part["loss"][~part["train"]].to_numpy() for t, part in curves().groupby("task")}
    entrants = {"a's": lambda c: truth["a"], "b's": lambda c: truth["b"] * np.exp(0.5)}
    with parallel_config(backend="threading"):
        scores = play(curves(), entrants, workers=2)
        part = play(curves(), {"one": lambda c: np.ones(len(c.at))}, share=0.1)
    told = scores.set_index(["entrant", "task"])
    assert scores[["entrant", "curve"]].to_numpy().tolist() == [
        ["a's", 1],
        ["a's", 2],
        ["b's", 1],
        ["b's", 2],
    ]
    assert told.loc[("a's", "a"), "rmse"] == 0
    assert told.loc[("a's", "b"), "rmse"] > 0.01
    assert told.loc[("b's", "b"), "bias"] == pytest.approx(0.5)
    given, hidden = cut(curves(), share=0.1)
    for c, losses, bias in zip(given, hidden, part["bias"], strict=True):
        assert len(losses) == len(c.at)
        assert bias == pytest.approx(-np.log(losses).mean(), rel=1e-12)
    with pytest.raises(sl.BadParameters, match="the name of each to a function"):
        play(curves(), {})
