"""IsoFLOP optima under seed noise: each draw made again, each threshold seen from both sides."""

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import Akima1DInterpolator

import scalinglaws as sl
from scalinglaws.compute import isoflop_noise as interpolated
from scalinglaws.compute.isoflop_noise import BLIND, LEAST, minima
from skewed_runs import CHINCHILLA, TRUTH, plain_ends

BUDGETS = np.geomspace(1e18, 1e21, 5)
RUNS = sl.simulate.isoflop(
    CHINCHILLA, TRUTH, BUDGETS, sizes=9, off_centre=0.1, noise=0.001, seed=1
).sample(frac=1, random_state=1)
N = 60


def part(budget, runs=RUNS):
    return runs[np.isclose(runs["flops"], BUDGETS[budget])].sort_values("params")


def draws(noise, seed=0, n=N, runs=RUNS):
    """Log N* and log L* of each draw at each budget, by the module's own minima."""
    rng = np.random.default_rng(seed)
    out = []
    for budget in range(5):
        best = part(budget, runs).groupby("params")["loss"].min()
        loss = best.to_numpy()[:, None]
        noisy = loss + noise * rng.standard_normal((len(best), n))
        # Nothing below a thousandth of the loss, of which there is no logarithm.
        noisy = np.maximum(noisy, loss / 1000)
        out.append(minima(np.log(best.index.to_numpy()), np.log(noisy)))
    return np.array(out)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("seed", [0, 3])
def test_optima_lines_and_ends_are_those_of_the_draws(weighted, seed):
    found = interpolated.frontier(RUNS, noise=0.01, n=N, seed=seed, weighted=weighted)
    drawn = draws(0.01, seed)
    sizes, lowest = drawn[:, 0], drawn[:, 1]
    seen = np.isfinite(sizes)
    table = found.table
    middle = np.nanmedian(sizes, axis=1)
    np.testing.assert_allclose(np.log(table["params"]), middle, rtol=1e-12)
    np.testing.assert_allclose(table["tokens"], BUDGETS / 6 / np.exp(middle), rtol=1e-9)
    np.testing.assert_allclose(table["loss"], np.exp(np.nanmedian(lowest, axis=1)), rtol=1e-12)
    spacing = np.array([np.ptp(np.log(part(b)["params"])) / 8 for b in range(5)])
    scatter = np.maximum(np.nanstd(sizes, axis=1), spacing / 3) / seen.mean(axis=1)
    np.testing.assert_allclose(table["log_params_sd"], scatter, rtol=1e-9)
    # Some scatter is above a third of the spacing and some is not, or neither would show.
    w = 1 / scatter if weighted else np.ones(5)
    x = np.log(BUDGETS)
    lines = [np.polyfit(x, middle, 1, w=w)]
    for column in sizes.T:
        fine = np.isfinite(column)
        if fine.sum() >= 3:
            lines.append(np.polyfit(x[fine], column[fine], 1, w=w[fine]))
    np.testing.assert_allclose(found.lines, lines, rtol=1e-8)
    lines = np.array(lines)
    tokens = np.c_[1 - lines[:, 0], -np.log(6) - lines[:, 1]]
    np.testing.assert_allclose(found.token_lines, tokens, rtol=1e-8)
    for level in (0.9, 0.6):
        answer = found.exponent(level=level)
        ends = plain_ends(lines[1:, 0], level)
        assert [answer.low, answer.high] == pytest.approx(ends.tolist(), rel=1e-8)
    assert (found.how, found.kind) == ("isoFLOP curves with seed noise", "seed noise")
    assert (found.shape, found.flops, found.loss_lines) == ("akima", "flops", None)
    assert found.runs is RUNS
    columns = ["flops", "runs", "params", "tokens", "loss", "log_params_sd", "used", "reason"]
    assert list(found.table) == columns
    assert found.table["runs"].tolist() == [9] * 5
    np.testing.assert_allclose(found.table["flops"], BUDGETS, rtol=1e-12)


