"""Learning curves: released M2 and M4 in leaps against their steps, forecasts, the whole arena.

The released procedure is walked step by step for the first image curves (``--full``: for twelve),
by the same regressions and steps that the authors' code takes; that is done in leaps for the same
curves, and then for all 92. The arena is played by all its entrants on all curves, on two workers.
"""

import harness

# isort: split
import time

import numpy as np

import scalinglaws as sl
from scalinglaws.curves.arena import cut, play

BOUNDS = {"IC": (1.0, 1.0), "BB": (1.001, 1.0)}


def released(curve: sl.curves.arena.Curve, method: str, *, replay: bool) -> np.ndarray:
    """Return what M2 or M4, as released, predicts on a curve."""
    if method == "M2":
        found = sl.curves.released.m2(curve.x, curve.loss, replay=replay)
    else:
        err_0, upper = BOUNDS.get(curve.domain, (1.0, None))
        found = sl.curves.released.m4(curve.x, curve.loss, err_0=err_0, upper=upper, replay=replay)
    return np.log(found.predict(curve.at))


def main() -> int:
    """Run the comparison and print it."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    table = sl.load("alabdulmohsin2022")
    curves, _ = cut(table)
    walked = curves[: 1 if how.quick else 12 if how.full else 3]
    rows, reach = [], []
    for method in ("M2", "M4"):
        few, slow = (
            harness.timed(lambda m=method, r=r: [released(c, m, replay=r) for c in walked])
            for r in (False, True)
        )
        off = max(float(np.abs(a - b).max()) for a, b in zip(few.result, slow.result, strict=True))
        every = harness.timed(lambda m=method: [released(c, m, replay=False) for c in curves])
        ratio = f"{slow.wall / few.wall:.0f}"
        rows.append((method, f"{every.wall:.2f}", f"{slow.wall:.1f}", ratio, f"{off:.1e}"))
        reach.append((f"92 x {method} under 2 s: {every.wall:.2f} s", every.wall < 2))
        # One step of the released grid of predictions, relative to the smallest losses.
        reach.append((f"{method} where the steps lead: {off:.0e} in log loss", off < 2e-3))
    harness.show(
        f"released estimators; walked: {len(walked)} curves",
        ("who", "92 curves, s", "walked, s", "times as fast", "largest difference"),
        rows,
    )
    each = [harness.timed(sl.forecast, c.x, c.loss, at=c.at, repeats=3).wall for c in curves]
    slowest = 1e3 * max(each)
    harness.show(
        "forecasts, one curve at a time",
        ("", "median, ms", "slowest, ms"),
        [("forecast", f"{1e3 * np.median(each):.1f}", f"{slowest:.1f}")],
    )
    reach.append((f"a forecast under 50 ms: {slowest:.0f} ms the slowest", slowest < 50))
    if not how.quick:
        began = time.perf_counter()
        play(table, workers=2)
        whole = time.perf_counter() - began
        reach.append((f"the arena on two workers under 60 s: {whole:.0f} s", whole < 60))
    return harness.verdict(reach)


if __name__ == "__main__":
    raise SystemExit(main())
