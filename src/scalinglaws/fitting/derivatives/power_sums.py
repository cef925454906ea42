"""A sum of powers: each term is an exponential of an affine function of the parameters."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.fitting.derivatives.base import Rows, products, some
from scalinglaws.fitting.derivatives.bends import pairs
from scalinglaws.laws import Law

NEAR = 4.0
"""Distance in the logarithm from the middle of the runs over which sums keep nearly all digits."""


def is_plain(law: Law) -> bool:
    """Say whether a law's terms are all exponentials of affine functions, and constants."""
    names = [t.coefficient for t in law.terms]
    log = all(law.parameter(t.coefficient).space == "log" for t in law.terms if t.powers)
    exponents = [[e for _, e in t.powers] for t in law.terms]
    flat = {e for es in exponents for e in es}
    return (
        bool(law.terms)
        and log
        and len(set(names)) == len(names)
        and not flat & set(names)
        and all(len(set(es)) == len(es) for es in exponents)
        and all(law.parameter(e).space == "linear" for e in flat)
    )


def _mix(c: Array, features: Array) -> Array:
    """Sum features (F, n) or (B, F, n) over runs with weights (B, n): (B, F)."""
    if features.ndim == 2:
        return c @ features.T
    return (features @ c[:, :, None])[:, :, 0]


class SumOfPowers:
    """Model of a law with ``terms``: each term is an exponential of an affine function.

    Inputs are centred in the logarithm, so that a coefficient is the size of its term in the
    middle of the runs: sums keep their digits.
    """

    def __init__(
        self,
        law: Law,
        x: Mapping[str, Array],
        *,
        middle: Mapping[str, float] | None = None,
    ) -> None:
        """Precompute, for each term, which parameters it has and what multiplies them."""
        self.law, self.x = law, x
        self._middle = middle or {i: float(np.log(v).mean()) for i, v in x.items()}
        self.size = len(law.names)
        place = {name: j for j, name in enumerate(law.names)}
        self.logs = [p.space == "log" for p in law.parameters]
        self._centre = np.eye(self.size)
        self.terms: list[tuple[npt.NDArray[np.intp], Array]] = []
        logs = {i: np.log(v) for i, v in x.items()}
        ones = np.ones_like(next(iter(x.values())))
        self.ones = np.ones(ones.shape[-1])
        # Constants last: their products with the other terms are sums that are there already.
        for t in sorted(law.terms, key=lambda t: not t.powers):
            index = np.array([place[t.coefficient], *(place[e] for _, e in t.powers)])
            for i, e in t.powers:
                self._centre[place[e], place[t.coefficient]] -= self._middle[i]
            rows = [ones, *(self._middle[i] - logs[i] for i, _ in t.powers)]
            self.terms.append((index, np.stack(rows, axis=-2)))
        self._slots()
        self.shared, self.channels = ones.ndim == 1, 1

    def _slots(self) -> None:
        """Lay the terms' parameters out one after the other: each is a slot of its term."""
        sizes = [len(index) for index, _ in self.terms]
        ends = np.cumsum(sizes)
        self.slots = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        self.lead = np.repeat(ends - sizes, sizes)
        levels = [len(i) == 1 and not self.logs[i[0]] for i, _ in self.terms]
        # Second derivatives join slots of one term only, and a level has none.
        self.same = (self.lead[:, None] == self.lead) & ~np.repeat(levels, sizes)
        self.basis = np.concatenate([basis for _, basis in self.terms], axis=-2)
        self.to_slots = np.zeros((self.size, ends[-1]))
        self.to_slots[np.concatenate([i for i, _ in self.terms]), np.arange(ends[-1])] = 1.0
        self.to_slots = self._centre @ self.to_slots

    @cached_property
    def products(self) -> dict[tuple[int, int], Array]:
        """Products of the bases of two terms, which packed sums take."""
        return {
            (k, m): _products(self.terms[k][1], self.terms[m][1], same=k == m)
            for k in range(len(self.terms))
            for m in range(k + 1)
        }

    @property
    def kind(self) -> tuple[object, ...]:
        """What models have in common that can be one: see :class:`Model`."""
        near = (round(v / NEAR) for v in self._middle.values())
        return (type(self), id(self.law), *near)

    def of_rows(self, x: Mapping[str, Array], rows: Rows) -> "SumOfPowers":
        """Return the model of several tables: see :class:`Model`."""
        return SumOfPowers(self.law, x)

    @property
    def packed(self) -> int:
        """Length of packed sums."""
        return len(self._spread)

    @cached_property
    def _spread(self) -> Array:
        """Map (R, P + P^2) (R, P + P^2) from packed sums to the gradient and the Hessian."""
        size, rows = self.size, []

        def unit(*where: int) -> Array:
            row = np.zeros(size + size * size)
            row[list(where)] = 1.0
            return row

        for k, (index, _) in enumerate(self.terms):
            rows += [unit(p) for p in index]
            for m in range(k):
                for p in index:
                    for q in self.terms[m][0]:
                        row = unit(size + p * size + q)
                        row[size + q * size + p] += 1.0
                        rows.append(row)
            for p, q in zip(*(index[i] for i in pairs(len(index))), strict=True):
                rows.append(unit(size + p * size + q, size + q * size + p))
        return np.stack(rows)

    def parts(self, theta: Array) -> list[Array]:
        """Return the terms, each (B, n), or (B, 1) for a constant."""
        out = []
        middle = theta @ self._centre
        for index, basis in self.terms:
            if len(index) == 1:
                out.append(np.exp(middle[:, index]) if self.logs[index[0]] else middle[:, index])
                continue
            at = np.concatenate([middle[:, index[:1]], theta[:, index[1:]]], 1)
            power = at @ basis if basis.ndim == 2 else (at[:, None, :] @ basis)[:, 0]
            out.append(np.exp(power, out=power))
        return out

    def value(self, theta: Array) -> Array:
        """Predicted loss at internal parameters (B, P), shape (B, n)."""
        return self._total(self.parts(theta))

    def at(self, theta: Array) -> "PowersAt":
        """Evaluate the terms."""
        parts = self.parts(theta)
        return PowersAt(self, parts, self._total(parts))

    def _total(self, parts: list[Array]) -> Array:
        """Return the sum of the terms, (B, n); of constants alone, spread over the runs."""
        runs = self.terms[0][1].shape[-1]
        if len(parts) == 1:
            return np.broadcast_to(parts[0], (len(parts[0]), runs)).copy()
        total = parts[0] + parts[1]
        for part in parts[2:]:
            total += part
        return np.broadcast_to(total, (len(total), runs)) if total.shape[1] != runs else total

    def unpack(self, packed: Array) -> tuple[Array, Array]:
        """Return the gradient (B, P) and the Hessian (B, P, P) of packed sums."""
        size = self.size
        both = packed @ self._spread
        hessian = both[:, size:].reshape(-1, size, size)
        return both[:, :size] @ self._centre.T, self._centre @ hessian @ self._centre.T

    def take(self, problems: Rows, runs: slice) -> "SumOfPowers":
        """Return the model of some problems of the batch on some of the runs."""
        x = some(self.x, problems, runs)
        return SumOfPowers(self.law, x, middle=self._middle)

    def rough(self) -> None:
        """Return nothing: second derivatives cost little here."""


