"""IsoFLOP optima worked out again by polynomials of repeated runs, budget by budget."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute import isoflop
from skewed_runs import CHINCHILLA, TRUTH, plain_ends

BUDGETS = np.geomspace(1e18, 1e21, 5)


def profiles(sizes=7, **given):
    """Profiles with a long upper tail of scatter, rows in no order."""
    runs = sl.simulate.isoflop(CHINCHILLA, TRUTH, BUDGETS, sizes=sizes, **given)
    rng = np.random.default_rng(3)
    runs["loss"] *= np.exp(0.01 * rng.exponential(size=len(runs)))
    return runs.sample(frac=1, random_state=1)


RUNS = profiles()


def vertex(z, loss):
    p = np.polyfit(z - z.mean(), loss, 2)
    at = -p[1] / (2 * p[0])
    low, high = z.min() - z.mean(), z.max() - z.mean()
    inside = p[0] > 0 and low <= at <= high
    return (at + z.mean(), np.polyval(p, at)) if inside else (np.nan, np.nan)


@pytest.mark.parametrize("seed", [0, 4])
def test_optima_lines_and_ends_are_those_of_resampled_parabolas(seed):
    n = 60
    found = isoflop.frontier(RUNS, n=n, seed=seed, shape="parabola")
    rng = np.random.default_rng(seed)
    drawn = []
    for row, flops in zip(found.table.itertuples(), BUDGETS, strict=True):
        part = RUNS[np.isclose(RUNS["flops"], flops)]
        z, loss = np.log(part["params"].to_numpy()), part["loss"].to_numpy()
        size, lowest = vertex(z, loss)
        # Normal equations and a decomposition of the same seven points.
        assert row.params == pytest.approx(np.exp(size), rel=1e-8)
        assert row.tokens == pytest.approx(flops / 6 / np.exp(size), rel=1e-8)
        assert row.loss == pytest.approx(lowest, rel=1e-9)
        assert (row.runs, row.used, row.reason) == (7, True, "")
        assert row.flops == pytest.approx(flops, rel=1e-12)
        often = rng.multinomial(7, np.full(7, 1 / 7), size=n)
        column = [size]
        for counts in often:
            again = np.repeat(np.arange(7), counts)
            few = len(set(again)) < 3
            centred = z[again] - z.mean()
            p = [np.nan] * 3 if few else np.polyfit(centred, loss[again], 2)
            at = -p[1] / (2 * p[0])
            inside = p[0] > 0 and z.min() <= at + z.mean() <= z.max()
            column.append(at + z.mean() if inside else np.nan)
        drawn.append(column)
    x = np.log(BUDGETS)
    lines = []
    for sizes in np.array(drawn).T:
        seen = np.isfinite(sizes)
        if seen.sum() >= 3:
            lines.append(np.polyfit(x[seen], sizes[seen], 1))
    np.testing.assert_allclose(found.lines, lines, rtol=1e-6)
    tokens = np.c_[1 - np.array(lines)[:, 0], -np.log(6) - np.array(lines)[:, 1]]
    np.testing.assert_allclose(found.token_lines, tokens, rtol=1e-6)
    for level in (0.9, 0.6):
        answer = found.exponent(level=level)
        ends = plain_ends(np.array(lines)[1:, 0], level)
        assert [answer.low, answer.high] == pytest.approx(ends.tolist(), rel=1e-6)
        assert answer.high - answer.low > 0.005
    assert (found.how, found.kind) == ("isoFLOP parabolas (approach 2)", "bootstrap within budgets")
    assert found.runs is RUNS
    columns = ["flops", "runs", "params", "tokens", "loss", "dropped", "used", "reason"]
    assert list(found.table) == columns
    assert (found.flops, found.shape, found.loss_lines) == ("flops", "parabola", None)


def test_a_thousand_draws_of_seed_nought_unless_one_says():
    one, two = isoflop.frontier(RUNS), isoflop.frontier(RUNS, n=1000, seed=0)
    np.testing.assert_array_equal(one.lines, two.lines)
    assert 900 < len(one.lines) <= 1001


@pytest.mark.parametrize(("apart", "groups"), [(1.049, 1), (1.051, 2)])
def test_runs_within_a_twentieth_of_the_least_are_one_budget(apart, groups):
    runs = pd.DataFrame({"flops": [1e20 * apart, 1e20, 1e20, 5e21]}, index=[7, 3, 5, 1])
    found = isoflop.budgets(runs)
    assert found.index.tolist() == [7, 3, 5, 1]
    first = 1e20 if groups == 1 else 1e20 * apart
    assert found.tolist() == pytest.approx([first, 1e20, 1e20, 5e21], rel=1e-12)


def test_a_budget_is_the_median_of_its_runs_counted_from_the_least():
    flops = np.array([1.0, 1.02, 1.04, 1.06, 1.08]) * 1e19
    found = isoflop.budgets(pd.DataFrame({"flops": flops}))
    # 1.06 is beyond a twentieth of the least, and begins a budget of its own.
    middle = 1.02e19, np.sqrt(1.06 * 1.08) * 1e19
    assert found.tolist() == pytest.approx([middle[0]] * 3 + [middle[1]] * 2, rel=1e-12)


def without(runs, budget, sizes):
    """Leave some sizes of one budget only."""
    part = np.isclose(runs["flops"], BUDGETS[budget])
    kept = runs[part].nsmallest(sizes, "params")
    return pd.concat([runs[~part], kept])


def test_five_sizes_make_a_profile_and_four_do_not():
    assert isoflop.frontier(profiles(5), n=20).table["used"].all()
    found = isoflop.frontier(without(RUNS, 1, 4), n=20).table
    assert found["used"].tolist() == [True, False, True, True, True]
    assert found["reason"].tolist() == ["", "4 sizes, 5 needed", "", "", ""]
    assert found["runs"].tolist() == [7, 4, 7, 7, 7]
    assert found["params"].isna().tolist() == [False, True, False, False, False]
    twice = without(RUNS, 1, 4)
    again = pd.concat([twice, twice[np.isclose(twice["flops"], BUDGETS[1])]])
    assert isoflop.frontier(again, n=20).table["reason"][1] == "4 sizes, 5 needed"


def bent(runs, budget, change):
    part = np.isclose(runs["flops"], BUDGETS[budget])
    z = np.log(runs["params"])
    loss = np.where(part, change(z - z[part].mean()), runs["loss"])
    return runs.assign(loss=loss)


@pytest.mark.parametrize(
    ("change", "used"),
    [
        (lambda z: 3 + 0.02 * (z - 2.2) ** 2, True),  # just inside a decade, 2.30 e-folds
        (lambda z: 3 + 0.02 * (z - 2.4) ** 2, False),
        (lambda z: 3 + 0.02 * (z + 2.2) ** 2, True),
        (lambda z: 3 + 0.02 * (z + 2.4) ** 2, False),
        (lambda z: 3 - 0.02 * z**2, False),  # a hill
        (lambda z: 3 + 0 * z, False),  # flat
        (lambda z: 3 + 2e-10 * z**2, True),  # hardly bent: 1e-9 of 3 over 4.6^2 is 1.4e-10
        (lambda z: 3 + 1e-10 * z**2, False),
    ],
)
def test_a_minimum_counts_inside_the_measured_sizes(change, used):
    table = isoflop.frontier(bent(RUNS, 2, change), n=20).table
    assert table["used"].tolist() == [True, True, used, True, True]
    assert table["reason"][2] == ("" if used else "no minimum inside the measured sizes")


def test_three_budgets_make_a_line_and_two_do_not():
    some = RUNS[RUNS["flops"] < 5e19]
    assert isoflop.frontier(some, n=20).table["used"].sum() == 3
    with pytest.raises(sl.Unidentifiable, match="2 of 2 budgets have a loss minimum") as refusal:
        isoflop.frontier(RUNS[RUNS["flops"] < 1e19], n=20)
    assert refusal.value.partial["used"].tolist() == [True, True]


def test_half_of_the_runs_must_share_a_budget():
    scattered = pd.DataFrame(
        {"params": np.geomspace(1e7, 1e9, 21), "flops": np.geomspace(1e22, 1e25, 21), "loss": 3.0}
    )
    three = RUNS[RUNS["flops"] < 5e19]
    # 21 of 42 runs are in profiles; one more alone is one too many.
    assert len(isoflop.frontier(pd.concat([three, scattered]), n=20).table) == 24
    more = pd.concat([three, scattered, scattered.head(1).assign(flops=1e27)])
    with pytest.raises(sl.Unidentifiable, match="only 21 of 43 runs share a budget") as refusal:
        isoflop.frontier(more, n=20)
    assert len(refusal.value.partial) == 25


def test_what_is_asked_must_be_possible():
    with pytest.raises(sl.BadParameters, match="20 or more; found 19"):
        isoflop.frontier(RUNS, n=19)
    with pytest.raises(sl.BadParameters, match="a seed is a whole number"):
        isoflop.frontier(RUNS, n=20, seed=-1)
    for name in ("params", "flops", "loss"):
        with pytest.raises(sl.BadRuns, match=f"the table lacks {name}"):
            isoflop.frontier(RUNS.drop(columns=name), n=20)
