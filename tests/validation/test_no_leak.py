"""A held-out score sees nothing that is held out, and scores exactly what it says it does."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from skewed_runs import CHINCHILLA, STEPS, size_and_data, steps_to_target

RUNS = size_and_data()
FLOORED, LAST = "power law of compute with floor", "last value"
STRAIGHT = "straight log-log line in compute"
BASELINES = {
    FLOORED: sl.laws.power_law("flops"),
    STRAIGHT: sl.laws.power_law("flops", floor=False),
}
FOUND = sl.hold_out(CHINCHILLA, RUNS, fraction=0.3, objective="lsq_log", seed=3)
AHEAD, BEHIND = RUNS[RUNS["flops"] > FOUND.cut], RUNS[RUNS["flops"] <= FOUND.cut]


def test_the_share_asked_is_held_out_at_its_quantile():
    assert FOUND.cut == pytest.approx(np.quantile(RUNS["flops"], 0.7), rel=1e-12)
    assert (len(AHEAD), len(BEHIND)) == (12, 28)
    assert FOUND.predictions.index.tolist() == AHEAD.index.tolist()
    assert FOUND.trained.runs.index.tolist() == BEHIND.index.tolist()
    assert (FOUND.by, FOUND.level) == ("flops", 0.9)
    pd.testing.assert_frame_equal(FOUND.predictions[RUNS.columns], AHEAD, check_exact=True)
    added = [c for c in FOUND.predictions if c not in RUNS]
    assert added == ["predicted_loss", "predicted_low", "predicted_high"]


def test_runs_at_the_cut_itself_are_fitted():
    # Eleven values: the quantile at 0.8 is the ninth smallest, to rounding.
    some = size_and_data(22).assign(flops=np.repeat(10.0 ** np.arange(11), 2))
    found = sl.hold_out(CHINCHILLA, some.iloc[::2], fraction=0.2, objective="lsq_log")
    assert found.cut == pytest.approx(1e8, rel=1e-12)
    assert found.trained.runs["flops"].max() == 1e8
    assert found.predictions["flops"].tolist() == [1e9, 1e10]


def test_what_is_fitted_is_the_fit_of_the_rest_and_no_other():
    for name, law in ((CHINCHILLA.name, CHINCHILLA), *BASELINES.items()):
        fit = sl.fit(law, BEHIND, objective="lsq_log", seed=3)
        told = fit.predict(new_run=True, **{c: AHEAD[c].to_numpy() for c in law.inputs})
        miss = np.log(told["loss"].to_numpy()) - np.log(AHEAD["loss"].to_numpy())
        inside = told["low"].to_numpy() <= AHEAD["loss"].to_numpy()
        inside &= AHEAD["loss"].to_numpy() <= told["high"].to_numpy()
        score = FOUND.scores.loc[name]
        # The same fit of the same rows, from the same starts: rounding of the sums.
        assert score["rmse"] == pytest.approx(np.sqrt(np.mean(miss**2)), rel=1e-9)
        assert score["bias"] == pytest.approx(np.mean(miss), rel=1e-9)
        assert score["coverage"] == inside.mean()
    assert dict(FOUND.trained.params) == dict(
        sl.fit(CHINCHILLA, BEHIND, objective="lsq_log", seed=3).params
    )
    assert FOUND.trained.objective_kind is sl.LSQ_LOG
    assert FOUND.trained.seed == 3
    assert list(FOUND.scores.index) == [CHINCHILLA.name, FLOORED, STRAIGHT, LAST]
    assert list(FOUND.scores.columns) == ["rmse", "bias", "coverage"]


def test_the_last_value_is_the_loss_of_the_largest_run_fitted():
    last = BEHIND.loc[BEHIND["flops"].idxmax(), "loss"]
    miss = np.log(last / AHEAD["loss"])
    score = FOUND.scores.loc[LAST]
    assert score["rmse"] == pytest.approx(np.sqrt((miss**2).mean()), rel=1e-12)
    assert score["bias"] == pytest.approx(miss.mean(), rel=1e-12)
    assert np.isnan(score["coverage"])
    # Larger runs lose less, so what was last is too high.
    assert score["bias"] > 0.01


def test_of_several_largest_runs_the_last_value_is_the_geometric_mean():
    runs = RUNS.assign(step=np.repeat(np.arange(1.0, 11.0), 4))
    found = sl.hold_out(CHINCHILLA, runs, by="step", fraction=0.3)
    last = np.exp(np.log(runs.loc[runs["step"] == 7, "loss"]).mean())
    ahead = runs.loc[runs["step"] > 7, "loss"]
    assert found.cut == pytest.approx(7.3, rel=1e-12)
    assert found.scores.loc[LAST, "bias"] == pytest.approx(np.log(last / ahead).mean(), rel=1e-9)
    assert found.extrapolation == pytest.approx(10 / 7, rel=1e-12)
    assert "runs with step up to 7.3" in repr(found)


@pytest.mark.parametrize("change", [lambda v: v * 3, lambda v: v[::-1], lambda v: v * 0 + 1.0])
def test_held_out_losses_change_their_score_and_nothing_that_was_trained(change):
    held = RUNS["flops"] > FOUND.cut
    changed = RUNS.copy()
    changed.loc[held, "loss"] = change(RUNS.loc[held, "loss"].to_numpy())
    again = sl.hold_out(CHINCHILLA, changed, fraction=0.3, objective="lsq_log", seed=3)
    assert dict(again.trained.params) == dict(FOUND.trained.params)
    for name in ("predicted_loss", "predicted_low", "predicted_high"):
        assert again.predictions[name].tolist() == FOUND.predictions[name].tolist()
    # What each estimator predicts on average is its bias and the losses that it is held against.
    for name in FOUND.scores.index:
        means = [
            f.scores.loc[name, "bias"] + np.log(f.predictions["loss"]).mean()
            for f in (FOUND, again)
        ]
        assert means[0] == pytest.approx(means[1], abs=1e-12)


def test_rows_may_come_in_any_order():
    mixed = RUNS.sample(frac=1, random_state=1)
    again = sl.hold_out(CHINCHILLA, mixed, fraction=0.3, objective="lsq_log", seed=3)
    assert again.cut == FOUND.cut
    # Point estimates do not depend on the order but by rounding; resamples do.
    columns = ["rmse", "bias"]
    np.testing.assert_allclose(again.scores[columns], FOUND.scores[columns], rtol=1e-6)
    same = sl.hold_out(CHINCHILLA, RUNS, fraction=0.3, objective="lsq_log", seed=3)
    assert same.scores.equals(FOUND.scores)
    assert same.predictions.equals(FOUND.predictions)


def test_the_seed_and_the_level_move_the_intervals_only():
    other = sl.hold_out(CHINCHILLA, RUNS, fraction=0.3, objective="lsq_log", seed=4)
    assert other.trained.seed == 4
    assert other.scores["rmse"].tolist() == pytest.approx(FOUND.scores["rmse"].tolist(), rel=1e-6)
    assert not other.predictions["predicted_low"].equals(FOUND.predictions["predicted_low"])
    narrow = sl.hold_out(CHINCHILLA, RUNS, fraction=0.3, objective="lsq_log", seed=3, level=0.3)
    assert narrow.level == 0.3
    assert (narrow.predictions["predicted_low"] > FOUND.predictions["predicted_low"]).all()
    assert (narrow.predictions["predicted_high"] < FOUND.predictions["predicted_high"]).all()
    for name in (CHINCHILLA.name, *BASELINES):
        assert narrow.scores.loc[name, "coverage"] < FOUND.scores.loc[name, "coverage"]


def test_a_table_without_compute_has_no_baseline_in_it():
    found = sl.hold_out(STEPS, steps_to_target(), by="batch_tokens")
    assert list(found.scores.index) == [STEPS.name, LAST]
    runs = steps_to_target()
    counted = runs.assign(flops=1e6 * runs["batch_tokens"])
    both = sl.hold_out(STEPS, counted, by="batch_tokens")
    assert list(both.scores.index) == [STEPS.name, FLOORED, STRAIGHT, LAST]
    behind = counted[counted["batch_tokens"] <= both.cut]
    ahead = counted[counted["batch_tokens"] > both.cut]
    for floor, name in ((True, FLOORED), (False, STRAIGHT)):
        line = sl.fit(sl.laws.power_law("flops", floor=floor, response="steps"), behind)
        told = line.law(line.params, flops=ahead["flops"])
        miss = np.log(told / ahead["steps"])
        assert both.scores.loc[name, "bias"] == pytest.approx(miss.mean(), rel=1e-9)


def test_what_cannot_determine_the_law_is_refused_unless_one_insists():
    plain = sl.laws.power_law("params", floor=False)
    few = RUNS.iloc[:6].drop(columns="flops")
    with pytest.raises(sl.Unidentifiable, match="needs at least 5 distinct runs"):
        sl.hold_out(plain, few, by="params", fraction=0.3, objective="lsq_log")
    found = sl.hold_out(plain, few, by="params", fraction=0.3, objective="lsq_log", check=False)
    assert len(found.trained.runs) == 4
    # The law itself is determined here, and a baseline is not.
    falling = RUNS.sort_values("loss", ascending=False)
    narrow = falling.assign(flops=np.geomspace(1e20, 9e20, 40))
    found = sl.hold_out(plain, narrow, objective="lsq_log")
    assert list(found.scores.index) == [plain.name, LAST]
    assert set(found.refused) == {FLOORED, STRAIGHT}
    assert all("the widest input, flops, spans" in why for why in found.refused.values())
    assert len(sl.hold_out(plain, narrow, objective="lsq_log", check=False).scores) == 4
    with pytest.raises(sl.Unidentifiable, match="nothing is left to score"):
        sl.hold_out(plain, RUNS.assign(flops=1e20))
