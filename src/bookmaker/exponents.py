"""The page of printed exponents: its answer, its picture and its table, ours beside some rows."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from bookmaker.listing import BETWEEN, controls, escape, listing
from bookmaker.matches import CLOSED, matched
from bookmaker.scorecard import GOOD, HALF, MISSING, counts_of, group_of, row_name
from scalinglaws.data import catalogue as data
from scalinglaws.notebook._claims_html import CLASSES
from scalinglaws.notebook._vocabulary import SYMBOLS
from scalinglaws.notebook.words import counted, listed, share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bookmaker.matches import Match
    from scalinglaws.notebook.verdicts import Claim

MARKER = re.compile(r"<!-- exponents: (\w+) -->")
SET = "villalobos2023"
OTHER = "other"
VARIABLES = ("parameters", "data", "compute", OTHER)
_AS = {"fine-tuning data": "data", "pre-training data": "data"}
_AS |= {"encoder parameters": "parameters", "decoder parameters": "parameters"}
_FEW = 3
"""Fewest exponents of a task of which a median is told."""


def filled(
    text: str,
    claims: Mapping[str, Sequence[Claim]],
    *,
    draw: Callable[[pd.DataFrame, str], str],
) -> str:
    """Return a page's text with its markers ``<!-- exponents: NAME -->`` filled.

    ``lead`` and ``fitted`` are sentences, ``table`` is the table. ``picture`` is what ``draw``
    makes of the exponents, one per row, and of the message above them.
    """
    table = data.load(SET)
    found = matched(table, claims)
    long = one_each(table, found)
    makers: dict[str, Callable[[], str]] = {
        "lead": lambda: lead(long, table),
        "fitted": lambda: fitted(found),
        "picture": lambda: draw(long, message(long)),
        "table": lambda: table_html(table, found, [c for own in claims.values() for c in own]),
    }
    return MARKER.sub(lambda m: makers[m[1]](), text)


def one_each(table: pd.DataFrame, found: Mapping[tuple[int, int], Match]) -> pd.DataFrame:
    """Return the exponents, one per row, with ours where this book has one."""
    rows: list[dict[str, Any]] = []
    for law in table.to_dict("records"):
        for place in (1, 2):
            match = found.get((law["row"], place))
            variable = _grouped(law[f"variable_{place}"])
            one = {"row": law["row"], "task": law["task"], "variable": variable}
            one |= {"exponent": law[f"exponent_{place}"], "rises": law["direction"] == "rises"}
            rows.append(one | {"ours": None if match is None else match.claim.ours})
    long = pd.DataFrame(rows)
    long["ours"] = long["ours"].astype(float)
    return long[long["exponent"].notna()].reset_index(drop=True)


def _grouped(variable: str) -> str:
    name = _AS.get(variable, variable)
    return name if name in VARIABLES else OTHER


def _medians(long: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the medians of losses and errors by task and by variable, where there are a few."""
    falls = long[~long["rises"]]
    groups = (falls.groupby(by)["exponent"] for by in ("task", "variable"))
    task, variable = (g.median()[g.size() >= _FEW].sort_values() for g in groups)
    return task, variable


def message(long: pd.DataFrame) -> str:
    """Return what the picture shows, as one sentence."""
    task, _ = _medians(long)
    return (
        f"The task moves the exponent: the median is {task.iloc[0]:.2g} in {task.index[0]} and "
        f"{task.iloc[-1]:.2g} in {task.index[-1]}"
    )


def lead(long: pd.DataFrame, table: pd.DataFrame) -> str:
    """Return the answer in a paragraph."""
    task, variable = _medians(long)
    falls = long[~long["rises"]]
    low, high = falls["exponent"].quantile([0.05, 0.95])
    by = listed([f"{v:.2g} for {name}" for name, v in variable.items()])
    return (
        f"How fast does a loss fall as models grow? Papers print anything from {low:.2g} to "
        f"{high:.2g} (the middle nine tenths of {len(falls)} exponents of losses and errors). The "
        f"median is {by}. By task it goes from {task.iloc[0]:.2g} in {task.index[0]} to "
        f"{task.iloc[-1]:.2g} in {task.index[-1]}, so an exponent says little without its task, "
        f"its score and its form. All {len(table)} laws of "
        f"{counted(table['paper'].nunique(), 'paper')} are in the table below."
    )


def fitted(found: Mapping[tuple[int, int], Match]) -> str:
    """Return what came of the exponents that this book has fitted, in a paragraph."""
    # One claim may stand beside several rows.
    every = {(m.claim.cite, m.claim.quantity): m.claim for m in found.values()}
    ours = [c for c in every.values() if c.ours is not None]
    count = Counter((c.check == "other runs", group_of(c) in (GOOD, HALF)) for c in ours)
    own, other = (count[flag, True] + count[flag, False] for flag in (False, True))
    return (
        f"This book has fitted {counted(len(ours), 'of these exponents', 'of these exponents')} "
        f"itself. On the paper's own runs {share(count[False, True], own)} come back, within the "
        f"tolerance or our 90% interval; on other people's runs {share(count[True, True], other)} "
        "hold."
    )


