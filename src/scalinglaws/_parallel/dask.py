"""Send blocks of work to a Dask cluster, through joblib's own Dask backend."""

import asyncio
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from distributed import Client, KilledWorker, Security, rpc
from joblib import Parallel, delayed
from joblib._dask import DaskDistributedBackend

from scalinglaws.errors import BadParameters, ScalingLawError

WAIT = 10.0
"""Seconds that a scheduler has to answer, and a worker to be there."""


class _Sent:
    """Work under a key of its own: a key made of the content may be freed by an earlier call."""

    def __init__(self, work: Callable[[int], Any]) -> None:
        self.work = work

    def __dask_tokenize__(self) -> str:
        return uuid4().hex


def _solve(sent: _Sent, block: int) -> tuple[int, Any]:
    return block, sent.work(block)


def spread(
    work: Callable[[int], Any],
    todo: Sequence[int],
    keep: Callable[[int, Any], None],
    *,
    scheduler: str | None,
) -> None:
    """Call ``keep(block, work(block))`` for every block of ``todo``, in the order they arrive.

    ``work`` is sent to each worker once. Leaving early, by an error or an interruption, cancels
    the blocks that no worker has begun. Raises :class:`BadParameters` when no scheduler or no
    worker answers, or the workers cannot read the work, and :class:`ScalingLawError` when the
    cluster fails later on.
    """
    if not isinstance(scheduler, str):
        raise BadParameters(
            "backend='dask' needs scheduler=<address of a running Dask scheduler>, such as "
            f"'tcp://127.0.0.1:8786'; found {scheduler!r}"
        )
    with _connect(scheduler) as client:
        sent = _Sent(work)
        parallel = Parallel(
            backend=_backend(client, sent, scheduler),
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="all",
        )
        results = parallel(delayed(_solve)(sent, block) for block in todo)
        try:
            for block, result in results:
                keep(block, result)
        except (KilledWorker, CancelledError, OSError) as error:
            raise ScalingLawError(
                f"the cluster at {scheduler} failed ({error}); the blocks that had arrived are "
                f"kept, and the same call goes on from there"
            ) from error
        finally:
            with warnings.catch_warnings():
                # joblib warns that blocks were solved in vain, which is what leaving early means.
                warnings.filterwarnings("ignore", r".* tasks ", UserWarning)
                results.close()


def _connect(scheduler: str) -> Client:
    try:
        # A thread, because a notebook's own thread has an event loop that is running.
        with ThreadPoolExecutor(1) as pool:
            kind = pool.submit(asyncio.run, _kind(scheduler)).result()
        if kind != "Scheduler":
            raise ValueError(f"this is a {kind}")
        return Client(scheduler, timeout=WAIT, set_as_default=False)
    except Exception as error:
        raise BadParameters(
            f"no Dask scheduler answers at {scheduler!r} ({str(error) or 'no answer'}); start one "
            f"with `dask scheduler`, and workers with `dask worker ADDRESS`"
        ) from error


async def _kind(address: str) -> str:
    """Ask what kind of server this is; a client would wait for ever for one that says nothing."""
    arguments = Security().get_connection_args("client")
    async with rpc(address, timeout=WAIT, connection_args=arguments) as server:
        return str((await asyncio.wait_for(server.identity(), WAIT))["type"])


def _backend(client: Client, sent: _Sent, scheduler: str) -> "_Backend":
    """Wait for a worker, and send the work to all that there are."""
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError as error:
        raise BadParameters(
            f"the scheduler at {scheduler} has no worker; start some with `dask worker {scheduler}`"
        ) from error
    try:
        return _Backend(client=client, scatter=[sent])
    except Exception as error:
        raise BadParameters(
            f"the workers cannot read the work ({error}); they need the packages that are "
            f"installed here, scalinglaws among them, and every module that the law comes from"
        ) from error


class _Backend(DaskDistributedBackend):  # type: ignore[misc]
    """joblib's backend, which never hears of a block that killed its workers, and hears here."""

    def submit(self, func: Any, callback: Callable[[Any], None]) -> Future[Any]:
        future: Future[Any] = super().submit(func, callback)
        future.add_done_callback(lambda done: callback(done) if done.exception() else None)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        return out.result() if isinstance(out, Future) else super().retrieve_result_callback(out)

    def effective_n_jobs(self, n_jobs: int) -> int:
        # Where it counts one worker, joblib works in this process instead.
        return max(2, int(super().effective_n_jobs(n_jobs)))
