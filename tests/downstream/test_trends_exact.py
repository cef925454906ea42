"""Trends, emergence and inversions by hand-made tables, at both sides of each threshold."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from scipy.stats import pearsonr, spearmanr
from scipy.stats import t as student

import scalinglaws as sl
from scalinglaws.downstream import emergence, inversions


def table(loss, score, **options):
    given = {"task": "t", "chance": 0.25, **options}
    return pd.DataFrame({"loss": loss, "score": score}).assign(**given)


def skewed(n, seed=0, scatter=0.02):
    return scatter * (np.random.default_rng(seed).exponential(size=n) - 1)


LOSS = np.linspace(5.0, 2.0, 40)
"""From the worst model to the best."""


def test_what_is_said_beside_the_kind_is_read_off_the_models():
    score = 1.2 - 0.2 * LOSS + skewed(40)
    row = sl.downstream.trends(table(LOSS, score)).iloc[0]
    rank, p = spearmanr(-LOSS, score)
    assert (row["kind"], row["models"]) == ("monotone", 40)
    assert (row["rank"], row["p"]) == (pytest.approx(rank), pytest.approx(p))
    assert row["rank"] > 0
    assert row["r2"] == pytest.approx(pearsonr(LOSS, score)[0] ** 2, rel=1e-12)
    falling = sl.downstream.trends(table(LOSS, -score)).iloc[0]
    assert falling["kind"] == "inverse"
    assert falling["rank"] == pytest.approx(-rank)
    assert falling["r2"] == pytest.approx(row["r2"], rel=1e-12)


def test_columns_chance_and_order_are_those_that_are_named():
    score = 1.2 - 0.2 * LOSS + skewed(40)
    named = table(LOSS, score).rename(columns={"loss": "l", "score": "s", "task": "k"})
    told = sl.downstream.trends(
        named.drop(columns="chance"), by="k", loss="l", score="s", chance=0.25
    )
    plain = sl.downstream.trends(table(LOSS, score))
    assert told.rename(columns={"k": "task"}).equals(plain)
    two = pd.concat([table(LOSS, score, task="z"), table(LOSS, -score, task="a")])
    assert sl.downstream.trends(two)["task"].tolist() == ["z", "a"]
    mixed = two.sample(frac=1, random_state=0)
    told = sl.downstream.trends(mixed).set_index("task").loc[["z", "a"]]
    assert told["kind"].tolist() == ["monotone", "inverse"]


def test_a_constant_score_or_loss_is_no_trend():
    for made in (table(LOSS, 0.5), table(3.0, 0.5 + skewed(40), task="t")):
        frame = made if len(made) else table(LOSS, 0.5)
        row = sl.downstream.trends(frame).iloc[0]
        assert (row["kind"], row["rank"], row["p"], row["r2"]) == ("no trend", 0.0, 1.0, 0.0)


def test_alpha_is_shared_out_over_the_tasks():
    # Twelve models whose ranks agree to p = 0.0073: told at 0.01 alone, not among two tasks.
    y = np.array([1, 6, 2, 3, 9, 4, 5, 12, 7, 8, 10, 11]) / 20
    x = np.linspace(5, 2, 12)
    p = spearmanr(-x, y)[1]
    one = table(x, y)
    both = pd.concat([one, one.assign(task="u")], ignore_index=True)
    assert sl.downstream.trends(one, alpha=1.01 * p)["kind"].tolist() != ["no trend"]
    assert sl.downstream.trends(one, alpha=0.99 * p)["kind"].tolist() == ["no trend"]
    assert "no trend" not in set(sl.downstream.trends(both, alpha=2.02 * p)["kind"])
    assert set(sl.downstream.trends(both, alpha=1.98 * p)["kind"]) == {"no trend"}
    assert sl.downstream.trends(one)["kind"].equals(sl.downstream.trends(one, alpha=0.01)["kind"])


def asleep(jump, chance=0.25):
    score = chance + skewed(40, seed=3, scatter=0.01)
    score[30:] += jump
    return score


def test_a_breakthrough_starts_at_chance_and_ends_above_it():
    score = asleep(0.3)
    assert sl.downstream.trends(table(LOSS, score))["kind"].tolist() == ["breakthrough"]
    # The same scores are no breakthrough where chance lies lower, for the worse half is above it.
    assert sl.downstream.trends(table(LOSS, score, chance=0.2))["kind"].tolist() == ["monotone"]
    assert sl.downstream.trends(table(LOSS, score), chance=0.2)["kind"].tolist() == ["monotone"]
    # Nor where the worse half has a trend of its own.
    rising = score.copy()
    rising[:20] = 0.25 + np.linspace(-0.01, 0.01, 20)
    assert sl.downstream.trends(table(LOSS, rising))["kind"].tolist() == ["monotone"]
    # A worse half that never changes is without a trend, and at chance.
    flat = score.copy()
    flat[:20] = 0.25
    assert sl.downstream.trends(table(LOSS, flat))["kind"].tolist() == ["breakthrough"]


@pytest.mark.parametrize(("factor", "kind"), [(0.98, "breakthrough"), (1.02, "monotone")])
def test_at_chance_means_within_students_limit_of_the_mean(factor, kind):
    score = asleep(0.3)
    # 21 models, the one at the median among them, or 20 of an even number.
    worse = score[:20]
    limit = student.ppf(1 - 0.01 / 2, 19) * worse.std(ddof=1) / np.sqrt(20)
    chance = worse.mean() - factor * limit
    assert sl.downstream.trends(table(LOSS, score, chance=chance))["kind"].tolist() == [kind]


@pytest.mark.parametrize(("factor", "kind"), [(0.98, "monotone"), (1.02, "breakthrough")])
def test_above_chance_means_beyond_students_limit_of_the_worse_half(factor, kind):
    score = asleep(0.0)
    # Ten of forty, all above the worse half, so that the trend as a whole is sure.
    best = score[:20].max() + np.linspace(0.001, 0.2, 10)
    score[20:30] = score[:20].max() + np.linspace(0.0001, 0.0009, 10)
    score[30:] = best
    limit = student.ppf(1 - 0.01 / 2, 19) * best.std(ddof=1) / np.sqrt(10)
    chance = best.mean() - factor * limit
    assert sl.downstream.trends(table(LOSS, score, chance=chance))["kind"].tolist() == [kind]


@pytest.mark.parametrize("at", [0.2, 0.8])
def test_a_turn_may_come_early_or_late(at):
    x = np.linspace(0, 1, 60)
    score = 0.5 + np.where(x < at, (at - x) / at, (x - at) / (1 - at)) / 4
    made = score + skewed(60, scatter=0.005)
    assert sl.downstream.trends(table(3 - x, made))["kind"].tolist() == ["non-monotone"]
    assert sl.downstream.trends(table(3 - x, 1 - made))["kind"].tolist() == ["non-monotone"]
    kink = 0.5 + np.where(x < at, x, at + 3 * (x - at)) / 4 + skewed(60, scatter=0.005)
    assert sl.downstream.trends(table(3 - x, kink))["kind"].tolist() == ["monotone"]


def test_twelve_models_are_enough_and_eleven_are_not():
    score = 1.2 - 0.2 * LOSS[:12]
    assert sl.downstream.trends(table(LOSS[:12], score))["models"].tolist() == [12]
    with pytest.raises(sl.Unidentifiable, match="t: 11 models; a trend takes at least 12"):
        sl.downstream.trends(table(LOSS[:11], score[:11]))
    for alpha in (0.0, 1.0, -0.1, 1.5):
        with pytest.raises(sl.BadParameters, match="alpha is a probability between 0 and 1"):
            sl.downstream.trends(table(LOSS, LOSS), alpha=alpha)
    with pytest.raises(sl.BadRuns, match="trends needs a column lab"):
        sl.downstream.trends(table(LOSS, LOSS), by="lab")
    with pytest.raises(sl.BadRuns, match="lacks bits"):
        sl.downstream.trends(table(LOSS, LOSS), loss="bits")
    # A score may be negative, such as one corrected for chance.
    assert sl.downstream.trends(table(LOSS, LOSS - 9)).shape == (1, 6)


# Emergence


def test_an_emergence_score_is_the_change_over_the_typical_step():
    # Means by scale 0, 1, 3, 2, 10: steps 1, 2, -1, 8, whose squares have the median 2.5.
    scale, score = [1, 1, 3, 2, 4, 5], [-1.0, 1.0, 3.0, 1.0, 2.0, 10.0]
    assert emergence(scale, score) == pytest.approx(10 / 2.5**0.5, rel=1e-12)
    assert emergence(scale, np.negative(score)) == pytest.approx(-10 / 2.5**0.5, rel=1e-12)
    assert isinstance(emergence(scale, score), float)


@pytest.mark.parametrize(
    ("scale", "score", "error", "message"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], sl.Unidentifiable, "at least 5 scales; there are 4"),
        ([1, 2, 3, 4, 4], [1, 2, 3, 4, 5], sl.Unidentifiable, "there are 4"),
        ([1, 2, 3, 4, 5], [0, 0, 0, 0, 1], sl.Unidentifiable, "no step is typical"),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4], sl.BadRuns, "as many scales as scores"),
        ([1, 2, 3, 4, np.inf], [1, 2, 3, 4, 5], sl.BadRuns, "all finite numbers"),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, np.nan], sl.BadRuns, "all finite numbers"),
        (np.ones((5, 2)), np.ones((5, 2)), sl.BadRuns, "as many scales as scores"),
    ],
)
def test_an_emergence_score_is_refused_by_name(scale, score, error, message):
    with pytest.raises(error, match=message):
        emergence(scale, score)


# Inversions


def test_ties_count_for_neither_side():
    errors = pd.DataFrame({"a": [0.1, 0.2, 0.3, 0.3], "b": [0.1, 0.2, 0.15, 0.4]})
    row = inversions(errors).iloc[0]
    # Of six pairs one is tied on a; one of the five left, 0.2 against 0.3, is the other way on b.
    assert (row["pairs"], row["share"], row["models"]) == (5, 1 / 5, 4)


@pytest.mark.parametrize("level", [0.99, 0.8])
@pytest.mark.parametrize(("factor", "pairs"), [(1 + 1e-6, 1), (1 - 1e-6, 0)])
def test_a_pair_counts_when_it_is_told_apart_at_the_level(level, factor, pairs):
    z, n, p = ndtri((1 + level) / 2), 50, 0.3
    gap = factor * z * np.sqrt(2 * p * (1 - p) / n)
    errors = pd.DataFrame({"a": [p - gap / 2, p + gap / 2], "b": [0.1, 0.9]})
    row = inversions(errors, items={"a": n}, level=level).iloc[0]
    assert row["pairs"] == pairs
    assert np.isnan(row["share"]) == (pairs == 0)
    if level == 0.99:
        assert inversions(errors, items={"a": n})["pairs"].tolist() == [pairs]


def test_each_pair_of_tasks_has_a_row_and_missing_scores_are_counted_out():
    errors = pd.DataFrame({"a": [0.1, 0.2, np.nan], "b": [0.2, 0.1, 0.3], "c": [1.0, 0.0, np.nan]})
    told = inversions(errors)
    assert told[["a", "b"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert told["share"].tolist() == [1.0, 1.0, 0.0]
    assert told["models"].tolist() == [2, 2, 2]
    assert told["pairs"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("errors", "items", "error", "message"),
    [
        ({"a": [0.1, 0.2]}, None, sl.Unidentifiable, "two tasks"),
        ({"a": [0.1], "b": [0.2]}, None, sl.Unidentifiable, "two models"),
        ({"a": [0.1, 0.2], "b": [0.1, 1.1]}, None, sl.BadRuns, "row 2, column b: found 1.1"),
        ({"a": [0.1, -0.2], "b": [0.1, 0.1]}, None, sl.BadRuns, "row 2, column a: found -0.2"),
        ({"a": [0.1, "x"], "b": [0.1, 0.1]}, None, sl.BadRuns, "shares between 0 and 1 in every"),
        ({"a": [0.1, 0.2], "b": [0.1, 0.2]}, {"a": 0}, sl.BadRuns, "items are positive numbers"),
        ({"a": [0.1, 0.2], "b": [0.1, 0.2]}, {"z": 9}, sl.BadRuns, "for the tasks a, b"),
    ],
)
def test_inversions_refuse_by_name(errors, items, error, message):
    with pytest.raises(error, match=message):
        inversions(pd.DataFrame(errors), items=items)
