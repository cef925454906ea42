"""Does it hold out of sample? Fit the small runs, score the large ones, against baselines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import numpy as np
import pandas as pd

from scalinglaws import _checks as checks
from scalinglaws._fit import Fit, fit
from scalinglaws._format import table_html
from scalinglaws._typing import Array
from scalinglaws.errors import BadRuns, Unidentifiable
from scalinglaws.fitting.objectives import HUBER, Objective
from scalinglaws.laws import Law, power_law


@dataclass(frozen=True, kw_only=True, eq=False)
class HoldOut:
    """A held-out score.

    ``scores`` has one row for each estimator: ``rmse`` and ``bias`` of log-loss on the held-out
    runs and ``coverage``, the share of them inside the estimator's interval for a new run (NaN
    without one). ``predictions`` has one for each held-out run; ``trained`` is the fit on the rest.
    ``refused`` says of baselines that could not be fitted to it why.
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    trained: Fit
    by: str
    cut: float
    level: float
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def extrapolation(self) -> float:
        """Largest held-out value of ``by`` over the largest one fitted."""
        return float(self.predictions[self.by].max() / self.trained.runs[self.by].max())

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                str(name),
                f"{row.rmse:.2%}",
                f"{row.bias:+.2%}",
                "" if np.isnan(row.coverage) else f"{row.coverage:.0%}",
            )
            for name, row in self.scores.iterrows()
        ]

    def _header(self) -> tuple[str, ...]:
        return ("estimator", "typical error", "bias", f"inside its {self.level:.0%} interval")

    def __repr__(self) -> str:
        """Return the scores as a small text table."""
        lines = [
            f"fitted {len(self.trained.runs)} runs with {self.by} up to {self.cut:.3g}, scored "
            f"{len(self.predictions)} up to {self.extrapolation:.1f} times beyond",
            "  |  ".join(self._header()),
        ]
        lines += ["  |  ".join(r) for r in self._rows()]
        return "\n".join([*lines, *self.without()])

    def without(self) -> list[str]:
        """Return a sentence for each baseline that could not be fitted."""
        return [f"without the {name}: {why}" for name, why in self.refused.items()]

    def _repr_html_(self) -> str:
        first = self.__repr__().split("\n", 1)[0]
        table = table_html(self._header(), self._rows())
        without = "".join(f"<p>{escape(line)}</p>" for line in self.without())
        return f'<div class="sl-holdout"><p>{first}.</p>{table}{without}</div>'


def _score(predicted: Array, loss: Array, inside: Array | None) -> dict[str, float]:
    miss = np.log(predicted / loss)
    return {
        "rmse": float(np.sqrt((miss**2).mean())),
        "bias": float(miss.mean()),
        "coverage": float("nan") if inside is None else float(inside.mean()),
    }


def hold_out(
    law: Law,
    runs: pd.DataFrame,
    *,
    by: str = "flops",
    fraction: float = 0.2,
    objective: Objective | str = HUBER,
    level: float = 0.9,
    seed: int = 0,
    check: bool = True,
) -> HoldOut:
    """Fit the runs with the smallest ``by`` and score the largest ``fraction`` of them.

    ``runs`` is a table as for :func:`scalinglaws.fit`, with the column ``by``, such as ``flops``.
    ``fraction``, between 0 and 1, is the share of runs to hold out; runs that share the value at
    the cut stay together, and those of the largest value are held out at least. ``level`` is that
    of the intervals for a new run. The score is the root mean square of ``log(predicted /
    measured)``. Baselines are fitted to the same runs: the last value (loss of the largest run
    fitted, the geometric mean of several), and straight and floored power laws of compute. One that
    these runs cannot determine, such as runs at few budgets, is left out with its reason in
    ``refused``.

    Raises :class:`BadRuns` for a fraction outside (0, 1) or an unknown column, and
    :class:`Unidentifiable` when no run lies beyond the cut or what is left cannot determine the
    law; ``check=False`` insists.

    >>> import scalinglaws as sl
    >>> score = sl.hold_out(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
    >>> len(score.predictions), len(score.trained.runs)
    (48, 192)
    >>> bool(score.scores.loc["Chinchilla", "rmse"] < score.scores.loc["last value", "rmse"])
    True
    """
    checks.table(runs, (by, law.response), what="holding out")
    level = checks.level(level)
    if not 0 < checks.numbers({"fraction": fraction}, what="holding out")["fraction"] < 1:
        raise BadRuns(f"fraction is a share of the runs between 0 and 1; it was given {fraction!r}")
    cut = float(runs[by].quantile(1 - fraction))
    if runs[by].min() < cut == runs[by].max():  # many runs of the largest budget
        cut = float(runs.loc[runs[by] < cut, by].max())
    small, large = runs[runs[by] <= cut], runs[runs[by] > cut]
    if large.empty:
        raise Unidentifiable(f"no run has {by} above {cut:.4g}: nothing is left to score")
    loss = large[law.response].to_numpy(dtype=float)
    trained = fit(law, small, objective=objective, seed=seed, check=check)
    points = {c: large[c].to_numpy(dtype=float) for c in law.inputs}
    predicted = trained.predict(level=level, new_run=True, **points)
    inside = ((predicted["low"] <= loss) & (loss <= predicted["high"])).to_numpy()
    scores = {law.name: _score(predicted[law.response].to_numpy(), loss, inside)}
    refused: dict[str, str] = {}
    if "flops" in runs.columns:
        for other, name in (
            (power_law("flops", response=law.response), "power law of compute with floor"),
            (
                power_law("flops", floor=False, response=law.response),
                "straight log-log line in compute",
            ),
        ):
            try:
                line = fit(other, small, objective=objective, seed=seed, check=check)
                band = line.predict(level=level, new_run=True, flops=large["flops"].to_numpy())
            except Unidentifiable as error:
                refused[name] = error.reason
                continue
            held = ((band["low"] <= loss) & (loss <= band["high"])).to_numpy()
            scores[name] = _score(band[law.response].to_numpy(), loss, held)
    largest = small.loc[small[by] == small[by].max(), law.response]
    last = float(np.exp(np.log(largest).mean()))
    scores["last value"] = _score(np.full(len(loss), last), loss, None)
    predictions = large.copy()
    for column, name in ((law.response, "loss"), ("low", "low"), ("high", "high")):
        predictions[f"predicted_{name}"] = predicted[column].to_numpy()
    return HoldOut(
        scores=pd.DataFrame(scores).T,
        predictions=predictions,
        trained=trained,
        by=by,
        cut=cut,
        level=level,
        refused=refused,
    )
