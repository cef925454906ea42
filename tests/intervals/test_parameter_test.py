"""A test of published parameters, against the same test worked out with plain arrays."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.intervals.parameter_test import ParameterTest
from skewed_runs import CHINCHILLA, LINE, TRUTH, size_and_data, straight

RUNS = size_and_data()
N = 120


def by_hand(fit, values, residuals):
    """Ratios on the resamples, the ratio of the values, and the fit's own on each resample."""
    kept = fit.weights > 0
    w = fit.weights[kept]
    own, theirs = (residuals(p)[kept] ** 2 * w for p in (fit.params, values))
    size = int(kept.sum())
    units = [np.random.default_rng([fit.seed, u]).integers(0, size, (64, size)) for u in range(2)]
    rows = np.concatenate(units)[:N]
    refitted = fit.bootstrap(N)["objective"].to_numpy()
    return own[rows].sum(axis=1) / refitted, theirs.sum() / own.sum()


@pytest.mark.parametrize("factor", [1.0, 1.02, 0.9])
@pytest.mark.parametrize("zero", [False, True])
def test_worse_typical_and_share_are_what_resamples_say(factor, zero):
    weights = np.where(np.arange(40) % 5, np.linspace(0.5, 2, 40), 0.0) if zero else None
    fit = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", weights=weights, seed=2)
    values = {**fit.params, "E": fit.params["E"] * factor}

    def residuals(p):
        return np.log(CHINCHILLA(p, **fit.inputs) / fit.loss)

    found = fit.test(values, n=N)
    ratios, worse = by_hand(fit, values, residuals)
    # Sums in another order: rounding.
    assert found.ratio == pytest.approx(worse, rel=1e-9)
    assert found.critical_ratio == pytest.approx(np.quantile(ratios, 0.99), rel=1e-9)
    assert found.p_value == ((ratios >= found.ratio).sum() + 1) / (N + 1)
    assert found.bias == pytest.approx(residuals(values)[fit.counted].mean(), rel=1e-9)
    assert found.resamples == N
    # The fit's own parameters are as bad as the fit on every resample, and a tenth off is worse.
    assert found.p_value == {1.0: 1.0, 0.9: 1 / (N + 1)}.get(factor, found.p_value)
    assert 1 < found.critical_ratio < 3


@pytest.mark.parametrize("shift", [0.5, -0.5])
def test_of_a_law_of_any_sign_the_bias_is_over_the_mean_size(shift):
    weights = np.where(np.arange(24) % 5, 1.0, 0.0)
    fit = sl.fit(LINE, straight(), objective="lsq", weights=weights)
    values = {**fit.params, "level": fit.params["level"] + shift}
    found = fit.test(values, n=N)
    kept = weights > 0
    apart = (LINE(values, **fit.inputs) - fit.loss)[kept].mean()
    # Half a unit up or down: the bias has the sign of predicted less measured.
    assert found.bias == pytest.approx(apart / np.abs(fit.loss[kept]).mean(), rel=1e-9)
    assert np.sign(found.bias) == np.sign(shift)


def test_the_bias_is_that_of_predicted_over_measured():
    fit = sl.fit(CHINCHILLA, RUNS, objective="lsq_log")
    high = fit.test({**fit.params, "E": fit.params["E"] + 1}, n=100)
    low = fit.test({**fit.params, "E": fit.params["E"] - 1}, n=100)
    assert high.bias > 0.1
    assert low.bias < -0.1
    assert "too high on average" in repr(high)
    assert "too low on average" in repr(low)


def made(**changed):
    given = {
        "ratio": 1.5,
        "critical_ratio": 1.25,
        "p_value": 0.02,
        "resamples": 500,
        "bias": -0.0123,
    }
    return ParameterTest(**{**given, **changed})


def test_fewer_than_one_in_a_hundred_rejects():
    assert made(p_value=0.0099).rejected
    assert not made(p_value=0.01).rejected
    assert not made(p_value=0.5).rejected


