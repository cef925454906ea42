"""A ladder's ends against its own refits, its seed and order, and what each option reaches."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.downstream._ladder import FEWEST, STEP_1, STEP_2

LAW = {"A": 60.0, "alpha": 0.3, "B": 90.0, "beta": 0.28, "E": 0.4}
CURVE = {"low": 0.9, "high": 0.25, "mid": 0.9, "width": 0.12}
AT = pd.DataFrame({"params": [7e9, 1.3e10], "tokens": [4e11, 5e11]}, index=[7, 7])
N = 20


def runs(seed=0):
    """Small runs whose scatter is skewed: its sign and its mean can be told."""
    rng = np.random.default_rng(seed)
    n, d = (v.ravel() for v in np.meshgrid([2e8, 4e8, 8e8, 1.6e9], [5e9, 2e10, 8e10, 3e11]))
    loss = STEP_1(LAW, params=n, tokens=d) * np.exp(0.01 * (rng.exponential(size=16) - 1))
    score = STEP_2(CURVE, task_loss=loss) + 0.01 * (rng.exponential(size=16) - 1)
    team = np.repeat(list("abcdefgh"), 2)
    return pd.DataFrame({"params": n, "tokens": d, "task_loss": loss, "score": score, "team": team})


@cache
def plain():
    return sl.downstream.ladder(runs(), at=AT, n=N)


def redrawn(told, level, *, kind="case", by=None, seed=0, n=N, at=AT):
    """The ends from the refits of both steps, with the scatter of one run about each law."""
    inputs = {k: at[k].to_numpy() for k in ("params", "tokens")}
    rng = np.random.default_rng(seed)
    first, second = told.loss_fit, told.score_fit
    p = first.bootstrap(n, kind=kind, by=by, seed=seed)
    q = second.bootstrap(n, kind=kind, by=by, seed=seed + 1)
    rows = [first.law(dict(r), **inputs) for r in p[list(first.law.names)].to_dict("records")]
    losses = np.array(rows) * np.exp(rng.choice(first.residuals, (n, len(at))))
    rows = [
        second.law(r, task_loss=one)
        for r, one in zip(q[list(second.law.names)].to_dict("records"), losses, strict=True)
    ]
    scores = np.array(rows) + rng.choice(second.residuals, (n, len(at)))
    tail = (1 - level) / 2
    return {
        name: np.quantile(drawn, [tail, 1 - tail], axis=0, method="weibull")
        for name, drawn in (("task_loss", losses), ("score", scores))
    }


@pytest.mark.parametrize(("level", "kind", "by"), [(0.9, "case", None), (0.6, "group", "team")])
def test_the_ends_are_quantiles_of_both_steps_refitted(level, kind, by):
    told = sl.downstream.ladder(runs(), at=AT, level=level, n=N, by=by, seed=3)
    want = redrawn(told, level, kind=kind, by=by, seed=3)
    for name, (low, high) in want.items():
        # The same refits through the same laws, one by one: sums round otherwise.
        np.testing.assert_allclose(told.predictions[f"{name}_low"], low, rtol=1e-9)
        np.testing.assert_allclose(told.predictions[f"{name}_high"], high, rtol=1e-9)
    assert told.level == level
    assert f"{level:.0%} interval" in repr(told)
    assert (told.predictions["score_low"] < told.predictions["score_high"]).all()
    assert list(told.predictions.index) == [0, 1]


def test_the_middle_is_the_two_laws_one_after_the_other():
    told = plain()
    x = {k: AT[k].to_numpy() for k in ("params", "tokens")}
    loss = STEP_1(told.loss_fit.params, **x)
    assert told.predictions["task_loss"].tolist() == pytest.approx(loss.tolist(), rel=1e-12)
    score = STEP_2(told.score_fit.params, task_loss=loss)
    assert told.predictions["score"].tolist() == pytest.approx(score.tolist(), rel=1e-12)
    ends = [f"{name}{end}" for name in ("task_loss", "score") for end in ("", "_low", "_high")]
    assert list(told.predictions.columns) == ["params", "tokens", *ends]
    # A score is a share, whatever the checkpoints say.
    assert [(p.lower, p.upper) for p in STEP_2.parameters[:2]] == [(0.0, 1.0)] * 2


def test_each_step_is_fitted_to_its_own_rows_by_its_own_objective():
    small, way = runs(), runs(1).assign(task_loss=lambda t: 1.1 * t["task_loss"])
    told = sl.downstream.ladder(small, at=AT, checkpoints=way, objective=sl.LSQ_LOG, n=N, seed=2)
    first = sl.fit(
        STEP_1, small.assign(loss=small["task_loss"]), objective=sl.LSQ_LOG, seed=2, check=True
    )
    second = sl.fit(STEP_2, way, objective=sl.LSQ, seed=2, check=False)
    assert dict(told.loss_fit.params) == dict(first.params)
    assert dict(told.score_fit.params) == dict(second.params)
    assert (told.loss_fit.seed, told.score_fit.seed) == (2, 2)
    assert told.loss_fit.objective_kind == sl.LSQ_LOG
    assert told.score_fit.objective_kind == sl.LSQ
    default = plain()
    assert default.loss_fit.objective_kind == sl.huber()
    assert len(default.score_fit.runs) == len(small)


def test_a_ladder_repeats_itself_and_another_seed_draws_otherwise():
    one, two = plain().predictions, sl.downstream.ladder(runs(), at=AT, n=N).predictions
    pd.testing.assert_frame_equal(one, two)
    other = sl.downstream.ladder(runs(), at=AT, n=N, seed=1).predictions
    # Two searches from other starts end in the same minimum to the solver's tolerance.
    np.testing.assert_allclose(other["score"], one["score"], rtol=1e-6)
    assert (other["score_low"] != one["score_low"]).all()
    narrow = sl.downstream.ladder(runs(), at=AT, n=N, level=0.5).predictions
    assert (narrow["score_high"] < one["score_high"]).all()
    assert (narrow["score_low"] > one["score_low"]).all()


def test_measured_scores_at_the_targets_are_not_looked_at():
    one = sl.downstream.ladder(runs(), at=AT.assign(score=0.1, task_loss=9.0), n=N).predictions
    two = plain().predictions
    pd.testing.assert_frame_equal(one, two)


def test_a_ladder_in_words():
    told = plain()
    row = told.predictions.iloc[1]
    line = (
        f"13B parameters, 500B tokens: score {row['score']:.3f} ({row['score_low']:.3f} to "
        f"{row['score_high']:.3f}, 90% interval)"
    )
    assert repr(told).splitlines()[1] == line
    assert told._repr_html_().count("<br>") == 1
    assert line in told._repr_html_()


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        (lambda t: t.head(FEWEST - 1), {}, sl.Unidentifiable, "at least 8 runs; there are 7"),
        (lambda t: t.assign(tokens=0.0), {}, sl.BadRuns, "row 1, column tokens: found '0.0'"),
        (lambda t: t.drop(columns="score"), {}, sl.BadRuns, "a ladder needs .*lacks score"),
        (lambda t: t, {"at": AT.drop(columns="tokens")}, sl.BadRuns, "targets of a ladder"),
        (lambda t: t, {"by": "lab"}, sl.BadRuns, "a ladder by group needs a column lab"),
        (lambda t: t, {"level": 90}, sl.BadParameters, "level is a share"),
        (lambda t: t, {"n": 19}, sl.BadParameters, "20 or more"),
        (
            lambda t: t,
            {"second": sl.laws.sigmoid("loss", response="score")},
            sl.BadRuns,
            "the second step is a law of task_loss; .* is one of loss",
        ),
        (
            lambda t: t.assign(team=list("abcd") * 4),
            {"by": "team"},
            sl.Unidentifiable,
            "team has 4 groups",
        ),
    ],
)
def test_a_ladder_refuses_by_name(change, options, error, message):
    with pytest.raises(error, match=message):
        sl.downstream.ladder(change(runs()), **{"at": AT, "n": N, **options})


def test_checkpoints_need_their_groups_and_columns_too():
    way = runs().drop(columns="team")
    with pytest.raises(sl.BadRuns, match="a ladder by group needs a column team"):
        sl.downstream.ladder(runs(), at=AT, checkpoints=way, by="team", n=N)
    with pytest.raises(sl.BadRuns, match="lacks task_loss"):
        sl.downstream.ladder(runs(), at=AT, checkpoints=way.drop(columns="task_loss"), n=N)
    # A score of zero, or below by a correction for chance, is a score.
    assert sl.downstream.ladder(
        runs(), at=AT, checkpoints=way.assign(score=way["score"] - 0.5), n=20
    )
    # The second step takes what there is, as its authors do.
    assert sl.downstream.ladder(runs(), at=AT, checkpoints=way.head(4), n=20)
    least = runs().iloc[[0, 5, 10, 15, 3, 6, 9, 12]]
    assert len(sl.downstream.ladder(least, at=AT, n=20).loss_fit.runs) == FEWEST


def test_percentages_are_refused_and_a_step_that_is_not_clean_says_so():
    with pytest.raises(sl.BadRuns, match=r"between 0 and 1; these go up to .*Divide percentages"):
        sl.downstream.ladder(runs().assign(score=lambda t: 100 * t["score"]), at=AT, n=N)
    assert repr(plain()).count("\n") == len(AT) - 1 + (not plain().loss_fit.sound) + (
        not plain().score_fit.sound
    )
    full = runs().assign(score=lambda t: np.linspace(0.999, 1.0, len(t)))
    told = sl.downstream.ladder(full, at=AT, n=N)
    assert not told.score_fit.sound
    assert f"score: {told.score_fit.minimum}" in repr(told)


def test_sizes_that_repeat_are_drawn_whole():
    more = pd.concat([runs(k).assign(params=lambda t, k=k: t["params"] * 1.5**k) for k in range(2)])
    told = sl.downstream.ladder(more.reset_index(drop=True), at=AT, n=N)
    assert told.loss_fit.bootstrap(N).attrs["groups"] == 8
    assert told.score_fit.bootstrap(N).attrs["groups"] == 8
