"""Execute many chapters at once, with one bar that counts cells and one line a chapter."""

from __future__ import annotations

import logging
import multiprocessing
import os
import queue
import signal
from concurrent.futures import Future, ProcessPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import psutil
from tqdm import tqdm

from bookmaker.execute import execute
from bookmaker.jobs import Job, Outcome, keep_problem
from bookmaker.warm import pays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

POLL_SECONDS = 0.1
STOP_SECONDS = 10
_messages: Any = None  # set once in each worker process
_busy = _warm = False


def execute_all(
    jobs: Sequence[Job], *, workers: int | None, done: Callable[[Outcome], str]
) -> list[Outcome]:
    """Execute every job, in this order as cores become free, by default one job a core.

    ``done`` turns an outcome into the line to show as soon as it ends. Where several run at once
    each keeps to one core, whatever its cells start. On Ctrl-C the kernels are ended and
    ``KeyboardInterrupt`` goes on up; results that were finished stay.
    """
    if not jobs:
        return []
    context = multiprocessing.get_context("spawn")
    messages, cores = context.Queue(), context.Queue()
    outcomes: list[Outcome] = []
    free = usable_cores()
    workers = max(1, min(workers or len(free), len(jobs)))
    for number in range(workers):
        cores.put(free[number % len(free)] if workers > 1 else None)
    cells, warm = sum(job.cells for job in jobs), pays(len(jobs), workers)
    pids: set[int] = set()
    with (
        ProcessPoolExecutor(workers, context, _start_worker, (messages, cores, warm)) as pool,
        tqdm(
            total=cells,
            unit="cell",
            desc="Executing",
            disable=None,
            leave=False,
        ) as bar,
    ):
        waiting = {pool.submit(_work, job): job for job in jobs}
        try:
            while waiting:
                finished, _ = wait(waiting, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED")
                _drain(messages, pids, bar)
                for future in finished:
                    outcome = _outcome(future, waiting.pop(future))
                    outcomes.append(outcome)
                    bar.write(done(outcome))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            _drain(messages, pids, bar)
            for pid in pids:
                _stop(pid)
            wait(waiting, timeout=STOP_SECONDS)
            raise
    return outcomes


def usable_cores() -> list[int | None]:
    """List the cores that this process may use; None for each where they cannot be told apart."""
    if hasattr(os, "sched_getaffinity"):
        return [*sorted(os.sched_getaffinity(0))]
    return [None] * (os.cpu_count() or 1)


def _start_worker(messages: Any, cores: Any, warm: bool) -> None:
    global _messages, _warm
    _messages, _warm = messages, warm
    core = cores.get()
    if core is not None:
        os.sched_setaffinity(0, {core})
    # Ctrl-C reaches every process of the terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_the_kernel)
    messages.put(os.getpid())


def _end_the_kernel(number: int, frame: FrameType | None) -> None:
    # An idle worker has no kernel to end and leaves when the pool closes.
    global _busy
    if _busy:
        _busy = False
        logging.disable()  # a callback that this cuts short would log it as an error of its own
        # A kernel that its client interrupts may do the same: it ends without being asked.
        for process in psutil.Process().children(recursive=True):
            _kill(process)
        raise KeyboardInterrupt


def _work(job: Job) -> Outcome | None:
    global _busy
    _busy = True
    try:
        return execute(job, lambda: _messages.put(None), warm=_warm)
    except KeyboardInterrupt:
        return None  # the parent knows; a traceback from each worker would only hide its message
    finally:
        _busy = False


def _outcome(future: Future[Outcome | None], job: Job) -> Outcome:
    problem = future.exception()
    result = None if problem else future.result()
    if result is None and problem is None:
        raise KeyboardInterrupt
    if result is None:
        said = f"{job.chapter} ended without a result: {problem}"
        keep_problem(job, said)
        return Outcome(job.chapter, 0.0, said)
    return result


def _drain(messages: Any, pids: set[int], bar: Any) -> None:
    while True:
        try:
            message = messages.get_nowait()
        except queue.Empty:
            return
        if message is None:
            bar.update(1)
        else:
            pids.add(message)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _stop(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