def test_weights_change_the_line_and_are_on_unless_one_says():
    one, two, plain = (
        interpolated.frontier(RUNS, noise=0.01, n=N, **o)
        for o in ({}, {"weighted": True, "seed": 0}, {"weighted": False})
    )
    np.testing.assert_array_equal(one.lines, two.lines)
    assert not np.allclose(one.lines[0], plain.lines[0], rtol=1e-6)
    assert one.table["log_params_sd"].max() > 1.2 * one.table["log_params_sd"].min()
    default = interpolated.frontier(RUNS, noise=0.01)
    thousand = interpolated.frontier(RUNS, noise=0.01, n=1000)
    np.testing.assert_array_equal(default.lines, thousand.lines)


def test_no_optimum_is_known_better_than_a_third_of_the_spacing():
    found = interpolated.frontier(RUNS, noise=1e-7, n=N).table
    spacing = np.array([np.ptp(np.log(part(b)["params"])) / 8 for b in range(5)])
    np.testing.assert_allclose(found["log_params_sd"], spacing / 3, rtol=1e-9)
    assert pytest.approx(1 / 3) == LEAST
    assert BLIND == 0.2


def test_the_lowest_loss_of_each_size_is_kept():
    doubled = pd.concat([RUNS, RUNS.assign(loss=RUNS["loss"] + 1)])
    one, two = (interpolated.frontier(r, noise=0.01, n=N) for r in (RUNS, doubled))
    np.testing.assert_array_equal(one.lines, two.lines)
    assert two.table["runs"].tolist() == [18] * 5


def shaped(change):
    """Make one budget's profile a function of how many e-folds a size is off the middle one."""
    here = np.isclose(RUNS["flops"], BUDGETS[2])
    z = np.log(RUNS["params"])
    return RUNS.assign(loss=np.where(here, change(z - z[here].mean()), RUNS["loss"]))


def test_a_budget_where_half_of_the_draws_have_no_minimum_is_left_out():
    seen = set()
    for slope in np.linspace(-0.02, -0.005, 16):
        runs = shaped(lambda z, s=slope: 3 + s * z)
        found = np.isfinite(draws(0.005, 0, N, runs)[2, 0])
        row = interpolated.frontier(runs, noise=0.005, n=N).table.iloc[2]
        few = 2 * found.sum() < N
        seen.add(bool(few))
        reason = f"{1 - found.mean():.0%} of the draws have no minimum inside the sizes"
        assert (row["reason"] == reason) is bool(few)
        assert not (few and row["used"])
    assert seen == {True, False}


@pytest.mark.parametrize("noise", np.geomspace(0.002, 0.2, 14))
def test_a_budget_where_the_minimum_is_anywhere_is_left_out(noise):
    drawn = draws(noise, runs=RUNS)
    ranges = np.array([np.ptp(np.log(part(b)["params"])) for b in range(5)])
    hidden = np.nanstd(drawn[:, 0], axis=1) > 0.2 * ranges
    few = np.isfinite(drawn[:, 0]).mean(axis=1) < 0.5
    used = ~hidden & ~few
    if used.sum() < 3:
        with pytest.raises(sl.Unidentifiable, match=f"{used.sum()} of 5 budgets") as refusal:
            interpolated.frontier(RUNS, noise=noise, n=N)
        table = refusal.value.partial
    else:
        table = interpolated.frontier(RUNS, noise=noise, n=N).table
    assert table["used"].tolist() == used.tolist()
    spread = np.maximum(np.nanstd(drawn[:, 0], axis=1), ranges / 8 / 3)
    spread /= np.isfinite(drawn[:, 0]).mean(axis=1)
    np.testing.assert_allclose(table["log_params_sd"][used], spread[used], rtol=1e-9)
    blind = table["reason"] == "the noise hides the minimum"
    assert blind.tolist() == (hidden & ~few).tolist()


