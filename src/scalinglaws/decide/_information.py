"""What runs tell of a quantity, to first order: the Gauss-Newton information of a design.

Near a fit a law is linear in its parameters, so that the variance of a quantity with gradient g is
``g' F^-1 g``, with the information ``F = sum_g J_g' V_g^-1 J_g`` over groups of runs that share
noise. A design is judged by the mean over draws of the parameters (Chaloner and Verdinelli 1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scalinglaws.intervals import grouping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted

_STEP = 1e-4
"""Relative step of differences: its square and the rounding over it are both near 1e-8."""

_RIDGE = 1e-10
"""Least information, as a share of the mean, so that what no run shows is wide."""

Values = dict[str, "Array"]
_Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Noise:
    """Scatter of log loss about a law: ``sd``, and the share ``alike`` that a group has in common.

    ``by_size`` says that runs of one size are a group.
    """

    sd: float
    alike: float
    by_size: bool

    @classmethod
    def of(cls, fit: Fitted) -> Noise:
        """Return the scatter of a fit's residuals, corrected for what was fitted."""
        residuals = fit.residuals[fit.counted]
        free = len(fit.law.names) - len(fit.held)
        n = len(residuals)
        sd = float(residuals.std()) * (n / max(1, n - free)) ** 0.5
        groups = grouping.found(fit)
        if groups is None:
            return cls(sd=sd, alike=0.0, by_size=False)
        alike = groups.alike(residuals)
        known = float(np.clip(alike, 0.0, 0.99)) if np.isfinite(alike) else 0.0
        return cls(sd=sd, alike=known, by_size=groups.column == grouping.SIZE)


def gradients(of: Callable[[Values], Array], values: Values, names: tuple[str, ...]) -> Array:
    """Return the derivatives (B, m, P) of ``of(values)`` (B, m) by each of ``names``."""
    columns = []
    for name in names:
        step = _STEP * np.maximum(np.abs(values[name]), 1e-8)
        up, down = (of(values | {name: values[name] + s}) for s in (step, -step))
        columns.append((up - down) / (2 * step)[:, None])
    return np.stack(columns, axis=-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Information:
    """The information (B, P, P) of runs that are there, and what candidates add to it.

    Both are in units of the inverse variance of the scatter.

    ``slopes`` (B, m, P) are the candidates' derivatives of log loss, ``sums`` (B, m, P) and
    ``counts`` (m,) those of the runs that are there in each candidate's group.
    """

    there: Array
    slopes: Array
    sums: Array
    counts: Array
    groups: _Indices
    noise: Noise

    def exchanged(self, rest: _Indices, gradient: Array) -> Array:
        """Return the variance (B, m) of a quantity after the runs of ``rest`` and each candidate.

        ``rest`` (k,) are indices of candidates that are trained as well; ``gradient`` (B, P).
        """
        sums, counts, base = self.sums.copy(), self.counts.copy(), self.there.copy()
        for one in rest:
            row, same = self.slopes[:, one], self.groups == self.groups[one]
            base += self._gain(sums[:, one], row, counts[one])
            sums[:, same] += row[:, None]
            counts[same] += 1
        found = base[:, None] + self._gain(sums, self.slopes, counts[:, None, None])
        scale = 1 / np.sqrt(np.maximum(np.einsum("bmii->bmi", found), np.finfo(float).tiny))
        even = found * scale[..., :, None] * scale[..., None, :] + _RIDGE * np.eye(found.shape[-1])
        g = gradient[:, None] * scale
        variance = np.einsum("bmi,bmi->bm", g, np.linalg.solve(even, g[..., None])[..., 0])
        return np.asarray(variance * self.noise.sd**2)

    def _gain(self, sums: Array, row: Array, count: npt.ArrayLike) -> Array:
        """Return the information of one run more in a group of ``count`` runs with ``sums``."""
        own = row[..., :, None] * row[..., None, :] / (1 - self.noise.alike)
        return own + self.shared(sums, count) - self.shared(sums + row, np.asarray(count) + 1)

    def shared(self, sums: Array, count: npt.ArrayLike) -> Array:
        """Return what the noise that a group shares takes off its information (.., P, P)."""
        rho, many = self.noise.alike, np.asarray(count)
        part = np.where(many > 0, rho / (1 - rho) / (1 + (many - 1) * rho), 0.0)
        return np.asarray(part * sums[..., :, None] * sums[..., None, :])


def information(
    fit: Fitted, law: Callable[..., Array], values: Values, candidates: Mapping[str, Array]
) -> Information:
    """Return the information of a fit's runs, and of candidates (m,), at draws of its parameters.

    ``law`` is the fit's, as a law of params and tokens; ``values`` holds draws (B,).
    """
    names = tuple(n for n in fit.law.names if n not in fit.held and n not in fit.at_bound)
    noise = Noise.of(fit)
    inputs = {k: fit.runs[k].to_numpy(dtype=float)[fit.counted] for k in ("params", "tokens")}

    def logs(points: Mapping[str, Array]) -> Callable[[Values], Array]:
        return lambda v: np.log(law(v, **points))

    own = gradients(logs(inputs), values, names)
    slopes = gradients(logs(candidates), values, names)
    groups = grouping.found(fit)
    labels = np.arange(own.shape[1]) if groups is None else groups.labels
    out = Information(
        there=np.einsum("bni,bnj->bij", own, own) / (1 - noise.alike),
        slopes=slopes,
        sums=np.zeros_like(slopes),
        counts=np.zeros(slopes.shape[1]),
        groups=_groups(candidates["params"], noise),
        noise=noise,
    )
    for group in np.unique(labels):
        rows = own[:, labels == group]
        sums, count = rows.sum(axis=1), rows.shape[1]
        out.there[:] -= out.shared(sums, count)
        if noise.by_size:
            size = float(np.median(inputs["params"][labels == group]))
            near = np.abs(np.log(candidates["params"] / size)) <= np.log(grouping.SAME_SIZE)
            out.sums[:, near], out.counts[near] = sums[:, None], count
    return out


def _groups(sizes: Array, noise: Noise) -> _Indices:
    """Return which candidates share noise: those of one size, or none."""
    return np.unique(sizes, return_inverse=True)[1] if noise.by_size else np.arange(len(sizes))
