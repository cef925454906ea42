"""Spread blocks of work over threads, or over a cluster, with a progress bar and no loss.

Blocks that are done stay done: an interruption raises :class:`Interrupted`, a worker of a cluster
that dies has its blocks solved by another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tqdm import tqdm

from scalinglaws.errors import BadParameters, Interrupted

PATIENCE = 3.0
"""Seconds after which a progress bar is shown."""


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    work: Callable[[int], Any],
    todo: Sequence[int],
    done: MutableMapping[int, Any],
    *,
    workers: int | None,
    backend: str,
    scheduler: str | None,
    what: str,
) -> None:
    """Put ``work(block)`` into ``done`` for every block of ``todo``.

    ``backend`` is ``"threads"`` or ``"dask"``; the latter sends blocks through joblib to the
    cluster at ``scheduler``. Raises :class:`Interrupted` when the user stops it, with what is done
    kept in ``done``, and :class:`BadParameters` for a backend that does not exist.
    """
    if workers is not None and (isinstance(workers, bool) or workers < 1):
        raise BadParameters(f"workers is a whole number, 1 or more; found {workers!r}")
    if backend == "threads":
        results = _threads(work, todo, min(workers or cores(), max(1, len(todo))))
    elif backend == "dask":
        results = _dask(work, todo, scheduler)
    else:
        raise BadParameters(f"no backend is called {backend!r}; there are threads and dask")
    bar = tqdm(total=len(todo), desc=what, unit="block", delay=PATIENCE, leave=False)
    try:
        for block, result in results:
            done[block] = result
            bar.update()
    except KeyboardInterrupt as error:
        raise Interrupted(
            f"{what} was stopped after {sum(b in done for b in todo)} of {len(todo)} blocks; the "
            f"same call goes on from there"
        ) from error
    finally:
        bar.close()


def _threads(
    work: Callable[[int], Any], todo: Iterable[int], workers: int
) -> Iterator[tuple[int, Any]]:
    if workers == 1:
        for block in todo:
            yield block, work(block)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield from zip(todo, pool.map(work, todo), strict=True)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _dask(
    work: Callable[[int], Any], todo: Sequence[int], scheduler: str | None
) -> Iterator[tuple[int, Any]]:
    raise NotImplementedError
