"""Refusals of what surrounds a point estimate: the class, the words, and the case just allowed."""

from dataclasses import replace

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.compute import batch_size as batch
from skewed_runs import CHINCHILLA, LINE, STEPS, TRUTH, size_and_data, steps_to_target, straight

RUNS = size_and_data()
FIT = sl.fit(CHINCHILLA, RUNS, objective="lsq_log")
STEPPED = sl.fit(STEPS, steps_to_target())
SIGNED = sl.fit(LINE, straight(), objective="lsq")

ASKS = {
    "interval": lambda **o: FIT.interval("alpha", kind="case", **o),
    "predict": lambda **o: FIT.predict(params=1e9, tokens=1e10, **o),
    "allocate": lambda **o: sl.allocate(FIT, 1e21, **o),
    "trade_off": lambda **o: batch.trade_off(STEPPED, 1e6, **o),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_an_interval_takes_twenty_refits_and_a_level_between_0_and_1(ask):
    ask(n=20, level=0.999)
    ask(n=np.int64(20), level=0.001)
    for wrong in (19, 0, -1, 20.0, True, "20"):
        with pytest.raises(sl.BadParameters, match="20 or more; found"):
            ask(n=wrong)
    for wrong in (0, 1, 90, -0.5, True, "0.9", float("nan")):
        with pytest.raises(sl.BadParameters, match="level is a share between 0 and 1"):
            ask(level=wrong, n=20)


def test_a_held_out_score_takes_a_share_and_a_level():
    for wrong in (0, 1, -0.2, 1.5, 20):
        with pytest.raises(sl.BadRuns, match="a share of the runs between 0 and 1"):
            sl.hold_out(CHINCHILLA, RUNS, fraction=wrong)
    for wrong in (float("nan"), "a", True):
        with pytest.raises(sl.BadParameters, match="holding out: fraction must be"):
            sl.hold_out(CHINCHILLA, RUNS, fraction=wrong)
    for wrong in (0, 1, 90):
        with pytest.raises(sl.BadParameters, match="level is a share"):
            sl.hold_out(CHINCHILLA, RUNS, level=wrong)
    with pytest.raises(sl.BadRuns, match="holding out needs the columns steps, loss"):
        sl.hold_out(CHINCHILLA, RUNS, by="steps")
    with pytest.raises(sl.BadRuns, match="holding out needs a table of runs"):
        sl.hold_out(CHINCHILLA, [1, 2, 3])


def tight(**upper):
    parameters = [replace(p, upper=upper.get(p.name, p.upper)) for p in CHINCHILLA.parameters]
    return replace(CHINCHILLA, parameters=tuple(parameters))


def test_a_split_that_a_bound_decides_is_refused_with_the_fit():
    both = sl.fit(tight(alpha=0.2, beta=0.2), RUNS, objective="lsq_log")
    assert both.at_bound == ("alpha", "beta")
    with pytest.raises(sl.Unidentifiable, match="alpha, beta sit at the edge") as refusal:
        sl.allocate(both, 1e21, n=20)
    assert refusal.value.partial is both
    assert "held={...}" in refusal.value.insist
    # A level at its bound does not decide the split, nor does an exponent that is held.
    floor = sl.fit(tight(E=1.5), RUNS, objective="lsq_log")
    assert floor.at_bound == ("E",)
    assert len(sl.allocate(floor, 1e21, n=20)) == 1
    held = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", held={"alpha": 0.3})
    assert len(sl.allocate(held, 1e21, n=20)) == 1


def test_a_split_is_of_laws_of_size_and_data_only():
    kaplan = sl.fit(sl.laws.KAPLAN_ND, RUNS)
    assert len(sl.allocate(kaplan, 1e21, n=20)) == 1
    for law in (sl.laws.power_law("flops"), sl.laws.power_law("params")):
        line = sl.fit(law, RUNS, objective="lsq_log")
        with pytest.raises(sl.Unidentifiable, match="needs a law of both params and tokens"):
            sl.allocate(line, 1e21, n=20)
    for wrong in (0, -6.0):
        with pytest.raises(sl.BadParameters, match="per_param_token must be positive"):
            sl.allocate(FIT, 1e21, n=20, per_param_token=wrong)
    for wrong in (float("nan"), "6", True):
        with pytest.raises(sl.BadParameters, match="per_param_token: k must be"):
            sl.allocate(FIT, 1e21, n=20, per_param_token=wrong)
    assert len(sl.allocate(FIT, 1e21, n=20, per_param_token=0.1)) == 1


def test_growth_is_between_two_budgets_of_a_law_of_size_and_data():
    budgets = {"low": 1e18, "high": 1e20}
    for low, high in ((1e20, 1e18), (1e18, 1e18), (0, 1e18), (-1.0, 1e18), (1e18, np.inf)):
        with pytest.raises(sl.BadRuns, match="low below high; found"):
            sl.compute.growth(CHINCHILLA, TRUTH, low=low, high=high)
    for wrong in (0, -1.0, np.inf, np.nan):
        with pytest.raises(sl.BadParameters, match="per_param_token must be positive"):
            sl.compute.growth(CHINCHILLA, TRUTH, **budgets, per_param_token=wrong)
    short = {k: v for k, v in TRUTH.items() if k not in ("A", "beta")}
    with pytest.raises(sl.UnknownName, match="Chinchilla needs a value for A, beta"):
        sl.compute.growth(CHINCHILLA, short, **budgets)
    ns = sl.laws.KAPLAN_NS
    values = {"N_c": 6.5e13, "S_c": 2.1e3, "alpha_N": 0.077, "alpha_S": 0.76}
    with pytest.raises(sl.BadParameters, match="has no compute-optimal split"):
        sl.compute.growth(ns, values, **budgets)
    assert sl.compute.growth(CHINCHILLA, TRUTH, low=1e18, high=1.01e18) > 0


def test_a_profile_holds_what_its_law_has_and_the_fit_does_not():
    with pytest.raises(sl.UnknownName, match="has no parameter delta, gamma"):
        FIT.profile({"gamma": [1.0], "alpha": [0.3], "delta": [1.0]})
    held = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", held={"alpha": 0.3})
    with pytest.raises(sl.BadParameters, match="alpha is held in the fit"):
        held.profile({"alpha": [0.3]})
    with pytest.raises(sl.BadParameters, match="a profile needs values to hold"):
        FIT.profile({})
    for name, allowed in {"alpha": [1e-3, 3.0], "E": [0.0], "A": [1e-3]}.items():
        assert FIT.profile({name: allowed})[name].tolist() == pytest.approx(allowed)
    for name, values in {"alpha": (9e-4, 3.001), "E": (-0.1,), "A": (0.0, -1.0)}.items():
        for value in (*values, np.nan, np.inf):
            with pytest.raises(sl.BadParameters, match=f"{name} is held at a list of numbers"):
                FIT.profile({name: [value]})
    for wrong in ([], [[0.3]]):
        with pytest.raises(sl.BadParameters, match="alpha is held at a list of numbers"):
            FIT.profile({"alpha": wrong})
    with pytest.raises(sl.BadParameters, match="alpha is held at numbers; found"):
        FIT.profile({"alpha": ["x"]})
    absolute = sl.Objective(name="lad", space="linear", delta=0.0)
    flat = sl.fit(LINE, straight(), objective=absolute)
    with pytest.raises(sl.Unidentifiable, match="no curvature at the fit") as refusal:
        flat.interval("slope", kind="profile")
    assert refusal.value.partial is flat


def test_published_parameters_are_all_there_and_possible():
    assert FIT.test({**TRUTH, "E": 0.0, "alpha": 3.0}, n=100).rejected
    with pytest.raises(sl.UnknownName, match="Chinchilla needs A, beta too"):
        FIT.test({k: v for k, v in TRUTH.items() if k not in ("A", "beta")}, n=100)
    for name, value in (("alpha", 3.01), ("alpha", 9e-4), ("E", -0.1), ("A", 0.0), ("B", -1.0)):
        with pytest.raises(sl.BadParameters, match=f"{name} cannot be {value}"):
            FIT.test({**TRUTH, name: value}, n=100)
    for wrong in (np.nan, "1", True):
        with pytest.raises(sl.BadParameters, match="published parameters: A must be"):
            FIT.test({**TRUTH, "A": wrong}, n=100)
    with pytest.raises(sl.BadParameters, match="needs 100 resamples or more; found 99"):
        FIT.test(TRUTH, n=99)
    with pytest.raises(sl.BadParameters, match=r"20 or more; found 100\.5"):
        FIT.test(TRUTH, n=100.5)


def test_a_trade_off_takes_positive_batches():
    for wrong in (0.0, -1.0, np.nan, [1e6, np.inf]):
        with pytest.raises(sl.BadRuns, match="batch_tokens must be positive and finite"):
            batch.trade_off(STEPPED, wrong, n=20)
    with pytest.raises(sl.UnknownName, match=r"fit laws\.STEPS_TO_TARGET"):
        batch.trade_off(FIT, 1e6, n=20)
