"""Send blocks of work to a Dask cluster, through joblib's own Dask backend."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from distributed import Client
from joblib import Parallel, delayed
from joblib._dask import DaskDistributedBackend


class _Backend(DaskDistributedBackend):  # type: ignore[misc]
    def effective_n_jobs(self, n_jobs: int) -> int:
        return max(2, int(super().effective_n_jobs(n_jobs)))

    def submit(self, func: Any, callback: Callable[[Any], None]) -> Future[Any]:
        future: Future[Any] = super().submit(func, callback)
        future.add_done_callback(lambda f: None if f.exception() is None else callback(f))
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        if isinstance(out, Future):
            return out.result()
        return super().retrieve_result_callback(out)


class Sent:
    def __init__(self, work):
        self.work = work

    def __dask_tokenize__(self):
        return os.urandom(16).hex()

    def __call__(self, block):
        return block, self.work(block)


def _solve(sent, block):
    return sent(block)


def spread(work, todo, scheduler, keep):
    with Client(scheduler, timeout=10, set_as_default=False) as client:
        sent = Sent(work)
        parallel = Parallel(
            backend=_Backend(client=client, scatter=[sent]),
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="all",
        )
        for block, result in parallel(delayed(_solve)(sent, b) for b in todo):
            keep(block, result)
