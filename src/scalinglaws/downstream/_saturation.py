"""The level at which a downstream task stops following its upstream task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import Fit, planned
from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws._parallel.threads import cores
from scalinglaws.downstream._ahead import FEWEST, LAWS, looking_ahead
from scalinglaws.downstream._rank import spearman
from scalinglaws.errors import BadRuns, ScalingLawError, Unidentifiable
from scalinglaws.fitting.objectives import HUBER, Objective
from scalinglaws.fitting.solver.plan import Plan, run, run_all
from scalinglaws.intervals.resampling import RESAMPLES, percentiles, resampled
from scalinglaws.laws import ABNAR

SPAN = 1.5
"""Upstream errors must differ by this factor."""
_COMPETE = {name: LAWS[name] for name in ("saturation", "line in logits")}
_MANY = 8
"""Groups from which on processes share the work: fewer are done before these have started."""
FAINT = 0.01
"""A floor below this share of the least error measured is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Saturation:
    """The downstream error at an upstream error of zero, ``value``, between ``low`` and ``high``.

    ``best_upstream`` and ``best_downstream`` are the least errors measured, ``rank`` is Spearman's
    correlation of the two errors over ``models``, and ``fit`` the law. ``ahead`` is the root mean
    square error of the log error on the fifth of the models that are best upstream, by the law
    fitted to the others; ``ahead_line`` that of a straight line in logits, which has no level.
    Both are missing where fewer than eight models are left.
    """

    value: float
    low: float
    high: float
    level: float
    best_upstream: float
    best_downstream: float
    rank: float
    models: int
    ahead: float
    ahead_line: float
    fit: Fit = field(repr=False)

    @property
    def doubtful(self) -> bool:
        """Whether a law without a level predicts the best models better."""
        return self.ahead_line < self.ahead

    def __contains__(self, error: float) -> bool:
        """Whether the interval holds an error."""
        return self.low <= error <= self.high

    def __repr__(self) -> str:
        """Return the answer in a sentence."""
        if self.low > 0:
            ends = (
                f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g}, {self.level:.0%} interval)"
            )
        elif self.high > FAINT * self.best_downstream:
            ends = f"at most {self.high:.3g} under this law ({self.level:.0%} interval)"
        else:
            ends = "zero under this law"
        return (
            f"at an upstream error of zero the downstream error is {ends}; the {self.models} "
            f"models come down to {self.best_downstream:.3g}, at upstream errors from "
            f"{self.best_upstream:.3g}"
            + (
                f". Doubtful: fitted to the others, a line in logits, which has no level, predicts "
                f"the best fifth better ({self.ahead_line:.1%} against {self.ahead:.1%})"
                if self.doubtful
                else ""
            )
        )

    def _repr_html_(self) -> str:
        return f'<div class="sl-fit"><p>{escape(repr(self))}</p></div>'


@one_blas_thread
def saturation(
    points: pd.DataFrame,
    *,
    upstream: str = "upstream_error",
    downstream: str = "downstream_error",
    objective: Objective | str = HUBER,
    level: float = 0.9,
    n: int = RESAMPLES,
    by: str | None = None,
    seed: int = 0,
) -> Saturation:
    """Return the level ``e_IR`` of ``e_DS = k e_US^alpha + e_IR``, with an interval.

    ``points`` has a row a model and errors between 0 and 1. The interval is that of a bootstrap by
    case, or by group of the column ``by``; it takes the law for granted, and
    :attr:`Saturation.doubtful` says whether a law without a level goes on better. Abnar et al.
    2021, equation 1.

    Raises :class:`Unidentifiable` with fewer than 8 models, when upstream errors differ by less
    than a factor of 1.5, when the downstream error does not grow with the upstream one (no level
    below that of guessing), and when the interval reaches zero; ``partial`` is then a
    :class:`Saturation` whose ``high`` is still an upper end.
    """
    options: Any = {"objective": objective, "level": level, "n": n, "by": by, "seed": seed}
    return run(_saturating(points, upstream=upstream, downstream=downstream, **options))