_HEADS = ("law", "what falls or rises", "exponent", "here")


def table_html(
    table: pd.DataFrame, found: Mapping[tuple[int, int], Match], every: Sequence[Claim]
) -> str:
    """Return the filters and the table as a block of raw HTML."""
    laws = table.to_dict("records")
    rows = "".join(_row(law, found, every) for law in laws)
    options = {
        "domain": sorted({law["domain"] for law in laws}),
        "variable": [v for v in VARIABLES if any(v in _variables(law) for law in laws)],
        "paper": sorted({law["paper"] for law in laws}),
    }
    filters = {name: {one: one for one in values} for name, values in options.items()}
    filters["here"] = {"fitted": "fitted here", "no": "not fitted here"}
    return "\n".join(
        [
            "```{raw} html",
            controls(filters, noun="laws", hint="translation, Elo, Kaplan…"),
            listing("sl-exponents", _HEADS, rows),
            "```",
        ]
    )


def _variables(law: Mapping[str, Any]) -> list[str]:
    names = [law[f"variable_{k}"] for k in (1, 2)]
    return list(dict.fromkeys(_grouped(name) for name in names if name))


def _row(
    law: Mapping[str, Any], found: Mapping[tuple[int, int], Match], every: Sequence[Claim]
) -> str:
    own = {k: found[law["row"], k] for k in (1, 2) if (law["row"], k) in found}
    here = "fitted" if any(m.claim.ours is not None for m in own.values()) else "no"
    where = ", ".join(filter(None, (law["task"], law["setting"])))
    inputs = listed([law[f"variable_{k}"] for k in (1, 2) if law[f"variable_{k}"]])
    verb = {"falls": "falls with", "rises": "rises with"}.get(law["direction"], "")
    what = f"{law['quantity']} {verb} {inputs}" if verb else "no law in the table"
    return (
        f"<tr id='law-{law['row']}' data-domain='{escape(law['domain'])}' data-here='{here}' "
        f"data-variable='{BETWEEN.join(_variables(law))}' data-paper='{escape(law['paper'])}'>"
        f"<td class='sl-across'>{escape(law['paper'])}<small>{escape(law['domain'])}"
        f"{escape(f': {where}' if where else '')}</small>{_details(law)}</td>"
        f"<td class='sl-across'>{escape(what)}<small>{escape(law['architecture'])}</small></td>"
        f"<td data-label='exponent'>{_exponents(law)}</td>"
        f"<td data-label='here'>{_here(law, own, every)}</td></tr>"
    )


def _exponents(law: Mapping[str, Any]) -> str:
    told = [
        f"{law[f'exponent_{k}']:g}<small>{escape(law[f'variable_{k}'])}</small>"
        for k in (1, 2)
        if not pd.isna(law[f"exponent_{k}"])
    ]
    return "".join(told) or MISSING


def _here(law: Mapping[str, Any], own: Mapping[int, Match], every: Sequence[Claim]) -> str:
    """Return ours with its verdict, that runs are closed, or a dash."""
    told = "".join(
        _ours(m, law[f"variable_{k}"]) for k, m in own.items() if m.claim.ours is not None
    )
    if told:
        return told
    counts = counts_of(every, law["paper"])
    words = "runs closed" if law["cite"] in CLOSED else MISSING
    return words if counts == MISSING else f"{words}<small>other numbers: {counts}</small>"


def _ours(match: Match, variable: str) -> str:
    claim = match.claim
    card = f"../back/scorecard.html#{row_name(claim, match.chapter)}"
    where = "other runs" if claim.check == "other runs" else "the paper's runs"
    return (
        f"<a href='../{escape(match.chapter)}.html#{escape(claim.anchor)}'>{claim.ours:.3g}</a> "
        f"<a class='{CLASSES[claim.verdict]}' href='{escape(card)}' "
        f"aria-label='{escape(claim.verdict)}, in the scorecard'>{SYMBOLS[claim.verdict]}</a>"
        f"<small>{escape(f'{variable}, {where}')}</small>"
    )


_RANGES = (("flops", "FLOPs"), ("params", "parameters"))


def _details(law: Mapping[str, Any]) -> str:
    ranges = [_range(law, name, unit) for name, unit in _RANGES]
    ranges.append(_range(law, "data", law["data_unit"]))
    floor = law["irreducible"]
    about = [
        law["title"],
        f"{law['form'].capitalize()}: {law['formula']}" if law["formula"] else "",
        law["constants"],
        "" if pd.isna(floor) else f"Floor: {floor:g}",
        ", ".join(filter(None, ranges)),
        f"In doubt: {law['doubt']}" if law["doubt"] else "",
    ]
    words = ". ".join(part.rstrip(".") for part in about if part)
    mark = " (in doubt)" if law["doubt"] else ""
    return f"<details><summary>more{mark}</summary><p>{escape(words)}.</p></details>"


def _range(law: Mapping[str, Any], name: str, unit: str) -> str:
    ends = [f"{v:.3g}" for v in (law[f"{name}_low"], law[f"{name}_high"]) if not pd.isna(v)]
    return f"{' to '.join(dict.fromkeys(ends))} {unit}" if ends else ""
