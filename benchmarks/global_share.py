"""How often each method ends at the best known objective, on the field's hard cases.

The best known is the lowest that any method found in this run; a start counts when it ends within
1e-9 of it, relative. Rivals start at random in a box that a careful user would draw (the published
grid's box for Chinchilla) and get exact derivatives; the last rival draws only the nonlinear
parameters and solves for the rest by non-negative least squares. Ours is counted by start, from
the same random starts and from its own, and by whole fit, over seeds (a sum of powers starts from
a grid, the same for every seed). Two breaks on the 14 addition points are shown, not promised.
"""

import harness

# isort: split
from collections.abc import Callable
from typing import Any

import numpy as np
from hard_cases import Case, cases
from rivals import End, by_gradient, by_least_squares

import scalinglaws as sl

AGREE = 1e-9
OURS = {"huber": sl.huber(1e-3), "lad": sl.LAD, "lsq": sl.LSQ_LOG}
Method = Callable[[Case, np.ndarray], End]


def _gradient(name: str) -> Method:
    def run(case: Case, start: np.ndarray) -> End:
        return by_gradient(case.rival, start, case.objective, method=name)

    return run


def _least_squares(case: Case, start: np.ndarray) -> End:
    return by_least_squares(case.rival, start, case.objective, x_scale="jac", max_nfev=500)


def _solved(case: Case, start: np.ndarray) -> End:
    assert case.solve is not None
    better = case.solve(start)
    if case.objective.kind == "lad":
        return by_gradient(case.rival, better, case.objective, method="BFGS")
    return _least_squares(case, better)


RIVALS: dict[str, Method] = {
    "BFGS": _gradient("BFGS"),
    "L-BFGS-B": _gradient("L-BFGS-B"),
    "scipy least_squares": _least_squares,
    "NNLS, then scipy": _solved,
}


def _applies(name: str, case: Case) -> bool:
    if name == "scipy least_squares":
        return case.objective.kind != "lad"
    return name != "NNLS, then scipy" or case.solve is not None


def _fit(case: Case, **how: Any) -> sl.Fit:
    return sl.fit(
        case.law, case.runs, objective=OURS[case.objective.kind], check=not case.insist, **how
    )


def _over_seeds(case: Case, seeds: int) -> list[sl.Fit]:
    return [_fit(case, seed=s) for s in range(seeds)]


def _from_all(method: Method, case: Case, starts: np.ndarray) -> list[End]:
    return [method(case, s) for s in starts]


def main() -> int:
    """Run every method on every case and print the shares."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    count, seeds = (6, 3) if how.quick else (300, 20) if how.full else (60, 10)
    rows, reach = [], []
    for case in cases():
        starts = case.draw(np.random.default_rng(0), count)
        ends, each = {}, {}
        for name, method in RIVALS.items():
            if _applies(name, case):
                timing = harness.timed(_from_all, method, case, starts)
                value = np.array([e.value for e in timing.result])
                ends[name] = np.where(np.isfinite(value), value, np.inf)
                each[name] = f"{1e3 * timing.wall / count:.2f}"
        whole = harness.timed(_over_seeds, case, seeds)
        given = harness.timed(_fit, case, start=[case.values(s) for s in starts])
        fits = np.array([f.objective for f in whole.result])
        # In a valley, best is only the furthest that anyone went down.
        best = min(*(v.min() for v in ends.values()), *fits, given.result.objective)
        limit = best * (1 + AGREE)

        def of_starts(fit: sl.Fit, limit: float = limit) -> str:
            agree = fit.starts_agreeing if fit.objective <= limit else 0
            return f"{agree / fit.starts:.0%}"

        rows += [
            (
                case.name,
                name,
                f"{np.mean(v <= limit):.0%}",
                "",
                each[name],
                f"{v.min() / best - 1:.1e}",
            )
            for name, v in ends.items()
        ]
        rows.append(
            (
                case.name,
                "ours, the same starts",
                of_starts(given.result),
                "",
                f"{1e3 * given.wall / count:.2f}",
                f"{given.result.objective / best - 1:.1e}",
            )
        )
        share = float(np.mean(fits <= limit))
        middle = whole.result[0]
        rows.append(
            (
                case.name,
                f"ours, {middle.starts} starts of its own",
                of_starts(middle),
                f"{share:.0%}",
                f"{1e3 * whole.wall / seeds / middle.starts:.2f}",
                f"{fits.min() / best - 1:.1e}",
            )
        )
        if case.determined:
            reach.append((f"{case.name}: whole fits at the best known {share:.0%}", share == 1.0))
    harness.show(
        f"share that ends within {AGREE:g} of the best known; {count} starts, {seeds} whole fits",
        ("case", "method", "of starts", "of fits", "ms a start", "lowest, above best"),
        rows,
    )
    return harness.verdict(reach)


if __name__ == "__main__":
    raise SystemExit(main())
