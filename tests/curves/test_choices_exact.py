"""Choices among models by hand: who is chosen, what it costs, how sure, and what cannot be seen."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy.stats import t as student

import scalinglaws as sl
from scalinglaws.curves.arena import Curve
from scalinglaws.curves.planning.choice import AVERAGED, COLUMNS
from scalinglaws.curves.planning.measured import level_at
from scalinglaws.downstream import choice_rates, predicted_ends, select

X = np.geomspace(1e3, 1e6, 25)


def curve(task, model, scale, c, seed, domain="d"):
    scatter = np.exp(0.01 * np.random.default_rng(seed).exponential(size=len(X)))
    loss = (0.1 + scale * (X / 1e3) ** -c) * scatter
    return pd.DataFrame({"domain": domain, "task": task, "model": model, "x": X, "loss": loss})


def table():
    """Three tasks of two models; in the first the curves cross late."""
    rows = [curve("a", "fast", 2.0, 0.35, 1), curve("a", "slow", 1.2, 0.2, 2)]
    rows += [curve("b_1", "fast", 1.0, 0.3, 3), curve("b_1", "slow", 1.2, 0.2, 4)]
    rows += [curve("b_2", "fast", 2.0, 0.2, 5), curve("b_2", "slow", 1.2, 0.25, 6)]
    return pd.concat(rows, ignore_index=True)


def beaten(mean, scale, chosen, draws=400_000):
    """The chance by drawing: how often the chosen of several Student's t comes out least."""
    rng = np.random.default_rng(0)
    y = np.asarray(mean) + np.asarray(scale) * rng.standard_t(5, size=(draws, len(mean)))
    return (y.argmin(axis=1) == chosen).mean()


@pytest.mark.parametrize("pool", [0.0, 0.5, 1.0])
def test_a_choice_is_the_least_forecast_and_its_truth_is_measured(pool):
    shares = (0.02, 0.5)
    told = sl.curves.planning.choices(
        table(), shares=shares, pool=pool, family=lambda t: t.split("_")[0]
    )
    assert told["share"].tolist() == [s for s in shares for _ in range(3)]
    assert list(told.columns) == list(COLUMNS)
    for row in told.to_dict("records"):
        parts = dict(list(table()[table()["task"] == row["task"]].groupby("model")))
        truth = {m: level_at(p, 1e6) for m, p in parts.items()}
        best = min(truth, key=truth.get)
        other = max(truth, key=truth.get)
        assert row["end"] == 1e6
        assert row["best"] == best
        assert row["margin"] == pytest.approx(np.expm1(truth[other] - truth[best]), rel=1e-9)
        seen = {m: p[p["x"] <= row["share"] * 1e6] for m, p in parts.items()}
        said = {
            m: sl.forecast(p["x"], p["loss"], at=[1e6]).iloc[0].to_dict() for m, p in seen.items()
        }
        so_far = {m: level_at(p, row["share"] * 1e6) for m, p in seen.items()}
        fall = {m: np.log(said[m]["mean"]) - so_far[m] for m in said}
        common = np.mean(list(fall.values()))
        pooled = {m: so_far[m] + (1 - pool) * fall[m] + pool * common for m in said}
        choice = min(pooled, key=pooled.get)
        assert (row["choice"], row["so_far"]) == (choice, min(so_far, key=so_far.get))
        assert row["right"] == (choice == best)
        assert row["right_so_far"] == (row["so_far"] == best)
        assert row["regret"] == pytest.approx(np.expm1(truth[choice] - truth[best]), abs=1e-12)
        mean = list(pooled.values())
        half = [np.log(s["high"] / s["mean"]) / student.ppf(0.95, 5) for s in said.values()]
        # 400,000 draws have a standard error of 0.0008; four of them, and 400 nodes add less.
        assert row["chance"] == pytest.approx(beaten(mean, half, int(np.argmin(mean))), abs=0.004)
        assert (row["models"], row["unjudged"]) == (2, 0)


def test_the_default_pools_by_half_and_a_part_is_between_none_and_all():
    one, other = (sl.curves.planning.choices(table(), **how) for how in ({}, {"pool": 0.5}))
    assert one.equals(other)
    for pool in (-0.1, 1.1):
        with pytest.raises(sl.BadParameters, match="give a part between 0 and 1"):
            sl.curves.planning.choices(table(), pool=pool)


def test_the_chance_does_not_depend_on_the_level():
    one, other = (sl.curves.planning.choices(table(), level=v) for v in (0.9, 0.5))
    # The width is divided by the quantile that it was made with.
    np.testing.assert_allclose(one["chance"].astype(float), other["chance"].astype(float), 1e-9)
    assert one["choice"].equals(other["choice"])


