"""Training and serving together: against a grid, closed forms, money, and what is refused."""

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.compute import Price, lifetime
from scalinglaws.compute.serving import cheapest_params, optimal_tokens, tokens_for

CHINCHILLA = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
LAW = sl.laws.CHINCHILLA


@pytest.fixture(scope="module")
def fitted():
    return sl.fit(LAW, sl.load("hoffmann2022"))


def on_a_grid(p, size, served, price):
    """The cheapest size by brute force, from the law's closed form of D, and what it saves."""
    best = (p["alpha"] * p["A"] * size ** -p["alpha"] / (p["beta"] * p["B"])) ** (-1 / p["beta"])
    goal = p["E"] + p["A"] * size ** -p["alpha"] + p["B"] * best ** -p["beta"]
    n = size * np.geomspace(1 / 50, 3, 400_001)
    left = goal - p["E"] - p["A"] * n ** -p["alpha"]
    d = np.where(left > 0, np.abs(left) / p["B"], np.nan) ** (-1 / p["beta"])
    cost = 6 * n * d * price.train + 2 * n * served * price.serve
    k = np.nanargmin(cost)
    return (
        n[k],
        d[k],
        1 - cost[k] / (6 * size * best * price.train + 2 * size * served * price.serve),
    )


@pytest.mark.parametrize("served", [1e11, 2e12, 1e14])
@pytest.mark.parametrize("price", [Price(), Price(train=2.0, serve=9.0)])
def test_the_cheapest_model_is_that_of_a_grid(fitted, served, price):
    row = lifetime(fitted, served, as_good_as=13e9, price=price, n=20).iloc[0]
    params, tokens, saved = on_a_grid(fitted.params, 13e9, served, price)
    # A step of the grid is 1.2e-5; the minimum is flat, so sizes agree to a few steps.
    assert row["params"] == pytest.approx(params, rel=1e-4)
    assert row["tokens"] == pytest.approx(tokens, rel=3e-4)
    assert row["saved"] == pytest.approx(saved, abs=1e-8)
    assert row["cost"] == pytest.approx(
        6 * row["params"] * row["tokens"] * price.train
        + 2 * row["params"] * served * price.serve
    )  # fmt: skip


@pytest.mark.parametrize(
    ("constants", "params", "saved"),
    [
        (CHINCHILLA, 8.0e9, 0.101),
        (CHINCHILLA | {"alpha": 0.3392, "beta": 0.2849}, 7.12e9, 0.163),
        ({"A": 482.01, "B": 2085.43, "E": 1.8172, "alpha": 0.3478, "beta": 0.3658}, 6.1e9, 0.290),
    ],
)
def test_the_saving_depends_on_the_constants_taken(constants, params, saved):
    """13B quality, 2T tokens: Sardana et al. 2023 print 7B and 17%; recomputed by others, these."""
    held = sl.fit(LAW, sl.load("hoffmann2022"), held=constants, check=False)
    values = {k: np.array([v]) for k, v in constants.items()}
    size = np.array([[13e9]])
    goal = LAW(values, params=size, tokens=optimal_tokens(LAW, values, params=size))
    found = cheapest_params(LAW, values, loss=goal, served=2e12, price=Price(), around=size)
    # To the digits given.
    assert found[0, 0] == pytest.approx(params, rel=0.006)
    assert on_a_grid(held.params, 13e9, 2e12, Price())[2] == pytest.approx(saved, abs=6e-4)


def test_optimal_tokens_are_those_of_the_closed_form():
    sizes = np.geomspace(1e7, 1e12, 6)
    p = CHINCHILLA
    exact = (p["alpha"] * p["A"] * sizes ** -p["alpha"] / (p["beta"] * p["B"])) ** (-1 / p["beta"])
    found = optimal_tokens(LAW, p, params=sizes)
    # Differences over 1e-4 of an e-fold are good to 1e-8 or so of the slope.
    np.testing.assert_allclose(found, exact, rtol=1e-6)


def test_no_training_reaches_what_a_size_cannot():
    found = tokens_for(LAW, CHINCHILLA, params=np.array([1e7, 1e10]), loss=2.5)
    assert found[0] == np.inf
    assert LAW(CHINCHILLA, params=np.array([1e10]), tokens=found[1:])[0] == pytest.approx(2.5)


def test_nothing_served_is_the_compute_optimal_model_and_more_means_smaller(fitted):
    life = lifetime(fitted, [0, 1e11, 1e12, 1e13], as_good_as=13e9, n=20)
    assert life["params"][0] == pytest.approx(13e9, rel=1e-5)  # the minimum is flat
    assert life["saved"][0] == pytest.approx(0, abs=1e-9)
    assert life["params"].is_monotonic_decreasing
    assert life["tokens_per_param"].is_monotonic_increasing
    assert life["saved"].is_monotonic_increasing


