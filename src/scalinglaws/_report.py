"""The reporting card of a fit: its numbers with intervals, and how far to trust them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws import _form
from scalinglaws._format import count, number, table_html
from scalinglaws._version import VERSION
from scalinglaws.compute.optimum import optimal_params
from scalinglaws.compute.own_flops import count_near
from scalinglaws.errors import Unidentifiable
from scalinglaws.intervals import beyond, grouping
from scalinglaws.intervals import measured_coverage as measured
from scalinglaws.intervals.interval import interval
from scalinglaws.intervals.quantity import evaluate
from scalinglaws.intervals.resampling import bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.identifiability import Design


NOTED = 0.01
"""Misses of a table itself, per decade, from which the card says which way they go."""


@dataclass(frozen=True, eq=False)
class Report:
    """The card of a fit, ready to read: parameters with intervals, then what they rest on."""

    fit: Fitted

    def __repr__(self) -> str:
        """Return the card as lines of text."""
        return fit_text(self.fit)

    def _repr_html_(self) -> str:
        return fit_html(self.fit)


def line(fit: Fitted) -> str:
    """Return the law, its parameters and the status on one line."""
    values = ", ".join(f"{name}={number(value)}" for name, value in fit.params.items())
    mark = "simulated runs; " if fit.simulated else ""
    return f"Fit({fit.law.name}: {values}; {mark}{_form.status(fit, _form.known(fit))})"


def _rows(fit: Fitted) -> list[tuple[str, str, str, str]]:
    rows = []
    for name in (*fit.law.names, *fit.law.derived):
        if name in fit.held:
            rows.append((name, number(fit.params[name]), "held", ""))
            continue
        try:
            i = interval(fit, name)
        except Unidentifiable:
            rows.append((name, number(fit.params.get(name, np.nan)), "none", "see intervals"))
            continue
        known = name in fit.law.names
        meaning = fit.law.parameter(name).meaning if known else "from the parameters above"
        note = " (at its bound)" if name in fit.at_bound else ""
        rows.append(
            (name, number(i.estimate), f"{number(i.low)} to {number(i.high)}", meaning + note)
        )
    return rows


def card_rows(fit: Fitted) -> list[tuple[str, str]]:
    """Return the reporting card as (what, value) pairs of text."""
    d = fit.design
    spans = "; ".join(_span(d, c) for c in d.decades)
    rows = [
        ("objective", f"{fit.objective_kind}, summed over runs = {fit.objective:.5g}"),
        ("status", _form.status(fit, _form.known(fit))),
        ("runs", _runs(fit)),
        ("spread", spans),
    ]
    if d.tokens_per_param is not None:
        low, high = d.tokens_per_param
        rows.append(("tokens per parameter", f"{low:.3g} to {high:.3g}"))
    rows.append(("residual scatter", _scatter(fit)))
    rows.append(
        (
            "condition number",
            f"{fit.condition:.1e} (scaled; above 1e4 read parameters together, not one by one)",
        )
    )
    if (pair := _worst_pair(fit)) is not None:
        rows.append(("strongest rank correlation", pair))
    rows.append(("intervals", _drawn(fit)))
    if (sure := _determined(fit)) is not None:
        rows.append(("relative half-width of 90% intervals", sure))
    if beyond.applies(fit.law):
        rows.append(("beyond the runs", _beyond(fit)))
        if (steps := _steps(fit)) is not None:
            rows.append(("as the table grew", steps))
    if (form := _form.known(fit)) is not None:
        rows.append(("form", _form_of(fit, form)))
    kind = measured.preferred(fit)
    if measured.loose(fit):
        text = "none for such runs: the parameters are not identified, whatever an interval says"
        rows.append(("empirical coverage", text))
    elif fit.settled:
        rows.append(("empirical coverage", "not studied for fits in two steps"))
    elif (share := measured.of(fit, kind)) is not None:
        under = ": too low" if share < measured.SHORT else ""
        design = measured.design_class(fit)
        text = (
            f"{share:.0%} (nominal 90%, {kind} intervals, simulated runs, design: {design}){under}"
        )
        rows.append(("empirical coverage", text))
    rows.append(("seed and version", f"seed {fit.seed}, scalinglaws {VERSION}"))
    return rows


def _runs(fit: Fitted) -> str:
    out = len(fit.runs) - fit.design.runs
    left = f", {out} of weight zero left out" if out else ""
    name = fit.runs.attrs.get("name", "a table")
    return f"{fit.design.runs} of {name} ({fit.design.distinct} distinct{left})"


def _span(d: Design, name: str) -> str:
    if not np.isfinite(d.decades[name]):
        return f"{name} {d.low[name]:.4g} to {d.high[name]:.4g}"
    return f"{name} {count(d.low[name])} to {count(d.high[name])} ({d.decades[name]:.1f} decades)"


def _scatter(fit: Fitted) -> str:
    # About the law, not about the mean residual: what a law misses on one side is a miss as well.
    typical = float(np.sqrt(np.mean(fit.residuals[fit.counted] ** 2)))
    if fit.law.domain == "real":
        return f"{typical:.3g}, in the unit of the response"
    return f"{typical:.2%} of the loss"


def _determined(fit: Fitted) -> str | None:
    """Return the relative half-widths of 90% intervals of what the parameters imply together."""
    groups = grouping.found(fit)
    if groups is not None and groups.count < grouping.FEWEST:
        return None
    found = {f"exponent {name}": interval(fit, name) for name in fit.law.derived}
    if {"params", "tokens"} == set(fit.law.inputs) and not fit.at_bound:
        budget = float(_flops(fit)[fit.counted].max())
        found[f"N* at {budget:.1e} FLOPs"] = interval(
            fit,
            lambda p: _best(fit, p, budget)[..., 0].squeeze(),
        )
    top = {c: fit.design.high[c] for c in fit.law.inputs}
    if fit.law.domain == "positive":
        found["loss at the largest inputs"] = interval(
            fit, lambda p: fit.law(_columns(p), **top)[..., 0].squeeze()
        )
    widths = {k: (i.high - i.low) / 2 / abs(i.estimate) for k, i in found.items() if i.estimate}
    return "; ".join(f"{k} {w:.1%}" for k, w in widths.items()) or None


def _columns(p: Mapping[str, Any]) -> dict[str, Any]:
    return {k: np.atleast_1d(v) for k, v in p.items()}


def _worst_pair(fit: Fitted) -> str | None:
    free = [n for n in fit.law.names if n not in fit.held and n not in fit.at_bound]
    if len(free) < 2:
        return None
    draws = bootstrap(fit)[free].to_numpy().T
    ranks = np.argsort(np.argsort(draws, axis=1, kind="stable"), axis=1, kind="stable")
    varied = np.ptp(draws, axis=1) > 0
    matrix = np.where(varied[:, None] & varied, np.corrcoef(ranks), 0.0)
    np.fill_diagonal(matrix, 0)
    i, j = np.unravel_index(np.abs(matrix).argmax(), matrix.shape)
    return f"{free[min(i, j)]} and {free[max(i, j)]}: {matrix[i, j]:+.2f}"


def _stopped(fit: Fitted) -> str:
    draws = bootstrap(fit)
    text = f"90% interval, {draws.attrs['kind']} bootstrap of {len(draws)}"
    stopped = draws.attrs["stopped"] / len(draws)
    return text + (f", {max(stopped, 0.01):.0%} stopped" if stopped else "")


def _drawn(fit: Fitted) -> str:
    """Return what the intervals resample, how alike its members are, and what that rests on."""
    groups = grouping.found(fit)
    if groups is None:
        if grouping.of_one_run(fit):
            return f"resample {fit.design.runs} rows of one run: another run's level is not in them"
        few = fit.design.levels.get("params", 0)
        if 1 < few < grouping.FEWEST <= fit.design.runs / few:
            return (
                f"resample {fit.design.runs} rows, taken to be independent: {few} sizes are too "
                f"few to draw whole; name the runs in a column run if rows share them"
            )
        return f"resample {fit.design.runs} runs, taken to be independent"
    residuals = fit.residuals[fit.counted]
    alike, chance = groups.alike(residuals), groups.chance(residuals)
    told = "" if chance is None else f", permutation p {chance:.{2 if chance >= 0.095 else 1}g}"
    text = (
        f"resample {groups.count} {groups.what}, drawn whole (ICC of residuals {alike:.2f}{told})"
    )
    if groups.count < grouping.FEWEST:
        return (
            f"none: {groups.count} {groups.what} are too few to resample, {grouping.FEWEST} are "
            f"needed; kind='jackknife' takes four"
        )
    few = groups.count < 10
    return text + ("; few groups, so nothing is refused at 1 in 100" if few else "")


def _beyond(fit: Fitted) -> str:
    """Return what an interval allows per decade beyond the runs, and where that comes from."""
    found, allowed = beyond.misses(fit), beyond.per_decade(fit)
    half = beyond.half_width(0.9, allowed)
    text = f"±{half:.1%} of the loss per decade of scale, beside what the law itself leaves open: "
    if not found.tried:
        return text + (
            f"from {beyond.ALLOWANCE:.1%} on public tables; on this one no cut leaves enough runs "
            f"to see how well the law carries"
        )
    text += f"from {beyond.ALLOWANCE:.1%} on public tables and {found.per_decade:.1%} on this one"
    if found.per_decade < NOTED:
        return text
    way = "much" if found.drift < 0 else "little"
    return text + f"; fits of its smaller runs expect too {way} loss of its larger ones"


def _steps(fit: Fitted) -> str | None:
    """Return by how much the parameters moved as the table grew, where that can be tried."""
    if not beyond.misses(fit).tried:
        return None
    names = [n for n in (*fit.law.names, *fit.law.derived) if n not in fit.held]
    found = {n: beyond.moved(fit, n) for n in names if float(evaluate(fit, n, fit.params)) > 0}
    sized = {n: step for n, step in found.items() if step is not None and step >= NOTED}
    if not sized:
        return "no parameter moved beyond chance"
    told = ", ".join(f"{n} {_by(step)}" for n, step in sized.items())
    return (
        f"beyond chance, per decade of scale, parameters moved: {told}; their intervals do not say"
    )


def _by(step: float) -> str:
    """Return how far a parameter moved, ``step`` in logs: a share, or how many times over."""
    if step > np.log(10):
        return "more than tenfold"
    return f"{np.exp(step):.1f}-fold" if step > np.log(2) else f"{np.expm1(step):.0%}"


def _form_of(fit: Fitted, form: _form.Form) -> str:
    """Return the finding on the form, and the answers that go with it."""
    here, there, flops = fit, form.other, _flops(fit)
    budget = float(flops[fit.counted].max())
    pairs: list[tuple[str, float, float]] = [("E", fit.params["E"], there.params["E"])]
    sizes = [float(_best(f, f.params, budget)[0, 0]) for f in (here, there)]
    pairs.append((f"N* at {budget:.1e} FLOPs", sizes[0], sizes[1]))
    top = {c: fit.design.high[c] for c in fit.law.inputs}
    losses = [float(f.law(f.params, **top)[0]) for f in (here, there)]
    pairs.append(("loss at the largest inputs", losses[0], losses[1]))
    told = "; ".join(f"{k} {number(v)} and {number(w)}" for k, v, w in pairs)
    return f"{form}; as fitted and with d free: {told}"


def _best(fit: Fitted, values: Mapping[str, Any], budget: float) -> Any:
    k = count_near(fit)
    return optimal_params(fit.law, _columns(values), np.array([budget]), per_param_token=k)


def _flops(fit: Fitted) -> Any:
    return count_near(fit) * fit.inputs["params"] * fit.inputs["tokens"]


def fit_text(fit: Fitted) -> str:
    """Return the fit as a few lines of text."""
    lines = [f"{fit.law.name}: {fit.law.formula}", f"{'':<6}{'value':>10}  {_stopped(fit)}"]
    lines += [f"{n:<6}{v:>10}  {i}" for n, v, i, _ in _rows(fit)]
    lines += [f"{what}: {value}" for what, value in card_rows(fit)]
    if fit.simulated:
        lines.insert(0, "SIMULATED RUNS")
    return "\n".join(lines)


def fit_html(fit: Fitted) -> str:
    """Return the fit as a box: parameters with intervals, then the reporting card."""
    flag = "" if _form.clean(fit, _form.known(fit)) else " warn"
    simulated = '<p class="sl-simulated">Simulated runs</p>' if fit.simulated else ""
    parameters = table_html(("parameter", "value", _stopped(fit), "meaning"), _rows(fit))
    card = table_html(("reporting card", "this fit"), card_rows(fit))
    return (
        f'<div class="sl-fit{flag}">{simulated}<p><strong>{escape(fit.law.name)}</strong> '
        f"<code>{escape(fit.law.formula)}</code></p>{parameters}"
        f"<details><summary>Reporting card</summary>{card}</details></div>"
    )
