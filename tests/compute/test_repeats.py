"""Runs beside those that differ only in how often their text repeats."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute import passes


def table():
    """Two settings with text read once, and one without."""
    rows = [
        (1e9, 2.0e10, 2.0e10, 2.50), (1e9, 2.0e10, 1.96e10, 2.60), (1e9, 2.01e10, 5e9, 2.55),
        (1e9, 2.0e10, 1e9, 2.80), (3e9, 6e10, 6e10, 2.20), (3e9, 6e10, 1.5e10, 2.19),
        (5e9, 1e11, 1e10, 2.30), (5e9, 1e11, 5e10, 2.10),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["params", "tokens", "unique_tokens", "loss"])


def test_each_run_is_set_beside_the_mean_of_its_setting():
    found = passes(table())
    assert found["epochs"].round(2).tolist() == [20.0, 4.02, 4.0]
    once = np.sqrt(2.5 * 2.6)  # log losses are averaged
    np.testing.assert_allclose(found["once"], [once, once, 2.20])
    np.testing.assert_allclose(found["extra"], [2.80 / once - 1, 2.55 / once - 1, 2.19 / 2.2 - 1])


def test_neither_order_nor_unit_nor_labels_matter():
    once = passes(table())
    turned = table().sample(frac=1, random_state=1).set_index(pd.Index(list("abcdefgh")))
    again = passes(turned.assign(loss=2 * turned["loss"]))
    pd.testing.assert_frame_equal(
        once, again.assign(loss=again["loss"] / 2, once=again["once"] / 2), rtol=1e-12
    )


@pytest.mark.parametrize(("factor", "rows"), [(1.019, 3), (1.021, 2)])
def test_settings_are_the_same_within_two_per_cent(factor, rows):
    apart = table()
    apart.loc[5, "params"] *= factor
    assert len(passes(apart)) == rows


@pytest.mark.parametrize(("epochs", "rows"), [(1.049, 2), (1.051, 3)])
def test_text_counts_as_read_once_up_to_a_twentieth_more(epochs, rows):
    near = table()
    near.loc[2, "unique_tokens"] = near.loc[2, "tokens"] / epochs
    assert len(passes(near)) == rows


def test_what_cannot_be_told_is_refused():
    with pytest.raises(sl.Unidentifiable, match="no two runs have the same size"):
        passes(table().iloc[[0, 4, 6, 7]])
    with pytest.raises(sl.BadRuns, match="lacks unique_tokens"):
        passes(table().drop(columns="unique_tokens"))
    with pytest.raises(sl.BadRuns, match="row 2, column loss"):
        passes(table().assign(loss=lambda t: t["loss"].where(t.index != 1)))


def test_the_bundled_runs_pay_little_for_few_passes_and_much_for_many():
    found = passes(sl.load("muennighoff2023"))
    few, many = found[found["epochs"] <= 5], found[found["epochs"] > 20]
    # Counted in the authors' runs: medians of 24 and 33 of them.
    assert few["extra"].median() == pytest.approx(0.0044, abs=2e-4)
    assert many["extra"].median() > 0.1


def test_simulated_runs_stay_marked():
    runs = table()
    runs.attrs["simulated"] = True
    assert passes(runs).attrs["simulated"]
    assert "SIMULATED" in sl.figures.passes(passes(runs)).stamp
