"""Answers do not depend on what they must not: units, row order, runs without weight, bounds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.fitting import objectives
from scalinglaws.intervals import interval as uncertainty

CHINCHILLA = sl.laws.CHINCHILLA
TRUTH = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}


def simulated(seed: int = 0, n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    inputs = {
        "params": np.exp(rng.uniform(np.log(5e7), np.log(1e10), n)),
        "tokens": np.exp(rng.uniform(np.log(1e9), np.log(3e11), n)),
    }
    return sl.simulate.at(CHINCHILLA, TRUTH, noise=0.01, seed=seed, **inputs)


RUNS = simulated()
FIT = sl.fit(CHINCHILLA, RUNS)


@pytest.mark.parametrize("below", [0.1, 0.6, 0.9])
def test_a_quantile_without_a_rounded_corner_is_one(below):
    """It used to end at the median, whatever share was asked for."""
    rng = np.random.default_rng(1)
    x = np.geomspace(1e6, 1e10, 60)
    loss = (1.5 + 200 * x**-0.35) * np.exp(0.1 * rng.exponential(size=60))
    runs, law = pd.DataFrame({"x": x, "loss": loss}), sl.laws.power_law("x")
    sharp = sl.Objective(name="quantile", delta=0.0, below=below)
    fit = sl.fit(law, runs, objective=sharp)
    r = sharp.residuals(law(fit.params, x=x), loss)
    assert fit.objective == pytest.approx(sharp.rho(r).sum(), rel=1e-12)
    # A quantile has as many runs below as asked for, give or take those that it meets.
    assert abs((r > 1e-9).sum() - 60 * below) <= 3
    rounded = sl.fit(law, runs, objective=objectives.one_sided(below, delta=1e-6))
    # A corner rounded at 1e-6 costs at most half of that a run.
    assert fit.objective <= sharp.rho(np.log(law(rounded.params, x=x) / loss)).sum() + 1e-12


@pytest.mark.parametrize("seed", [2, 3, 5])
def test_a_run_without_weight_does_not_steer_the_search(seed):
    """One of a loss far from all others used to lead to a fit 400 times as high."""
    out = np.random.default_rng(seed).choice(len(RUNS), 4, replace=False)
    weights = np.ones(len(RUNS))
    weights[out] = 0
    wild = RUNS.copy()
    wild.loc[out[:2], "loss"], wild.loc[out[2:], "loss"] = 0.05, 1e8
    fit, plain = sl.fit(CHINCHILLA, wild, weights=weights), sl.fit(CHINCHILLA, RUNS.drop(index=out))
    assert fit.objective == plain.objective
    assert fit.status == plain.status
    assert fit.params == plain.params
    assert fit.interval("E", kind="profile").low == pytest.approx(
        plain.interval("E", kind="profile").low, rel=1e-9
    )
    # Its bias is that of the runs that count.
    assert abs(fit.test(dict(fit.params), n=100).bias) < 0.01


def test_the_best_split_does_not_depend_on_the_unit_of_size_and_data():
    """Sizes below one, in billions, used to be taken for one."""
    billions = RUNS.assign(params=RUNS["params"] / 1e9, tokens=RUNS["tokens"] / 1e9)
    other = sl.fit(CHINCHILLA, billions)
    budgets = [1e17, 1e20, 1e24]
    one = sl.allocate(FIT, budgets, n=20)
    two = sl.allocate(other, budgets, n=20, per_param_token=6e18)
    # Golden section finds the size to 1e-8; the two fits agree to 1e-9 or so.
    np.testing.assert_allclose(two["params"] * 1e9, one["params"], rtol=1e-6)
    growths = (
        float(sl.compute.growth(CHINCHILLA, f.params, low=1e17, high=1e20, per_param_token=k))
        for f, k in ((FIT, 6.0), (other, 6e18))
    )
    assert next(growths) == pytest.approx(next(growths), abs=1e-6)
    with pytest.raises(sl.BadParameters, match="per_param_token must be positive"):
        sl.compute.growth(CHINCHILLA, FIT.params, low=1e18, high=1e20, per_param_token=0)
    with pytest.raises(sl.BadRuns, match="must be a list of positive numbers"):
        sl.allocate(FIT, [[1e20, 1e21]])


def test_what_has_the_other_sign_is_not_in_range():
    x = np.linspace(1, 10, 12)
    runs = pd.DataFrame({"x": x, "loss": 3 - 2 * x + np.sin(7 * x)})
    found = sl.fit(sl.laws.line("x"), runs, objective="lsq").predict(x=[-100, 0, 5, 20], n=20)
    assert list(found["where"]) == ["extrapolated", "extrapolated", "in range", "extrapolated"]
    assert found["beyond"].is_monotonic_decreasing is False
    assert found["beyond"].tolist() == pytest.approx([1 + 101 / 9, 1 + 1 / 9, 1, 2])
    with pytest.raises(sl.BadRuns, match="x must be a list of numbers to predict"):
        sl.fit(sl.laws.line("x"), runs, objective="lsq").predict(x=[[1.0, 2.0]], n=20)


@pytest.mark.parametrize("first", [1, 3, 7, 10, 64, 100, 500])
def test_a_target_above_the_first_point_is_refused_wherever_that_lies(first):
    x = np.geomspace(first, 1e3 * first, 14)
    with pytest.raises(sl.Unidentifiable, match="starts at or below the target"):
        sl.curves.planning.needed(x, 1 + 5 * (x / first) ** -0.4, target=8.0)


def test_a_fit_with_all_parameters_held_can_be_used():
    fit = sl.fit(CHINCHILLA, RUNS, held=TRUTH)
    assert (fit.covariance() == 0).all(axis=None)
    draws = fit.bootstrap(30)
    assert (draws["alpha"] == draws["alpha"].iloc[0]).all()
    assert draws["objective"].nunique() == 30
    assert "1.69" in repr(fit.report())
    assert fit.interval("E").low == pytest.approx(1.69)
    assert len(fit.predict(params=1e9, tokens=1e10, n=20)) == 1


def test_a_parameter_held_at_its_bound_can_be_fitted_and_refitted():
    sizes, experts = np.tile(np.geomspace(1e7, 1e9, 6), 6), np.repeat([1, 2, 8, 32, 128, 512.0], 6)
    truth = {"a": -0.08, "b": -0.1, "c": 0.008, "d": 1.1, "E_start": 2.0, "E_max": 300.0}
    runs = sl.simulate.at(sl.laws.ROUTED, truth, noise=0.003, params=sizes, experts=experts)
    fit = sl.fit(sl.laws.ROUTED, runs, held={"E_max": 20.0})
    assert fit.bootstrap(20)["E_max"].tolist() == pytest.approx([20.0] * 20, rel=1e-12)
    assert "E_max" in repr(fit.report())


def test_the_last_value_does_not_depend_on_the_order_of_runs_of_one_budget():
    profiles = sl.simulate.isoflop(CHINCHILLA, TRUTH, np.geomspace(1e18, 1e21, 5), noise=0.003)
    scores = [
        sl.hold_out(CHINCHILLA, t, fraction=0.3, check=False).scores.loc["last value", "rmse"]
        for t in (profiles, profiles.sample(frac=1, random_state=3))
    ]
    assert scores[0] == pytest.approx(scores[1], rel=1e-12)


def test_a_profile_takes_what_its_parameter_can_be():
    assert FIT.profile({"E": [0.0]})["E"].tolist() == [0.0]
    for grid in ({"alpha": [10.0]}, {"alpha": [1e-6]}, {"E": ["a"]}, {"E": []}, {"E": [[1.0]]}):
        with pytest.raises(sl.BadParameters, match="is held at"):
            FIT.profile(grid)
    with pytest.raises(sl.BadParameters, match="a profile needs values to hold"):
        FIT.profile({})


def test_published_parameters_may_be_all_that_the_law_allows():
    assert FIT.test({**TRUTH, "E": 0.0}, n=100).rejected
    with pytest.raises(sl.BadParameters, match="alpha cannot be 5"):
        FIT.test({**TRUTH, "alpha": 5.0}, n=100)
    with pytest.raises(sl.BadParameters, match="published parameters: E must be a number"):
        FIT.test({**TRUTH, "E": "1.7"}, n=100)
    x = np.linspace(1, 10, 30)
    runs = pd.DataFrame({"x": x, "loss": 3 - 2 * x + np.sin(7 * x)})
    line = sl.fit(sl.laws.line("x"), runs, objective="lsq")
    assert not line.test(dict(line.params), n=100).rejected
    # In another unit there is as much scatter.
    small = sl.fit(CHINCHILLA, RUNS.assign(loss=RUNS["loss"] * 1e-9), objective="lsq")
    assert not small.test(dict(small.params), n=100).rejected


def test_the_partial_answer_of_a_refusal_is_about_what_was_asked():
    few = pd.DataFrame({"upstream_error": np.linspace(0.1, 0.5, 5), "loss": np.linspace(2, 4, 5)})
    few["downstream_error"] = 0.1 + few["upstream_error"]
    with pytest.raises(sl.Unidentifiable) as refusal:
        sl.fit(sl.laws.ABNAR, few)
    assert refusal.value.partial.fit.law.response == "downstream_error"


def test_groups_go_with_the_kind_that_uses_them():
    runs = RUNS.assign(family=np.arange(len(RUNS)) % 8)
    fit = sl.fit(CHINCHILLA, runs)
    assert fit.interval("E", by="family", n=40).kind.startswith("group")
    with pytest.raises(sl.BadParameters, match="by='family' names groups of runs"):
        fit.interval("E", kind="case", by="family")
    with pytest.raises(sl.BadParameters, match="which kind='residual' does not use"):
        fit.bootstrap(20, kind="residual", by="family")


def test_saturation_takes_shares_groups_and_enough_resamples():
    u = np.geomspace(0.02, 0.6, 40)
    points = pd.DataFrame({"upstream_error": u, "downstream_error": 0.1 + 0.8 * u**1.2})
    with pytest.raises(sl.BadRuns, match="errors are shares between 0 and 1"):
        sl.downstream.saturation(points * 100)
    with pytest.raises(sl.BadParameters, match="20 or more; found 5"):
        sl.downstream.saturation(points, n=5)
    with pytest.raises(sl.BadRuns, match="needs a column typo"):
        sl.downstream.saturation(points, by="typo")


def test_objectives_that_are_none_are_refused():
    for wrong, match in (
        ({"below": 1.5}, "below is a share of the runs"),
        ({"delta": -1.0}, "delta is zero or more"),
        ({"space": "Log"}, "space is 'log' or 'linear'"),
        ({"custom": abs, "delta": 0.0}, "do not go with a custom objective"),
    ):
        with pytest.raises(sl.BadParameters, match=match):
            sl.Objective(name="x", **wrong)
    with pytest.raises(sl.BadParameters, match="must grow away from a residual of zero"):
        objectives.custom("dip", lambda r: r**4 - 0.5 * r**2)


def test_slips_are_named():
    with pytest.raises(sl.BadParameters, match="predictions take n for themselves"):
        sl.laws.power_law("n")
    with pytest.raises(sl.UnknownName, match="needs a value for beta"):
        CHINCHILLA({k: v for k, v in TRUTH.items() if k != "beta"}, params=1e9, tokens=1e10)
    with pytest.raises(sl.UnknownName, match="takes params, tokens; found params"):
        sl.simulate.at(CHINCHILLA, TRUTH, params=1e9)
    assert len(sl.simulate.at(CHINCHILLA, TRUTH, params=1e9, tokens=1e10)) == 1
    with pytest.raises(sl.BadParameters, match="numbers by name are expected"):
        sl.fit(CHINCHILLA, RUNS, held=["E"])
    with pytest.raises(sl.BadParameters, match="fraction must be a number"):
        sl.hold_out(CHINCHILLA, RUNS, fraction="0.2")
    frontier = sl.compute.isoflop.frontier(sl.load("isoflops/llama3"), n=40)
    with pytest.raises(sl.BadParameters, match="level is a share between 0 and 1"):
        frontier.exponent(level=90)
    with pytest.raises(sl.BadParameters, match="a seed is a whole number"):
        sl.compute.isoflop.frontier(sl.load("isoflops/llama3"), seed=-1)
    with pytest.raises(sl.BadRuns, match="a law is expected"):
        sl.read_runs("runs.csv", law="chinchilla")


def test_an_interval_by_formula_may_end_at_infinity_without_a_warning():
    huge = FIT.covariance() * 1e12
    low, high = uncertainty.delta_ends(FIT, "A", FIT.params["A"], 1.6, huge.to_numpy())
    assert (low, high) == (0.0, np.inf)


def test_downstream_tables_are_checked_before_they_are_used():
    errors = pd.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.3, 0.2, 0.1]})
    for items in ([100, 100], {"a": 0}, {"a": -5}):
        with pytest.raises(sl.BadRuns, match="items are positive numbers of test items by task"):
            sl.downstream.inversions(errors, items=items)
    with pytest.raises(sl.BadRuns, match="shares between 0 and 1 in every column"):
        sl.downstream.inversions(errors.assign(name=["x", "y", "z"]))
    ends = pd.DataFrame({"score": [0.5, 0.6], "flops": [1e20, 1e21], "params": [1.0, 2.0]})
    with pytest.raises(sl.BadRuns, match="needs a column task"):
        sl.downstream.one_step(ends, at=ends)
    with pytest.raises(sl.BadRuns, match="needs a column task"):
        sl.downstream.ladders(ends.assign(task="t", task_loss=1.0), at=ends)
    with pytest.raises(sl.BadRuns, match="needs a column family"):
        sl.downstream.by_size(ends, ends.assign(model="m"))
    curves = pd.DataFrame(
        {"task": "t", "model": "m", "x": [1.0, 2], "loss": [2.0, 1], "domain": None}
    )
    with pytest.raises(sl.BadRuns, match="row 1, column domain: the label is empty"):
        sl.curves.arena.frame(curves)


def test_a_law_with_its_own_response_keeps_it_in_every_refit():
    law = replace(sl.laws.power_law("params", floor=False), response="score")
    runs = RUNS.rename(columns={"loss": "score"})
    assert "score" in sl.fit(law, runs).predict(params=1e9, n=20)


def test_a_budget_without_a_best_split_is_refused():
    """The edge of the search used to be the answer."""
    size, data = (sl.laws.power_law(k, floor=False) for k in ("params", "tokens"))
    law = sl.laws.multiply(size, data)
    truth = dict(zip(law.names, (10.0, 0.1, 1.0, 0.2), strict=True))
    with pytest.raises(sl.Unidentifiable, match="no best split of a budget"):
        sl.compute.growth(law, truth, low=1e18, high=1e24)
    inputs = {k: RUNS[k].to_numpy() for k in ("params", "tokens")}
    runs = sl.simulate.at(law, truth, noise=0.002, **inputs)
    fit = sl.fit(law, runs, held={law.names[2]: 1.0})
    with pytest.raises(sl.Unidentifiable, match="no best split of a budget"):
        sl.allocate(fit, [1e22], n=20)


def test_a_forecast_among_the_points_does_not_depend_on_what_else_is_asked():
    x = np.geomspace(10, 1e4, 15)
    noise = np.random.default_rng(3).standard_normal(15)
    loss = (3 * x**-0.3 + 0.5) * np.exp(0.01 * noise)
    alone = sl.forecast(x, loss, at=[11.0, 50.0])
    for more in (np.geomspace(10, 1e12, 60), np.geomspace(10, 1e4, 200)):
        both = sl.forecast(x, loss, at=np.r_[11.0, 50.0, more]).iloc[:2]
        for column in ("mean", "low", "high"):
            # What follows from sums over other numbers of columns.
            np.testing.assert_allclose(both[column], alone[column], rtol=1e-9)


def test_a_cut_falls_on_the_same_point_in_any_unit():
    n = np.arange(1, 11.0)
    for unit in (1, 0.1, 1e-3, 7.3e8):
        table = pd.DataFrame({"task": "t", "model": "m", "x": n * unit, "loss": 2 * n**-0.3})
        assert len(sl.curves.arena.cut(table, share=0.6)[0][0].x) == 6
        assert sl.curves.arena.frame(table, split=0.7)["train"].sum() == 7


def test_simulated_curves_are_stamped_on_the_way():
    law = sl.laws.power_law("x")
    x = np.geomspace(10, 1e4, 20)
    curve = sl.simulate.at(law, {"E": 0.3, "k": 3.0, "c": 0.3}, x=x, noise=0.01)
    curve["train"] = curve["x"] < 2e3
    seen = curve[curve["train"]]
    said = {"forecast": sl.forecast(seen["x"], seen["loss"], at=x)}
    assert sl.figures.forecasts(curve, said, xlabel="x").stamp == "SIMULATED"
    tried = sl.curves.planning.trials(curve.assign(task="t", model="m"))
    assert sl.figures.trials(tried).stamp == "SIMULATED"


def test_small_answers_at_the_edge_are_right():
    assert sl.counting.without_embeddings(1e9, omega=0) == 1e9
    weights = np.r_[0.0, 0.0, np.ones(len(RUNS) - 2)]
    fit = sl.fit(CHINCHILLA, RUNS, weights=weights)
    with pytest.raises(sl.BadRuns, match="resample 0 of indices holds runs of weight zero only"):
        fit.bootstrap(indices=np.zeros((1, 10), dtype=int))
    kaplan = sl.fit(sl.laws.KAPLAN_ND, RUNS)
    with pytest.raises(sl.Unidentifiable, match="the explorer draws Chinchilla's law"):
        sl.figures.interactive.explore(kaplan)
    with pytest.raises(sl.BadRuns, match="inputs must be numbers, as many of each"):
        sl.simulate.at(CHINCHILLA, TRUTH, params=[1e7, 1e8, 1e9], tokens=[1e9, 1e10])
    assert len(sl.simulate.at(CHINCHILLA, TRUTH, params=[1e7, 1e8, 1e9], tokens=1e9)) == 3
    with pytest.raises(sl.BadRuns, match="takes the path of a file"):
        sl.read_runs(3)
    with pytest.raises(sl.BadParameters, match="delta is a number"):
        sl.Objective(name="x", delta="a")
