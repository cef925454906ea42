"""Tables of a match by hand, gains with their own resamples, and who plays."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.curves.arena import (
    ENTRANTS,
    OURS,
    Curve,
    by_law,
    by_m4,
    league,
    top_of,
    versus,
    wins,
)

X = np.geomspace(1e2, 1e5, 13)


def seen(**options):
    given = {"domain": "d", "task": "t", "model": "m", "x": X[:9], "loss": 3 * X[:9] ** -0.2}
    return Curve(**{**given, "at": X[9:], **options})


# Tables of a match

SCORES = pd.DataFrame(
    [
        *((1, "d", "a", 0.3, 1.0), (1, "d", "b", 0.1, np.nan), (1, "d", "c", np.nan, np.nan)),
        *((2, "d", "a", 0.2, 0.5), (2, "d", "b", 0.5, np.nan), (2, "d", "c", 0.2009, np.nan)),
        *((3, "d", "a", 0.7, 0.0), (3, "d", "b", 0.3, np.nan), (3, "d", "c", 0.2, np.nan)),
        *((4, "c", "a", 0.4, 1.0), (4, "c", "b", 0.2, np.nan), (4, "c", "c", 0.3, np.nan)),
    ],
    columns=["curve", "domain", "entrant", "rmse", "inside"],
).assign(width=lambda t: t["inside"] / 2)


def test_a_league_orders_domains_as_played_and_entrants_by_their_mean():
    told = league(SCORES)
    assert told["domain"].tolist() == ["d"] * 3 + ["c"] * 3
    assert told["entrant"].tolist() == ["c", "b", "a", "b", "c", "a"]
    d = told[told["domain"] == "d"].set_index("entrant")
    assert d["mean"].to_dict() == pytest.approx({"c": 0.20045, "b": 0.3, "a": 0.4})
    assert d["median"].to_dict() == pytest.approx({"c": 0.20045, "b": 0.3, "a": 0.3})
    # Curve 1 goes to b, curve 2 to a and c, alike to three decimals, curve 3 to c.
    assert d["wins"].to_dict() == pytest.approx({"c": 0.5, "b": 1 / 3, "a": 1 / 6})
    assert d["inside"]["a"] == pytest.approx(0.5)
    assert d["width"]["a"] == pytest.approx(0.25)
    assert d["curves"].to_dict() == {"c": 2, "b": 3, "a": 3}
    assert d["unanswered"].to_dict() == {"c": 1, "b": 0, "a": 0}
    assert list(told.columns)[-2:] == ["curves", "unanswered"]


def test_no_answer_loses_to_an_error_below_one_and_ties_with_one():
    rows = [(1, "a", np.nan), (1, "b", 0.999), (2, "a", np.nan), (2, "b", 1.0009)]
    told = wins(pd.DataFrame(rows, columns=["curve", "entrant", "rmse"]))
    assert told.to_dict() == {"a": 0.25, "b": 0.75}


@pytest.mark.parametrize("level", [0.9, 0.5])
def test_a_gain_is_the_saved_share_of_the_rivals_error_with_its_resamples(level):
    told = versus(SCORES, entrant="b", level=level, seed=3)
    assert told[["domain", "rival"]].to_numpy().tolist() == [
        ["d", "a"],
        ["d", "c"],
        ["c", "a"],
        ["c", "c"],
    ]
    rng = np.random.default_rng(3)
    for _, row in told.iterrows():
        some = SCORES[SCORES["domain"] == row["domain"]]
        wide = some.pivot_table(index="curve", columns="entrant", values="rmse")
        pairs = wide[["b", row["rival"]]].dropna().to_numpy()
        assert row["curves"] == len(pairs)
        assert row["gain"] == pytest.approx(1 - pairs[:, 0].mean() / pairs[:, 1].mean())
        picked = pairs[rng.integers(len(pairs), size=(4000, len(pairs)))].sum(axis=1)
        gains = 1 - picked[:, 0] / picked[:, 1]
        low, high = np.quantile(gains, [(1 - level) / 2, (1 + level) / 2])
        assert (row["gain_low"], row["gain_high"]) == (pytest.approx(low), pytest.approx(high))
        assert row["better"] == (pairs[:, 0] < pairs[:, 1]).mean()
    assert told.attrs["level"] == level


def test_groups_are_drawn_whole_and_weigh_by_their_curves():
    trials = SCORES.assign(lab=SCORES["curve"].map({1: "l", 2: "l", 3: "m", 4: "l"}))
    row = versus(trials, entrant="b", by="lab", seed=1).iloc[0]
    # Lab l has curves 1 and 2, lab m curve 3: the sums of errors of b and of a.
    sums = np.array([[0.1 + 0.5, 0.3 + 0.2], [0.3, 0.7]])
    picked = sums[np.random.default_rng(1).integers(2, size=(4000, 2))].sum(axis=1)
    want = np.quantile(1 - picked[:, 0] / picked[:, 1], [0.05, 0.95])
    assert [row["gain_low"], row["gain_high"]] == pytest.approx(list(want))
    assert row["gain"] == pytest.approx(1 - 0.9 / 1.2)


def test_a_comparison_is_of_ours_by_default_and_repeats_itself():
    ours = SCORES.assign(entrant=SCORES["entrant"].replace("b", OURS))
    assert versus(ours).equals(versus(ours, entrant=OURS, level=0.9, seed=0))
    assert versus(ours)["rival"].tolist() == ["a", "c", "a", "c"]
    equal = SCORES.assign(rmse=0.2)
    told = versus(equal, entrant="b")
    assert (told["better"] == 0).all()
    assert (told[["gain", "gain_low", "gain_high"]] == 0).all(axis=None)
    none = SCORES.assign(rmse=SCORES["rmse"].where(SCORES["entrant"] != "c"))
    row = versus(none, entrant="b").set_index(["domain", "rival"]).loc[("d", "c")]
    assert row["curves"] == 0
    assert np.isnan(row["gain"])
    for options, error in (({"level": 1}, sl.BadParameters), ({"seed": -1}, sl.BadParameters)):
        with pytest.raises(error):
            versus(SCORES, entrant="b", **options)
    with pytest.raises(sl.UnknownName, match="'z'; there are a, b, c"):
        versus(SCORES, entrant="z")
    with pytest.raises(sl.BadRuns, match="resampling needs a column lab"):
        versus(SCORES, entrant="b", by="lab")


# Entrants


def test_baselines_are_what_they_are_called():
    order = np.array([3, 0, 8, 1, 2, 4, 5, 6, 7])
    mixed = seen(x=X[order], loss=3 * X[order] ** -0.2)
    assert ENTRANTS["last value"](mixed).tolist() == [3 * X[8] ** -0.2] * 4
    line = ENTRANTS["M1 (straight line)"](seen())
    # The curve is such a line: the authors' own fit finds it to rounding of its sums.
    np.testing.assert_allclose(line, 3 * X[9:] ** -0.2, rtol=1e-6)
    want = sl.forecast(mixed.x, mixed.loss, at=mixed.at)
    assert ENTRANTS[OURS](mixed).equals(want)
    assert next(iter(ENTRANTS)) == OURS


def test_a_law_is_fitted_by_least_squares_on_log_loss_and_may_be_held():
    law = sl.laws.power_law("x")
    noisy = seen(loss=3 * X[:9] ** -0.2 * np.exp(0.05 * np.sin(np.arange(9.0) ** 2)))
    runs = pd.DataFrame({"x": noisy.x, "loss": noisy.loss})
    for held in (None, {"E": 0.1}):
        found = sl.fit(law, runs, objective=sl.LSQ_LOG, held=held, check=False)
        want = law(found.params, x=noisy.at)
        assert by_law(law, held=held)(noisy).tolist() == pytest.approx(want.tolist(), rel=1e-12)
    assert ENTRANTS["M2"](noisy).tolist() == by_law(law)(noisy).tolist()
    shifted = by_law(sl.laws.shifted("x"))(noisy)
    assert ENTRANTS["M3"](noisy).tolist() == shifted.tolist()


@pytest.mark.parametrize(("domain", "top"), [("IC", 1.001), ("BB", 1.001), ("LM", None)])
def test_shares_start_from_one_at_most(domain, top):
    assert top_of(domain) == top
    given = seen(domain=domain, loss=2.5 * X[:9] ** -0.2)
    want = by_law(sl.laws.saturating("x", top=top), held={"a": 1.0, "E": 0.2})(given)
    assert by_m4(held={"a": 1.0, "E": 0.2})(given).tolist() == want.tolist()


@pytest.mark.parametrize(
    ("domain", "scale", "err_0", "upper"),
    [("IC", 1, 1.0, 1.0), ("BB", 1, 1.001, 1.0), ("LM", 1, 1.0, None), ("LM", 4, 1.001, None)],
)
def test_the_released_estimator_has_its_authors_settings(domain, scale, err_0, upper):
    given = seen(domain=domain, loss=scale * 0.9 * (X[:9] / X[0]) ** -0.2)
    err_0 *= given.loss.max() if scale > 1 else 1
    want = sl.curves.released.m4(given.x, given.loss, err_0=err_0, upper=upper).predict(given.at)
    assert ENTRANTS["M4 released"](given).tolist() == want.tolist()
    for name, made in (
        ("M2 released", sl.curves.released.m2),
        ("M3 released", sl.curves.released.m3),
    ):
        assert (
            ENTRANTS[name](given).tolist() == made(given.x, given.loss).predict(given.at).tolist()
        )
