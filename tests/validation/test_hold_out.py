"""Held-out scores: the split, the baselines, refusals."""

import numpy as np
import pytest

import scalinglaws as sl

CHINCHILLA = sl.laws.CHINCHILLA


def test_the_largest_fifth_is_held_out_and_never_seen():
    runs = sl.load("hoffmann2022")
    result = sl.hold_out(CHINCHILLA, runs)
    assert len(result.predictions) == 48
    assert result.trained.runs["flops"].max() < result.predictions["flops"].min()
    changed = runs.copy()
    changed.loc[changed["flops"] > result.cut, "loss"] *= 2
    again = sl.hold_out(CHINCHILLA, changed)
    assert dict(again.trained.params) == dict(result.trained.params)


def test_the_law_beats_every_baseline_on_its_own_simulated_runs():
    truth = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
    rng = np.random.default_rng(2)
    runs = sl.simulate.at(
        CHINCHILLA,
        truth,
        noise=0.003,
        seed=2,
        params=10 ** rng.uniform(7.5, 10, 150),
        tokens=10 ** rng.uniform(8.5, 11.5, 150),
    )
    scores = sl.hold_out(CHINCHILLA, runs, objective="lsq_log").scores
    assert scores["rmse"].idxmin() == "Chinchilla"
    # Noise is 0.3%; the fit adds its own error, well below as much again.
    assert scores.loc["Chinchilla", "rmse"] < 0.006
    # 30 held-out runs in a 90% interval: 27 give or take 1.6; three times that.
    assert scores.loc["Chinchilla", "coverage"] > 0.72


def test_scores_read_in_words():
    text = repr(sl.hold_out(CHINCHILLA, sl.load("hoffmann2022")))
    assert "times beyond" in text
    assert "straight log-log line in compute" in text
    assert "last value" in text


def few_budgets(budgets):
    """Twenty sizes at each of a few budgets, by a known law."""
    truth = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
    flops = np.repeat(budgets, 20)
    params = (flops / 6) ** 0.5 * np.tile(np.geomspace(0.05, 0.6, 20), len(budgets))
    return sl.simulate.at(
        CHINCHILLA, truth, params=params, tokens=flops / 6 / params, noise=0.002, seed=1
    ).assign(flops=flops)


def test_a_baseline_that_few_budgets_cannot_determine_is_left_out_with_its_reason():
    runs = few_budgets([1e18, 1e19, 1e20, 1e21])
    score = sl.hold_out(CHINCHILLA, runs)
    assert len(score.predictions) == 20  # the largest budget, though a fifth would be 16
    assert score.cut == 1e20
    assert list(score.scores.index) == ["Chinchilla", "last value"]
    assert set(score.refused) == {
        "power law of compute with floor", "straight log-log line in compute",
    }  # fmt: skip
    # The law's own score is what its fit to the smaller budgets says.
    fit = sl.fit(CHINCHILLA, runs[runs["flops"] < 1e21])
    large = runs[runs["flops"] == 1e21]
    points = {k: large[k].to_numpy() for k in ("params", "tokens")}
    miss = np.log(CHINCHILLA(fit.params, **points) / large["loss"])
    assert score.scores.loc["Chinchilla", "rmse"] == pytest.approx(float((miss**2).mean() ** 0.5))
    assert "needs at least 6 distinct runs" in repr(score)
    assert "without the straight log-log line in compute:" in score._repr_html_()
    page = sl.report(sl.fit(CHINCHILLA, runs), flops=1e22)
    assert page.held_out is not None
    assert any("scored without the power law of compute with floor" in s for s in page.limits)
    several = sl.hold_out(CHINCHILLA, few_budgets(np.geomspace(1e18, 1e21, 12)))
    assert not several.refused
    assert "without" not in repr(several)


def test_refusals():
    runs = sl.load("hoffmann2022")
    with pytest.raises(sl.BadRuns, match="the table lacks steps"):
        sl.hold_out(CHINCHILLA, runs, by="steps")
    with pytest.raises(sl.BadRuns, match="between 0 and 1"):
        sl.hold_out(CHINCHILLA, runs, fraction=20)
    with pytest.raises(sl.Unidentifiable, match="nothing is left to score"):
        sl.hold_out(CHINCHILLA, runs.assign(flops=1e20))
