"""What a fit refuses: laws and tables that are none, too few runs, values out of bounds."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from skewed_runs import CHINCHILLA, LINE, TRUTH, size_and_data, straight

RUNS = size_and_data()
FIT = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", seed=3)


def test_a_fit_takes_a_law_and_a_table_with_its_columns():
    with pytest.raises(sl.BadRuns, match="a law is expected"):
        sl.fit("Chinchilla", RUNS)
    with pytest.raises(sl.BadRuns, match="needs a table of runs"):
        sl.fit(CHINCHILLA, RUNS.to_dict())
    for name in ("params", "tokens", "loss"):
        with pytest.raises(sl.BadRuns, match=f"the table lacks {name}"):
            sl.fit(CHINCHILLA, RUNS.drop(columns=name))
        wrong = RUNS.assign(**{name: RUNS[name].where(np.arange(40) != 1, 0.0)})
        with pytest.raises(sl.BadRuns, match=f"row 2, column {name}"):
            sl.fit(CHINCHILLA, wrong)


def test_what_cannot_be_fitted_is_refused_by_its_name():
    with pytest.raises(sl.UnknownName, match="no objective is called 'squares'"):
        sl.fit(CHINCHILLA, RUNS, objective="squares")
    with pytest.raises(sl.BadRuns, match="column loss: found"):
        sl.fit(LINE, straight())
    with pytest.raises(sl.BadParameters, match="held: E must be a number"):
        sl.fit(CHINCHILLA, RUNS, held={"E": "low"})
    with pytest.raises(sl.BadParameters, match="a seed is a whole number"):
        sl.fit(CHINCHILLA, RUNS, seed=-1)
    with pytest.raises(sl.BadRuns, match="weights need 40 finite"):
        sl.fit(CHINCHILLA, RUNS, weights=np.ones(39))
    with pytest.raises(sl.Unidentifiable, match="needs at least 8 distinct runs") as refusal:
        sl.fit(CHINCHILLA, RUNS.iloc[:7])
    assert refusal.value.partial.design.distinct == 7
    assert sl.fit(CHINCHILLA, RUNS.iloc[:8], objective="lsq_log").starts == 24
    assert sl.fit(CHINCHILLA, RUNS.iloc[:7], objective="lsq_log", check=False).starts == 24


def test_a_law_without_a_finite_loss_anywhere_is_refused_with_its_design():
    law = sl.Law(
        name="nowhere",
        inputs=("x",),
        parameters=(sl.Parameter(name="k", symbol="k", unit="1", meaning="a scale"),),
        function=lambda p, x: p["k"] * x["x"] * np.inf,
        formula="y = inf",
        reference="made up",
    )
    runs = pd.DataFrame({"x": np.geomspace(1, 100, 9), "loss": np.geomspace(2, 3, 9)})
    with pytest.raises(sl.Unidentifiable, match="gives no finite loss on these runs") as refusal:
        sl.fit(law, runs)
    assert refusal.value.partial.distinct == 9
    assert "start={...}" in refusal.value.insist


def test_starts_of_ones_own_replace_those_from_the_data_and_held_values_stay():
    fit = sl.fit(CHINCHILLA, RUNS, objective="lsq_log", start=TRUTH)
    assert fit.starts == 1
    # One start meets the same minimum as 24.
    assert fit.objective == pytest.approx(FIT.objective, rel=1e-9)
    with pytest.raises(sl.BadParameters, match="alpha cannot start at"):
        sl.fit(CHINCHILLA, RUNS, start={**TRUTH, "alpha": 9.0})
