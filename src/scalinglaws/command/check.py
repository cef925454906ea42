"""``scalinglaws check``: how a table is understood, and which questions it can answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from scalinglaws.command._fixes import reason, said
from scalinglaws.command._reading import options, reading, source, tell

if TYPE_CHECKING:
    import pandas as pd

_SHORTEST = 6
"""Rows from which a run is a curve."""

_QUESTIONS = {
    "how to split a budget (plan)": ("CHINCHILLA", ("params", "tokens", "loss")),
    "where a curve goes (forecast)": (None, ("step", "loss")),
    "a task's score at another size (ladder)": (None, ("params", "tokens", "task_loss", "score")),
    "what a repeated token is worth": (
        "DATA_CONSTRAINED",
        ("params", "tokens", "unique_tokens", "loss"),
    ),
    "what experts are worth": ("ROUTED", ("params", "experts", "loss")),
}


@click.command("check")
@click.argument("files", nargs=-1, required=True)
@click.option("--write-map", type=click.Path(dir_okay=False), help="Propose a mapping file.")
@reading
def command(files: tuple[str, ...], write_map: str | None, as_json: bool, **given: Any) -> None:
    """Say how a table is understood, and which questions it can answer."""
    import scalinglaws as sl
    from scalinglaws import identifiability
    from scalinglaws.data._formats import opened
    from scalinglaws.data._joins import joined

    told: dict[str, Any] = {"files": list(files), "answers": {}}
    table: pd.DataFrame | None = None
    refusals: list[Exception] = []
    once, how = opened(source(files)), options(given)
    if (other := how.pop("join")) is not None:
        once = joined(once, opened(other))
    for question, (name, needs) in _QUESTIONS.items():
        law = None if name is None else getattr(sl.laws, name)
        try:
            if "step" in needs:
                runs = sl.curves.read_curves(source(files), **options(given))
                told["answers"][question] = _of_curves(runs)
            else:
                runs = sl.read_runs(once, law=None, needs=needs, **how)
                if law is not None:
                    identifiability.measurable(runs, law)
                    identifiability.check(identifiability.describe(runs, law), law)
                    identifiability.check_first(runs, law)
                told["answers"][question] = "yes"
            table = runs if table is None else table
        except sl.ScalingLawError as refusal:
            refusals.append(refusal)
            told["answers"][question] = reason(refusal)
    if write_map:
        from scalinglaws.data import _mapping

        click.echo(f"proposed in {_mapping.write(once.cells, write_map, files)}", err=True)
    if table is None:
        raise refusals[0]
    told["rows"] = len(table)
    told["columns"] = [str(c) for c in table.columns]
    told["notes"] = [*map(said, table.attrs["card"]["notes"]), table.attrs["card"]["convention"]]
    if as_json:
        tell(told)
        return
    click.echo(f"{told['rows']} rows: {', '.join(told['columns'])}")
    for note in told["notes"]:
        click.echo(f"  {note}")
    for question, answer in told["answers"].items():
        click.echo(f"{question}: {answer}")


def _of_curves(runs: pd.DataFrame) -> str:
    """Return whether rows are points of curves, or what is missing for that."""
    longest = int(runs["curve"].value_counts().max())
    if longest >= _SHORTEST:
        return "yes"
    return f"no run has {_SHORTEST} rows of its own: a curve needs a row for each step"
