"""What a refusal still answers: the line through as few as four runs, and in which input."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from skewed_runs import CHINCHILLA, LINE, size_and_data

RUNS = size_and_data()


def partial(law, runs, **given):
    with pytest.raises(sl.Unidentifiable) as refusal:
        sl.fit(law, runs, **given)
    return refusal.value.partial


def test_four_distinct_runs_have_a_line_and_three_do_not():
    four = partial(CHINCHILLA, RUNS.iloc[:4])
    assert four.design.distinct == 4
    line = sl.fit(sl.laws.power_law("flops", floor=False), RUNS.iloc[:4], check=False)
    assert dict(four.fit.params) == dict(line.params)
    three = partial(CHINCHILLA, RUNS.iloc[:3])
    assert three.design.distinct == 3
    assert three.fit is None
    again = partial(CHINCHILLA, RUNS.iloc[[0, 1, 2, 2, 1, 0]])
    assert again.fit is None


def test_a_law_of_several_inputs_has_its_line_in_compute_where_that_is_known():
    few = RUNS.iloc[:6]
    assert partial(CHINCHILLA, few).fit.law.name == "power law in flops"
    bare = few.drop(columns="flops")
    for wide, narrow in (("params", "tokens"), ("tokens", "params")):
        runs = bare.assign(**{wide: np.geomspace(1e7, 1e11, 6), narrow: np.geomspace(1e9, 1e10, 6)})
        found = partial(CHINCHILLA, runs)
        assert found.fit.law.name == f"power law in {wide}"
        assert found.fit.law.inputs == (wide,)
        assert "E" not in found.fit.params


def test_a_law_of_one_input_keeps_it_whatever_else_is_known():
    found = partial(sl.laws.power_law("tokens"), RUNS.iloc[:5])
    assert found.fit.law.name == "power law in tokens"


def test_the_line_is_of_the_laws_own_response_and_of_the_runs_that_count():
    law = sl.laws.power_law("tokens", response="error")
    runs = RUNS.iloc[:7].assign(error=RUNS["loss"] ** 2)
    weights = np.r_[0.0, 0.0, np.ones(5)]
    found = partial(law, runs, weights=weights)
    assert found.fit.law.response == "error"
    assert found.design.runs == 5
    own = sl.fit(
        sl.laws.power_law("tokens", floor=False, response="error"), runs.iloc[2:], check=False
    )
    assert dict(found.fit.params) == dict(own.params)


def test_there_is_no_line_in_logarithms_of_a_law_of_any_sign():
    law = sl.laws.power_law("x") + sl.laws.power_law("y")
    x = np.linspace(1.0, 2.0, 12)
    few = pd.DataFrame({"x": x, "loss": 1 + x})
    with pytest.raises(sl.Unidentifiable) as refusal:
        sl.fit(LINE, few.iloc[:4], objective="lsq")
    assert refusal.value.partial.design.distinct == 4
    assert refusal.value.partial.fit is None
    # One of positive numbers has one, even where they span little.
    assert partial(law, few.assign(y=x[::-1])).fit.law.name in {
        "power law in x",
        "power law in y",
    }


def test_a_line_that_cannot_be_fitted_leaves_the_design():
    # In compute these runs have no positive number, though sizes and data do.
    broken = RUNS.iloc[:6].assign(flops=np.r_[-1.0, np.ones(5)])
    found = partial(CHINCHILLA, broken)
    assert found.fit is None
    assert found.design.distinct == 6
