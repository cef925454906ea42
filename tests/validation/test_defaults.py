"""The study of what is given by default: its table, and the public answers that it counts."""

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.validation.coverage import defaults

RIGHT = [name for name, d in defaults.designs().items() if d.law is sl.laws.CHINCHILLA]


def coverage():
    found = defaults.table().set_index(["design", "kind", "quantity"])["coverage"]
    return found.sort_index()


def test_the_table_has_every_design_kind_and_quantity():
    found = defaults.table()
    assert set(found["design"]) == set(defaults.designs())
    for name, design in defaults.designs().items():
        rows = found[found["design"] == name]
        many = {q.removesuffix(", to stake") for q in rows["quantity"]}
        assert many == set(defaults.asked(design))
        assert set(rows["kind"]) == {"default", "row by row"}
        assert (rows["data_sets"] == defaults.SETS).all()


@pytest.mark.parametrize("name", RIGHT)
def test_defaults_hold_where_the_law_is_right(name):
    # 90% less two standard errors of 100 data sets (3 points each), and 2 for the few groups.
    assert coverage()[name, "default"].min() >= 0.82


def test_row_by_row_does_not_hold_on_checkpoints():
    for name in ("checkpoints of 12 runs", "checkpoints of 6 runs"):
        assert coverage()[name, "row by row"]["alpha"] <= 0.7


def test_only_the_interval_to_stake_allows_for_a_wrong_form():
    found = coverage()["form slightly wrong", "default"]
    assert found["loss 10 times beyond"] <= 0.5
    assert found["loss 10 times beyond, to stake"] >= 0.85


def test_what_is_counted_are_the_public_answers():
    name, sets = "checkpoints of 6 runs", 3
    design = defaults.designs()[name]
    truth, at = defaults.asked(design)["loss 10 times beyond"]
    held = {"alpha": 0, "loss": 0, "best size": 0}
    most = 6 * (design.at.params * design.at.tokens).max()
    best = defaults.asked(design)["best size"][0]
    for number in range(sets):
        fit = sl.fit(sl.laws.CHINCHILLA, design.table(name, number))
        held["alpha"] += defaults.TRUTH["alpha"] in fit.interval("alpha")
        row = fit.predict(**at).iloc[0]
        held["loss"] += row["law_low"] <= truth <= row["law_high"]
        split = sl.allocate(fit, [10 * most]).iloc[0]
        held["best size"] += split["params_low"] <= best <= split["params_high"]
    found = defaults.measure(name, sets).set_index(["kind", "quantity"])["coverage"]["default"]
    assert found["alpha"] == pytest.approx(held["alpha"] / sets)
    assert found["loss 10 times beyond"] == pytest.approx(held["loss"] / sets)
    assert found["best size"] == pytest.approx(held["best size"] / sets)


@pytest.mark.parametrize("name", ["independent", "shared", "drifting", "falling"])
def test_noise_has_the_size_and_the_ties_that_its_name_says(name):
    at = defaults.Layout.grid(40, 50, 1, 60)
    rng = np.random.default_rng(0)
    drawn = np.array([getattr(defaults, name)(at, rng) for _ in range(40)]) / defaults.NOISE
    first = at.params == at.params.min()
    # 40 draws of 50 rows: a standard deviation is known to 2%, where rows are tied to 10%.
    assert drawn[:, first].std() == pytest.approx(1.0, rel=0.2)
    tie = np.mean(drawn[:, :-1] * drawn[:, 1:]) / np.mean(drawn**2)
    assert tie == pytest.approx({"shared": 0.49, "drifting": 0.88}.get(name, 0.0), abs=0.06)
    last = drawn[:, at.params == at.params.max()].std()
    assert last == pytest.approx(0.071 if name == "falling" else 1.0, rel=0.2)


def test_tables_are_marked_as_simulated():
    name = "single runs"
    table = defaults.designs()[name].table(name, 0)
    assert table["simulated"].all()
