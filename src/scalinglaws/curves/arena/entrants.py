"""Who plays: each entrant is one function of a :class:`Curve`, and anyone can add another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalinglaws._fit import Fit, fit_all
from scalinglaws._typing import Array
from scalinglaws.curves import released
from scalinglaws.curves.arena.curves import Curve
from scalinglaws.curves.forecast import forecast
from scalinglaws.errors import ScalingLawError
from scalinglaws.fitting.objectives import LSQ_LOG
from scalinglaws.laws import Law, broken_power_law, power_law, saturating, shifted

Entrant = Callable[[Curve], Array | pd.DataFrame]
"""Returns the loss at ``curve.at``, or a table ``mean, low, high`` of it.

One with a method ``together`` is asked for many curves at once, and returns for each what it would
return of it alone, or the error that it would raise.
"""

_M4: Mapping[str, tuple[float, float | None]] = {"IC": (1.0, 1.0), "BB": (1.001, 1.0)}
"""``err_0`` and ``upper`` in the authors' notebook; elsewhere 1, or just above the largest loss,
and no bound."""


def last(curve: Curve) -> Array:
    """Return the last loss for every later point."""
    return np.full(len(curve.at), curve.loss[np.argmax(curve.x)])


def line(curve: Curve) -> Array:
    """Return the straight line of log loss in log x: M1."""
    return released.m1(curve.x, curve.loss).predict(curve.at)


def m2_released(curve: Curve) -> Array:
    """Return M2 as its authors' procedure has it."""
    return released.m2(curve.x, curve.loss).predict(curve.at)


def m3_released(curve: Curve) -> Array:
    """Return M3 as its authors' procedure has it."""
    return released.m3(curve.x, curve.loss).predict(curve.at)


def m4_released(curve: Curve) -> Array:
    """Return M4 as its authors' procedure has it, with their settings of the domain."""
    err_0, upper = _M4.get(curve.domain, (max(1.0, 1.001 * curve.loss.max()), None))
    return released.m4(curve.x, curve.loss, err_0=err_0, upper=upper).predict(curve.at)


@dataclass(frozen=True)
class ByLaw:
    """An entrant: a law of ``x`` by least squares on log loss, with some parameters held."""

    law: Law
    held: Mapping[str, float] | None = None

    def __call__(self, curve: Curve) -> Array:
        """Return the fitted law at the points to predict."""
        (answer,) = self.together([curve])
        if isinstance(answer, ScalingLawError):
            raise answer
        return answer

    def together(self, curves: Sequence[Curve]) -> list[Array | ScalingLawError]:
        """Return what it says of each of many curves."""
        tables = [pd.DataFrame({"x": curve.x, "loss": curve.loss}) for curve in curves]
        found = fit_all(self.law, tables, objective=LSQ_LOG, held=self.held, check=False)
        return [
            self._at(curve.at, fit) if isinstance(fit, Fit) else fit
            for curve, fit in zip(curves, found, strict=True)
        ]

    def _at(self, x: Array, found: Fit) -> Array:
        return np.asarray(self.law.function(dict(found.params), {"x": x}), dtype=float)


def by_law(law: Law, *, held: Mapping[str, float] | None = None) -> Entrant:
    """Return an entrant: a law of ``x`` by least squares on log loss, in prediction space.

    ``held`` keeps parameters at given values, as in :func:`scalinglaws._fit`.
    """
    return ByLaw(law, held)


def top_of(domain: str) -> float | None:
    """Return the level that a curve may start from at most: 1 for shares, as the authors set it."""
    return 1.001 if domain in _M4 else None


@dataclass(frozen=True)
class ByM4:
    """An entrant: M4 in prediction space, with the bound of its domain."""

    held: Mapping[str, float] | None = None

    def __call__(self, curve: Curve) -> Array:
        """Return the fitted law at the points to predict."""
        return self._by(top_of(curve.domain))(curve)

    def together(self, curves: Sequence[Curve]) -> list[Array | ScalingLawError]:
        """Return what it says of each of many curves."""
        tops = [top_of(curve.domain) for curve in curves]
        answers: dict[int, Array | ScalingLawError] = {}
        for top in dict.fromkeys(tops):
            alike = [i for i, other in enumerate(tops) if other == top]
            said = self._by(top).together([curves[i] for i in alike])
            answers |= dict(zip(alike, said, strict=True))
        return [answers[i] for i in range(len(curves))]

    def _by(self, top: float | None) -> ByLaw:
        return ByLaw(saturating("x", top=top), self.held)


def by_m4(*, held: Mapping[str, float] | None = None) -> Entrant:
    """Return M4 in prediction space; the start of a share is bounded, as in the released one."""
    return ByM4(held)


def ours(curve: Curve) -> pd.DataFrame:
    """Return the library's forecast."""
    return forecast(curve.x, curve.loss, at=curve.at)


OURS = "forecast"

ENTRANTS: Mapping[str, Entrant] = {
    OURS: ours,
    "one break": by_law(broken_power_law("x", breaks=1)),
    "M4": by_m4(),
    "M3": by_law(shifted("x")),
    "M2": by_law(power_law("x")),
    "M4 released": m4_released,
    "M3 released": m3_released,
    "M2 released": m2_released,
    "M1 (straight line)": line,
    "last value": last,
}
"""The standing league: ours, the laws in prediction space, the released estimators, baselines."""
