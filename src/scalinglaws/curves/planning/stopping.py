"""Many models started, the worse stopped early: successive halving on measured curves."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._simulated import is_simulated
from scalinglaws.curves.forecast import forecast
from scalinglaws.curves.planning.measured import continues, curves_of, level_at, up_to, xy
from scalinglaws.errors import BadParameters, Unidentifiable

COLUMNS = ("domain", "task", "models", "best", "choice", "right", "regret", "spent", "unjudged")

RULES = ("so far", "forecast")


def _rank(curves: dict[str, pd.DataFrame], cut: float, end: float, rule: str) -> list[str]:
    """Return the models from best to worst at a cut."""
    if rule == "so far":
        value = {m: level_at(up_to(part, cut), cut) for m, part in curves.items()}
    else:
        said = {m: forecast(*xy(up_to(part, cut)), at=[end]) for m, part in curves.items()}
        value = {m: float(np.log(s["mean"].iloc[0])) for m, s in said.items()}
    return sorted(value, key=lambda m: (value[m], m))


def halving(
    table: pd.DataFrame,
    *,
    shares: Sequence[float] = (0.1, 0.25, 0.5),
    keep: float = 0.5,
    rule: str = "so far",
) -> pd.DataFrame:
    """Stop the worse models of each task at each share of its end, and go on with the rest.

    All models of a task are trained up to the first of ``shares``. Of m that are left the best
    ``ceil(keep m)`` go on to the next, and so on; what is left after the last share is trained to
    the end, and the lowest loss there is the choice. The order at a share is that of the loss ``"so
    far"`` or of the ``"forecast"`` at the end. ``table``, the end of a task and the truth are those
    of :func:`choices`.

    Returns a row for each task with two models or more: ``best`` and ``choice``, whether the choice
    is ``right``, its ``regret`` (relative excess loss at the end), and what was ``spent``, as a
    share of training every model to the end. ``unjudged`` counts the models with too few points at
    the first share (six for a forecast, and a loss that changes; one for the loss so far); then
    there is no choice.

    Raises :class:`Unidentifiable` when no task has two models, and :class:`BadParameters` for
    shares that do not increase, for ``keep`` of none or all, and for another rule.

    Source: Jamieson and Talwalkar 2016, for the scheme.

    >>> x = np.geomspace(1e3, 1e6, 20)
    >>> rows = [pd.DataFrame({"task": "t", "model": m, "x": x, "loss": 0.1 + 2 * (x / 1e3) ** -c})
    ...         for m, c in (("slow", 0.2), ("middle", 0.25), ("fast", 0.3))]
    >>> halving(pd.concat(rows))[["choice", "regret", "spent"]].round(2).to_numpy().tolist()
    [['fast', 0.0, 0.45]]
    """
    cuts = [checks.share(s) for s in shares]
    if not cuts or any(b <= a for a, b in pairwise(cuts)):
        raise BadParameters(f"shares={shares!r}: give shares that increase, such as (0.1, 0.5)")
    if not 0 < keep < 1:
        raise BadParameters(f"keep={keep!r}: give the share that goes on, between 0 and 1")
    if rule not in RULES:
        raise BadParameters(f"rule={rule!r} is unknown; choose from: {', '.join(RULES)}")
    tasks = {key: curves for key, curves in curves_of(table).items() if len(curves) > 1}
    if not tasks:
        raise Unidentifiable("no task has two models, so there is nothing to choose between")
    rows = []
    for (domain, task), curves in tasks.items():
        end = min(part["x"].max() for part in curves.values())
        truth = pd.Series({model: level_at(part, end) for model, part in curves.items()})
        first = cuts[0] * end
        seen = [up_to(part, first) for part in curves.values()]
        few = sum(not (continues(p) if rule == "forecast" else len(p)) for p in seen)
        rows.append({"domain": domain, "task": task, "models": len(curves), "unjudged": few})
        rows[-1]["best"] = truth.idxmin()
        if few:
            continue
        left, spent, so_far = dict(curves), 0.0, 0.0
        for cut in cuts:
            spent, so_far = spent + len(left) * (cut - so_far), cut
            if len(left) > 1:
                order = _rank(left, cut * end, end, rule)
                left = {m: left[m] for m in order[: math.ceil(keep * len(left))]}
        spent += len(left) * (1 - so_far)
        choice = truth[list(left)].idxmin()
        regret = float(np.expm1(truth[choice] - truth.min()))
        rows[-1] |= {"choice": choice, "right": regret == 0, "regret": regret}
        rows[-1]["spent"] = spent / len(curves)
    out = pd.DataFrame(rows, columns=COLUMNS)
    out.attrs = {"simulated": is_simulated(table)}
    return out
