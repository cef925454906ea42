"""A forecast of runs is an average over laws: its weights, its interval, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.intervals.beyond import ALLOWANCE
from scalinglaws.laws import CHINCHILLA, INTERACTION, KAPLAN_ND, TIED, power_law
from scalinglaws.validation.entrants import ENTRANTS, Entrant, best_of_budgets, train
from scalinglaws.validation.forecast_runs import averaged

TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
KAPLAN = {"N_c": 8.8e13, "D_c": 5.4e13, "alpha_N": 0.076, "alpha_D": 0.103}
AT = {"params": [3e9, 2e10], "tokens": [6e10, 4e11]}


def table(law=CHINCHILLA, truth=TRUTH, *, seed=0, count=60, noise=0.002):
    """Runs of up to 3e20 FLOPs, around 20 tokens a parameter."""
    rng = np.random.default_rng(seed)
    flops = np.geomspace(1e18, 3e20, count)
    params = np.sqrt(flops / 120) * 10 ** rng.uniform(-0.4, 0.4, count)
    return sl.simulate.at(
        law, truth, noise=noise, seed=seed, params=params, tokens=flops / 6 / params
    )


def best(told: pd.DataFrame) -> str:
    return max(told.attrs["weights"], key=told.attrs["weights"].get)


@pytest.mark.parametrize(
    ("law", "truth", "near"),
    [
        (CHINCHILLA, TRUTH, {"Chinchilla", "tied exponents", "interaction"}),
        (INTERACTION, {**TRUTH, "d": 0.5}, {"interaction", "interaction, d = 0.5"}),
        (KAPLAN_ND, KAPLAN, {"Kaplan", "line"}),
    ],
)
def test_weight_goes_to_the_laws_that_hold(law, truth, near):
    told = sl.forecast_runs(table(law, truth, noise=0.001), at=AT, n=20)
    weights = told.attrs["weights"]
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-12)
    # A law that holds misses nothing but noise; more than an even share is asked of the best.
    assert best(told) in near
    assert sum(weights[k] for k in near) > len(near) / len(weights)
    assert told.attrs["origins"] >= 3
    assert told.attrs["simulated"]


@pytest.mark.parametrize(
    ("law", "truth"),
    [(CHINCHILLA, TRUTH), (INTERACTION, {**TRUTH, "d": 0.6}), (KAPLAN_ND, KAPLAN)],
)
def test_intervals_hold_what_is_measured_beyond(law, truth):
    held, widths = [], []
    exact = law(truth, **{k: np.array(v) for k, v in AT.items()})
    for seed in range(8):
        told = sl.forecast_runs(table(law, truth, seed=seed), at=AT, n=40)
        held += ((told["low"] <= exact) & (exact <= told["high"])).tolist()
        widths += np.log(told["high"] / told["low"]).tolist()
    # 16 asked: with a coverage of 90%, fewer than 11 come three times in a thousand.
    assert sum(held) >= 11
    # An interval that held by being useless would be wider than the loss is above its floor.
    assert np.median(widths) < 0.25


def test_the_average_lies_between_the_laws_and_is_theirs_where_one_is_asked():
    runs = table()
    told = sl.forecast_runs(runs, at=AT, n=20)
    average = averaged(runs)
    points = {k: np.array(v) for k, v in AT.items()}
    each = np.array([t.loss(points) for t in average.trained])
    assert (each.min(axis=0) <= told["loss"]).all()
    assert (told["loss"] <= each.max(axis=0)).all()
    # Weighted means of the same numbers, summed in another order.
    np.testing.assert_allclose(
        np.log(told["loss"]), average.weights @ np.log(each), rtol=1e-12, atol=0
    )
    alone = sl.forecast_runs(runs, at=AT, laws=[CHINCHILLA], n=20)
    fitted = sl.fit(CHINCHILLA, runs)
    np.testing.assert_allclose(alone["loss"], fitted.law(fitted.params, **points), rtol=1e-6)
    assert alone.attrs["weights"] == {"Chinchilla": 1.0}


def test_further_out_an_interval_is_wider_and_inside_it_is_narrow():
    runs = table()
    params = np.array([3e8, 2e9, 2e10, 2e11])
    told = sl.forecast_runs(runs, at={"params": params, "tokens": 20 * params}, n=40)
    widths = np.log(told["high"] / told["low"]).to_numpy()
    assert told["decades"].iloc[0] == 0
    assert (np.diff(told["decades"]) > 0).all()
    assert (np.diff(widths[1:]) > 0).all()
    # Five standard deviations of noise to a side: the laws agree where there are runs.
    assert widths[0] < 10 * 0.002


def test_no_answer_hangs_on_the_order_of_rows_or_on_other_columns():
    runs = table()
    told = sl.forecast_runs(runs, at=AT, n=20)
    turned = runs.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(told, sl.forecast_runs(turned, at=AT, n=20))
    # Compute is six FLOPs for each parameter and token, whatever a column says of it.
    counted = runs.assign(flops=1e3 * runs["flops"], step=1.0)
    at = pd.DataFrame(AT).assign(loss=9.9)
    pd.testing.assert_frame_equal(told, sl.forecast_runs(counted, at=at, n=20))


def test_a_unit_of_the_loss_changes_nothing_but_the_unit():
    runs = table()
    told = sl.forecast_runs(runs, at=AT, n=20)
    bits = sl.forecast_runs(runs.assign(loss=runs["loss"] / np.log(2)), at=AT, n=20)
    # Searches end where a step changes the objective by less than a part in 1e10 or so, and the
    # law with an interaction is flat along d.
    np.testing.assert_allclose(bits["loss"] * np.log(2), told["loss"], rtol=1e-4)
    np.testing.assert_allclose(
        list(bits.attrs["weights"].values()), list(told.attrs["weights"].values()), atol=1e-2
    )


def test_without_an_origin_the_laws_with_a_floor_count_alike_and_the_note_says_so():
    runs = sl.simulate.at(
        CHINCHILLA,
        TRUTH,
        noise=0.002,
        params=np.repeat([1e8, 3e8, 1e9], 4),
        tokens=np.tile(np.geomspace(2e9, 4e10, 4), 3),
    )
    told = sl.forecast_runs(runs, at=AT, n=20)
    floors = [e.name for e in ENTRANTS if e.name not in {"Kaplan", "line"}]
    assert told.attrs["origins"] == 0
    for name, weight in told.attrs["weights"].items():
        assert weight == pytest.approx(0.2 if name in floors else 0.0, abs=1e-12)
    kaplan = sl.forecast_runs(runs, at=AT, laws=[KAPLAN_ND], n=20)
    assert kaplan.attrs["weights"] == {KAPLAN_ND.name: 1.0}
    assert told.attrs["per_decade"] == ALLOWANCE
    assert "no origin could be tried" in told.attrs["note"]


def test_a_table_of_best_runs_is_forecast_by_compute_alone():
    flops = np.geomspace(1e18, 1e21, 9)
    law = power_law("flops")
    truth = {"E": 1.7, "k": 2000.0, "c": 0.17}
    runs = sl.simulate.at(law, truth, noise=0.001, flops=flops)
    told = sl.forecast_runs(runs, at={"flops": [1e22]}, n=20)
    assert set(told.attrs["weights"]) == {"best of each budget", "line"}
    assert best(told) == "best of each budget"
    assert set(told.attrs["left_out"]) == {e.name for e in ENTRANTS if not e.of_compute}
    exact = float(law(truth, flops=np.array([1e22]))[0])
    assert told["low"][0] < exact < told["high"][0]
    assert told["decades"][0] == pytest.approx(1.0, abs=1e-9)


def test_the_best_of_each_budget_is_its_lowest_loss_near_the_best_size():
    runs = sl.simulate.isoflop(CHINCHILLA, TRUTH, [1e18, 1e19, 1e20, 1e21], sizes=9)
    valley = sl.fit(CHINCHILLA, runs)
    found = best_of_budgets(runs, valley)
    lowest = runs.groupby("flops")["loss"].min()
    # FLOPs are multiplied out again from params and tokens.
    np.testing.assert_allclose(np.sort(found["flops"]), lowest.index, rtol=1e-9)
    np.testing.assert_array_equal(np.sort(found["loss"]), np.sort(lowest))
    with pytest.raises(sl.Unidentifiable, match="2 quarters of a decade"):
        best_of_budgets(runs[runs["flops"] < 5e19], valley)


def test_off_the_best_size_a_law_of_compute_rises_as_the_valley_does():
    runs = sl.simulate.isoflop(CHINCHILLA, TRUTH, np.geomspace(1e18, 1e21, 7), sizes=9)
    valley = sl.fit(CHINCHILLA, runs)
    line = train(ENTRANTS[-1], runs, valley=valley)
    size = np.geomspace(1e8, 1e11, 7)
    points = {"params": size, "tokens": 1e22 / 6 / size}
    ratio = line.loss(points) / valley.law(valley.params, **points)
    # The same budget throughout: the line is one number times the valley.
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_what_fit_refuses_is_refused():
    runs = table()
    one = sl.simulate.at(
        CHINCHILLA,
        TRUTH,
        params=np.geomspace(1e8, 1e10, 12),
        tokens=20 * np.geomspace(1e8, 1e10, 12),
    )
    for bad in (one, runs.head(3)):
        with pytest.raises(sl.Unidentifiable) as fitted:
            sl.fit(CHINCHILLA, bad)
        with pytest.raises(sl.Unidentifiable) as told:
            sl.forecast_runs(bad, at=AT)
        assert str(told.value).partition(",")[0] == str(fitted.value).partition(",")[0]
    with pytest.raises(sl.BadRuns, match=r"row 3, column loss: found '-1\.0'"):
        sl.forecast_runs(runs.assign(loss=runs["loss"].where(runs.index != 2, -1.0)), at=AT)
    with pytest.raises(sl.BadRuns, match="lacks tokens"):
        sl.forecast_runs(runs.drop(columns="tokens"), at=AT)


def test_what_cannot_be_asked_is_refused_by_name():
    runs = table()
    with pytest.raises(sl.UnknownName, match="give tokens too"):
        sl.forecast_runs(runs, at={"params": 1e9})
    with pytest.raises(sl.UnknownName, match="a mapping or a table with params and tokens"):
        sl.forecast_runs(runs, at=[1e9, 2e10])
    with pytest.raises(sl.BadRuns, match="params must be positive and finite"):
        sl.forecast_runs(runs, at={"params": -1e9, "tokens": 2e10})
    with pytest.raises(sl.BadParameters, match="level is a share"):
        sl.forecast_runs(runs, at=AT, level=90)
    with pytest.raises(sl.BadParameters, match="a law of tokens for loss"):
        sl.forecast_runs(runs, at=AT, laws=[power_law("tokens")])
    with pytest.raises(sl.BadParameters, match="one or more, each under a name of its own"):
        sl.forecast_runs(runs, at=AT, laws=[])
    twice = [Entrant(name="a", law=TIED), Entrant(name="a", law=CHINCHILLA)]
    with pytest.raises(sl.BadParameters, match="name of its own; found a, a"):
        sl.forecast_runs(runs, at=AT, laws=twice)
