"""Predicted losses with intervals, and how far beyond the runs they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws.errors import BadRuns, UnknownName
from scalinglaws.intervals import beyond
from scalinglaws.intervals import measured_coverage as measured
from scalinglaws.intervals.resampling import JACKKNIFE, RESAMPLES, ends, percentiles, resampled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from scalinglaws._typing import Array
    from scalinglaws.fitting.fitted import Fitted
    from scalinglaws.laws import Law


def predict(
    fit: Fitted,
    *,
    level: float = 0.9,
    kind: str | None = None,
    new_run: bool = False,
    n: int = RESAMPLES,
    by: str | None = None,
    **inputs: npt.ArrayLike,
) -> pd.DataFrame:
    """Predict the loss at inputs given by name, with intervals; one row for each point.

    ``inputs`` are those of the law by name, each a number or (m,), in the unit of the runs.
    ``level``, ``kind``, ``n`` and ``by`` are those of :meth:`Fit.interval`, for bootstraps.
    Columns: the inputs, the response, ``law_low`` and ``law_high`` (the interval if the law holds;
    with ``new_run`` that of a new run, residual scatter included), ``low`` and ``high`` (the one to
    stake something on: the same inside the runs, and beyond them, in
    compute or in an input, wider by the decades beyond, times
    what laws miss on public tables and this law missed on its own larger runs), ``beyond`` (how
    many times further than the nearest run in the worst input; 1 means in range) and ``where``
    (``"in range"`` or ``"extrapolated"``). Where the empirical coverage of such intervals is well
    below their level, a column ``measured`` gives it. ``attrs`` give the ``kind`` and ``groups``
    drawn, ``per_decade``, the share of the loss allowed per decade beyond the runs, ``origins``,
    how many misses of the table itself are in it, and ``stopped``, the refits that reached no
    minimum.

    Raises :class:`UnknownName` for an input that is missing or that the law does not have, and
    :class:`BadRuns` for what is not a finite number.

    >>> import scalinglaws as sl
    >>> fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> told = fit.predict(params=[1e9, 70e9], tokens=[2e10, 1.4e12])
    >>> told["where"].tolist()
    ['in range', 'extrapolated']
    """
    level, n = checks.level(level), checks.resamples(n)
    points = points_of(fit.law, inputs)
    draws = resampled(fit, n, kind=kind, by=by)
    middle = fit.law(fit.params, **points)
    curves = fit.law({c: draws[c].to_numpy() for c in fit.law.names}, **points)
    law_ends = ends(draws, curves, middle, level)
    if new_run:
        law_ends = _with_scatter(fit, draws, curves, middle, law_ends, level)
    frame = pd.DataFrame(points)
    frame[fit.law.response] = middle
    frame["low"], frame["high"] = law_ends
    frame["law_low"], frame["law_high"] = law_ends
    frame["beyond"] = np.max([_beyond(fit, i, v) for i, v in points.items()], axis=0)
    frame["where"] = np.where(frame["beyond"] > 1, "extrapolated", "in range")
    frame.attrs |= {"level": level, **draws.attrs, "per_decade": 0.0, "origins": 0}
    if beyond.applies(fit.law) and (far := beyond.decades_beyond(fit, points)).any():
        frame.loc[far > 0, "where"] = "extrapolated"
        allowed = beyond.per_decade(fit)
        frame["low"], frame["high"] = beyond.widened(level, middle, law_ends, far, allowed)
        frame.attrs |= {"per_decade": allowed, "origins": len(beyond.misses(fit).table)}
    kind = draws.attrs["kind"]
    held = measured.of(fit, kind, "prediction") if level == measured.LEVEL else None
    if held is not None and held < measured.SHORT:
        frame["measured"] = held
    return frame


def points_of(law: Law, inputs: Mapping[str, npt.ArrayLike]) -> dict[str, Array]:
    """Return the inputs of a law to predict at, by name, each (m,).

    Raises :class:`UnknownName` for one that is missing or that the law does not have, and
    :class:`BadRuns` for what is not a finite number, or not positive where the law needs that.
    """
    if missing := [i for i in law.inputs if i not in inputs]:
        raise UnknownName(
            f"{law.name} predicts from {', '.join(law.inputs)}; give {', '.join(missing)} too"
        )
    if unknown := [i for i in inputs if i not in law.inputs]:
        raise UnknownName(
            f"{law.name} predicts from {', '.join(law.inputs)}, not from {', '.join(unknown)}"
        )
    try:
        columns = [np.atleast_1d(np.asarray(inputs[i], dtype=float)) for i in law.inputs]
        points = dict(zip(law.inputs, np.broadcast_arrays(*columns), strict=True))
    except (TypeError, ValueError) as error:
        raise BadRuns(
            f"to predict, {' and '.join(law.inputs)} must be numbers, or as many of one as of "
            f"the other: {error}"
        ) from error
    for name, values in points.items():
        if values.ndim > 1:
            raise BadRuns(
                f"{name} must be a list of numbers to predict; found shape {values.shape}"
            )
        positive = law.domain == "positive"
        if not np.isfinite(values).all() or (positive and (values <= 0).any()):
            raise BadRuns(
                f"{name} must be {'positive and ' * positive}finite to predict; found {values}"
            )
    return points


def _with_scatter(
    fit: Fitted, draws: pd.DataFrame, curves: Array, middle: Array, ends_: Array, level: float
) -> Array:
    """Return the ends (2, m) for a new run: the curve's, and residuals around it."""
    rng, left = np.random.default_rng(fit.seed), fit.residuals[fit.counted]
    real = fit.law.domain == "real"
    if draws.attrs["kind"] != JACKKNIFE:
        scatter = rng.choice(left, curves.shape)
        return percentiles(curves + scatter if real else curves * np.exp(scatter), level)
    # A jackknife's values are not draws of the curve: the two spreads add as squares.
    out = percentiles(left, level)[:, None]
    sides = ends_ - middle if real else np.log(ends_ / middle)
    wide = np.stack([-np.hypot(sides[0], out[0]), np.hypot(sides[1], out[1])])
    return np.asarray(middle + wide if real else middle * np.exp(wide))


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
