"""Spread blocks of work over threads, or over a cluster, with a progress bar and no loss.

Blocks that are done stay done: an interruption raises :class:`Interrupted`, a worker of a cluster
that dies has its blocks solved by another.
"""

import os
from collections.abc import Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from scalinglaws._parallel.progress import counted
from scalinglaws.errors import BadParameters, Interrupted


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

    ``backend`` is ``"threads"``, as many as ``workers``, or ``"dask"``, which sends the blocks
    through joblib to the cluster at ``scheduler``. Raises :class:`Interrupted` when the user stops
    it, with what is done kept in ``done``, and :class:`BadParameters` for a backend that does not
    exist, is not installed or does not answer.
    """
    if backend not in ("threads", "dask"):
        raise BadParameters(f"no backend is called {backend!r}; there are threads and dask")
    if workers is not None and (
        isinstance(workers, bool) or not isinstance(workers, int) or workers < 1
    ):
        raise BadParameters(f"workers is a whole number, 1 or more; found {workers!r}")
    if backend == "threads" and scheduler is not None:
        raise BadParameters("scheduler is the address of a cluster, which needs backend='dask'")
    if backend == "dask" and workers is not None:
        raise BadParameters("workers counts threads of this machine; a Dask cluster has its own")
    with counted(len(todo), what, unit="block") as one:

        def keep(block: int, result: Any) -> None:
            if block not in done:
                done[block] = result
                one()

        try:
            if backend == "dask":
                _on_cluster(work, todo, keep, scheduler)
            else:
                _on_threads(work, todo, keep, min(workers or cores(), len(todo)))
        except KeyboardInterrupt as error:
            raise Interrupted(
                f"{what} was stopped after {sum(b in done for b in todo)} of {len(todo)} blocks; "
                f"the same call goes on from there"
            ) from error


def _on_threads(
    work: Callable[[int], Any],
    todo: Sequence[int],
    keep: Callable[[int, Any], None],
    workers: int,
) -> None:
    if workers < 2:
        for block in todo:
            keep(block, work(block))
        return
    arrived: dict[int, Any] = {}

    def solve(block: int) -> int:
        arrived[block] = work(block)
        return block

    with ThreadPoolExecutor(workers) as pool:
        try:
            for future in as_completed([pool.submit(solve, block) for block in todo]):
                block = future.result()
                keep(block, arrived[block])
        except BaseException:
            # What is running cannot be stopped: wait for it, and keep it too.
            pool.shutdown(cancel_futures=True)
            for block, result in arrived.items():
                keep(block, result)
            raise


def _on_cluster(
    work: Callable[[int], Any],
    todo: Sequence[int],
    keep: Callable[[int, Any], None],
    scheduler: str | None,
) -> None:
    try:
        from scalinglaws._parallel import dask as cluster
    except ImportError as error:
        raise BadParameters(
            f"backend='dask' needs dask and distributed ({error}): python -m pip install "
            f"'scalinglaws[cluster]'"
        ) from error
    cluster.spread(work, todo, keep, scheduler=scheduler)
