"""Fits in two steps: what some of the runs show alone comes first, the rest from all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalinglaws._typing import Array
from scalinglaws.errors import Unidentifiable
from scalinglaws.fitting import starts
from scalinglaws.fitting.derivatives.base import to_values
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.multistart import agreeing, multistart
from scalinglaws.fitting.objectives import Objective
from scalinglaws.fitting.solver.plan import Plan
from scalinglaws.fitting.solver.problem import Task
from scalinglaws.fitting.status import condition_of, status_of
from scalinglaws.laws import Law
from scalinglaws.laws.parts import Bound, Values

MINIMA = 8
"""Minima of a first step that refits may begin from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """What a first step found: values by name, its minima (K, P), and how far to trust them."""

    params: Mapping[str, float]
    optima: Array
    at_bound: tuple[str, ...]
    condition: float
    words: str
    ok: bool


def fixed(law: Law, held: Mapping[str, float]) -> dict[str, float]:
    """Return what a first step does not move: what is held, and in mid-range what is idle there."""
    assert law.first is not None
    idle = (law.parameter(name) for name in law.first.idle if name not in held)
    return {p.name: float(np.sqrt(p.start[0] * p.start[1])) for p in idle} | dict(held)


def remaining(law: Law, known: tuple[str, ...]) -> Law:
    """Return a law of the other parameters, to which the ``known`` ones are inputs."""
    return Law(
        name=law.name,
        inputs=(*law.inputs, *known),
        parameters=tuple(p for p in law.parameters if p.name not in known),
        function=Bound(_known, (law, known)),
        formula=law.formula,
        reference=law.reference,
        domain=law.domain,
        response=law.response,
    )


def _known(law: Law, known: tuple[str, ...], p: Values, x: Values) -> Any:
    return law.function({**p, **{name: x[name] for name in known}}, x)


def settling(
    law: Law,
    x: Mapping[str, Array],
    y: Array,
    w: Array,
    objective: Objective,
    *,
    held: Mapping[str, float],
    start: object,
    seed: int,
) -> Plan[Settled]:
    """Plan the first step of a fit: the law on the runs that :attr:`Law.first` names.

    Raises :class:`Unidentifiable` where there are none, or the law gives no finite loss on them.
    """
    first = law.first
    assert first is not None
    used = first.where(x)
    if not used.any():
        raise Unidentifiable(
            f"{law.name} is fitted in two steps, the first to runs that {first.words}, and none of "
            f"these {len(y)} does: add some, or pass steps=False"
        )
    own = {k: v[used] for k, v in x.items()}
    stay = fixed(law, held)
    lower, upper = starts.bounds(law, y[used], held=stay)
    task = Task(model_of(law, own), y[used], w[used], objective, lower, upper)
    found = yield from multistart(law, task, own, start=start, held=stay, seed=seed)
    rank = np.argsort(found.objective, kind="stable")
    theta, value = found.theta[rank], found.objective[rank]
    if not np.isfinite(value[0]):
        raise Unidentifiable(f"{law.name} gives no finite loss on the runs that {first.words}")
    _, other = np.unique(theta.round(4), axis=0, return_index=True)
    agree = agreeing(task, found)
    settled = [n for n in first.names if n not in held]
    at_bound = starts.at_bounds(law, y[used], theta[0], lower, upper, settled)
    condition = condition_of(task, theta[0], [law.names.index(n) for n in settled])
    converged = bool(found.converged[rank[0]])
    words, ok = status_of(converged, at_bound, condition, agree, len(rank))
    rest = [n for n in law.names if n not in (*settled, *held)]
    told = (
        f"In two steps: {', '.join(settled)} from the {int(used.sum())} runs that {first.words}, "
        f"then {', '.join(rest) or 'nothing'} from all {len(y)}."
    )
    params = {k: float(v) for k, v in to_values(law, theta[0]).items() if k in settled}
    return Settled(
        params=params,
        optima=theta[np.sort(other)[:MINIMA]],
        at_bound=at_bound,
        condition=condition,
        words=told if ok else f"{told} Of the first step: {words} Of the second:",
        ok=ok,
    )
