"""The simulated student and teacher: limits that are known, an independent solver, refusals."""

import numpy as np
import pytest
from scipy.optimize import minimize

import scalinglaws as sl
from scalinglaws._simulated import is_simulated
from scalinglaws.validation.pruning import _logistic


@pytest.fixture(scope="module")
def told():
    return sl.simulate.pruned([3.0, 48.0], [1.0, 0.2], dimensions=30, draws=8)


def error(table, examples, rule):
    return table[(table["examples"] == examples) & (table["rule"] == rule)]["error"].item()


def test_with_few_examples_the_easy_ones_teach_more_and_with_many_the_hard_ones(told):
    """Sorscher et al. 2022, page 3: hard ones where data abound, easy ones where scarce."""
    assert error(told, 3.0, "easy") < error(told, 3.0, "hard") / 1.5
    assert error(told, 48.0, "hard") < error(told, 48.0, "easy") / 1.5


def test_hard_examples_of_a_large_stock_do_as_well_as_all(told):
    # A fifth of 48 examples per dimension: within the scatter of eight draws.
    assert error(told, 48.0, "hard") == pytest.approx(error(told, 48.0, "all"), rel=0.15)


def test_without_a_cut_the_error_falls_about_as_one_over_the_examples():
    table = sl.simulate.pruned([8, 16, 32, 64], [1.0], dimensions=30, draws=8)
    slope = np.polyfit(np.log(table["examples"]), np.log(table["error"]), 1)[0]
    # The widest margin has 1 in the limit; 32 draws leave a few hundredths.
    assert slope == pytest.approx(-1.0, abs=0.12)


def test_the_student_is_at_the_minimum_that_scipy_finds():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 5))
    signed = x * np.sign(x[:, :1] + 0.5 * rng.standard_normal((60, 1)))  # cannot be separated
    found = minimize(
        lambda w: np.logaddexp(0, -(signed @ w)).sum() + 0.5e-6 * 60 * w @ w,
        np.zeros(5),
        method="BFGS",
        options={"gtol": 1e-9},
    )
    np.testing.assert_allclose(_logistic(signed), found.x, rtol=1e-4, atol=1e-5)


def test_rows_seeds_and_the_mark(told):
    assert told["kept"].tolist() == pytest.approx([3.0, 0.6, 0.6, 48.0, 9.6, 9.6])
    assert is_simulated(told)
    again = sl.simulate.pruned([3.0, 48.0], [1.0, 0.2], dimensions=30, draws=8)
    assert again["error"].equals(told["error"])
    other = sl.simulate.pruned([3.0, 48.0], [1.0, 0.2], dimensions=30, draws=8, seed=100)
    assert not other["error"].equals(told["error"])


def test_too_few_kept_examples_are_left_out():
    assert len(sl.simulate.pruned([1.0], [0.1], dimensions=30)) == 0


@pytest.mark.parametrize(
    ("examples", "shares", "more", "words"),
    [
        ([-1.0], [1.0], {}, "positive numbers"),
        ([np.inf], [1.0], {}, "positive numbers"),
        ([2.0], [0.0], {}, "above 0"),
        ([2.0], [1.2], {}, "up to 1"),
        ([2.0], [1.0], {"dimensions": 1}, "two dimensions"),
        ([2.0], [1.0], {"draws": 0}, "a draw"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(examples, shares, more, words):
    with pytest.raises(sl.errors.BadParameters, match=words):
        sl.simulate.pruned(examples, shares, **more)
