"""The edge of a cloud of runs: what beats what, ties, gaps, and the order of rows."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl


def test_no_run_of_less_or_equal_cost_beats_one_on_the_edge():
    rng = np.random.default_rng(0)
    runs = pd.DataFrame({"flops": rng.integers(1, 30, 200) * 1e18, "loss": rng.uniform(2, 4, 200)})
    edge = sl.compute.pareto(runs)
    beaten = [
        ((runs["flops"] <= r.flops) & (runs["loss"] < r.loss)).any() for r in runs.itertuples()
    ]
    # Losses are drawn without ties, so the edge is what nothing beats.
    expected = runs[~np.array(beaten)].sort_values("flops")
    assert edge[["flops", "loss"]].to_numpy().tolist() == expected.to_numpy().tolist()
    assert (np.diff(edge["loss"]) < 0).all()


def test_the_order_of_rows_and_units_change_nothing():
    rng = np.random.default_rng(1)
    runs = pd.DataFrame({"flops": rng.uniform(1, 9, 60), "loss": rng.uniform(2, 4, 60)})
    edge = sl.compute.pareto(runs)
    again = sl.compute.pareto(
        runs.sample(frac=1, random_state=2).assign(flops=runs["flops"] * 6e18)
    )
    assert again["loss"].tolist() == edge["loss"].tolist()


def test_ties_go_to_the_cheaper_and_gaps_are_left_out():
    runs = pd.DataFrame(
        {"hours": [1.0, 2.0, 2.0, 3.0, np.nan, 4.0], "error": [0.5, 0.4, 0.4, 0.4, 0.1, np.nan]},
        index=[9, 8, 7, 6, 5, 4],
    )
    edge = sl.compute.pareto(runs, cost="hours", of="error")
    assert edge["hours"].tolist() == [1.0, 2.0]
    assert edge.index.tolist() == [0, 1]


def test_attributes_stay_and_a_missing_column_is_named():
    runs = sl.load("zhai2021")
    assert sl.compute.pareto(runs, of="real_finetuned_error").attrs["name"] == "zhai2021"
    with pytest.raises(sl.BadRuns, match=r"no column hours, loss: name cost= and of="):
        sl.compute.pareto(runs, cost="hours")
