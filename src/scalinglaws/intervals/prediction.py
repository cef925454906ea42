"""Predicted losses with intervals, and how far beyond the runs they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.errors import BadRuns, UnknownName
from scalinglaws.intervals import measured_coverage as measured
from scalinglaws.intervals.resampling import RESAMPLES, percentiles, resampled

if TYPE_CHECKING:
    import numpy.typing as npt

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted


def predict(
    fit: Fitted,
    *,
    level: float = 0.9,
    kind: str = "case",
    new_run: bool = False,
    n: int = RESAMPLES,
    by: str | None = None,
    **inputs: npt.ArrayLike,
) -> pd.DataFrame:
    """Predict the loss at inputs given by name, with an interval; one row for each point.

    ``inputs`` are those of the law by name, each a number or (m,), in the unit of the runs.
    ``level``, ``kind``, ``n`` and ``by`` are those of :meth:`Fit.interval`, for bootstraps.
    Columns: the inputs, the response, ``low`` and ``high`` (the curve's interval; with ``new_run``
    that of a new run, residual scatter included), ``beyond`` (how many times further than the
    nearest run in the worst input; 1 means in range) and ``where`` (``"in range"`` or
    ``"extrapolated"``). Where the empirical coverage of such intervals is well below their level, a
    column ``measured`` gives it; ``attrs["stopped"]`` counts refits that reached no minimum.

    Raises :class:`UnknownName` for an input that is missing or that the law does not have, and
    :class:`BadRuns` for what is not a finite number.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> told = fit.predict(params=[1e9, 70e9], tokens=[2e10, 1.4e12])
    >>> told["where"].tolist()
    ['in range', 'extrapolated']
    """
    level, n = checks.level(level), checks.resamples(n)
    if missing := [i for i in fit.law.inputs if i not in inputs]:
        raise UnknownName(
            f"{fit.law.name} predicts from {', '.join(fit.law.inputs)}; give "
            f"{', '.join(missing)} too"
        )
    if unknown := [i for i in inputs if i not in fit.law.inputs]:
        raise UnknownName(
            f"{fit.law.name} predicts from {', '.join(fit.law.inputs)}, not from "
            f"{', '.join(unknown)}"
        )
    try:
        columns = [np.atleast_1d(np.asarray(inputs[i], dtype=float)) for i in fit.law.inputs]
        points = dict(zip(fit.law.inputs, np.broadcast_arrays(*columns), strict=True))
    except (TypeError, ValueError) as error:
        raise BadRuns(
            f"to predict, {' and '.join(fit.law.inputs)} must be numbers, or as many of one as of "
            f"the other: {error}"
        ) from error
    for name, values in points.items():
        if values.ndim > 1:
            raise BadRuns(
                f"{name} must be a list of numbers to predict; found shape {values.shape}"
            )
        positive = fit.law.domain == "positive"
        if not np.isfinite(values).all() or (positive and (values <= 0).any()):
            raise BadRuns(
                f"{name} must be {'positive and ' * positive}finite to predict; found {values}"
            )
    draws = resampled(fit, n, kind=kind, by=by)
    curves = fit.law({c: draws[c].to_numpy() for c in fit.law.names}, **points)
    if new_run:
        rng = np.random.default_rng(fit.seed)
        scatter = rng.choice(fit.residuals[fit.counted], curves.shape)
        curves = curves + scatter if fit.law.domain == "real" else curves * np.exp(scatter)
    low, high = percentiles(curves, level)
    frame = pd.DataFrame(points)
    frame[fit.law.response] = fit.law(fit.params, **points)
    frame["low"], frame["high"] = low, high
    frame["beyond"] = np.max([_beyond(fit, i, v) for i, v in points.items()], axis=0)
    frame["where"] = np.where(frame["beyond"] > 1, "extrapolated", "in range")
    held = measured.of(fit, kind, "prediction") if level == measured.LEVEL else None
    if held is not None and held < measured.SHORT:
        frame["measured"] = held
    frame.attrs |= {"level": level, "kind": kind, "stopped": draws.attrs["stopped"]}
    return frame


def _beyond(fit: Fitted, name: str, values: Array) -> Array:
    """Return how many times further out than the runs values of an input lie, 1 for in range."""
    low, high = fit.design.low[name], fit.design.high[name]
    outside = np.maximum(np.maximum(values - high, low - values), 0.0)
    out = 1 + outside / max(high - low, np.finfo(float).tiny)
    if low > 0:
        # Times further, which there is for what has the sign of the runs.
        same = values > 0
        out[same] = np.maximum(1.0, np.maximum(values[same] / high, low / values[same]))
    return np.asarray(out)
