"""The split of a budget: closed form, intervals, refusals."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl

CHINCHILLA = sl.laws.CHINCHILLA


@pytest.fixture(scope="module")
def fitted():
    return sl.fit(CHINCHILLA, sl.load("hoffmann2022"))


def test_numerical_optimum_is_the_closed_form(fitted):
    table = sl.allocate(fitted, [1e18, 5.76e23, 1e26])
    p = fitted.params
    a = p["beta"] / (p["alpha"] + p["beta"])
    g = (p["alpha"] * p["A"] / (p["beta"] * p["B"])) ** (1 / (p["alpha"] + p["beta"]))
    expected = g * (np.array([1e18, 5.76e23, 1e26]) / 6) ** a
    # A minimum found by comparing values is known to the square root of rounding, about 1e-7.
    np.testing.assert_allclose(table["params"], expected, rtol=1e-6)
    np.testing.assert_allclose(6 * table["params"] * table["tokens"], table["flops"], rtol=1e-12)


def test_interval_holds_the_estimate_and_widens_beyond_the_runs(fitted):
    table = sl.allocate(fitted, [1e21, 1e24, 1e26])
    for name in ("params", "tokens", "tokens_per_param", "loss"):
        assert (table[f"{name}_low"] < table[name]).all()
        assert (table[name] < table[f"{name}_high"]).all()
    width = np.log(table["params_high"] / table["params_low"])
    assert width.is_monotonic_increasing
    assert table["beyond"][0] == 1
    assert table["beyond"][2] > 1000


def test_refusals(fitted):
    line = sl.fit(sl.laws.power_law("flops"), sl.load("hoffmann2022"))
    with pytest.raises(sl.Unidentifiable, match="needs a law of both params and tokens"):
        sl.allocate(line, 1e21)
    with pytest.raises(sl.BadRuns, match="budgets in FLOPs must be a list of positive numbers"):
        sl.allocate(fitted, [-1.0])
    rng = np.random.default_rng(0)
    runs = sl.simulate.at(
        sl.laws.power_law("params"),
        {"E": 2.0, "k": 500.0, "c": 0.35},
        params=10 ** rng.uniform(7, 10, 40),
        noise=0.001,
    )
    runs["tokens"] = 10 ** rng.uniform(9, 11, 40)
    flat = sl.fit(CHINCHILLA, runs)
    assert flat.at_bound
    assert not flat.ok


def test_explorer_is_built_from_the_fit(fitted):
    page = sl.figures.interactive.explore(fitted)
    middle = len(page.payload["alpha"]) // 2
    assert page.payload["alpha"][middle] == fitted.params["alpha"]
    # The middle node of the refits is the fit itself.
    assert page.payload["objective"][middle][middle] == pytest.approx(fitted.objective, rel=1e-9)
    # The refits behind the fit's own intervals, all of them.
    assert len(page.payload["draws"]) == len(fitted.bootstrap()) == 1000
    assert page.payload["loss_unit"] == "nats per token"


def test_growth_of_the_best_size_is_chinchillas_closed_form() -> None:
    p = {"A": 482.0, "B": 2085.0, "E": 1.8, "alpha": 0.348, "beta": 0.366}
    exact = 0.366 / (0.348 + 0.366)
    found = sl.compute.growth(sl.laws.CHINCHILLA, p, low=1e18, high=1e24)
    assert found.shape == ()
    # The best sizes are found to 1e-8 by golden section, over 14 e-folds.
    assert float(found) == pytest.approx(exact, abs=1e-8)
    both = sl.compute.growth(
        sl.laws.CHINCHILLA, {**p, "alpha": np.array([0.348, 0.5])}, low=1e18, high=1e24
    )
    np.testing.assert_allclose(both, [exact, 0.366 / 0.866], atol=1e-8)
    with pytest.raises(sl.BadRuns, match=r"low below high; found 1e\+24, 1e\+18"):
        sl.compute.growth(sl.laws.CHINCHILLA, p, low=1e24, high=1e18)


def _refusal(table):
    fit = sl.fit(CHINCHILLA, table, check=False)
    with pytest.raises(sl.Unidentifiable) as refused:
        sl.allocate(fit, 1e21)
    return str(refused.value)


def test_the_reason_of_a_refusal_is_the_one_that_holds():
    params, tokens = (
        v.ravel() for v in np.meshgrid(np.geomspace(1e7, 1e9, 5), np.geomspace(1e9, 1e11, 5))
    )
    flat = pd.DataFrame({"params": params, "tokens": tokens, "loss": 2.5})
    said = _refusal(flat)
    assert "the loss hardly changes over these runs (2.5 to 2.5)" in said
    assert "separately" not in said
    # Only the data term is in these losses, and the grid is as full as before.
    one = flat.assign(loss=1.8 + 900 * tokens**-0.3)
    said = _refusal(one)
    assert "one of the terms does not show beside the rest" in said
    assert "add runs that vary" not in said


def noise_alone(seed, runs=36):
    rng = np.random.default_rng(seed)
    params = 10 ** rng.uniform(7, 9.5, runs)
    tokens = params * 10 ** rng.uniform(0.5, 2.5, runs)
    return pd.DataFrame(
        {"params": params, "tokens": tokens, "loss": 2.5 * np.exp(0.01 * rng.normal(size=runs))}
    )


def test_a_law_that_explains_no_more_than_chance_plans_nothing():
    """Of tables of noise alone nearly all are refused, by chance or for an exponent at a bound."""
    answered = 0
    for seed in range(20):
        try:
            sl.allocate(sl.fit(sl.laws.CHINCHILLA, noise_alone(seed)), 1e21, n=20)
            answered += 1
        except sl.Unidentifiable:
            pass
    # Each has one chance in twenty by the test alone; more than three of twenty have one in sixty.
    assert answered <= 3


def test_one_loss_for_all_runs_plans_nothing():
    runs = noise_alone(0).assign(loss=2.5)
    for objective in (sl.LSQ_LOG, sl.huber(1e-3)):
        with pytest.raises(sl.Unidentifiable, match="every run has the same loss"):
            sl.fit(sl.laws.CHINCHILLA, runs, objective=objective)
        insisted = sl.fit(sl.laws.CHINCHILLA, runs, objective=objective, check=False)
        with pytest.raises(sl.Unidentifiable, match=r"by chance|would \(p = |hardly changes"):
            sl.allocate(insisted, 1e21, n=20)


def test_a_law_that_explains_the_runs_is_not_refused_for_chance():
    few = sl.load("hoffmann2022").sort_values("flops").iloc[::24]
    assert len(few) == 10
    plan = sl.allocate(sl.fit(sl.laws.CHINCHILLA, few), 1e21, kind="case", n=20)
    assert plan["params"][0] > 0
