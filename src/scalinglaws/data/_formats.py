"""Open a table wherever it lies: one file, several, or a DataFrame; what it is, its bytes say."""

from __future__ import annotations

import difflib
import glob
import gzip
import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from scalinglaws.data import _nested, _trackers
from scalinglaws.data._cells import Cells, csv_cells, decoded, frame_cells, parquet_cells
from scalinglaws.errors import BadRuns

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".json", ".jsonl", ".gz")
"""Endings that are taken for files of tables, where a name alone must tell."""

_GZIP, _PARQUET, _ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
_MOST = 10_000
"""Most files that one table is put together from."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A table as it came: its cells, its name and where it is from."""

    cells: Cells
    name: str
    place: str
    source: str


def opened(source: Any, *, history: bool = False) -> Opened:
    """Open a path, a pattern, a folder, a list of paths or a DataFrame.

    With ``history`` files that hold the whole log of a run give a row for each step of it.

    Raises :class:`BadRuns` for what is none of these or cannot be read.
    """
    if isinstance(source, Opened):
        return source
    if isinstance(source, pd.DataFrame) or hasattr(source, "__dataframe__"):
        return _frame(source)
    if isinstance(source, Sequence) and not isinstance(source, str) and len(source):
        paths = [Path(p).expanduser() for p in source if isinstance(p, str | Path)]
        if len(paths) == len(source):
            return _several(paths, str(paths[0].parent), history)
    if not isinstance(source, str | Path):
        raise BadRuns(
            f"read_runs takes the path of a file, a folder, a pattern or a DataFrame; it was given "
            f"{type(source).__name__}"
        )
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return _several(_inside(path), str(path), history)
        if not path.is_file() and glob.has_magic(str(path)):
            found = sorted(map(Path, glob.glob(str(path), recursive=True)))
            return _several(found, str(path), history)
        raw = _bytes(path)
    except OSError as error:
        short = str(path) if len(str(path)) < 200 else f"{str(path)[:200]}..."
        raise BadRuns(f"{short} cannot be read: {error.strerror}") from None
    told = f"{path} (sha256 {hashlib.sha256(raw).hexdigest()[:12]}...)"
    cells = _cells(path, _unpacked(path, raw), history)
    return Opened(cells=cells, name=path.name, place=str(path), source=told)


def _frame(source: Any) -> Opened:
    if not isinstance(source, pd.DataFrame):
        try:
            if hasattr(source, "to_pandas"):
                source = source.to_pandas()
            else:
                with warnings.catch_warnings():
                    # Deprecated, and what libraries without to_pandas still offer.
                    warnings.simplefilter("ignore")
                    source = pd.api.interchange.from_dataframe(source)
        except Exception as error:  # each library raises its own for a column it cannot hand over
            raise BadRuns(
                f"the DataFrame cannot be taken over: {error}. Give it as pandas: df.to_pandas()"
            ) from None
    return Opened(
        cells=_nested.unpacked(frame_cells(source, what="the DataFrame")),
        name="DataFrame",
        place="the DataFrame",
        source=f"a DataFrame of {len(source)} rows",
    )


def _inside(folder: Path) -> list[Path]:
    """Return the files of a folder that a table can be made of: of one kind, the commonest."""
    for pattern in ("**/trainer_state.json", "**/results*.json", "**/*.csv", "**/*.jsonl"):
        if found := sorted(folder.glob(pattern)):
            return found
    raise BadRuns(
        f"{folder} is a folder without trainer_state.json, results*.json, .csv or .jsonl files: "
        f"give the path of a file"
    )


def _several(paths: list[Path], where: str, history: bool) -> Opened:
    if not paths:
        raise BadRuns(f"no file matches {where} (looked from {Path.cwd()})")
    if len(paths) > _MOST:
        raise BadRuns(f"{where}: {len(paths):,} files; at most {_MOST:,} make one table")
    raws = [_unpacked(p, _bytes(p)) for p in paths]
    digest = hashlib.sha256(b"".join(raws)).hexdigest()[:12]
    pairs = list(zip(paths, raws, strict=True))
    tables = [_trackers.table(p, _parsed(p, r), history=history) for p, r in pairs]
    if all(t is not None for t in tables):
        joined, notes = _trackers.joined([t for t in tables if t is not None])
        cells = frame_cells(joined, what=where, notes=notes)
    elif len(paths) == 1:
        cells = _cells(paths[0], raws[0], history)
    else:
        cells = _stacked(paths, raws)
    return Opened(
        cells=cells,
        name=Path(where).name or where,
        place=where,
        source=f"{where} (sha256 {digest}...)",
    )


