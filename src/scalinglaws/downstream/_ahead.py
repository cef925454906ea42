"""Which law predicts the better models from the worse ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import planned
from scalinglaws._parallel.blas import one_blas_thread
from scalinglaws.downstream._cloud import frontier
from scalinglaws.errors import Unidentifiable
from scalinglaws.fitting.objectives import HUBER, LSQ_LOG, Objective
from scalinglaws.fitting.solver.plan import Plan, run
from scalinglaws.laws import ABNAR, LOGIT_LINE, Law

FEWEST = 8
"""Models below which no law is fitted to a cloud."""

LAWS: Mapping[str, tuple[Law, Mapping[str, float]]] = {
    "saturation": (ABNAR, {}),
    "no level": (ABNAR, {"e_IR": 0.0}),
    "line in logits": (LOGIT_LINE, {}),
}
"""The laws that compete, each with the parameters that it holds."""


@one_blas_thread
def ahead(
    points: pd.DataFrame,
    *,
    share: float = 0.2,
    laws: Mapping[str, tuple[Law, Mapping[str, float]]] = LAWS,
    objective: Objective | str = HUBER,
    hull: bool = False,
    signed: bool = False,
    seed: int = 0,
) -> dict[str, float]:
    """Return each law's error on the best models upstream, fitted to all others.

    ``points`` has ``upstream_error`` and ``downstream_error``; the ``share`` of lowest upstream
    error is hidden, and scored by the root mean square of the log error, or by its mean if
    ``signed``: positive where the law says more error than was measured. With ``hull`` both sides
    are first cut down to their own :func:`frontier`, and the fit is by least squares. Raises
    :class:`Unidentifiable` when fewer than eight models are left to fit, or none is hidden.
    """
    options: Any = {"objective": objective, "hull": hull, "signed": signed, "seed": seed}
    return run(looking_ahead(points, share=share, laws=laws, **options))


def looking_ahead(
    points: pd.DataFrame,
    *,
    share: float = 0.2,
    laws: Mapping[str, tuple[Law, Mapping[str, float]]],
    objective: Objective | str,
    hull: bool = False,
    signed: bool = False,
    seed: int,
) -> Plan[dict[str, float]]:
    """Plan what :func:`ahead` does."""
    checks.table(points, ("upstream_error", "downstream_error"), what="a look ahead")
    cut = points["upstream_error"].quantile(checks.share(share))
    seen = points[points["upstream_error"] > cut]
    best = points[points["upstream_error"] <= cut]
    if len(seen) < FEWEST:
        raise Unidentifiable(
            f"with the best {share:.0%} of {len(points)} models hidden, {len(seen)} are left to "
            f"fit; it takes {FEWEST}"
        )
    if hull:
        seen, best, objective = frontier(seen), frontier(best), LSQ_LOG
    at, measured = (best[c].to_numpy(float) for c in ("upstream_error", "downstream_error"))
    out = {}
    for name, (law, held) in laws.items():
        options: Any = {"objective": objective, "check": False, "seed": seed}
        found = yield from planned(law, seen, held=held or None, **options)
        miss = np.log(law(found.params, upstream_error=at) / measured)
        out[name] = float(miss.mean() if signed else np.sqrt(np.mean(miss**2)))
    return out
