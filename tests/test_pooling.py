"""Runs of several sources: the fit says where one law does not hold for all of them."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws import _pooling
from scalinglaws.compute.optimum import optimal_params

TRUTH = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}


def table(apart: float, seed: int = 0, column: str = "tokenizer") -> pd.DataFrame:
    """48 runs, every second one of another source whose losses are higher by a share."""
    rng = np.random.default_rng(seed)
    params = np.exp(rng.uniform(np.log(2e7), np.log(2e9), 48))
    tokens = params * np.exp(rng.uniform(np.log(5), np.log(80), 48))
    source = np.tile(["a", "b"], 24)
    loss = sl.laws.CHINCHILLA(TRUTH, params=params, tokens=tokens)
    loss *= np.exp(0.005 * rng.normal(size=48) + apart * (source == "b"))
    return pd.DataFrame({"params": params, "tokens": tokens, "loss": loss, column: source})


@pytest.mark.parametrize("column", ["tokenizer", "corpus", "Dataset"])
def test_two_sources_are_told_apart(column):
    fit = sl.fit(sl.laws.CHINCHILLA, table(0.05, column=column))
    found = _pooling.apart(fit)
    assert found is not None
    # The pooled law takes up a part of what sets them apart, where sources differ in size as well.
    assert found.means["b"] - found.means["a"] == pytest.approx(0.05, abs=0.02)
    assert not fit.ok
    assert f"residuals differ by {column}" in fit.status
    assert "one law does not hold for all 2, so fit each by itself" in fit.status
    # Each by itself is clean of it.
    one = table(0.05, column=column)
    assert "differ" not in sl.fit(sl.laws.CHINCHILLA, one[one[column] == "a"]).status


def test_sources_that_agree_are_pooled_in_silence():
    said = sum(
        _pooling.apart(sl.fit(sl.laws.CHINCHILLA, table(0.0, seed))) is not None
        for seed in range(20)
    )
    assert said == 0  # one in a thousand each


def test_other_labels_and_few_runs_are_not_compared():
    assert _pooling.apart(sl.fit(sl.laws.CHINCHILLA, table(0.05, column="name"))) is None
    many = table(0.05)
    many["tokenizer"] = [f"t{k}" for k in range(48)]
    assert _pooling.apart(sl.fit(sl.laws.CHINCHILLA, many)) is None


def test_no_budget_is_split_on_mixed_sources():
    mixed = table(0.05)
    fit = sl.fit(sl.laws.CHINCHILLA, mixed)
    for ask in (
        lambda: sl.allocate(fit, 1e21),
        lambda: sl.next_runs(fit, flops=1e21, spend=1e20),
        lambda: sl.compute.lifetime(fit, 1e12, as_good_as=1e9),
        lambda: sl.forecast_runs(mixed, at={"params": 1e10, "tokens": 2e11}),
    ):
        with pytest.raises(sl.Unidentifiable, match="residuals differ by tokenizer") as refused:
            ask()
        words = str(refused.value)
        assert "Reading the table with where={'tokenizer': 'a'} keeps one of them" in words
        assert "ask again with 'b' in its place" in words
        # Nothing is said that would hide the difference and answer all the same.
        assert "leave" not in words
        assert not refused.value.insist
    (fix,) = refused.value.fixes
    # What the refusal names leads to the right answer, of each source.
    best = optimal_params(
        sl.laws.CHINCHILLA, {k: np.array([v]) for k, v in TRUTH.items()}, np.array([1e21])
    )[0, 0]
    for label in ("a", "b"):
        one = sl.read_runs(mixed, **{fix.option: {"tokenizer": label}})
        split = sl.allocate(sl.fit(sl.laws.CHINCHILLA, one), 1e21)
        # A factor on the loss scales E, A and B alike and moves no best size.
        assert split["params_low"][0] < best < split["params_high"][0]
    page = sl.report(fit, flops=1e21)
    assert page.plans is None
    assert any("residuals differ by tokenizer" in s for s in page.limits)


def test_many_sources_are_counted_and_not_listed():
    runs = pd.concat([table(0.05 * k, seed=k).assign(tokenizer=f"t{k}") for k in range(6)])
    runs = runs.reset_index(drop=True)
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    with pytest.raises(sl.Unidentifiable, match="ask again with each of the 5 others"):
        sl.allocate(fit, 1e21)


def test_flops_of_another_count_are_named_and_taken(tmp_path):
    runs = table(0.0).drop(columns="tokenizer")
    runs["flops"] = 6 * runs["params"] * runs["tokens"] * 15
    with pytest.raises(sl.BadRuns, match="flops"):
        sl.read_runs(runs)
    read = sl.read_runs(runs, flops_counted_as="with attention and look-up tables")
    assert "flops are counted as with attention" in read.attrs["card"]["convention"]
    np.testing.assert_array_equal(read["flops"], runs["flops"])
    mapping = tmp_path / "m.toml"
    mapping.write_text("[columns]\nflops = {column = 'flops', counted_as = 'with attention'}\n")
    assert "with attention" in sl.read_runs(runs, mapping=mapping).attrs["card"]["convention"]
