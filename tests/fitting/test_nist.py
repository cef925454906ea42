"""Fits from a user's start reach the values and standard errors that NIST certifies."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from nist_laws import LAWS, certified, digits, observations

import scalinglaws as sl
from scalinglaws._fit import Fit

STARTS = ["start_1", "start_2"]


@cache
def solved(name: str, start: str) -> Fit:
    values = certified(name)[start].to_dict()
    return sl.fit(LAWS[name], observations(name), objective=sl.LSQ, start=values, check=False)


def found(name: str, start: str) -> pd.Series:
    return pd.Series({b: float(solved(name, start).params[b]) for b in LAWS[name].names})


def residuals(name: str) -> pd.Series:
    return sl.load("nist_strd/problems").set_index("problem").loc[name]


def test_there_is_a_law_for_every_problem() -> None:
    assert list(LAWS) == list(sl.load("nist_strd/problems")["problem"])


@pytest.mark.parametrize("name", LAWS)
def test_tables_and_laws_fit_together(name: str) -> None:
    law, truth, runs = LAWS[name], certified(name), observations(name)
    assert list(truth.index) == list(law.names)
    assert np.isfinite(runs.to_numpy()).all()
    # The card says that NIST misprints these.
    dof = 11 if name == "Rat43" else residuals(name)["dof"]
    assert len(runs) - len(law.names) == dof
    inputs = {i: runs[i] for i in law.inputs}
    rss = ((runs["loss"] - law(truth["value"].to_dict(), **inputs)) ** 2).sum()
    if name == "Lanczos1":
        # Eleven digits of values up to 5 leave errors of 5e-11 in each, beside residuals of 9e-14.
        assert rss < len(runs) * 1e-10**2
    else:
        # At the minimum the sum does not feel the twelfth digit of the values to first order;
        # Lanczos2, whose residuals are the smallest left (1e-6), loses most: 10 digits agree.
        assert rss == pytest.approx(residuals(name)["rss"], rel=1e-9)


def test_figures_typed_from_the_pages_of_nist() -> None:
    lanczos = observations("Lanczos1")
    assert list(lanczos["loss"][:2]) == [2.5134, 2.044333373291]
    assert list(lanczos["x1"][:2]) == [0.0, 0.05]
    nelson = observations("Nelson")
    assert list(nelson.iloc[-1]) == [64.0, 275.0, np.log(1.2)]
    bennett = certified("Bennett5").loc["b1"]
    assert list(bennett) == [-2000.0, -1500.0, -2.5235058043e3, 2.9715175411e2]
    assert list(certified("ENSO").loc["b9"]) == [1.4, 1.5, 1.4966870418, 0.25434468893]
    assert sl.load("nist_strd")["x2"].count() == len(nelson) == 128


def test_addition_has_fourteen_sizes_to_fit_and_three_to_predict() -> None:
    sizes = sl.load("caballero2022")
    assert list(sizes["extrapolation"]) == [False] * 14 + [True] * 3
    assert sizes["examples"].is_monotonic_increasing
    assert list(sizes.loc[[0, 16], "loss"]) == [2.13809046, 0.55695445]


def test_digits_count_the_worst_parameter() -> None:
    truth = pd.Series({"a": 2.0, "b": -1e-7})
    assert digits(truth, truth) == 11
    assert digits(pd.Series({"b": -1.001e-7, "a": 2.0}), truth) == pytest.approx(3)
    assert digits(truth * -1, truth) == 0
    assert digits(pd.Series({"a": 2.0, "b": np.nan}), truth) == 0


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("name", LAWS)
def test_values_and_standard_errors_are_the_certified_ones(name: str, start: str) -> None:
    truth, fit = certified(name), solved(name, start)
    # A double has 16 digits. The worst design here, Bennett5, has a condition number of 6e4 after
    # scaling and a minimum is found by its gradient, whose rounding that number enters squared:
    # six digits are left to every problem.
    assert digits(found(name, start), truth["value"]) >= 6
    classical = fit.covariance(form="classical")
    errors = pd.Series(np.sqrt(np.diag(classical)), index=classical.index)
    # Responses of Lanczos1 reach 2.5, where doubles are 4.4e-16 apart: half a percent of its
    # residuals of 9e-14, so one percent of their sum of squares and 2.3 digits of the errors in
    # the worst case. Exact arithmetic on the data as doubles hold them already stops at 3.4 digits.
    rounded = name == "Lanczos1"
    assert digits(errors, truth["standard_error"]) >= (2.3 if rounded else 4)
    # Elsewhere the sum, which is stationary, has twice the digits of the values.
    rel = 1e-2 if rounded else 1e-8
    assert fit.objective == pytest.approx(residuals(name)["rss"], rel=rel)


def test_most_fits_agree_in_eight_digits() -> None:
    reached = [
        digits(found(name, start), certified(name)["value"]) >= 8
        for name in LAWS
        for start in STARTS
    ]
    # The reach that the project set itself; scipy's least_squares, given exact derivatives and
    # tolerances of 1e-15, gets there in 44.
    assert sum(reached) >= 48
