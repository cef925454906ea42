"""Counts in other units than plain ones, and FLOPs that contradict parameters and tokens."""

import math
from collections.abc import Iterator, Mapping
from statistics import median

from scalinglaws import counting
from scalinglaws.data._cells import Cells
from scalinglaws.errors import Fix, Problem, fixes_of, written

SLACK = 10.0
"""How far ``flops`` may be from 6ND either way: attention of long contexts, tables, experts."""

_NEAR = 2.0
"""How near a ratio is to that of a slip to be taken for it."""

MOST_NATS = 20.0
"""Cross-entropy in nats per token that no vocabulary explains."""

LEAST_NATS = 1e-9
"""Cross-entropy that no text has."""

RATIO = (0.1, 1e5)
"""Tokens per parameter outside of which, in every row, a unit is asked for."""

MOST_FLOPS = 1e28
"""Training compute beyond any machine's reach."""

_LEAST, _SMALL = 100.0, {"params": 1e3, "params_non_embedding": 1e3, "tokens": 1e4}
_TRIED = {1e3: "thousands", 1e6: "millions", 1e9: "billions", 1e12: "trillions"}
_USUAL = 20.0

_COUNTED = Fix("flops_counted_as", "with attention")
_OF_FLOPS = (1 / counting.PF_DAY, 1e-21, 1e-18, 1e-15, 1e-9)
_SLIPS = {
    1 / counting.PF_DAY: "flops look like PF-days: multiply them by 8.64e19",
    1e-21: "flops look like zettaFLOPs: multiply them by 1e21",
    1e-18: "flops look like exaFLOPs: multiply them by 1e18",
    1e-15: "flops look like petaFLOPs: multiply them by 1e15",
    1e-9: "flops look like gigaFLOPs: multiply them by 1e9",
    1 / 3: "flops look like those of the forward pass alone, 2ND: multiply them by 3",
    1e3: "params or tokens look like thousands: multiply them by 1e3",
    1e6: "params or tokens look like millions: multiply them by 1e6",
    1e9: "params or tokens look like billions: multiply them by 1e9",
    1e12: "tokens look like trillions, or params and tokens like millions",
    1e15: "params look like millions and tokens like billions",
    1e18: "params and tokens look like billions: multiply both by 1e9",
}


def implausible(numbers: Mapping[str, list[float]]) -> Iterator[str]:
    """Yield a problem for each column whose values cannot be counts, FLOPs or losses as named."""
    known = {k: [x for x in v if x == x] for k, v in numbers.items()}
    slips = list(_small(known))
    yield from slips
    if "flops" in known and "tokens" not in known and known["flops"]:
        # With tokens, 6ND says more about flops than a threshold can.
        largest = max(known["flops"])
        if largest < 1e6:
            yield (
                f"column flops: every value is below 1e+06 (the largest is {largest:g}); expected "
                f"plain FLOPs. In PF-days or exaFLOPs? Then multiply them by 8.64e19 or 1e18"
            )
    if not slips:
        yield from _out_of_reach(known)
    losses = [v for v in numbers.get("loss", []) if v == v]
    of_text = {"params", "tokens", "flops"} & set(numbers)
    if losses and of_text and min(losses) < LEAST_NATS:
        yield (
            f"column loss: the smallest value is {min(losses):g}; expected nats per token. A loss "
            f"that small is an error of a program or another quantity"
        )
    if losses and of_text and max(losses) > MOST_NATS:
        yield (
            f"column loss: the largest value is {max(losses):g}; a uniform guess over a million "
            f"tokens loses {math.log(1e6):.1f} nats. Is this a perplexity? Then take its natural "
            f"logarithm"
        )


def _small(known: Mapping[str, list[float]]) -> Iterator[str]:
    for name, least in _SMALL.items():
        values = known.get(name, [])
        if not values or (max(values) >= least and min(values) >= _LEAST):
            continue
        told = (
            f"every value is below {least:g} (the largest is {max(values):g})"
            if max(values) < least
            else f"the smallest value is {min(values):g}"
        )
        asked = _asked(name, known)
        yield Problem(f"column {name}: {told}; expected plain counts. {asked}", *fixes_of((asked,)))


