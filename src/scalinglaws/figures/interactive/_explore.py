"""Build the interactive explorer from a fit: refits over a grid of exponents, and draws."""

import numpy as np

from scalinglaws._fit import Fit
from scalinglaws._format import loss_unit
from scalinglaws._typing import Array
from scalinglaws.compute.allocate import allocate
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN
from scalinglaws.errors import Unidentifiable
from scalinglaws.figures.interactive._explorer import Explorer
from scalinglaws.figures.interactive._payload import DRAW, TABLES
from scalinglaws.intervals.profile import profile
from scalinglaws.laws import CHINCHILLA

DRAWS = 1000
"""Bootstrap refits sent to the page: those behind the fit's own intervals, in some 60 kB."""

_HALF = 10
_REACH = 1e5


def _grid(fit: Fit, name: str) -> Array:
    """Return exponents around the fit's own, the middle node, out to what resamples reach."""
    best = fit.params[name]
    low, high = np.quantile(fit.bootstrap()[name], [0.001, 0.999])
    reach = 1.3 * max(high - best, best - low)
    steps = np.arange(-_HALF, _HALF + 1) / _HALF
    return np.asarray(best + min(reach, 0.8 * best) * steps, dtype=float)


def explore(fit: Fit, *, start: float = 5.76e23, level: float = 0.9) -> Explorer:
    """Return the interactive figure of the compute-optimal split under a Chinchilla fit.

    ``start`` is the budget in FLOPs where the page opens; the slider runs from the smallest
    measured budget to 100,000 times the largest, or to ``start`` if that is further. Raises what
    :func:`allocate` raises: a law that is not of params and tokens, or an exponent at its bound;
    and :class:`Unidentifiable` for another law than Chinchilla's.
    """
    if missing := [n for n in CHINCHILLA.names if n not in fit.law.names]:
        raise Unidentifiable(
            f"the explorer draws Chinchilla's law; {fit.law.name} has no {', '.join(missing)}"
        )
    allocate(fit, [start])
    alpha, beta = _grid(fit, "alpha"), _grid(fit, "beta")
    refits = profile(fit, {"alpha": alpha, "beta": beta})
    refits = refits.assign(log_A=np.log(refits["A"]), log_B=np.log(refits["B"]))
    flops = FLOPS_PER_PARAM_TOKEN * fit.inputs["params"] * fit.inputs["tokens"]
    least, most = float(flops[fit.counted].min()), float(flops[fit.counted].max())
    shown = {"flops": flops, **{k: fit.inputs[k] for k in ("params", "tokens")}}
    return Explorer(
        {
            "title": f"Where {CHINCHILLA.name}'s law puts a training budget",
            "loss_unit": loss_unit(fit.runs.attrs) or "the table's own unit",
            "level": level,
            "simulated": fit.simulated,
            "best": {**fit.params, "objective": fit.objective},
            "alpha": alpha.tolist(),
            "beta": beta.tolist(),
            **{t: refits[t].to_numpy().reshape(len(alpha), -1).tolist() for t in TABLES},
            "draws": fit.bootstrap().head(DRAWS)[list(DRAW)].to_numpy().tolist(),
            "flops": {"min": min(least, start), "max": max(_REACH * most, start), "start": start},
            "observed_flops": [least, most],
            "n_runs": fit.design.runs,
            "runs": {k: v[fit.counted].tolist() for k, v in shown.items()},
            "objective_name": str(fit.objective_kind),
        }
    )
