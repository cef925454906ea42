"""Data cards: what a table holds, where it comes from, how it was counted, what misleads."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from html import escape
from typing import Any, Literal, TypeVar

from scalinglaws.errors import BadCard

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its unit (``flag`` is true or false, ``words`` is text) and what it means.

    Numbers are positive, unless ``signed``. An empty cell of an ``optional`` column reads as NaN.
    """

    unit: str
    meaning: str
    whole: bool = False
    signed: bool = False
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """One csv file of a set: number of rows, sha256 of the file, columns in the file's order.

    ``cite`` holds the keys of the works that stand behind this table.
    """

    title: str
    measured: Literal["digitised", "original"]
    rows: int
    sha256: str
    columns: Mapping[str, Column]
    cite: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One file that a set was built from; ``path`` is below the folder given to the build."""

    path: str
    repository: str
    file: str
    commit: str
    licence: str
    sha256: str

    @property
    def short(self) -> str:
        """Repository, short commit and file on one line."""
        return f"{self.repository}@{self.commit[:8]} {self.file}"


@dataclass(frozen=True, kw_only=True)
class Cite:
    """A work to cite: its key in the book's bibliography, and the same in words."""

    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """The card of one data set, or of a reader's own table (which has ``source`` and no tables).

    ``keep_outliers`` says whether :func:`scalinglaws.load` keeps flagged rows unless asked.
    """

    name: str
    title: str
    what: str
    licence: str = ""
    convention: str = ""
    source: str = ""
    default: str | None = None
    keep_outliers: bool = True
    notes: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    cite: tuple[Cite, ...] = ()
    upstream: tuple[Upstream, ...] = ()
    tables: Mapping[str, Table]

    @classmethod
    def parse(cls, raw: Mapping[str, Any], *, where: str) -> "Card":
        """Build a card from TOML or ``attrs["card"]``; raises :class:`BadCard` with ``where``."""
        tables = {
            name: _table(table, where=f"{where} [tables.{name}]")
            for name, table in raw.get("tables", {}).items()
        }
        values = {
            **raw,
            "tables": tables,
            "notes": tuple(raw.get("notes", ())),
            "traps": tuple(raw.get("traps", ())),
            "cite": tuple(_build(Cite, c, f"{where} [[cite]]") for c in raw.get("cite", ())),
            "upstream": tuple(
                _build(Upstream, u, f"{where} [[upstream]]") for u in raw.get("upstream", ())
            ),
        }
        card = _build(cls, values, where)
        if card.default is not None and card.default not in tables:
            raise BadCard(f"{where}: default is {card.default!r}, but the tables are {[*tables]}")
        keys = {c.key for c in card.cite}
        for name, table in tables.items():
            if lost := [key for key in table.cite if key not in keys]:
                raise BadCard(f"{where} [tables.{name}]: cite {lost} has no [[cite]] block")
        return card

    def as_dict(self) -> dict[str, Any]:
        """Return the card as plain dicts, lists and strings, ready for JSON."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    def lines(self) -> list[tuple[str, str]]:
        """Return the card as (label, text) pairs in reading order; empty entries are left out."""
        tables = [_table_line(name, t) for name, t in self.tables.items()]
        upstream = [f"{u.short} (sha256 {u.sha256[:12]}...)" for u in self.upstream]
        pairs = [
            ("What", self.what),
            *(("Table", t) for t in tables),
            ("Counted", self.convention),
            *(("Source", s) for s in (self.source, *upstream)),
            ("Licence", self.licence),
            *(("Change", n) for n in self.notes),
            *(("Trap", t) for t in self.traps),
            *(("Cite", c.text) for c in self.cite),
        ]
        return [(label, text) for label, text in pairs if text]

    def __repr__(self) -> str:
        """Return the card as plain text."""
        body = "\n".join(f"  {label + ':':9}{text}" for label, text in self.lines())
        return f"{self.name}: {self.title}\n{body}"

    def brief(self) -> list[tuple[str, str]]:
        """Return what a reader of a chapter needs: what, how counted, the trap that matters."""
        # The first sentence of the first trap: a card's traps stand in the order of their weight.
        trap = self.traps[0].split(". ")[0].rstrip(".") + "." if self.traps else ""
        pairs = [("What", self.what), ("Counted", self.convention), ("Beware", trap)]
        return [(label, text) for label, text in pairs if text]

    def _repr_markdown_(self) -> str:
        body = "\n".join(f"- **{label}:** {text}" for label, text in self.brief())
        return f"**{self.name}**: {self.title}\n\n{body}\n"

    def _repr_html_(self) -> str:
        body = "".join(
            f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in self.brief()
        )
        name = escape(self.name)
        # The book puts a link to its catalogue here.
        call = f'print(sl.card("{name}"))'
        full = f"<p class='sl-full' data-set='{name}'>All of it: <code>{call}</code></p>"
        head = f"<p><strong>{name}</strong>: {escape(self.title)}</p>"
        return f'<div class="sl-card">{head}<dl>{body}</dl>{full}</div>'


def _table_line(name: str, table: Table) -> str:
    units = ", ".join(
        f"{column} [{c.unit}]" for column, c in table.columns.items() if c.unit != "words"
    )
    return f"{name}: {table.title}; {table.rows} rows, {table.measured}; {units}"


def _table(raw: Mapping[str, Any], *, where: str) -> Table:
    columns = {n: _build(Column, c, f"{where} {n}") for n, c in raw.get("columns", {}).items()}
    return _build(Table, {**raw, "columns": columns, "cite": tuple(raw.get("cite", ()))}, where)


def _build(kind: Callable[..., T], raw: Mapping[str, Any], where: str) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(raw) - known):
        raise BadCard(
            f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    try:
        return kind(**raw)
    except TypeError as error:
        raise BadCard(f"{where}: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value