def test_the_usual_model_loses_least_on_the_domains_other_families():
    extra = pd.concat([curve("z", "m", 1.0, 0.2, 0, "e"), curve("z", "n", 2.0, 0.2, 1, "e")])
    both = pd.concat([table(), extra], ignore_index=True)
    told = sl.curves.planning.choices(both, shares=(0.5,), family=lambda t: t.split("_")[0])
    by = told.set_index("task")
    ends = both[both["x"] == both["x"].max()]
    regret = {}
    for task, part in both.groupby("task"):
        truth = pd.Series({m: level_at(p, 1e6) for m, p in part.groupby("model")})
        regret[task] = truth - truth.min()
    usual = (regret["b_1"] + regret["b_2"]).idxmin()
    assert by.loc["a", "usual"] == usual
    assert by.loc["b_1", "usual"] == by.loc["b_2", "usual"] == regret["a"].idxmin()
    # The only task of its domain has no others to go by.
    assert pd.isna(by.loc["z", "usual"])
    assert pd.isna(by.loc["z", "right_usual"])
    assert by.loc["a", "regret_usual"] == pytest.approx(np.expm1(regret["a"][usual]))
    assert by["family"].to_dict() == {"a": "a", "b_1": "b", "b_2": "b", "z": "z"}
    assert len(ends) == 8


def test_the_end_is_what_all_models_of_a_task_reach():
    short = table()[lambda t: ~((t["task"] == "a") & (t["model"] == "slow") & (t["x"] > 5e5))]
    told = sl.curves.planning.choices(short, shares=(0.1,)).set_index("task")
    assert (
        told.loc["a", "end"]
        == short["x"][(short["model"] == "slow") & (short["task"] == "a")].max()
    )
    assert told.loc["b_1", "end"] == 1e6


def test_six_points_at_the_cut_are_judged_and_five_are_not():
    for points, few in ((6, 0), (5, 2)):
        share = float(X[points - 1] / X[-1])
        told = sl.curves.planning.choices(table(), shares=(share,))
        assert told["unjudged"].tolist() == [few] * 3
        assert told["choice"].isna().tolist() == [bool(few)] * 3
    assert told["margin"].notna().all()


def test_choices_refuse_by_name_and_say_whether_they_were_simulated():
    with pytest.raises(sl.Unidentifiable, match="no task has two models"):
        sl.curves.planning.choices(table()[lambda t: t["model"] == "fast"])
    for share in (0, 1, 2):
        with pytest.raises(sl.BadParameters, match="share is a part of the range"):
            sl.curves.planning.choices(table(), shares=(0.5, share))
    with pytest.raises(sl.BadParameters, match="level is a share"):
        sl.curves.planning.choices(table(), level=90)
    made = table()
    assert sl.curves.planning.choices(made, shares=(0.5,)).attrs == {"simulated": False}
    made.attrs["simulated"] = True
    chosen = sl.curves.planning.choices(made, shares=(0.5,))
    assert chosen.attrs == {"simulated": True}
    assert sl.curves.planning.tally(chosen, level=0.8).attrs == {"level": 0.8, "simulated": True}
    assert sl.curves.planning.choices(made)["share"].unique().tolist() == [0.1, 0.25, 0.5]


CHOSEN = pd.DataFrame(
    [
        *(("d", "a", "f", 0.1, 2, 0, True, 0.9, 0.0), ("d", "b", "f", 0.1, 4, 0, False, 0.5, 0.2)),
        *(("d", "c", "g", 0.1, 2, 1, None, np.nan, np.nan),),
        *(("d", "a", "f", 0.5, 2, 0, True, 0.8, 0.0), ("d", "b", "f", 0.5, 4, 0, True, 0.7, 0.0)),
        *(("d", "c", "g", 0.5, 2, 0, False, 0.6, 0.3),),
    ],
    columns=[
        "domain",
        "task",
        "family",
        "share",
        "models",
        "unjudged",
        "right",
        "chance",
        "regret",
    ],
).assign(**dict.fromkeys([c for c in AVERAGED if c != "regret"], 0.25))


@pytest.mark.parametrize(("level", "z"), [(0.9, 1.6448536269514722), (0.5, 0.6744897501960817)])
def test_a_tally_counts_with_wilsons_interval(level, z):
    told = sl.curves.planning.tally(CHOSEN, level=level)
    assert told["tasks"].tolist() == [2, 2]
    assert told["unjudged"].tolist() == [1, 1]
    assert told["families"].tolist() == [1, 1]
    assert told["right"].tolist() == [0.5, 1.0]
    assert told["chance"].tolist() == pytest.approx([0.7, 0.75])
    assert told["guess"].tolist() == pytest.approx([0.375, 0.375])
    assert told["regret"].tolist() == pytest.approx([0.1, 0.0])
    assert told["right_usual"].tolist() == [0.25, 0.25]
    # Wilson 1927: the roots of (p - share)^2 = z^2 share (1 - share) / n.
    for row in told.to_dict("records"):
        n, p = 2, row["right"]
        roots = np.roots([1 + z * z / n, -(2 * p + z * z / n), p * p])
        low, high = sorted(np.real(roots))
        assert row["right_low"] == pytest.approx(low, abs=1e-9)
        assert row["right_high"] == pytest.approx(high, abs=1e-9)
    each = sl.curves.planning.tally(CHOSEN, level=level, same=False)
    assert each["tasks"].tolist() == [2, 3]
    assert each["unjudged"].tolist() == [1, 0]
    assert each["families"].tolist() == [1, 2]
    assert sl.curves.planning.tally(CHOSEN).equals(
        sl.curves.planning.tally(CHOSEN, level=0.9, same=True)
    )


