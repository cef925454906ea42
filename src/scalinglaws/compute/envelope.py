"""Approach 1 of Hoffmann et al. 2022: the lower edge of many training curves."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.compute.growing import Frontier, line_through
from scalinglaws.compute.hull import Rows, lower_hull
from scalinglaws.errors import BadParameters, Unidentifiable
from scalinglaws.intervals.resampling import RESAMPLES


@dataclass(frozen=True, kw_only=True)
class _Points:
    """Checkpoints in the order of log C, then loss; ``run`` numbers their curves from 0."""

    run: Rows
    log_flops: Array
    log_params: Array
    log_tokens: Array
    loss: Array

    def winners(self, index: Rows) -> Array:
        chosen = (self.log_flops, self.log_params, self.log_tokens, self.loss)
        return np.stack([values[index] for values in chosen])


def frontier(
    curves: pd.DataFrame,
    *,
    hull: bool = False,
    flops: str = "flops",
    budgets: int = 200,
    n: int = RESAMPLES,
    seed: int = 0,
) -> Frontier:
    """Find which run has the lowest loss at each budget, and the power law through the winners.

    ``curves`` has one row for each checkpoint: ``run, params, tokens, loss`` and the column named
    by ``flops``, which counts compute. By default each run's loss is interpolated in log FLOPs onto
    ``budgets`` equally spaced budgets, and a budget counts when at least two runs reach it
    (Hoffmann et al. 2022, section 3.1). With ``hull`` the winners are the checkpoints on the
    falling part of the lower convex hull of log loss against log FLOPs, each counted once (McLeish
    et al. 2025, approach 1); its first corner is the cheapest checkpoint of all, whether or not its
    size is the best there. The table's ``tokens`` are those that the winner had seen, whatever
    ``flops`` counts, and D* has its own line through them. Intervals resample whole runs.

    Raises :class:`BadRuns` without a needed column or with a value in it that is not a positive
    number, and :class:`Unidentifiable` when fewer than three sizes ever win.
    """
    checks.resamples(n)
    checks.seed(seed)
    if isinstance(budgets, bool) or not isinstance(budgets, int | np.integer) or budgets < 2:
        raise BadParameters(f"budgets is a whole number, 2 or more; found {budgets!r}")
    points = _points(curves, flops)
    win = _hull(points) if hull else _envelope(points, budgets)
    runs = int(points.run.max()) + 1
    log_flops, log_params, log_tokens, loss = best = win(np.arange(runs))
    sizes = len(set(log_params))
    if sizes < 3:
        raise Unidentifiable(
            f"{sizes} model sizes are ever the best at their compute; the envelope needs at least "
            f"3. Train more sizes, from further below the budget of interest to further above it."
        )
    rng = np.random.default_rng(seed)
    draws = [best, *(win(np.unique(rng.integers(0, runs, runs))) for _ in range(n))]
    lines = np.stack(
        [line_through(drawn[0], np.stack([*drawn[1:3], np.log(drawn[3])])) for drawn in draws]
    )
    lines = lines[np.r_[True, np.isfinite(lines[1:, 0, 0])]]
    table = pd.DataFrame(
        {
            "flops": np.exp(log_flops),
            "params": np.exp(log_params),
            "tokens": np.exp(log_tokens),
            "loss": loss,
            "used": True,
        }
    )
    return Frontier(
        table=table,
        runs=curves,
        lines=lines[:, 0],
        token_lines=lines[:, 1],
        loss_lines=lines[:, 2],
        how=f"training-curve {'lower hull' if hull else 'envelope'} (approach 1)",
        kind="bootstrap by run",
        flops=flops,
    )


def _points(curves: pd.DataFrame, flops: str) -> _Points:
    needed = (flops, "params", "tokens", "loss")
    checks.table(curves, needed, what="the envelope")
    checks.groups(curves, "run", what="the envelope of training curves")
    values = {name: curves[name].to_numpy(dtype=float) for name in needed}
    order = np.lexsort((values["loss"], values[flops]))
    return _Points(
        run=pd.factorize(curves["run"], sort=True)[0][order],
        log_flops=np.log(values[flops])[order],
        log_params=np.log(values["params"])[order],
        log_tokens=np.log(values["tokens"])[order],
        loss=values["loss"][order],
    )


def _envelope(points: _Points, budgets: int) -> Callable[[Rows], Array]:
    """Return a function from runs to their winners: log C, log N, log D and loss at each budget."""
    grid = np.linspace(points.log_flops[0], points.log_flops[-1], budgets)
    curves = []
    for run in range(int(points.run.max()) + 1):
        x, params, tokens, loss = points.winners(np.flatnonzero(points.run == run))
        curves.append(
            [
                np.full(budgets, params[0]),
                np.interp(grid, x, tokens),
                np.interp(grid, x, loss, left=np.inf, right=np.inf),
            ]
        )
    at = np.array(curves)
    contested = np.isfinite(at[:, 2]).sum(axis=0) >= 2
    at, grid = at[:, :, contested], grid[contested]

    def win(runs: Rows) -> Array:
        drawn = at[runs]
        winner = drawn[:, 2].argmin(axis=0) if len(grid) else np.zeros(0, dtype=int)
        best = drawn[winner, :, np.arange(len(grid))].T
        best[:2, np.isinf(best[2])] = np.nan  # no drawn run reaches this budget
        return np.concatenate([grid[None], best])

    return win


def _hull(points: _Points) -> Callable[[Rows], Array]:
    """Return a function from runs to their winners: log C, log N, log D and loss at each vertex."""
    log_loss = np.log(points.loss)

    def win(runs: Rows) -> Array:
        drawn = np.flatnonzero(np.isin(points.run, runs))
        y = log_loss[drawn]
        falling = y < np.r_[np.inf, np.minimum.accumulate(y)[:-1]]
        return points.winners(lower_hull(drawn[falling], points.log_flops, log_loss))

    return win
