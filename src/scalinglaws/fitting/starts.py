"""Starts that come from the data: spread over a law's shapes, linear parameters solved at each."""

from collections.abc import Collection, Iterator, Mapping
from itertools import chain, combinations, product

import numpy as np
import numpy.typing as npt

from scalinglaws import _checks as checks
from scalinglaws._sobol import sobol
from scalinglaws._typing import Array
from scalinglaws.errors import BadParameters, UnknownName
from scalinglaws.fitting.derivatives.base import to_internal
from scalinglaws.fitting.derivatives.power_sums import is_plain
from scalinglaws.fitting.solver import small_systems as small
from scalinglaws.fitting.status import NEAR
from scalinglaws.laws import Law
from scalinglaws.laws.parts import Parameter

NEGLIGIBLE = 1e-9
"""A coefficient below this share of the smallest loss is counted as zero."""

ENOUGH = 2000
"""Runs that are enough to find out where the minima lie; a larger table is thinned for that."""

FEW = 64
"""Runs that are enough to tell good starts from bad ones, and to come near a minimum."""

_EXPONENTS = (0.03, 2.0)
_NODES = {1: 40, 2: 14, 3: 7}
_DRAWS = 256


def bounds(law: Law, y: Array, *, held: Mapping[str, float] | None = None) -> tuple[Array, Array]:
    """Return the internal lower and upper bounds, each (P,), equal where a parameter is held.

    Zero becomes a negligible scale. Raises :class:`BadParameters` for a held value out of bounds.
    """
    lower, upper = [], []
    for p in law.parameters:
        if p.space == "linear":
            lower.append(p.lower)
            upper.append(p.upper)
        else:
            lower.append(np.log(p.lower if p.lower > 0 else NEGLIGIBLE * np.abs(y).min()))
            upper.append(np.log(p.upper))
    for name, value in (held or {}).items():
        p, j = law.parameter(name), law.names.index(name)
        # A value that was fitted came back through its logarithm.
        low, high = (
            v * (1 + side * 1e-12 * np.sign(v)) for v, side in ((p.lower, -1), (p.upper, 1))
        )
        if not (np.isfinite(value) and low <= value <= high and (value or p.space != "log")):
            raise BadParameters(
                f"{name} cannot be held at {value!r}: it lies between {p.lower:g} and {p.upper:g}"
            )
        lower[j] = upper[j] = np.log(value) if p.space == "log" else value
    return np.array(lower), np.array(upper)


def at_bounds(
    law: Law, y: Array, theta: Array, lower: Array, upper: Array, names: Collection[str]
) -> tuple[str, ...]:
    """Return which of the named parameters stand at a bound at internal parameters (P,)."""
    room = np.minimum(theta - lower, upper - theta)
    edge = [NEAR * unit(p, law, y) for p in law.parameters]
    return tuple(n for n, r, e in zip(law.names, room, edge, strict=True) if n in names and r < e)


def unit(p: Parameter, law: Law, y: Array) -> float:
    """Return the size of a parameter that is fitted as it is: the loss for a level, else one."""
    return float(np.abs(y).mean()) if p.space == "linear" and p.name in law.linear else 1.0


def thin(x: Mapping[str, Array], y: Array, w: Array, count: int) -> npt.NDArray[np.intp]:
    """Return so many rows that stand for a table, whatever its order: evenly spaced once sorted.

    Rows of weight zero stand for nothing.
    """
    order = np.lexsort((y, *x.values()))
    order = order[w[order] > 0]
    return np.asarray(order[np.linspace(0, len(order) - 1, min(len(order), count)).astype(int)])


def candidates(
    law: Law, x: Mapping[str, Array], y: Array, *, seed: int, held: Mapping[str, float]
) -> Array:
    """Return candidate starts, shape (K, P), in internal parameters.

    Parameters that a law is not linear in are spread over their ranges, on a grid when they are
    few exponents and by a scrambled Sobol sample otherwise; a law's ``guess`` may improve them;
    linear ones are solved for by least squares on relative residuals (variable projection).
    """
    bent = [p for p in law.parameters if p.name not in law.linear and p.name not in held]
    if not bent:
        drawn = np.empty((1, 0))
    elif law.terms and len(bent) in _NODES:
        nodes = np.geomspace(*_EXPONENTS, _NODES[len(bent)])
        drawn = np.array(list(product(nodes, repeat=len(bent))))
    else:
        unit = sobol(len(bent), _DRAWS, seed=seed)
        drawn = np.stack([_within(p, x, y, u) for p, u in zip(bent, unit.T, strict=True)], axis=1)
    values = {p.name: drawn[:, j] for j, p in enumerate(bent)}
    values |= {k: np.full(len(drawn), v) for k, v in held.items()}
    if law.guess is not None:
        values |= {
            k: np.asarray(v, dtype=float)
            for k, v in law.guess(values, x, y).items()
            if k not in held
        }
    return to_internal(law, project(law, x, y, values))


