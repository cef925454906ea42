"""How a fit is shown: the numbers, their intervals and the reporting card, as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws._version import VERSION
from scalinglaws.coverage import measured
from scalinglaws.notebook import Refusal
from scalinglaws.optimum import FLOPS_PER_PARAM_TOKEN, optimal_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scalinglaws.design import Design
    from scalinglaws.fit import Fit

_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


_ROUNDED = 1 - 5e-4
"""From this share of a size on, three digits round up to it: 999.9 million is 1B, not 1000M."""


def count(value: float | Refusal) -> str:
    """Format a count of parameters or tokens as people say it: 70B, 1.4T, 512."""
    if isinstance(value, Refusal):
        return f"{value}"
    for size, suffix in _SUFFIXES:
        if size * _ROUNDED <= value < 1e15 * _ROUNDED:
            return f"{max(value / size, 1.0):.3g}{suffix}"
    return f"{value:.3g}"


def loss_unit(attrs: Mapping[Any, Any]) -> str:
    """Return the unit of the loss that the data card gives, or nothing."""
    tables = (attrs.get("card") or {}).get("tables", {})
    column = tables.get(attrs.get("table"), {}).get("columns", {}).get("loss", {})
    return str(column.get("unit", ""))


def number(value: float) -> str:
    """Format a parameter to four significant digits, without an exponent where one can."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1e5:
        digits = max(0, 3 - int(np.floor(np.log10(abs(value)))))
        return f"{value:.{digits}f}"
    return f"{value:.3e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def _rows(fit: Fit) -> list[tuple[str, str, str, str]]:
    rows = []
    for name in (*fit.law.names, *fit.law.derived):
        if name in fit.held:
            rows.append((name, number(fit.params[name]), "held", ""))
            continue
        i = fit.interval(name)
        known = name in fit.law.names
        meaning = fit.law.parameter(name).meaning if known else "from the parameters above"
        note = " (at its bound)" if name in fit.at_bound else ""
        rows.append(
            (name, number(i.estimate), f"{number(i.low)} to {number(i.high)}", meaning + note)
        )
    return rows


