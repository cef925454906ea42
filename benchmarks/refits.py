"""4000 refits of the Chinchilla law on resamples of 240 runs, against two named ways to do it.

(a) As the field does it (Besiroglu et al. 2024): one resample at a time, scipy's BFGS with
automatic differentiation, the loss surface as a logsumexp, scipy's own tolerances. (b) As good
scipy does it: ``least_squares`` with the exact Jacobian, at tolerances of 1e-15 and at 1e-12,
which is enough. Both start at the optimum of all runs. Same resamples, one process, one thread;
then ours on two. All objectives are computed again by one function that neither side wrote.
"""

import harness

# isort: split
from typing import TYPE_CHECKING, Any

import autograd.numpy as anp
import numpy as np
import pandas as pd
from autograd import grad
from autograd.scipy.special import logsumexp
from rivals import DELTA, HUBER, Array, Chinchilla, by_least_squares
from scipy.optimize import minimize

import scalinglaws as sl

if TYPE_CHECKING:
    from collections.abc import Callable

RESAMPLES = 4000
NAMES = ("A", "B", "E", "alpha", "beta")


def objectives(theta: Array, rows: np.ndarray, runs: pd.DataFrame) -> Array:
    """Return Huber's sum over the resampled rows, (n,), at (A, B, E, alpha, beta), (n, 5)."""
    params, tokens, loss = (runs[c].to_numpy() for c in ("params", "tokens", "loss"))
    out = np.empty(len(rows))
    for i, (at, row) in enumerate(zip(theta, rows, strict=True)):
        a, b, e, alpha, beta = at
        r = np.log(e + a / params[row] ** alpha + b / tokens[row] ** beta) - np.log(loss[row])
        size = np.abs(r)
        out[i] = np.where(size <= DELTA, r * r / 2, DELTA * size - DELTA**2 / 2).sum()
    return out


def by_bfgs(rows: np.ndarray, runs: pd.DataFrame, start: Array) -> Array:
    """Refit one resample after the other with BFGS and automatic differentiation, (n, 5)."""
    logs = [np.log(runs[c].to_numpy()) for c in ("params", "tokens", "loss")]
    found = np.empty((len(rows), 5))
    for i, row in enumerate(rows):
        n, d, loss = (column[row] for column in logs)
        ones = np.ones(len(row))

        def total(
            theta: Any, n: Array = n, d: Array = d, loss: Array = loss, ones: Array = ones
        ) -> Any:
            a, b, e, alpha, beta = (theta[j] for j in range(5))
            surface = anp.array([a - alpha * n, b - beta * d, e * ones])
            r = logsumexp(surface, axis=0) - loss
            size = anp.abs(r)
            return anp.sum(anp.where(size <= DELTA, 0.5 * r**2, DELTA * (size - 0.5 * DELTA)))

        found[i] = minimize(total, start, jac=grad(total), method="BFGS").x
    found[:, :3] = np.exp(found[:, :3])
    return found


def by_scipy(rows: np.ndarray, whole: Chinchilla, start: Array, tolerance: float) -> Array:
    """Refit one resample after the other with ``least_squares``, (n, 5)."""
    tight = {"xtol": tolerance, "ftol": tolerance, "gtol": tolerance, "x_scale": "jac"}
    ends = [by_least_squares(whole.resample(r), start, HUBER, **tight) for r in rows]
    found = np.array([end.theta for end in ends])
    found[:, :3] = np.exp(found[:, :3])
    return found


def main() -> int:
    """Run the comparison and print it."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    runs = sl.load("hoffmann2022")
    rows = np.random.default_rng(0).integers(0, len(runs), (RESAMPLES, len(runs)))
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    start = np.array([fit.params[k] for k in NAMES])
    start[:3] = np.log(start[:3])
    whole = Chinchilla(*(runs[c].to_numpy() for c in ("params", "tokens", "loss")))

    repeats = 3 if how.quick else 7
    ours = {
        w: harness.timed(fit.bootstrap, indices=rows, workers=w, repeats=repeats) for w in (1, 2)
    }
    value = objectives(ours[1].result[list(NAMES)].to_numpy(), rows, runs)
    bfgs_rows = RESAMPLES if how.full else 50 if how.quick else 200
    scipy_rows = 300 if how.quick else RESAMPLES
    rivals: dict[str, tuple[int, Callable[..., Array], tuple[Any, ...]]] = {
        "BFGS with autograd, one at a time": (bfgs_rows, by_bfgs, (runs, start)),
        "scipy least_squares, exact Jacobian, 1e-15": (scipy_rows, by_scipy, (whole, start, 1e-15)),
        "scipy least_squares, exact Jacobian, 1e-12": (scipy_rows, by_scipy, (whole, start, 1e-12)),
    }
    best = min(t.wall for t in ours.values())
    lines: list[tuple[object, ...]] = [
        (
            f"ours, {w} thread{'s' if w > 1 else ''}",
            RESAMPLES,
            f"{RESAMPLES / t.wall:.0f}",
            f"{t.wall:.3f}",
            f"{t.cpu:.3f}",
            f"{ours[1].wall / t.wall:.1f}",
            f"{best / t.wall:.2g}",
            "",
            "",
        )
        for w, t in ours.items()
    ]
    ratio, worse = {}, {}
    for name, (count, work, given) in rivals.items():
        timing = harness.timed(work, rows[:count], *given)
        theirs = objectives(timing.result, rows[:count], runs)
        worse[name] = int((value[:count] > theirs + 1e-12).sum())
        better = int((value[:count] < theirs - 1e-9).sum())
        rate = count / timing.wall
        ratio[name] = [RESAMPLES / t.wall / rate for t in ours.values()]
        lines.append(
            (
                name,
                count,
                f"{rate:.1f}",
                f"{RESAMPLES / rate:.1f}",
                f"{timing.cpu / count * RESAMPLES:.1f}",
                *(f"{r:.0f}" for r in ratio[name]),
                worse[name],
                better,
            )
        )
    harness.show(
        f"{RESAMPLES} refits of {len(runs)} runs, Huber {DELTA:g} on log-loss, summed",
        (
            "who",
            "timed on",
            "refits/s",
            f"s for {RESAMPLES}",
            "CPU s",
            "ours 1 thread: times",
            "ours 2 threads: times",
            "ours higher by 1e-12",
            "ours lower by 1e-9",
        ),
        lines,
    )
    slow, good, _ = ratio
    return harness.verdict(
        [
            (f"ours at least 1500 times {slow}: {max(ratio[slow]):.0f}", max(ratio[slow]) >= 1500),
            (f"ours at least 200 times {good}: {max(ratio[good]):.0f}", max(ratio[good]) >= 200),
            (f"ours under 0.13 s: {best:.3f} s", best < 0.13),
            (
                f"objectives of ours higher by 1e-12, none: {sum(worse.values())}",
                not any(worse.values()),
            ),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
