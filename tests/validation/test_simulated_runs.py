"""Simulated runs: exact losses, how noise is put on, where profiles lie, and their mark."""

import numpy as np
import pytest

import scalinglaws as sl
from skewed_runs import CHINCHILLA, TRUTH

SIZES, DATA = np.geomspace(1e7, 1e10, 9), np.geomspace(1e12, 1e9, 9)


def best(budgets):
    """Hoffmann's closed form of the best size."""
    both = TRUTH["alpha"] + TRUTH["beta"]
    g = (TRUTH["alpha"] * TRUTH["A"] / (TRUTH["beta"] * TRUTH["B"])) ** (1 / both)
    return g * (np.asarray(budgets) / 6) ** (TRUTH["beta"] / both)


def test_without_noise_losses_are_the_laws_and_compute_is_six_n_d():
    runs = sl.simulate.at(CHINCHILLA, TRUTH, params=SIZES, tokens=DATA)
    exact = 1.817 + 482.0 * SIZES**-0.348 + 2085.0 * DATA**-0.366
    np.testing.assert_allclose(runs["loss"], exact, rtol=1e-12)
    np.testing.assert_allclose(runs["flops"], 6 * SIZES * DATA, rtol=1e-15)
    assert list(runs) == ["params", "tokens", "loss", "flops", "simulated"]
    assert runs["params"].tolist() == SIZES.tolist()
    assert runs["tokens"].tolist() == DATA.tolist()


@pytest.mark.parametrize("seed", [0, 7])
def test_noise_is_normal_in_the_logarithm_and_of_its_seed(seed):
    runs, exact = (
        sl.simulate.at(CHINCHILLA, TRUTH, params=SIZES, tokens=DATA, **given)
        for given in ({"noise": 0.02, "seed": seed}, {})
    )
    drawn = np.random.default_rng(seed).standard_normal(9)
    np.testing.assert_allclose(np.log(runs["loss"] / exact["loss"]), 0.02 * drawn, atol=1e-14)
    nought = sl.simulate.at(CHINCHILLA, TRUTH, params=SIZES, tokens=DATA, noise=0.02)
    assert nought.equals(runs) is (seed == 0)


def test_runs_say_that_they_are_simulated_and_from_what():
    whole = {**TRUTH, "A": 482}
    for runs in (
        sl.simulate.at(CHINCHILLA, whole, params=SIZES, tokens=DATA),
        sl.simulate.isoflop(CHINCHILLA, whole, 1e20),
    ):
        assert runs.attrs == {
            "simulated": True,
            "name": "simulated from Chinchilla",
            "truth": TRUTH,
        }
        assert isinstance(runs.attrs["truth"]["A"], float)


def test_other_laws_have_their_own_response_and_no_compute():
    steps = sl.laws.STEPS_TO_TARGET
    runs = sl.simulate.at(steps, {"S_min": 2.0, "E_min": 8.0}, batch_tokens=[1, 2, 4])
    assert list(runs) == ["batch_tokens", "steps", "simulated"]
    assert runs["steps"].tolist() == [10, 6, 4]
    one = sl.simulate.at(sl.laws.power_law("params"), {"E": 1.0, "k": 2.0, "c": 1.0}, params=4.0)
    assert list(one) == ["params", "loss", "simulated"]
    assert one["loss"].tolist() == pytest.approx([1.5], rel=1e-12)
    many = sl.simulate.at(CHINCHILLA, TRUTH, params=SIZES, tokens=1e9)
    assert many["tokens"].tolist() == [1e9] * 9


def test_inputs_and_parameters_are_those_of_the_law():
    with pytest.raises(sl.UnknownName, match="takes params, tokens; found params"):
        sl.simulate.at(CHINCHILLA, TRUTH, params=SIZES)
    with pytest.raises(sl.UnknownName, match="found params, tokens, steps"):
        sl.simulate.at(CHINCHILLA, TRUTH, params=SIZES, tokens=DATA, steps=1)
    with pytest.raises(sl.UnknownName, match="found nothing"):
        sl.simulate.at(CHINCHILLA, TRUTH)
    short = {k: v for k, v in TRUTH.items() if k != "B"}
    with pytest.raises(sl.UnknownName, match="needs a value for B"):
        sl.simulate.at(CHINCHILLA, short, params=SIZES, tokens=DATA)
    for wrong in (["a"], DATA[:3], [[1.0, 2.0]]):
        with pytest.raises(sl.BadRuns, match="inputs must be numbers, as many of each"):
            sl.simulate.at(CHINCHILLA, TRUTH, params=SIZES, tokens=wrong)


def decades_off(runs):
    """How many decades each size lies above the best one of its budget, one row for each budget."""
    flops = np.unique(runs["flops"])
    off = np.log10(runs["params"].to_numpy() / best(runs["flops"].to_numpy()))
    assert runs["flops"].tolist() == np.repeat(flops, len(runs) // len(flops)).tolist()
    return off.reshape(len(flops), -1)


def test_profiles_are_spread_evenly_about_the_best_size():
    runs = sl.simulate.isoflop(CHINCHILLA, TRUTH, [1e18, 1e20, 1e21])
    # Nine sizes a decade to either side; the best is found by golden section, to about 1e-7.
    np.testing.assert_allclose(decades_off(runs), [np.linspace(-1, 1, 9)] * 3, atol=1e-6)
    np.testing.assert_allclose(6 * runs["params"] * runs["tokens"], runs["flops"], rtol=1e-12)
    exact = CHINCHILLA(TRUTH, params=runs["params"], tokens=runs["tokens"])
    np.testing.assert_allclose(runs["loss"], exact, rtol=1e-12)
    assert list(runs) == ["params", "tokens", "flops", "loss", "simulated"]
    assert len(sl.simulate.isoflop(CHINCHILLA, TRUTH, 1e20)) == 9


def test_centres_are_off_and_drift_by_decades():
    given = {"sizes": 5, "half_width": 0.4, "off_centre": 0.3, "drift": -0.2}
    runs = sl.simulate.isoflop(CHINCHILLA, TRUTH, [1e18, 1e20, 1e21], **given)
    shift = 0.3 - 0.2 * np.array([[0.0], [2.0], [3.0]])
    exact = shift + np.linspace(-0.4, 0.4, 5)
    np.testing.assert_allclose(decades_off(runs), exact, atol=1e-6)
    np.testing.assert_allclose(6 * runs["params"] * runs["tokens"], runs["flops"], rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 7])
def test_profiles_have_the_same_noise(seed):
    noisy = sl.simulate.isoflop(CHINCHILLA, TRUTH, [1e18, 1e20], noise=0.03, seed=seed)
    exact = sl.simulate.isoflop(CHINCHILLA, TRUTH, [1e18, 1e20])
    drawn = np.random.default_rng(seed).standard_normal(18)
    np.testing.assert_allclose(np.log(noisy["loss"] / exact["loss"]), 0.03 * drawn, atol=1e-14)
    assert sl.simulate.isoflop(CHINCHILLA, TRUTH, [1e18, 1e20], noise=0.03).equals(noisy) is (
        seed == 0
    )
