"""``scalinglaws report``: one page on a table, a budget, and how far to trust the answer."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click

from scalinglaws.command._budget import budget, counted, flops_of
from scalinglaws.command._budget import per_param_token as count_option
from scalinglaws.command._numbers import POSITIVE
from scalinglaws.command._reading import (
    REFUSED,
    called_with,
    fitted,
    grouped,
    law,
    objective,
    reading,
    tell,
)
from scalinglaws.command._reading import by as by_option
from scalinglaws.command._writing import writable


@click.command("report")
@click.argument("files", nargs=-1, required=True)
@budget
@click.option("--spend", type=POSITIVE, help="FLOPs for further runs together.")
@count_option
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), default="report.html", show_default=True
)
@click.option("--title", default="", help="Stands above the answer.")
@law
@objective
@by_option
@reading
def command(
    files: tuple[str, ...],
    spend: float | None,
    per_param_token: float | None,
    output: str,
    title: str,
    law: str,
    objective: str,
    by: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Write one page: the answer, the runs, the fit, and what they cannot say."""
    import scalinglaws as sl

    flops = flops_of(given)
    target = writable(output, kind="report", read=files)
    result = fitted(files, law, objective, given)
    page = sl.report(
        result,
        flops=flops,
        spend=spend,
        title=title,
        by=grouped(given, by),
        per_param_token=counted(result, per_param_token),
        reproduce=shlex.join(["scalinglaws", *called_with()]),
    )
    try:
        path = page.save(target)
    except OSError as error:
        raise sl.BadParameters(f"{output} cannot be written: {error.strerror}") from None
    if as_json:
        tell({**page.to_dict(), "page": str(path)})
    else:
        click.echo(page.answer)
    click.echo(f"written to {path}", err=True)
    if page.plans is None:
        sys.exit(REFUSED)  # the page says why
