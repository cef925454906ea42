"""A user's own table of runs, checked row by row before anything is fitted to it."""

import difflib
import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scalinglaws import counting
from scalinglaws import identifiability as design
from scalinglaws.data import _counts
from scalinglaws.data._cells import SUFFIXES, Cells, read_cells
from scalinglaws.data._numbers import read_numbers, read_others
from scalinglaws.errors import BadRuns
from scalinglaws.laws import CHINCHILLA, Law

CORE = ("params", "tokens", "flops", "loss")
"""Columns that the library knows, in the order in which they are returned."""

SHOWN = 20
"""Problems that a message lists; the exception's ``problems`` holds them all."""

SLACK = 2.0
"""How far 6ND may be from ``flops`` either way: counts of attention and embeddings differ less."""

MOST_NATS = 20.0
"""Cross-entropy in nats per token that no vocabulary explains."""

_ALIASES = {
    "params": "n nparams parameters numparams numparameters modelsize size paramcount modelparams",
    "tokens": "d ntokens numtokens trainingtokens traintokens tokensseen data datasetsize",
    "flops": "c flop compute computeflops trainingflops trainingflop trainflops budget totalflops",
    "loss": "l valloss validationloss evalloss testloss finalloss trainloss crossentropy lossnats",
}
_OTHERS = {"tokens": "flops", "flops": "tokens"}
"""What stands in for a column of counts, given the params."""

_SLIPS = {
    1 / counting.PF_DAY: "flops look like PF-days: multiply them by 8.64e19",
    1e-21: "flops look like zettaFLOPs: multiply them by 1e21",
    1e-18: "flops look like exaFLOPs: multiply them by 1e18",
    1e-15: "flops look like petaFLOPs: multiply them by 1e15",
    1e-9: "flops look like gigaFLOPs: multiply them by 1e9",
    1 / 3: "flops look like those of the forward pass alone, 2ND: multiply them by 3",
    1e3: "params or tokens look like thousands: multiply them by 1e3",
    1e6: "params or tokens look like millions: multiply them by 1e6",
    1e9: "params or tokens look like billions: multiply them by 1e9",
    1e12: "tokens look like trillions, or params and tokens like millions",
    1e15: "params look like millions and tokens like billions",
    1e18: "params and tokens look like billions: multiply both by 1e9",
}


