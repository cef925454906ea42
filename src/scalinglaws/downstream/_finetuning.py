"""Fine-tuning curves: what laws miss on them, whether they steepen, and where they bend."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import Fit, fit_all
from scalinglaws._parallel.threads import cores
from scalinglaws.curves.arena import frame
from scalinglaws.errors import BadParameters, Unidentifiable
from scalinglaws.fitting.objectives import LSQ_LOG
from scalinglaws.laws import Law, logistic_in_log

LEAST = 6
"""Different x below which a law of four parameters is not fitted."""

Curves = list[tuple[str, str, pd.DataFrame]]


def _curves(table: pd.DataFrame, *, least: int = LEAST) -> Curves:
    """Return task, model and rows of each curve with enough different x."""
    groups = frame(table).groupby(["task", "model"], sort=False)
    kept = [
        (str(task), str(model), part.sort_values("x")[["x", "loss"]])
        for (task, model), part in groups
        if part["x"].nunique() >= least
    ]
    if not kept:
        raise Unidentifiable(
            f"no curve has the loss at {least} different x: a law of four parameters would pass "
            f"through every point"
        )
    return kept


def _fitted(law: Law, curves: Curves) -> list[Fit]:
    """Return the fit of a law to each curve, by least squares on log loss."""
    fits = []
    for found in fit_all(law, [part for _, _, part in curves], objective=LSQ_LOG, check=False):
        if not isinstance(found, Fit):
            raise found
        fits.append(found)
    return fits


def in_sample(table: pd.DataFrame, laws: Mapping[str, Law]) -> pd.DataFrame:
    """Fit laws of ``x`` to whole curves, and return what they miss on the points they saw.

    ``table`` is that of :func:`frame`. Returns a row for each curve and law:
    ``task, model, law, rmsd`` (of log loss) and ``params``, by name. Least squares on log loss;
    curves with fewer than six different x are left out. Raises :class:`Unidentifiable` when none
    is left and :class:`BadParameters` for laws of another input. Lin et al. 2024, table 3.
    """
    if not laws or any(law.inputs != ("x",) for law in laws.values()):
        raise BadParameters("laws maps the name of each to a law of x")
    curves, rows = _curves(table), []
    for name, law in laws.items():
        for (task, model, _), found in zip(curves, _fitted(law, curves), strict=True):
            rmsd = float(np.sqrt((found.residuals**2).mean()))
            row = {"task": task, "model": model, "law": name, "rmsd": rmsd}
            rows.append(row | {"params": dict(found.params)})
    return pd.DataFrame(rows)


def _slope(part: pd.DataFrame) -> float:
    return -float(np.polyfit(np.log(part["x"]), np.log(part["loss"]), 1)[0])


def slopes(table: pd.DataFrame, *, points: int = 4) -> pd.DataFrame:
    """Return how fast each curve falls at its two ends, by straight lines in log-log.

    ``early`` and ``late`` are the falls of log loss per unit of log x over the first and the last
    ``points`` of a curve, ``steeper`` whether the late one is larger. A sum of a floor and a
    power law is never steeper late than early. Curves with fewer than twice as many points are
    left out. Raises :class:`BadParameters` for fewer than two points.
    """
    if points < 2:
        raise BadParameters(f"points is 2 or more; found {points}")
    rows = [
        {"task": t, "model": m, "early": _slope(c.head(points)), "late": _slope(c.tail(points))}
        for t, m, c in _curves(table, least=2 * points)
    ]
    out = pd.DataFrame(rows)
    return out.assign(steeper=out["late"] > out["early"])


def _bend(found: Fit, level: float) -> dict[str, float]:
    try:
        told = found.interval("mid", kind="profile", level=level)
        low, high = told.low, told.high
    except Unidentifiable:
        low, high = 0.0, np.inf
    return {
        "bend": found.params["mid"],
        "bend_low": low,
        "bend_high": high,
        "beta": found.params["steepness"],
        "before": found.params["low"],
        "floor": found.params["high"],
    }


def bends(table: pd.DataFrame, *, level: float = 0.9) -> pd.DataFrame:
    """Return where each curve bends by the rectified law, ``D_l^(1/beta)``, with its interval.

    The law is the logistic in log x, ``L = E + (A - E) / (1 + (x / bend)^beta)`` with
    ``A = E + B / D_l``: at the bend half of what can be gained is gained. The interval is that of
    the profile likelihood. Returns a row a curve: ``bend, bend_low, bend_high, beta``, ``before``
    (A), ``floor`` (E), ``first`` and ``last`` (the range of x) and ``where``: ``"identified"``
    when the whole interval lies within the range, else ``"open below"``, ``"open above"`` or
    ``"open on both sides"``. Raises :class:`Unidentifiable` when no curve has six different x.
    Lin et al. 2024, equation 6.
    """
    from joblib import Parallel, delayed  # late: an import of the library does without

    level, each = checks.level(level), _curves(table)
    found = Parallel(n_jobs=cores(), batch_size=4)(
        delayed(_bend)(fit, level) for fit in _fitted(logistic_in_log("x"), each)
    )
    rows = []
    for (task, model, part), row in zip(each, found, strict=True):
        first, last = float(part["x"].min()), float(part["x"].max())
        below, above = row["bend_low"] < first, row["bend_high"] > last
        where = {(False, False): "identified", (True, False): "open below"}
        where |= {(False, True): "open above", (True, True): "open on both sides"}
        rows.append({"task": task, "model": model, **row, "first": first, "last": last})
        rows[-1]["where"] = where[bool(below), bool(above)]
    out = pd.DataFrame(rows)
    out.attrs["level"] = level
    return out


def by_size(found: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """Return whether the larger of two models of one family bends later, task by task.

    ``found`` is that of :func:`bends`; ``sizes`` has a row a model: ``model, family, params``.
    Neighbours in size are compared. Returns a row a pair and task: ``task, family, smaller,
    larger`` and ``larger_bends``: ``"later"`` or ``"earlier"`` by the estimates, ``"clearly
    later"`` or ``"clearly earlier"`` where the intervals do not touch. Raises
    :class:`Unidentifiable` when there is no column ``params``, or no family has two sizes.
    """
    if "params" not in sizes:
        raise Unidentifiable("the sizes of the models are not known: add a column params")
    checks.table(sizes, ("params",), what="sizes of models")
    for label in ("model", "family"):
        checks.groups(sizes, label, what="sizes of models")
    joined = found.merge(sizes.drop_duplicates("model"), on="model")
    rows = []
    for (task, family), part in joined.groupby(["task", "family"], sort=False):
        part = part.drop_duplicates("params").sort_values("params")
        for (_, a), (_, b) in zip(part[:-1].iterrows(), part[1:].iterrows(), strict=True):
            word = "later" if b["bend"] > a["bend"] else "earlier"
            if a["bend_high"] < b["bend_low"] or b["bend_high"] < a["bend_low"]:
                word = f"clearly {word}"
            row = {"task": task, "family": family, "smaller": a["model"], "larger": b["model"]}
            rows.append(row | {"larger_bends": word})
    if not rows:
        raise Unidentifiable("no family has models of two sizes on one task: nothing to compare")
    return pd.DataFrame(rows)
