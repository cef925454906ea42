"""A budget in a table's own FLOPs, where these are not 6ND."""

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.compute import own_count
from scalinglaws.compute.own_flops import count_for, count_near, count_said


@pytest.fixture(scope="module")
def runs():
    return sl.load("hoffmann2022")


def counted(runs, k):
    return runs.assign(flops=k * runs["params"] * runs["tokens"])


def test_tables_in_6nd_are_taken_as_such(runs):
    assert own_count(sl.fit(sl.laws.CHINCHILLA, runs)) == 6.0
    near = counted(runs, 6.2)  # within the 5% that USUAL allows
    assert own_count(sl.fit(sl.laws.CHINCHILLA, near)) == 6.0
    assert own_count(sl.fit(sl.laws.CHINCHILLA, runs.drop(columns="flops"))) == 6.0


def test_a_steady_count_is_found_under_scatter(runs):
    noise = np.random.default_rng(0).normal(0, 0.03, len(runs))
    fit = sl.fit(sl.laws.CHINCHILLA, counted(runs, 8.3 * np.exp(noise)))
    # The median of 240 draws of a normal has a standard error of 1.25 * 0.03 / 240**0.5 = 0.24%.
    assert own_count(fit) == pytest.approx(8.3, rel=3 * 0.0025)


def test_how_budgets_are_counted_is_said_where_it_is_not_6nd(runs):
    usual = sl.fit(sl.laws.CHINCHILLA, runs)
    assert count_said(usual, 6.0) == ""
    own = sl.fit(sl.laws.CHINCHILLA, counted(runs, 7.5))
    assert count_said(own, own_count(own)).endswith("counts its flops, as 7.5 params tokens.")
    assert "as 6 params tokens, and the table counts its flops as 7.5." in count_said(own, 6.0)
    drifting = counted(runs, 6 * (1 + (runs["params"] / 1e8) ** -0.5))
    apart = sl.fit(sl.laws.CHINCHILLA, drifting)
    assert "another multiple of params tokens at each size" in count_said(apart, 6.0)
    assert count_near(apart) == 6.0
    assert (count_for(apart, 7.0), count_for(own, None)) == (7.0, own_count(own))
    for wrong in (0.0, -6.0, float("nan")):
        with pytest.raises(sl.BadParameters, match="per_param_token"):
            count_for(own, wrong)


def test_a_drifting_count_is_asked_about(runs):
    k = 6 * (1 + (runs["params"] / 1e8) ** -0.5)  # embeddings that small models spend more on
    fit = sl.fit(sl.laws.CHINCHILLA, counted(runs, k))
    with pytest.raises(sl.Unidentifiable, match="no one count says what a budget buys") as caught:
        own_count(fit)
    largest, usual = caught.value.fixes
    assert usual.value == 6.0
    top = k[runs["params"].idxmax()]
    assert largest.value == pytest.approx(top, rel=0.005)  # three digits are named


def test_the_split_of_an_own_budget_is_that_of_a_grid(runs):
    fit = sl.fit(sl.laws.CHINCHILLA, counted(runs, 9.0))
    budget = 3e22
    split = sl.allocate(fit, budget, per_param_token=own_count(fit)).iloc[0]
    grid = np.geomspace(split["params"] / 30, split["params"] * 30, 200_001)
    losses = fit.law(fit.params, params=grid, tokens=budget / 9.0 / grid)
    best = grid[losses.argmin()]
    # A step of the grid is a factor of 900**(1/200000), 3.4e-5.
    assert split["params"] == pytest.approx(best, rel=4e-5)
    assert 9.0 * split["params"] * split["tokens"] == pytest.approx(budget, rel=1e-12)
    # The same as a budget in 6ND that buys as much.
    same = sl.allocate(fit, budget * 6 / 9).iloc[0]
    assert split["params"] == pytest.approx(same["params"], rel=1e-9)  # golden section's 2e-15
