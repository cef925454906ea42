"""``scalinglaws ladder``: a task's score at another size, by way of a loss."""

from __future__ import annotations

from typing import Any

import click

from scalinglaws.command._fixes import noted
from scalinglaws.command._numbers import numbers
from scalinglaws.command._reading import Pairs, options, reading, source, tell


@click.command("ladder")
@click.argument("results", nargs=-1, required=True)
@click.option("--runs", "runs_of", help="Table with params, tokens and loss: the same as --join.")
@click.option("--task", required=True, help="Column of the score, such as arc_easy/acc.")
@click.option(
    "--task-loss", default="loss", show_default=True, help="Column of the loss, here or joined."
)
@click.option("--at", type=Pairs(), multiple=True, required=True, help="params=7e9, tokens=1.4e11.")
@click.option("--insist", is_flag=True, help="Answer from steps that are not sound as well.")
@click.option("--by", help="Column of what belongs together, drawn as one.")
@reading
def command(
    results: tuple[str, ...],
    runs_of: str | None,
    task: str,
    task_loss: str,
    at: tuple[tuple[str, str], ...],
    insist: bool,
    by: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Predict a task's score at another size, from small runs.

    RESULTS have the score and name their runs; --runs (or --join) takes the params, tokens and loss
    of these from another table.
    """
    import pandas as pd

    import scalinglaws as sl
    from scalinglaws.compute.grounds import not_by_chance
    from scalinglaws.decide._contents import records

    wanted = numbers(at, known=("params", "tokens"))
    if set(wanted) != {"params", "tokens"}:
        raise click.UsageError("--at takes two: --at params=7e9 --at tokens=1.4e11")
    given["join"] = runs_of or given["join"]
    how = options(given)
    columns = {"score": task, "task_loss": task_loss, **how.pop("columns")}
    needs = ("params", "tokens", "task_loss", "score")
    runs = sl.read_runs(source(results), law=None, needs=needs, columns=columns, **how)
    noted(runs.attrs["card"]["notes"])
    found = sl.downstream.ladder(runs, at=pd.DataFrame([wanted]), by=by)
    steps = {"task_loss": found.loss_fit, "score": found.score_fit}
    for step in () if insist else steps.values():
        not_by_chance(step)
    own, there = runs["params"] * runs["tokens"], wanted["params"] * wanted["tokens"]
    times = float(max(there / own.max(), own.min() / there, 1.0))
    if as_json:
        told = {k: {"sound": bool(f.sound), "status": f.minimum} for k, f in steps.items()}
        tell(
            {
                "runs": len(runs),
                "times_beyond": times,
                "predictions": records(found.predictions),
                "steps": told,
            }
        )
        return
    click.echo(repr(found))
    where = "within the runs" if times <= 1 else f"{times:.3g} times beyond the runs"
    click.echo(f"in compute this is {where}")
