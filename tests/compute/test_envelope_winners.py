"""The envelope of training curves on curves small enough to follow by hand."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute import envelope
from skewed_runs import CHINCHILLA, TRUTH, plain_ends


def curves(sizes=7, checkpoints=12, seed=0):
    """Curves of Chinchilla's law with scatter, of which no two span the same budgets."""
    rng = np.random.default_rng(seed)
    parts = []
    for k, params in enumerate(np.geomspace(1e7, 1e10, sizes)):
        tokens = 20 * params * np.geomspace(0.03, 30, checkpoints) * (1 + 0.1 * k)
        part = sl.simulate.at(CHINCHILLA, TRUTH, params=params, tokens=tokens)
        part["loss"] *= np.exp(0.01 * rng.exponential(size=checkpoints))
        parts.append(part.assign(run=f"run {k}"))
    return pd.concat(parts, ignore_index=True).sample(frac=1, random_state=1)


CURVES = curves()


def winners(table, budgets, chosen=None):
    """Log C, log N, log D and loss of the best curve at each budget, by plain interpolation."""
    runs = [part.sort_values("flops") for _, part in table.groupby("run")]
    ends = np.log([table["flops"].min(), table["flops"].max()])
    grid = np.linspace(*ends, budgets)
    reached = [(np.log(r["flops"].min()), np.log(r["flops"].max())) for r in runs]
    rows = []
    for c in grid:
        there = [k for k, (low, high) in enumerate(reached) if low <= c <= high]
        if len(there) < 2:
            continue
        best = [np.nan] * 3
        for k in there:
            if chosen is not None and k not in chosen:
                continue
            x = np.log(runs[k]["flops"])
            loss = np.interp(c, x, runs[k]["loss"])
            if not loss >= best[2]:
                tokens = np.interp(c, x, np.log(runs[k]["tokens"]))
                best = [np.log(runs[k]["params"].iloc[0]), tokens, loss]
        rows.append([c, *best])
    return np.array(rows).T


def test_the_table_has_the_best_curve_of_two_or_more_at_each_budget():
    found = envelope.frontier(CURVES, n=20, budgets=31)
    log_c, log_n, log_d, loss = winners(CURVES, 31)
    assert len(found.table) < 31
    # Logarithm and exponential of one figure: a few roundings.
    np.testing.assert_allclose(np.log(found.table["flops"]), log_c, rtol=1e-12)
    np.testing.assert_allclose(found.table["params"], np.exp(log_n), rtol=1e-9)
    np.testing.assert_allclose(found.table["tokens"], np.exp(log_d), rtol=1e-9)
    np.testing.assert_allclose(found.table["loss"], loss, rtol=1e-9)
    assert found.table["used"].all()
    for lines, y in (
        (found.lines, log_n),
        (found.token_lines, log_d),
        (found.loss_lines, np.log(loss)),
    ):
        np.testing.assert_allclose(lines[0], np.polyfit(log_c, y, 1), rtol=1e-9)
    assert found.exponent().estimate == pytest.approx(np.polyfit(log_c, log_n, 1)[0], rel=1e-9)
    assert (found.flops, found.kind) == ("flops", "bootstrap by run")
    assert found.how == "training-curve envelope (approach 1)"
    assert found.runs is CURVES


@pytest.mark.parametrize("seed", [0, 5])
def test_intervals_are_of_whole_runs_drawn_with_replacement(seed):
    found = envelope.frontier(CURVES, n=25, budgets=31, seed=seed)
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(25):
        log_c, log_n, log_d, loss = winners(CURVES, 31, set(rng.integers(0, 7, 7)))
        seen = np.isfinite(loss)
        if seen.sum() >= 3:
            lines.append(
                [np.polyfit(log_c[seen], y[seen], 1) for y in (log_n, log_d, np.log(loss))]
            )
    lines = np.array(lines)
    for mine, theirs in zip(
        (found.lines, found.token_lines, found.loss_lines), lines.swapaxes(0, 1), strict=True
    ):
        np.testing.assert_allclose(mine[1:], theirs, rtol=1e-8)
    for level in (0.9, 0.6):
        interval = found.exponent(level=level)
        ends = plain_ends(lines[:, 0, 0], level)
        assert [interval.low, interval.high] == pytest.approx(ends.tolist(), rel=1e-8)


