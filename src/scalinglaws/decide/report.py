"""One page on one fit and one question: what to do with a budget, and how far to trust that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalinglaws import _checks as checks
from scalinglaws._format import count, flops_words
from scalinglaws._parallel.progress import counted
from scalinglaws.compute.allocate import allocate, positive_budgets
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, splits
from scalinglaws.compute.own_flops import count_for
from scalinglaws.decide import _limits, _page
from scalinglaws.decide._contents import Contents
from scalinglaws.decide.next_runs import next_runs
from scalinglaws.errors import BadParameters, ScalingLawError
from scalinglaws.validation.hold_out import hold_out

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from scalinglaws._fit import Fit
    from scalinglaws._typing import Array


class Report(Contents):
    """A report, ready to write: see :func:`report`.

    ``answer`` is the answer in two sentences, ``plans`` the table of :func:`scalinglaws.allocate`,
    ``held_out`` the score of the law on its own largest runs, ``planned`` the runs to train next.
    Where one of them is refused it is ``None``, and ``limits`` holds the reason.
    """

    def to_html(self) -> str:
        """Return the page: one HTML file with pictures, table and fit inside, and no links out."""
        return _page.html(self)

    def save(self, path: str | Path) -> Path:
        """Write the page and return its path."""
        path = Path(path)
        path.write_text(self.to_html(), encoding="utf-8")
        return path


def report(
    fit: Fit,
    *,
    flops: npt.ArrayLike,
    spend: float | None = None,
    title: str = "",
    level: float = 0.9,
    by: str | None = None,
    seed: int = 0,
    reproduce: str = "",
    per_param_token: float | None = None,
) -> Report:
    """Put a fit, its answer for one budget or several, and its limits on one page.

    ``fit`` is a fit of a law of params and tokens, ``flops`` budgets in FLOPs, ``spend`` what more
    runs may take in all, by default as much as the largest run took. ``level`` and ``by`` are those
    of :func:`allocate`; ``reproduce`` is the command to print below. Every count of FLOPs is
    ``per_param_token`` for each parameter and token, by default that of the fit's table
    (:func:`scalinglaws.compute.own_count`). What the runs cannot answer stands on the page with its
    reason; nothing is left out in silence.

    Raises :class:`BadParameters` for no budget, :class:`BadRuns` for one that is not positive, and
    :class:`Unidentifiable` where the table has no one count of FLOPs and none is given.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> page = sl.report(fit, flops=5.76e23)
    >>> "73.2B parameters" in page.answer, page.to_dict()["ok"]
    (True, False)
    """
    level = checks.level(level)
    budgets = positive_budgets(flops)
    if not budgets.size:
        raise BadParameters("a report answers for a budget: flops=1e24, or several")
    k = count_for(fit, per_param_token if splits(fit.law) else FLOPS_PER_PARAM_TOKEN)
    refused: list[str] = []
    plans = held_out = planned = None
    with counted(3, "Reporting") as one:
        try:
            plans = allocate(fit, budgets, level=level, by=by, per_param_token=k)
        except ScalingLawError as error:
            refused.append(f"No split of a budget: {error}")
        one()
        try:
            held_out = hold_out(fit.law, fit.runs, objective=fit.objective_kind, level=level)
        except (ScalingLawError, KeyError) as error:
            refused.append(f"No score on runs kept back: {error}")
        else:
            refused += [f"Runs kept back are scored {line}" for line in held_out.without()]
        one()
        if plans is not None and not fit.sound:
            refused.append("No plan of further runs: the fit that they would mend is not sound.")
        elif plans is not None:
            most = spend or _limits.largest(fit, per_param_token=k)
            far: Any = {"flops": float(budgets.max()), "per_param_token": k}
            try:
                planned = next_runs(fit, spend=most, level=level, seed=seed, **far)
            except ScalingLawError as error:
                refused.append(f"No plan of further runs: {error}")
        one()
    return Report(
        title=title or f"{fit.law.name} on {fit.runs.attrs.get('name', 'a table of runs')}",
        question=_question(budgets),
        answer=_answer(fit, plans, refused, level, k),
        fit=fit,
        plans=plans,
        held_out=held_out,
        planned=planned,
        limits=(*refused, *_limits.told(fit, plans, level, per_param_token=k)),
        per_param_token=k,
        reproduce=reproduce,
    )


def _question(budgets: Array) -> str:
    listed = ", ".join(flops_words(b) for b in budgets[:-1])
    words = f"{listed} and {flops_words(budgets[-1])}" if listed else flops_words(budgets[-1])
    return f"How large a model, on how many tokens, is best for {words} FLOPs?"


def _answer(
    fit: Fit, plans: pd.DataFrame | None, refused: list[str], level: float, per_param_token: float
) -> str:
    if plans is None:
        why = refused[0].removeprefix("No split of a budget: ")
        asked = "" if splits(fit.law) else f"{fit.law.name} cannot say. "
        return f"{asked}These runs give no answer: {why.rstrip('.')}."
    row = plans.loc[plans["flops"].idxmax()]
    first = (
        f"For {flops_words(row['flops'])} FLOPs train {count(row['params'])} parameters on "
        f"{count(row['tokens'])} tokens; the {level:.0%} interval of the size, to stake the budget "
        f"on, goes from {count(row['params_low'])} to {count(row['params_high'])}."
    )
    below = row["flops"] < _limits.smallest(fit, per_param_token=per_param_token)
    far = (
        "which lies within the runs"
        if row["beyond"] <= 1
        else f"at {row['beyond']:.3g} times less compute than the smallest run"
        if below
        else f"{row['beyond']:.3g} times the compute of the largest run"
    )
    second = (
        f"The loss to expect is {row['loss']:.3f} ({row['loss_low']:.3f} to "
        f"{row['loss_high']:.3f}), {far}."
    )
    if not fit.sound:
        return (
            f"Do not stake a budget on this fit: {fit.status.rstrip('.')}. What it says all the "
            f"same: {first} {second}"
        )
    trust = "" if fit.ok else " The fit carries a warning: read what these runs cannot say."
    return f"{first} {second}{trust}"
