"""The bundled data sets: find them, load them checked, read their cards."""

import csv
import hashlib
import io
import math
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from scalinglaws.data._carried import Carried
from scalinglaws.data._formats import SUFFIXES
from scalinglaws.data.cards import Card, Column, Table
from scalinglaws.data.read_runs import read_runs
from scalinglaws.errors import BadCard, BadRuns, UnknownName
from scalinglaws.laws import CHINCHILLA, Law

_FLAGS = {"true": True, "false": False}


def load(
    source: str | Path,
    *,
    outliers: bool | None = None,
    law: Law | None = CHINCHILLA,
    needs: Sequence[str] | None = None,
    labels: Sequence[str] = (),
) -> pd.DataFrame:
    """Load a bundled table of runs by name, or a table of your own by path.

    A name is a set (``"hoffmann2022"``) or a set and a table (``"isoflops/llama3"``); the table is
    checked against its card. ``outliers`` keeps (True) or leaves out (False) the rows that the
    card flags; ``None`` does what the card says. Columns and units are the card's: ``params``,
    ``tokens``, ``flops`` and ``loss`` in ones, ones, FLOPs and (unless the card says otherwise)
    nats per token. ``attrs`` carries ``name``, ``table``, ``card`` (plain dict) and ``dropped``
    (rows left out). A path is read by :func:`scalinglaws.read_runs`, whose ``law``, ``needs`` and
    ``labels`` these are.

    Raises :class:`UnknownName` for what is neither a name nor a file, or for a set that has
    several tables and no default; :class:`BadCard` when file and card disagree; and what
    :func:`scalinglaws.read_runs` raises.

    >>> import scalinglaws as sl
    >>> runs = sl.load("hoffmann2022")
    >>> len(runs), sl.card(runs).name
    (240, 'hoffmann2022')
    """
    text = str(source)
    if not text.strip():
        raise UnknownName("no table is named: give a bundled name or the path of a file")
    if Path(text).suffix.lower() in SUFFIXES or Path(text).exists():
        return read_runs(source, law=law, needs=needs, labels=labels)
    try:
        runs = bundled(text, outliers=outliers)
    except UnknownName as error:
        raise UnknownName(
            f"{error}. For a table of your own, give the path of a .csv or .parquet file"
        ) from None
    if missing := [c for c in (*(needs or ()), *labels) if c not in runs.columns]:
        raise BadRuns(
            f"the bundled table {text} has no column {', '.join(missing)}; "
            f"it has {', '.join(runs.columns)}"
        )
    return runs


def bundled(name: str, *, outliers: bool | None = None) -> pd.DataFrame:
    """Load a bundled table, checked against its card; raises as :func:`load` does."""
    the_card, table = _find(name)
    file = folder() / the_card.name / f"{table}.csv"
    runs = _read(file, the_card.tables[table])
    every = len(runs)
    keep = the_card.keep_outliers if outliers is None else outliers
    if "outlier" in runs.columns and not keep:
        runs = runs[~runs["outlier"]].reset_index(drop=True)
    several = len(the_card.tables) > 1
    runs.attrs = {
        "name": f"{the_card.name}/{table}" if several else the_card.name,
        "table": table,
        "card": Carried(the_card.as_dict()),
        "dropped": every - len(runs),
    }
    return runs


def catalogue() -> pd.DataFrame:
    """Return one row for each table that :func:`load` takes: name, title, rows, licence, cite."""
    rows = [
        {
            "name": _loadable(c, table),
            "title": t.title if len(c.tables) > 1 else c.title,
            "rows": t.rows,
            "measured": t.measured,
            "loss": t.columns["loss"].unit if "loss" in t.columns else "",
            "licence": c.licence,
            "cite": ", ".join(t.cite),
        }
        for c in _cards()
        for table, t in c.tables.items()
    ]
    return pd.DataFrame(rows)


def card(name_or_runs: str | pd.DataFrame) -> Card:
    """Return the card of a bundled set, or of a table from :func:`load` or ``read_runs``.

    Raises :class:`UnknownName` for a name that does not exist and for a table without a card.
    """
    if isinstance(name_or_runs, str):
        return _find(name_or_runs, need_table=False)[0]
    if "card" not in name_or_runs.attrs:
        raise UnknownName(
            "this table carries no card: it did not come from load or read_runs, or a pandas "
            "operation dropped its attrs. Load it again, or give the name of a bundled set."
        )
    return Card.parse(name_or_runs.attrs["card"], where="attrs['card']")


def catalogue_page() -> str:
    """Return the data catalogue as Markdown, written from the cards."""
    head = [
        "# Data catalogue",
        "",
        "Measured runs that come with the book. Every table is loaded by name, checked against",
        "its card, and rebuilt from its upstream file by `data/build.py`. This page is written",
        "from the cards: change a `card.toml`, never this page.",
        "",
        '```python\nimport scalinglaws as sl\n\nruns = sl.load("hoffmann2022")\n```',
        "",
        "| load | what | rows | measured | loss in | licence |",
        "|---|---|---:|---|---|---|",
    ]
    table = [
        f"| `{r.name}` | {r.title} | {r.rows} | {r.measured} | {r.loss} | {r.licence} |"
        for r in catalogue().itertuples(index=False)
    ]
    sets = [line for c in _cards() for line in _section(c)]
    template = (folder() / "template.toml").read_text(encoding="utf-8").rstrip()
    add = [
        "## Add a set",
        "",
        "1. Fill in this card as `data/<name>/card.toml`, with `rows = 0` and an empty `sha256`.",
        "2. Write the function that makes the table in `data/builders/`.",
        "3. Run `python data/build.py --upstream DIR`. It checks the upstream files, writes the",
        "   tables and this page, and prints the `rows` and `sha256` to paste into the card.",
        "",
        f"```toml\n{template}\n```",
    ]
    return "\n".join([*head, *table, "", *sets, *add]) + "\n"


