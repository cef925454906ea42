"""What a chapter can be given, and whether what it was given will do.

Values are parsed by the type that the chapter declares, never by YAML, which reads ``1e18`` as
text.
"""

from __future__ import annotations

import ast
import difflib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookmaker import ranges, reads
from bookmaker.project import read_plain
from scalinglaws.errors import BadParameters, ScalingLawError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bookmaker.project import Chapter

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".gz", ".toml")
TABLES = ("runs", "curves", "models", "results", "profiles")
"""Names of parameters that take a table; a chapter's own is the first of them that it has."""

WITHOUT = "without_runs"
"""Where a notebook's metadata, under ``scalinglaws``, say why the chapter takes no table."""

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True)
class Parameter:
    """One line of a ``parameters`` cell: ``name: type = default  # help``."""

    name: str
    type: str
    default: str
    help: str

    def __str__(self) -> str:
        """Return the line that an error lists."""
        return f"{self.name}: {self.type} = {self.default}  # {self.help}"


def read_parameters(chapter: Chapter) -> tuple[Parameter, ...]:
    """List what a chapter takes, in the order of its ``parameters`` cell.

    Raises ``ScalingLawError`` where the notebook does not say which kernel it is for.
    """
    import papermill  # late: it takes a second to import

    try:
        found = papermill.inspect_notebook(str(chapter.source))
    except (ValueError, AttributeError) as problem:
        raise ScalingLawError(
            f"its parameters cannot be read ({problem}): its metadata must have a kernelspec with "
            "name 'python3' and language 'python', as Jupyter writes it when the file is saved"
        ) from problem
    return tuple(
        Parameter(p["name"], p["inferred_type_name"], p["default"], p["help"])
        for p in found.values()
    )


def on_runs(chapter: Chapter, table: str) -> dict[str, str]:
    """Return the parameter by which a chapter takes a table of one's own.

    Raises ``BadParameters`` where it takes none, with the reason and the chapter to run instead.
    """
    taken = {p.name for p in read_parameters(chapter)}
    for name in TABLES:
        if name in taken:
            return {name: table}
    why = read_plain(chapter.source)["metadata"].get("scalinglaws", {}).get(WITHOUT, "")
    raise BadParameters(f"{chapter.name} takes no table of your own{f': {why}' if why else ''}")


def own_table(chapter: Chapter, values: Mapping[str, Any]) -> str:
    """Return the name of the table that a chapter was given instead of its own, or nothing."""
    defaults = {p.name: p.default.strip("'\"") for p in read_parameters(chapter)}
    given = (values[n] for n in TABLES if n in values and values[n] != defaults[n])
    return Path(next(given, "")).name


def check_parameters(chapter: Chapter, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parse values by their declared types; paths come back absolute.

    Raises ``BadParameters`` for an unknown name, a value of the wrong type, a table that is
    missing; all problems at once, with the list of what the chapter takes.
    """
    accepted = {p.name: p for p in read_parameters(chapter)}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in accepted:
            near = difflib.get_close_matches(name, accepted, n=1)
            guess = f"; did you mean {near[0]!r}?" if near else ""
            problems.append(f"{name!r} is not a parameter of this chapter{guess}")
            continue
        try:
            values[name] = _parse(accepted[name], value)
            if problem_of := ranges.wrong(name, accepted[name].type, values[name]):
                raise ValueError(problem_of)
        except ValueError as problem:
            problems.append(f"{name} = {value!r}: {problem}")
    if not problems:
        problems = _unreadable(chapter, accepted, values)
    if problems:
        listed = "\n".join(f"    {p}" for p in accepted.values()) or "    nothing"
        said = "\n".join(f"  {p}" for p in problems)
        raise BadParameters(f"{chapter.name}:\n{said}\n  It takes:\n{listed}")
    return values


def _parse(parameter: Parameter, value: Any) -> Any:
    if parameter.name in TABLES:
        return _table(value) if value != "" else ""
    parsers = {"int": _integer, "float": _number, "bool": _truth, "str": _text}
    if parameter.type not in parsers:
        raise ValueError(
            f"the chapter declares the type {parameter.type!r}, which cannot be given from outside"
        )
    return parsers[parameter.type](value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("a number is expected, such as 0.5 or 1e18")
    try:
        number = float(value)
    except ValueError:
        raise ValueError("a number is expected, such as 0.5 or 1e18") from None
    if not math.isfinite(number):
        raise ValueError("a finite number is expected")
    return number


def _integer(value: Any) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        number = _number(value)
    except ValueError:
        raise ValueError("a whole number is expected, such as 500") from None
    if not number.is_integer():
        raise ValueError("a whole number is expected, such as 500")
    return int(number)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError("true or false is expected")
    return word in _TRUE


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text is expected")
    return value


def _unreadable(
    chapter: Chapter, accepted: Mapping[str, Parameter], values: Mapping[str, Any]
) -> list[str]:
    """Return what is wrong with tables of one's own, as the chapter reads them."""
    defaults = {name: ast.literal_eval(p.default) for name, p in accepted.items()}
    problems = []
    for name in (n for n in TABLES if Path(str(values.get(n, ""))).is_file()):
        if wrong := reads.unreadable(chapter, name, defaults | dict(values)):
            problems.append(f"{name} = {values[name]!r}: {wrong}")
    return problems


def _table(value: Any) -> str:
    """Return a bundled name as it is and a file's path made absolute."""
    text = _text(str(value) if isinstance(value, Path) else value)
    path = Path(text).expanduser()
    if path.is_file():
        return str(path.resolve())
    if path.suffix.lower() in TABLE_SUFFIXES or path.is_absolute() or text.startswith((".", "~")):
        where = path if path.is_absolute() else Path.cwd() / path
        raise ValueError(
            f"there is no such file ({where}); give the path of a CSV or Parquet table"
        )
    from scalinglaws.data import catalogue as data

    try:
        data.load(text)
    except UnknownName as problem:
        raise ValueError(f"neither a file nor a bundled set. {problem}") from None
    return text
