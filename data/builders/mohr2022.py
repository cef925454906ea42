"""A drawn cut of the learning curves of LCDB 1.0, Mohr et al. 2022."""

from collections import defaultdict
from decimal import Decimal

from builders.rows import Files, Row

SEEDS = 20
ANCHORS = 12
STEP = 12


def curves(files: Files) -> list[Row]:
    """Return the long curves of every twelfth data set, at the sizes that have enough seeds."""
    found: dict[tuple[int, str], list[dict[str, str]]] = defaultdict(list)
    for row in files["lcdb/lcdb_seed_averaged.csv"]:
        if int(row["n_seeds"]) >= SEEDS:
            found[int(row["openmlid"]), row["learner"]].append(row)
    long = {curve: rows for curve, rows in found.items() if len(rows) >= ANCHORS}
    drawn = sorted({number for number, _ in long})[::STEP]
    names = {int(row["openmlid"]): row["Name"] for row in files["lcdb/datasets.csv"]}
    return [
        {
            "dataset": f"{number} {names.get(number, '')}".strip(),
            "learner": learner.split(".")[-1],
            "samples": int(row["size_train"]),
            "error": float(1 - Decimal(row["accuracy_test"])),
            "error_sd": float(row["accuracy_test_sd"]),
            "seeds": int(row["n_seeds"]),
        }
        for (number, learner), rows in long.items()
        if number in drawn
        for row in rows
    ]


TABLES = {"curves": curves}
