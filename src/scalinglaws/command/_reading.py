"""What the verbs share: how a table is read, what a refusal looks like, and how JSON is printed."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scalinglaws.command._fixes import flags, noted, spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scalinglaws import Fit

REFUSED = 1
"""Exit status of a refusal."""

WORDS = "scalinglaws.words"
"""Where a call keeps the words that it was given."""

LAWS = {
    "chinchilla": "CHINCHILLA",
    "overtrained": "OVERTRAINED",
    "data-constrained": "DATA_CONSTRAINED",
    "kaplan": "KAPLAN_ND",
    "routed": "ROUTED",
}
"""Laws by the names of the command line."""

_SIZE_IN = "size_in:"


class Pairs(click.ParamType[Any]):
    """``name=value``, as a pair."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """Return the two sides."""
        if isinstance(value, tuple):
            return value
        name, equals, rest = str(value).partition("=")
        if not (name and equals and rest):
            self.fail(f"{value!r} is not NAME=VALUE, such as loss=eval/loss", param, ctx)
        return name, rest


def reading(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how a table is read, and turn refusals into exit status 1."""

    @click.option(
        "--map", "maps", multiple=True, help="loss=eval/loss, params=size_in:name, or a TOML file."
    )
    @click.option("--join", help="Another table of the same runs, joined by their names.")
    @click.option("--where", multiple=True, type=Pairs(), help="Keep rows with this value.")
    @click.option("--last-of", help="Keep the last row of each value of this column.")
    @click.option("--unit", "units", multiple=True, type=Pairs(), help="params=M, tokens=1e9.")
    @click.option("--loss-unit", type=click.Choice(["nats", "bits", "bits/byte"]))
    @click.option("--bytes-per-token", type=float, help="With --loss-unit bits/byte.")
    @click.option("--best-of-cell", is_flag=True, help="Keep the lowest loss of each setting.")
    @click.option("--flops-counted-as", help="In words, where FLOPs are not 6ND.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.option("--debug", is_flag=True, help="Show where a refusal came from.")
    @wraps(command)
    def wrapper(**given: Any) -> None:
        from scalinglaws.errors import ScalingLawError  # late: --help does without

        debug = given.pop("debug")
        try:
            with bars(wanted=not given["as_json"]):
                command(**_of_a_map(given))
        except ScalingLawError as refusal:
            if debug:
                raise
            words = spoken(refusal)
            if given["as_json"]:
                kind = type(refusal).__name__
                tell({"refused": kind, "why": words, "fixes": flags(refusal.fixes)})
            click.echo(f"{type(refusal).__name__}: {words}", err=True)
            sys.exit(REFUSED)

    return wrapper


def _of_a_map(given: dict[str, Any]) -> dict[str, Any]:
    """Return options where a mapping file in the place of a table stands beside its table."""
    from scalinglaws.data import _mapping  # late: --help does without

    files = given.get("files", ())
    if len(files) != 1 or not _mapping.is_one(files[0]):
        return given
    table = _mapping.file_of(files[0])
    named = (table,) if isinstance(table, str) else tuple(table)
    return {**given, "files": named, "maps": (*given["maps"], files[0])}


@contextmanager
def bars(*, wanted: bool) -> Iterator[None]:
    """Leave progress bars out inside this block, unless they are wanted."""
    from scalinglaws._parallel.progress import QUIET  # late: --help does without

    before = os.environ.get(QUIET)
    if not wanted:
        os.environ[QUIET] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(QUIET, None)


law = click.option("--law", type=click.Choice(list(LAWS)), default="chinchilla", show_default=True)
objective = click.option(
    "--objective", type=click.Choice(["huber", "lad", "lsq_log", "lsq"]), default="huber",
    show_default=True,
)  # fmt: skip
by = click.option("--by", help="Column of what belongs together, drawn as one.")


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plainly(label: str) -> str:
    """Return a label whose control characters a terminal does not obey."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", label)


def tell(told: Mapping[str, Any]) -> None:
    """Print one JSON object, under the verb that answers; what is not finite becomes null."""
    from scalinglaws.decide._contents import plain

    whole = {"verb": click.get_current_context().info_name, **told}
    click.echo(json.dumps(plain(whole), ensure_ascii=False, allow_nan=False))


def called_with() -> list[str]:
    """Return the words that the program was called with; none where a verb is called alone."""
    return list(click.get_current_context().meta.get(WORDS, ()))


def options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of :func:`scalinglaws.read_runs` among those that were given."""
    where: dict[str, list[str]] = {}
    for name, value in given["where"]:
        where.setdefault(name, []).append(value)
    units: dict[str, float | str] = {}
    for name, value in given["units"]:
        try:
            units[name] = float(value)
        except ValueError:
            units[name] = value
    columns, mapping = _maps(given["maps"])
    return {
        "columns": columns,
        "mapping": mapping,
        "join": given["join"],
        "where": where,
        "last_of": given["last_of"],
        "units": units,
        "loss_unit": given["loss_unit"],
        "bytes_per_token": given["bytes_per_token"],
        "flops_counted_as": given["flops_counted_as"],
        "best_of_cell": given["best_of_cell"],
    }


def _maps(given: Sequence[str]) -> tuple[dict[str, Any], str | None]:
    """Return columns by name, and the path of a mapping file."""
    columns: dict[str, Any] = {}
    mapping = None
    for value in given:
        if "=" not in value and Path(value).suffix == ".toml":
            if mapping is not None:
                raise click.BadParameter(
                    "one mapping file is read; two were given", param_hint="--map"
                )
            mapping = value
            continue
        name, column = Pairs().convert(value, None, None)
        named = column.removeprefix(_SIZE_IN)
        columns[name] = named if named == column else {"size_in": named}
    return columns, mapping


def source(files: Sequence[str]) -> Any:
    """Return what ``read_runs`` reads: one path, or a list of them."""
    return files[0] if len(files) == 1 else list(files)


def grouped(given: Mapping[str, Any], by: str | None) -> str | None:
    """Return the column of what belongs together: as it was given, or as a mapping file says."""
    from scalinglaws.data._mapping import group_of

    mapping = _maps(given["maps"])[1]
    return by or (group_of(mapping) if mapping else None)


_OF_TABLES = (
    "law", "objective", "maps", "join", "where", "last_of", "units", "loss_unit",
    "bytes_per_token", "flops_counted_as", "best_of_cell",
)  # fmt: skip
"""Options that a saved fit has answered already."""


def fitted(files: Sequence[str], law: str, objective: str, given: Mapping[str, Any]) -> Fit:
    """Return the fit of a table, or the one that a file holds; say on stderr what was read."""
    import scalinglaws as sl

    if len(files) == 1 and _holds_fit(Path(files[0])):
        context = click.get_current_context()
        for name in _OF_TABLES:
            if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
                flag = "map" if name == "maps" else "unit" if name == "units" else name
                raise click.UsageError(
                    f"--{flag.replace('_', '-')} says nothing about a fit that was saved: give the "
                    f"table instead"
                )
        return sl.load_fit(files[0])
    chosen = getattr(sl.laws, LAWS[law])
    runs = sl.read_runs(source(files), law=chosen, **options(given))
    noted(runs.attrs["card"]["notes"])
    return sl.fit(chosen, runs, objective=objective)


def _holds_fit(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(12).replace(" ", "").startswith('{"format":')
    except (OSError, ValueError):
        return False


def sound(result: Fit, *, insist: bool) -> None:
    """Raise :class:`Unidentifiable` for a fit that is not sound, unless one insists."""
    import scalinglaws as sl

    if not result.sound and not insist:
        raise sl.Unidentifiable(
            f"the fit is not sound, and an answer from it would be none: "
            f"{result.status.rstrip('.')}. Mend the table, or go on all the same with --insist",
            partial=result,
        )
