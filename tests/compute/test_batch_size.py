"""Batch size: steps to a target, what time costs in compute, and how a budget is spent."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws import laws
from scalinglaws.compute import batch_size as batch
from scalinglaws.errors import BadParameters, BadRuns, UnknownName

SIZES = np.geomspace(2**15, 2**23, 9)


def runs(steps: float = 2000.0, tokens: float = 4e9) -> pd.DataFrame:
    return pd.DataFrame({"batch_tokens": SIZES, "steps": steps + tokens / SIZES})


def test_steps_to_a_target_are_recovered_and_give_the_critical_batch() -> None:
    fit = sl.fit(laws.STEPS_TO_TARGET, runs())
    # Noise-free: what is left is rounding in the logarithm of the steps.
    assert fit.params["S_min"] == pytest.approx(2000.0, rel=1e-9)
    assert fit.params["E_min"] == pytest.approx(4e9, rel=1e-9)
    assert fit.derived["B_crit"] == pytest.approx(2e6, rel=1e-9)


def test_at_the_critical_batch_time_and_compute_are_twice_their_least() -> None:
    fit = sl.fit(laws.STEPS_TO_TARGET, runs())
    row = batch.trade_off(fit, 2e6, n=50).iloc[0]
    assert row["time"] == pytest.approx(2.0, rel=1e-9)
    assert row["compute"] == pytest.approx(2.0, rel=1e-9)
    rows = batch.trade_off(fit, SIZES, n=50)
    # (S / S_min - 1) (E / E_min - 1) = 1 at every batch: McCandlish et al. 2018.
    np.testing.assert_allclose((rows["time"] - 1) * (rows["compute"] - 1), 1.0, rtol=1e-8)
    assert (rows["time_low"] <= rows["time"] * (1 + 1e-9)).all()


def test_least_steps_and_flops_undo_what_a_batch_costs() -> None:
    steps = 2000.0 + 4e9 / SIZES
    np.testing.assert_allclose(batch.least_steps(steps, batch=SIZES, critical=2e6), 2000.0)
    flops = 6e8 * steps * SIZES
    np.testing.assert_allclose(batch.least_flops(flops, batch=SIZES, critical=2e6), 6e8 * 4e9)
    with pytest.raises(BadRuns, match="critical must be positive and finite"):
        batch.least_steps(1000.0, batch=1e6, critical=0.0)


def test_kaplans_exponents_give_the_split_that_he_derives() -> None:
    split = batch.spend(size=0.077, batch=0.21, steps=0.76)
    # Kaplan et al. 2020, section 6.1, prints 0.054 and 0.71 from exponents of more digits: two
    # printed digits of alpha_N move alpha_C by 0.0005 and the exponent of N by 0.01.
    assert split["loss"] == pytest.approx(0.054, abs=0.002)
    assert split["params"] == pytest.approx(0.71, abs=0.035)
    # C_min = 6 N B S, so what grows with it adds up to one.
    assert split["params"] + split["batch_tokens"] + split["steps"] == pytest.approx(1.0)
    assert split["tokens"] == pytest.approx(1 - split["params"])
    many = batch.spend(size=[0.077, 0.1], batch=[0.21, 0.2], steps=[0.76, 0.5])
    assert many["params"][0] == split["params"]
    with pytest.raises(BadRuns, match="batch must be positive and finite"):
        batch.spend(size=0.077, batch=0.0, steps=0.76)


def test_a_law_of_another_response_reads_its_own_column() -> None:
    fit = sl.fit(laws.STEPS_TO_TARGET, runs().assign(loss=-1.0))
    predicted = fit.predict(batch_tokens=[1e6], n=50)
    assert predicted["steps"].iloc[0] == pytest.approx(6000.0, rel=1e-9)
    with pytest.raises(BadRuns, match="steps"):
        sl.fit(laws.STEPS_TO_TARGET, runs().drop(columns="steps"))
    with pytest.raises(BadParameters, match=r"predicts loss and .* predicts steps"):
        laws.power_law("batch_tokens") + laws.STEPS_TO_TARGET
    power = laws.power_law("tokens")
    truth = {"E": 1.7, "k": 30.0, "c": 0.25}
    line = sl.fit(power, sl.simulate.at(power, truth, tokens=SIZES))
    with pytest.raises(
        UnknownName, match=r"is not a law of steps to a target: fit laws.STEPS_TO_TARGET"
    ):
        batch.trade_off(line, 1e6)


def test_zhangs_five_targets_give_the_critical_batches_of_their_notes() -> None:
    table = sl.load("critical_batch")
    found = []
    for _, part in table.groupby("params"):
        fit = sl.fit(laws.STEPS_TO_TARGET, part, objective=sl.LSQ_LOG)
        found.append(fit.derived["B_crit"] / 1e6)
    # What a reader of the upstream file found, in millions, printed to 0.1: half a digit, and a
    # little for another objective.
    np.testing.assert_allclose(found, [1.1, 1.7, 2.8, 4.1, 5.7], atol=0.06)
