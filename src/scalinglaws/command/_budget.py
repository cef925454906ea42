"""A budget, in FLOPs or as machines and hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from scalinglaws.command._numbers import POSITIVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from scalinglaws import Fit

PEAKS = {"a100": 312e12, "h100": 989.4e12, "h200": 989.4e12}
"""FLOP/s of dense matrix products in bfloat16, as NVIDIA's data sheets of the SXM cards give them
(H100 and H200: half of the 1,979 TFLOP/s with sparsity)."""


def budget(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what may be spent."""
    for option in reversed(
        (
            click.option("--flops", type=POSITIVE, multiple=True, help="Budget; give several."),
            click.option("--gpu", type=click.Choice(list(PEAKS)), help="With --hours and --mfu."),
            click.option("--peak-flops", type=POSITIVE, help="FLOP/s of another machine."),
            click.option("--gpus", type=click.IntRange(1), help="How many; by default one."),
            click.option(
                "--hours", type=POSITIVE, help="Of all machines together, running at once."
            ),
            click.option(
                "--mfu", type=click.FloatRange(0, 1, min_open=True), help="Share of the peak."
            ),
        )
    ):
        command = option(command)
    return command


def flops_of(given: dict[str, Any]) -> list[float]:
    """Take the budget out of the options; raises a usage error where there is none or half one."""
    flops = list(given.pop("flops"))
    gpu, peak, gpus, hours, mfu = (
        given.pop(k) for k in ("gpu", "peak_flops", "gpus", "hours", "mfu")
    )
    machine = [gpu or peak, hours, mfu]
    if gpu and peak:
        raise click.UsageError("--gpu names a machine and --peak-flops another: give one of them")
    if any(v is not None for v in (*machine, gpus)):
        if any(v is None for v in machine):
            raise click.UsageError(
                "machines need three of these: --gpu (or --peak-flops), --hours and --mfu, the "
                "share of the peak that training reaches"
            )
        rate = PEAKS[gpu] if gpu else peak
        gpus = gpus or 1
        found = rate * gpus * hours * 3600 * mfu
        click.echo(f"{gpus} x {gpu or f'{peak:g} FLOP/s'} for {hours:g} hours at {mfu:.0%} of the "
                   f"peak: {found:.4g} FLOPs", err=True)  # fmt: skip
        flops.append(found)
    if not flops:
        raise click.UsageError("say what may be spent: --flops 1e24, or --gpu, --hours and --mfu")
    return flops


per_param_token = click.option(
    "--per-param-token", type=POSITIVE, help="FLOPs of a budget; by default the table's."
)


def counted(result: Fit, given: float | None) -> float:
    """Return FLOPs per parameter and token: as given, or as the table counts, which is said."""
    import scalinglaws as sl  # late: --help does without

    k = given or sl.compute.own_count(result)
    if given is None and k != sl.compute.FLOPS_PER_PARAM_TOKEN:
        click.echo(
            f"budgets are counted as the table counts its flops, {k:.3g} params tokens; "
            f"--per-param-token 6 takes them as 6 params tokens",
            err=True,
        )
    return k