def test_five_sizes_make_a_curve_and_four_do_not():
    here = np.isclose(RUNS["flops"], BUDGETS[1])
    for sizes, used in ((5, True), (4, False)):
        middle = part(1).iloc[2 : 2 + sizes]
        found = interpolated.frontier(pd.concat([RUNS[~here], middle]), noise=1e-3, n=N).table
        assert found["used"].tolist() == [True, used, True, True, True]
        assert found["reason"][1] == ("" if used else "4 sizes, 5 needed")


def test_minima_are_inside_and_the_lowest_of_all():
    x = np.arange(7.0)
    bowl = (x - 2.5) ** 2
    columns = np.stack([bowl, bowl[::-1], x, -x, 0 * x, np.r_[5, 1, 5, 5, 0.5, 5, 5]], axis=1)
    size, loss = minima(x, columns)
    # Akima's curve is exact on a parabola away from its ends.
    assert size[:2].tolist() == pytest.approx([2.5, 3.5], abs=1e-9)
    assert loss[:2].tolist() == pytest.approx([0, 0], abs=1e-9)
    assert np.isnan(size[2:5]).all()
    assert np.isnan(loss[2:5]).all()
    # Of two valleys the deeper one.
    assert size[5] == pytest.approx(4, abs=0.1)
    assert loss[5] == pytest.approx(0.5, abs=0.01)


def test_minima_are_no_higher_than_any_point_of_the_curve():
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 5, 8))
    y = (x[:, None] - rng.uniform(0, 5, 30)) ** 2 + 2 * rng.standard_normal((8, 30))
    size, loss = minima(x, y)
    curve = Akima1DInterpolator(x, y)
    grid = np.linspace(x[0], x[-1], 20_001)
    values = curve(grid)
    inner = np.isfinite(size)
    assert 15 < inner.sum() < 30
    assert (loss[inner] <= values.min(axis=0)[inner] + 1e-12).all()
    # A step of the grid is 2e-4; half of one, squared, rises by up to 5e-5 where a curve is steep.
    np.testing.assert_allclose(loss[inner], values.min(axis=0)[inner], atol=1e-4)
    there = [float(curve(at)[k]) for k, at in enumerate(size) if inner[k]]
    np.testing.assert_allclose(loss[inner], there, rtol=1e-9, atol=1e-12)
    lowest = grid[values.argmin(axis=0)]
    ends = (lowest == x[0]) | (lowest == x[-1])
    assert ends.tolist() == (~inner).tolist()


def test_noise_is_a_positive_number():
    for wrong in (0.0, -0.1, np.nan, np.inf, True, "0.1", None, [0.1]):
        with pytest.raises(sl.BadParameters, match="noise is the scatter of the loss"):
            interpolated.frontier(RUNS, noise=wrong, n=N)
    assert interpolated.frontier(RUNS, noise=np.float64(0.01), n=20).exponent()
    with pytest.raises(sl.BadParameters, match="20 or more; found 19"):
        interpolated.frontier(RUNS, noise=0.01, n=19)
    with pytest.raises(sl.BadParameters, match="a seed is a whole number"):
        interpolated.frontier(RUNS, noise=0.01, n=20, seed=-1)
    for name in ("params", "flops", "loss"):
        with pytest.raises(sl.BadRuns, match=f"the table lacks {name}"):
            interpolated.frontier(RUNS.drop(columns=name), noise=0.01, n=20)


def test_losses_that_noise_takes_below_zero_are_kept_positive():
    here = [part(b) for b in range(5)]
    runs = pd.concat([p.assign(loss=p["loss"] - p["loss"].min() + 0.01) for p in here])
    drawn = draws(0.01, runs=runs)
    rng = np.random.default_rng(0)
    assert (part(0, runs)["loss"].to_numpy() + 0.01 * rng.standard_normal((N, 9)) < 0).any()
    table = interpolated.frontier(runs, noise=0.01, n=N).table
    assert table["used"].sum() >= 3
    for row, lowest in zip(table.itertuples(), drawn[:, 1], strict=True):
        if row.used:
            assert row.loss == pytest.approx(np.exp(np.nanmedian(lowest)), rel=1e-9)
