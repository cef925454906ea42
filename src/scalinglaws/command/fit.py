"""``scalinglaws fit``: a law's parameters with intervals, and what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from scalinglaws.command._reading import by as by_option
from scalinglaws.command._reading import fitted, grouped, law, objective, reading, tell
from scalinglaws.command._writing import writable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scalinglaws import Fit


@click.command("fit")
@click.argument("files", nargs=-1, required=True)
@law
@objective
@by_option
@click.option("--save", type=click.Path(dir_okay=False), help="Keep the fit in this file.")
@reading
def command(
    files: tuple[str, ...],
    law: str,
    objective: str,
    by: str | None,
    save: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Fit a law and print its card: parameters with intervals, and what they rest on."""
    target = writable(save, kind="fit", read=files) if save else None
    result = fitted(files, law, objective, given)
    by = grouped(given, by)
    if target:
        click.echo(f"kept in {result.save(target)}", err=True)
    if not as_json and by is None:
        click.echo(repr(result.report()))
        return
    rows = dict(_intervals(result, by))
    if as_json:
        told = {"law": result.law.name, "runs": len(result.runs), "ok": bool(result.ok)}
        tell({**told, "status": result.status, "params": rows})
        return
    click.echo(f"{result.law.name}, {len(result.runs)} runs\n{result.status}")
    for name, row in rows.items():
        click.echo(f"  {name} = {row['estimate']:.4g} ({row['low']:.4g} to {row['high']:.4g})")


def _intervals(result: Fit, by: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in (*result.law.names, *result.law.derived):
        if name not in result.held:
            i = result.interval(name, by=by)
            yield name, {"estimate": i.estimate, "low": i.low, "high": i.high, "kind": i.kind}
