"""Clouds of models, curves side by side, hulls, and two laws in a chain, by hand-made tables."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.downstream import aligned, chained, frontier, hold_largest, pairs, scored
from scalinglaws.laws import LOSS_TO_ERROR, OVERTRAINED


def test_scores_become_errors_in_shares_and_per_cent():
    table = pd.DataFrame({"upstream": [0.9, 0.6], "downstream": [70.0, 1.0]})
    told = pairs(table)
    assert told["upstream_error"].tolist() == pytest.approx([0.1, 0.4])
    # Per cent once a value is above one: 1.0 in such a column is one per cent.
    assert told["downstream_error"].tolist() == pytest.approx([0.3, 0.99])
    shares = pairs(table.assign(downstream=[0.7, 0.01]))
    assert shares["downstream_error"].tolist() == pytest.approx([0.3, 0.99])
    assert told["task"].unique().tolist() == ["downstream"]
    assert told["model"].tolist() == told["group"].tolist() == ["1", "2"]
    assert told["family"].unique().tolist() == ["all models"]


def test_errors_are_taken_as_they_are_and_labels_as_words():
    table = pd.DataFrame(
        {
            "upstream_error": [0.2, 0.3],
            "downstream_error": [0.4, 0.5],
            "model": [7, 8],
            "family": [1, 2],
            "group": ["g", "h"],
            "task": ["t", "u"],
        }
    )
    table.attrs = {"name": "made"}
    told = pairs(table)
    order = ["model", "family", "group", "task", "upstream_error", "downstream_error"]
    assert list(told.columns) == order
    assert told.iloc[1].tolist() == ["8", "2", "h", "u", 0.3, 0.5]
    assert told.attrs == {"name": "made", "left_out": 0}


def test_a_column_a_task_leaves_counts_alone():
    table = pd.DataFrame(
        {"upstream": [0.9, 0.6], "x": [0.2, 0.3], "y": [0.4, 0.5], "tokens": [1e9, 2e9]}
    ).assign(name="words", loss=2.0, items=9, params=3)
    told = pairs(table)
    assert told["task"].tolist() == ["x", "x", "y", "y"]
    assert told["downstream_error"].tolist() == pytest.approx([0.8, 0.7, 0.6, 0.5])
    assert told["upstream_error"].tolist() == pytest.approx([0.1, 0.4] * 2)
    assert told["model"].tolist() == ["1", "2"] * 2


def test_errors_of_zero_and_one_are_left_out_on_either_side_and_counted():
    table = pd.DataFrame(
        {
            "upstream_error": [0.0, 1.0, 0.2, 0.2, 0.2],
            "downstream_error": [0.5, 0.5, 0.0, 1.0, 0.5],
        }
    )
    told = pairs(table)
    assert told["model"].tolist() == ["5"]
    assert told.attrs["left_out"] == 4
    with pytest.raises(sl.BadRuns, match="no row has an error between 0 and 1 on both sides"):
        pairs(table.head(4))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"upstream": [0.5, 100.5], "downstream": [0.1, 0.2]}, "row 2, column upstream: .* 100"),
        ({"upstream": [0.5, -0.1], "downstream": [0.1, 0.2]}, "row 2, column upstream: found -0.1"),
        ({"upstream": ["a", "b"], "downstream": [0.1, 0.2]}, "row 1, column upstream"),
        ({"upstream": [0.5], "model": [3]}, "a column downstream, or a column of scores for each"),
        ({"upstream": []}, "needs runs; this table has no row|a table of scores needs"),
    ],
)
def test_scores_out_of_range_are_named(table, message):
    with pytest.raises(sl.BadRuns, match=message):
        pairs(pd.DataFrame(table))
    with pytest.raises(sl.BadRuns, match="it was given str"):
        pairs("scores")
    assert pairs(pd.DataFrame({"upstream": [100.0, 50.0], "downstream": [0.5, 0.5]})).shape[0] == 1


# Curves of several tasks


def test_the_upstream_error_is_read_between_its_points_in_both_logarithms():
    up = pd.DataFrame({"task": "up", "x": [1e2, 1e2, 1e4], "loss": [0.6, 0.4, 0.05]})
    down = pd.DataFrame({"task": "down", "x": [99.0, 1e2, 1e3, 1e4, 1.1e4], "loss": 0.3})
    down["loss"] = [0.9, 0.8, 0.7, 0.6, 0.5]
    alone = down.assign(model="alone", loss=0.1)
    table = pd.concat([up.assign(model="m"), down.assign(model="m"), alone])
    table.attrs = {"simulated": True, "name": "made"}
    told = aligned(table, upstream="up")
    # A repeated point counts by its mean, 0.5; halfway in log x the error is the geometric mean.
    assert told["upstream_error"].tolist() == pytest.approx([0.5, (0.5 * 0.05) ** 0.5, 0.05])
    assert told["downstream_error"].tolist() == [0.8, 0.7, 0.6]
    assert set(told["model"]) == set(told["family"]) == {"m"}
    assert set(told["task"]) == {"down"}
    assert told.attrs == {"simulated": True, "name": "made"}
    with pytest.raises(sl.UnknownName, match="no curve has the task 'z'; there are up, down"):
        aligned(table, upstream="z")


# Hulls


def test_a_hull_keeps_the_lowest_of_equal_errors_and_whole_rows():
    points = pd.DataFrame(
        {
            "upstream_error": [0.1, 0.1, 0.2, 0.3, 0.3, 0.2],
            "downstream_error": [0.5, 0.4, 0.2, 0.2, 0.15, 0.35],
            "name": list("abcdef"),
        }
    )
    assert frontier(points)["name"].tolist() == ["b", "c", "e"]
    turned = points.rename(columns={"upstream_error": "u", "downstream_error": "d"})
    assert frontier(turned, upstream="u", downstream="d")["name"].tolist() == ["b", "c", "e"]
    assert frontier(turned, upstream="d", downstream="u")["name"].tolist() != ["b", "c", "e"]
    assert list(frontier(points).index) == [0, 1, 2]
    with pytest.raises(sl.BadRuns, match="a frontier needs the columns u"):
        frontier(points, upstream="u")
    with pytest.raises(sl.BadRuns, match="row 1, column downstream_error"):
        frontier(points.assign(downstream_error=0.0))


# Two laws in a chain


def models(seed=0):
    rng = np.random.default_rng(seed)
    flops, ratio = (v.ravel() for v in np.meshgrid(np.geomspace(1e18, 1e20, 4), [5.0, 20, 80]))
    truth = {"E": 1.84, "a": 210.0, "b": 190.0, "eta": 0.136}
    loss = OVERTRAINED(truth, flops=flops, tokens_per_param=ratio)
    error = LOSS_TO_ERROR({"eps": 0.86, "k": 2.1, "gamma": 0.71}, loss=loss)
    noise = 0.01 * rng.exponential(size=(2, len(loss)))
    return pd.DataFrame(
        {
            "flops": flops,
            "tokens_per_param": ratio,
            "loss": loss * np.exp(noise[0]),
            "error": error + noise[1],
        }
    )


@pytest.mark.parametrize("objective", [sl.LSQ, sl.LSQ_LOG])
def test_a_chain_is_one_law_after_the_other(objective):
    losses, errors = models(0), models(1).head(9)
    at = models(2).tail(3).set_index(pd.Index([5, 5, 5]))
    told = chained(losses, errors, at=at, objective=objective, seed=2)
    first = sl.fit(OVERTRAINED, losses, objective=objective, seed=2, check=False)
    second = sl.fit(LOSS_TO_ERROR, errors, objective=objective, seed=2, check=False)
    assert told.attrs == {"fits": {"loss": dict(first.params), "error": dict(second.params)}}
    x = {k: at[k].to_numpy() for k in ("flops", "tokens_per_param")}
    loss = OVERTRAINED(first.params, **x)
    error = LOSS_TO_ERROR(second.params, loss=loss)
    beside = LOSS_TO_ERROR(second.params, loss=at["loss"].to_numpy())
    want = {"predicted_loss": loss, "predicted_error": error, "error_at_loss": beside}
    want |= {"loss_off": loss / at["loss"] - 1, "error_off": error / at["error"] - 1}
    want |= {"error_at_loss_off": beside / at["error"] - 1}
    for name, values in want.items():
        assert told[name].tolist() == pytest.approx(list(values), rel=1e-12), name
    assert list(told.index) == [0, 1, 2]
    moved = chained(losses, errors, at=at.assign(error=0.1), objective=objective, seed=2)
    # What was measured at the targets enters what is off, never what is predicted.
    assert moved["predicted_error"].equals(told["predicted_error"])
    with pytest.raises(sl.BadRuns, match=r"two laws in a chain needs .* lacks error"):
        chained(losses, errors, at=at.drop(columns="error"))
    if objective is sl.LSQ:
        assert chained(losses, errors, at=at, seed=2).equals(told)


# Tables of scores


def own():
    sizes = [1e8, 2e8, 4e8, 8e8]
    rows = [(f"m{k}", t, n) for k, n in enumerate(sizes) for t in ("a", "b")]
    table = pd.DataFrame(rows, columns=["model", "task", "params"])
    return table.assign(tokens=2e10, loss=3.0, score=0.5, chance=0.25, task_loss=1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": 1.01}, "row 1, column score: found 1.01; expected a share"),
        ({"score": -0.01}, "row 1, column score: found -0.01"),
        ({"chance": 1.5}, "row 1, column chance: found 1.5"),
        ({"task_loss": 0.0}, "row 1, column task_loss"),
        ({"model": "m"}, "repeats|model m is there twice on task a"),
    ],
)
def test_a_table_of_scores_is_refused_at_its_first_wrong_row(tmp_path, change, message):
    own().assign(**change).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(sl.BadRuns, match=message):
        scored(tmp_path / "mine.csv")


def test_scores_at_the_ends_of_their_range_are_taken(tmp_path):
    table = own().assign(score=[0.0, 1.0] * 4, chance=[0, 1] * 4)
    table.to_csv(tmp_path / "mine.csv", index=False)
    told = scored(f" {tmp_path / 'mine.csv'} ")
    assert told["score"].tolist() == [0.0, 1.0] * 4
    assert (told["score"].dtype, told["chance"].dtype) == (float, float)
    assert not any("no column chance" in n for n in sl.card(told).notes)
    table.drop(columns="chance").to_csv(tmp_path / "less.csv", index=False)
    less = scored(tmp_path / "less.csv")
    assert (less["chance"] == 0).all()
    assert "there is no column chance: 0 is taken" in sl.card(less).notes
    with pytest.raises(sl.UnknownName, match="no table is called 'mine'"):
        scored("mine")


@pytest.mark.parametrize(
    ("share", "held"), [(0.2, [8e8]), (0.01, [8e8]), (0.5, [4e8, 8e8]), (0.7, [2e8, 4e8, 8e8])]
)
def test_the_largest_share_of_sizes_is_held_one_at_least(share, held):
    small, large = hold_largest(own(), share)
    assert sorted(large["params"].unique()) == held
    assert set(small["params"]) == set(own()["params"]) - set(held)
    assert list(small.index) == list(range(len(small)))
    assert list(large.index) == list(range(len(large)))
    with pytest.raises(sl.Unidentifiable, match="there are 4 sizes, and none is left to fit"):
        hold_largest(own(), 0.9)
    for wrong in (0, 1):
        with pytest.raises(sl.BadParameters, match="share is a part"):
            hold_largest(own(), wrong)
    with pytest.raises(sl.BadRuns, match="to hold the largest models of needs the columns params"):
        hold_largest(own().drop(columns="params"), 0.2)
