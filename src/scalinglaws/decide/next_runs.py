"""Which runs to train next: those that narrow the interval of an answer most for what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._format import count, flops_words, table_html
from scalinglaws._parallel.progress import counted
from scalinglaws.compute.grounds import not_stuck
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, of_size_and_data, splits
from scalinglaws.compute.own_flops import count_for
from scalinglaws.decide import _designs, _outcomes
from scalinglaws.decide._target import Target
from scalinglaws.errors import BadParameters, Unidentifiable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws._fit import Fit

HARDLY = 0.03
"""Share by which an interval must get shorter before new runs are said to help."""

OUTCOMES = 24
"""Simulated outcomes of the design that is answered with."""

GLANCE = 8
"""Outcomes, the same for all, by which designs are compared."""

MOST = 50
"""Most runs that are planned at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NextRuns:
    """The runs to train next, and what they are expected to do to an interval.

    ``runs`` has ``params``, ``tokens``, ``tokens_per_param``, ``flops`` of one run, and ``seeds``,
    how often to train it. ``target`` is what is narrowed, in words; ``now`` and ``then`` are the
    natural logarithm of the interval's upper end over its lower, as it is and as it is expected to
    be, and ``error`` the standard error of that expectation. ``tried`` has the designs that were
    simulated, over fewer outcomes: ``design``, ``runs``, ``flops``, ``width``. Every count of FLOPs
    is ``per_param_token`` for each parameter and token.
    """

    runs: pd.DataFrame
    target: str
    level: float
    now: float
    then: float
    error: float
    spend: float
    tried: pd.DataFrame
    per_param_token: float = FLOPS_PER_PARAM_TOKEN

    @property
    def flops(self) -> float:
        """Floating-point operations that the runs take together."""
        return float((self.runs["flops"] * self.runs["seeds"]).sum())

    @property
    def shorter(self) -> float:
        """Share by which the interval is expected to get shorter, on a logarithmic scale."""
        return 1 - self.then / self.now

    @property
    def helps(self) -> bool:
        """Whether the interval gets shorter beyond the error of the simulation and by a little."""
        return self.shorter > max(HARDLY, 2 * self.error / self.now)

    def sentence(self) -> str:
        """Return the answer in a sentence."""
        now, then = (f"a factor of {np.exp(w):.3g}" for w in (self.now, self.then))
        if self.target.endswith("tokens"):
            now, then = (f"{np.expm1(w):.2%}" for w in (self.now, self.then))
        what = self.target.replace("the interval", f"the {self.level:.0%} interval", 1)
        if not self.helps:
            return (
                f"No runs for {flops_words(self.spend)} FLOPs in all narrow {what} by more than "
                f"{HARDLY:.0%}: it spans {now} now, and about {then} with the best of them. Spend "
                f"more, or ask for a target nearer to the runs"
            )
        trained = int(self.runs["seeds"].sum())
        return (
            f"{trained} run{'s' * (trained > 1)} for {flops_words(self.flops)} FLOPs in all are "
            f"expected to narrow {what} from {now} to {then}"
        )

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                count(r.params),
                count(r.tokens),
                f"{r.tokens_per_param:.3g}",
                flops_words(r.flops),
                f"{r.seeds}",
            )
            for r in self.runs.itertuples()
        ]

    def _header(self) -> tuple[str, ...]:
        return ("parameters", "tokens", "tokens per parameter", "FLOPs each", "seeds")

    def __repr__(self) -> str:
        """Return the sentence, and the runs below it."""
        rows = [self._header(), *self._rows()]
        widths = [max(len(r[k]) for r in rows) for k in range(len(rows[0]))]
        lines = ["  ".join(c.rjust(w) for c, w in zip(r, widths, strict=True)) for r in rows]
        return "\n".join([f"{self.sentence()}.", *lines])

    def _repr_html_(self) -> str:
        table = table_html(self._header(), self._rows())
        return f'<div class="sl-table"><p>{self.sentence()}.</p>{table}</div>'


