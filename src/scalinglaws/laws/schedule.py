"""The law of a decaying learning rate."""

from typing import Any

import numpy as np
import numpy.typing as npt

from scalinglaws._typing import Array
from scalinglaws.errors import BadRuns
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Parameter, Values, coefficient, exponent, level

MEMORY = 1000.0
"""Steps over which the momentum of the annealing forgets e-fold: a factor of 0.999 a step."""


def _annealed(p: Values, x: Values) -> Any:
    return p["E"] + p["A"] * x["s1"] ** -p["alpha"] - p["C"] * x["s2"]


ANNEALED = Law(
    name="law of a learning-rate schedule",
    inputs=("s1", "s2"),
    parameters=(
        level("E", "E", "loss", "loss that no training at a constant rate removes"),
        coefficient("A", "A", "loss * s1^alpha", "weight of the power law"),
        exponent("alpha", "α", "how fast the loss falls with the sum of the rates"),
        Parameter(
            name="C",
            symbol="C",
            unit="loss / s2",
            meaning="what a unit of annealing takes off the loss",
            lower=0.0,
            start=(0.01, 1.0),
        ),
    ),
    function=_annealed,
    domain="real",
    linear=("A", "C", "E"),
    formula="L = E + A S1^-alpha - C S2",
    reference="Tissue et al. 2024",
)
"""Loss during training from the sum of the learning rates and the annealing area.

``s1`` and ``s2`` are those of :func:`areas`. Tissue et al. 2024 (arXiv:2408.11029).
"""


def areas(steps: npt.ArrayLike, rates: npt.ArrayLike, *, memory: float = MEMORY) -> Array:
    """Return ``s1`` and ``s2`` (2, n) of a learning-rate schedule, known at n moments.

    ``S1`` is the integral of the rate over the steps, from a first rate that is taken to have held
    since step 0. ``S2`` is the integral of the momentum ``m``, which grows by what the rate falls
    and decays e-fold over ``memory`` steps: ``dm = -d(rate) - m d(step) / memory``. Between two
    moments the rate changes evenly; a rate that rises, as in a warm-up, counts against it.
    ``steps`` (n,) increase and are positive, ``rates`` (n,) are not negative.

    Raises :class:`BadRuns` for steps that do not increase and rates that are negative.

    Source: Tissue et al. 2024, whose sums over single steps these integrals are in the limit.

    >>> areas([1000, 2000, 3000], [1.0, 1.0, 0.0]).round(0).tolist()
    [[1000.0, 2000.0, 2500.0], [0.0, 0.0, 368.0]]
    """
    at, rate = np.asarray(steps, dtype=float), np.asarray(rates, dtype=float)
    if at.ndim != 1 or at.shape != rate.shape:
        raise BadRuns(
            f"steps and rates are two lists of one length; found {at.shape}, {rate.shape}"
        )
    if not len(at) or not at[0] > 0 or (np.diff(at) <= 0).any():
        raise BadRuns("steps must be positive and increase from one moment to the next")
    if not (np.isfinite(rate) & (rate >= 0)).all():
        row = int((~(np.isfinite(rate) & (rate >= 0))).argmax())
        raise BadRuns(f"rates, value {row + 1}: found {rate[row]:g}; expected 0 or more")
    length, fallen = np.diff(at), -np.diff(rate)
    s1 = np.r_[rate[0] * at[0], length * (rate[1:] + rate[:-1]) / 2]
    momentum, s2 = 0.0, np.zeros(len(at))
    for k, (step, fall) in enumerate(zip(length, fallen, strict=True)):
        # An even fall drives the momentum to fall / step * memory, which it nears e-fold.
        kept, goal = np.exp(-step / memory), fall / step * memory
        s2[k + 1] = goal * step + (momentum - goal) * memory * (1 - kept)
        momentum = goal + (momentum - goal) * kept
    return np.array([np.cumsum(s1), np.cumsum(s2)])
