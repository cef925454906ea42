"""``scalinglaws forecast``: where learning curves go, and what a target needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from scalinglaws.command._fixes import noted
from scalinglaws.command._numbers import POSITIVE
from scalinglaws.command._reading import options, plainly, reading, source, tell

if TYPE_CHECKING:
    import pandas as pd

_RATES = ("lr", "learning_rate", "train/lr", "train/learning_rate")
"""Columns that hold a learning rate: one that has decayed speaks against a forecast."""

_AHEAD = (2.0, 10.0)
"""Times the last x at which a curve is continued where nothing is asked."""


@click.command("forecast")
@click.argument("files", nargs=-1, required=True)
@click.option("--x", "grows", help="Column that grows, such as tokens; by default the first known.")
@click.option("--at", type=POSITIVE, multiple=True, help="Where to continue to; give several.")
@click.option("--target", type=POSITIVE, help="A loss: say at which x it is reached.")
@click.option("--run", "chosen", multiple=True, help="Curves by name; by default all.")
@reading
def command(
    files: tuple[str, ...],
    grows: str | None,
    at: tuple[float, ...],
    target: float | None,
    chosen: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Continue learning curves, with an interval for what would be measured there."""
    import scalinglaws as sl
    from scalinglaws._parallel.progress import counted

    runs = sl.curves.read_curves(source(files), x=grows, **options(given))
    x = runs.attrs["x"]
    noted(runs.attrs["card"]["notes"])
    names = list(dict.fromkeys(runs["curve"]))
    if unknown := [name for name in chosen if name not in names]:
        raise sl.UnknownName(
            f"no curve is called {unknown[0]!r}; there are {', '.join(names[:20])}"
        )
    told, refused = [], {}
    with counted(len(chosen or names), "Forecasting", unit="curve") as one_more:
        for name in chosen or names:
            part = runs[runs["curve"] == name]
            try:
                told.append(_one(part, name, x, at, target))
            except sl.ScalingLawError as error:
                refused[name] = str(error)
            one_more()
    if not told:
        name, why = next(iter(refused.items()))
        raise sl.Unidentifiable(f"{name}: {why}")
    if as_json:
        tell({"x": x, "curves": told, "left_out": refused})
        return
    for one in told:
        click.echo(f"{plainly(one['curve'])}: {one['points']} points to {x} {one['last']:.6g}")
        for row in one["ahead"]:
            click.echo(
                f"  at {x} {row['x']:.4g} ({row['times']:.3g} times): {row['mean']:.4g} "
                f"({row['low']:.4g} to {row['high']:.4g})"
            )
        if "needed" in one:
            click.echo(f"  {one['needed']}")
    for name, why in refused.items():
        click.echo(f"{plainly(name)}: {why}", err=True)


def _one(
    part: pd.DataFrame, name: str, x: str, at: tuple[float, ...], target: float | None
) -> dict[str, Any]:
    """Return a curve's continuation, and what a target needs."""
    import scalinglaws as sl

    last = float(part[x].max())
    wanted = list(at) or ([] if target is not None else [k * last for k in _AHEAD])
    out: dict[str, Any] = {"curve": name, "points": len(part), "last": last, "ahead": []}
    out["notes"] = []
    if wanted:
        rate = next(
            (c for c in _RATES if c in part.columns and c != x and part[c].notna().all()), None
        )
        table = sl.forecast(
            part[x], part["loss"], at=wanted, lr=None if rate is None else part[rate]
        )
        out["notes"] = list(table.attrs.get("notes", ()))
        for note in out["notes"]:
            click.echo(f"{plainly(name)}: {note}", err=True)
        out["ahead"] = [
            {"x": r.x, "times": r.x / last, "mean": r.mean, "low": r.low, "high": r.high}
            for r in table.itertuples()
        ]
    if target is not None:
        from scalinglaws.curves.planning import needed

        try:
            out["needed"] = repr(needed(part[x], part["loss"], target=target, unit=x))
        except sl.Unidentifiable as error:
            out["needed"] = str(error)
    return out
