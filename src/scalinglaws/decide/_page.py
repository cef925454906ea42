"""A report as one HTML file: it loads nothing, prints on paper, and reads on a phone."""

from __future__ import annotations

import platform
from base64 import b64encode
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from scalinglaws._format import count, flops_words
from scalinglaws._version import VERSION
from scalinglaws.compute.own_flops import count_said
from scalinglaws.decide._limits import largest
from scalinglaws.fitting.saved import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scalinglaws._fit import Fit
    from scalinglaws.decide._contents import Contents


_PHONE = "(max-width: 600px)"


def html(report: Contents) -> str:
    """Return the page of a report."""
    style = (files("scalinglaws.decide") / "report.css").read_text(encoding="utf-8")
    body = "\n".join(_body(report))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="generator" content="scalinglaws">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _body(report: Contents) -> Iterator[str]:
    fit = report.fit
    mark = '<p class="sl-simulated">Simulated runs</p>' if fit.simulated else ""
    warn = "" if fit.ok else ' class="warn"'
    yield f"<header><h1>{escape(report.title)}</h1>{mark}</header>"
    yield (
        f'<section id="answer"{warn}><h2>{escape(report.question)}</h2>'
        f"<p>{escape(report.answer)}</p></section>"
    )
    yield from _pictures(report)
    if report.plans is not None:
        yield _plans(report)
    yield _runs(report)
    if report.held_out is not None:
        yield (
            f'<section id="held-out"><h2>Does it hold on runs kept back?</h2>'
            f"{_scrolling(report.held_out._repr_html_())}</section>"
        )
    yield f'<section id="fit"><h2>The fit</h2>{_scrolling(_card(fit))}</section>'
    listed = "".join(f"<li>{_lines(text)}</li>" for text in report.limits)
    yield f'<section id="limits"><h2>What these runs cannot say</h2><ul>{listed}</ul></section>'
    if report.planned is not None:
        yield (
            f'<section id="next"><h2>Which runs to train next</h2>'
            f"{_scrolling(report.planned._repr_html_())}</section>"
        )
    yield _again(report)


def _pictures(report: Contents) -> Iterator[str]:
    try:
        from scalinglaws import figures  # needs matplotlib, an extra
    except ModuleNotFoundError:
        yield (
            "<section><p>No pictures: they need matplotlib and seaborn, pip install "
            "'scalinglaws[figures]'.</p></section>"
        )
        return
    if report.plans is None:
        return
    budgets = [float(b) for b in report.plans["flops"]]
    alt = (
        "Left: runs by size and data over lines of equal fitted loss, with the best split and the "
        "budgets asked for as stars with their intervals. Right: the fitted loss against size at "
        "single budgets, with the runs near them."
    )
    k = report.per_param_token
    yield _figure(figures.surface(report.fit, flops=budgets, per_param_token=k), alt)
    yield _figure(figures.fit(report.fit), "Fitted against measured loss, and the residuals.")


def _figure(picture: Any, alt: str) -> str:
    """Return a figure for two widths and themes, and a vector for paper."""
    drawn = picture.drawings()
    dark = "(prefers-color-scheme: dark)"
    sources = [
        ("print", "svg+xml", drawn["svg"]),
        (f"{_PHONE} and {dark}", "png", drawn["narrow-dark.png"]),
        (_PHONE, "png", drawn["narrow.png"]),
        (dark, "png", drawn["dark.png"]),
    ]
    inside = "".join(
        f'<source media="{media}" srcset="{_data(f"image/{kind}", raw)}">'
        for media, kind, raw in sources
    )
    shown = _data("image/png", drawn["png"])
    return (
        f'<figure><picture>{inside}<img src="{shown}" alt="{escape(picture.message)}. '
        f'{escape(alt)}"></picture></figure>'
    )


def _data(kind: str, raw: bytes) -> str:
    return f"data:{kind};base64,{b64encode(raw).decode()}"


def _plans(report: Contents) -> str:
    from scalinglaws.notebook.tables import show  # pandas alone

    assert report.plans is not None
    told = show(report.plans[[c for c in report.plans if "law_" not in str(c)]])
    table = _scrolling(told._repr_html_())
    said = count_said(report.fit, report.per_param_token)
    counted = f"<p>{escape(said)}</p>" if said else ""
    return f'<section id="plans"><h2>Size, data and loss by budget</h2>{counted}{table}</section>'


def _runs(report: Contents) -> str:
    fit, d = report.fit, report.fit.design
    known = {"params", "tokens"} <= set(fit.runs.columns)
    most = largest(fit, per_param_token=report.per_param_token) if known else 0.0
    compute = f"; largest compute {flops_words(most)} FLOPs" if known else ""
    spans = "; ".join(
        f"{name} {count(d.low[name])} to {count(d.high[name])}"
        for name in d.decades
        if np.isfinite(d.decades[name])
    )
    notes = "".join(f"<li>{_lines(note)}</li>" for note in report.notes)
    out = len(fit.runs) - d.runs
    left = f", {out} more of weight zero" if out else ""
    return (
        f'<section id="runs"><h2>The runs</h2><p>{d.runs} runs{left}, from '
        f"{escape(report.source)}: {escape(spans)}"
        f"{compute}.</p><ul>{notes}</ul></section>"
    )


def _again(report: Contents) -> str:
    fit = report.fit
    table = fit.runs.to_csv(index=False).encode()
    links = (
        f'<a download="runs.csv" href="{_data("text/csv", table)}">the runs as a table</a> and '
        f'<a download="fit.json" href="{_data("application/json", report.fit_json().encode())}">'
        f"the fit</a>"
    )
    command = f"<pre><code>{escape(report.reproduce)}</code></pre>" if report.reproduce else ""
    return (
        f'<section id="again"><h2>How to get this again</h2>{command}<p>This page holds {links}, '
        f"which scalinglaws.load_fit reads. Seed {fit.seed}; scalinglaws {VERSION}, Python "
        f"{platform.python_version()}, numpy {np.__version__}; the table's SHA-256 is "
        f"<code>{digest(fit.runs)[:16]}</code>.</p></section>"
    )


def _card(fit: Fit) -> str:
    """Return the reporting card, open: paper folds nothing out."""
    return fit.report()._repr_html_().replace("<details>", "<details open>", 1)


def _scrolling(inner: str) -> str:
    return f'<div class="wide" tabindex="0">{inner}</div>'


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
