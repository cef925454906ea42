"""The empirical coverage of the intervals that people get who ask for nothing in particular.

The designs are those of tables that people have: checkpoints, cooldowns, noise that a size shares
or that small models have more of, a form that is slightly wrong. Fits and intervals are the public
ones at their defaults, and, beside them, intervals that draw row by row. The table is made by
``python -m scalinglaws.validation.coverage.defaults``.
"""

import argparse
import math
import os
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from scalinglaws._fit import Fit, fit
from scalinglaws._simulated import mark
from scalinglaws._typing import Array
from scalinglaws.compute.allocate import allocate
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, optimal_params
from scalinglaws.data.catalogue import load
from scalinglaws.errors import ScalingLawError
from scalinglaws.laws import CHINCHILLA, INTERACTION, Law

TABLE = Path(__file__).parent / "defaults.csv"

TRUTH: Mapping[str, float] = MappingProxyType(
    {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
)
"""Near the parameters of Besiroglu et al. 2024."""

NOISE = 0.005
"""Standard deviation of log-loss; that of the smallest size where it falls with size."""

FAR = (10, 40)
"""How many times beyond the largest compute a loss is asked for, at the best split."""

KINDS = {"default": None, "row by row": "case"}

SETS = 100


class Layout(NamedTuple):
    """Where runs lie: sizes, tokens, and which training run or trunk each row has, (n,) each."""

    params: Array
    tokens: Array
    rows: npt.NDArray[np.intp]

    @classmethod
    def grid(cls, sizes: int, points: int, low: float, high: float) -> "Layout":
        """Return sizes from 50M to 10B, each with tokens of ``low`` to ``high`` times the size."""
        size, steps = np.geomspace(5e7, 1e10, sizes), np.geomspace(low, high, points)
        rows = np.repeat(np.arange(sizes), points)
        return cls(size[rows], (size[:, None] * steps).ravel(), rows)


@dataclass(frozen=True, kw_only=True)
class Design:
    """Runs of a known law whose noise is not independent from row to row, or not of one size.

    ``noise`` draws one table's log-noise (n,) from a generator; ``checkpoints`` says that rows of
    one training run carry its name, ``law`` is the truth's form, with ``d`` where it has one.
    """

    at: Layout
    noise: Callable[[Layout, np.random.Generator], Array]
    checkpoints: bool = False
    law: Law = CHINCHILLA
    d: float = 1.0

    @property
    def truth(self) -> dict[str, float]:
        """The parameters of the truth's law."""
        return dict(TRUTH) | ({"d": self.d} if "d" in self.law.names else {})

    def table(self, name: str, number: int) -> pd.DataFrame:
        """Return simulated table ``number`` of a design."""
        rng = np.random.default_rng([zlib.crc32(name.encode()), number])
        params, tokens, rows = self.at
        loss = self.law(self.truth, params=params, tokens=tokens)
        run = rows if self.checkpoints else np.arange(len(loss))
        runs = pd.DataFrame({"run": run, "params": params, "tokens": tokens})
        runs["flops"] = FLOPS_PER_PARAM_TOKEN * params * tokens
        return mark(runs.assign(loss=loss * np.exp(self.noise(self.at, rng))))


def independent(at: Layout, rng: np.random.Generator) -> Array:
    """Draw noise that is independent from row to row."""
    return NOISE * rng.standard_normal(len(at.rows))


def shared(at: Layout, rng: np.random.Generator) -> Array:
    """Draw noise of whose variance half is common to the rows of one run."""
    common = rng.standard_normal(int(at.rows.max()) + 1)[at.rows]
    both: Array = common + rng.standard_normal(len(at.rows))
    return NOISE * math.sqrt(0.5) * both


def drifting(at: Layout, rng: np.random.Generator) -> Array:
    """Draw noise that drifts within a run: a correlation of .9 from one row to the next."""
    out = rng.standard_normal(len(at.rows))
    for row in range(1, len(out)):
        if at.rows[row] == at.rows[row - 1]:
            out[row] = 0.9 * out[row - 1] + np.sqrt(1 - 0.9**2) * out[row]
    return NOISE * out


def falling(at: Layout, rng: np.random.Generator) -> Array:
    """Draw noise that small models have more of: it falls as the root of size."""
    share: Array = np.sqrt(at.params.min() / at.params)
    return NOISE * share * rng.standard_normal(len(at.rows))


@cache
def designs() -> Mapping[str, Design]:
    """Return the designs by name.

    A wrong form shows where the balance of size and data changes with compute, as it does in
    isoFLOP profiles, so the last design has the sizes and tokens of Hoffmann et al. 2022.
    """
    theirs = load("hoffmann2022")
    size, seen = (theirs[name].to_numpy(dtype=float) for name in ("params", "tokens"))
    real = Layout(size, seen, np.arange(len(size)))
    single, trunks = Layout.grid(12, 8, 2, 200), Layout.grid(12, 5, 5, 80)
    twelve, six = Layout.grid(12, 12, 1, 60), Layout.grid(6, 12, 1, 60)
    return MappingProxyType(
        {
            "single runs": Design(at=single, noise=independent),
            "noise half shared by size": Design(at=single, noise=shared),
            "noise falls with size": Design(at=single, noise=falling),
            "cooldowns off 12 trunks": Design(at=trunks, noise=shared),
            "checkpoints of 12 runs": Design(at=twelve, noise=drifting, checkpoints=True),
            "checkpoints of 6 runs": Design(at=six, noise=drifting, checkpoints=True),
            "form slightly wrong": Design(at=real, noise=independent, law=INTERACTION, d=0.8),
        }
    )


def asked(design: Design) -> dict[str, tuple[float, dict[str, float]]]:
    """Return what is asked of a design: for each quantity the truth, and where, if at a point."""
    law, truth = design.law, design.truth
    most = FLOPS_PER_PARAM_TOKEN * float((design.at.params * design.at.tokens).max())
    many = {k: np.array([v]) for k, v in truth.items()}
    out: dict[str, tuple[float, dict[str, float]]] = {}
    if law is CHINCHILLA:
        both = truth["alpha"] + truth["beta"]
        out = {k: (truth[k], {}) for k in ("E", "alpha", "beta")}
        out["a"] = (truth["beta"] / both, {})
    for times in FAR:
        best = float(optimal_params(law, many, np.array([times * most]))[0, 0])
        at = {"params": best, "tokens": times * most / FLOPS_PER_PARAM_TOKEN / best}
        if law is CHINCHILLA and times == FAR[0]:
            out["best size"] = (best, {"flops": times * most})
        out[f"loss {times} times beyond"] = (float(law(truth, **at)[0]), at)
    return out


def _ends(
    fitted: Fit, quantity: str, at: Mapping[str, float], kind: str | None, form: bool
) -> tuple[float, float]:
    """Return the 90% interval of a quantity; of a loss, the law's own or the one to stake."""
    if not at:
        found = fitted.interval(quantity, kind=kind)
        return found.low, found.high
    if "flops" in at:
        row = allocate(fitted, [at["flops"]], kind=kind).iloc[0]
        return float(row["params_low"]), float(row["params_high"])
    row = fitted.predict(params=at["params"], tokens=at["tokens"], kind=kind).iloc[0]
    part = "" if form else "law_"
    return float(row[f"{part}low"]), float(row[f"{part}high"])


def measure(name: str, sets: int = SETS) -> pd.DataFrame:
    """Return a design's coverage, one row for each kind of interval and quantity.

    ``kind`` is "default" or "row by row"; a loss is asked for by the law's interval and, under the
    name of the quantity with "to stake", by the one that allows for the form. ``width`` is the
    median width over the truth.
    """
    design = designs()[name]
    wanted = asked(design)
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number in range(sets):
        fitted = fit(CHINCHILLA, design.table(name, number))
        for kind, given in KINDS.items():
            for quantity, (_, at) in wanted.items():
                forms = {"": False, ", to stake": True} if "params" in at else {"": True}
                for suffix, form in forms.items():
                    try:
                        ends = _ends(fitted, quantity, at, given, form)
                    except ScalingLawError:
                        ends = (np.nan, np.nan)
                    found.setdefault((kind, quantity + suffix), []).append(ends)
    rows = []
    for (kind, quantity), values in found.items():
        low, high = np.array(values).T
        truth = wanted[quantity.removesuffix(", to stake")][0]
        held = (low <= truth) & (truth <= high)
        p = (held.sum() + 2) / (sets + 4)  # Agresti and Coull 1998
        rows.append(
            {
                "design": name,
                "noise": design.noise.__name__,
                "kind": kind,
                "quantity": quantity,
                "coverage": held.mean(),
                "error": np.sqrt(p * (1 - p) / (sets + 4)),
                "refused": np.isnan(low).mean(),
                "width": float(np.nanmedian(high - low)) / truth,
                "data_sets": sets,
                "rows": len(design.at.rows),
            }
        )
    return pd.DataFrame(rows)


def table() -> pd.DataFrame:
    """Return the measured coverage of the defaults, as it travels with the package."""
    return pd.read_csv(TABLE)


def main() -> None:
    """Measure every design and write the table."""
    # Late: a browser has no processes, and reads the table all the same.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    parser = argparse.ArgumentParser(
        prog="python -m scalinglaws.validation.coverage.defaults", description=__doc__
    )
    parser.add_argument("--data-sets", type=int, default=SETS, help="simulated tables a design")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table to write")
    given = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    began = time.perf_counter()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        parts = [*pool.map(measure, designs(), [given.data_sets] * len(designs()))]
    done = pd.concat(parts, ignore_index=True)
    done.to_csv(given.out, index=False, float_format="%.4g")
    shown = done.pivot_table(
        index=["design", "quantity"], columns="kind", values="coverage", sort=False
    )
    print(shown.round(2).to_string())
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
