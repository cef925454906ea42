"""What must hold of a split, a growth, a score and a batch whatever was fitted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute import batch_size as batch
from scalinglaws.compute.allocate import positive_budgets
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, optimal_params
from scalinglaws.validation.hold_out import HoldOut
from skewed_runs import CHINCHILLA, STEPS, TRUTH, size_and_data, steps_to_target

RUNS = size_and_data()
FIT = sl.fit(CHINCHILLA, RUNS, seed=3)


def closed_form(p, budgets, k):
    both = p["alpha"] + p["beta"]
    g = (p["alpha"] * p["A"] / (p["beta"] * p["B"])) ** (1 / both)
    return g * (np.asarray(budgets) / k) ** (p["beta"] / both)


@pytest.mark.parametrize("k", [6.0, 2.5])
def test_a_split_spends_its_budget_and_loses_least(k):
    budgets = np.array([1e18, 1e22])
    found = sl.allocate(FIT, budgets, per_param_token=k, n=20)
    assert found["flops"].tolist() == budgets.tolist()
    np.testing.assert_allclose(k * found["params"] * found["tokens"], budgets, rtol=1e-12)
    np.testing.assert_allclose(found["tokens_per_param"], found["tokens"] / found["params"])
    # Golden section finds a size to about 1e-7.
    np.testing.assert_allclose(found["params"], closed_form(FIT.params, budgets, k), rtol=1e-6)
    lowest = CHINCHILLA(FIT.params, params=found["params"], tokens=found["tokens"])
    np.testing.assert_allclose(found["loss"], lowest, rtol=1e-12)
    for factor in (0.8, 1.25):
        other = {"params": found["params"] * factor, "tokens": found["tokens"] / factor}
        assert (CHINCHILLA(FIT.params, **other) > found["loss"]).all()


@pytest.mark.parametrize("k", [6.0, 2.5])
def test_a_budget_is_beyond_the_runs_in_the_unit_in_which_it_is_spent(k):
    spent = k * RUNS["params"] * RUNS["tokens"]
    smallest, largest = float(spent.min()), float(spent.max())
    budgets = np.array([smallest / 4, smallest * 1.001, *(largest * np.array([0.999, 1.001, 3.0]))])
    found = sl.allocate(FIT, budgets, per_param_token=k, n=20)["beyond"]
    assert found.tolist() == pytest.approx([4, 1, 1, 1.001, 3.0], rel=1e-12)
    top = (RUNS["params"] * RUNS["tokens"]).to_numpy().argmax()
    without = sl.fit(CHINCHILLA, RUNS, weights=np.arange(40) != top)
    second = np.sort(RUNS["params"] * RUNS["tokens"])[-2]
    beyond = sl.allocate(without, 3 * 6 * second, n=20)["beyond"]
    assert beyond.tolist() == pytest.approx([3.0], rel=1e-12)


def test_budgets_are_positive_numbers_in_a_list_or_alone():
    assert positive_budgets(1e20).tolist() == [1e20]
    assert positive_budgets([1, 2]).tolist() == [1.0, 2.0]
    assert positive_budgets(np.float64(3e20)).dtype == float
    for wrong in ([0.0], [1e20, -1.0], [np.nan], [np.inf], [[1e20]]):
        with pytest.raises(sl.BadRuns, match="must be a list of positive numbers"):
            positive_budgets(wrong)
    for wrong in ("much", None, [{}]):
        with pytest.raises(sl.BadRuns, match="must be"):
            positive_budgets(wrong)


def test_best_sizes_come_for_every_set_of_values_and_every_budget():
    values = {name: np.array([v, v]) for name, v in TRUTH.items()}
    values["alpha"] = np.array([0.348, 0.45])
    budgets = np.array([1e18, 1e20, 1e24])
    for k in (6.0, 20.0):
        found = optimal_params(CHINCHILLA, values, budgets, per_param_token=k)
        each = [closed_form({**TRUTH, "alpha": alpha}, budgets, k) for alpha in values["alpha"]]
        np.testing.assert_allclose(found, each, rtol=1e-6)
    plain = optimal_params(CHINCHILLA, values, budgets)
    np.testing.assert_array_equal(
        plain, optimal_params(CHINCHILLA, values, budgets, per_param_token=6.0)
    )
    assert FLOPS_PER_PARAM_TOKEN == 6.0


def lopsided(folds):
    """Values at which the best size of a budget k N D = k lies at exp(folds)."""
    log_a = folds / 2
    p = {"A": np.exp(log_a), "B": np.exp(-log_a), "E": 1.0, "alpha": 0.5, "beta": 0.5}
    return {name: np.array([v]) for name, v in p.items()}


@pytest.mark.parametrize("side", [1, -1])
def test_a_best_size_is_looked_for_up_to_sixty_e_folds_and_no_further(side):
    # The middle lies at N = D = 1; the last of the 60 e-folds counts as running off.
    found = optimal_params(CHINCHILLA, lopsided(58.5 * side), np.array([6.0]))
    # The loss is flat by rounding, on its floor of one, over some 1e-6 of the size.
    assert np.log(found[0, 0]) == pytest.approx(58.5 * side, abs=0.01)
    for folds in (59.5, 70.0):
        with pytest.raises(sl.Unidentifiable, match="Chinchilla has no best split of a budget"):
            optimal_params(CHINCHILLA, lopsided(folds * side), np.array([6.0]))


def test_one_refit_that_runs_off_does_not_take_the_answer_from_the_others():
    fine, off = lopsided(3.0), lopsided(80.0)
    both = {name: np.r_[fine[name], off[name]] for name in fine}
    found = optimal_params(CHINCHILLA, both, np.array([6.0, 60.0]))
    np.testing.assert_allclose(found[0], [np.exp(3), np.exp(3) * 10**0.5], rtol=1e-6)


def test_growth_is_the_slope_through_25_best_sizes():
    law = sl.laws.recounted(CHINCHILLA, omega=47491.0)
    budgets = np.geomspace(1e13, 1e20, 25)
    best = optimal_params(law, {k: np.array([v]) for k, v in TRUTH.items()}, budgets)[0]
    slope = np.polyfit(np.log(budgets), np.log(best), 1)[0]
    # The line bends, so that other budgets give another slope; both sums round alike.
    assert float(sl.compute.growth(law, TRUTH, low=1e13, high=1e20)) == pytest.approx(
        slope, rel=1e-9
    )
    best = optimal_params(
        law, {k: np.array([v]) for k, v in TRUTH.items()}, budgets, per_param_token=40.0
    )[0]
    other = np.polyfit(np.log(budgets), np.log(best), 1)[0]
    found = float(sl.compute.growth(law, TRUTH, low=1e13, high=1e20, per_param_token=40.0))
    assert found == pytest.approx(other, rel=1e-9)
    assert abs(other - slope) > 1e-4


def test_growth_has_the_shape_of_the_values():
    values = {**TRUTH, "beta": np.array([0.366, 0.5, 0.2])}
    found = sl.compute.growth(CHINCHILLA, values, low=1e18, high=1e24)
    exact = values["beta"] / (0.348 + values["beta"])
    # Golden section finds a size to about 1e-7.
    np.testing.assert_allclose(found, exact, atol=1e-7)
    assert sl.compute.growth(CHINCHILLA, TRUTH, low=1e18, high=1e24).shape == ()


def made():
    """A held-out score whose figures are written here."""
    scores = pd.DataFrame({"rmse": [0.0312], "bias": [-0.0101], "coverage": [0.76]}, index=["mine"])
    scores.loc["last value"] = [0.2, 0.15, np.nan]
    return HoldOut(
        scores=scores,
        predictions=RUNS.nlargest(8, "flops"),
        trained=sl.fit(CHINCHILLA, RUNS.nsmallest(32, "flops")),
        by="flops",
        cut=1e21,
        level=0.8,
    )


def test_a_score_says_how_far_it_extrapolates_and_reads_with_its_signs():
    found = made()
    flops = np.sort(RUNS["flops"])
    assert found.extrapolation == pytest.approx(flops[-1] / flops[31], rel=1e-12)
    first, header, mine, last = repr(found).splitlines()
    assert first == (
        f"fitted 32 runs with flops up to 1e+21, scored 8 up to {flops[-1] / flops[31]:.1f} "
        f"times beyond"
    )
    assert header == "estimator  |  typical error  |  bias  |  inside its 80% interval"
    assert mine == "mine  |  3.12%  |  -1.01%  |  76%"
    assert last == "last value  |  20.00%  |  +15.00%  |  "
    page = found._repr_html_()
    assert first in page
    assert "-1.01%" in page


def test_steps_and_flops_are_cut_by_the_batch_on_opposite_sides():
    # 1000 steps of batches a third of the critical one: four times the least.
    assert batch.least_steps(1000.0, batch=1e6, critical=3e6) == pytest.approx(250, rel=1e-12)
    assert batch.least_flops(1000.0, batch=1e6, critical=3e6) == pytest.approx(750, rel=1e-12)
    assert batch.least_steps([4.0, 8.0], batch=3.0, critical=[3.0, 9.0]).tolist() == [2.0, 2.0]
    for name in ("steps", "batch", "critical"):
        for wrong in (0.0, -1.0, np.inf, np.nan, [1.0, -1.0]):
            given = {"steps": 1.0, "batch": 1.0, "critical": 1.0, name: wrong}
            with pytest.raises(sl.BadRuns, match=f"{name} must be positive and finite"):
                batch.least_steps(given.pop("steps"), **given)


def test_what_is_spent_adds_up():
    found = batch.spend(size=0.1, batch=0.2, steps=0.4)
    # 1 / (10 + 5 + 2.5) = 2 / 35, and each exponent is its share of the 17.5.
    exact = {"params": 20 / 35, "batch_tokens": 10 / 35, "steps": 5 / 35, "tokens": 15 / 35}
    assert {k: float(v) for k, v in found.items()} == pytest.approx(
        {**exact, "loss": 2 / 35}, rel=1e-12
    )


def test_a_trade_off_follows_its_own_two_numbers():
    fit = sl.fit(STEPS, steps_to_target())
    least, tokens = fit.params["S_min"], fit.params["E_min"]
    found = batch.trade_off(fit, [tokens / least, 1e5], n=20)
    np.testing.assert_allclose(found["steps"], [2 * least, least + tokens / 1e5], rtol=1e-12)
    np.testing.assert_allclose(found["tokens"], found["steps"] * found["batch_tokens"], rtol=1e-12)
    np.testing.assert_allclose(found["time"], found["steps"] / least, rtol=1e-12)
    np.testing.assert_allclose(found["compute"], found["tokens"] / tokens, rtol=1e-12)
    with pytest.raises(sl.UnknownName, match="is not a law of steps"):
        batch.trade_off(FIT, 1e6)
    renamed = replace(STEPS, name="mine")
    assert len(batch.trade_off(sl.fit(renamed, steps_to_target()), 1e6, n=20)) == 1