def _saturating(
    points: pd.DataFrame,
    *,
    upstream: str = "upstream_error",
    downstream: str = "downstream_error",
    objective: Objective | str,
    level: float,
    n: int,
    by: str | None,
    seed: int,
) -> Plan[Saturation]:
    """Plan what :func:`saturation` does."""
    level, n = checks.level(level), checks.resamples(n)
    checks.table(points, (upstream, downstream), what="a saturation level")
    if (points[[upstream, downstream]].max() > 1).any():
        raise BadRuns(
            f"errors are shares between 0 and 1; {upstream} goes to {points[upstream].max():.4g} "
            f"and {downstream} to {points[downstream].max():.4g}. Divide percentages by 100"
        )
    if by is not None:
        checks.groups(points, by, what="a saturation level by group")
    columns = {upstream: "upstream_error", downstream: "downstream_error"}
    kept = points[[*columns, *([by] if by else [])]].rename(columns=columns)
    x, y = (kept[c].to_numpy(dtype=float) for c in columns.values())
    if len(kept) < FEWEST:
        raise Unidentifiable(
            f"a saturation level takes at least {FEWEST} models; there are {len(kept)}"
        )
    if x.max() < SPAN * x.min():
        raise Unidentifiable(
            f"upstream errors go from {x.min():.3g} to {x.max():.3g} only: a level takes models "
            f"whose upstream errors differ by a factor of {SPAN:g}"
        )
    rank, p = spearman(x, y) if np.ptp(y) else (0.0, 1.0)
    if not (rank > 0 and p < (1 - level) / 2):
        raise Unidentifiable(
            f"over these {len(kept)} models the downstream error does not grow with the upstream "
            f"one (Spearman's correlation {rank:.2f}): there is no curve that could level off"
        )
    law = yield from planned(ABNAR, kept, objective=objective, check=False, seed=seed)
    try:
        beyond = yield from looking_ahead(kept, laws=_COMPETE, objective=objective, seed=seed)
    except Unidentifiable:
        beyond = dict.fromkeys(_COMPETE, float("nan"))
    draws = resampled(law, n, kind="group" if by else "case", by=by, seed=seed)["e_IR"].to_numpy()
    low, high = (float(v) for v in percentiles(draws, level))
    value, best = law.params["e_IR"], float(y.min())
    open_below = low <= FAINT * best
    found = Saturation(
        value=value,
        low=0.0 if open_below else low,
        high=high,
        level=level,
        best_upstream=float(x.min()),
        best_downstream=best,
        rank=float(rank),
        models=len(kept),
        ahead=beyond["saturation"],
        ahead_line=beyond["line in logits"],
        fit=law,
    )
    if open_below:
        most = f"; at most {high:.3g} is left under this law" if high > FAINT * best else ""
        raise Unidentifiable(
            f"no level shows: the law fits as well without one{most}",
            partial=found,
            insist="the fit is in error.partial.fit",
        )
    return found


@one_blas_thread
def _rows(parts: Sequence[pd.DataFrame], options: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return what :func:`saturations` says of some of the groups."""
    found = run_all(_saturating(part, **options) for part in parts)
    return [_row(len(part), one) for part, one in zip(parts, found, strict=True)]


def _row(models: int, found: Saturation | ScalingLawError) -> dict[str, object]:
    row: dict[str, object] = {"models": models, "refused": ""}
    if isinstance(found, Unidentifiable):
        row |= {"value": np.nan, "doubtful": None, "refused": found.reason}
        found = found.partial
    elif isinstance(found, ScalingLawError):
        raise found
    else:
        row |= {"value": found.value, "doubtful": found.doubtful}
    if isinstance(found, Saturation):
        row |= {k: getattr(found, k) for k in ("low", "high", "best_upstream")}
        row |= {k: getattr(found, k) for k in ("best_downstream", "rank", "ahead", "ahead_line")}
        row |= {k: found.fit.params[k] for k in ("k", "alpha")}
        row |= {"estimate": found.fit.params["e_IR"]}
    return row


def saturations(
    points: pd.DataFrame,
    *,
    by: str = "task",
    objective: Objective | str = HUBER,
    level: float = 0.9,
    n: int = RESAMPLES,
    group: str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the saturation level of each value of a column, refusals included.

    ``group`` names the column whose values the bootstrap draws whole.

    One row a value: ``models``, ``value, low, high`` (``value`` missing where refused), ``k``,
    ``alpha`` and ``estimate``, the law's parameters whatever was refused, ``best_upstream``,
    ``best_downstream``, ``rank``, ``ahead``, ``ahead_line``, ``doubtful`` (missing where refused)
    and ``refused``, why there is no level.
    """
    from joblib import Parallel, delayed  # late: an import of the library does without

    checks.groups(points, by, what="saturation levels")
    options = {"objective": objective, "level": level, "n": n, "by": group, "seed": seed}
    parts = list(checks.bare(points).groupby(by, sort=False))
    jobs = cores() if len(parts) >= _MANY else 1
    shares = [range(k, len(parts), jobs) for k in range(jobs)]
    found = Parallel(n_jobs=jobs)(
        delayed(_rows)([parts[i][1] for i in share], options) for share in shares
    )
    each: dict[int, dict[str, object]] = {}
    for share, some in zip(shares, found, strict=True):
        each |= dict(zip(share, some, strict=True))
    rows = [{by: name, **each[i]} for i, (name, _) in enumerate(parts)]
    order = [by, "models", "value", "low", "high", "k", "alpha", "estimate", "best_upstream"]
    order += ["best_downstream", "rank", "ahead", "ahead_line", "doubtful", "refused"]
    out = pd.DataFrame(rows).reindex(columns=order)
    out.attrs = {"level": level}
    return out
