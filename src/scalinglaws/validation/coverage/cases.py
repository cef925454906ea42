"""Laws, truths and designs on which the coverage of intervals is measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from scalinglaws import laws
from scalinglaws._typing import Array
from scalinglaws.laws import Law

WELL_SPREAD, ONE_DECADE = "well spread", "one decade"

RAY = "nearly one ray"
"""Inputs that move together, for a law of several."""

BUNCHED = "bunched"
"""Runs at both ends of the range only, for a law of one input."""

RAY_WIDTH = 1.5
"""Largest over smallest ratio of two inputs that move together."""

_DECADE = 1.04
"""A little over one decade, the least that a fit accepts."""

_PHI = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True, kw_only=True)
class Case:
    """A law with a truth near published values and the ranges over which people have runs.

    ``low`` and ``high`` bound the inputs that are varied, ``points`` says how many values each
    takes in a grid. ``epochs`` multiply ``unique_tokens`` into ``tokens``. ``beyond`` is how far
    past the largest input a prediction is asked for (below one: past the smallest). ``shared`` is
    the share of the variance that runs of one model size have in common. ``data_sets`` are
    simulated, of which the first ``drawn`` are resampled, ``resamples`` times each: fewer where
    refits take long.
    """

    law: Law
    truth: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    points: tuple[int, ...]
    designs: tuple[str, ...]
    epochs: tuple[int, ...] = (1,)
    beyond: float = 10.0
    shared: float = 0.0
    data_sets: int = 300
    drawn: int = 300
    resamples: int = 300

    def inputs(self, design: str) -> dict[str, Array]:
        """Return the law's inputs at the runs of a design, each (n,)."""
        low, high = np.array([[*self.low.values()], [*self.high.values()]])
        if design == ONE_DECADE and self.designs != (ONE_DECADE,):
            middle = np.sqrt(low * high)
            low, high = middle * 10 ** (-_DECADE / 2), middle * 10 ** (_DECADE / 2)
        count = int(np.prod(self.points))
        if design == RAY:
            # The golden ratio's multiples spread evenly whatever their number.
            across = RAY_WIDTH ** ((np.arange(count) * _PHI) % 1.0 - 0.5)
            along = np.linspace(0, 1, count)
            columns = [low[0] * (high[0] / low[0]) ** along]
            columns += [
                a * (b / a) ** along * across for a, b in zip(low[1:], high[1:], strict=True)
            ]
        elif design == BUNCHED:
            ends = np.linspace(0, 0.15, count // 2)
            columns = [low[0] * (high[0] / low[0]) ** np.concatenate([ends, 1 - ends])]
        else:
            axes = [np.geomspace(a, b, k) for a, b, k in zip(low, high, self.points, strict=True)]
            columns = [v.ravel() for v in np.meshgrid(*axes)]
        x = {k: np.repeat(v, len(self.epochs)) for k, v in zip(self.low, columns, strict=True)}
        if "tokens" in self.law.inputs and "unique_tokens" in x:
            x["tokens"] = x["unique_tokens"] * np.tile(self.epochs, count)
        return {k: x[k] for k in self.law.inputs}

    def target(self, x: Mapping[str, Array]) -> dict[str, float]:
        """Return where a prediction is asked for."""
        far = np.max if self.beyond > 1 else np.min
        return {k: float(self.beyond * far(v)) for k, v in x.items()}


_ONE = (WELL_SPREAD, ONE_DECADE, BUNCHED)
_TWO = (WELL_SPREAD, ONE_DECADE, RAY)


def _curve(
    law: Law,
    truth: Mapping[str, float],
    low: float,
    high: float,
    *,
    designs: tuple[str, ...] = _ONE,
    beyond: float = 10.0,
    sets: tuple[int, int, int] = (300, 300, 300),
) -> Case:
    over = law.inputs[0]
    return Case(
        law=law,
        truth=truth,
        low={over: low},
        high={over: high},
        points=(60,),
        designs=designs,
        beyond=beyond,
        data_sets=sets[0],
        drawn=sets[1],
        resamples=sets[2],
    )


def _chinchilla(designs: tuple[str, ...], shared: float) -> Case:
    return Case(
        law=laws.CHINCHILLA,
        truth={"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366},
        low={"params": 5e7, "tokens": 1e9},
        high={"params": 1.5e10, "tokens": 3e11},
        points=(9, 8),
        designs=designs,
        shared=shared,
    )


_BREAK = {"a": 0.35, "b": 9.0, "c0": 0.15, "c1": 0.35, "d1": 3e7, "f1": 0.4}
_BREAKS = {
    **{"a": 0.2, "b": 9.0, "c0": 0.1, "c1": 0.5, "d1": 1e6, "f1": 0.3},
    **{"c2": -0.35, "d2": 1e8, "f2": 0.3},
}

CASES: Mapping[str, Case] = MappingProxyType(
    {
        "power law": _curve(
            laws.power_law("tokens", floor=False), {"k": 11.4, "c": 0.066}, 1e6, 1e9
        ),
        "power law with floor": _curve(
            laws.power_law("tokens"), {"E": 1.8, "k": 400.0, "c": 0.28}, 1e8, 1e12
        ),
        "Chinchilla": _chinchilla(_TWO, 0.0),
        "Chinchilla, noise shared by size": _chinchilla((WELL_SPREAD,), 0.5),
        "downstream saturation": _curve(
            laws.ABNAR,
            {"k": 0.9, "alpha": 1.6, "e_IR": 0.12},
            0.01,
            0.9,
            beyond=0.1,
            sets=(200, 200, 200),
        ),
        # A loss seldom spans a decade, so this law has one design.
        "sigmoid": _curve(
            laws.sigmoid("upstream_loss"),
            {"low": 0.78, "high": 0.25, "mid": 2.7, "width": 0.22},
            1.8,
            4.5,
            designs=(ONE_DECADE,),
            beyond=0.8,
            sets=(240, 240, 240),
        ),
        "Kaplan, size and steps": Case(
            law=laws.KAPLAN_NS,
            truth={"N_c": 6.5e13, "S_c": 2.1e3, "alpha_N": 0.077, "alpha_S": 0.76},
            low={"params": 1e6, "steps": 1e3},
            high={"params": 1e9, "steps": 2e5},
            points=(8, 9),
            designs=_TWO,
            data_sets=200,
            drawn=200,
            resamples=100,
        ),
        "shifted": _curve(
            laws.shifted("examples"),
            {"k": 100.0, "c": 0.285, "s": 2e-10},
            1e6,
            1e10,
            sets=(200, 200, 100),
        ),
        "Kaplan, size and data": Case(
            law=laws.KAPLAN_ND,
            truth={"N_c": 6.4e13, "D_c": 1.8e13, "alpha_N": 0.076, "alpha_D": 0.103},
            low={"params": 4e5, "tokens": 2e7},
            high={"params": 7e8, "tokens": 3.5e10},
            points=(8, 9),
            designs=_TWO,
            data_sets=100,
            drawn=100,
            resamples=100,
        ),
        "logistic in log": _curve(
            laws.logistic_in_log("flops"),
            {"low": 0.25, "high": 0.8, "mid": 1e21, "steepness": 0.9},
            1e19,
            1e24,
            sets=(100, 60, 60),
        ),
        "one break": _curve(
            laws.broken_power_law("examples"), _BREAK, 1e5, 1e10, sets=(80, 60, 60)
        ),
        "routed": Case(
            law=laws.ROUTED,
            truth={
                **{"a": -0.082, "b": -0.108, "c": 0.009, "d": 1.104},
                **{"E_start": 1.847, "E_max": 314.478},
            },
            low={"params": 1.5e7, "experts": 1.0},
            high={"params": 1.3e9, "experts": 512.0},
            points=(8, 9),
            designs=_TWO,
            data_sets=60,
            drawn=60,
            resamples=60,
        ),
        # Epochs alone take tokens over more than a decade.
        "limited data": Case(
            law=laws.DATA_CONSTRAINED,
            truth={
                **{"A": 521.0, "B": 1488.0, "E": 1.87, "alpha": 0.353, "beta": 0.353},
                **{"R_D": 15.387756, "R_N": 5.309743},
            },
            low={"params": 1e7, "unique_tokens": 1e8},
            high={"params": 8e9, "unique_tokens": 5e10},
            points=(5, 4),
            designs=(WELL_SPREAD, RAY),
            epochs=(1, 4, 16, 64),
            data_sets=80,
            drawn=80,
            resamples=80,
        ),
        "two breaks": _curve(
            laws.broken_power_law("examples", breaks=2), _BREAKS, 1e4, 1e10, sets=(40, 40, 40)
        ),
        "saturating": _curve(
            laws.saturating("examples"),
            {"E": 0.15, "L0": 0.99, "k": 270.0, "c": 0.35, "a": 0.8},
            3e5,
            1e9,
            sets=(40, 40, 40),
        ),
    }
)
