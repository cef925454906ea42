"""A user's own table of runs, checked row by row before anything is fitted to it."""

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scalinglaws import _labels
from scalinglaws import identifiability as design
from scalinglaws.data import _counts, _mapping, _units
from scalinglaws.data._carried import Carried
from scalinglaws.data._cells import Cells
from scalinglaws.data._formats import opened
from scalinglaws.data._joins import joined
from scalinglaws.data._missing import missing
from scalinglaws.data._naming import CORE, TIMES, key, named
from scalinglaws.data._numbers import read_numbers, read_others
from scalinglaws.data._rows import kept
from scalinglaws.errors import BadRuns, Fix, Problem
from scalinglaws.laws import CHINCHILLA, Law

SHOWN = 20
"""Problems that a message lists; the exception's ``problems`` holds them all."""


_UNDECLARED = "; loss is taken as nats per token, as no unit was declared"


def read_runs(
    source: Any,
    *,
    law: Law | None = CHINCHILLA,
    needs: Sequence[str] | None = None,
    labels: Sequence[str] = (),
    columns: Mapping[str, Any] | None = None,
    mapping: str | Path | None = None,
    join: Any = None,
    where: Mapping[str, Any] | None = None,
    last_of: str | None = None,
    units: Mapping[str, float | str] | None = None,
    loss_unit: str | None = None,
    bytes_per_token: float | None = None,
    flops_counted_as: str | None = None,
    best_of_cell: bool = False,
) -> pd.DataFrame:
    r"""Read a table of training runs wherever it lies, refusing what cannot be fitted.

    ``source`` is the path of a file, a pattern such as ``runs/*/trainer_state.json``, a folder, a
    list of paths, or a DataFrame (pandas, or any that hands itself over). What a file is, its bytes
    say: CSV or TSV (also gzipped), Parquet, JSON, JSON lines, exports of experiment trackers,
    trainer states, evaluation results, scalar logs. The table has one row for each run: ``params``
    and ``tokens`` (counts), ``flops`` (FLOPs) and ``loss`` (nats per token). Of ``params``,
    ``tokens`` and ``flops`` any two give the third, by C = 6ND, and ``tokens_per_param`` where it
    is needed.

    ``law`` is the law to be fitted: the runs must be able to determine it; ``None`` skips that
    check. ``needs`` names the columns that the table must have, by default the law's inputs and
    response, and ``params``, ``tokens``, ``loss`` without a law. ``labels`` names columns of words
    that must be there and filled; rows that differ in one of them, or in ``seed``, are different
    runs. Numbers given as text are read as numbers, 19M as 1.9e7.

    Names that are known, such as ``eval/loss`` or ``num_input_tokens_seen``, are taken and noted,
    evaluation before training; where several could be meant the answer is a question. ``columns``
    says it: a name, ``{"column": "Tokens (B)", "times": 1e9}``, ``{"product": ["_step", "batch"]}``
    or ``{"size_in": "name"}``. ``mapping`` is a TOML file that says all this, for what is not given
    in the call; one that names its ``file`` is a ``source`` itself. ``join`` is another table of
    the same runs, whose columns are added by ``run`` or ``name``. ``where`` keeps rows by the
    values of a column; without it rows of a ``state`` or ``status`` that did not finish are left
    out with a count. ``last_of`` keeps the last row of each label, by step. ``units`` multiplies
    columns, by a number or ``"M"``.
    ``loss_unit`` is ``"nats"``, ``"bits"`` or ``"bits/byte"``; with ``bytes_per_token`` the last
    becomes nats per token, and stays nats per byte without. ``flops_counted_as`` says in words how
    the FLOPs were counted where that is not 6ND, such as "with attention": it is kept on the card,
    and FLOPs far from 6ND are taken as they are. ``best_of_cell`` keeps the lowest loss of the runs
    of one size and as many tokens, such as those of several learning rates.

    Returns ``params``, ``tokens``, ``flops``, ``loss`` and what is needed as floats, then all other
    columns as they are, in the table's row order; ``attrs["card"]`` says what was done.

    Raises :class:`BadRuns` with every problem found (row, column, value, what is expected), and
    :class:`Unidentifiable` when the runs cannot determine ``law``.

    >>> import pathlib, tempfile
    >>> import scalinglaws as sl
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "runs.csv"
    >>> written = file.write_text("params,flops,loss\n1e8,6e18,3.1\n2e8,6e18,3.0\n")
    >>> sl.read_runs(file, law=None)["tokens"].tolist()
    [10000000000.0, 5000000000.0]
    """
    if not (law is None or isinstance(law, Law)):
        raise BadRuns(f"a law is expected, such as sl.laws.CHINCHILLA; found {law!r}")
    if needs is None:
        needs = (*law.inputs, law.response) if law is not None else ("params", "tokens", "loss")
    if _mapping.is_one(source):
        if mapping is not None:
            raise BadRuns(f"{source} is a mapping file, and {mapping} is another: give one of them")
        source, mapping = _mapping.file_of(source), source
    table = opened(source)
    if join is not None:
        table = joined(table, opened(join))
    told = {} if mapping is None else _mapping.read(mapping)
    columns = {**told.get("columns", {}), **(columns or {})}
    units = {**told.get("units", {}), **(units or {})}
    where = {**told.get("where", {}), **(where or {})}
    last_of = last_of or told.get("last_of")
    loss_unit = loss_unit or told.get("loss_unit")
    flops_counted_as = flops_counted_as or told.get("flops_counted_as")
    bytes_per_token = bytes_per_token or told.get("bytes_per_token")
    cells, times, problems = named(table.cells, (*needs, *labels), columns)
    cells, wrong = kept(cells, where=where, last_of=last_of)
    problems += wrong
    if not cells.rows and not cells.problems and not problems:
        problems.append("there is a header but no run; expected one line for each run")
    given, asked = _factors(units, loss_unit, bytes_per_token)
    counts = dict.fromkeys((*CORE, *needs, "params_non_embedding", *units))
    known = [c for c in counts if c in cells.columns]
    asked += [_of_no_column(name, cells.columns) for name in units if name not in known]
    _refuse(table.place, [*problems, *asked, *missing(cells, (*needs, *labels))])
    values: dict[str, list[Any]] = {
        name: [row[j] for row in cells.rows] for j, name in enumerate(cells.columns)
    }
    signed = {*law.inputs, law.response} if law is not None and law.domain == "real" else set()
    given = {k: v for k, v in given.items() if k in known}
    by_header = {k: v for k, v in times.items() if k not in given}
    numbers, notes, problems = read_numbers(
        cells, values, known, signed=signed, times=by_header | given
    )
    slips = list(_units.implausible(numbers))
    derived = _counts.derive(numbers, ratio="tokens_per_param" in needs)
    notes = [*cells.notes, *notes, *(f"{name} derived as {how}" for name, how in derived.items())]
    notes += [f"{k} times {v:g}, by the unit in its header" for k, v in by_header.items()]
    notes += [f"{k} multiplied by {v:g}, as was asked" for k, v in given.items()]
    # A slip of units contradicts every row: named once, it need not be named for each.
    third = {k: v for k, v in derived.items() if k != "tokens_per_param"}
    relations = [] if slips or flops_counted_as else [*_units.contradictions(cells, numbers, third)]
    relations += _counts.contradictions(cells, numbers, both="params_non_embedding" in needs)
    relations += _empty_labels(cells, values, labels)
    seeds = tuple(c for c in cells.columns if c.lower() == "seed" and c not in labels)
    notes += [f"rows that differ in {c} alone are runs of their own" for c in seeds]
    relations += _duplicates(cells, numbers, (*labels, *seeds))
    _refuse(table.place, [*cells.problems, *problems, *slips, *relations])
    if best_of_cell:
        cells, values, numbers, note = _counts.best_of_cell(cells, values, numbers)
        notes.append(note)
    notes += _counts.notes(numbers, list(derived))
    notes += _repeats(cells, numbers) if "params" in needs else ()
    others = {n: read_others(cells, n, v) for n, v in values.items() if n not in known}
    known += [c for c in derived if c not in known]
    order = [*(c for c in CORE if c in numbers), *(c for c in known if c not in CORE)]
    runs = pd.DataFrame({**{n: numbers[n] for n in order}, **others})
    counted = [c for c in ("params", "tokens") if c in numbers]
    per_byte = loss_unit == "bits/byte" and not bytes_per_token
    runs.attrs = {
        "name": table.name,
        "card": Carried(
            {
                "name": table.name,
                "title": "your own runs",
                "what": f"{len(runs)} runs as given",
                "source": table.source,
                "convention": (
                    f"{' and '.join(counted) or 'columns'} are counted as whoever wrote the file "
                    "counts them"
                    + ("" if loss_unit else _UNDECLARED * ("loss" in numbers))
                    + ("; loss is in nats per byte" if per_byte else "")
                    + (f"; flops are counted as {flops_counted_as}" if flops_counted_as else "")
                ),
                "notes": notes,
            }
        ),
    }
    for name in runs.columns:
        _labels.remember([name])
        if runs[name].dtype.kind not in "fiub":
            _labels.remember(runs[name].unique())
    if law is not None:
        design.measurable(runs, law)
        design.check(design.describe(runs, law), law)
    return runs


