"""Rungs as hand-made means, ladders and one step of each task against what they are made of."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.downstream import anchored, ladders, one_step, rungs
from scalinglaws.downstream._rungs import ONE_STEP

N = 20
QUICK = {"n": N, "objective": sl.LSQ_LOG}


def evaluations():
    """One long run and one of which only the very last evaluation counts."""
    steps = np.arange(1.0, 11.0)
    long = pd.DataFrame({"run": "long", "role": "rung", "params": 1e8, "tokens": steps * 1e9})
    long = long.assign(flops=6e17 * steps, c4_loss=5 - 0.1 * steps, a_bpb=1 / steps)
    long["a_accuracy"] = steps / 20
    short = long.tail(3).assign(run="short", role="target", params=2e8)
    return pd.concat([long, short], ignore_index=True)


def test_an_end_is_the_mean_of_the_last_and_its_size_that_of_the_very_last():
    ends, way = rungs(evaluations(), tasks=["a"], last=4, skip=0.25, alone=["short"])
    assert ends["run"].tolist() == ["long", "short"]
    assert ends["role"].tolist() == ["rung", "target"]
    assert ends["tokens"].tolist() == [1e10, 1e10]
    assert ends["flops"].tolist() == [6e18, 6e18]
    assert ends["params"].tolist() == [1e8, 2e8]
    # Steps 7 to 10 of the long run, and step 10 alone of the short one.
    assert ends["score"].tolist() == pytest.approx([8.5 / 20, 0.5])
    assert ends["loss"].tolist() == pytest.approx([5 - 0.85, 4.0])
    assert ends["task_loss"].tolist() == pytest.approx([(1 / 7 + 1 / 8 + 1 / 9 + 1 / 10) / 4, 0.1])
    # A quarter of ten is three at least: 7 are left; of three, one goes.
    assert way["run"].tolist() == ["long"] * 7 + ["short"] * 2
    assert way["role"].tolist() == ["rung"] * 7 + ["target"] * 2
    # Steps 4; 4, 5; 4 to 6; 4 to 7; 5 to 8 and so on: never what was skipped.
    trailing = np.array([4, 4.5, 5, 5.5, 6.5, 7.5, 8.5, 9, 9.5]) / 20
    assert way["score"].tolist() == pytest.approx(trailing.tolist())
    assert way["loss"].tolist() == pytest.approx((5 - 2 * trailing).tolist())
    assert list(way.columns) == ["run", "role", "task", "loss", "task_loss", "score"]
    assert ends["task"].unique().tolist() == ["a"]


def test_the_defaults_take_five_and_skip_a_tenth():
    plain, named = (rungs(evaluations(), tasks=["a"], **o) for o in ({}, {"last": 5, "skip": 0.1}))
    for one, other in zip(plain, named, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert len(plain[1]) == 9 + 2
    for column in ("run", "role"):
        with pytest.raises(sl.BadRuns, match=f"needs a column {column}"):
            rungs(evaluations().drop(columns=column), tasks=["a"])
    with pytest.raises(sl.BadRuns, match="lacks b_bpb, b_accuracy"):
        rungs(evaluations(), tasks=["a", "b"])


def test_an_anchor_has_no_loss_and_a_full_score():
    told = anchored(pd.DataFrame({"task": ["a", "b"], "task_loss": 0.5, "score": 0.3, "loss": 3.0}))
    last = told.tail(2)
    assert last["task"].tolist() == ["a", "b"]
    assert last[["loss", "task_loss", "score"]].to_numpy().tolist() == [[0.0, 0.0, 1.0]] * 2
    assert set(last["run"]) == {"invented"}


# Ladders of each task

LAW = {"A": 60.0, "alpha": 0.3, "B": 90.0, "beta": 0.28, "E": 0.4}
CURVE = {"low": 0.9, "high": 0.25, "mid": 0.9, "width": 0.12}


def ends(task="a", seed=0):
    rng = np.random.default_rng(seed)
    n, d = (v.ravel() for v in np.meshgrid([2e8, 4e8, 8e8, 1.6e9], [5e9, 2e10, 8e10, 3e11]))
    loss = sl.laws.CHINCHILLA(LAW, params=n, tokens=d) * np.exp(0.01 * rng.exponential(size=16))
    score = sl.laws.sigmoid("task_loss")(CURVE, task_loss=loss) + 0.01 * rng.exponential(size=16)
    team, columns = np.repeat(list("abcdefgh"), 2), {"params": n, "tokens": d, "task_loss": loss}
    return pd.DataFrame({**columns, "score": score, "task": task, "team": team, "chance": 0.25})


@cache
def plain(step):
    return step(ends(), at=TARGETS, **QUICK)


TARGETS = pd.DataFrame(
    {"task": "a", "run": ["7B", "13B"], "params": [7e9, 1.3e10], "tokens": [4e11, 5e11]}
).assign(score=[0.5, 0.9])


def test_ladders_are_the_ladder_of_each_task():
    both = pd.concat([ends("a"), ends("b", seed=1)], ignore_index=True)
    at = pd.concat([TARGETS, TARGETS.assign(task="b")], ignore_index=True)
    options = {"level": 0.5, "seed": 4, "objective": sl.LSQ_LOG, "by": "team", "n": N}
    told = ladders(both, at=at, points=both, **options)
    for task, seed in (("a", 0), ("b", 1)):
        want = sl.downstream.ladder(ends(task, seed), at=TARGETS, **options).predictions
        got = told[told["task"] == task].reset_index(drop=True)
        for column in ("score", "score_low", "score_high"):
            assert got[column].tolist() == want[column].tolist()
        off = want["score"] / TARGETS["score"] - 1
        assert got["off"].tolist() == pytest.approx(off.tolist(), rel=1e-12)
        inside = (want["score_low"] <= [0.5, 0.9]) & (want["score_high"] >= [0.5, 0.9])
        assert got["held"].tolist() == inside.tolist()
    assert told["measured"].tolist() == [0.5, 0.9] * 2
    assert told["run"].tolist() == ["7B", "13B"] * 2


def test_a_score_on_the_end_of_an_interval_is_held_and_one_beyond_is_not():
    told = plain(ladders)
    for column, sign in (("score_low", -1), ("score_high", 1)):
        edge = told[column].to_numpy()
        # The first target lies on its end, the second a little beyond it.
        at = TARGETS.assign(score=[edge[0], edge[1] + sign * 1e-9])
        assert ladders(ends(), at=at, **QUICK)["held"].tolist() == [True, False]


def test_the_checkpoints_of_a_task_are_those_of_no_other():
    points = pd.concat([ends("a", 2), ends("b", 3).assign(score=0.1)], ignore_index=True)
    told = ladders(ends("a"), at=TARGETS, points=points, **QUICK)
    want = sl.downstream.ladder(
        ends("a"), at=TARGETS, checkpoints=ends("a", 2), **QUICK
    ).predictions
    assert told["score"].tolist() == want["score"].tolist()
    halved = ends("a").assign(other=lambda t: t["task_loss"] / 2)
    other = ladders(halved, at=TARGETS, points=halved, feature="other", **QUICK)
    want = sl.downstream.ladder(
        halved.assign(task_loss=halved["other"]), at=TARGETS, **QUICK
    ).predictions
    assert other["score_low"].tolist() == want["score_low"].tolist()


def test_what_was_measured_changes_no_prediction():
    one, two = plain(ladders), ladders(ends(), at=TARGETS.assign(score=0.1), **QUICK)
    columns = ["score", "score_low", "score_high"]
    pd.testing.assert_frame_equal(one[columns], two[columns])
    default, named = (
        one_step(ends(), at=TARGETS, n=N, **o)
        for o in ({}, {"objective": sl.huber(), "level": 0.9})
    )
    pd.testing.assert_frame_equal(default, named)
    one, two = plain(one_step), one_step(ends(), at=TARGETS.assign(score=0.1), **QUICK)
    pd.testing.assert_frame_equal(one[columns], two[columns])


@pytest.mark.parametrize(("chance", "level"), [(False, 0.9), (True, 0.5)])
def test_one_step_is_a_law_of_the_logarithm_of_the_score(chance, level):
    assert ONE_STEP.names == ("k", "c", "k_2", "c_2")
    runs = ends()
    floor = 0.25 if chance else 0.0
    kept = runs[runs["score"] > 0.30] if chance else runs
    kept = kept.assign(loss=-np.log((kept["score"] - floor) / (1 - floor)))
    law = sl.fit(ONE_STEP, kept, objective=sl.LSQ_LOG, seed=5)
    x = {k: TARGETS[k].to_numpy() for k in ("params", "tokens")}
    said = law.predict(level=level, new_run=True, n=N, **x)
    told = one_step(runs, at=TARGETS, chance=chance, level=level, n=N, seed=5, objective=sl.LSQ_LOG)
    pairs = (("score", "loss"), ("score_low", "high"), ("score_high", "low"))
    for column, source in pairs:
        want = floor + (1 - floor) * np.exp(-said[source])
        assert told[column].tolist() == pytest.approx(want.tolist(), rel=1e-12)
    assert (told["score_low"] < told["score_high"]).all()


def test_runs_five_points_above_chance_or_less_are_left_out():
    runs = ends()
    # A score on the line says nothing, one just above it does.
    runs.loc[runs.index[:3], "score"] = [0.25 + 0.05, 0.29, 0.3 + 1e-6]
    kept = one_step(runs, at=TARGETS, chance=True, **QUICK)
    want = one_step(runs.drop(index=runs.index[:2]), at=TARGETS, chance=True, **QUICK)
    assert kept["score"].tolist() == want["score"].tolist()
    told = one_step(runs.assign(score=0.27), at=TARGETS, chance=True, **QUICK)
    assert told["refused"].tolist() == ["no run is 5 points above chance on a"] * 2
    without = one_step(runs.drop(index=runs.index[:3]), at=TARGETS, chance=True, **QUICK)
    assert kept["score"].tolist() != without["score"].tolist()
    # So is a score of zero, which has no logarithm, or one below it.
    none = pd.concat([ends(), ends().head(2).assign(score=[0.0, -0.1])], ignore_index=True)
    assert one_step(none, at=TARGETS, **QUICK)["refused"].tolist() == ["", ""]
    full = pd.concat([ends(), ends().head(1).assign(score=1.0)], ignore_index=True)
    # A full score has no logarithm of its logarithm: it is left out.
    assert one_step(full, at=TARGETS, **QUICK)["score"].tolist() == (
        plain(one_step)["score"].tolist()
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ladders(ends().drop(columns="task"), at=TARGETS), "a ladder of each task needs"),
        (lambda: ladders(ends(), at=TARGETS.drop(columns="task")), "a ladder of each task needs"),
        (lambda: ladders(ends(), at=TARGETS, points=ends().drop(columns="task")), "column task"),
        (lambda: ladders(ends(), at=TARGETS, feature="bits"), "ladders needs the columns bits"),
        (
            lambda: ladders(ends().assign(bits=1.0), at=TARGETS, points=ends(), feature="bits"),
            "lacks bits",
        ),
        (lambda: ladders(ends(), at=TARGETS.drop(columns="score")), "targets of ladders needs"),
        (lambda: one_step(ends().drop(columns="task"), at=TARGETS), "one step of each task"),
        (lambda: one_step(ends().drop(columns="tokens"), at=TARGETS), "lacks tokens"),
        (lambda: one_step(ends().drop(columns="chance"), at=TARGETS, chance=True), "lacks chance"),
        (lambda: one_step(ends(), at=TARGETS.assign(params=-1.0)), "row 1, column params"),
        (lambda: one_step(ends(), at=TARGETS.assign(task="z")), "no task of the targets is among"),
    ],
)
def test_tables_of_many_tasks_are_checked_by_name(call, message):
    with pytest.raises(sl.BadRuns, match=message):
        call()