def test_the_hull_resamples_whole_runs_too():
    found = envelope.frontier(CURVES, hull=True, n=50, seed=2)
    rng = np.random.default_rng(2)
    names = sorted(CURVES["run"].unique())
    slopes = []
    for _ in range(50):
        drawn = [names[k] for k in set(rng.integers(0, 7, 7))]
        table = (
            envelope.frontier(CURVES[CURVES["run"].isin(drawn)], hull=True, n=20).table
            if len(drawn) > 2
            else []
        )
        if len(table) >= 3:
            slopes.append(np.polyfit(np.log(table["flops"]), np.log(table["params"]), 1)[0])
    np.testing.assert_allclose(found.lines[1:, 0], slopes, rtol=1e-8)
    assert found.how == "training-curve lower hull (approach 1)"
    loss, flops = (np.log(found.table[c].to_numpy()) for c in ("loss", "flops"))
    slope = np.diff(loss) / np.diff(flops)
    # Falling, and ever less steeply: convex from below.
    assert (slope < 0).all()
    assert (np.diff(slope) > 0).all()
    points = np.log(CURVES[["flops", "loss"]])
    edge = np.interp(points["flops"], flops, loss)
    assert (points["loss"] >= edge - 1e-12).all()


def test_checkpoints_that_lose_more_for_more_compute_are_off_the_hull():
    last = CURVES.nlargest(1, "flops")
    wasted = pd.concat(
        [last.assign(flops=last["flops"] * k, loss=last["loss"] * 1.01) for k in (10, 30)]
    )
    for worse in (wasted, wasted.assign(run="another")):
        one, two = (
            envelope.frontier(c, hull=True, n=20) for c in (CURVES, pd.concat([CURVES, worse]))
        )
        assert one.table.equals(two.table)


def test_two_hundred_budgets_and_a_thousand_draws_unless_one_says():
    given = {"n": 1000, "budgets": 200, "hull": False, "flops": "flops", "seed": 0}
    one, two = envelope.frontier(CURVES), envelope.frontier(CURVES, **given)
    np.testing.assert_array_equal(one.lines, two.lines)
    assert one.table.equals(two.table)
    assert len(one.lines) <= 1001


def test_another_count_of_compute_is_taken_by_its_name():
    other = CURVES.assign(joules=CURVES["flops"] ** 1.1 * 3)
    found = envelope.frontier(other, flops="joules", n=20, budgets=31)
    log_c, log_n, *_ = winners(other.assign(flops=other["joules"]), 31)
    np.testing.assert_allclose(np.log(found.table["flops"]), log_c, rtol=1e-12)
    np.testing.assert_allclose(found.table["params"], np.exp(log_n), rtol=1e-9)
    assert found.flops == "joules"


def test_three_sizes_must_win_somewhere():
    three = CURVES[CURVES["run"].isin(["run 2", "run 3", "run 4"])]
    assert len(envelope.frontier(three, n=20).table) > 3
    two = CURVES[CURVES["run"].isin(["run 2", "run 3"])]
    for hull in (False, True):
        with pytest.raises(sl.Unidentifiable, match="sizes are ever the best"):
            envelope.frontier(two, n=20, hull=hull)
    apart = pd.concat(
        [
            CURVES[CURVES["run"] == f"run {k}"].assign(flops=lambda t, k=k: t["flops"] * 1e9**k)
            for k in (0, 2, 4)
        ]
    )
    # Curves that never meet at a budget: nothing is contested.
    with pytest.raises(sl.Unidentifiable, match="0 model sizes are ever the best"):
        envelope.frontier(apart, n=20)


def test_what_is_asked_must_be_possible():
    for wrong in (1, 0, 2.0, True, "31"):
        with pytest.raises(sl.BadParameters, match="budgets is a whole number, 2 or more"):
            envelope.frontier(CURVES, budgets=wrong, n=20)
    with pytest.raises(sl.BadParameters, match="20 or more; found 19"):
        envelope.frontier(CURVES, n=19)
    for wrong in (-1, 1.5):
        with pytest.raises(sl.BadParameters, match="a seed is a whole number"):
            envelope.frontier(CURVES, n=20, seed=wrong)
    with pytest.raises(sl.BadRuns, match="needs a column run"):
        envelope.frontier(CURVES.drop(columns="run"), n=20)
    for name in ("flops", "params", "tokens", "loss"):
        with pytest.raises(sl.BadRuns, match=f"the table lacks {name}"):
            envelope.frontier(CURVES.drop(columns=name), n=20)
        with pytest.raises(sl.BadRuns, match=f"column {name}"):
            envelope.frontier(CURVES.assign(**{name: -1.0}), n=20)
    with pytest.raises(sl.Unidentifiable, match="0 model sizes"):
        # Two budgets are the ends, which one curve each reaches.
        envelope.frontier(CURVES, budgets=2, n=20)
