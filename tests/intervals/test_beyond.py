"""Beyond the runs: what a table says of its own law, and how an interval is widened by it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

import scalinglaws as sl
from scalinglaws.intervals import beyond
from scalinglaws.intervals.origins import origins
from scalinglaws.laws import CHINCHILLA, INTERACTION

TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
POINT = {"params": np.array([2e9, 4e11]), "tokens": np.array([4e10, 8e12])}


def scattered(law=CHINCHILLA, *, seed=0, count=240, noise=0.002, **more):
    """Runs of as many sizes near the best split, so that rows are what is drawn."""
    rng = np.random.default_rng(seed)
    flops = np.geomspace(1e18, 3e21, count)
    params = np.sqrt(flops / 6 / 20) * 10 ** rng.uniform(-0.5, 0.5, count)
    return sl.simulate.at(
        law, {**TRUTH, **more}, noise=noise, seed=seed, params=params, tokens=flops / 6 / params
    )


FIT = sl.fit(CHINCHILLA, scattered())


def test_the_interval_to_stake_is_the_laws_own_widened_by_the_decades():
    told = FIT.predict(**POINT, level=0.8)
    assert told["where"].tolist() == ["in range", "extrapolated"]
    assert told["low"][0] == told["law_low"][0]
    assert told["high"][0] == told["law_high"][0]
    largest = (FIT.runs["params"] * FIT.runs["tokens"]).max()
    decades = np.log10(POINT["params"][1] * POINT["tokens"][1] / largest)
    allowed = np.hypot(beyond.ALLOWANCE, beyond.misses(FIT).per_decade)
    extra = student.ppf(0.9, 3) * allowed * decades
    for end, law_end in (("low", "law_low"), ("high", "law_high")):
        own = abs(np.log(told[law_end][1] / told["loss"][1]))
        assert abs(np.log(told[end][1] / told["loss"][1])) == pytest.approx(np.hypot(own, extra))
    assert told.attrs["per_decade"] == pytest.approx(allowed)
    assert told.attrs["origins"] == len(beyond.misses(FIT).table) > 0


def test_an_allocation_is_widened_alike_and_its_split_by_what_it_moved():
    inside, outside = (sl.allocate(FIT, c).iloc[0] for c in (1e20, 1e24))
    for name in ("params", "tokens", "tokens_per_param", "loss"):
        assert inside[f"{name}_low"] == inside[f"{name}_law_low"]
        assert outside[f"{name}_low"] <= outside[f"{name}_law_low"]
        assert outside[f"{name}_high"] >= outside[f"{name}_law_high"]
    point = FIT.predict(params=outside["params"], tokens=outside["tokens"])
    # At the best split the loss hardly depends on it, so that both answers allow as much.
    assert outside["loss_high"] == pytest.approx(float(point["high"][0]), rel=2e-3)


def test_a_law_that_holds_has_no_misses_of_its_own_and_one_that_does_not_has():
    per = [beyond.misses(sl.fit(CHINCHILLA, scattered(seed=k))).per_decade for k in range(12)]
    # False alarms of 1% a decade come in one table of seven or fewer.
    assert np.median(per) < 0.005
    bent = sl.fit(CHINCHILLA, scattered(INTERACTION, d=0.5))
    found = beyond.misses(bent)
    assert found.per_decade > 0.005
    # The additive law expects more loss than there is.
    assert found.drift < 0
    assert set(found.table) == {"cut", "decades", "miss", "error", "runs"}


def test_misses_are_those_of_fits_to_the_smaller_runs():
    fit = sl.fit(CHINCHILLA, scattered(INTERACTION, d=0.5))
    (cut, *_), origin = beyond.misses(fit).table["cut"], origins(fit)[0]
    both = fit.runs["params"] * fit.runs["tokens"]
    small = fit.runs[both <= both.max() / 2 * (1 + 1e-9)]
    assert cut == pytest.approx(float((small["params"] * small["tokens"]).max()))
    alone = sl.fit(CHINCHILLA, small)
    # The warm start ends at the minimum that two dozen starts find.
    assert dict(origin.params) == pytest.approx(dict(alone.params), rel=1e-4)


def test_too_small_a_table_says_that_its_form_is_untested():
    few = sl.fit(CHINCHILLA, scattered(count=9), check=False)
    assert not beyond.misses(few).tried
    assert beyond.per_decade(few) == beyond.ALLOWANCE
    assert few.predict(**POINT, n=50).attrs["origins"] == 0
    assert "no cut leaves enough runs" in repr(few.report())
    assert beyond.moved(few, "alpha") is None


def test_laws_of_one_input_are_widened_and_those_of_any_sign_are_not():
    law = sl.laws.power_law("tokens")
    truth = {"E": 1.8, "k": 400.0, "c": 0.28}
    runs = sl.simulate.at(law, truth, noise=0.003, tokens=np.geomspace(1e8, 1e11, 60))
    told = sl.fit(law, runs).predict(tokens=[1e10, 1e13])
    assert told["low"][0] == told["law_low"][0]
    assert told["low"][1] < told["law_low"][1]
    line = sl.laws.line("x", response="loss")
    signed = pd.DataFrame({"x": np.arange(20.0), "loss": np.sin(np.arange(20.0))})
    flat = sl.fit(line, signed, objective="lsq").predict(x=[5.0, 50.0])
    assert flat["low"].equals(flat["law_low"])
    assert flat.attrs["per_decade"] == 0.0


def test_the_unit_of_an_input_changes_nothing():
    runs = scattered(INTERACTION, d=0.7)
    moved = runs.assign(params=runs["params"] / 1e6, tokens=runs["tokens"] / 1e9)
    one = sl.fit(CHINCHILLA, runs).predict(**POINT)
    other = sl.fit(CHINCHILLA, moved).predict(
        params=POINT["params"] / 1e6, tokens=POINT["tokens"] / 1e9
    )
    # Two searches of one minimum, and refits from each.
    np.testing.assert_allclose(one[["low", "high"]], other[["low", "high"]], rtol=1e-5)


def test_losses_ten_and_forty_times_beyond_are_held_when_the_form_is_slightly_wrong():
    held, law_held, reach = [], [], []
    for seed in range(20):
        runs = scattered(INTERACTION, d=0.8, seed=seed)
        fit = sl.fit(CHINCHILLA, runs)
        for times in (10, 40):
            flops = 3e21 * times
            point = {"params": np.sqrt(flops / 120), "tokens": flops / 6 / np.sqrt(flops / 120)}
            truth = float(INTERACTION({**TRUTH, "d": 0.8}, **point)[0])
            told = fit.predict(**point, n=200).iloc[0]
            held.append(told["low"] <= truth <= told["high"])
            law_held.append(told["law_low"] <= truth <= told["law_high"])
            if times == 10:
                reach.append((told["high"] - told["low"]) / 2 / told["loss"])
    # Of forty: at least 85% to stake on, where the law's own hold a fifth; within 8% a side.
    assert np.mean(held) >= 0.85
    assert np.mean(law_held) < 0.5
    assert np.median(reach) <= 0.08


def test_the_card_says_what_moved_as_the_table_grew():
    def line(fit):
        return next(v for v in repr(fit.report()).splitlines() if v.startswith("as the table grew"))

    assert line(FIT).endswith("no parameter moved beyond chance")
    bent = sl.fit(CHINCHILLA, scattered(INTERACTION, d=0.5))
    step = beyond.moved(bent, "alpha")
    assert step > 0.01
    assert f"alpha {np.expm1(step):.0%}" in line(bent)
    few = sl.fit(CHINCHILLA, scattered(count=12))
    assert "as the table grew" not in repr(few.report())


def test_a_parameter_that_moved_far_is_said_in_times_and_not_in_per_cent(monkeypatch):
    def told(step):
        monkeypatch.setattr(beyond, "moved", lambda _, name: step if name == "alpha" else None)
        lines = repr(sl.fit(CHINCHILLA, scattered()).report()).splitlines()
        return next(v for v in lines if v.startswith("as the table grew"))

    assert "alpha 62%;" in told(np.log(1.62))
    assert "alpha 2.7-fold;" in told(np.log(2.7))
    assert "alpha more than tenfold;" in told(np.log(1691.0))
