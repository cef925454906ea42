"""The same work with BLAS threads as Python starts them, and with one: as fast in any session.

The library limits BLAS itself while it works. Each row is measured in a process of its own, once
with no variable set and once with one thread asked for, on the same work, in turns.
"""

import harness

# isort: split
import json
import os
import statistics
import subprocess
import sys

CODE = """
import json, sys, time
import numpy as np
import scalinglaws as sl
what = sys.argv[1]
runs = sl.load("hoffmann2022")
if what == "4000 refits":
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    work = lambda seed: fit.bootstrap(4000, seed=seed)
elif what == "1000 refits, least squares":
    fit = sl.fit(sl.laws.KAPLAN_ND, runs, objective="lsq_log")
    work = lambda seed: fit.bootstrap(1000, seed=seed)
else:
    rng = np.random.default_rng(0)
    truth = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
    many = sl.simulate.at(sl.laws.CHINCHILLA, truth, noise=0.01, seed=1,
        params=10 ** rng.uniform(7, 10, 10**6), tokens=10 ** rng.uniform(9, 12, 10**6))
    work = lambda seed: sl.fit(sl.laws.CHINCHILLA, many, seed=seed)
work(0)
wall, cpu = [], []
for seed in range(1, 4):
    began, began_cpu = time.perf_counter(), time.process_time()
    work(seed)
    wall.append(time.perf_counter() - began)
    cpu.append(time.process_time() - began_cpu)
print(json.dumps([sorted(wall)[1], sorted(cpu)[1]]))
"""
WORK = ("4000 refits", "1000 refits, least squares", "a fit of a million runs")
LIMIT = 1.3
"""How much longer the unset session may take: what one run differs from the next on a busy core."""


def seconds(what: str, *, limited: bool) -> tuple[float, float]:
    """Return wall and CPU seconds of some work in a new process."""
    variables = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    if limited:
        variables |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-c", CODE, what]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    wall, cpu = json.loads(done.stdout)
    return wall, cpu


def main() -> int:
    """Run the comparison and print it."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    rows, reach = [], []
    for what in WORK[: 2 if how.quick else None]:
        pairs = [(seconds(what, limited=False), seconds(what, limited=True)) for _ in range(3)]
        free, one = (
            tuple(statistics.median(p[k][j] for p in pairs) for j in (0, 1)) for k in (0, 1)
        )
        ratio = free[1] / one[1]
        rows.append((what, *(f"{v:.2f}" for v in (*free, *one)), f"{ratio:.2f}"))
        reach.append((f"{what}: CPU at most {LIMIT:g} times that of one thread", ratio <= LIMIT))
    head = ("work", "wall, as started", "CPU", "wall, one thread", "CPU", "CPU ratio")
    harness.show("BLAS threads as Python starts them, against one", head, rows)
    return harness.verdict(reach)


if __name__ == "__main__":
    sys.exit(main())
