"""A user's table as cells, each with the place it came from: text in columns, Parquet, frames."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from scalinglaws.data._layout import layout
from scalinglaws.errors import BadRuns


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A table as read: column names, rows of cells, and the file's line number of each row.

    ``lines`` is empty for tables without lines, whose ``frame`` keeps the types of its columns.
    ``problems`` are rows whose number of cells is wrong. ``notes`` say how the file was read where
    that was a choice.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    lines: tuple[int, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    frame: pd.DataFrame | None = None

    def place(self, row: int) -> str:
        """Return where a row is, for a message; ``row`` counts from 0."""
        return f"line {self.lines[row]} (row {row + 1})" if self.lines else f"row {row + 1}"


def parquet_cells(path: Path, raw: bytes) -> Cells:
    """Read Parquet; raises :class:`BadRuns` for what is none, or without pyarrow."""
    try:
        frame = pd.read_parquet(io.BytesIO(raw))
    except ImportError:
        raise BadRuns(
            f"{path}: reading Parquet needs pyarrow, which is not installed: python -m pip install "
            f"'scalinglaws[parquet]', or save the table as .csv"
        ) from None
    except Exception as error:  # pyarrow raises many kinds for a file that is not Parquet
        raise BadRuns(
            f"{path} cannot be read as Parquet: {error}. Write it again, or save it as .csv"
        ) from None
    return frame_cells(frame, what=str(path))


def frame_cells(frame: pd.DataFrame, *, what: str, notes: tuple[str, ...] = ()) -> Cells:
    """Return the cells of a DataFrame, its named index as columns; the types stay as they are."""
    if any(name is not None for name in frame.index.names):
        taken = [n for n in frame.index.names if n in frame.columns]
        if taken:
            raise BadRuns(
                f"{what}: {taken[0]!r} names a column and the index. Rename one, or drop the index "
                f"with df.reset_index(drop=True)"
            )
        frame = frame.reset_index()
    frame = frame.reset_index(drop=True)
    frame.columns = pd.Index([str(c) for c in frame.columns])
    values = [frame.iloc[:, j].astype(object).tolist() for j in range(frame.shape[1])]
    return Cells(
        columns=tuple(frame.columns),
        rows=tuple(zip(*values, strict=True)),
        lines=(),
        problems=(),
        notes=notes,
        frame=frame,
    )


def csv_cells(path: Path, raw: bytes) -> Cells:
    """Read text in columns, however they are parted; :class:`BadRuns` for what is no table."""
    found = layout(decoded(path, raw))
    separator = found.separator
    reader = csv.reader(io.StringIO(found.text, newline=""), delimiter=separator, strict=True)
    rows, lines, problems, empty = [], [], [], []
    header: tuple[str, ...] = ()
    start = 1
    try:
        for row in reader:
            line, start = start, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                if row:
                    empty.append(str(line))
                continue
            if not header:
                header = tuple(c.strip() or f"unnamed {i}" for i, c in enumerate(row, start=1))
                continue
            if len(row) == len(header):
                rows.append(tuple(row))
                lines.append(line)
            else:
                problems.append(
                    f"line {line}: {len(row)} cells, but the header has {len(header)} columns "
                    f"separated by {separator!r}. Numbers take a decimal point; text that holds "
                    f"{separator!r} takes double quotes"
                )
    except csv.Error as error:
        raise BadRuns(f"{path}, line {reader.line_num}: not valid CSV, {error}") from None
    notes = [*found.notes]
    if empty:
        notes.append(f"rows without any value left out: lines {', '.join(empty)}")
    return Cells(
        columns=header,
        rows=tuple(rows),
        lines=tuple(lines),
        problems=tuple(problems),
        notes=tuple(notes),
    )


def decoded(path: Path, raw: bytes) -> str:
    """Return bytes as text; raises :class:`BadRuns` for other than UTF-8 and UTF-16."""
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRuns(
            f"{path} is not text in UTF-8: byte {error.start} is {raw[error.start]:#04x}. "
            "Save it as CSV with UTF-8 encoding"
        ) from None
