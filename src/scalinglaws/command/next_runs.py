"""``scalinglaws next``: which runs to train next."""

from __future__ import annotations

from typing import Any

import click

from scalinglaws.command._reading import Pairs, fitted, law, objective, reading, tell


@click.command("next")
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--target", "targets", type=Pairs(), multiple=True, required=True,
    help="flops=1e24 for the best size; params=7e9 and tokens=1.4e11 for the loss there.",
)  # fmt: skip
@click.option("--spend", type=float, required=True, help="FLOPs for all new runs together.")
@click.option("--runs", type=int, default=6, show_default=True, help="Most runs to train.")
@click.option("--min-params", type=float, help="Smallest model to train.")
@click.option("--max-params", type=float, help="Largest model to train.")
@click.option("--seed", type=int, default=0, show_default=True)
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
    law: str,
    objective: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Say which runs would narrow the interval of an answer most, for what they cost."""
    import scalinglaws as sl
    from scalinglaws.decide._contents import next_told

    wanted = numbers(targets)
    result = fitted(files, law, objective, given)
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
    )
    if as_json:
        tell(next_told(planned))
        return
    click.echo(repr(planned))


def numbers(pairs: tuple[tuple[str, str], ...]) -> dict[str, float]:
    """Return ``name=number`` as a dict; a word in a number's place is a wrong call."""
    found = {}
    for name, value in pairs:
        try:
            found[name] = float(value)
        except ValueError:
            raise click.BadParameter(f"{name}={value!r} is no number, such as 7e9") from None
    return found
