"""Sharing out a spread: known truth, chance, order, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.curves import shares


def table(cells):
    rows = [(f"t{i}", f"m{j}", x) for i, row in enumerate(cells) for j, x in enumerate(row)]
    return pd.DataFrame(rows, columns=["task", "model", "x"])


def shared(cells, **how):
    how = {"of": "x", "rows": "task", "columns": "model", "n": 300} | how
    return shares(table(cells), **how).set_index("label")


def test_what_is_added_is_shared_out_exactly():
    task, model = np.array([0.0, 1.0, 4.0, 7.0]), np.array([0.0, 2.0, 3.0])
    found = shared(task[:, None] + model)
    # Of an additive table the shares are those of the two variances.
    of_task, of_model = task.var(), model.var()
    assert found.loc["task", "share"] == pytest.approx(of_task / (of_task + of_model))
    assert found.loc["model", "share"] == pytest.approx(of_model / (of_task + of_model))
    assert found.loc["neither", "share"] == pytest.approx(0, abs=1e-12)
    assert found.loc["task", "levels"] == 4
    assert found.loc["task", "p_value"] < 0.02


def test_noise_gives_the_shares_of_chance_and_rejects_as_often_as_it_says():
    rng = np.random.default_rng(3)
    found = [shared(rng.normal(size=(6, 5)), n=99, seed=k) for k in range(200)]
    # (rows - 1) / (cells - 1) of pure noise, here 5/29: the mean of 200 tables is within 0.02.
    assert np.mean([f.loc["task", "share"] for f in found]) == pytest.approx(5 / 29, abs=0.02)
    assert np.mean([f.loc["task", "by_chance"] for f in found]) == pytest.approx(5 / 29, abs=0.02)
    # One in ten at a level of 0.1; two standard errors of 200 tables are 0.042.
    rejected = np.mean([f.loc["task", "p_value"] <= 0.1 for f in found])
    assert rejected == pytest.approx(0.1, abs=0.045)


def test_a_shuffle_keeps_what_the_other_label_explains():
    rng = np.random.default_rng(4)
    cells = 100 * np.arange(5) + rng.normal(size=(6, 5))
    found = shared(cells)
    assert found.loc["model", "p_value"] < 0.01
    assert found.loc["task", "by_chance"] < 0.001


def test_order_and_scale_change_nothing_but_the_draws():
    rng = np.random.default_rng(5)
    cells = rng.normal(size=(5, 4)) + np.arange(4)
    one = shared(cells)["share"]
    again = shares(
        table(3 * cells + 7).sample(frac=1, random_state=1),
        of="x",
        rows="task",
        columns="model",
        n=9,
    ).set_index("label")["share"]
    np.testing.assert_allclose(again, one, rtol=1e-9)


def test_gaps_are_left_out_columns_first():
    cells = np.arange(30.0).reshape(6, 5) ** 2
    cells[:3, 4] = np.nan  # half of a model's tasks: the model goes
    cells[0, 1] = np.nan  # one cell: the task goes
    found = shared(cells)
    assert (found.loc["task", "levels"], found.loc["model", "levels"]) == (5, 4)


def test_what_cannot_be_shared_out_is_refused():
    good = table(np.arange(12.0).reshape(4, 3))
    with pytest.raises(sl.BadRuns, match="no column y"):
        shares(good, of="y", rows="task", columns="model")
    with pytest.raises(sl.BadRuns, match="two values of x"):
        shares(pd.concat([good, good]), of="x", rows="task", columns="model")
    with pytest.raises(sl.Unidentifiable, match="4 task and 2 model have a value each"):
        shares(good[good["model"] != "m2"], of="x", rows="task", columns="model")


def test_what_was_kept_is_said_and_chance_is_taken_off():
    full = pd.DataFrame(
        [(t, m, 10.0 * t + m) for t in range(5) for m in range(4)], columns=["task", "model", "x"]
    )
    holey = pd.concat([full, pd.DataFrame({"task": [7], "model": [0], "x": [1.0]})])
    told = sl.curves.shares(holey, of="x", rows="task", columns="model", n=100)
    assert told.attrs["kept"] == {"task": [0, 1, 2, 3, 4], "model": [0, 1, 2, 3]}
    labels = told.iloc[:2]
    np.testing.assert_allclose(labels["over_chance"], labels["share"] - labels["by_chance"])
    assert told["over_chance"].isna().tolist() == [False, False, True]
