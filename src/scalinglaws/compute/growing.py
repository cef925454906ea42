"""How the best size and data grow with compute: a power law through the minima, with its draws."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._simulated import is_simulated
from scalinglaws._typing import Array
from scalinglaws.compute.allocate import positive_budgets
from scalinglaws.compute.lopsided import MOST_SKEW
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.compute.profiles import LEAST_SIZES, MIN_SIZES
from scalinglaws.errors import Unidentifiable, UnknownName
from scalinglaws.intervals.interval import Interval

FEWEST = 3
"""Budgets that a line needs."""

DROPPED = 0.05
"""Share of draws without a minimum from which a frontier says so."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frontier:
    """How the best size and the best amount of data grow with compute, each as ``k C^exponent``.

    ``table`` has one row for each budget: ``flops, params, tokens, loss``, ``used`` and ``reason``
    when a budget was left out. ``lines`` (draws, 2) holds slope and intercept of log N* on log C
    for the estimate (row 0) and each resample, ``token_lines`` the same of log D* and
    ``loss_lines``, where it was found, of the log of the lowest loss. C is what the column
    ``flops`` of ``runs`` counts: the exponents ``a`` and ``b`` add up to 1 only where that is 6ND.
    ``shape`` is that of the curve through each profile and ``skew``, where it was asked, by how
    much faster the profiles rise towards large sizes, ``beta - alpha``. ``budget`` (n,) is the
    budget of each run and ``min_sizes`` how many sizes one must have. The column ``dropped`` of
    ``table`` is the share of resamples that had no minimum inside the sizes of a budget.
    """

    table: pd.DataFrame
    runs: pd.DataFrame
    lines: Array
    token_lines: Array
    how: str
    kind: str
    flops: str = "flops"
    loss_lines: Array | None = None
    shape: Literal["parabola", "akima", "exponents"] = "parabola"
    skew: Interval | None = None
    budget: Array | None = None
    min_sizes: int = MIN_SIZES

    def profiles(self) -> list[tuple[float, pd.DataFrame]]:
        """Return each budget that has sizes enough, with its runs."""
        budget = np.zeros(len(self.runs)) if self.budget is None else self.budget
        parts = self.runs.groupby(budget)
        return [(float(b), p) for b, p in parts if p["params"].nunique() >= self.min_sizes]

    def _lines(self, of: str) -> Array:
        choices = {"params": self.lines, "tokens": self.token_lines}
        if of not in choices:
            raise UnknownName(f"of is {of!r}; choose from {', '.join(choices)}")
        return choices[of]

    def _interval(self, values: Array, level: float) -> Interval:
        tail = (1 - checks.level(level)) / 2
        low, high = np.quantile(values[1:], [tail, 1 - tail])
        return Interval(
            estimate=float(values[0]), low=float(low), high=float(high), level=level, kind=self.kind
        )

    def exponent(self, of: str = "params", *, level: float = 0.9) -> Interval:
        """Return ``a`` (of ``"params"``) or ``b`` (of ``"tokens"``) with its interval.

        Raises :class:`UnknownName` for another ``of``.
        """
        return self._interval(self._lines(of)[:, 0], level)

    def prefactor(self, of: str = "params", *, level: float = 0.9) -> Interval:
        """Return ``k`` of ``N* = k C^a``, or of ``D* = k C^b`` with ``of="tokens"``.

        Raises :class:`UnknownName` for another ``of``.
        """
        return self._interval(np.exp(self._lines(of)[:, 1]), level)

    def _loss(self) -> Array:
        if self.loss_lines is None:
            raise Unidentifiable(
                f"{self.how} finds sizes, not a line through the lowest losses",
                insist="fit laws.power_law('flops') to the frontier's table",
            )
        return self.loss_lines

    def loss_exponent(self, *, level: float = 0.9) -> Interval:
        """Return ``alpha_C`` of the lowest loss, ``L = (C_c / C)^alpha_C``, with its interval.

        Raises :class:`Unidentifiable` for a frontier that was found without training curves.
        """
        return self._interval(-self._loss()[:, 0], level)

    def loss_scale(self, *, level: float = 0.9) -> Interval:
        """Return ``C_c`` of the lowest loss, in the unit of compute; raises as above."""
        lines = self._loss()
        return self._interval(np.exp(-lines[:, 1] / lines[:, 0]), level)

    def at(self, flops: npt.ArrayLike, *, level: float = 0.9) -> pd.DataFrame:
        """Return the best size and data at budgets, with intervals; one row for each.

        ``flops`` counts compute as the frontier's own column does.
        """
        level, budgets = checks.level(level), positive_budgets(flops)
        params, tokens = (
            np.exp(line[:, :1] * np.log(budgets) + line[:, 1:])
            for line in (self.lines, self.token_lines)
        )
        tail = (1 - level) / 2
        frame = pd.DataFrame({"flops": budgets})
        for name, value in {
            "params": params,
            "tokens": tokens,
            "tokens_per_param": tokens / params,
        }.items():
            frame[name] = value[0]
            frame[f"{name}_low"], frame[f"{name}_high"] = np.quantile(
                value[1:], [tail, 1 - tail], axis=0
            )
        frame["beyond"] = np.maximum(1.0, budgets / self.table["flops"].max())
        frame.attrs.update(level=level, simulated=is_simulated(self.runs))
        return frame

    def __repr__(self) -> str:
        """Return the two exponents, the prefactor and how they were found."""
        counted = "" if self.flops == "flops" else f", C as counted in {self.flops}"
        derived = np.allclose(self.token_lines[0], six_nd_tokens(self.lines[:1])[0], rtol=1e-9)
        return (
            f"{self.how}{counted}\n  N* = k C^a, a = {self.exponent()}\n"
            f"  D* = {'C / (6 N*)' if derived else 'k C^b'}, b = {self.exponent('tokens')}\n"
            f"  budgets used: {int(self.table['used'].sum())} of {len(self.table)}"
            f"{self._caution()}"
        )

    def _caution(self) -> str:
        """Return what to know of the profiles: lopsided ones, and draws without a minimum."""
        out = ""
        if self.shape == "exponents":
            out += (
                f"\n  profiles are lopsided, beta - alpha = {self.skew}: where losses of all sizes "
                f"are at hand, fit laws.CHINCHILLA to them (approach 3)"
            )
        if self.skew is not None and abs(self.skew.estimate) > MOST_SKEW:
            out += (
                "\n  and as lopsided as this curve can be: a few losses far above the rest decide, "
                "such as those of runs that diverged. Leave these out, give the reason, and compare"
            )
        lost = float(self.table["dropped"].max()) if "dropped" in self.table else 0.0
        if lost > DROPPED:
            out += (
                f"\n  up to {lost:.0%} of the draws had no minimum inside the sizes of a budget: "
                f"train sizes further out"
            )
        return out


