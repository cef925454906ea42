"""Successive halving by hand: who goes on, who is chosen, what it costs."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.curves.planning import halving

X = np.geomspace(1e3, 1e6, 31)


def curve(model, scale, c, task="t"):
    loss = 0.1 + scale * (X / 1e3) ** -c
    return pd.DataFrame({"task": task, "model": model, "x": X, "loss": loss})


def late():
    """Five models whose order at a tenth is d, c, b, a, e; a overtakes all of them at the end."""
    return pd.concat(
        [curve(m, s, c) for m, s, c in (
            ("a", 3.2, 0.40), ("b", 1.75, 0.3), ("c", 1.1, 0.2), ("d", 0.75, 0.15), ("e", 1.5, 0.1),
        )]
    )  # fmt: skip


def order_at(table, x):
    """Models from best to worst at a point that every curve has."""
    rows = table[np.isclose(table["x"], x)]
    return rows.sort_values("loss")["model"].tolist()


def test_the_better_half_goes_on_and_the_rest_costs_no_more():
    table = late()
    tenth, third = X[20], X[25]  # a tenth of the end, and a little above .3
    assert order_at(table, tenth) == ["d", "c", "b", "a", "e"]
    assert order_at(table, X[-1])[0] == "a"
    row = halving(table, shares=(0.1, third / X[-1])).iloc[0]
    # Three of five go on, two of these; the better at the end is chosen, and a was stopped.
    left = [m for m in order_at(table, third) if m in {"d", "c", "b"}][:2]
    end = table[table["x"] == X[-1]].set_index("model")["loss"]
    assert row["choice"] == min(left, key=end.get)
    assert (row["best"], row["right"], row["models"]) == ("a", False, 5)
    # The truth is a line through the points within 1.2 of the end, of which there is one: itself.
    assert row["regret"] == pytest.approx(end[row["choice"]] / end["a"] - 1, rel=1e-9)
    cut = third / X[-1]
    assert row["spent"] == pytest.approx((5 * 0.1 + 3 * (cut - 0.1) + 2 * (1 - cut)) / 5)


def test_a_forecast_lets_the_steeper_curve_go_on():
    row = halving(late(), shares=(0.1,), rule="forecast").iloc[0]
    assert (row["choice"], row["right"], row["regret"]) == ("a", True, 0.0)
    # Three of five after a tenth.
    assert row["spent"] == pytest.approx((5 * 0.1 + 3 * 0.9) / 5)


def test_neither_order_nor_names_nor_units_matter():
    table = late()
    once = halving(table)
    turned = table.sample(frac=1, random_state=0).assign(x=lambda t: 7 * t["x"])
    again = halving(turned.assign(loss=3 * turned["loss"]))
    # Logs of scaled numbers differ by roundings.
    pd.testing.assert_frame_equal(once, again, rtol=1e-9)


def test_too_few_points_leave_a_task_without_a_choice():
    table = pd.concat([late(), curve("f", 1.0, 0.2).iloc[[-1]]])
    row = halving(table).iloc[0]
    assert row["unjudged"] == 1
    assert pd.isna(row["choice"])
    short = late()[lambda t: t["x"] > X[15]]
    # Five points lie in (X[15], X[20]]: enough to see a loss, one short for a forecast.
    assert halving(short).iloc[0]["unjudged"] == 0
    assert halving(short, rule="forecast").iloc[0]["unjudged"] == 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shares": ()}, "increase"),
        ({"shares": (0.5, 0.5)}, "increase"),
        ({"keep": 0.0}, "between 0 and 1"),
        ({"keep": 1.0}, "between 0 and 1"),
        ({"rule": "luck"}, "choose from: so far, forecast"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(options, words):
    with pytest.raises(sl.BadParameters, match=words):
        halving(late(), **options)


def test_one_model_a_task_is_no_choice():
    with pytest.raises(sl.Unidentifiable, match="no task has two models"):
        halving(curve("a", 1.0, 0.2))


def test_simulated_curves_stay_marked():
    table = late()
    table.attrs["simulated"] = True
    assert halving(table).attrs["simulated"]
