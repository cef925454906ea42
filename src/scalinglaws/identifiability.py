"""What a table of runs can and cannot answer: its spread, and the refusals that follow from it."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._typing import Array
from scalinglaws.errors import BadRuns, Fix, Problem, Unidentifiable
from scalinglaws.laws import Law
from scalinglaws.laws.limited import read_once

LEVELS = 3
"""Different values of each input that a law of several asks for: two always fit a power."""

MARGIN = 3
"""Distinct runs beyond the number of parameters that a fit asks for, so that scatter shows."""

RAY = 1.05
"""Largest over smallest tokens per parameter from which size and data are identified separately."""

DECADES = 1.0
"""Decades that the widest input must span."""

_AT_ONCE = Problem(
    "pass steps=False to fit all parameters to all runs at once, or hold the first: held={...}",
    Fix("steps", False),
)
_INSIST = Problem("pass check=False to fit, or law=None to read_runs", Fix("check", False))


@dataclass(frozen=True, kw_only=True)
class Design:
    """The spread of a table of runs: decades of each input, tokens per parameter, distinct runs."""

    runs: int
    distinct: int
    decades: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    tokens_per_param: tuple[float, float] | None
    levels: dict[str, int]
    repeating: int | None = None
    """Runs with more tokens than unique ones; None for a law that does not tell them apart."""
    same: float | None = None
    """The response of every run, where all share one; None where they differ."""

    @property
    def thin(self) -> dict[str, int]:
        """Inputs, of several, that take fewer than :data:`LEVELS` values, and how many."""
        several = len(self.levels) > 1
        return {name: k for name, k in self.levels.items() if several and k < LEVELS}


def measurable(runs: pd.DataFrame, law: Law) -> None:
    """Raise :class:`BadRuns` for a table without the numbers that the law needs."""
    if not isinstance(law, Law):
        raise BadRuns(f"a law is expected, such as sl.laws.CHINCHILLA; found {type(law).__name__}")
    positive = law.domain == "positive"
    checks.table(runs, (*law.inputs, law.response), what=law.name, positive=positive)


def describe(runs: pd.DataFrame, law: Law) -> Design:
    """Measure the spread of the law's inputs in runs that are :func:`measurable`."""
    x = {c: runs[c].to_numpy(dtype=float) for c in law.inputs}
    low, high = ({c: float(f(v)) for c, v in x.items()} for f in (np.min, np.max))
    ratio, again = None, None
    response = runs[law.response].to_numpy(dtype=float)
    if "unique_tokens" in x:
        again = int((~read_once(x)).sum())
    if {"params", "tokens"} <= set(x):
        per = x["tokens"] / x["params"]
        ratio = (float(per.min()), float(per.max()))
    return Design(
        runs=len(runs),
        distinct=_distinct([*x.values()]),
        decades={c: float(np.log10(high[c] / low[c])) if low[c] > 0 else float("inf") for c in x},
        low=low,
        high=high,
        tokens_per_param=ratio,
        levels={c: len(np.unique(v)) for c, v in x.items()},
        repeating=again,
        same=float(response[0]) if np.all(response == response[0]) else None,
    )


def check_first(runs: pd.DataFrame, law: Law, *, held: Collection[str] = ()) -> None:
    """Refuse runs that cannot determine what a fit in two steps takes from some of them.

    Raises :class:`Unidentifiable` as :func:`check` does, of these runs and of the parameters that
    they have an effect on, but for ``held`` ones; its ``partial`` is the :class:`Design` of all.
    """
    first = law.first
    if first is None or set(first.names) <= set(held):
        return
    whole = describe(runs, law)
    used = runs[first.where({c: runs[c].to_numpy(dtype=float) for c in law.inputs})]
    asked = tuple(p for p in law.parameters if p.name not in (*first.idle, *held))
    if len(used):
        part = replace(law, inputs=first.inputs, parameters=asked, first=None)
        try:
            check(describe(used, part), part)
        except Unidentifiable as refusal:
            why = f"of the {len(used)} that do {refusal.reason}"
        else:
            return
    else:
        why = f"none of these {whole.runs} does: add some"
    raise Unidentifiable(
        f"{law.name} is fitted in two steps, the first to runs that {first.words}, and {why}",
        partial=whole,
        insist=_AT_ONCE,
    )


def _distinct(columns: list[Array]) -> int:
    """Return how many different rows columns have."""
    order = np.lexsort(columns)
    return 1 + int(np.any([np.diff(c[order]) != 0 for c in columns], axis=0).sum())


def check(d: Design, law: Law) -> None:
    """Refuse runs whose design cannot determine the law, by name, with what is missing.

    Raises :class:`Unidentifiable` when there are fewer distinct points than parameters plus
    :data:`MARGIN`, when all runs share one response, when every run has the same tokens per
    parameter, when fewer than :data:`LEVELS` runs read text again under a law that counts repeats,
    when one of several inputs takes fewer than :data:`LEVELS` values, or when no input spans a
    decade. The exception's ``partial`` is the :class:`Design`.
    """
    need = len(law.parameters) + MARGIN
    if d.distinct < need:
        raise Unidentifiable(
            f"{law.name} has {len(law.parameters)} parameters and needs at least {need} distinct "
            f"runs; this table has {d.distinct} (rows: {d.runs}). Add runs, or fit a law with "
            f"fewer parameters.",
            partial=d,
            insist=_INSIST,
        )
    if d.same is not None:
        raise Unidentifiable(
            f"every run has the same {law.response}, {d.same:.6g}: what does not vary does not "
            f"show how it depends on {' and '.join(law.inputs)}. Check that the column holds the "
            f"{law.response} of each run",
            partial=d,
            insist=_INSIST,
        )
    if d.tokens_per_param is not None and len(law.inputs) > 1:
        low, high = d.tokens_per_param
        if high / low < RAY:
            raise Unidentifiable(
                f"every run has the same tokens per parameter ({low:.3g} to {high:.3g}): along "
                f"one ray the effects of size and data are not identified separately. Add runs at "
                f"other ratios, at least a factor of 4 away; a power law in params or flops can be "
                f"fitted now.",
                partial=d,
                insist=_INSIST,
            )
    if d.repeating is not None and d.repeating < LEVELS:
        raise Unidentifiable(
            f"{d.repeating} of {d.runs} runs read their text more than once; telling how repeats "
            f"fade takes at least {LEVELS}. Add runs with more tokens than unique_tokens, or fit "
            f"laws.CHINCHILLA, which needs none",
            partial=d,
            insist=_INSIST,
        )
    for name, levels in d.thin.items():
        raise Unidentifiable(
            f"{name} takes {levels} different {'value' if levels == 1 else 'values'} in these "
            f"runs; telling how {law.response} depends on it takes at least {LEVELS}: add runs "
            f"at other {name}",
            partial=d,
            insist=_INSIST,
        )
    if law.domain == "real":
        return
    widest = max(d.decades, key=lambda c: d.decades[c])
    if d.decades[widest] < DECADES:
        raise Unidentifiable(
            f"the widest input, {widest}, spans {d.decades[widest]:.2f} decades "
            f"({d.low[widest]:.3g} to {d.high[widest]:.3g}); a law needs at least one decade.",
            partial=d,
            insist=_INSIST,
        )
