"""The command line: read a table of runs, fit a law to it, split a budget.

Exits with 0 for an answer, 1 for a refusal, and 2 for a wrong call. Answers go to stdout, words
about them to stderr.
"""

from __future__ import annotations

import json
import math
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from scalinglaws import Fit

REFUSED = 1
"""Exit status of a refusal."""

LAWS = {
    "chinchilla": "CHINCHILLA",
    "overtrained": "OVERTRAINED",
    "data-constrained": "DATA_CONSTRAINED",
    "kaplan": "KAPLAN_ND",
    "routed": "ROUTED",
}
"""Laws by the names of the command line."""

_SHORTEST = 5
"""Rows from which a run is a curve."""

_QUESTIONS = {
    "how to split a budget (plan)": ("CHINCHILLA", ("params", "tokens", "loss")),
    "where a curve goes (forecast in Python)": (None, ("step", "loss")),
    "what a repeated token is worth": (
        "DATA_CONSTRAINED",
        ("params", "tokens", "unique_tokens", "loss"),
    ),
    "what experts are worth": ("ROUTED", ("params", "experts", "loss")),
}


class _Pairs(click.ParamType[Any]):
    """``name=value``, as a pair."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, rest = str(value).partition("=")
        if not (name and equals and rest):
            self.fail(f"{value!r} is not NAME=VALUE, such as loss=eval/loss", param, ctx)
        return name, rest


def _reading(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how a table is read, and turn refusals into exit status 1."""

    @click.option("--map", "maps", multiple=True, type=_Pairs(), help="Which column is what.")
    @click.option("--where", multiple=True, type=_Pairs(), help="Keep rows with this value.")
    @click.option("--last-of", help="Keep the last row of each value of this column.")
    @click.option("--unit", "units", multiple=True, type=_Pairs(), help="params=M, tokens=1e9.")
    @click.option("--loss-unit", type=click.Choice(["nats", "bits", "bits/byte"]))
    @click.option("--bytes-per-token", type=float, help="With --loss-unit bits/byte.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.option("--debug", is_flag=True, help="Show where a refusal came from.")
    @wraps(command)
    def wrapped(**given: Any) -> None:
        from scalinglaws.errors import ScalingLawError  # late: --help does without

        debug = given.pop("debug")
        try:
            command(**given)
        except ScalingLawError as refusal:
            if debug:
                raise
            if given["as_json"]:
                told = {"refused": type(refusal).__name__, "why": str(refusal)}
                click.echo(json.dumps(told, ensure_ascii=False))
            click.echo(f"{type(refusal).__name__}: {refusal}", err=True)
            sys.exit(REFUSED)

    return wrapped


def _how(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of :func:`scalinglaws.read_runs` among those that were given."""
    where: dict[str, list[str]] = {}
    for name, value in given["where"]:
        where.setdefault(name, []).append(value)
    units = {}
    for name, value in given["units"]:
        try:
            units[name] = float(value)
        except ValueError:
            units[name] = value
    return {
        "columns": dict(given["maps"]),
        "where": where,
        "last_of": given["last_of"],
        "units": units,
        "loss_unit": given["loss_unit"],
        "bytes_per_token": given["bytes_per_token"],
    }


def _source(files: tuple[str, ...]) -> Any:
    return files[0] if len(files) == 1 else list(files)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scalinglaws")
def main() -> None:
    """Fit neural scaling laws to your runs, and know how far to trust the fit."""


@main.command()
@click.argument("files", nargs=-1, required=True)
@_reading
def check(files: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Say how a table is understood, and which questions it can answer."""
    import scalinglaws as sl
    from scalinglaws import identifiability

    told: dict[str, Any] = {"files": list(files), "answers": {}}
    table: pd.DataFrame | None = None
    refusals: list[Exception] = []
    for question, (name, needs) in _QUESTIONS.items():
        law = None if name is None else getattr(sl.laws, name)
        try:
            runs = sl.read_runs(_source(files), law=None, needs=needs, **_how(given))
            table = runs if table is None else table
            if law is not None:
                identifiability.measurable(runs, law)
                identifiability.check(identifiability.describe(runs, law), law)
            told["answers"][question] = "yes" if law is not None else _of_curves(runs)
        except sl.ScalingLawError as refusal:
            refusals.append(refusal)
            told["answers"][question] = str(refusal).split("\n  To go on")[0]
    if table is None:
        raise refusals[0]
    told["rows"] = len(table)
    told["columns"] = [str(c) for c in table.columns]
    told["notes"] = [*table.attrs["card"]["notes"], table.attrs["card"]["convention"]]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{told['rows']} rows: {', '.join(told['columns'])}")
    for note in told["notes"]:
        click.echo(f"  {note}")
    for question, answer in told["answers"].items():
        click.echo(f"{question}: {answer}")


def _of_curves(runs: pd.DataFrame) -> str:
    """Return whether rows are steps of curves, or what is missing for that."""
    label = next((c for c in ("run", "Name", "name") if c in runs), None)
    longest = len(runs) if label is None else int(runs[label].value_counts().max())
    if longest >= _SHORTEST and (label is not None or "params" not in runs):
        return "yes"
    return f"no run has {_SHORTEST} rows of its own: a curve needs a row for each step"


def _fitted(files: tuple[str, ...], law: str, objective: str, given: Mapping[str, Any]) -> Fit:
    """Return the fit of a table, or the one that a file holds."""
    import scalinglaws as sl

    if len(files) == 1 and _holds_fit(Path(files[0])):
        return sl.load_fit(files[0])
    chosen = getattr(sl.laws, LAWS[law])
    runs = sl.read_runs(_source(files), law=chosen, **_how(given))
    for note in runs.attrs["card"]["notes"]:
        click.echo(note, err=True)
    return sl.fit(chosen, runs, objective=objective)


def _holds_fit(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(12).replace(" ", "").startswith('{"format":')
    except (OSError, ValueError):
        return False


_law = click.option("--law", type=click.Choice(list(LAWS)), default="chinchilla", show_default=True)
_objective = click.option(
    "--objective", type=click.Choice(["huber", "lad", "lsq_log", "lsq"]), default="huber",
    show_default=True,
)  # fmt: skip


@main.command("fit")
@click.argument("files", nargs=-1, required=True)
@_law
@_objective
@click.option("--by", help="Column of what belongs together, drawn as one.")
@click.option("--save", type=click.Path(dir_okay=False), help="Keep the fit in this file.")
@_reading
def fit_command(
    files: tuple[str, ...],
    law: str,
    objective: str,
    by: str | None,
    save: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Fit a law and print its card: parameters with intervals, and what they rest on."""
    result = _fitted(files, law, objective, given)
    if save:
        click.echo(f"kept in {result.save(save)}", err=True)
    if not as_json and by is None:
        click.echo(repr(result.report()))
        return
    rows = dict(_intervals(result, by))
    if as_json:
        told = {"law": result.law.name, "runs": len(result.runs), "ok": bool(result.ok)}
        told |= {"status": result.status, "params": rows}
        click.echo(json.dumps(told, ensure_ascii=False, allow_nan=False))
        return
    click.echo(f"{result.law.name}, {len(result.runs)} runs\n{result.status}")
    for name, row in rows.items():
        click.echo(f"  {name} = {row['estimate']:.4g} ({row['low']:.4g} to {row['high']:.4g})")


def _intervals(result: Fit, by: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in (*result.law.names, *result.law.derived):
        if name not in result.held:
            i = result.interval(name, by=by)
            yield name, {"estimate": i.estimate, "low": i.low, "high": i.high, "kind": i.kind}


@main.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--flops", type=float, multiple=True, required=True, help="Budget; give several.")
@click.option("--unique-tokens", type=float, help="How much text there is.")
@click.option("--insist", is_flag=True, help="Plan from a fit that is not sound as well.")
@_law
@_objective
@click.option("--by", help="Column of what belongs together, drawn as one.")
@_reading
def plan(
    files: tuple[str, ...],
    flops: tuple[float, ...],
    unique_tokens: float | None,
    insist: bool,
    law: str,
    objective: str,
    by: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Split budgets between model size and data, with the interval to stake on."""
    import scalinglaws as sl

    result = _fitted(files, law, objective, given)
    if not result.sound and not insist:
        raise sl.Unidentifiable(
            f"the fit is not sound, and a plan from it would be no answer: "
            f"{result.status.rstrip('.')}. Mend the table, or plan from it all the same with "
            f"--insist",
            partial=result,
        )
    table = sl.allocate(result, list(flops), by=by, unique_tokens=unique_tokens)
    if as_json:
        rows = [
            {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in r.items()}
            for r in table.to_dict("records")
        ]
        told = {"law": result.law.name, "status": result.status, "ok": bool(result.ok)}
        click.echo(json.dumps(told | {"plans": rows}, ensure_ascii=False, allow_nan=False))
        return
    from scalinglaws.notebook import show

    click.echo(repr(show(table[[c for c in table if "law_" not in c]])))
    if not result.ok:
        click.echo(result.status, err=True)
