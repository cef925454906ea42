"""Planned runs against runs drawn blindly, on tables of a known law.

Each table has 24 small runs. ``next_runs`` plans four more for a spend; blind designs take four
candidates of the same grid for the same spend at most. Both are then trained, that is simulated by
the truth, and what becomes of the interval of the best size is compared with what it was, and with
what the plan expected.
"""

import harness

# isort: split
import sys

import numpy as np
import pandas as pd

import scalinglaws as sl
from scalinglaws.decide import _designs
from scalinglaws.laws import CHINCHILLA

TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
NOISE, ROWS, TARGET, SPEND, RUNS = 0.005, 24, 1e21, 1e20, 4
BLIND = 10


def table(rng: np.random.Generator) -> pd.DataFrame:
    """Return small runs of 20M to 500M parameters."""
    params = np.exp(rng.uniform(np.log(2e7), np.log(5e8), ROWS))
    return trained(
        pd.DataFrame({"params": params, "tokens": params * np.exp(rng.uniform(1.6, 4.4, ROWS))}),
        rng,
    )


def trained(design: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return a design with the losses that training would give."""
    points = {k: design[k].to_numpy() for k in ("params", "tokens")}
    scatter = np.exp(NOISE * rng.standard_normal(len(design)))
    return design.assign(loss=CHINCHILLA(TRUTH, **points) * scatter)


def width(runs: pd.DataFrame) -> tuple[float, bool]:
    """Return the interval's upper end over its lower in logarithms, and whether it holds."""
    split = sl.allocate(sl.fit(CHINCHILLA, runs), TARGET)
    low, high = (float(split[f"params_law_{end}"][0]) for end in ("low", "high"))
    p = TRUTH
    ratio = (p["alpha"] * p["A"] / p["beta"] / p["B"]) ** (1 / (p["alpha"] + p["beta"]))
    best = ratio * (TARGET / 6) ** (p["beta"] / (p["alpha"] + p["beta"]))
    return float(np.log(high / low)), low <= best <= high


def one(k: int) -> dict[str, float]:
    """Return what becomes of one table."""
    rng = np.random.default_rng(k)
    runs = table(rng)
    fit = sl.fit(CHINCHILLA, runs)
    spent = harness.timed(
        sl.next_runs, fit, flops=TARGET, spend=SPEND, runs=RUNS, seed=k, repeats=1
    )
    plan = spent.result
    chosen = plan.runs.loc[plan.runs.index.repeat(plan.runs["seeds"]), ["params", "tokens"]]
    after, held = width(pd.concat([runs, trained(chosen, rng)]))
    grid = _designs.candidates(fit, spend=SPEND, low=None, high=None)
    blind: list[float] = []
    while len(blind) < BLIND:
        some = grid.iloc[rng.choice(len(grid), RUNS)]
        if some["flops"].sum() <= SPEND:
            blind.append(width(pd.concat([runs, trained(some[["params", "tokens"]], rng)]))[0])
    # Widths go with the scatter, which 24 runs tell to a fifth: the truth's is put in its place.
    scale = NOISE / float(fit.residuals.std() * (ROWS / (ROWS - 5)) ** 0.5)
    return {
        "now": plan.now,
        "expected": plan.then * scale,
        "planned": after,
        "blind": float(np.median(blind)),
        "held": float(held),
        "seconds": spent.wall,
    }


def main() -> int:
    """Print what planned and blind runs do to the interval; return 1 where a reach is missed."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    tables = 12 if how.quick else 40
    found = pd.DataFrame([one(k) for k in range(tables)])

    def ratio(top: str, bottom: str) -> float:
        return float(np.exp(np.log(found[top] / found[bottom]).mean()))

    rows = [
        (name, f"{np.exp(found[name].mean()):.3g}", f"{found[name].mean():.2f}")
        for name in ("now", "planned", "blind")
    ]
    title = f"the best size for {TARGET:.0e} FLOPs, {tables} tables, {RUNS} more runs"
    harness.show(title, ("runs", "known within a factor of", "its logarithm"), rows)
    shorter = float((found["planned"] < found["blind"]).mean())
    rows = [
        ("planned over blind", f"{ratio('planned', 'blind'):.2f}"),
        ("planned is shorter", f"{shorter:.0%}"),
        ("came out over expected", f"{ratio('planned', 'expected'):.2f}"),
        ("held the truth afterwards", f"{found['held'].mean():.0%}"),
        ("seconds a plan", f"{found['seconds'].median():.1f}"),
    ]
    harness.show("intervals after training", ("what", "measured"), rows)
    return harness.verdict(
        [
            (
                "planned runs leave 0.8 of the width that blind ones do",
                ratio("planned", "blind") <= 0.8,
            ),
            (
                "widths come out as expected, to a fifth",
                0.8 <= ratio("planned", "expected") <= 1.25,
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
