"""What a hurried user gets wrong is refused by name, never answered with a wrong number."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.notebook import Refusal, say

CHINCHILLA = sl.laws.CHINCHILLA
TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}


@pytest.fixture(scope="module")
def runs():
    return sl.load("hoffmann2022")


@pytest.fixture(scope="module")
def fitted(runs):
    return sl.fit(CHINCHILLA, runs)


@pytest.mark.parametrize("level", [90, 0, 1, "0.9", None, True])
def test_levels(fitted, level):
    for ask in (
        lambda: fitted.interval("a", level=level),
        lambda: fitted.predict(params=1e9, tokens=2e10, level=level),
        lambda: sl.allocate(fitted, 1e21, level=level),
        lambda: sl.hold_out(CHINCHILLA, fitted.runs, level=level),
    ):
        with pytest.raises(sl.BadParameters, match="level is a share between 0 and 1"):
            ask()


@pytest.mark.parametrize("n", [0, -1, 5, 10.5, "50"])
def test_resamples(fitted, n):
    for ask in (
        lambda: fitted.interval("a", n=n),
        lambda: sl.allocate(fitted, 1e21, n=n),
        lambda: sl.compute.isoflop.frontier(sl.load("isoflops/llama3"), n=n),
        lambda: sl.compute.envelope.frontier(sl.load("gemstones"), n=n),
    ):
        with pytest.raises(sl.BadParameters, match="whole number of resamples, 20 or more"):
            ask()
    if n != 5:
        with pytest.raises(sl.BadParameters, match="whole number, 1 or more"):
            fitted.bootstrap(n)


def test_what_is_not_a_table_or_a_law(runs):
    with pytest.raises(sl.BadRuns, match=r"needs a table of runs .* it was given str"):
        sl.fit(CHINCHILLA, "hoffmann2022")
    with pytest.raises(sl.BadRuns, match="a law is expected"):
        sl.fit(runs, CHINCHILLA)
    with pytest.raises(sl.BadRuns, match="this table has no row"):
        sl.fit(CHINCHILLA, runs.head(0))
    text = runs.astype({"params": object})
    text.iloc[3, 0] = "abc"
    with pytest.raises(sl.BadRuns, match="row 4, column params: found 'abc'"):
        sl.fit(CHINCHILLA, text)
    with pytest.raises(sl.BadParameters, match="a seed is a whole number"):
        sl.fit(CHINCHILLA, runs, seed=-1)


def test_weights_and_held_values_that_leave_nothing_to_fit(runs):
    none = np.zeros(len(runs))
    with pytest.raises(sl.BadRuns, match="every weight is zero"):
        sl.fit(CHINCHILLA, runs, weights=none)
    none[:3] = 1
    with pytest.raises(sl.Unidentifiable, match="this table has 3"):
        sl.fit(CHINCHILLA, runs, weights=none)
    for value in (-1.0, 50.0):
        with pytest.raises(sl.BadParameters, match="alpha cannot be held at"):
            sl.fit(CHINCHILLA, runs, held={"alpha": value})


def test_a_held_parameter_stays_held_in_a_profile(runs):
    held = sl.fit(CHINCHILLA, runs, held={"E": 1.5})
    table = held.profile({"alpha": [0.3, 0.35]})
    assert table["E"].tolist() == pytest.approx([1.5, 1.5], rel=1e-12)
    assert (table["worse"] >= 1).all()
    with pytest.raises(sl.BadParameters, match="E is held in the fit"):
        held.profile({"E": [1.5]})
    with pytest.raises(sl.BadParameters, match=r"a list of numbers between 0\.001 and 3"):
        held.profile({"alpha": [-1.0]})


def test_rejection_needs_possible_values_resamples_and_scatter(fitted):
    with pytest.raises(sl.BadParameters, match=r"A cannot be -1\.0: it lies between 0 and inf"):
        fitted.test({**TRUTH, "A": -1.0})
    with pytest.raises(sl.BadParameters, match="100 resamples or more"):
        fitted.test(TRUTH, n=50)
    assert not fitted.test(dict(fitted.params), n=200).rejected
    assert fitted.test({**TRUTH, "E": 1.0}, n=200).rejected
    rng = np.random.default_rng(0)
    exact = sl.simulate.at(
        CHINCHILLA, TRUTH, params=10 ** rng.uniform(7, 10, 30), tokens=10 ** rng.uniform(9, 12, 30)
    )
    with pytest.raises(sl.Unidentifiable, match="no scatter"):
        sl.fit(CHINCHILLA, exact).test(TRUTH, n=100)


def test_random_runs_are_not_taken_for_isoflop_profiles():
    rng = np.random.default_rng(0)
    runs = sl.simulate.at(
        CHINCHILLA,
        TRUTH,
        noise=0.01,
        params=10 ** rng.uniform(7.5, 10, 200),
        tokens=10 ** rng.uniform(8.5, 11.5, 200),
    )
    with pytest.raises(sl.Unidentifiable, match="not trained at equal FLOPs"):
        sl.compute.isoflop.frontier(runs)
    span = (
        runs["flops"]
        .groupby(sl.compute.isoflop.budgets(runs).to_numpy())
        .agg(lambda g: g.max() / g.min())
    )
    # One budget never spans more than the 5% that its name promises.
    assert span.max() < 1.051


def test_isoflop_tables_are_checked_and_flat_losses_refused():
    runs = sl.load("isoflops/llama3")
    broken = runs.copy()
    broken.loc[5, "loss"] = np.inf
    with pytest.raises(sl.BadRuns, match="row 6, column loss: found 'inf'"):
        sl.compute.isoflop.frontier(broken)
    with pytest.raises(sl.Unidentifiable, match="the exponent needs at least 3"):
        sl.compute.isoflop.frontier(runs.assign(loss=2.5))
    with pytest.raises(sl.BadRuns, match="must be a list of positive numbers"):
        sl.compute.isoflop.frontier(runs).at(-1e21)


def test_missing_group_labels_are_named(runs):
    named = runs.assign(team=["a", "b"] * 120)
    named.loc[named.index[9], "team"] = None
    with pytest.raises(sl.BadRuns, match="row 10, column team: the label is empty"):
        sl.fit(CHINCHILLA, named).bootstrap(50, kind="group", by="team")


def test_duplicate_index_labels_do_no_harm(runs):
    doubled = pd.concat([runs.iloc[:120], runs.iloc[120:].set_axis(range(120))])
    # Rows in the same order with other labels: the same answer, bit for bit.
    first, second = (sl.hold_out(CHINCHILLA, r).scores for r in (runs, doubled))
    pd.testing.assert_frame_equal(first, second)


def test_a_sentence_with_a_refusal_becomes_the_refusal():
    refusal = Refusal(sl.Unidentifiable("one ray"))
    assert say("Budgets left out:", refusal) is refusal
