"""What :func:`needed` says about curves whose answer was measured."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import fit
from scalinglaws._simulated import is_simulated
from scalinglaws.curves.arena.curves import ROUNDING
from scalinglaws.curves.planning.measured import curves_of, level_at, up_to, xy
from scalinglaws.curves.planning.need import Needed, needed
from scalinglaws.errors import BadParameters, BadRuns, Unidentifiable
from scalinglaws.fitting.objectives import LSQ_LOG
from scalinglaws.laws import power_law


@lru_cache(maxsize=1024)
def _power_law(x: bytes, loss: bytes) -> Mapping[str, float]:
    """Return the power law with floor (M2) of a curve, given as the bytes of x and loss."""
    seen = pd.DataFrame({"x": np.frombuffer(x), "loss": np.frombuffer(loss)})
    return fit(power_law("x"), seen, objective=LSQ_LOG, check=False).params


def _by_power_law(seen: pd.DataFrame, target: float) -> float:
    """Return the x at which a power law meets the target, infinite below its floor."""
    p = _power_law(*(column.tobytes() for column in xy(seen)))
    above = target - p["E"]
    if above <= 0 or p["c"] <= 0:
        return np.inf
    return float(np.exp(min((np.log(p["k"]) - np.log(above)) / p["c"], 700.0)))


def trials(
    table: pd.DataFrame,
    *,
    ahead: float = 1.5,
    share: float | None = None,
    level: float = 0.9,
    furthest: float = 10.0,
) -> pd.DataFrame:
    """Ask each curve of a table what :func:`needed` says, where the answer was measured.

    ``table`` has the columns ``task, model, x, loss`` (and ``domain``, ``train``). What is seen
    are the rows to fit or, with ``share``, those with x up to that share of the curve's largest.
    The truth is ``ahead`` times the largest x seen, and the target the loss measured there: by a
    line through the later rows within a factor of 1.2, or between two where these are fewer than
    three.

    Returns a row a curve: ``points`` seen, ``target``, ``truth``, ``x, low, high``, ``held``
    (whether the interval holds the truth) and ``refused``, why there is no interval. ``low`` is
    then the lower end that can still be given (0 where there is none), ``x`` the mean's answer,
    and what was not reached is infinite; all are missing for curves that cannot be forecast.
    ``power_law`` is the answer of the usual way, a power law with floor fitted to what is seen.
    Curves that were not measured as far as the truth are left out. Raises :class:`Unidentifiable`
    when none is left, :class:`BadParameters` for an ``ahead`` not above 1 or a share that is none,
    and :class:`BadRuns` without ``train`` and ``share``.
    """
    if checks.numbers({"ahead": ahead}, what="trials")["ahead"] <= 1:
        raise BadParameters(f"ahead is a multiple of the largest x seen, above 1; found {ahead!r}")
    cut, rows = None if share is None else checks.share(share), []
    for (domain, task), curves in curves_of(table).items():
        for model, part in curves.items():
            if cut is None and "train" not in part:
                raise BadRuns("the table has no column train: add it, or give share, such as 0.5")
            seen = part[part["train"]] if cut is None else up_to(part, cut * part["x"].max())
            later = part[part["x"] > seen["x"].max()]
            truth = ahead * seen["x"].max()
            if not len(later) or truth > part["x"].max() * ROUNDING:
                continue
            target = float(np.exp(level_at(pd.concat([seen.iloc[-1:], later]), truth)))
            row = {"domain": domain, "task": task, "model": model, "points": len(seen)}
            rows.append(row | {"target": target, "truth": truth})
            try:
                found = needed(*xy(seen), target=target, level=level, furthest=furthest)
                rows[-1] |= {"held": truth in found, "refused": ""}
            except Unidentifiable as error:
                found = error.partial
                rows[-1] |= {"held": None, "refused": error.reason}
            known = isinstance(found, Needed)
            ends = (found.x, found.low, found.high) if known else (np.nan,) * 3
            rows[-1] |= dict(zip(("x", "low", "high"), ends, strict=True))
            rows[-1] |= {"power_law": _by_power_law(seen, target) if known else np.nan}
    if not rows:
        raise Unidentifiable(f"no curve was measured {ahead:g} times beyond the part that is seen")
    out = pd.DataFrame(rows)
    out.attrs = {"level": level, "simulated": is_simulated(table)}
    return out


def _factor(ratio: pd.Series) -> float:
    """Return the median factor of error either way; an infinite answer is infinitely wrong."""
    return float(np.exp(np.log(ratio.dropna()).abs().median()))


def summary(tried: pd.DataFrame, *, by: str | None = None) -> pd.DataFrame:
    """Return how good the answers of :func:`trials` were, in all or for each value of a column.

    ``curves`` and how many were ``answered``; of those, the share whose interval ``held`` the
    truth, the median ``factor`` of error either way and the median ``ratio`` of answer to truth,
    and ``factor_power_law``, that factor for a power law on the same curves. ``factor_all``,
    ``factor_power_law_all`` and ``ratio_all`` count all curves, with the mean of the forecast where
    no interval could be given. ``least`` is the share of refusals whose lower end was right and
    ``least_ratio`` the median of that end over the truth.
    """
    rows = []
    for name, part in tried.groupby(by) if by else [("", tried)]:
        answer, refused = part[part["refused"] == ""], part[part["refused"] != ""]
        row = {by: name} if by else {}
        row |= {"curves": len(part), "answered": len(answer)}
        row |= {"held": answer["held"].astype(float).mean()}
        for end, some in (("", answer), ("_all", part)):
            row[f"factor{end}"] = _factor(some["x"] / some["truth"])
            row[f"factor_power_law{end}"] = _factor(some["power_law"] / some["truth"])
            row[f"ratio{end}"] = (some["x"] / some["truth"]).median()
        lower = refused[refused["low"] > 0]
        row |= {"least": (lower["low"] <= lower["truth"]).mean()}
        rows.append(row | {"least_ratio": (lower["low"] / lower["truth"]).median()})
    return pd.DataFrame(rows)