def next_runs(
    fit: Fit,
    *,
    spend: float,
    flops: float | None = None,
    at: Mapping[str, float] | None = None,
    runs: int = 6,
    min_params: float | None = None,
    max_params: float | None = None,
    level: float = 0.9,
    seed: int = 0,
    outcomes: int = OUTCOMES,
    per_param_token: float | None = None,
) -> NextRuns:
    """Plan up to ``runs`` runs for ``spend`` FLOPs that narrow the interval of an answer most.

    The answer is the best size for a budget of ``flops``, or the loss ``at`` some ``params`` and
    ``tokens``. Of a size the interval is the one that holds if the law does (``params_law_low`` to
    ``params_law_high`` of :func:`allocate`), of a loss the one to stake on (:meth:`Fit.predict`),
    with what is allowed per decade beyond the runs taken to stay as it is. Every count of FLOPs is
    ``per_param_token`` for each parameter and token, by default that of the fit's table
    (:func:`scalinglaws.compute.own_count`).

    Candidates lie on a grid of sizes, from the smallest measured (or ``min_params``) to the largest
    that can be paid (or ``max_params``), and of tokens per parameter, those of the runs and at
    least 5 to 100, with no fewer tokens than the runs and no more compute than the target; one that
    is chosen twice asks for two seeds. They are chosen by the information that they add, to first
    order, as a mean over resamples of the fit, and by the decades that they take off the
    extrapolation. What is chosen, and two plain designs beside it, are then simulated: outcomes are
    drawn from refits with the scatter of the residuals, the law is fitted to the runs with them,
    and the intervals of ``outcomes`` such fits are averaged.

    Raises :class:`BadParameters` for two answers or none and for numbers that are not positive, and
    :class:`Unidentifiable` for a law of other inputs, a fit at its bound, a table without one count
    of FLOPs, or a spend that pays for no candidate.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022").head(40))
    >>> plan = sl.next_runs(fit, flops=1e22, spend=1e21, runs=4, outcomes=8)
    >>> plan.flops <= 1e21, plan.then < plan.now
    (True, True)
    """
    level, seed = checks.level(level), checks.seed(seed)
    numbers: dict[str, float] = {"spend": spend}
    numbers |= {k: v for k, v in (("min_params", min_params), ("max_params", max_params)) if v}
    for name, value in checks.numbers(numbers, what="next runs").items():
        if value <= 0:
            raise BadParameters(f"{name} must be positive; found {value:g}")
    for name, whole, most in (("runs", runs, MOST), ("outcomes", outcomes, 1000)):
        if isinstance(whole, bool) or not isinstance(whole, int) or not 1 <= whole <= most:
            raise BadParameters(f"{name} is a whole number from 1 to {most}; found {whole!r}")
    if min_params and max_params and min_params > max_params:
        raise BadParameters(
            f"min_params is above max_params: {min_params:g} and {max_params:g} leave no size"
        )
    law = fit.law
    if not splits(law) or "unique_tokens" in law.inputs:
        raise Unidentifiable(
            f"{law.name} is a law of {', '.join(law.inputs)}; runs are planned for laws of params "
            f"and tokens, such as laws.CHINCHILLA"
        )
    not_stuck(fit)
    k = count_for(fit, per_param_token)
    split = of_size_and_data(law, per_param_token=k)
    target = Target.of(fit, split, flops=flops, at=at, level=level, per_param_token=k)
    grid = _designs.candidates(
        fit, spend=spend, low=min_params, high=max_params, per_param_token=k, most=target.flops
    )
    informative = _designs.chosen(fit, target, grid, spend=spend, runs=runs, seed=seed)
    designs = {
        "most informative": informative,
        "the largest that can be paid": _designs.alike(target, grid),
        "one of each size": _designs.spread(grid, spend=spend, runs=runs),
    }
    listed = list(designs.values())
    first = min(GLANCE, outcomes)
    with counted(1, "Planning runs") as one:
        ahead = _outcomes.widths(fit, target, listed, outcomes=range(first), seed=seed)
        best = int(ahead.mean(axis=0).argmin())
        rest, chosen = range(first, outcomes), [listed[best]]
        more = _outcomes.widths(fit, target, chosen, outcomes=rest, seed=seed)
        one()
    own = np.r_[ahead[:, best], more[:, 0]]
    tried = pd.DataFrame(
        {
            "design": list(designs),
            "runs": [len(d) for d in listed],
            "flops": [_cost(d, k) for d in listed],
            "width": ahead.mean(axis=0),
        }
    )
    return NextRuns(
        runs=_listed(listed[best], k),
        target=target.words,
        level=level,
        now=target.now,
        then=float(own.mean()),
        error=float(own.std(ddof=1) / len(own) ** 0.5) if len(own) > 1 else float("inf"),
        spend=float(spend),
        tried=tried,
        per_param_token=k,
    )


def _cost(design: pd.DataFrame, per_param_token: float) -> float:
    return float((per_param_token * design["params"] * design["tokens"]).sum())


def _listed(design: pd.DataFrame, per_param_token: float) -> pd.DataFrame:
    """Return a design with equal runs put together, by size."""
    out: Any = design.groupby(["params", "tokens"]).size().rename("seeds").reset_index()
    out["tokens_per_param"] = out["tokens"] / out["params"]
    out["flops"] = per_param_token * out["params"] * out["tokens"]
    table: pd.DataFrame = out[["params", "tokens", "tokens_per_param", "flops", "seeds"]]
    return table
