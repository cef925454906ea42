"""``scalinglaws plan``: budgets split between model size and data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from scalinglaws.command._budget import budget, counted, flops_of
from scalinglaws.command._budget import per_param_token as count_option
from scalinglaws.command._numbers import POSITIVE
from scalinglaws.command._reading import by as by_option
from scalinglaws.command._reading import fitted, grouped, law, objective, reading, sound, tell

if TYPE_CHECKING:
    import pandas as pd

    from scalinglaws import Fit


@click.command("plan")
@click.argument("files", nargs=-1, required=True)
@budget
@click.option("--unique-tokens", type=POSITIVE, help="How much text there is.")
@click.option("--tokens-per-param", type=POSITIVE, help="Ask what this ratio costs, too.")
@click.option("--serve-tokens", type=POSITIVE, help="Tokens to serve over the model's life, too.")
@count_option
@click.option("--insist", is_flag=True, help="Plan from a fit that is not sound as well.")
@law
@objective
@by_option
@reading
def command(
    files: tuple[str, ...],
    unique_tokens: float | None,
    tokens_per_param: float | None,
    serve_tokens: float | None,
    per_param_token: float | None,
    insist: bool,
    law: str,
    objective: str,
    by: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Split budgets between model size and data, with the interval to stake on."""
    import scalinglaws as sl
    from scalinglaws.decide import _limits
    from scalinglaws.decide._contents import records

    flops = flops_of(given)
    result = fitted(files, law, objective, given)
    by = grouped(given, by)
    sound(result, insist=insist)
    k = counted(result, per_param_token)
    table = sl.allocate(result, flops, by=by, unique_tokens=unique_tokens, per_param_token=k)
    for note in _limits.below(result, table, per_param_token=k):
        click.echo(note, err=True)
    tables = {"plans": table}
    if tokens_per_param is not None:
        tables["at_ratio"] = _at_ratio(result, table, tokens_per_param, by, k)
    if serve_tokens is not None:
        if k != sl.compute.FLOPS_PER_PARAM_TOKEN:
            click.echo(
                "serving counts 6 FLOPs to train and 2 to serve, per parameter and token", err=True
            )
        tables["served"] = _served(result, table, serve_tokens, by)
    if as_json:
        told = {"law": result.law.name, "status": result.status, "ok": bool(result.ok)}
        tell(told | {name: records(t) for name, t in tables.items()})
        return
    from scalinglaws.notebook.tables import show

    click.echo(repr(show(table[[c for c in table if "law_" not in c]])))
    if "at_ratio" in tables:
        click.echo(f"\nat {tokens_per_param:g} tokens per parameter:")
        click.echo(repr(show(tables["at_ratio"])))
    if "served" in tables and serve_tokens is not None:
        click.echo(
            f"\nas good as each plan, cheapest to train and to serve {serve_tokens:g} tokens:"
        )
        one = tables["served"].drop(columns=["served"]).rename(columns={"plan": "flops"})
        shown = [c for c in one if "law_" not in c and not c.startswith("cost")]
        click.echo(repr(show(one[["flops", *(c for c in shown if c != "flops")]])))


def _at_ratio(
    result: Fit, plans: pd.DataFrame, ratio: float, by: str | None, per_param_token: float
) -> pd.DataFrame:
    """Return what a given ratio of tokens to parameters reaches for each budget, and what it costs.

    ``more_loss`` is the loss above that of the best split, as a share of it.
    """
    import numpy as np
    import pandas as pd

    flops = plans["flops"].to_numpy()
    params = np.sqrt(flops / per_param_token / ratio)
    every: dict[str, Any] = {
        "params": params,
        "tokens": params * ratio,
        "flops": flops,
        "tokens_per_param": np.full(len(flops), ratio),
    }
    told = result.predict(by=by, **{k: every[k] for k in result.law.inputs})
    out = pd.DataFrame({k: every[k] for k in ("flops", "params", "tokens")})
    out["loss"] = told[result.law.response].to_numpy()
    out["loss_low"], out["loss_high"] = told["low"].to_numpy(), told["high"].to_numpy()
    out["more_loss"] = out["loss"] / plans["loss"].to_numpy() - 1
    out.attrs["level"] = 0.9
    return out


def _served(result: Fit, plans: pd.DataFrame, served: float, by: str | None) -> pd.DataFrame:
    """Return, for each plan, the model as good as it that costs least to train and to serve."""
    import pandas as pd

    import scalinglaws as sl

    parts = [
        sl.compute.lifetime(result, served, loss=float(loss), by=by).assign(plan=float(flops))
        for flops, loss in zip(plans["flops"], plans["loss"], strict=True)
    ]
    out = pd.concat(parts, ignore_index=True).rename(columns={"beyond": "ratio_beyond"})
    out.attrs["level"] = 0.9
    return out