def _stacked(paths: list[Path], raws: list[bytes]) -> Cells:
    """Return files of one header, one after the other, with a column ``file``."""
    parts = [_cells(p, r, False) for p, r in zip(paths, raws, strict=True)]
    # Logs name in each line what they hold; a table says it once, in its header.
    logs = all(part.frame is not None or {"run", "step"} < {*part.columns} for part in parts)
    for path, part in zip(paths, parts, strict=True):
        if part.columns != parts[0].columns and not logs:
            raise BadRuns(
                f"{path} has other columns than {paths[0]}: files of one table have one header"
            )
    names = _distinct(paths)
    frame = pd.concat(
        [
            pd.DataFrame(list(part.rows), columns=list(part.columns)).assign(file=name)
            for name, part in zip(names, parts, strict=True)
        ],
        ignore_index=True,
    )
    rows = tuple(map(tuple, frame.astype(object).to_numpy().tolist()))
    problems = tuple(p for part in parts for p in part.problems)
    note = f"{len(paths)} files, one after the other; the column file says which"
    return Cells(
        columns=tuple(frame.columns), rows=rows, lines=(), problems=problems, notes=(note,)
    )


def _distinct(paths: list[Path]) -> list[str]:
    """Return what tells files apart: their names, below as many folders as that takes."""
    parts = [(*p.parts[:-1], p.stem) for p in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(p[-depth:]) for p in parts]
        if len(set(names)) == len(names):
            break
    alike = len({p[-1] for p in parts}) == 1 and depth > 1
    return [n.rpartition("/")[0] for n in names] if alike else names


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        near = _near(path)
        hint = f" Did you mean {near}?" if near else ""
        raise BadRuns(f"no file at {path} (looked from {Path.cwd()}).{hint}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadRuns(f"{path} cannot be read: {error.strerror}") from None
    if not raw.strip():
        raise BadRuns(f"{path} is empty; expected a header line and one line for each run")
    return raw


def _near(path: Path) -> Path | None:
    try:
        here = [p.name for p in path.parent.glob("*") if p.suffix.lower() in SUFFIXES]
    except OSError:
        return None
    near = difflib.get_close_matches(path.name, here, n=1)
    return path.parent / near[0] if near else None


def _unpacked(path: Path, raw: bytes) -> bytes:
    if not raw.startswith(_GZIP):
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError) as error:
        raise BadRuns(f"{path} is cut off or no gzip file: {error}") from None


def _cells(path: Path, raw: bytes, history: bool) -> Cells:
    """Return a file's cells: Parquet, JSON, JSON lines, or text in columns."""
    if raw.startswith(_PARQUET) or path.suffix.lower() == ".parquet":
        return parquet_cells(path, raw)
    if raw.startswith(_ZIP):
        raise BadRuns(
            f"{path} is a spreadsheet or another zipped file: save the sheet as .csv, or read it "
            f"with pandas and give the DataFrame"
        )
    parsed = _parsed(path, raw)
    if parsed is not None:
        made = _trackers.table(path, parsed, history=history)
        if made is not None:
            return frame_cells(made.frame, what=str(path), notes=made.notes)
        return frame_cells(_records(path, _nested.records(parsed)), what=str(path))
    cells = _nested.unpacked(csv_cells(path, raw))
    curves = _trackers.curves(path, cells)
    return cells if curves is None else curves


def _parsed(path: Path, raw: bytes) -> Any:
    """Return a file's JSON, or ``None`` where it is no JSON."""
    text = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text.startswith((b"{", b"[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    found = []
    for number, line in enumerate(decoded(path, raw).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            raise BadRuns(
                f"{path}, line {number}: neither JSON nor one JSON object a line. Write it again, "
                f"or save it as .csv"
            ) from None
    return found


def _records(path: Path, parsed: Any) -> pd.DataFrame:
    if isinstance(parsed, dict):
        lists = [k for k, v in parsed.items() if isinstance(v, list)]
        if len(lists) == len(parsed) and len({len(parsed[k]) for k in lists}) == 1:
            return pd.DataFrame(parsed)
        # Runs by name: an object of objects that say the same of each.
        inner = list(parsed.values())
        if len(inner) > 1 and all(
            isinstance(v, dict) and v.keys() == inner[0].keys() for v in inner
        ):
            parsed = [{"run": name, **row} for name, row in parsed.items()]
        else:
            parsed = [parsed]
    if not parsed or not all(isinstance(r, dict) for r in parsed):
        raise BadRuns(
            f"{path}: JSON that is no list of objects, one for each run. Write it as lines of "
            f"objects, or save it as .csv"
        )
    return pd.json_normalize(parsed)
