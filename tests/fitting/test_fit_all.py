"""Many tables fitted together: each ends where it ends alone, whatever goes along."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws._fit import Fit, fit_all

LAWS = [
    sl.laws.power_law("x"),
    sl.laws.shifted("x"),
    sl.laws.rectified("x"),
    sl.laws.saturating("x"),
    sl.laws.broken_power_law("x", breaks=1),
]


def table(seed: int, runs: int) -> pd.DataFrame:
    """A simulated curve that levels off, with 1% of noise, of some length and reach."""
    rng = np.random.default_rng(seed)
    x = np.geomspace(10, 10 ** (4 + seed), runs)
    noise = np.exp(0.01 * rng.normal(size=runs))
    return pd.DataFrame({"x": x, "loss": (0.2 + 2 * x**-0.4) * noise})


@pytest.mark.parametrize("objective", ["lsq_log", "huber", "lsq"])
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_each_ends_where_it_ends_alone(law: sl.Law, objective: str) -> None:
    tables = [table(seed, runs) for seed, runs in enumerate((12, 18, 30, 300, 20))]
    for found, runs in zip(
        fit_all(law, tables, objective=objective, check=False), tables, strict=True
    ):
        assert isinstance(found, Fit)
        alone = sl.fit(law, runs, objective=objective, check=False)
        # The same descents, but for the rounding of sums.
        assert found.objective == pytest.approx(alone.objective, rel=1e-8)


def test_what_is_held_stays_and_what_is_refused_says_why() -> None:
    good, few = table(1, 20), table(2, 2)
    first, refused, again = fit_all(sl.laws.power_law("x"), [good, few, good], held={"E": 0.1})
    assert isinstance(first, Fit)
    assert isinstance(again, Fit)
    assert isinstance(refused, sl.Unidentifiable)
    assert first.params["E"] == again.params["E"] == pytest.approx(0.1)
    assert first.objective == again.objective
