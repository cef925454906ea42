"""Measure the empirical coverage of each kind of interval.

``python -m scalinglaws.validation.coverage`` brings ``intervals/coverage.csv`` up to date: one row
for each law, design, objective, kind of interval and quantity. A run that is stopped goes on where
it was; a file of one's own (``--out``) may have other numbers of data sets and resamples.
"""

import argparse
import os
from pathlib import Path

from scalinglaws.validation.coverage.cases import CASES
from scalinglaws.validation.coverage.table import CELL, TABLE, update


def main() -> None:
    """Measure what the table lacks; print the mean coverage by case, design and objective."""
    parser = argparse.ArgumentParser(
        prog="python -m scalinglaws.validation.coverage", description=__doc__
    )
    parser.add_argument("--data-sets", type=int, help="simulated data sets a cell, all resampled")
    parser.add_argument("--resamples", type=int, help="resamples of each data set")
    parser.add_argument("--law", choices=[*CASES], action="append", help="only this case")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table to write")
    given = parser.parse_args()
    if given.out == TABLE and (given.data_sets or given.resamples):
        parser.error("the library's own table has its own numbers: name a file of yours with --out")
    # Each process has a core of its own: more threads of linear algebra would slow both.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    done = update(
        given.out,
        given.law or [*CASES],
        data_sets=given.data_sets,
        resamples=given.resamples,
    )
    shown = done.pivot_table(index=CELL, columns="kind", values="coverage", sort=False)
    print(shown.round(3).to_string())
    few = done.groupby("kind")["error"].median().round(3).to_dict()
    print(f"Median standard error of one coverage, by kind: {few}")


if __name__ == "__main__":
    main()