def card_rows(fit: Fit) -> list[tuple[str, str]]:
    """Return the reporting card as (what, value) pairs of text."""
    d = fit.design
    spans = "; ".join(_span(d, c) for c in d.decades)
    rows = [
        ("objective", f"{fit.objective_kind}, summed over runs = {fit.objective:.5g}"),
        ("status", fit.status),
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
    if (sure := _determined(fit)) is not None:
        rows.append(("known together", sure))
    kind = measured.preferred(fit)
    if measured.loose(fit):
        text = "none for such runs: they do not fix the parameters, whatever an interval says"
        rows.append(("measured coverage", text))
    elif (share := measured.of(fit, kind)) is not None:
        text = f"90% {kind} intervals held the truth in {share:.0%} of simulated data sets"
        under = ", which is too seldom" if share < measured.SHORT else ""
        rows.append(("measured coverage", f"{text} (design: {measured.design_class(fit)}){under}"))
    rows.append(("seed and version", f"seed {fit.seed}, scalinglaws {VERSION}"))
    return rows


def _runs(fit: Fit) -> str:
    out = len(fit.runs) - fit.design.runs
    left = f", {out} of weight zero left out" if out else ""
    name = fit.runs.attrs.get("name", "a table")
    return f"{fit.design.runs} of {name} ({fit.design.distinct} distinct{left})"


def _span(d: Design, name: str) -> str:
    if not np.isfinite(d.decades[name]):
        return f"{name} {d.low[name]:.4g} to {d.high[name]:.4g}"
    return f"{name} {count(d.low[name])} to {count(d.high[name])} ({d.decades[name]:.1f} decades)"


def _scatter(fit: Fit) -> str:
    if fit.law.domain == "real":
        return f"{fit.residuals[fit.counted].std():.3g}, in the unit of the response"
    return f"{fit.residuals[fit.counted].std():.2%} of the loss"


def _determined(fit: Fit) -> str | None:
    """Say how well the runs determine what the parameters imply together: exponents, N*, loss.

    Half-widths of 90% intervals, relative to the estimate.
    """
    found = {f"exponent {name}": fit.interval(name) for name in fit.law.derived}
    if {"params", "tokens"} == set(fit.law.inputs) and not fit.at_bound:
        flops = FLOPS_PER_PARAM_TOKEN * fit.inputs["params"] * fit.inputs["tokens"]
        budget = float(flops[fit.counted].max())
        found[f"N* at {budget:.1e} FLOPs"] = fit.interval(
            lambda p: optimal_params(fit.law, _columns(p), np.array([budget]))[..., 0].squeeze()
        )
    top = {c: fit.design.high[c] for c in fit.law.inputs}
    if fit.law.domain == "positive":
        found["loss at the largest inputs"] = fit.interval(
            lambda p: fit.law(_columns(p), **top)[..., 0].squeeze()
        )
    widths = {k: (i.high - i.low) / 2 / abs(i.estimate) for k, i in found.items() if i.estimate}
    return "; ".join(f"{k} to {w:.1%}" for k, w in widths.items()) or None


def _columns(p: Mapping[str, Any]) -> dict[str, Any]:
    return {k: np.atleast_1d(v) for k, v in p.items()}


def _worst_pair(fit: Fit) -> str | None:
    free = [n for n in fit.law.names if n not in fit.held and n not in fit.at_bound]
    if len(free) < 2:
        return None
    draws = fit.bootstrap()[free].to_numpy().T
    ranks = np.argsort(np.argsort(draws, axis=1, kind="stable"), axis=1, kind="stable")
    varied = np.ptp(draws, axis=1) > 0
    matrix = np.where(varied[:, None] & varied, np.corrcoef(ranks), 0.0)
    np.fill_diagonal(matrix, 0)
    i, j = np.unravel_index(np.abs(matrix).argmax(), matrix.shape)
    return f"{free[min(i, j)]} and {free[max(i, j)]}: {matrix[i, j]:+.2f}"


def _stopped(fit: Fit) -> str:
    draws = fit.bootstrap()
    text = f"90% interval, case bootstrap of {len(draws)}"
    return text + (f", {draws.attrs['stopped']} stopped" if draws.attrs["stopped"] else "")


def fit_text(fit: Fit) -> str:
    """Return the fit as a few lines of text."""
    lines = [f"{fit.law.name}: {fit.law.formula}", f"{'':<6}{'value':>10}  {_stopped(fit)}"]
    lines += [f"{n:<6}{v:>10}  {i}" for n, v, i, _ in _rows(fit)]
    lines += [f"{what}: {value}" for what, value in card_rows(fit)]
    if fit.simulated:
        lines.insert(0, "SIMULATED RUNS")
    return "\n".join(lines)


def table_html(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a small accessible table."""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in header)
    body = "".join(
        f'<tr><th scope="row">{escape(r[0])}</th>'
        + "".join(f"<td>{escape(c)}</td>" for c in r[1:])
        + "</tr>"
        for r in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def fit_html(fit: Fit) -> str:
    """Return the fit as a box: parameters with intervals, then the reporting card."""
    flag = "" if fit.ok else " warn"
    simulated = '<p class="sl-simulated">Simulated runs</p>' if fit.simulated else ""
    parameters = table_html(("parameter", "value", _stopped(fit), "meaning"), _rows(fit))
    card = table_html(("reporting card", "this fit"), card_rows(fit))
    return (
        f'<div class="sl-fit{flag}">{simulated}<p><strong>{escape(fit.law.name)}</strong> '
        f"<code>{escape(fit.law.formula)}</code></p>{parameters}"
        f"<details open><summary>Reporting card</summary>{card}</details></div>"
    )
