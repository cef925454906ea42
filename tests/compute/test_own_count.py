"""A budget in a table's own FLOPs, where these are not 6ND."""

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.compute import own_count
from scalinglaws.compute.own_flops import count_apart


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


def test_what_counts_as_6nd_all_the_same_says_so(runs):
    assert count_apart(sl.fit(sl.laws.CHINCHILLA, runs)) == ""
    said = count_apart(sl.fit(sl.laws.CHINCHILLA, counted(runs, 7.5)))
    assert "its flops as 7.5 params tokens: give 0.8 times a budget" in said
    drifting = counted(runs, 6 * (1 + (runs["params"] / 1e8) ** -0.5))
    assert "another multiple of params tokens at each size" in count_apart(
        sl.fit(sl.laws.CHINCHILLA, drifting)
    )


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