def test_a_test_reads_as_one_sentence():
    assert repr(made()) == (
        "not rejected at 1% (p-value 0.02): objective 1.50 times the fit's, critical ratio 1.25 of "
        "500 resamples; predictions 1.23% too low on average"
    )
    assert repr(made(p_value=0.003)).startswith("rejected at 1% (p-value 0.003): objective")
    # With 500 resamples no share is below 1 in 501: less is all that can be said.
    assert repr(made(p_value=1 / 501)).startswith("rejected at 1% (p-value < 0.002): objective")
    assert "predictions 2.00% too high" in repr(made(bias=0.02))


@pytest.mark.parametrize(("share", "refused"), [(0.8, True), (1.25, False)])
@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_scatter_within_rounding_is_none(share, refused, scale):
    x = np.linspace(-2, 3, 24)
    ragged = np.random.default_rng(0).standard_normal(24)
    design = np.stack([np.ones(24), x], axis=1)
    # What no line explains, so that its squares are the objective.
    ragged -= design @ np.linalg.lstsq(design, ragged)[0]
    line = 1 + 0.5 * x
    size = np.sqrt(share * 1e-16 * (line**2).sum() / (ragged**2).sum())
    runs = pd.DataFrame({"x": x, "loss": scale * (line + size * ragged)})
    fit = sl.fit(LINE, runs, objective="lsq")
    if refused:
        with pytest.raises(sl.Unidentifiable, match="passes through every run"):
            fit.test(dict(fit.params), n=100)
    else:
        assert not fit.test(dict(fit.params), n=100).rejected


@pytest.mark.parametrize(("share", "refused"), [(0.8, True), (1.25, False)])
@pytest.mark.parametrize("unit", [1.0, 1e3])
def test_in_the_logarithm_scatter_is_judged_by_itself(share, refused, unit):
    power = sl.laws.power_law("tokens", floor=False)
    tokens = np.geomspace(1e6, 1e10, 24)
    ragged = np.random.default_rng(0).standard_normal(24)
    design = np.stack([np.ones(24), np.log(tokens)], axis=1)
    ragged -= design @ np.linalg.lstsq(design, ragged)[0]
    # Squares of 1e-16 a run, of which losses round to one in a thousand.
    size = np.sqrt(share * 1e-16 * 24 / (ragged**2).sum())
    loss = unit * 12 * tokens**-0.1 * np.exp(size * ragged)
    runs = pd.DataFrame({"tokens": tokens, "loss": loss})
    fit = sl.fit(power, runs, objective="lsq_log")
    if refused:
        with pytest.raises(sl.Unidentifiable, match="passes through every run"):
            fit.test(dict(fit.params), n=100)
    else:
        assert not fit.test(dict(fit.params), n=100).rejected


def test_the_size_of_scatter_is_judged_in_the_space_of_the_objective():
    # Residuals of 2e-8 in the logarithm are beyond rounding whatever the unit of the loss.
    rng = np.random.default_rng(1)
    power = sl.laws.power_law("tokens", floor=False)
    tokens = np.geomspace(1e6, 1e10, 20)
    for unit in (1e-6, 1.0, 1e6):
        loss = unit * 12 * tokens**-0.1 * np.exp(3e-8 * rng.standard_normal(20))
        runs = pd.DataFrame({"tokens": tokens, "loss": loss})
        fit = sl.fit(power, runs, objective="lsq_log")
        assert fit.test(dict(fit.params), n=100).ratio == pytest.approx(1.0, rel=1e-3)
        exact = sl.fit(power, runs.assign(loss=unit * 12 * tokens**-0.1), objective="lsq_log")
        with pytest.raises(sl.Unidentifiable, match="no scatter to judge"):
            exact.test(dict(exact.params), n=100)


def test_a_resample_that_is_met_exactly_does_not_divide_by_nothing():
    # Of six runs a resample may hold two only, and a line meets any two.
    fit = sl.fit(LINE, straight(6), objective="lsq")
    found = fit.test(dict(fit.params), n=400)
    assert np.isfinite([found.critical_ratio, found.p_value]).all()


def test_a_thousand_resamples_unless_one_says():
    fit = sl.fit(CHINCHILLA, RUNS, objective="lsq_log")
    assert fit.test(TRUTH) == fit.test(TRUTH, n=1000)
    assert fit.test(TRUTH).resamples == 1000
    assert replace(fit.test(TRUTH), p_value=0.0).rejected