def test_a_loss_and_the_size_that_has_it_are_one_quality(fitted):
    by_size = lifetime(fitted, 2e12, as_good_as=13e9, n=20)
    by_loss = lifetime(fitted, 2e12, loss=by_size.attrs["loss"], n=20)
    np.testing.assert_allclose(by_loss["params"], by_size["params"], rtol=1e-4)
    # A size has another loss in each refit, a loss is one for all.
    width = [t["params_law_high"][0] / t["params_law_low"][0] for t in (by_loss, by_size)]
    assert width[0] != pytest.approx(width[1])


def test_ends_hold_the_truth_and_widen_beyond_the_runs():
    sizes, data = (
        v.ravel() for v in np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(2e9, 2e11, 6))
    )
    runs = sl.simulate.at(LAW, CHINCHILLA, noise=0.002, seed=3, params=sizes, tokens=data)
    fit = sl.fit(LAW, runs)
    row = lifetime(fit, 1e12, as_good_as=7e9, n=200).iloc[0]
    params, tokens, saved = on_a_grid(CHINCHILLA, 7e9, 1e12, Price())
    for name, truth in {"params": params, "tokens": tokens, "saved": saved}.items():
        assert row[f"{name}_low"] <= row[f"{name}_law_low"] < row[f"{name}_law_high"]
        assert row[f"{name}_low"] < truth < row[f"{name}_high"]
    far = lifetime(fit, 1e16, as_good_as=7e9, n=50).iloc[0]
    assert far["beyond"] > 10
    assert far["tokens_high"] / far["tokens_low"] > far["tokens_law_high"] / far["tokens_law_low"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give one quality"),
        ({"as_good_as": 1e9, "loss": 2.0}, "give one quality"),
        ({"as_good_as": -1e9}, "a quality positive"),
        ({"as_good_as": 1e9, "served_tokens": [-1.0]}, "from 0 on"),
        ({"as_good_as": 1e9, "served_tokens": np.nan}, "from 0 on"),
    ],
)
def test_what_is_no_question_is_refused(fitted, options, words):
    with pytest.raises(sl.BadParameters, match=words):
        lifetime(fitted, **({"served_tokens": 1e12, "n": 20} | options))


def test_a_quality_that_the_law_never_reaches_is_refused(fitted):
    with pytest.raises(
        sl.Unidentifiable, match=r"does not reach a loss of 1\.5 .* by its best fit"
    ):
        lifetime(fitted, 1e12, loss=1.5, n=20)
    just = fitted.interval("E").estimate * 1.002
    with pytest.raises(sl.Unidentifiable, match="of its refits"):
        lifetime(fitted, 1e12, loss=just, n=100)
    power = sl.fit(sl.laws.power_law("flops"), sl.load("hoffmann2022"), check=False)
    with pytest.raises(sl.Unidentifiable, match="needs a law of params and tokens"):
        lifetime(power, 1e12, as_good_as=1e9, n=20)


def test_a_price_comes_from_a_machine_and_only_its_ratio_moves_the_size(fitted):
    machine = {"flops_per_second": 1e15, "money_per_hour": 2.0}
    price = Price.of(**machine, train_use=0.4, serve_use=0.2)
    # One hour is 3600 s of 4e14 FLOPs: 1.44e18 for 2.0.
    assert price.train == pytest.approx(2.0 / 1.44e18)
    assert price.serve == pytest.approx(2 * price.train)
    rich = Price(train=10 * price.train, serve=10 * price.serve)
    mine, theirs = (lifetime(fitted, 1e12, as_good_as=7e9, price=p, n=20) for p in (price, rich))
    np.testing.assert_allclose(mine["params"], theirs["params"], rtol=1e-6)
    np.testing.assert_allclose(10 * mine["cost"], theirs["cost"], rtol=1e-9)
    for wrong in ({"train_use": 1.2}, {"serve_use": 0.0}, {"money_per_hour": -1.0}):
        with pytest.raises(sl.BadParameters, match=next(iter(wrong))):
            Price.of(**({**machine, "train_use": 0.4, "serve_use": 0.2} | wrong))


def test_an_exponent_at_its_bound_decides_no_plan(fitted):
    flat = fitted.runs.assign(loss=2.0 + 1e-9 * np.arange(len(fitted.runs)))
    stuck = sl.fit(LAW, flat, check=False)
    with pytest.raises(sl.Unidentifiable, match="sit at the edge of their range"):
        lifetime(stuck, 1e12, as_good_as=1e9, n=20)
