"""Measure how often each kind of interval holds the truth: ``python -m scalinglaws.coverage``.

Writes coverage.csv beside this file, which :mod:`scalinglaws.measured` looks up: one row a law,
design, objective, kind of interval and quantity. A run that is stopped goes on where it was.
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from scalinglaws.coverage_cases import CASES
from scalinglaws.coverage_study import measure

TABLE = Path(__file__).with_name("coverage.csv")

PROCESSES = 2

_CELL = ["case", "design", "objective"]


def cells(names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return what is measured at once: case, design and objective, for the cases given."""
    return [
        (name, design, objective)
        for name in names
        for design in CASES[name].designs
        for objective in (("lsq",) if CASES[name].law.domain == "real" else ("lsq_log", "huber"))
    ]


def update(
    path: Path, names: Sequence[str], *, data_sets: int, resamples: int, fresh: bool = False
) -> pd.DataFrame:
    """Measure every cell that the file lacks (every cell with ``fresh``), and put it there.

    The file is written after each cell. Returns the whole table.
    """
    done = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=_CELL)
    mine = done["case"].isin(names)
    done = done[~mine] if fresh else done
    have = set(done[_CELL].itertuples(index=False, name=None))
    todo = [cell for cell in cells(names) if cell not in have]
    place = {cell: k for k, cell in enumerate(cells([*CASES]))}
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        waiting = {
            pool.submit(measure, *cell, data_sets=data_sets, resamples=resamples): cell
            for cell in todo
        }
        for k, future in enumerate(as_completed(waiting), 1):
            found = future.result()
            done = pd.concat([done, found], ignore_index=True) if len(done) else found
            where = [place[c] for c in done[_CELL].itertuples(index=False, name=None)]
            done = done.iloc[pd.Series(where).argsort(kind="stable")]
            part = path.with_suffix(".part")
            done.to_csv(part, index=False, float_format="%.4g")
            part.replace(path)
            print(f"{k} of {len(todo)}: {', '.join(waiting[future])}", flush=True)
    return done


def main() -> None:
    """Measure what the table lacks; print the mean coverage by case, design and objective."""
    parser = argparse.ArgumentParser(prog="python -m scalinglaws.coverage", description=__doc__)
    parser.add_argument("--data-sets", type=int, default=400, help="simulated data sets a cell")
    parser.add_argument("--resamples", type=int, default=400, help="resamples of each data set")
    parser.add_argument("--law", choices=[*CASES], action="append", help="only this case")
    parser.add_argument("--fresh", action="store_true", help="measure again what the table has")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table to write")
    given = parser.parse_args()
    # Each process has a core of its own: more threads of linear algebra would slow both.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    done = update(
        given.out,
        given.law or [*CASES],
        data_sets=given.data_sets,
        resamples=given.resamples,
        fresh=given.fresh,
    )
    shown = done.pivot_table(index=_CELL, columns="kind", values="coverage", sort=False)
    print(shown.round(3).to_string())
    few = done.groupby("kind")["error"].median().round(3).to_dict()
    print(f"Median standard error of one coverage, by kind: {few}")


if __name__ == "__main__":
    main()