# Choices among fine-tuned models


def ends(entrants, **options):
    with parallel_config(backend="threading"):
        return predicted_ends(table(), entrants, **{"share": 0.1, **options})


def line(c: Curve):
    return np.exp(np.polyval(np.polyfit(np.log(c.x), np.log(c.loss), 1), np.log(c.at)))


def test_an_end_is_said_from_the_points_up_to_the_share_and_no_others():
    told = ends({"line": line, "ours": lambda c: sl.forecast(c.x, c.loss, at=c.at)})
    assert told["entrant"].tolist() == ["line"] * 6 + ["ours"] * 6
    assert (told["share"] == 0.1).all()
    assert (told["end"] == 1e6).all()
    for row in told.to_dict("records"):
        part = table()[lambda t, r=row: (t["task"] == r["task"]) & (t["model"] == r["model"])]
        seen = part[part["x"] <= 1e5]
        assert row["true"] == part["loss"].iloc[-1]
        if row["entrant"] == "line":
            want = np.polyval(np.polyfit(np.log(seen["x"]), np.log(seen["loss"]), 1), np.log(1e6))
        else:
            want = np.log(sl.forecast(seen["x"], seen["loss"], at=[1e6])["mean"][0])
        # A forecast among others is the same but for rounding.
        assert np.log(row["said"]) == pytest.approx(want, abs=1e-6)


def test_an_entrant_without_an_answer_says_nothing_and_another_error_is_raised():
    def refuses(c):
        raise sl.Unidentifiable("no")

    assert ends({"no": refuses})["said"].isna().all()
    with pytest.raises(ZeroDivisionError):
        ends({"bad": lambda c: 1 / 0})
    for entrants in ({}, {"me": 3}):
        with pytest.raises(sl.BadParameters, match="the name of each to a function of a curve"):
            ends(entrants)
    with pytest.raises(sl.BadParameters, match="share is a part"):
        ends({"line": line}, share=1)
    flags = table().assign(train=True)
    with parallel_config(backend="threading"):
        assert predicted_ends(flags, {"line": line}, share=0.1).equals(ends({"line": line}))


SAID = pd.DataFrame(
    [
        *(("t", "a", 1.0, 2.0), ("t", "b", 0.9, 2.5), ("t", "c", 2.0, 4.0), ("t", "d", 0.1, 0.1)),
        *(("u", "a", 1.0, 3.0), ("u", "b", np.nan, 2.0), ("v", "a", 1.0, 1.0)),
    ],
    columns=["task", "model", "said", "true"],
).assign(share=0.1, entrant="e", end=9.0)


def test_a_selection_costs_what_its_choice_loses_over_the_best():
    group = {"a": "g", "b": "g", "c": "g", "z": "h"}
    told = select(SAID, group=group)
    assert told["task"].tolist() == ["t", "u"]
    first, second = told.to_dict("records")
    assert (first["choice"], first["best"], first["models"], first["group"]) == ("b", "a", 3, "g")
    assert (first["right"], first["regret"]) == (0.0, pytest.approx(0.25))
    pearson = np.corrcoef([1.0, 0.9, 2.0], [2.0, 2.5, 4.0])[0, 1]
    assert first["pearson"] == pytest.approx(pearson, rel=1e-12)
    assert (second["best"], second["models"]) == ("b", 2)
    assert pd.isna(second["choice"])
    assert np.isnan([second[k] for k in ("right", "regret", "pearson")]).all()
    every = select(SAID).set_index("task")
    assert every.loc["t", "choice"] == every.loc["t", "best"] == "d"
    assert (every.loc["t", "right"], every.loc["t", "regret"]) == (1.0, 0.0)
    assert set(every["group"]) == {"all models"}


def test_a_correlation_takes_three_models_that_differ():
    two = SAID.iloc[:2]
    assert np.isnan(select(two)["pearson"].iloc[0])
    for column in ("said", "true"):
        assert np.isnan(select(SAID.iloc[:3].assign(**{column: 1.0}))["pearson"].iloc[0])


def test_selections_refuse_other_ends_and_lonely_models():
    with pytest.raises(sl.BadRuns, match=r"task t, group all models: .* from 9 to 10"):
        select(SAID.assign(end=[9.0, 10.0] + [9.0] * 5))
    with pytest.raises(sl.Unidentifiable, match="no two models on one task"):
        select(SAID, group={"a": "g", "b": "h"})


def test_rates_count_choices_those_that_were_right_and_blind_ones():
    chosen = pd.concat([select(SAID), select(SAID, group={"a": "g", "b": "g", "c": "g"})])
    (told,) = choice_rates(chosen).to_dict("records")
    assert (told["share"], told["entrant"]) == (0.1, "e")
    # Four and two models, then three and two: 1/4 + 1/2 + 1/3 + 1/2.
    assert told["by_chance"] == pytest.approx(19 / 12)
    assert (told["choices"], told["right"], told["unanswered"]) == (4, 1.0, 2)
    assert told["regret"] == pytest.approx(0.125)
