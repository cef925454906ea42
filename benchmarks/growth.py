"""How the cost grows: seconds and peak memory against resamples and against runs.

Every point is a process of its own, so that its peak memory is its own. Resamples of the 240
measured runs go from 100 to 100,000, one fit of simulated runs from 100 to 1,000,000 runs; with
``--full`` also 100,000 resamples of 10,000 runs. The slope is that of a straight line through the
logarithms of seconds over the last two decades, where fixed costs no longer hide the growth;
memory must not grow with the resamples by more than the table that they return.
"""

import harness

# isort: split
import json
import resource
import subprocess
import sys

import numpy as np

WORKERS = 1
SLACK = 32.0  # MiB: what an allocator keeps back, several times what repeated runs differ by.


def point(runs: int, resamples: int) -> None:
    """Do one piece of work in this process and print seconds and peak memory as JSON."""
    import scalinglaws as sl

    if runs == 240:
        table = sl.load("hoffmann2022")
    else:
        rng = np.random.default_rng(0)
        table = sl.simulate.at(
            sl.laws.CHINCHILLA,
            {"A": 480.0, "B": 2080.0, "E": 1.82, "alpha": 0.348, "beta": 0.366},
            params=np.exp(rng.uniform(np.log(5e7), np.log(1e10), runs)),
            tokens=np.exp(rng.uniform(np.log(1e9), np.log(1e12), runs)),
            noise=5e-3,
            seed=1,
        )
    one = harness.timed(sl.fit, sl.laws.CHINCHILLA, table, repeats=3 if runs < 1e5 else 1)
    timing, stopped = one, 0
    if resamples:
        timing = harness.timed(one.result.bootstrap, resamples, workers=WORKERS)
        stopped = int(timing.result.attrs.get("stopped", 0))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on macOS.
    mib = peak / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"s": timing.wall, "cpu": timing.cpu, "MiB": mib, "stopped": stopped}))


def measure(runs: int, resamples: int) -> dict[str, float]:
    """Run one point in a process of its own."""
    call = [sys.executable, __file__, "--point", str(runs), str(resamples)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{runs} runs, {resamples} resamples failed:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def slope(size: np.ndarray, seconds: np.ndarray) -> float:
    """Return the slope of log seconds over log size, last two decades; of one size, nan."""
    if len(size) < 2:
        return float("nan")
    late = size >= size.max() / 100
    return float(np.polyfit(np.log(size[late]), np.log(seconds[late]), 1)[0])


def series(
    title: str, sizes: np.ndarray, points: list[tuple[int, int]]
) -> tuple[float, np.ndarray]:
    """Measure and print a series; return its slope and its peaks."""
    found = [measure(*p) for p in points]
    seconds = np.array([f["s"] for f in found])
    rows = [
        (
            n,
            f"{f['s']:.4f}",
            f"{f['cpu']:.4f}",
            f"{1e6 * f['s'] / n:.1f}",
            f"{f['MiB']:.0f}",
            f["stopped"],
        )
        for n, f in zip(sizes, found, strict=True)
    ]
    harness.show(title, ("size", "s", "CPU s", "us for each", "peak MiB", "stopped"), rows)
    grows = slope(sizes, seconds)
    if np.isfinite(grows):
        print(f"slope over the last two decades {grows:.2f}")
    return grows, np.array([f["MiB"] for f in found])


def main() -> int:
    """Measure both series and print them."""
    if sys.argv[1:2] == ["--point"]:
        point(int(sys.argv[2]), int(sys.argv[3]))
        return 0
    how = harness.arguments(__doc__)
    print(harness.machine())
    resamples = np.array([10**k for k in range(2, 5 if how.quick else 6)])
    runs = np.array([10**k for k in range(2, 6 if how.quick else 7)])
    over_resamples, peaks = series(
        "resamples of 240 runs, one thread", resamples, [(240, int(n)) for n in resamples]
    )
    over_runs, _ = series("one fit of simulated runs", runs, [(int(n), 0) for n in runs])
    returned = 6 * 8 * resamples.max() / 2**20
    grown = float(peaks.max() - peaks[0])
    reach = [
        (f"time linear in resamples: slope {over_resamples:.2f}", over_resamples <= 1.1),
        (f"time linear in runs: slope {over_runs:.2f}", over_runs <= 1.1),
        (
            f"memory flat in resamples: {grown:.0f} MiB more, {returned:.1f} of them returned",
            grown <= returned + SLACK,
        ),
    ]
    if how.full:
        series("100,000 resamples of 10,000 runs", np.array([10**5]), [(10**4, 10**5)])
    return harness.verdict(reach)


if __name__ == "__main__":
    raise SystemExit(main())
