"""Planned runs narrow what they are expected to; what cannot be planned is refused."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute.optimum import optimal_params
from scalinglaws.decide import _designs, _outcomes
from scalinglaws.decide._information import Information, Noise
from scalinglaws.decide._target import Target

TRUTH = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}


def table(rows: int, seed: int, noise: float = 0.005) -> pd.DataFrame:
    """Runs of 20M to 500M parameters with 5 to 80 tokens for each."""
    rng = np.random.default_rng(seed)
    params = np.exp(rng.uniform(np.log(2e7), np.log(5e8), rows))
    tokens = params * np.exp(rng.uniform(np.log(5), np.log(80), rows))
    loss = sl.laws.CHINCHILLA(TRUTH, params=params, tokens=tokens)
    out = {"params": params, "tokens": tokens, "loss": loss * np.exp(noise * rng.normal(size=rows))}
    return pd.DataFrame(out)


@pytest.fixture(scope="module")
def fit():
    return sl.fit(sl.laws.CHINCHILLA, table(24, 1))


@pytest.fixture(scope="module")
def plan(fit):
    return sl.next_runs(fit, flops=1e21, spend=1e20, runs=4)


def width(fit, flops=1e21):
    split = sl.allocate(fit, flops)
    return float(np.log(split["params_law_high"][0] / split["params_law_low"][0]))


def law_width(fit, flops=1e21, n=1000):
    """The same without what is allowed beyond the runs, which takes ten times as long."""

    def size(p):
        values = {k: np.atleast_1d(v) for k, v in p.items()}
        return optimal_params(fit.law, values, np.array([flops]))[:, 0].reshape(np.shape(p["E"]))

    found = fit.interval(size, n=n)
    return float(np.log(found.high / found.low))


def test_it_spends_no_more_and_says_what_it_expects(fit, plan):
    runs = plan.runs
    np.testing.assert_allclose(runs["flops"], 6 * runs["params"] * runs["tokens"])
    np.testing.assert_allclose(runs["tokens_per_param"], runs["tokens"] / runs["params"])
    assert plan.flops <= 1e20
    assert 1 <= runs["seeds"].sum() <= 4
    # What stands as "now" is what the library says elsewhere.
    assert plan.now == pytest.approx(width(fit))
    assert plan.now == pytest.approx(law_width(fit))
    assert plan.helps
    assert 0 < plan.then < plan.now
    assert plan.tried["design"][plan.tried["width"].idxmin()] in plan.tried["design"].tolist()
    assert "the 90% interval, if the law holds, of the best size for 1e21 FLOPs" in plan.sentence()
    assert f"a factor of {np.exp(plan.now):.3g}" in repr(plan)


def test_what_it_expects_comes_true(fit, plan):
    """Train the runs for real, that is by the truth, many times: the intervals are as foretold."""
    design = plan.runs.loc[plan.runs.index.repeat(plan.runs["seeds"]), ["params", "tokens"]]
    rng = np.random.default_rng(5)
    widths = []
    for _ in range(20):
        fresh = design.reset_index(drop=True)
        points = {k: fresh[k].to_numpy() for k in ("params", "tokens")}
        loss = sl.laws.CHINCHILLA(TRUTH, **points) * np.exp(0.005 * rng.normal(size=len(fresh)))
        runs = pd.concat([fit.runs, fresh.assign(loss=loss)], ignore_index=True)
        widths.append(law_width(sl.fit(sl.laws.CHINCHILLA, runs), n=200))
    # Widths go with the scatter, which 24 runs tell to a fifth; the means are known to a tenth.
    told = Noise.of(fit).sd
    assert np.mean(widths) / 0.005 == pytest.approx(plan.then / told, rel=0.3)


def test_it_beats_runs_drawn_blindly(fit, plan):
    grid = _designs.candidates(fit, spend=1e20, low=None, high=None, per_param_token=6.0)
    target = Target.of(fit, fit.law, flops=1e21, at=None, level=0.9, per_param_token=6.0)
    rng = np.random.default_rng(0)
    designs = []
    while len(designs) < 5:
        rows = grid.iloc[rng.choice(len(grid), 4)]
        if rows["flops"].sum() <= 1e20:
            designs.append(rows[["params", "tokens"]].reset_index(drop=True))
    blind = _outcomes.widths(fit, target, designs, outcomes=range(6), seed=0).mean(axis=0)
    # 24 outcomes tell the plan's own width to about its error; blind designs lie well above it.
    assert plan.then < np.median(blind)


def test_a_seed_decides_everything(fit, plan):
    one, again, other = (
        sl.next_runs(fit, flops=1e21, spend=1e20, runs=4, seed=seed, outcomes=6)
        for seed in (0, 0, 7)
    )
    pd.testing.assert_frame_equal(again.runs, one.runs)
    pd.testing.assert_frame_equal(one.runs, plan.runs)
    assert again.then == one.then
    # Another seed draws other outcomes: the answer stays within what the draws leave open.
    assert other.then == pytest.approx(plan.then, rel=0.35)


def test_the_loss_at_a_point_is_a_target_too(fit):
    plan = sl.next_runs(fit, at={"params": 3e9, "tokens": 6e10}, spend=3e20, runs=3, outcomes=8)
    told = fit.predict(params=np.array([3e9]), tokens=np.array([6e10]))
    assert plan.now == pytest.approx(float(np.log(told["high"][0] / told["low"][0])))
    assert plan.then < plan.now
    assert "the loss at 3B parameters and 60B tokens" in plan.sentence()
    assert "%" in plan.sentence()


def test_a_loss_is_narrowed_with_runs_counted_as_the_table_counts(fit):
    runs = table(24, 1)
    own = sl.fit(sl.laws.CHINCHILLA, runs.assign(flops=9 * runs["params"] * runs["tokens"]))
    at, fewer = {"params": 3e9, "tokens": 6e10}, {"runs": 3, "outcomes": 4}
    ours = sl.next_runs(own, at=at, spend=9e20, **fewer)
    usual = sl.next_runs(fit, at=at, spend=6e20, **fewer)
    pd.testing.assert_frame_equal(ours.runs[["params", "tokens"]], usual.runs[["params", "tokens"]])
    np.testing.assert_allclose(ours.runs["flops"], 1.5 * usual.runs["flops"])
    np.testing.assert_allclose(ours.tried["flops"], 1.5 * usual.tried["flops"])
    assert ours.then == pytest.approx(usual.then, rel=1e-6)  # rounding of C moves no fit by more


def test_sizes_stay_where_they_are_asked_for(fit):
    plan = sl.next_runs(
        fit, flops=1e21, spend=1e20, runs=3, min_params=1e8, max_params=4e8, outcomes=4
    )
    assert plan.runs["params"].between(0.9e8, 4e8).all()  # sizes are rounded down to two digits


def test_it_says_when_nothing_helps():
    fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    plan = sl.next_runs(fit, flops=1e21, spend=6e17, runs=2, outcomes=8)
    assert not plan.helps
    assert plan.sentence().startswith("No runs for 6e17 FLOPs in all narrow")
    assert "Spend more, or ask for a target nearer to the runs" in repr(plan)


def test_information_is_that_of_correlated_runs():
    """The closed form equals the dense one, with each group's covariance inverted."""
    rng = np.random.default_rng(3)
    sizes = np.array([0, 0, 0, 1, 1, 2])
    own, more, rho, sd = rng.normal(size=(6, 3)), rng.normal(size=(4, 3)), 0.6, 0.01
    of_more = np.array([0, 2, 2, 3])  # the sizes of the candidates: the last is a new one
    noise = Noise(sd=sd, alike=rho, by_size=True)
    there = np.einsum("ni,nj->ij", own, own)[None] / (1 - rho)
    found = Information(
        there=there,
        slopes=more[None],
        sums=np.stack([own[sizes == s].sum(axis=0) for s in of_more])[None],
        counts=np.array([(sizes == s).sum() for s in of_more], dtype=float),
        groups=of_more,
        noise=noise,
    )
    for size in np.unique(sizes):
        rows = own[sizes == size]
        there -= found.shared(rows.sum(axis=0), len(rows))
    goal = rng.normal(size=3)
    rest = np.array([0, 1])
    told = found.exchanged(rest, goal[None])[0]
    for k in range(4):
        rows = np.vstack([own, more[[*rest, k]]])
        labels = np.r_[sizes, of_more[[*rest, k]]]
        same = labels[:, None] == labels
        covariance = sd**2 * (rho * same + (1 - rho) * np.eye(len(rows)))
        dense = goal @ np.linalg.solve(rows.T @ np.linalg.solve(covariance, rows), goal)
        assert told[k] == pytest.approx(dense, rel=1e-6)  # the ridge is 1e-10 of the information


