"""Valleys are followed to their end: where a fit stops, a start from there finds nothing lower."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.fitting.solver import valley
from scalinglaws.fitting.solver.minimise import minimise
from scalinglaws.fitting.solver.plan import run


def power_law_runs(seed: int) -> pd.DataFrame:
    """Thirty runs of a power law with 0.6% noise, which say little of where a loss saturates."""
    params = np.geomspace(1e6, 1e9, 30)
    noise = 0.006 * np.random.default_rng(seed).standard_normal(30)
    return pd.DataFrame({"params": params, "loss": (1.6 + 60 * params**-0.3) * np.exp(noise)})


# Seeds whose fit stood 2e-4 to 6e-3 above the end of its valley after 200 steps more.
@pytest.mark.parametrize("seed", [1, 7, 8, 18, 23, 38])
def test_a_fit_ends_where_a_start_from_its_own_end_stays(seed: int) -> None:
    law, runs = sl.laws.saturating("params"), power_law_runs(seed)
    found = sl.fit(law, runs, objective=sl.LSQ_LOG, check=False)
    assert "stopped" not in found.minimum
    again = sl.fit(law, runs, objective=sl.LSQ_LOG, check=False, start=dict(found.params))
    # Rounding of a sum of 30 squares.
    assert again.objective == pytest.approx(found.objective, rel=1e-11)
    # The law holds a power law inside it, so it can be no worse.
    simpler = sl.fit(sl.laws.power_law("params"), runs, objective=sl.LSQ_LOG, check=False)
    assert found.objective <= simpler.objective * (1 + 1e-9)


def test_the_way_to_the_end_is_downhill_and_within_bounds() -> None:
    law, runs = sl.laws.saturating("params", top=40.0), power_law_runs(7)
    task = sl.fit(law, runs, objective=sl.LSQ_LOG, check=False).task()
    begin = minimise(task, (task.lower.clip(-5, 5) + task.upper.clip(-5, 5))[None] / 2, most=10)
    end = run(valley.to_the_end(task, begin.theta[0]))
    assert end.objective[0] <= begin.objective[0]
    assert (end.theta[0] >= task.lower).all()
    assert (end.theta[0] <= task.upper).all()


def test_a_huber_fit_is_led_on_too() -> None:
    law, runs = sl.laws.saturating("params"), power_law_runs(7)
    found = sl.fit(law, runs, check=False)
    again = sl.fit(law, runs, check=False, start=dict(found.params))
    # A start of one's own is followed by the same steps: what it still gains is not worth a digit.
    assert again.objective == pytest.approx(found.objective, rel=1e-6)
