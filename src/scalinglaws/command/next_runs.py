"""``scalinglaws next``: which runs to train next."""

from __future__ import annotations

from typing import Any

import click

from scalinglaws.command._budget import counted
from scalinglaws.command._budget import per_param_token as count_option
from scalinglaws.command._numbers import POSITIVE, numbers
from scalinglaws.command._reading import Pairs, fitted, law, objective, reading, sound, tell


@click.command("next")
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--target", "targets", type=Pairs(), multiple=True, required=True,
    help="flops=1e24 for the best size; params=7e9 and tokens=1.4e11 for the loss there.",
)  # fmt: skip
@click.option("--spend", type=POSITIVE, required=True, help="FLOPs for all new runs together.")
@click.option(
    "--runs", type=click.IntRange(1, 50), default=6, show_default=True, help="Most runs to train."
)
@click.option("--min-params", type=POSITIVE, help="Smallest model to train.")
@click.option("--max-params", type=POSITIVE, help="Largest model to train.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@count_option
@click.option("--insist", is_flag=True, help="Plan from a fit that is not sound as well.")
@law
@objective
@reading
def command(
    files: tuple[str, ...],
    targets: tuple[tuple[str, str], ...],
    spend: float,
    runs: int,
    min_params: float | None,
    max_params: float | None,
    seed: int,
    per_param_token: float | None,
    insist: bool,
    law: str,
    objective: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Say which runs would narrow the interval of an answer most, for what they cost."""
    import scalinglaws as sl
    from scalinglaws.decide._contents import next_told

    wanted = numbers(targets, known=("flops", "params", "tokens"))
    if set(wanted) not in ({"flops"}, {"params", "tokens"}):
        raise click.UsageError(
            "say one target: --target flops=1e24, or --target params=7e9 --target tokens=1.4e11"
        )
    result = fitted(files, law, objective, given)
    sound(result, insist=insist)
    at = {k: v for k, v in wanted.items() if k != "flops"}
    planned = sl.next_runs(
        result,
        spend=spend,
        flops=wanted.get("flops"),
        at=at or None,
        runs=runs,
        min_params=min_params,
        max_params=max_params,
        seed=seed,
        per_param_token=counted(result, per_param_token),
    )
    if as_json:
        tell(next_told(planned))
        return
    click.echo(repr(planned))
