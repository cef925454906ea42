"""Mixtures of experts: against brute force and closed forms, coverage of ends, and refusals."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute import cheapest_experts, equals, sparse
from scalinglaws.compute.experts import off_by, size_for

SHARE = 0.31
TRUTH = {"a": -0.083, "b": -0.12, "c": 0.0105, "d": 1.11, "E_start": 2.0, "E_max": 300.0}


@pytest.fixture(scope="module")
def fitted():
    runs = sl.load("clark2022").query("in_fit and experts > 1 and router == 's-base'")
    return sl.fit(sl.laws.ROUTED, runs, objective=sl.LSQ_LOG)


def saturated(p, experts):
    """Clark et al. 2022, equation 2, written out once more."""
    start = 1 / (1 / p["E_start"] - 1 / p["E_max"])
    return 1 / (1 / (experts - 1 + start) + 1 / p["E_max"])


def loss_of(p, params, experts):
    n, e = np.log10(params), np.log10(saturated(p, experts))
    return 10 ** (p["a"] * n + p["b"] * e + p["c"] * n * e + p["d"])


@pytest.mark.parametrize("experts", [1.0, 2.0, 64.0, 512.0])
def test_equals_solves_the_law_in_closed_form(fitted, experts):
    p = fitted.params
    row = equals(fitted, experts, as_good_as=1e9, share=SHARE, n=20).iloc[0]
    e = np.log10(saturated(p, experts))
    goal = np.log10(loss_of(p, 1e9, 1.0))
    params = 10 ** ((goal - p["b"] * e - p["d"]) / (p["a"] + p["c"] * e))
    # Bisection ends at 5e-14 of an e-fold; the rest is rounding.
    assert row["params"] == pytest.approx(params, rel=1e-9)
    assert row["total_params"] == pytest.approx(params * (1 + SHARE * (experts - 1)), rel=1e-9)
    assert row["saved"] == pytest.approx(1 - params / 1e9, abs=1e-9)


def test_ends_are_those_of_the_point_farther_beyond_the_runs(fitted):
    table = equals(fitted, [64.0, 2048.0], as_good_as=1e11, share=SHARE, n=20)
    dense = {"params": np.array([1e11]), "experts": np.ones(1)}
    values = {k: np.array([v]) for k, v in fitted.params.items()}
    goal, farther = fitted.law(values, **dense), []
    for _, row in table.iterrows():
        at = {"params": np.array([row["params"]]), "experts": np.array([row["experts"]])}
        halves = [off_by(fitted, 0.9, point)[1] for point in (at, dense)]
        half = max(halves)
        farther.append(halves.index(half))
        assert off_by(fitted, 0.9, at, dense) == off_by(fitted, 0.9, dense, at) == [-half, half]
        off = [
            size_for(fitted.law, values, experts=row["experts"], loss=goal[:, None] * np.exp(h))
            for h in (-half, half)
        ]
        # The ends of the refits are put to these: they can only widen.
        assert row["params_high"] >= off[0][0, 0] * (1 - 1e-9)  # rounding
        assert row["params_low"] <= off[1][0, 0] * (1 + 1e-9)
        assert row["saved_high"] == pytest.approx(1 - row["params_low"] / 1e11, abs=1e-9)
        assert row["saved_high"] < 1
    assert farther == [1, 0]  # each of the two once


@pytest.mark.parametrize(
    ("active", "total", "most"),
    [(3e8, 2e9, None), (1e9, 8e9, None), (8e9, 8e9, None), (3e9, 4e9, 16), (2e12, 3e12, 64)],
)
def test_the_plan_under_two_limits_is_that_of_a_grid(fitted, active, total, most):
    plan = sparse(fitted, share=SHARE, active=active, total=total, most_experts=most, n=20).iloc[0]
    n = active * np.geomspace(0.01, 1, 1001)[:, None]
    e = np.geomspace(1.0, most or 512.0, 4001)[None, :]
    loss = np.where(n * (1 + SHARE * (e - 1)) <= total, loss_of(fitted.params, n, e), np.inf)
    # A step of either grid changes the loss by less than 2e-4; the plan may only be better.
    assert plan["loss"] <= loss.min() * (1 + 1e-9)
    assert plan["loss"] == pytest.approx(loss.min(), rel=2e-4)
    assert plan["params"] <= active * (1 + 1e-9)
    assert plan["total_params"] <= total * (1 + 1e-9)
    dense = loss_of(fitted.params, plan["worth"], 1.0)
    assert dense == pytest.approx(plan["loss"], rel=1e-9)


def test_beyond_the_size_at_which_experts_stop_paying_none_are_planned(fitted):
    p = fitted.params
    size = 10 ** (-p["b"] / p["c"]) * 3
    plan = sparse(fitted, share=SHARE, active=size, total=100 * size, n=20).iloc[0]
    assert plan["experts"] == 1


@pytest.mark.parametrize("keep", [0.003, 0.03, 0.3, 1.0, 50.0])
def test_the_cheapest_number_of_experts_is_that_of_a_grid(fitted, keep):
    row = cheapest_experts(fitted, keep, as_good_as=1e9, share=SHARE, n=20).iloc[0]
    p, e = fitted.params, np.geomspace(1, 512, 20_001)
    goal = np.log10(loss_of(p, 1e9, 1.0))
    log_e = np.log10(saturated(p, e))
    n = 10 ** ((goal - p["b"] * log_e - p["d"]) / (p["a"] + p["c"] * log_e))
    cost = n * (1 + keep * (1 + SHARE * (e - 1)))
    best = cost.argmin()
    # A parabola through three points a tenth of an e-fold apart: the minimum is flat.
    assert row["experts"] == pytest.approx(e[best], rel=0.01)
    assert row["saved"] == pytest.approx(1 - cost[best] / (1e9 * (1 + keep)), abs=1e-5)


def test_nearly_free_memory_wants_the_most_experts_and_dear_memory_none(fitted):
    plan = cheapest_experts(fitted, [0.0, 100.0], as_good_as=1e9, share=SHARE, n=20)
    assert plan["experts"].tolist() == pytest.approx([512, 1], rel=1e-9)
    assert plan["saved"].iloc[1] == pytest.approx(0, abs=1e-12)  # rounding


def test_intervals_of_equals_cover_the_truth():
    """Of 40 simulated tables, an interval of nominal 90% should hold the truth in most."""
    params = np.repeat([2e7, 6e7, 1.5e8, 4e8, 1.2e9, 3e9], 8)
    experts = np.tile([2.0, 4, 8, 16, 32, 64, 128, 256], 6)
    values = {k: np.array([v]) for k, v in TRUTH.items()}
    goal = sl.laws.ROUTED(values, params=np.array([1e9]), experts=np.ones(1))
    truth = size_for(sl.laws.ROUTED, values, experts=64.0, loss=goal[:, None])[0, 0]
    inside = 0
    for seed in range(40):
        runs = sl.simulate.at(
            sl.laws.ROUTED, TRUTH, params=params, experts=experts, noise=0.003, seed=seed
        )
        fit = sl.fit(sl.laws.ROUTED, runs, objective=sl.LSQ_LOG, check=False)
        row = equals(fit, 64, as_good_as=1e9, share=SHARE, n=200).iloc[0]
        inside += row["params_law_low"] <= truth <= row["params_law_high"]
    # 90% of 40 is 36; below 30 lies one chance in a hundred, and six groups are few.
    assert inside >= 30


def test_what_experts_cannot_be_asked_of_is_refused(fitted):
    dense = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    for ask in (
        lambda f: equals(f, 8, as_good_as=1e9, share=SHARE),
        lambda f: sparse(f, share=SHARE, total=1e9),
        lambda f: cheapest_experts(f, 0.1, as_good_as=1e9, share=SHARE),
    ):
        with pytest.raises(sl.errors.Unidentifiable, match="law of params and experts"):
            ask(dense)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda f: equals(f, 0.5, as_good_as=1e9, share=SHARE), "from 1 on"),
        (lambda f: equals(f, "many", as_good_as=1e9, share=SHARE), "must be numbers"),
        (lambda f: equals(f, 8, as_good_as=-1.0, share=SHARE), "positive size"),
        (lambda f: equals(f, 8, as_good_as=1e9, share=0.0), "copies of the dense model"),
        (lambda f: equals(f, 8, as_good_as=1e9, share=1.5), "copies of the dense model"),
        (lambda f: sparse(f, share=SHARE), "give total="),
        (lambda f: sparse(f, share=SHARE, total=1e9, active=2e9), "active at most total"),
        (lambda f: sparse(f, share=SHARE, total=-1e9), "must be positive"),
        (lambda f: sparse(f, share=SHARE, total=1e9, most_experts=0.5), "most_experts"),
        (lambda f: cheapest_experts(f, -0.1, as_good_as=1e9, share=SHARE), "from 0 on"),
        (lambda f: cheapest_experts(f, "dear", as_good_as=1e9, share=SHARE), "keep must be"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(fitted, ask, words):
    with pytest.raises(sl.errors.BadParameters, match=words):
        ask(fitted)


def test_a_quality_that_experts_never_reach_is_refused(fitted):
    p = fitted.params
    size = 10 ** (-p["b"] / p["c"])
    with pytest.raises(sl.errors.Unidentifiable, match="experts no longer pay"):
        equals(fitted, 512, as_good_as=size * 1e12, share=SHARE, n=20)


def test_runs_that_do_not_show_where_experts_level_off_are_refused_by_that_reason():
    runs = sl.load("clark2022").query("in_fit and 1 < experts <= 16 and router == 's-base'")
    stuck = sl.fit(sl.laws.ROUTED, runs, objective=sl.LSQ_LOG)
    if "E_max" not in stuck.at_bound:
        pytest.skip("the fit found a level")
    with pytest.raises(sl.errors.Unidentifiable, match="more experts stop helping"):
        equals(stuck, 8, as_good_as=1e8, share=SHARE, n=20)
    held = sl.fit(sl.laws.ROUTED, runs, objective=sl.LSQ_LOG, held={"E_max": 300.0})
    assert equals(held, 8, as_good_as=1e8, share=SHARE, n=20)["params"][0] < 1e8


def test_a_dense_model_of_more_parameters_is_as_good_as_itself(fitted):
    row = equals(fitted, 1, as_good_as=5e10, share=SHARE, n=50).iloc[0]
    assert row["params_low"] == pytest.approx(5e10) == pytest.approx(row["params_high"])


def test_answers_beyond_the_runs_are_wider_than_the_law(fitted):
    row = equals(fitted, 512, as_good_as=1e11, share=SHARE, n=100).iloc[0]
    assert row["beyond"] > 1
    assert row["params_low"] < row["params_law_low"]
    assert row["params_high"] > row["params_law_high"]


def test_the_mark_of_simulated_runs_stays():
    x = np.geomspace(1e7, 1e9, 6)
    runs = sl.simulate.at(
        sl.laws.ROUTED, TRUTH, params=np.repeat(x, 4), experts=np.tile([2.0, 8, 32, 128], 6),
        noise=0.003,
    )  # fmt: skip
    fit = sl.fit(sl.laws.ROUTED, runs, objective=sl.LSQ_LOG, check=False)
    assert equals(fit, 8, as_good_as=1e9, share=SHARE, n=50).attrs["simulated"]


def test_what_the_runs_say_of_experts():
    """Without a law: 64 experts are worth 5.2 to 5.4 times the parameters, at three sizes."""
    runs = sl.load("clark2022")
    one = runs[(runs["router"] == "dense") & (runs["wider"] == 1)]
    dense = np.log(one["loss"]).groupby(one["params"]).mean()
    some = runs[runs["in_fit"] & (runs["experts"] == 64) & (runs["router"] == "s-base")]
    some = some[some["params"] < 2e8]
    equal = np.exp(np.interp(-np.log(some["loss"]), -dense, np.log(dense.index)))
    times = pd.Series(equal / some["params"])
    assert times.between(5.1, 5.5).all()
    assert len(times) == 4