def read_runs(
    path: str | Path,
    *,
    law: Law | None = CHINCHILLA,
    needs: Sequence[str] | None = None,
    labels: Sequence[str] = (),
) -> pd.DataFrame:
    r"""Read a CSV or Parquet file of training runs, refusing what cannot be fitted.

    ``path`` ends in .csv or .parquet; the file has a header and one row for each run: ``params``
    and ``tokens`` (counts), ``flops`` (FLOPs) and ``loss`` (nats per token). Of ``params``,
    ``tokens`` and ``flops`` any two give the third, by C = 6ND, and ``tokens_per_param`` where it
    is needed. ``law`` is the law to be fitted:
    the runs must be able to determine it; ``None`` skips that check. ``needs`` names the columns
    that the table must have, by default the law's inputs and response, and ``params``, ``tokens``,
    ``loss`` without a law. ``labels`` names columns of words that must be there and filled; rows
    that differ in one of them are different runs. Numbers given as text are read as numbers.
    Returns ``params``, ``tokens``, ``flops``, ``loss`` and what is needed as floats, then all other
    columns as they are, in the file's row order; ``attrs["card"]`` says what was derived.

    Raises :class:`BadRuns` with every problem found (row, column, value, what is expected), and
    :class:`Unidentifiable` when the runs cannot determine ``law``.

    >>> import pathlib, tempfile
    >>> import scalinglaws as sl
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "runs.csv"
    >>> written = file.write_text("params,flops,loss\n1e8,6e18,3.1\n2e8,6e18,3.0\n")
    >>> sl.read_runs(file, law=None)["tokens"].tolist()
    [10000000000.0, 5000000000.0]
    """
    if not isinstance(path, str | Path):
        raise BadRuns(f"read_runs takes the path of a file; it was given {type(path).__name__}")
    path = Path(path).expanduser()
    if not (law is None or isinstance(law, Law)):
        raise BadRuns(f"a law is expected, such as sl.laws.CHINCHILLA; found {law!r}")
    if needs is None:
        needs = (*law.inputs, law.response) if law is not None else ("params", "tokens", "loss")
    raw = _bytes(path)
    cells = read_cells(path, raw)
    _refuse(path, list(_column_problems(cells, (*needs, *labels))))
    columns: dict[str, list[Any]] = {
        name: [row[j] for row in cells.rows] for j, name in enumerate(cells.columns)
    }
    known = [c for c in dict.fromkeys((*CORE, *needs, "params_non_embedding")) if c in columns]
    signed = {*law.inputs, law.response} if law is not None and law.domain == "real" else set()
    numbers, notes, problems = read_numbers(cells, columns, known, signed=signed)
    units = list(_units(numbers))
    derived = _counts.derive(numbers, ratio="tokens_per_param" in needs)
    notes = [*cells.notes, *notes, *(f"{name} derived as {how}" for name, how in derived.items())]
    # A slip of units contradicts every row: named once, it need not be named for each.
    third = {k: v for k, v in derived.items() if k in _OTHERS}
    relations = [] if units else [*_contradictions(cells, numbers, third)]
    relations += _counts.contradictions(cells, numbers, both="params_non_embedding" in needs)
    relations += _empty_labels(cells, columns, labels)
    _refuse(
        path, [*cells.problems, *problems, *units, *relations, *_duplicates(cells, numbers, labels)]
    )
    notes += _counts.notes(numbers, list(derived))
    others = {n: read_others(cells, n, v) for n, v in columns.items() if n not in known}
    known += [c for c in derived if c not in known]
    order = [*(c for c in CORE if c in numbers), *(c for c in known if c not in CORE)]
    runs = pd.DataFrame({**{n: numbers[n] for n in order}, **others})
    counted = [c for c in ("params", "tokens") if c in numbers]
    runs.attrs = {
        "name": path.name,
        "card": {
            "name": path.name,
            "title": "your own runs",
            "what": f"{len(runs)} runs as given",
            "source": f"{path} (sha256 {hashlib.sha256(raw).hexdigest()[:12]}...)",
            "convention": (
                f"{' and '.join(counted) or 'columns'} are counted as whoever wrote the file "
                "counts them"
            ),
            "notes": notes,
        },
    }
    if law is not None:
        design.measurable(runs, law)
        design.check(design.describe(runs, law), law)
    return runs


def _empty_labels(
    cells: Cells, columns: dict[str, list[Any]], labels: Sequence[str]
) -> Iterator[str]:
    for name in labels:
        for row, value in enumerate(columns[name]):
            if value is None or str(value).strip() in ("", "nan", "<NA>"):
                yield f"{cells.place(row)}, column {name}: found no value; expected a label"


