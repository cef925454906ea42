"""Tables that take minutes to compute and are kept beside the code: written part by part."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def keep(
    parts: Mapping[str, pd.DataFrame],
    compute: Callable[[str, pd.DataFrame], pd.DataFrame],
    *,
    table: Path,
    what: str,
) -> None:
    """Compute each part of a kept table and write down what is there after each.

    ``parts`` are tables of runs by name, ``table`` is where the kept one lies, unless the command
    line names another with ``--out``; ``what`` says in a sentence what is computed.
    """
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--out", default=table, help="the table to write")
    given = parser.parse_args()
    done: list[pd.DataFrame] = []
    for name, runs in parts.items():
        done.append(compute(name, runs))
        pd.concat(done).to_csv(given.out, index=False, float_format="%.4g")
        print(name, flush=True)
