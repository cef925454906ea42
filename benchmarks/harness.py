"""What every benchmark shares: one thread, timings, a plain table, the machine, the verdict.

Import this before numpy: numerical libraries read the number of threads when they are loaded.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Median wall and CPU seconds of repeated calls, and what the last call returned."""

    wall: float
    cpu: float
    result: Any


def timed(work: Callable[..., Any], *args: Any, repeats: int = 1, **how: Any) -> Timing:
    """Call ``work`` several times and return the medians; one call first, untimed, if several."""
    if repeats > 1:
        work(*args, **how)
    wall, cpu, result = [], [], None
    for _ in range(repeats):
        began, began_cpu = time.perf_counter(), time.process_time()
        result = work(*args, **how)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    return Timing(wall=statistics.median(wall), cpu=statistics.median(cpu), result=result)


def arguments(description: str | None, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read ``--quick`` (under a minute) and ``--full`` (nothing left out, minutes)."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="a smaller share of the slow side")
    how.add_argument("--full", action="store_true", help="all of the slow side, minutes")
    return parser.parse_args(argv)


def machine() -> str:
    """Name the processor, the cores, the load before the run and the versions."""
    import numpy
    import scipy

    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            named = [line.partition(":")[2].strip() for line in file if "model name" in line]
        processor = named[0] if named else processor
    except OSError:
        pass
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{processor}, {os.cpu_count()} cores, load before {load}; "
        f"Python {platform.python_version()}, numpy {numpy.__version__}, scipy {scipy.__version__}"
    )


def show(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    cells = [list(head), *([str(c) for c in row] for row in rows)]
    widths = [max(len(line[j]) for line in cells) for j in range(len(head))]
    print(f"\n{title}")
    for i, line in enumerate(cells):
        first, *rest = (
            c.ljust(w) if j == 0 else c.rjust(w)
            for j, (c, w) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())
        if i == 0:
            print("  ".join("-" * w for w in widths))
    sys.stdout.flush()


def verdict(reach: Sequence[tuple[str, bool]]) -> int:
    """Print whether each promise was kept; return the exit code, 1 when one was not."""
    print()
    for promise, kept in reach:
        print(f"{'reached' if kept else 'MISSED '}  {promise}")
    return 0 if all(kept for _, kept in reach) else 1