def folder() -> Path:
    """Return the folder that holds the sets: the checkout's ``data``, or the wheel's copy of it."""
    here = Path(__file__).resolve()
    checkout, wheel = here.parents[3] / "data", here.parents[1] / "_data"
    for place in (checkout, wheel):
        if (place / "template.toml").is_file():
            return place
    raise BadCard(
        f"the bundled data is missing: neither {checkout} nor {wheel} holds it. "
        "Install scalinglaws again, or work in a complete checkout."
    )


def _cards() -> list[Card]:
    return [_card(p.parent.name) for p in sorted(folder().glob("*/card.toml"))]


def _card(name: str) -> Card:
    file = folder() / name / "card.toml"
    return _parsed(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _parsed(file: Path, changed: int) -> Card:
    """Read a card once for as long as its file was last ``changed`` then: each costs 5 ms."""
    name = file.parent.name
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadCard(f"{file}: not valid TOML, {error}") from None
    found = Card.parse(raw, where=str(file))
    if found.name != name:
        raise BadCard(f"{file}: name is {found.name!r}, but its folder is {name!r}")
    return found


def _loadable(c: Card, table: str) -> str:
    return c.name if c.default == table else f"{c.name}/{table}"


def _find(name: str, *, need_table: bool = True) -> tuple[Card, str]:
    known = [_loadable(c, table) for c in _cards() for table in c.tables]
    set_name, _, table = name.partition("/")
    if set_name not in {k.partition("/")[0] for k in known}:
        raise UnknownName(f"no data set is called {name!r}; there are {', '.join(known)}")
    found = _card(set_name)
    tables = ", ".join(f"{set_name}/{t}" for t in found.tables)
    if not table and found.default is None and need_table:
        raise UnknownName(
            f"{set_name!r} holds several tables and none stands for all of them, because their "
            f"losses cannot be pooled. Load one: {tables}"
        )
    if table and table not in found.tables:
        raise UnknownName(f"{set_name!r} has no table {table!r}; there are {tables}")
    return found, table or found.default or ""


def _read(file: Path, table: Table) -> pd.DataFrame:
    if not file.is_file():
        raise BadCard(f"{file} is missing; rebuild it with data/build.py, or check it out again")
    raw = file.read_bytes()
    try:
        lines = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadCard(f"{file}: not a csv in UTF-8, {error}") from None
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    if header != list(table.columns):
        raise BadCard(f"{file}: columns are {header}, the card says {list(table.columns)}")
    if len(rows) != table.rows:
        raise BadCard(f"{file}: {len(rows)} rows, the card says {table.rows}")
    for i, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise BadCard(f"{file}, row {i}: {len(row)} cells for {len(header)} columns")
    columns = {
        name: [
            _value(row[j], column, f"{file}, row {i}, column {name}")
            for i, row in enumerate(rows, start=1)
        ]
        for j, (name, column) in enumerate(table.columns.items())
    }
    found = hashlib.sha256(raw).hexdigest()
    if found != table.sha256:
        raise BadCard(f"{file}: sha256 is {found}, the card says {table.sha256 or 'nothing'}")
    return pd.DataFrame(columns)


def _value(text: str, column: Column, where: str) -> Any:
    if column.unit == "words":
        return text
    if column.unit == "flag":
        if text not in _FLAGS:
            raise BadCard(f"{where}: {text!r} is neither true nor false")
        return _FLAGS[text]
    if column.optional and not text:
        return math.nan
    try:
        number = int(text) if column.whole else float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and (column.signed or number > 0)):
        kind = "finite" if column.signed else "positive, finite"
        raise BadCard(f"{where}: {text!r} is not a {kind} number")
    return number


def _section(c: Card) -> list[str]:
    lines = [f"## {c.name}", "", f"{c.title}. {c.what}", "", f"**Counted.** {c.convention}", ""]
    for name, t in c.tables.items():
        lines += [
            f'`load("{_loadable(c, name)}")`: {t.title}; {t.rows} rows, {t.measured}.',
            "",
            "| column | unit | meaning |",
            "|---|---|---|",
            *(f"| `{n}` | {col.unit} | {col.meaning} |" for n, col in t.columns.items()),
            "",
        ]
    lines += ["**Traps**", "", *(f"- {trap}" for trap in c.traps), ""]
    lines += ["**Changes**", "", *(f"- {note}" for note in c.notes), ""]
    lines += ["**Source**", ""]
    for u in c.upstream:
        link = f"https://github.com/{u.repository}/tree/{u.commit}"
        lines.append(
            f"- [{u.repository}]({link}), `{u.file}`, commit `{u.commit[:12]}`, "
            f"licence: {u.licence}, sha256 `{u.sha256}`"
        )
    lines += ["", "**Cite**", "", *(f"- {cite.text} (`{cite.key}`)" for cite in c.cite), ""]
    return lines