def _factors(
    units: Mapping[str, float | str] | None, loss_unit: str | None, bytes_per_token: float | None
) -> tuple[dict[str, float], list[str]]:
    """Return what columns are multiplied by, and problems."""
    found, problems = {}, []
    for name, unit in (units or {}).items():
        times = TIMES.get(unit.lower()) if isinstance(unit, str) else unit
        if isinstance(times, bool) or not isinstance(times, int | float) or not times > 0:
            problems.append(
                f"units[{name!r}] is {unit!r}; expected a positive number, or one of k, M, B, T"
            )
            continue
        found[name] = float(times)
    nats = {None: 1.0, "nats": 1.0, "bits": math.log(2), "bits/byte": math.log(2)}
    if loss_unit not in nats:
        problems.append(f"loss_unit is {loss_unit!r}; expected 'nats', 'bits' or 'bits/byte'")
    elif bytes_per_token is not None and not (loss_unit == "bits/byte" and bytes_per_token > 0):
        problems.append(
            f"bytes_per_token={bytes_per_token!r} goes with loss_unit='bits/byte', and is positive"
        )
    elif nats[loss_unit] != 1.0:
        found["loss"] = found.get("loss", 1.0) * nats[loss_unit] * (bytes_per_token or 1.0)
    return found, problems