def line_through(x: Array, y: Array, weights: Array | None = None) -> Array:
    """Fit least-squares lines to rows of ``y`` (B, m) at ``x`` (m,), skipping NaN; (B, 2).

    ``weights`` (m,) weigh the points.
    """
    seen = np.isfinite(y)
    w = seen * (1.0 if weights is None else weights / weights.max())
    total = np.maximum(w.sum(axis=1), 1e-300)
    safe = np.where(seen, y, 0.0)
    mean_x = (w * x).sum(axis=1) / total
    mean_y = (w * safe).sum(axis=1) / total
    away = np.where(seen, x - mean_x[:, None], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (w * away * safe).sum(axis=1) / (w * away**2).sum(axis=1)
    slope = np.where(seen.sum(axis=1) >= 3, slope, np.nan)
    return np.stack([slope, mean_y - slope * mean_x], axis=1)


def six_nd_tokens(lines: Array) -> Array:
    """Return the lines of log D* on log C that lines of log N* (draws, 2) imply by C = 6ND."""
    return np.array([1.0, -np.log(FLOPS_PER_PARAM_TOKEN)]) - lines


def joined(
    rows: list[dict[str, Any]],
    drawn: list[Array],
    runs: pd.DataFrame,
    *,
    tokens: list[Array] | None = None,
    budget: Array | None = None,
    min_sizes: int = MIN_SIZES,
    how: str,
    kind: str,
    shape: Literal["parabola", "akima"] = "parabola",
    weighted: bool = False,
) -> Frontier:
    """Return the power law through the minima of profiles, one row and one array of draws each.

    ``tokens`` are draws of log D* like those of log N*; without them C = 6ND gives them.
    ``weighted`` weighs a budget by the inverse square of its row's ``log_params_sd``. Raises
    :class:`Unidentifiable` when most runs share their budget with too few others and when fewer
    than three budgets keep a minimum.
    """
    scatter = ["log_params_sd"] if weighted or shape == "akima" else ["dropped"]
    columns = ["flops", "runs", "params", "tokens", "loss", *scatter, "used", "reason"]
    table = pd.DataFrame(rows).reindex(columns=columns)
    together, few = (int(table.loc[table["runs"] >= k, "runs"].sum())
                     for k in (min_sizes, LEAST_SIZES))  # fmt: skip
    if 2 * together < len(runs) <= 2 * few:
        most = int(table["runs"].max())
        raise Unidentifiable(
            f"{len(table)} budgets have up to {most} sizes each; a profile needs {min_sizes}, as a "
            f"parabola leaves nothing of fewer to tell its minimum from scatter. Train more sizes "
            f"at each budget, or fit a law of params and tokens (approach 3)",
            partial=table,
            insist=f"name the smallest number yourself, at least {LEAST_SIZES}: min_sizes="
            f"{LEAST_SIZES}",
        )
    if 2 * together < len(runs):
        raise Unidentifiable(
            f"only {together} of {len(runs)} runs share a budget with at least {min_sizes - 1} "
            f"others: these runs were not trained at equal FLOPs, so no profiles can be read. "
            f"Fit a law of params and tokens instead (approach 3).",
            partial=table,
        )
    if len(drawn) < FEWEST:
        raise Unidentifiable(
            f"{len(drawn)} of {len(table)} budgets have a loss minimum inside the measured sizes; "
            f"the exponent needs at least 3. Train at least {min_sizes} sizes at each of 3 or more "
            f"equal-FLOP budgets, on both sides of the best size.",
            partial=table,
        )
    used = table[table["used"]]
    weights = 1 / used["log_params_sd"].to_numpy(dtype=float) ** 2 if weighted else None
    at = np.log(used["flops"].to_numpy(dtype=float))
    lines = line_through(at, np.stack(drawn, axis=1), weights)
    known = np.r_[True, np.isfinite(lines[1:, 0])]
    lines = lines[known]
    token_lines = six_nd_tokens(lines)
    if tokens is not None:
        token_lines = line_through(at, np.stack(tokens, axis=1), weights)[known]
    return Frontier(
        table=table,
        runs=runs,
        lines=lines,
        token_lines=token_lines,
        how=how,
        kind=kind,
        shape=shape,
        budget=budget,
        min_sizes=min_sizes,
    )
