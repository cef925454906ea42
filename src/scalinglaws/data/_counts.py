"""What a table's own columns say about how parameters and compute were counted."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scalinglaws import counting
from scalinglaws.data._cells import Cells
from scalinglaws.errors import BadRuns

EXACT = 0.02
"""How far FLOPs may be from 6ND and still be called that."""

APART = 1.15
"""How far FLOPs over 6ND may drift between the smallest and the largest models unremarked."""


def contradictions(
    cells: Cells, numbers: dict[str, list[float]], *, both: bool = False
) -> Iterator[str]:
    """Yield one problem for each row with fewer parameters in all than without embeddings.

    And one when the two counts are the same in every row though ``both`` are needed.
    """
    if not {"params", "params_non_embedding"} <= set(numbers):
        return
    if both and numbers["params"] == numbers["params_non_embedding"]:
        yield (
            "columns params and params_non_embedding are equal in every row; expected two counts, "
            "with embeddings and without"
        )
    pairs = zip(numbers["params"], numbers["params_non_embedding"], strict=True)
    for row, (every, layers) in enumerate(pairs):
        if layers > every:
            yield (
                f"{cells.place(row)}: params_non_embedding {layers:g} is more than params "
                f"{every:g}; params counts everything. Are the two columns swapped?"
            )


def best_of_cell(
    cells: Cells, values: dict[str, list[Any]], numbers: dict[str, list[float]]
) -> tuple[Cells, dict[str, list[Any]], dict[str, list[float]], str]:
    """Return the rows with the lowest loss for their params and tokens, and a note of the rest.

    Raises :class:`BadRuns` for a table without all three.
    """
    if not {"params", "tokens", "loss"} <= set(numbers):
        raise BadRuns(
            "best_of_cell compares losses at equal params and tokens: all three are needed"
        )
    best: dict[tuple[float, float], int] = {}
    for k, cell in enumerate(zip(numbers["params"], numbers["tokens"], strict=True)):
        if cell not in best or numbers["loss"][k] < numbers["loss"][best[cell]]:
            best[cell] = k
    chosen = sorted(best.values())
    kept = replace(
        cells,
        rows=tuple(cells.rows[k] for k in chosen),
        lines=tuple(cells.lines[k] for k in chosen) if cells.lines else (),
        frame=None if cells.frame is None else cells.frame.iloc[chosen].reset_index(drop=True),
    )
    note = (
        f"{len(chosen)} of {len(cells.rows)} rows kept, the lowest loss of each size and data: "
        f"the best of few runs lies a little below what their law says"
    )
    words = {n: [v[k] for k in chosen] for n, v in values.items()}
    return kept, words, {n: [v[k] for k in chosen] for n, v in numbers.items()}, note


def notes(numbers: dict[str, list[float]], derived: Sequence[str]) -> Iterator[str]:
    """Yield what a reader of the card should know of the counts, in words."""
    layers, every = numbers.get("params_non_embedding"), numbers.get("params")
    if layers is not None and layers == every:
        yield (
            "params and params_non_embedding are equal in every row: embeddings are counted in "
            "both or in neither"
        )
    if derived or not {"params", "tokens", "flops"} <= set(numbers):
        return
    n, d, c = (np.array(numbers[k]) for k in ("params", "tokens", "flops"))
    ratio = c / (6.0 * n * d)
    if np.abs(ratio - 1).max() < EXACT:
        return
    yield f"flops are {ratio.min():.2f} to {ratio.max():.2f} times 6 params tokens"
    third = np.quantile(n, [1 / 3, 2 / 3])
    small, large = (float(np.median(ratio[k])) for k in (n <= third[0], n >= third[1]))
    if not math.isfinite(small / large) or max(small / large, large / small) < APART:
        return
    more = small > large
    yield (
        f"flops over 6 params tokens is {small:.2f} for the smallest models and {large:.2f} for "
        f"the largest: params may {'leave out' if more else 'count'} embeddings that flops "
        f"{'counts' if more else 'leaves out'}"
    )


def derive(numbers: dict[str, list[float]], *, ratio: bool = False) -> dict[str, str]:
    """Add what follows from two of params, tokens and flops; return how, by name.

    With ``ratio``, tokens per parameter too, where the file has none.
    """
    found = _third(numbers)
    if ratio and "tokens_per_param" not in numbers and {"params", "tokens"} <= set(numbers):
        pairs = zip(numbers["params"], numbers["tokens"], strict=True)
        numbers["tokens_per_param"] = [d / n for n, d in pairs]
        found["tokens_per_param"] = "tokens / params"
    return found


def _third(numbers: dict[str, list[float]]) -> dict[str, str]:
    params = numbers.get("params")
    if params is None and {"tokens", "flops"} <= set(numbers):
        pairs = zip(numbers["flops"], numbers["tokens"], strict=True)
        numbers["params"] = [c / (6.0 * d) for c, d in pairs]
        return {"params": "flops / (6 tokens)"}
    if params is None or not {"tokens", "flops"} & set(numbers):
        return {}
    if "tokens" not in numbers:
        pairs = zip(numbers["flops"], params, strict=True)
        numbers["tokens"] = [c / (6.0 * n) for c, n in pairs]
        return {"tokens": "flops / (6 params)"}
    if "flops" not in numbers:
        pairs = zip(params, numbers["tokens"], strict=True)
        numbers["flops"] = [counting.six_nd(n, d) for n, d in pairs]
        return {"flops": "6 params tokens"}
    return {}
