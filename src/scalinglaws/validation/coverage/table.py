"""The table of measured coverages: which cells it has, and measuring those that it lacks."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from scalinglaws.validation.coverage.cases import CASES
from scalinglaws.validation.coverage.study import measure

TABLE = Path(__file__).parents[2] / "intervals" / "coverage.csv"

PROCESSES = 2

CELL = ["case", "design", "objective"]


def cells(names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return what is measured at once: case, design and objective, for the cases given."""
    return [
        (name, design, objective)
        for name in names
        for design in CASES[name].designs
        for objective in (("lsq",) if CASES[name].law.domain == "real" else ("lsq_log", "huber"))
    ]


def sizes(done: pd.DataFrame) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Return how many data sets, of these resampled ones, and resamples each cell has."""
    drawn = done["resamples"] > 0
    found = {}
    for cell, rows in done.groupby(CELL):
        some = drawn[rows.index]
        sets, few = (int(rows.loc[at, "data_sets"].max()) for at in (~some, some))
        found[cell] = sets, few, int(rows["resamples"].max())
    return found


def update(
    path: Path,
    names: Sequence[str],
    *,
    data_sets: int | None = None,
    resamples: int | None = None,
) -> pd.DataFrame:
    """Measure every cell that the file has not got, on as many data sets and resamples as asked.

    These are each case's own unless they are given. The file is written after each cell. Returns
    the whole table.
    """
    # Late: a browser has no processes, and reads the table all the same.
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    done = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=[*CELL, "resamples"])
    have, todo = sizes(done), []
    for cell in cells(names):
        case = CASES[cell[0]]
        own = (data_sets or case.data_sets, data_sets or case.drawn, resamples or case.resamples)
        if have.get(cell) != own:
            todo.append(cell)
    place = {cell: k for k, cell in enumerate(cells([*CASES]))}
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        waiting = {
            pool.submit(measure, *cell, data_sets=data_sets, resamples=resamples): cell
            for cell in todo
        }
        for k, future in enumerate(as_completed(waiting), 1):
            found = future.result()
            old = (done[CELL] == list(waiting[future])).all(axis=1)
            done = done[~old]
            done = pd.concat([done, found], ignore_index=True) if len(done) else found
            where = [place[c] for c in done[CELL].itertuples(index=False, name=None)]
            done = done.iloc[pd.Series(where).argsort(kind="stable")]
            part = path.with_suffix(".part")
            done.to_csv(part, index=False, float_format="%.4g")
            part.replace(path)
            print(f"{k} of {len(todo)}: {', '.join(waiting[future])}", flush=True)
    return done
