"""Tied exponents as a planner: the closed form of its split, its units, and tables without M."""

import numpy as np
import pytest

import scalinglaws as sl

LAW = sl.laws.OVERTRAINED


@pytest.fixture(scope="module")
def runs():
    table = sl.load("gadre2024")
    return table[table["corpus"] == "c4"].drop(columns="tokens_per_param")


@pytest.fixture(scope="module")
def fitted(runs):
    return sl.fit(LAW, runs, objective=sl.LSQ)


@pytest.mark.parametrize("k", [6.0, 7.5])
def test_the_split_is_that_of_the_closed_form(fitted, k):
    """Least of ``a M^eta + b M^-eta``: ``M* = (b / a)^(1 / (2 eta))``, at every budget."""
    plan = sl.allocate(fitted, [1e19, 1e21, 1e23], per_param_token=k, n=20)
    p = fitted.params
    ratio = (p["b"] / p["a"]) ** (1 / (2 * p["eta"]))
    # Golden section to 2e-15 of an e-fold; the minimum is flat to the root of rounding.
    np.testing.assert_allclose(plan["tokens_per_param"], ratio, rtol=1e-6)
    np.testing.assert_allclose(k * plan["params"] * plan["tokens"], plan["flops"])
    lowest = LAW(p, flops=plan["flops"].to_numpy(), tokens_per_param=np.full(3, ratio))
    np.testing.assert_allclose(plan["loss"], lowest)


def test_tokens_per_param_follow_from_the_table(runs, fitted):
    written = runs.assign(tokens_per_param=runs["tokens"] / runs["params"])
    assert sl.fit(LAW, written, objective=sl.LSQ).params == fitted.params
    assert "tokens_per_param" in fitted.runs


def test_tokens_per_param_follow_from_a_file(runs, tmp_path):
    path = tmp_path / "runs.csv"
    runs[["params", "flops", "loss"]].to_csv(path, index=False)
    read = sl.read_runs(path, law=LAW)
    np.testing.assert_allclose(read["tokens_per_param"], read["tokens"] / read["params"])
    notes = " ".join(read.attrs["card"]["notes"])
    assert "tokens_per_param derived as tokens / params" in notes
    assert "tokens derived as flops / (6 params)" in notes


def test_a_ratio_below_one_is_no_problem_of_a_file(runs, tmp_path):
    path = tmp_path / "runs.csv"
    few = runs.assign(tokens=runs["tokens"] / 400)[["params", "tokens", "loss"]]
    few.to_csv(path, index=False)
    assert sl.read_runs(path, law=None, needs=("tokens_per_param",))["tokens_per_param"].min() < 1


def test_a_file_without_what_it_follows_from_is_refused(runs, tmp_path):
    path = tmp_path / "runs.csv"
    runs[["params", "loss"]].to_csv(path, index=False)
    with pytest.raises(sl.BadRuns, match="tokens_per_param"):
        sl.read_runs(path, law=LAW)


def test_a_law_of_compute_alone_has_no_split(runs):
    alone = sl.fit(sl.laws.power_law("flops"), runs, check=False)
    with pytest.raises(sl.Unidentifiable, match="needs a law of both params and tokens"):
        sl.allocate(alone, 1e21)
