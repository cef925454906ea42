"""What turns a number: every way by hand, what is refused, and what is drawn."""

import numpy as np
import pytest

import scalinglaws as sl

TRUTH = {"A": 400.0, "B": 2000.0, "E": 1.7, "alpha": 0.34, "beta": 0.37}


def runs(noise=0.003, seed=0):
    sizes, data = (
        v.ravel() for v in np.meshgrid(np.geomspace(1e8, 1e10, 7), np.geomspace(2e9, 2e11, 7))
    )
    table = sl.simulate.at(
        sl.laws.CHINCHILLA, TRUTH, noise=noise, seed=seed, params=sizes, tokens=data
    )
    table["flops"] = sl.counting.six_nd(table["params"], table["tokens"])
    return table


@pytest.fixture(scope="module")
def told():
    fit = sl.fit(sl.laws.CHINCHILLA, runs())
    return fit, sl.fragility(fit, "alpha")


def test_each_way_is_the_fit_that_it_names(told):
    fit, table = told
    assert table["changed"].value_counts().to_dict() == {
        "as fitted": 1, "objective": 3, "outliers": 1, "design": 2,
    }  # fmt: skip
    assert table["value"].iloc[0] == fit.params["alpha"]
    by = table.set_index("way")
    direct = sl.fit(sl.laws.CHINCHILLA, fit.runs, objective=sl.LSQ_LOG, check=False)
    assert by.loc["least squares on log-loss", "value"] == pytest.approx(direct.params["alpha"])
    off = np.abs(fit.residuals)
    kept = fit.runs[off <= np.quantile(off, 0.95)]
    direct = sl.fit(sl.laws.CHINCHILLA, kept, check=False)
    assert by.loc["without the worst 5%", "value"] == pytest.approx(direct.params["alpha"])
    assert by.loc["without the worst 5%", "runs"] == len(kept) == 46
    # A fifth of 49 runs, rounded down: 9 are left out.
    assert by.loc["without the 20% of least flops", "runs"] == 40
    first = fit.runs.sort_values("flops", kind="stable").iloc[9:]
    direct = sl.fit(sl.laws.CHINCHILLA, first, check=False)
    found = by.loc["without the 20% of least flops", "value"]
    assert found == pytest.approx(direct.params["alpha"], rel=1e-6)


def test_a_law_that_holds_is_hardly_turned_and_a_bad_run_turns_least_squares(told):
    fit, table = told
    ends = fit.interval("alpha", level=0.99)
    assert ((table["value"] > 0.9 * ends.low) & (table["value"] < 1.1 * ends.high)).all()
    spoiled = runs()
    spoiled.loc[spoiled["loss"].idxmin(), "loss"] *= 1.4
    by = sl.fragility(sl.fit(sl.laws.CHINCHILLA, spoiled), "E").set_index("way")["value"]
    # One run of 49 is 40% off: squares follow it, absolute deviations do not.
    apart = abs(by["least squares on log-loss"] / by.iloc[0] - 1)
    assert apart > 10 * abs(by["least absolute deviation on log-loss"] / by.iloc[0] - 1)


def test_counting_is_changed_where_a_table_counts_twice():
    table = runs()
    table["params_non_embedding"] = table["params"] - 1000 * np.sqrt(table["params"])
    fit = sl.fit(sl.laws.CHINCHILLA, table)
    found = sl.fragility(fit, "a").set_index("changed")
    other = table.assign(params=table["params_non_embedding"])
    direct = sl.fit(sl.laws.CHINCHILLA, other, check=False)
    assert found.loc["counting", "value"] == pytest.approx(direct.derived["a"])


def test_a_function_of_a_fit_is_asked_and_what_refuses_says_why(told):
    fit, _ = told

    def stubborn(result):
        if len(result.runs) < 45:
            raise sl.Unidentifiable("too few of them: add runs")
        return result.params["E"]

    table = sl.fragility(fit, stubborn)
    assert table["value"].isna().sum() == 2
    assert set(table.loc[table["value"].isna(), "why"]) == {"too few of them"}
    assert (table.loc[table["value"].notna(), "why"] == "").all()


def test_what_gives_no_number_is_refused(told):
    fit, _ = told
    with pytest.raises(sl.BadParameters, match="choose from: A, B, E, alpha, beta"):
        sl.fragility(fit, "gamma")
    with pytest.raises(sl.BadParameters, match="gives nan for the fit itself"):
        sl.fragility(fit, lambda _: np.nan)


def test_held_values_stay_held():
    fit = sl.fit(sl.laws.CHINCHILLA, runs(), held={"E": 1.7})
    assert (sl.fragility(fit, "E")["value"] == 1.7).all()


def test_the_picture_has_a_dot_for_each_number(told):
    fit, table = told
    picture = sl.figures.fragility(table, xlabel="alpha", interval=fit.interval("alpha"))
    (ax,) = picture.figure.axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [d.get_xdata()[0] for d in dots] == table["value"].tolist()
    names = [t.get_text().replace("\n", " ") for t in ax.get_yticklabels()]
    assert names == table["way"].tolist()
    assert picture.stamp == "SIMULATED"


def test_a_number_from_an_exponent_at_its_bound_is_doubted_and_hollow():
    # One size in the cheap part: without the dear fifth the exponent of size has nothing to go by.
    table = runs()
    table["loss"] = np.where(table["params"] < table["params"].max(), 3.0, table["loss"])
    found = sl.fragility(sl.fit(sl.laws.CHINCHILLA, table, check=False), "E")
    doubted = found[found["why"] != ""]
    assert len(doubted) > 0
    assert doubted["why"].str.endswith("at the edge of its range").all()
    (ax,) = sl.figures.fragility(found, xlabel="E").figure.axes
    hollow = [d for d in ax.lines if d.get_marker() == "o" and d.get_markerfacecolor() == "none"]
    assert len(hollow) == len(doubted)
