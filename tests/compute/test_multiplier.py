"""What one recipe saves over another: closed forms, coverage, crossings, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

import scalinglaws as sl

LAW = sl.laws.power_law("flops")
TRUTH = {"E": 1.7, "k": 60.0, "c": 0.1}
X = np.geomspace(1e18, 1e21, 24)


def recipe(truth, noise=0.002, seed=0, x=X):
    return sl.fit(LAW, sl.simulate.at(LAW, truth, noise=noise, seed=seed, flops=x))


def dearer(times):
    """The constants of a recipe that takes so many times the compute for any loss."""
    return TRUTH | {"k": TRUTH["k"] * times ** TRUTH["c"]}


@pytest.fixture(scope="module")
def pair():
    return recipe(TRUTH, seed=1), recipe(dearer(2.0), seed=2)


def test_the_ratio_is_that_of_the_closed_form(pair):
    a, b = pair
    told = sl.multiplier(a, b, n=50)
    for row in told.table.itertuples():
        of = [((row.loss - f.params["E"]) / f.params["k"]) ** (-1 / f.params["c"]) for f in pair]
        # Bisection to 2e-15 of an e-fold, times an exponent of ten.
        assert row.times == pytest.approx(of[1] / of[0], rel=1e-9)
        assert row.times_low < row.times < row.times_high
    ends = [f.law(f.params, flops=X[[0, -1]]) for f in pair]
    assert told.table["loss"].iloc[0] == pytest.approx(min(e[0] for e in ends))
    assert told.table["loss"].iloc[-1] == pytest.approx(max(e[1] for e in ends))


def test_turned_around_it_is_the_inverse(pair):
    a, b = pair
    one, other = sl.multiplier(a, b, n=50), sl.multiplier(b, a, n=50)
    np.testing.assert_allclose(one.table["times"] * other.table["times"], 1, rtol=1e-9)
    assert one.slopes.estimate == pytest.approx(-other.slopes.estimate)
    assert one.change.estimate == pytest.approx(1 / other.change.estimate)
    # The two tables are drawn in another order: the p-values differ by a few of 50 refits.
    assert one.p_value == pytest.approx(other.p_value, abs=0.15)
    assert one.one == other.one


def test_intervals_hold_the_truth_as_often_as_they_promise():
    held, equal = [], []
    for seed in range(40):
        a, b = recipe(TRUTH, seed=seed), recipe(dearer(2.0), seed=1000 + seed)
        told = sl.multiplier(a, b, n=200, losses=[2.45])
        row = told.table.iloc[0]
        held.append(row["times_low"] < 2.0 < row["times_high"])
        equal.append(told.one)
    # 90% of 40 has a standard error of 1.9: three of them below. Above, nothing is wrong.
    assert sum(held) >= 30
    assert sum(equal) >= 30


def test_equal_exponents_over_other_floors_are_not_one_number():
    """The ratio, ((L - E_a) / (L - E_b))^(1/c), grows without end towards the higher floor."""
    a, b = recipe(TRUTH, noise=0.0005), recipe(TRUTH | {"E": 1.9}, noise=0.0005, seed=1)
    told = sl.multiplier(a, b, n=100)
    assert 0.0 in told.slopes
    assert not told.one
    assert told.p_value < 0.05
    ends = told.table["times"].iloc[[0, -1]].to_numpy()
    assert told.change.estimate == pytest.approx(ends[1] / ends[0], rel=1e-9)
    assert "no one number holds everywhere" in repr(told)


def test_curves_that_cross_have_no_one_multiplier():
    steep = recipe({"E": 1.7, "k": 60.0 * 3e19**0.05, "c": 0.15}, seed=3)
    with pytest.raises(sl.Unidentifiable, match="the two curves cross near a loss of") as refused:
        sl.multiplier(recipe(TRUTH, seed=1), steep, n=100)
    crossing = float(str(refused.value).split("loss of ")[1].split(":")[0])
    # Made to cross at 3e19 FLOPs; noise moves it a little.
    assert crossing == pytest.approx(float(LAW(TRUTH, flops=np.array([3e19]))[0]), rel=0.01)
    one = sl.multiplier(recipe(TRUTH, seed=1), steep, n=100, losses=[2.5])
    assert len(one.table) == 1
    assert not one.one
    assert one.p_value < 0.05
    assert "no one number holds" in repr(one)


def test_what_cannot_be_compared_is_refused(pair):
    a, b = pair
    late = recipe(TRUTH, x=np.geomspace(1e24, 1e27, 24))
    with pytest.raises(sl.Unidentifiable, match="no loss is reached by both"):
        sl.multiplier(a, late, n=50)
    with pytest.raises(sl.Unidentifiable, match=r"does not reach a loss of 1\.2"):
        sl.multiplier(a, b, n=50, losses=[2.4, 1.2])
    for losses in ([-1.0], [np.nan], [[2.0]]):
        with pytest.raises(sl.BadParameters, match="positive numbers"):
            sl.multiplier(a, b, n=50, losses=losses)
    two = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    for other in (two, sl.fit(sl.laws.power_law("flops", floor=False), a.runs)):
        with pytest.raises(sl.BadParameters, match="one law of one input"):
            sl.multiplier(a, other, n=50)
    with pytest.raises(sl.BadParameters, match="one law of one input"):
        sl.multiplier(two, two, n=50)


def test_units_and_seeds(pair):
    a, b = pair
    again = sl.multiplier(a, b, n=50)
    assert again.table.equals(sl.multiplier(a, b, n=50).table)
    assert again.table.attrs["simulated"]
    units = [
        sl.fit(LAW, f.runs.assign(flops=1e-18 * f.runs["flops"], loss=3 * f.runs["loss"]))
        for f in pair
    ]
    there = sl.multiplier(*units, n=50)
    # Fits in other units agree to the solver's own tolerance, times an exponent of ten.
    np.testing.assert_allclose(there.table["times"], again.table["times"], rtol=1e-4)
    assert "compute of B over A at equal loss" in repr(again)


def test_no_jackknife_and_no_exponent_at_its_bound(pair):
    a, b = pair
    with pytest.raises(sl.BadParameters, match="a jackknife leaves out one group of one"):
        sl.multiplier(a, b, kind="jackknife")
    parts = [replace(p, upper=0.05) if p.name == "c" else p for p in LAW.parameters]
    stuck = sl.fit(replace(LAW, parameters=tuple(parts)), b.runs, check=False)
    assert stuck.at_bound == ("c",)
    with pytest.raises(sl.Unidentifiable, match="c sits at the edge of its range"):
        sl.multiplier(a, stuck, n=50)
