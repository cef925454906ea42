"""Default 90% intervals on the tables people have: whether they hold, and what they cost.

Simulated tables of a known law: independent noise, noise that runs of a size share, checkpoints,
cooldowns off one trunk, and a form that is slightly wrong; then the largest of Hoffmann's runs.
Ours by default against the pairs bootstrap that draws rows, on the same tables in the same run.
"""

import harness

# isort: split
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import scalinglaws as sl
from scalinglaws.laws import CHINCHILLA, INTERACTION, Law

TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
NOISE = 0.005
Design = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Sizes, tokens and the run of each row."""


def hoffmann() -> Design:
    """Return the design of the book's flagship table: forty sizes, a row a run."""
    runs = sl.load("hoffmann2022").sort_values("params")
    size = runs["params"].to_numpy()
    group = np.concatenate([[0], np.cumsum(np.diff(np.log(size)) > np.log(1.02))])
    return size, runs["tokens"].to_numpy(), group


def trained(runs: int, rows: int, most: float) -> Design:
    """Return rows along training runs of as many sizes."""
    size = np.repeat(np.geomspace(5e7, 1e10, runs), rows)
    tokens = size * np.tile(np.geomspace(1, most, rows), runs)
    return size, tokens, np.repeat(np.arange(runs), rows)


def shared(part: float) -> Callable[..., np.ndarray]:
    """Return noise of which runs of a group share a part of the variance."""

    def draw(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        common = rng.standard_normal(int(group.max()) + 1)[group]
        return np.sqrt(part) * common + np.sqrt(1 - part) * rng.standard_normal(len(group))

    return draw


def drifting(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return noise that drifts slowly along each run."""
    out = rng.standard_normal(len(group))
    for k in range(1, len(group)):
        if group[k] == group[k - 1]:
            out[k] = 0.9 * out[k - 1] + np.sqrt(1 - 0.81) * out[k]
    return out


SCENARIOS: dict[str, tuple[Design, Callable[..., np.ndarray], Law]] = {
    "independent noise": (hoffmann(), shared(0.0), CHINCHILLA),
    "noise half shared by size": (hoffmann(), shared(0.5), CHINCHILLA),
    "checkpoints of 12 runs": (trained(12, 12, 60), drifting, CHINCHILLA),
    "checkpoints of 6 runs": (trained(6, 12, 60), drifting, CHINCHILLA),
    "five cooldowns of 6 trunks": (trained(6, 5, 80), shared(0.5), CHINCHILLA),
    "form slightly wrong (d = 0.8)": (hoffmann(), shared(0.0), INTERACTION),
}


def held(name: str, sets: int) -> dict[str, float]:
    """Return the shares held by default and row by row, and the half-width of the loss."""
    (params, tokens, group), noise, law = SCENARIOS[name]
    values = {**TRUTH, "d": 0.8} if law is INTERACTION else TRUTH
    flops = 6 * float((params * tokens).max())
    far = {
        k: {"params": np.sqrt(k * flops / 120), "tokens": k * flops / 6 / np.sqrt(k * flops / 120)}
        for k in (10, 40)
    }
    hits: dict[str, list[bool]] = {"default": [], "row by row": []}
    sides = []
    for seed in range(sets):
        rng = np.random.default_rng([seed, 11])
        table = pd.DataFrame({"params": params, "tokens": tokens, "run": group})
        table["loss"] = law(values, params=params, tokens=tokens) * np.exp(
            NOISE * noise(group, rng)
        )
        fit = sl.fit(CHINCHILLA, table)
        for way, kind in (("default", None), ("row by row", "case")):
            if law is CHINCHILLA:
                hits[way] += [TRUTH[q] in fit.interval(q, kind=kind) for q in ("alpha", "E")]
            for times, point in far.items():
                told = fit.predict(**point, kind=kind).iloc[0]
                true = float(law(values, **point)[0])
                # Row by row there was only the law's own interval.
                low, high = ("low", "high") if way == "default" else ("law_low", "law_high")
                if law is CHINCHILLA and way == "default":
                    low, high = "law_low", "law_high"
                hits[way].append(told[low] <= true <= told[high])
                if times == 10 and way == "default":
                    sides.append((told[high] - told[low]) / 2 / told["loss"])
    return {**{k: float(np.mean(v)) for k, v in hits.items()}, "side": float(np.median(sides))}


def real() -> dict[str, float]:
    """Return the shares of the largest of Hoffmann's runs that are held."""
    runs = sl.load("hoffmann2022")
    out: dict[str, list[float]] = {"default": [], "row by row": []}
    for part in (0.1, 0.2, 0.3):
        ahead = runs["flops"] > runs["flops"].quantile(1 - part)
        fit = sl.fit(CHINCHILLA, runs[~ahead])
        point = {k: runs.loc[ahead, k].to_numpy() for k in ("params", "tokens")}
        loss = runs.loc[ahead, "loss"].to_numpy()
        for way, kind, ends in (
            ("default", None, ("low", "high")),
            ("row by row", "case", ("law_low", "law_high")),
        ):
            told = fit.predict(**point, kind=kind, new_run=True)
            inside = (told[ends[0]] <= loss) & (loss <= told[ends[1]])
            out[way].append(float(inside.mean()))
    return {k: float(np.mean(v)) for k, v in out.items()}


def costs() -> dict[str, float]:
    """Return seconds: 4000 refits by case and by group, and the three steps of one table."""
    out = {}
    fit = sl.fit(CHINCHILLA, sl.load("hoffmann2022"))
    for kind in ("case", "group"):
        fit.bootstrap(4000, kind=kind, seed=1, workers=1)
        began = time.perf_counter()
        for seed in (2, 3, 4):
            fit.bootstrap(4000, kind=kind, seed=seed, workers=1)
        out[kind] = (time.perf_counter() - began) / 3
    steps = []
    for _ in range(5):
        fresh = sl.fit(CHINCHILLA, sl.load("hoffmann2022"))
        began = time.perf_counter()
        fresh.interval("alpha")
        fresh.predict(params=70e9, tokens=1.4e12)
        _ = fresh.form
        steps.append(time.perf_counter() - began)
    out["steps"] = float(np.median(steps))
    return out


def main() -> int:
    """Run the comparison and print it."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    sets = 20 if how.quick else 80
    rows, reach = [], []
    for name in SCENARIOS:
        found = held(name, sets)
        cells = [f"{found[k]:.0%}" for k in ("default", "row by row")]
        rows.append((name, *cells, f"{found['side']:.1%}"))
        reach.append((f"{name}: 85% held or more", found["default"] >= 0.85))
        reach.append((f"{name}: a side of 8% or less", found["side"] <= 0.08))
    found = real()
    rows.append(("Hoffmann's largest, kept back", *(f"{v:.0%}" for v in found.values()), ""))
    reach.append(("Hoffmann's largest: 85% held or more", found["default"] >= 0.85))
    head = ("table", "default holds", "row by row", "side of the loss at 10x")
    harness.show(f"90% intervals, {sets} simulated sets each", head, rows)
    spent = costs()
    rows = [
        ("4000 refits, one thread", f"{spent['group']:.2f} s", f"{spent['case']:.2f} s"),
        ("interval, prediction and form of 240 runs", f"{spent['steps']:.2f} s", ""),
    ]
    harness.show("what it costs", ("work", "by default", "row by row"), rows)
    reach.append(
        ("group refits in 1.2 times the time of case refits", spent["group"] <= 1.2 * spent["case"])
    )
    reach.append(("the three steps under 0.3 s", spent["steps"] < 0.3))
    return harness.verdict(reach)


if __name__ == "__main__":
    sys.exit(main())
