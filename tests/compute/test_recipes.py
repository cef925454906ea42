"""What a wrong setting costs: known grids, measured ones, order and units, and refusals."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute import regrets


@pytest.fixture(scope="module")
def grid():
    """Two cells whose log loss is a parabola in each setting, with a small twist between them."""
    rate, batch = np.meshgrid(2.0 ** np.arange(-12, -6), 2.0 ** np.arange(17, 22))
    rows = []
    for params, best in ((1e8, -9), (1e9, -10)):
        x, y = np.log2(rate.ravel()) - best, np.log2(batch.ravel()) - 19
        loss = 3 * np.exp(0.003 * x**2 + 0.002 * y**2)
        rows.append(
            pd.DataFrame(
                {"params": params, "tokens": 2e10, "learning_rate": rate.ravel(),
                 "batch_tokens": batch.ravel(), "loss": loss}
            )
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def test_a_parabola_gives_its_own_cost(grid):
    told = regrets(grid)
    rate = told[told["setting"] == "learning_rate"]
    np.testing.assert_allclose(rate["extra"], np.expm1(0.003 * np.log2(rate["times"]) ** 2))
    batch = told[told["setting"] == "batch_tokens"]
    np.testing.assert_allclose(batch["extra"], np.expm1(0.002 * np.log2(batch["times"]) ** 2))
    assert rate.groupby("params")["best"].first().to_dict() == {1e8: 2.0**-9, 1e9: 2.0**-10}
    assert not told["at_end"].any()
    assert len(told) == 2 * (6 + 5)


def test_order_and_units_change_nothing_but_the_units(grid):
    told = regrets(grid)
    mixed = regrets(grid.sample(frac=1, random_state=1))
    assert mixed["extra"].tolist() == pytest.approx(told["extra"].tolist())
    scaled = regrets(grid.assign(learning_rate=1000 * grid["learning_rate"], loss=2 * grid["loss"]))
    np.testing.assert_allclose(scaled["times"], told["times"])
    np.testing.assert_allclose(scaled["extra"], told["extra"], atol=1e-12)


def test_a_best_at_the_end_is_said(grid):
    told = regrets(grid[grid["learning_rate"] <= 2.0**-10])
    rate = told[(told["setting"] == "learning_rate") & (told["params"] == 1e8)]
    assert rate["at_end"].all()
    assert rate["times"].max() == 1


def test_values_printed_with_other_digits_are_one(grid):
    close = grid.copy()
    close.loc[close.index[::2], "learning_rate"] *= 1.001
    assert len(regrets(close)) == len(regrets(grid))


def test_step_laws_runs_say_that_too_high_is_dearer_than_too_low():
    runs = sl.load("steplaw").query("not diverged")
    told = regrets(runs.rename(columns={"params_non_embedding": "params"}))
    rate = told[told["setting"] == "learning_rate"]
    middle = rate.groupby(np.round(np.log2(rate["times"])))["extra"].median()
    # Counted once more from the table by hand: .32, .47, .84 and 2.67 per cent.
    assert middle[[-1, 1, -2, 2]].tolist() == pytest.approx(
        [0.0032, 0.0047, 0.0084, 0.0267], abs=1e-4
    )
    assert not told["at_end"].any()
    assert told.groupby(["params", "tokens"]).ngroups == 17


def test_too_few_values_and_missing_columns_are_refused(grid):
    two = grid[grid["learning_rate"] > 2.0**-8.5]
    assert set(regrets(two)["setting"]) == {"batch_tokens"}
    with pytest.raises(sl.errors.Unidentifiable, match="3 values of learning_rate or batch_tokens"):
        regrets(grid.head(2))
    with pytest.raises(sl.errors.BadRuns, match="learning_rate"):
        regrets(grid.drop(columns="learning_rate"))


def test_the_mark_of_simulated_runs_stays(grid):
    from scalinglaws._simulated import mark

    assert regrets(mark(grid.copy())).attrs["simulated"]