def test_scatter_of_outcomes_is_that_of_the_runs():
    runs = table(120, 2, noise=0.01)
    # Sizes of eight runs each, half of whose scatter they share.
    sizes = np.geomspace(2e7, 5e8, 15).repeat(8)
    rng = np.random.default_rng(1)
    shared = rng.normal(size=15).repeat(8)
    runs["params"] = sizes
    loss = sl.laws.CHINCHILLA(TRUTH, params=sizes, tokens=runs["tokens"].to_numpy())
    runs["loss"] = loss * np.exp(0.01 * (0.7 * shared + 0.7 * rng.normal(size=120)))
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    noise = Noise.of(fit)
    assert noise.by_size
    # 15 sizes tell the standard deviation to a fifth and the shared part to about as much.
    assert noise.sd == pytest.approx(0.01, rel=0.3)
    assert 0.2 < noise.alike < 0.8
    points = {"params": np.repeat([1e8, 1e9], 2000), "tokens": np.full(4000, 1e10)}
    draws = np.array(
        [_outcomes.scatter(fit, points, np.random.default_rng(k))[[0, 1, 2000]] for k in range(800)]
    )
    among = np.corrcoef(draws.T)
    assert among[0, 1] == pytest.approx(noise.alike, abs=0.1)  # 800 pairs: 3 errors of .035
    assert abs(among[0, 2]) < 0.1


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({}, sl.BadParameters, "say which answer is to be narrowed"),
        ({"flops": 1e21, "at": {"params": 1, "tokens": 1}}, sl.BadParameters, "say which answer"),
        ({"at": {"params": 1e9}}, sl.BadParameters, "at names positive params and tokens"),
        ({"flops": 1e21, "spend": 0.0}, sl.BadParameters, "spend must be positive"),
        ({"flops": 1e21, "runs": 0}, sl.BadParameters, "runs is a whole number from 1 to 50"),
        ({"flops": 1e21, "runs": 51}, sl.BadParameters, "runs is a whole number from 1 to 50"),
        ({"flops": 1e21, "outcomes": 0}, sl.BadParameters, "outcomes is a whole number"),
        ({"flops": 1e21, "min_params": -1.0}, sl.BadParameters, "min_params must be positive"),
        ({"flops": 1e21, "spend": 1e10}, sl.Unidentifiable, "the cheapest run of"),
        ({"flops": -1.0}, sl.BadRuns, "positive numbers"),
    ],
)
def test_what_cannot_be_planned_is_refused(fit, given, error, words):
    with pytest.raises(error, match=words):
        sl.next_runs(fit, **{"spend": 1e20, **given})


def test_a_law_of_other_inputs_is_refused():
    curve = pd.DataFrame({"params": np.geomspace(1e6, 1e9, 12)})
    curve["loss"] = 2 + 100 * curve["params"] ** -0.3
    fit = sl.fit(sl.laws.power_law("params"), curve)
    with pytest.raises(sl.Unidentifiable, match="runs are planned for laws of params and tokens"):
        sl.next_runs(fit, flops=1e21, spend=1e20)
