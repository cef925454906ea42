"""Budgets split where text is short: against a grid, against Chinchilla's law, and refused."""

import numpy as np
import pytest

import scalinglaws as sl

HELD = {"A": 521.0, "B": 1488.0, "E": 1.87, "alpha": 0.353, "beta": 0.353}
TRUTH = HELD | {"R_D": 15.4, "R_N": 5.3}


def runs(noise=0.002, seed=0):
    sizes = np.geomspace(1e8, 1e10, 5)
    params, tokens, unique = (
        v.ravel() for v in np.meshgrid(sizes, np.geomspace(2e9, 2e11, 5), [1e9, 1e10, 1e12])
    )
    return sl.simulate.at(
        sl.laws.DATA_CONSTRAINED, TRUTH, noise=noise, seed=seed,
        params=params, tokens=tokens, unique_tokens=unique,
    )  # fmt: skip


@pytest.fixture(scope="module")
def fitted():
    return sl.fit(sl.laws.DATA_CONSTRAINED, runs(), objective=sl.LSQ_LOG, held=HELD)


@pytest.mark.parametrize(
    ("flops", "text"),
    [(1e19, 1e8), (1e20, 1e10), (1e22, 1e10), (1e22, 1e13), (1e24, 1e11), (1e24, 1e13)],
)
def test_the_split_is_that_of_a_grid(fitted, flops, text):
    row = sl.allocate(fitted, flops, unique_tokens=text, n=20).iloc[0]
    grid = row["params"] * np.geomspace(1e-6, 1e6, 120_001)
    loss = fitted.law(
        fitted.params,
        params=grid, tokens=flops / 6 / grid, unique_tokens=np.full(grid.shape, text),
    )  # fmt: skip
    # A step of the grid is 2.3e-4, and around a minimum the loss is flat: two steps.
    assert grid[loss.argmin()] == pytest.approx(row["params"], rel=5e-4)
    assert row["loss"] == pytest.approx(loss.min(), rel=1e-12)
    assert row["epochs"] == pytest.approx(max(1.0, row["tokens"] / text))
    assert row["tokens"] * row["params"] * 6 == pytest.approx(flops)
    assert row["epochs_low"] <= row["epochs"] <= row["epochs_high"]


def test_with_text_for_all_it_is_chinchillas_split(fitted):
    plain = sl.fit(sl.laws.CHINCHILLA, runs().drop(columns="unique_tokens"), held=HELD, check=False)
    mine = sl.allocate(fitted, [1e21, 1e23], unique_tokens=1e15, n=20)
    theirs = sl.allocate(plain, [1e21, 1e23], n=20)
    # Both find log N to 2e-15 in the exact law; the loss is flat to a rounding within 1e-7.
    np.testing.assert_allclose(mine["params"], theirs["params"], rtol=1e-6)
    assert (mine["epochs"] == 1).all()


def test_less_text_means_more_passes_and_a_smaller_model(fitted):
    text = [1e13, 1e12, 3e11, 1e11, 3e10]
    split = sl.allocate(fitted, np.full(5, 1e23), unique_tokens=text, n=20)
    assert split["epochs"].is_monotonic_increasing
    assert split["loss"].is_monotonic_increasing
    assert split["params"].iloc[-1] < split["params"].iloc[0]


@pytest.mark.parametrize("text", [0.0, -1e9, np.nan, np.inf, [1e9, 1e9, 1e9], "much"])
def test_text_that_is_no_amount_is_refused(fitted, text):
    with pytest.raises(sl.BadParameters, match=r"unique_tokens must be a positive number"):
        sl.allocate(fitted, [1e20, 1e21], unique_tokens=text, n=20)


def test_text_is_asked_for_where_repeats_count_and_only_there(fitted):
    says = "say how much text there is, such as unique_tokens="
    with pytest.raises(sl.BadParameters, match=says):
        sl.allocate(fitted, 1e22, n=20)
    plain = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    with pytest.raises(sl.BadParameters, match="takes every token for a new one"):
        sl.allocate(plain, 1e22, unique_tokens=1e9, n=20)


def test_intervals_hold_the_best_split_and_know_how_far_they_reach(fitted):
    best = sl.compute.optimal_params(
        fitted.law, {k: np.array([v]) for k, v in TRUTH.items()}, np.array([1e22]),
        given={"unique_tokens": np.array([1e10])},
    )[0, 0]  # fmt: skip
    near = sl.allocate(fitted, 1e22, unique_tokens=1e10, n=200).iloc[0]
    far = sl.allocate(fitted, 1e24, unique_tokens=1e11, n=200).iloc[0]
    assert near["params_low"] < best < near["params_high"]
    assert near["beyond"] == 1.0
    assert far["beyond"] > 50
    assert far["loss_high"] - far["loss_low"] > far["loss_law_high"] - far["loss_law_low"]


def test_a_budget_that_the_text_cannot_use_is_refused(fitted):
    with pytest.raises(sl.Unidentifiable, match=r"1e\+08 unique tokens are used up before 1e\+24"):
        sl.allocate(fitted, [1e18, 1e24], unique_tokens=1e8, n=20)
    # What it says: from a tenth of the budget on, nothing is gained.
    sizes = np.geomspace(1e6, 1e12, 2000)
    tenth, whole = (
        fitted.law(
            fitted.params, params=sizes, tokens=c / 6 / sizes, unique_tokens=np.full(2000, 1e8)
        ).min()
        for c in (1e23, 1e24)
    )
    assert tenth / whole - 1 < 1e-6


def test_runs_that_read_no_text_twice_say_nothing_of_repeats():
    table = runs()
    few = table.assign(unique_tokens=table["tokens"] * np.where(np.arange(len(table)) < 2, 0.5, 1))
    with pytest.raises(sl.Unidentifiable, match="2 of 75 runs read their text more than once"):
        sl.fit(sl.laws.DATA_CONSTRAINED, few, held=HELD)
    few.loc[few.index[2], "unique_tokens"] /= 1.06
    assert sl.fit(sl.laws.DATA_CONSTRAINED, few, objective=sl.LSQ_LOG, held=HELD) is not None
    # A name that is rounded is no repeat.
    few.loc[few.index[2], "unique_tokens"] *= 1.06 / 1.04
    with pytest.raises(sl.Unidentifiable, match=r"fit laws\.CHINCHILLA, which needs none"):
        sl.fit(sl.laws.DATA_CONSTRAINED, few, held=HELD)
