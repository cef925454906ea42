"""A mapping file: which column is what, kept beside the data.

It is TOML with two tables. ``[columns]`` has, for each name that the library knows, a column's
name or one of ``{column, times, unit}``, ``{product}`` and ``{size_in}``. ``[rows]`` has ``keep``,
``last_of`` and ``group``. ``file`` above them says whose columns these are: such a file can be read
in the place of its table.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalinglaws.data._missing import candidates, missing
from scalinglaws.data._naming import CORE, named
from scalinglaws.errors import BadRuns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scalinglaws.data._cells import Cells

_LOSS_UNITS = {"nats/token": "nats", "bits/token": "bits", "nats": "nats", "bits": "bits",
               "bits/byte": "bits/byte"}  # fmt: skip
_ROWS = ("keep", "last_of", "group")
_RULES = ("column", "times", "unit", "bytes_per_token", "counted_as", "product", "size_in")


def read(path: str | Path) -> dict[str, Any]:
    """Return the options of ``read_runs`` that a mapping file gives.

    Raises :class:`BadRuns` for a file that is not one, with what is wrong and where.
    """
    content = _parsed(path)
    rows = content.get("rows", {})
    told: dict[str, Any] = {"columns": {}, "units": {}, "where": rows.get("keep", {})}
    told["last_of"] = rows.get("last_of")
    for name, rule in content.get("columns", {}).items():
        if isinstance(rule, dict):
            unit, size = rule.pop("unit", None), rule.pop("bytes_per_token", None)
            if unit is not None and name == "loss":
                if unit not in _LOSS_UNITS:
                    raise BadRuns(
                        f"{path}: columns.loss.unit is {unit!r}; expected one of "
                        f"{', '.join(_LOSS_UNITS)}"
                    )
                told["loss_unit"] = _LOSS_UNITS[unit]
            elif unit is not None:
                told["units"][name] = unit
            if (counted := rule.pop("counted_as", None)) is not None:
                told[f"{name}_counted_as"] = str(counted)
            if size is not None:
                told["bytes_per_token"] = size
            rule = rule["column"] if set(rule) == {"column"} else rule
        told["columns"][name] = rule
    return told


def file_of(path: str | Path) -> str | list[str]:
    """Return the table, pattern or tables that a mapping file is about, from where it lies.

    Raises :class:`BadRuns` where it does not say.
    """
    file = _parsed(path).get("file")
    listed = [file] if isinstance(file, str) else file
    if not isinstance(listed, list) or not listed or not all(isinstance(f, str) for f in listed):
        raise BadRuns(
            f"{path} is a mapping file that does not say of which table: add a first line such as "
            f'file = "export.csv", or give the table and the mapping file both'
        )
    folder = Path(path).expanduser().parent
    found = [str(folder / Path(f).expanduser()) for f in listed]
    return found[0] if isinstance(file, str) else found


def is_one(source: Any) -> bool:
    """Return whether a source is the path of a mapping file."""
    return isinstance(source, str | Path) and Path(source).suffix.lower() == ".toml"


def group_of(path: str | Path) -> str | None:
    """Return the column of what belongs together, as a mapping file says it."""
    group = _parsed(path).get("rows", {}).get("group")
    return None if group is None else str(group)


def _parsed(path: str | Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise BadRuns(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRuns(f"{path} is no TOML: {error}") from None
    _known(path, content, ("file", "columns", "rows"), "")
    for part in ("columns", "rows"):
        if not isinstance(content.get(part, {}), dict):
            raise BadRuns(f"{path}: [{part}] is a table of names; found {content[part]!r}")
    _known(path, content.get("rows", {}), _ROWS, "rows.")
    for name, rule in content.get("columns", {}).items():
        if isinstance(rule, dict):
            _known(path, rule, _RULES, f"columns.{name}.")
    if not isinstance(content.get("rows", {}).get("keep", {}), dict):
        raise BadRuns(f'{path}: rows.keep is a table such as {{State = ["finished"]}}')
    return content


def _known(path: str | Path, given: Mapping[str, Any], known: tuple[str, ...], at: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"expected {', '.join(known)}"
            raise BadRuns(f"{path}: {at}{name} is not known; {hint}")


def write(cells: Cells, path: str | Path, files: Sequence[str] = ()) -> Path:
    """Propose a mapping file for a table: what would be taken, and what has to be said.

    ``files`` are the paths or patterns that the table was read from. Raises :class:`BadRuns` where
    the file is there already or cannot be written.
    """
    needs = ("params", "tokens", "loss")
    found, _, _ = named(cells, needs, {})
    taken = {new: old for old, new in zip(cells.columns, found.columns, strict=True) if new in CORE}
    lines = [
        "# Which column is what. Give this file instead of the table, or beside it with --map.",
        *(_file_line(files, Path(path).parent) if files else ()),
        "[columns]",
    ]
    lines += [f"{name} = {_quoted(column)}" for name, column in taken.items()]
    if missing_here := list(missing(found, needs)):
        for name in (n for n in needs if n not in taken):
            could = candidates(found, name)
            shown = could or list(cells.columns)
            first = _quoted(shown[-1] if could else "...")
            lines.append(f"# {name} = {first}  # one of {', '.join(map(_quoted, shown[:12]))}")
        lines += [f"# {line}" for text in missing_here for line in text.splitlines()]
    lines += ["", "[rows]"]
    state = next((c for c in cells.columns if c.lower() in ("state", "status")), None)
    if state is not None:
        at = cells.columns.index(state)
        words = dict.fromkeys(str(row[at]).strip() for row in cells.rows)
        done = [w for w in words if w.lower() in ("finished", "completed", "succeeded", "done")]
        if done:
            lines.append(f"keep = {{{_quoted(state)} = [{', '.join(map(_quoted, done))}]}}")
    run = next((c for c in ("run", "Name", "name") if c in cells.columns), None)
    if run is not None:
        lines.append(f"# last_of = {_quoted(run)}  # one row a run, of a table of checkpoints")
        lines.append(f"# group = {_quoted(run)}  # intervals draw whole runs")
    path = Path(path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except FileExistsError:
        raise BadRuns(f"{path} is there already: name another file, or remove it") from None
    except OSError as error:
        raise BadRuns(f"{path} cannot be written: {error.strerror}") from None
    return path


def _file_line(files: Sequence[str], folder: Path) -> Iterator[str]:
    """Yield the line that says of which table a mapping file in a folder is."""
    try:
        near = [os.path.relpath(Path(f).expanduser(), folder) for f in files]
    except ValueError:  # on another drive
        near = [str(Path(f).expanduser().absolute()) for f in files]
    listed = [_quoted(Path(f).as_posix()) for f in near]
    yield f"file = {listed[0] if len(listed) == 1 else '[' + ', '.join(listed) + ']'}"


def _quoted(text: str) -> str:
    """Return text as a basic string of TOML, whose escapes are those of JSON but for one."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