def _bytes(path: Path) -> bytes:
    if path.suffix.lower() not in SUFFIXES:
        found = repr(path.suffix) if path.suffix else "a name without one of these endings"
        raise BadRuns(
            f"{path}: read_runs reads {' and '.join(SUFFIXES)}, not {found}; save the table as .csv"
        )
    if not path.is_file():
        here = [p.name for p in path.parent.glob("*") if p.suffix.lower() in SUFFIXES]
        near = difflib.get_close_matches(path.name, here, n=1)
        hint = f" Did you mean {path.parent / near[0]}?" if near else ""
        raise BadRuns(f"no file at {path} (looked from {Path.cwd()}).{hint}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadRuns(f"{path} cannot be read: {error.strerror}") from None
    if not raw.strip():
        raise BadRuns(f"{path} is empty; expected a header line and one line for each run")
    return raw


def _refuse(path: Path, problems: list[str]) -> None:
    if not problems:
        return
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"  {p}" for p in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  ... and {len(problems) - SHOWN} more")
    raise BadRuns("\n".join([f"{path}: {count}", *lines]), tuple(problems))


def _column_problems(cells: Cells, needs: Sequence[str]) -> Iterator[str]:
    names = cells.columns
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        at = ", ".join(str(i) for i, n in enumerate(names, start=1) if n == name)
        yield f"column {name!r} occurs {names.count(name)} times (columns {at}); keep one"
    if not cells.rows and not cells.problems:
        yield "there is a header but no run; expected one line for each run"
    for name in names:
        if name not in CORE and name.lower() in CORE and name.lower() not in names:
            yield f"column {name!r} must be spelt {name.lower()!r}: rename it"
    spelt = {n.lower() for n in names}
    for wanted in (c for c in needs if c not in spelt):
        other = _OTHERS.get(wanted)
        if other is not None and {"params", "tokens", "flops"} - {wanted} <= spelt:
            continue
        if wanted == "tokens_per_param" and "params" in spelt and {"tokens", "flops"} & spelt:
            continue
        also = f" (or {other!r})" if other else ""
        targets = (wanted, other) if other else (wanted,)
        near = {t: n for t in targets if (n := _near(t, names))}
        target, found = next(iter(near.items()), ("", ""))
        hint = (
            f"{found!r} looks like it: rename it to {target!r}"
            if found
            else f"the table has {', '.join(map(repr, names))}"
        )
        yield f"column {wanted!r}{also} is missing; {hint}"


def _near(wanted: str, names: tuple[str, ...]) -> str | None:
    free = [n for n in names if n not in CORE]
    keys = [re.sub(r"[^a-z0-9]", "", n.lower()) for n in free]
    known = [wanted, *_ALIASES.get(wanted, "").split()]
    exact = [n for n, k in zip(free, keys, strict=True) if k in known]
    like = difflib.get_close_matches(wanted, keys, n=1, cutoff=0.75)
    close = [free[keys.index(k)] for k in like]
    return next(iter(exact + close), None)


def _units(numbers: dict[str, list[float]]) -> Iterator[str]:
    least_of = {"params": 1e3, "params_non_embedding": 1e3, "tokens": 1e4}
    if "tokens" not in numbers:  # with tokens, 6ND says more about flops than a threshold can
        least_of["flops"] = 1e6
    for name, least in least_of.items():
        largest = max((v for v in numbers.get(name, []) if v == v), default=math.inf)
        if largest < least:
            yield (
                f"column {name}: every value is below {least:g} (the largest is {largest:g}); "
                f"expected plain {'counts' if name != 'flops' else 'FLOPs'}. In "
                f"{'PF-days or exaFLOPs' if name == 'flops' else 'billions'}? Then multiply them "
                f"by {'8.64e19 or 1e18' if name == 'flops' else '1e9'}"
            )
    losses = [v for v in numbers.get("loss", []) if v == v]
    of_text = {"params", "tokens", "flops"} & set(numbers)
    if losses and of_text and max(losses) > MOST_NATS:
        yield (
            f"column loss: the largest value is {max(losses):g}; a uniform guess over a million "
            f"tokens loses {math.log(1e6):.1f} nats. Is this a perplexity? Then take its natural "
            f"logarithm"
        )


def _contradictions(
    cells: Cells, numbers: dict[str, list[float]], derived: dict[str, str]
) -> Iterator[str]:
    if not {"params", "tokens", "flops"} <= set(numbers):
        return
    triples = zip(numbers["params"], numbers["tokens"], numbers["flops"], strict=True)
    for row, (n, d, c) in enumerate(triples):
        if math.isnan(n + d + c):
            continue
        for name, how in derived.items():
            value = d if name == "tokens" else c
            if not 1 <= value < math.inf:
                yield (
                    f"{cells.place(row)}: {how} gives {value:g} {name}; expected at least 1. "
                    "Check the units of the columns that it follows from"
                )
        if derived:
            continue
        log = math.log(c) - math.log(6.0) - math.log(n) - math.log(d)
        if abs(log) > math.log(SLACK):
            ratio = math.exp(min(log, 700.0))
            slip, off = min(((s, abs(log - math.log(s))) for s in _SLIPS), key=lambda p: p[1])
            known = off < math.log(SLACK)
            hint = _SLIPS[slip] if known else "check the units of all three"
            yield (
                f"{cells.place(row)}, columns params, tokens and flops: {c:g} FLOPs is {ratio:.3g} "
                f"times 6ND (params {n:g}, tokens {d:g}); expected between 0.5 and 2. {hint}"
            )


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
