"""Resamples drawn again by hand: which runs, which groups, which residuals, from which seed."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.intervals.resampling import counts, draw, job
from skewed_runs import CHINCHILLA, LINE, size_and_data, straight

RUNS = size_and_data()
FIT = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", seed=3)
SIGNED = sl.fit(LINE, straight(), objective="lsq", seed=4)


def rows(seed, count, size):
    """Row numbers of resamples 0 to ``count``: 64 of them are drawn from each seed."""
    units = [
        np.random.default_rng([seed, unit]).integers(0, size, (64, size))
        for unit in range(count // 64 + 1)
    ]
    return np.concatenate(units)[:count]


def agree(found, expected):
    # Sums agree to 1e-9, parameters along the flattest direction to the root of that.
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_allclose(np.array(found)[..., -1], np.array(expected)[..., -1], rtol=1e-8)


def test_a_case_bootstrap_refits_runs_drawn_with_replacement():
    drawn = rows(9, 130, 40)
    found = FIT.bootstrap(130, seed=9)
    agree(found, FIT.bootstrap(indices=drawn))
    for b in (0, 63, 64, 129):
        alone = sl.fit(CHINCHILLA, RUNS.iloc[drawn[b]], objective="lsq_log")
        agree(found.iloc[b], [*alone.params.values(), alone.objective])
    assert list(found) == [*CHINCHILLA.names, "objective"]
    assert found.attrs == {"stopped": 0, "kind": "case", "groups": None}


def test_without_a_seed_that_of_the_fit_is_used_and_zero_is_a_seed():
    assert FIT.bootstrap(20).equals(FIT.bootstrap(20, seed=3))
    nought = FIT.bootstrap(20, seed=0)
    assert not nought.equals(FIT.bootstrap(20))
    agree(nought, FIT.bootstrap(indices=rows(0, 20, 40)))
    for wrong in (-1, 1.5, True):
        with pytest.raises(sl.BadParameters, match="a seed is a whole number, 0 or more"):
            FIT.bootstrap(20, seed=wrong)


def test_a_group_bootstrap_draws_whole_groups():
    teams = [np.flatnonzero(RUNS["team"] == name) for name in "abcdefg"]
    found = FIT.bootstrap(70, kind="group", by="team", seed=2)
    for b in (0, 1, 69):
        chosen = np.concatenate([teams[g] for g in rows(2, 70, 7)[b]])
        alone = sl.fit(CHINCHILLA, RUNS.iloc[chosen], objective="lsq_log")
        agree(found.iloc[b], [*alone.params.values(), alone.objective])


@pytest.mark.parametrize("objective", ["lsq_log", "lsq", "huber"])
def test_a_residual_bootstrap_puts_centred_residuals_onto_the_curve(objective):
    # With a floor held too low what is left is not centred, so that centring shows.
    fit = sl.fit(CHINCHILLA, RUNS, objective=objective, held={"E": 0.5, "alpha": 0.2})
    curve = CHINCHILLA(fit.params, **fit.inputs)
    log = objective != "lsq"
    left = np.log(fit.loss / curve) if log else fit.loss - curve
    left = left - (-fit.objective_kind.location(-left))
    if objective != "huber":
        assert left.mean() == pytest.approx(0, abs=1e-12)
    found = fit.bootstrap(20, kind="residual", seed=5)
    for b in (0, 19):
        moved = left[rows(5, 20, 40)[b]]
        loss = curve * np.exp(moved) if log else curve + moved
        alone = sl.fit(
            CHINCHILLA, RUNS.assign(loss=loss), objective=objective, held={"E": 0.5, "alpha": 0.2}
        )
        agree(found.iloc[b], [*alone.params.values(), alone.objective])


def test_residuals_of_a_law_of_any_sign_may_take_it_below_zero():
    work = job(SIGNED, 40, kind="residual", seed=5, by=None, indices=None)
    weights, redrawn = draw(work, 0)
    curve = LINE(SIGNED.params, **SIGNED.inputs)
    left = SIGNED.loss - curve
    # Residuals of a minimum have a mean of nought to about 1e-10, by which they are centred.
    np.testing.assert_allclose(redrawn, curve + left[rows(5, 40, 24)], atol=1e-8)
    assert (redrawn < 0).any()
    assert (weights == 1).all()
    assert weights.shape == redrawn.shape


def test_a_positive_law_keeps_redrawn_losses_above_a_millionth_of_the_curve():
    law = sl.laws.power_law("tokens", floor=False)
    tokens = np.geomspace(1e6, 1e12, 20)
    loss = 1e3 * tokens**-0.4 * np.where(np.arange(20) % 3, 1.1, 0.7)
    fit = sl.fit(law, pd.DataFrame({"tokens": tokens, "loss": loss}), objective="lsq")
    redrawn = draw(job(fit, 40, kind="residual", seed=0, by=None, indices=None), 0)[1]
    share = redrawn / law(fit.params, tokens=tokens)
    # Residuals of the largest losses are as large as the smallest losses: some go below zero.
    assert share.min() == pytest.approx(1e-6, rel=1e-9)
    assert share.max() > 2


def test_a_run_of_weight_zero_is_never_drawn():
    weights = np.where(np.arange(40) % 4, 1.5, 0.0)
    some = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", weights=weights)
    kept = RUNS[weights > 0]
    alone = sl.fit(CHINCHILLA, kept, objective="lsq_log", weights=np.full(30, 1.5))
    for kind, by in (("case", None), ("residual", None), ("group", "team")):
        one, other = (f.bootstrap(25, kind=kind, by=by, seed=1) for f in (some, alone))
        agree(one, other)
        assert one["objective"].nunique() > 20


def test_weights_go_with_the_runs_that_are_drawn():
    weights = np.linspace(0.5, 3, 40)
    fit = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", weights=weights)
    drawn = rows(0, 20, 40)
    work = job(fit, 20, kind="case", seed=0, by=None, indices=None)
    found, loss = draw(work, 0)
    often = np.stack([np.bincount(r, minlength=40) for r in drawn])
    np.testing.assert_allclose(found, often * weights, rtol=1e-15)
    np.testing.assert_array_equal(loss, fit.loss)
    np.testing.assert_array_equal(counts(fit, 20), often)
    given = draw(job(fit, 5, kind="case", seed=0, by=None, indices=drawn[:5]), 0)[0]
    np.testing.assert_allclose(given, found[:5], rtol=1e-15)
    teams = pd.factorize(RUNS["team"])[0]
    work = job(fit, 20, kind="group", seed=0, by="team", indices=None)
    chosen = np.stack([np.bincount(r, minlength=7) for r in rows(0, 20, 7)])
    np.testing.assert_allclose(draw(work, 0)[0], chosen[:, teams] * weights, rtol=1e-15)


def test_counts_are_those_of_the_case_bootstrap_of_the_fit_s_own_seed():
    often = np.stack([np.bincount(r, minlength=40) for r in rows(3, 70, 40)])
    np.testing.assert_array_equal(counts(FIT, 70), often)
    weights = np.where(np.arange(40) % 4, 1.5, 0.0)
    some = sl.fit(CHINCHILLA, RUNS, weights=weights, seed=3)
    often = np.stack([np.bincount(r, minlength=30) for r in rows(3, 70, 30)])
    np.testing.assert_array_equal(counts(some, 70), often)


def test_one_answer_is_not_taken_for_another_that_was_kept():
    asked = [
        {"n": 20},
        {"n": 21},
        {"n": 20, "kind": "residual"},
        {"n": 20, "seed": 8},
        {"n": 20, "kind": "group", "by": "team"},
        {"n": 20, "kind": "group", "by": "half"},
        {"indices": rows(5, 20, 40)},
        {"indices": rows(6, 20, 40)},
        {"n": 20},
    ]
    runs = RUNS.assign(half=np.arange(40) % 9)
    one = sl.fit(CHINCHILLA, runs, objective="lsq_log", seed=3)
    found = [one.bootstrap(**ask) for ask in asked]
    fresh = [
        sl.fit(CHINCHILLA, runs, objective="lsq_log", seed=3).bootstrap(**ask) for ask in asked
    ]
    for mine, theirs in zip(found, fresh, strict=True):
        assert mine.equals(theirs)
    firsts = {float(f["alpha"].iloc[0]) for f in found}
    # The longer bootstrap begins with the shorter one, to rounding; the last is the first again.
    assert len({round(v, 9) for v in firsts}) == 7


def test_what_is_not_resamples_is_refused_by_name():
    with pytest.raises(sl.UnknownName, match="no bootstrap is called 'block'; there are case"):
        FIT.bootstrap(10, kind="block")
    with pytest.raises(sl.BadParameters, match="which kind='residual' does not use"):
        FIT.bootstrap(10, kind="residual", by="team")
    with pytest.raises(sl.BadRuns, match="a bootstrap by group needs by="):
        FIT.bootstrap(10, kind="group")
    with pytest.raises(sl.BadRuns, match="needs a column squad"):
        FIT.bootstrap(10, kind="group", by="squad")
    for wrong in (0, -1, 2.5, True, None):
        with pytest.raises(sl.BadParameters, match="number of resamples is a whole number, 1"):
            FIT.bootstrap(wrong)
    assert len(FIT.bootstrap(1)) == 1
    for wrong in ([[0, 40]], [[-1, 3]], [0, 1], [[0.0, 1.0]], [[]], [[0], [1, 2]], [["a"]]):
        with pytest.raises(sl.BadRuns, match="row numbers 0 to 39"):
            FIT.bootstrap(indices=wrong)
    ends = FIT.bootstrap(indices=[np.r_[0, np.arange(40)], np.r_[39, np.arange(40)]])
    assert len(ends) == 2
