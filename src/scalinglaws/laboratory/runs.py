"""A table of runs that the reader trained: every size on every amount of text."""

from __future__ import annotations

import csv
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scalinglaws._parallel.bars import Bar
from scalinglaws.errors import BadParameters, BadRuns, Interrupted
from scalinglaws.laboratory.models import CharacterModel
from scalinglaws.laboratory.training import Recipe, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scalinglaws.laboratory.text import Text

_SETTINGS = ("text", "hidden", "context", "embedding", "batch", "rate", "seed", "tokens")
_COLUMNS = (*_SETTINGS, "params", "loss", "seconds")
_Kept = dict[tuple[str, ...], dict[str, str]]


@dataclass(frozen=True)
class Plan:
    """The rungs of a ladder: hidden units, characters, and the pair of the largest run of all."""

    hidden: tuple[int, ...]
    characters: tuple[int, ...]
    largest: tuple[int, int]


PLANS = {
    "short": Plan((8, 16, 32, 64, 128), (10_240, 20_480, 40_960, 81_920, 163_840), (256, 327_680)),
    "long": Plan(
        (8, 16, 32, 64, 128, 256),
        (20_480, 40_960, 81_920, 163_840, 327_680, 655_360),
        (512, 1_310_720),
    ),
}
"""Ladders to choose from: about half a minute on one core, and about five."""


def ladder(
    text: Text,
    *,
    hidden: Sequence[int],
    characters: Sequence[int],
    seed: int = 0,
    recipe: Recipe | None = None,
    keep: str | Path | None = None,
) -> pd.DataFrame:
    """Train a model of each size on each amount of text; one row for each run.

    ``hidden`` are the sizes, in hidden units, and ``characters`` the amounts of text. Columns:
    ``params`` (all weights), ``tokens`` (characters that were read, once each), ``loss`` (nats per
    character, on text held out), ``hidden``, ``seed`` and ``seconds``. A bar shows how far it is.

    ``keep`` is a CSV file to which every run goes as it ends. Runs that stand in it, with the same
    text and recipe, are taken from there, so that an interrupted ladder continues and a longer
    one begins with what a shorter one trained.

    Raises :class:`BadParameters` for a ladder without rungs or a size below one, :class:`BadRuns`
    for a file that is no table of such runs, and :class:`Interrupted` on Ctrl-C.

    >>> from scalinglaws.laboratory import read_text
    >>> runs = ladder(read_text(), hidden=[8, 16], characters=[5_120, 10_240])
    >>> [int(n) for n in runs["params"]]
    [1183, 1183, 2015, 2015]
    """
    how = recipe or Recipe()
    if not hidden or not characters or min(hidden) < 1:
        raise BadParameters(
            f"hidden={list(hidden)}, characters={list(characters)}: give at least one size, of one "
            "hidden unit or more, and one number of characters"
        )
    rungs = list(itertools.product([CharacterModel(hidden=h) for h in hidden], characters))
    path = Path(keep) if keep else None
    kept = _read(path) if path and path.exists() else {}
    keys = [_key(text, model, count, seed, how) for model, count in rungs]
    left = sum(count for (_, count), key in zip(rungs, keys, strict=True) if key not in kept)
    with Bar(total=left, desc="Training", unit=" characters", unit_scale=True, leave=False) as bar:
        for (model, count), key in zip(rungs, keys, strict=True):
            if key in kept:
                continue
            started = time.perf_counter()
            try:
                loss = train(model, text, characters=count, seed=seed, recipe=how, tell=bar.update)
            except KeyboardInterrupt:
                where = f"in {path}; the same call continues from there" if path else "nowhere"
                raise Interrupted(f"stopped; the runs that ended are kept {where}") from None
            seconds = f"{time.perf_counter() - started:.2f}"
            values = (*key, str(model.params), repr(loss), seconds)
            kept[key] = dict(zip(_COLUMNS, values, strict=True))
            if path:
                _write(path, kept)
    table = pd.DataFrame([kept[key] for key in keys])
    table = table[["params", "tokens", "loss", "hidden", "seed", "seconds"]].apply(pd.to_numeric)
    table.attrs["name"] = f"models trained here on {text.name}"
    return table


def _key(
    text: Text, model: CharacterModel, characters: int, seed: int, recipe: Recipe
) -> tuple[str, ...]:
    """Return what decides a run's loss, as the file has it."""
    shape = (model.hidden, model.context, model.embedding)
    values = (text.sha256, *shape, recipe.batch, recipe.rate, seed, characters)
    return tuple(map(str, values))


def _read(path: Path) -> _Kept:
    """Read the runs that a file keeps, by what decides their loss."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
        for number, row in enumerate(rows, start=2):
            try:
                float(row["loss"]), int(row["params"]), [row[name] for name in _SETTINGS]
            except (KeyError, TypeError, ValueError):
                raise BadRuns(
                    f"{path}, line {number}: this is no run of a ladder, which has the columns "
                    f"{', '.join(_COLUMNS)}; give keep= another file, or remove the line"
                ) from None
    return {tuple(row[name] for name in _SETTINGS): row for row in rows}


def _write(path: Path, kept: _Kept) -> None:
    """Write the file anew and put it in place whole, so that no half line is ever read."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(kept.values())
    os.replace(partial, path)