def given(law: Law, x: Mapping[str, Array], y: Array, start: object) -> Array:
    """Return the starts that a caller gives, (K, P): linear parameters left out are solved for.

    Raises :class:`UnknownName` for a parameter that the law does not have and
    :class:`BadParameters` for one that is missing or outside its bounds.
    """
    rows = [start] if isinstance(start, Mapping) else start
    if not isinstance(rows, list | tuple) or not all(isinstance(r, Mapping) for r in rows):
        raise BadParameters("start is a mapping of parameter values by name, or a list of them")
    if not rows:
        raise BadParameters("start is an empty list: give one start or more, or leave it out")
    out = []
    for row in (checks.numbers(r, what="start") for r in rows):
        if unknown := set(row) - set(law.names):
            raise UnknownName(f"{law.name} has no parameter {', '.join(sorted(unknown))} to start")
        if missing := set(law.names) - set(row) - set(law.linear):
            raise BadParameters(f"a start of {law.name} needs {', '.join(sorted(missing))} too")
        for name, value in row.items():
            p = law.parameter(name)
            if not p.lower <= value <= p.upper or (p.space == "log" and value <= 0):
                raise BadParameters(
                    f"{name} cannot start at {value!r}: it lies between {p.lower:g} and {p.upper:g}"
                )
        values = {k: np.array([float(v)]) for k, v in row.items()}
        out.append(to_internal(law, project(law, x, y, values)))
    return np.concatenate(out)


def _within(p: Parameter, x: Mapping[str, Array], y: Array, unit: Array) -> Array:
    low, high = p.start
    if p.like is not None:
        scale = x.get(p.like, y)
        low, high = low * scale.min(), high * scale.max()
    if low > 0:
        return np.asarray(low * (high / low) ** unit)
    return np.asarray(low + (high - low) * unit)


def project(
    law: Law, x: Mapping[str, Array], y: Array, values: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the values (K,) with the missing linear parameters solved for."""
    out = dict(values)
    linear = [n for n in law.linear if n not in values]
    if not linear:
        return out
    count = len(next(iter(values.values()))) if values else 1
    known = {k: v[:, None] for k, v in values.items()}
    size = np.abs(y) if law.domain == "positive" else np.ones_like(y)
    basis = np.empty((count, 1 + len(linear), len(y)))
    with np.errstate(all="ignore"):
        for j, part in enumerate(_parts(law, x, known, linear)):
            np.divide(part, size, out=basis[:, j])
    basis[~np.isfinite(basis)] = 0.0
    target, basis = y / size - basis[:, 0], basis[:, 1:]
    scale = 1 / np.maximum(np.abs(basis).mean(axis=2), 1e-300)
    basis *= scale[:, :, None]
    signs = [law.parameter(n).lower >= 0 for n in linear]
    solved = _non_negative(basis, target) if all(signs) else _free(basis, target)
    for name, c in zip(linear, (solved * scale).T, strict=True):
        p = law.parameter(name)
        floor = 1e-6 * scale[:, linear.index(name)] if p.space == "log" else p.lower
        out[name] = np.clip(c, floor, p.upper)
    return out


def _parts(
    law: Law, x: Mapping[str, Array], known: Mapping[str, Array], linear: list[str]
) -> Iterator[Array]:
    """Yield what does not depend on linear parameters, then what one of each adds, (K, n)."""
    if is_plain(law):
        logs = {i: np.log(v) for i, v in x.items()}
        shape = {
            t.coefficient: np.exp(-sum((known[e] * logs[i] for i, e in t.powers), np.zeros(1)))
            for t in law.terms
        }
        yield sum((known[c] * s for c, s in shape.items() if c not in linear), np.zeros((1, 1)))
        yield from (shape[c] for c in linear)
        return
    rest = {**dict.fromkeys(linear, np.zeros((1, 1))), **known}
    fixed = np.asarray(law.function(rest, x), dtype=float)
    yield fixed
    for name in linear:
        yield law.function({**rest, name: np.ones((1, 1))}, x) - fixed


def _free(basis: Array, target: Array) -> Array:
    return (np.linalg.pinv(basis.swapaxes(1, 2), rcond=1e-12) @ target[:, :, None])[:, :, 0]


def _non_negative(basis: Array, target: Array) -> Array:
    """Solve ``c @ basis ~ target`` with ``c >= 0`` for a batch (K, T, n): try every support."""
    count, terms, _ = basis.shape
    gram = (basis @ basis.swapaxes(1, 2) + 1e-12 * np.eye(terms)).transpose(1, 2, 0)
    right = (basis @ target[:, :, None])[:, :, 0].T
    best = np.zeros(count)
    solution = np.zeros((terms, count))
    supports = chain.from_iterable(combinations(range(terms), k) for k in range(1, terms + 1))
    for support in supports:
        s = np.array(support)
        with np.errstate(all="ignore"):
            c, gain, positive = small.solve(gram[s[:, None], s], right[s])
        take = positive & (c >= 0).all(axis=0) & (gain > best)
        best[take] = gain[take]
        solution[:, take] = 0.0
        solution[np.ix_(s, take)] = c[:, take]
    return solution.T


def spread(order: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Pick ``count`` of the ranked candidates: two thirds the best ones, the rest spread out."""
    best = 2 * count // 3
    if len(order) <= count:
        return order
    rest = np.geomspace(best, len(order) - 1, count - best)
    # Ever fewer of the worse ones; ranks rise by one at least.
    rest = np.maximum.accumulate(rest.astype(int) - np.arange(count - best))
    return order[np.r_[:best, rest + np.arange(count - best)]]
