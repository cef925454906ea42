"""Four-digit addition: a broken power law by the published brute force and by ours.

The published procedure (Caballero et al. 2022, appendix A.6, and the authors' settings for
figure 4, left): a brute-force grid of 163,840 nodes in (a, log b, c0, c1, log d1, f1), scored by
the squares of log(1 + prediction) - log(1 + loss), then one least-squares solve of the same from
the best node. Timed as published, node by node, and with the grid as array arithmetic, which
gives the same node. Ours minimises that objective too, and beside it least squares on log-loss,
which is what the paper scores by. Fitted on 14 points, scored on the 3 larger ones.
"""

import harness

# isort: split
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import brute, curve_fit

import scalinglaws as sl

NAMES = ("a", "b", "c0", "c1", "d1", "f1")
GRID = (
    slice(0, 1, 0.1),
    slice(0, 40, 2.5),
    slice(0, 1, 0.25),
    slice(0, 1, 0.25),
    slice(0, 40, 2.5),
    slice(0, 1, 0.25),
)


def curve(x: Any, a: Any, b: Any, c0: Any, c1: Any, d1: Any, f1: Any) -> Any:
    """Return the law with one break, equation 1 of the paper."""
    return a + b * x**-c0 * (1 + (x / d1) ** (1 / f1)) ** (-c1 * f1)


def _log1p_curve(x: Any, *p: Any) -> Any:
    return np.log1p(curve(x, *p))


def _from_node(node: Any) -> list[Any]:
    a, b, c0, c1, d1, f1 = node
    return [a, 1.25**b - 0.9, c0, c1, 1.25**d1 - 0.9, f1]


def published(x: np.ndarray, y: np.ndarray, *, arrays: bool) -> np.ndarray:
    """Return the six parameters; with ``arrays`` the grid is evaluated at once."""
    target = np.log1p(y)

    def miss(node: Any) -> float:
        return float(np.mean((np.log1p(curve(x, *_from_node(node))) - target) ** 2))

    with np.errstate(all="ignore"):
        if arrays:
            axes = [np.arange(s.start, s.stop, s.step) for s in GRID]
            nodes = np.stack([m.ravel() for m in np.meshgrid(*axes, indexing="ij")])
            moved = [np.asarray(p)[:, None] for p in _from_node(nodes)]
            value = ((np.log1p(curve(x, *moved)) - target) ** 2).mean(axis=1)
            best = nodes[:, np.argmin(value)]
        else:
            best = brute(miss, GRID, finish=None)
        return np.asarray(curve_fit(_log1p_curve, x, target, p0=_from_node(best), maxfev=10**8)[0])


def main() -> int:
    """Run the comparison and print it."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    runs = sl.load("caballero2022")
    seen = runs[~runs["extrapolation"]].reset_index(drop=True)
    x, y = (runs[c].to_numpy(dtype=float) for c in ("examples", "loss"))
    n = len(seen)

    law = sl.laws.broken_power_law("examples", breaks=1)
    as_published = replace(
        law,
        name="log(1 + broken power law)",
        function=lambda p, x: np.log1p(law.function(p, x)),
        linear=(),
    )
    moved = seen.assign(loss=np.log1p(seen["loss"]))

    # The points span two thirds of a decade: the library wants to hear that this is known.
    known = {"check": False}
    work = {
        "ours, published objective": lambda: sl.fit(as_published, moved, objective=sl.LSQ, **known),
        "ours, least squares on log-loss": lambda: sl.fit(law, seen, objective=sl.LSQ_LOG, **known),
        "published, grid as arrays": lambda: published(x[:n], y[:n], arrays=True),
        "published, node by node": lambda: published(x[:n], y[:n], arrays=False),
    }
    if how.quick:
        del work["published, node by node"]
    rows, objective, seconds = [], {}, {}
    for name, call in work.items():
        timing = harness.timed(call, repeats=1 if "node by" in name else 21)
        found = timing.result
        theta = np.array([found.params[k] for k in NAMES]) if "ours" in name else found
        off = np.log(curve(x, *theta)) - np.log(y)
        objective[name] = float(((np.log1p(curve(x, *theta)) - np.log1p(y))[:n] ** 2).sum())
        seconds[name] = timing.wall
        rows.append(
            (
                name,
                f"{timing.wall:.4f}",
                f"{timing.cpu:.4f}",
                f"{objective[name]:.12e}",
                f"{np.sqrt(np.mean(off[:n] ** 2)):.4e}",
                f"{np.sqrt(np.mean(off[n:] ** 2)):.7f}",
                *(f"{t:.6g}" for t in theta),
            )
        )
    harness.show(
        f"four-digit addition, one break, {n} points fitted, {len(x) - n} held out",
        (
            "who",
            "s",
            "CPU s",
            "published objective, summed",
            "RMSLE fitted",
            "RMSLE beyond",
            *NAMES,
        ),
        rows,
    )
    same, log = (k for k in work if "ours" in k)
    rival = min(v for k, v in objective.items() if "ours" not in k)
    slow = max(v for k, v in seconds.items() if "ours" not in k)
    print(f"ours is {slow / seconds[same]:.0f} times as fast as the slowest published row")
    return harness.verdict(
        [
            (
                f"same or lower objective: {objective[same] - rival:+.1e} beside {rival:.1e}",
                # Both solvers stop where a sum of squares no longer resolves the step.
                objective[same] <= rival * (1 + 1e-9),
            ),
            (f"under 30 ms: {1e3 * seconds[same]:.1f} ms", seconds[same] < 0.03),
            (f"under 30 ms on log-loss: {1e3 * seconds[log]:.1f} ms", seconds[log] < 0.03),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