def _of_no_column(name: str, columns: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, columns, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(columns[:30])}"
    return f"units[{name!r}]: the table has no column {name!r}; {hint}"


def _repeats(cells: Cells, numbers: dict[str, list[float]]) -> Iterator[str]:
    """Yield notes on rows that are not runs of their own."""
    if {"params", "tokens"} <= set(numbers):
        setting = list(zip(numbers["params"], numbers["tokens"], strict=True))
        rates = [c for c in cells.columns if key(c) in ("lr", "learningrate", "peaklr")]
        if rates and len(set(setting)) * 2 <= len(setting):
            fix = Fix("best_of_cell", True)
            yield Problem(
                f"{len(setting)} rows are {len(set(setting))} settings of params and tokens, which "
                f"differ in {rates[0]}: for a law of the best runs keep the lowest loss of each, "
                f"{fix}",
                fix,
            )
    for label in ("run", "Name", "name"):
        if label in cells.columns:
            words = [row[cells.columns.index(label)] for row in cells.rows]
            if len(set(words)) * 2 <= len(words):
                fix = Fix("last_of", label)
                yield Problem(
                    f"{len(words)} rows are {len(set(words))} of {label}: checkpoints of a run are "
                    f"no runs of their own; {fix} keeps the last of each",
                    fix,
                )
                break


def _empty_labels(
    cells: Cells, columns: dict[str, list[Any]], labels: Sequence[str]
) -> Iterator[str]:
    for name in labels:
        for row, value in enumerate(columns[name]):
            if value is None or str(value).strip() in ("", "nan", "<NA>"):
                yield f"{cells.place(row)}, column {name}: found no value; expected a label"


def _refuse(path: str, problems: list[str]) -> None:
    if not problems:
        return
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"  {p}" for p in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  ... and {len(problems) - SHOWN} more")
    raise BadRuns("\n".join([f"{path}: {count}", *lines]), tuple(problems))


def _duplicates(
    cells: Cells, numbers: dict[str, list[float]], labels: Sequence[str]
) -> Iterator[str]:
    seen: dict[tuple[Any, ...], int] = {}
    own = ("params", "tokens", "loss")
    names = (*own, *labels) if set(own) <= set(numbers) else cells.columns
    at = {name: k for k, name in enumerate(cells.columns)}
    for row, words in enumerate(cells.rows):
        if names is cells.columns:
            run: tuple[float | str, ...] = tuple(map(str, words))
        else:
            counted = [numbers[n][row] for n in own]
            if math.isnan(sum(counted)):
                continue
            run = (*counted, *(str(words[at[n]]) for n in labels))
        if run in seen:
            what = ", ".join(f"{n} {_brief(v)}" for n, v in zip(names, run, strict=True))
            yield (
                f"{cells.place(row)} repeats {cells.place(seen[run])}: {what}; "
                "expected each run once"
            )
        seen.setdefault(run, row)


def _brief(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else value