def _asked(name: str, known: Mapping[str, list[float]]) -> str:
    """Return which unit a column is in, where tokens per parameter tell, and what to do."""
    other = {"params": "tokens", "tokens": "params"}.get(name, "")
    fitting = [1e6]
    if known.get(other):
        size, data = median(known["params"]), median(known["tokens"])
        if _likely(data / size):
            fix = Fix("units", {"params": 1e6, "tokens": 1e6})
            return Problem(f"params and tokens both in millions? Then give {fix}", fix)
        ratios = {m: data / (size * m) if name == "params" else data * m / size for m in _TRIED}
        fitting = [m for m, r in ratios.items() if _likely(r)]
        fitting.sort(key=lambda m: abs(math.log(ratios[m] / _USUAL)))
    if not fitting:
        return "Check the units of params and tokens"
    fix, times = Fix("units", {name: fitting[0]}), written(fitting[0])
    return Problem(f"In {_TRIED[fitting[0]]}? Then multiply them by {times}, or give {fix}", fix)


def _likely(ratio: float) -> bool:
    """Say whether runs may have so many tokens per parameter."""
    return RATIO[0] * 5 <= ratio <= RATIO[1] / 10


def _out_of_reach(known: Mapping[str, list[float]]) -> Iterator[str]:
    if not (known.get("params") and known.get("tokens")):
        return
    pairs = list(zip(known["params"], known["tokens"], strict=False))
    ratios = [d / n for n, d in pairs]
    if max(ratios) < RATIO[0] or min(ratios) > RATIO[1]:
        hint = _out_by(ratios)
        yield Problem(
            f"columns params and tokens: {min(ratios):.3g} to {max(ratios):.3g} tokens a parameter "
            f"in every row; expected some between {RATIO[0]:g} and {RATIO[1]:g}. {hint}",
            *fixes_of((hint,)),
        )
    most = max(6.0 * n * d for n, d in pairs)
    if most > MOST_FLOPS:
        yield (
            f"columns params and tokens: 6ND is up to {most:.3g} FLOPs, beyond what any machine "
            f"has trained. Check the units of both"
        )


def _out_by(ratios: list[float]) -> str:
    middle = median(ratios)
    if not 0 < middle < math.inf:  # beyond what a double holds, so beyond any unit
        return "Check the units of params and tokens"
    off = math.log(middle) - math.log(_USUAL)
    times = min(
        (m for k in (1e3, 1e6, 1e9) for m in (k, 1 / k)), key=lambda m: abs(off + math.log(m))
    )
    fix = Fix("units", {"params": 1 / times})
    return Problem(
        f"In another unit of params they would be: {fix} does that; or are tokens in another unit?",
        fix,
    )


def contradictions(
    cells: Cells, numbers: dict[str, list[float]], derived: Mapping[str, str]
) -> Iterator[str]:
    """Yield a problem for each row whose FLOPs are nowhere near 6ND, or that gives no count."""
    if not {"params", "tokens", "flops"} <= set(numbers):
        return
    triples = list(zip(numbers["params"], numbers["tokens"], numbers["flops"], strict=True))
    ratios = [c / (6.0 * n * d) for n, d, c in triples if n == n and d == d and c == c]
    plain = 2 * sum(0.9 < r < 1.1 for r in ratios) >= len(ratios)
    # Exactly a third of it in every row is the forward pass, and no other way to count.
    forward = bool(ratios) and max(abs(3 * r - 1) for r in ratios) < 0.05
    for row, (n, d, c) in enumerate(triples):
        if math.isnan(n + d + c):
            continue
        for name, how in derived.items():
            value = {"params": n, "tokens": d, "flops": c}[name]
            if not 1 <= value < math.inf:
                yield (
                    f"{cells.place(row)}: {how} gives {value:g} {name}; expected at least 1. "
                    "Check the units of the columns that it follows from"
                )
        if derived:
            continue
        log = math.log(c) - math.log(6.0) - math.log(n) - math.log(d)
        # Another count drifts over a table; one row that is off by itself is a slip.
        alone = plain and abs(log) > math.log(_NEAR)
        if abs(log) > math.log(SLACK) or forward or alone:
            ratio = math.exp(min(log, 700.0))
            slip, off = min(((s, abs(log - math.log(s))) for s in _SLIPS), key=lambda p: p[1])
            known = off < math.log(_NEAR)
            hint = (
                _SLIPS[slip]
                if known
                else Problem(
                    f"check the units of all three, or say how flops were counted: {_COUNTED}",
                    _COUNTED,
                )
            )
            fixes = [Fix("units", {"flops": 1 / slip})] if known and slip in _OF_FLOPS else []
            hint = Problem(f"{hint}, or give {fixes[0]}", *fixes) if fixes else hint
            least, most = ("0.5", "2") if alone else ("0.1", "10")
            yield Problem(
                f"{cells.place(row)}, columns params, tokens and flops: {c:g} FLOPs is {ratio:.3g} "
                f"times 6ND (params {n:g}, tokens {d:g}); expected between {least} and {most}. "
                f"{hint}",
                *fixes_of((hint,)),
            )
