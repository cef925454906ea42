"""How often intervals hold the truth: a measured table, for every kind, law and design.

``python -m scalinglaws.coverage`` simulates the table again (coverage.csv beside this file). A 90%
interval of a kind that under-covers on designs like a fit's own can then be said to do so.
"""

import argparse
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from scalinglaws.coverage_cases import BUNCHED, CASES, ONE_DECADE, RAY, WELL_SPREAD, form
from scalinglaws.fit import Fit
from scalinglaws.laws import Array, Law
from scalinglaws.objectives import HUBER, LSQ, LSQ_LOG, Objective, resolve

TABLE = Path(__file__).with_name("coverage.csv")

PROCESSES = 2
_NARROW = 2.0
_DECADES = 1.3
_GAP = 0.5


@cache
def table() -> pd.DataFrame:
    """Return the measured coverages, one row a law, design, objective, kind and quantity."""
    return pd.read_csv(TABLE)


def design_class(fit: Fit) -> str:
    """Return which of the measured designs a fit's runs are like."""
    return classify(fit.inputs)


def classify(x: Mapping[str, Array]) -> str:
    """Return the class of a design from its inputs, each (n,).

    ``"nearly one ray"`` when the ratio of two inputs (for inputs of unlike ranges: the least
    spread combination of their logarithms) spans less than a factor of 2, ``"one decade"`` when
    the widest input spans less than 1.3 decades, ``"bunched"`` when one input leaves a gap of more
    than half its range, ``"well spread"`` otherwise.
    """
    if any((v <= 0).any() for v in x.values()):
        return WELL_SPREAD
    logs = np.log(np.stack(list(x.values())))
    if len(logs) > 1:
        centred = logs - logs.mean(axis=1, keepdims=True)
        least = np.linalg.eigh(centred @ centred.T)[1][:, 0]
        # A ratio of two inputs has length sqrt(2) in their logarithms.
        if np.sqrt(2) * np.ptp(least @ centred) < np.log(_NARROW):
            return RAY
    widest = float(np.ptp(logs, axis=1).max())
    if widest < _DECADES * np.log(10):
        return ONE_DECADE
    if len(logs) == 1 and np.diff(np.sort(logs[0])).max() > _GAP * widest:
        return BUNCHED
    return WELL_SPREAD


def measured(
    law: Law,
    design: str,
    objective: Objective | str,
    kind: str,
    *,
    quantity: str | None = None,
) -> float | None:
    """Return the measured coverage of 90% intervals, or nothing where none was measured.

    The mean over a law's quantities, or that of one ``quantity``. A law that is not in the table
    has the median over the laws with as many inputs.
    """
    rows = table()
    rows = rows[
        (rows["design"] == design)
        & (rows["objective"] == resolve(objective).name)
        & (rows["kind"] == kind)
    ]
    own = rows[rows["form"] == form(law)]
    if own.empty:
        own = rows[rows["inputs"] == len(law.inputs)]
        quantity = quantity if quantity == "prediction" else None
    elif law.name in set(own["law"]):
        own = own[own["law"] == law.name]
    if quantity is not None:
        own = own[own["quantity"] == quantity]
    by_law = own.groupby("law")["coverage"].mean().dropna()
    return float(by_law.median()) if len(by_law) else None


def _objectives(law: Law) -> tuple[Objective, ...]:
    return (LSQ,) if law.domain == "real" else (LSQ_LOG, HUBER)


def _cell(name: str, design: str, objective: str, data_sets: int, resamples: int) -> pd.DataFrame:
    from scalinglaws.coverage_study import measure

    return measure(
        name,
        CASES[name],
        design,
        resolve(objective),
        data_sets=data_sets,
        resamples=resamples,
    )


def simulate_all(
    path: Path, *, laws: list[str], data_sets: int, resamples: int, fresh: bool = False
) -> pd.DataFrame:
    """Measure every cell (law, design, objective) that the file does not have, and add it.

    The file is written after each cell, so that a run that is stopped goes on from there.
    """
    done = pd.DataFrame() if fresh or not path.exists() else pd.read_csv(path)
    key = ["law", "design", "objective"]
    have = set(map(tuple, done[key].to_numpy().tolist())) if len(done) else set()
    todo = [
        (name, design, objective.name)
        for name in laws
        for design in CASES[name].designs
        for objective in _objectives(CASES[name].law)
        if (name, design, objective.name) not in have
    ]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        cells = {pool.submit(_cell, *cell, data_sets, resamples): cell for cell in todo}
        for k, future in enumerate(as_completed(cells), 1):
            done = pd.concat([done, future.result()], ignore_index=True)
            order = {name: i for i, name in enumerate(CASES)}
            done = done.sort_values(key, key=lambda c: c.map(order) if c.name == "law" else c)
            part = path.with_suffix(".part")
            done.to_csv(part, index=False, float_format="%.4g")
            part.replace(path)
            print(f"{k} of {len(todo)}: {', '.join(cells[future])}", flush=True)
    return done


def main() -> None:
    """Simulate what the table lacks; print the mean coverage by law, design and kind."""
    parser = argparse.ArgumentParser(prog="python -m scalinglaws.coverage", description=__doc__)
    parser.add_argument("--data-sets", type=int, default=400, help="simulated data sets a cell")
    parser.add_argument("--resamples", type=int, default=400, help="resamples of each")
    parser.add_argument("--law", choices=list(CASES), action="append", help="only this law")
    parser.add_argument("--fresh", action="store_true", help="measure again what the table has")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table to write")
    given = parser.parse_args()
    # Two processes share the cores: a linear-algebra library of many threads would slow both.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    done = simulate_all(
        given.out,
        laws=given.law or list(CASES),
        data_sets=given.data_sets,
        resamples=given.resamples,
        fresh=given.fresh,
    )
    shown = done.pivot_table(
        index=["law", "design", "objective"], columns="kind", values="coverage", sort=False
    )
    print(shown.round(3).to_string())
    error = float(np.sqrt(0.9 * 0.1 / given.data_sets))
    print(f"Standard error of one coverage near 90% from {given.data_sets} data sets: {error:.3f}")


if __name__ == "__main__":
    main()