def _products(a: Array, b: Array, *, same: bool) -> Array:
    """Return the products of two bases, (F, n) or (B, F, n): the upper half when they are one."""
    if same:
        i, j = pairs(a.shape[-2])
    else:
        i, j = (v.ravel() for v in np.indices((a.shape[-2], b.shape[-2])))
    return np.ascontiguousarray(a[..., i, :] * b[..., j, :])


class PowersAt:
    """A sum of powers at a batch of parameters."""

    def __init__(self, model: SumOfPowers, parts: list[Array], f: Array) -> None:
        """Keep the terms and their sum."""
        self._model, self._parts, self.f = model, parts, f

    def local(self, a: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
        """Return the gradient (B, P), the Hessian and the metric (B, P, P): see :class:`Point`."""
        model = self._model
        g = np.empty((*self.f.shape[:1], *model.basis.shape[-2:]))
        for part, slot, (index, basis) in zip(self._parts, model.slots, model.terms, strict=True):
            level = len(index) == 1 and not model.logs[index[0]]
            g[:, slot] = 1.0 if level else part[:, None, :] * basis
        bend = (g * a[:, None, :]) @ model.basis.swapaxes(-2, -1)
        gradient = bend[:, np.arange(len(model.lead)), model.lead]
        hessian, metric = products(g, b) + model.same * bend, products(g, c)
        spread = model.to_slots
        return gradient @ spread.T, spread @ hessian @ spread.T, spread @ metric @ spread.T

    def pull(self, a: Array) -> Array:
        """Return the gradient (B, P): see :class:`Point`."""
        model, out = self._model, []
        for part, (index, basis) in zip(self._parts, model.terms, strict=True):
            if len(index) > 1:
                out.append(_mix(a * part, basis))
                continue
            level = np.vecdot(a, model.ones)[:, None]
            out.append(part * level if model.logs[index[0]] else level)
        return np.concatenate(out, axis=1) @ model.to_slots.T

    def pack(self, a: Array, b: Array) -> Array:
        """Return the gradient and the Hessian, packed, (B, R)."""
        model, parts, out = self._model, self._parts, []
        bents: list[Array] = []
        # What a term changes by when its coefficient does: a level's own change is one.
        units = [
            p if model.logs[index[0]] else np.ones_like(p)
            for p, (index, _) in zip(parts, model.terms, strict=True)
        ]
        for k, (part, (index, basis)) in enumerate(zip(parts, model.terms, strict=True)):
            if len(index) == 1:
                # A constant term: its products are sums of what the other terms have.
                unit = units[k]
                slope = unit * np.vecdot(a, model.ones)[:, None]
                out.append(slope)
                for m in range(k):
                    bent = bents[m] if m < len(bents) else b * units[m]
                    out.append(unit * _mix(bent, model.terms[m][1]))
                bend = unit * unit * np.vecdot(b, model.ones)[:, None]
                out.append(bend + slope if model.logs[index[0]] else bend)
                continue
            first, bent = a * part, b * part
            out.append(_mix(first, basis))
            for m in range(k):
                out.append(_mix(bent * parts[m], model.products[k, m]))
            first += bent * part
            out.append(_mix(first, model.products[k, k]))
            bents.append(bent)
        return np.concatenate(out, axis=1)
