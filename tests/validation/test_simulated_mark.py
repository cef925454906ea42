"""The mark "simulated" survives what people do to tables."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws._simulated import is_simulated

CHINCHILLA = sl.laws.CHINCHILLA
TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}


def simulated(seed=0, **changes):
    rng = np.random.default_rng(seed)
    return sl.simulate.at(
        CHINCHILLA,
        {**TRUTH, **changes},
        noise=0.01,
        seed=seed,
        params=10 ** rng.uniform(7, 10, 20),
        tokens=10 ** rng.uniform(9, 12, 20),
    )


def written_and_read(table, folder):
    table.to_csv(folder / "runs.csv", index=False)
    return sl.read_runs(folder / "runs.csv")


WAYS = {
    "as it is": lambda t, _: t,
    "joined with measured runs": lambda t, _: pd.concat([sl.load("hoffmann2022"), t]),
    "joined before measured runs": lambda t, _: pd.concat([t, sl.load("hoffmann2022")]),
    "two simulations joined": lambda t, _: pd.concat([t, simulated(1, E=1.5)]),
    "merged with another": lambda t, _: t.merge(simulated(0)[["params", "simulated"]], on="params"),
    "grouped": lambda t, _: t.groupby("params", as_index=False).mean(),
    "without attributes": lambda t, _: pd.DataFrame(t.to_dict("list")),
    "some columns": lambda t, _: t[["params", "tokens", "loss"]],
    "through a csv": written_and_read,
    "joined, through a csv": lambda t, folder: written_and_read(
        pd.concat([sl.load("hoffmann2022")[list(t.columns[:4])], t]), folder
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_fit_of_simulated_runs_says_so(way, tmp_path):
    table = WAYS[way](simulated(), tmp_path).reset_index(drop=True)
    assert is_simulated(table)
    fit = sl.fit(CHINCHILLA, table)
    assert fit.simulated
    assert "SIMULATED" in repr(fit.report())
    assert sl.allocate(fit, 1e22, n=20).attrs["simulated"]
    assert "simulated runs" in repr(sl.figures.fit(fit))


def test_measured_runs_do_not():
    runs = sl.load("hoffmann2022")
    assert not is_simulated(runs)
    assert not is_simulated(runs.assign(simulated=False))
    assert not is_simulated(runs.assign(simulated="false"))
    assert not is_simulated(runs.assign(simulated=np.nan))
    assert not is_simulated(runs.assign(simulated_by=1).drop(columns="simulated_by"))
    assert not is_simulated(None)


def test_learning_curves_keep_it():
    x = np.geomspace(10, 1e4, 12)
    curve = sl.simulate.at(sl.laws.power_law("x"), {"E": 0.2, "k": 3.0, "c": 0.4}, x=x, noise=0.01)
    table = pd.concat([curve.assign(task="a", model="m"), curve.assign(task="b", model="m")])
    framed = sl.curves.arena.frame(table)
    assert is_simulated(framed)
    assert is_simulated(sl.curves.arena.frame(pd.DataFrame(framed.to_dict("list"))))
