"""How far laws carry: what is fitted, what is predicted, and what must be allowed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.intervals.beyond import ALLOWANCE
from scalinglaws.laws import CHINCHILLA, INTERACTION
from scalinglaws.validation import carry

TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}


def table(law=CHINCHILLA, *, seed=0, count=120, **more):
    rng = np.random.default_rng(seed)
    flops = np.geomspace(1e18, 3e21, count)
    params = np.sqrt(flops / 120) * 10 ** rng.uniform(-0.3, 0.3, count)
    return sl.simulate.at(
        law,
        {**TRUTH, **more},
        noise=0.002,
        seed=seed,
        params=params,
        tokens=flops / 6 / params,
    )


def test_the_runs_beyond_a_cut_are_predicted_from_those_below_it():
    runs = table()
    found = carry.carried({"a": runs}, cuts=(4,), n=60)
    both = (runs["params"] * runs["tokens"]).to_numpy()
    small = both <= both.max() / 4
    trained = sl.fit(CHINCHILLA, runs[small])
    told = trained.predict(
        params=runs.loc[~small, "params"], tokens=runs.loc[~small, "tokens"], n=60, new_run=True
    )
    miss = np.log(runs.loc[~small, "loss"].to_numpy() / told["loss"].to_numpy())
    # All of these lie within a factor of four of the best size.
    np.testing.assert_allclose(np.sort(found["miss"]), np.sort(miss), rtol=1e-9)
    loss = runs.loc[~small, "loss"].to_numpy()
    inside = (told["low"].to_numpy() <= loss) & (loss <= told["high"].to_numpy())
    assert found["held"].sum() == inside.sum()
    assert found["decades"].min() > 0


def test_a_law_that_holds_misses_nothing_and_a_bent_one_expects_too_much():
    true = carry.per_decade(carry.carried({"a": table()}, cuts=(4, 16), n=None))
    bent = carry.per_decade(carry.carried({"a": table(INTERACTION, d=0.5)}, cuts=(4, 16), n=None))
    # Noise of 0.2% on some fifty runs, a decade or less beyond.
    assert abs(true["a"]) < 0.005
    assert bent["a"] < -0.005
    free = carry.carried(
        {"a": table(INTERACTION, d=0.5)}, law=INTERACTION, held={"d": 0.5}, cuts=(4, 16), n=None
    )
    assert abs(carry.per_decade(free)["a"]) < 0.005


def test_cuts_that_fit_the_same_runs_count_once_and_runs_stay_whole():
    runs = table()
    alone = pd.concat([runs[runs["params"] * runs["tokens"] < 5e19], runs.tail(1)])
    found = carry.carried({"a": alone}, cuts=(2, 4, 6), n=None)
    assert len(found) == 1
    size = np.repeat(np.geomspace(5e7, 1e10, 16), 8)
    tokens = size * np.tile(np.geomspace(5, 60, 8), 16)
    curves = sl.simulate.at(CHINCHILLA, TRUTH, noise=0.002, params=size, tokens=tokens)
    curves["run"] = np.repeat(np.arange(16), 8)
    told = carry.carried({"a": curves}, cuts=(20,), n=None)
    both = curves["params"] * curves["tokens"]
    whole = both.groupby(curves["run"]).max() <= both.max() / 20
    fitted = curves[curves["run"].map(whole)]
    ahead = curves[~curves["run"].map(whole)]
    assert len(told) <= (both[ahead.index] > both[fitted.index].max()).sum()
    assert len(told) > 0


def test_an_allowance_is_the_least_that_holds_and_the_librarys_own_gives_its_intervals():
    tables = {f"{d}: {k}": table(INTERACTION, d=d, seed=k) for d in (1.0, 0.5) for k in (0, 1)}
    found = carry.carried(tables, cuts=(4, 16), n=60)
    np.testing.assert_array_equal(
        carry.coverage(found, ALLOWANCE)[found["law_held"]], found.loc[found["law_held"], "held"]
    )
    # An interval's two sides differ a little, and only the side of the miss is kept.
    assert (carry.coverage(found, ALLOWANCE) == found["held"]).mean() > 0.98
    least = carry.allowance(found, {k: k.split(":")[0] for k in tables})
    assert list(least.index) == ["all", "1.0", "0.5"]
    assert least.loc["1.0", "without"] == least.loc["0.5", "alone"]
    assert least.loc["1.0", "alone"] <= least.loc["0.5", "alone"]
    for share in (least.loc["0.5", "alone"], 0.0):
        held = carry.coverage(found[found["table"].str.startswith("0.5")], share).mean()
        assert (held >= 0.9) == (share >= least.loc["0.5", "alone"])


def test_what_cannot_be_asked_is_refused_by_name():
    with pytest.raises(sl.BadParameters, match="a cut is a factor above 1"):
        carry.carried({"a": table()}, cuts=(1.0,))
    with pytest.raises(sl.BadRuns, match="the table a"):
        carry.carried({"a": table().drop(columns="tokens")})
    with pytest.raises(sl.BadParameters, match="no family is given for 'a'"):
        carry.allowance(carry.carried({"a": table()}, cuts=(4,), n=20), {})
    assert carry.carried({"a": table(count=11)}, cuts=(4,)).empty
