"""Execute one chapter in a kernel of its own and keep the result whole."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import papermill
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from bookmaker.jobs import Job, Outcome, failure, keep_problem
from bookmaker.project import notebook_text, read_notebook, write_atomically
from bookmaker.warm import WarmManager
from scalinglaws import errors

ENGINE = "scalinglaws"
KEPT_TRACEBACK_LINES = 8
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CellDone = Callable[[], None]


class _CountingEngine(NBClientEngine):  # type: ignore[misc]
    """papermill's own engine, which also says when a cell is done."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, cell_done: CellDone, **options: Any
    ) -> Any:
        """Execute as papermill does and call ``cell_done`` after each cell."""
        complete = nb_man.cell_complete

        def complete_and_tell(cell: Any, cell_index: int | None = None, **rest: Any) -> None:
            complete(cell, cell_index=cell_index, **rest)
            cell_done()

        nb_man.cell_complete = complete_and_tell
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


def execute(job: Job, cell_done: CellDone, *, warm: bool = False) -> Outcome:
    """Run a chapter to its end and write it to ``job.target``, or say why it stopped.

    ``warm`` forks the kernel from one process that has imported what chapters do: see ``warm``.

    A failing cell, or anything that a cell writes to stderr, is a failure: the partial notebook
    goes to ``job.failed`` and ``job.target`` is removed, so that no older result stands for it.
    """
    papermill_engines.register(ENGINE, _CountingEngine)
    started = time.perf_counter()
    partial = job.failed.with_name(f".{job.failed.stem}.partial.ipynb")
    partial.parent.mkdir(parents=True, exist_ok=True)
    problem: str | None
    try:
        notebook = papermill.execute_notebook(
            str(job.source),
            str(partial),
            parameters=job.parameters,
            engine_name=ENGINE,
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            cwd=str(job.source.parent),
            cell_done=cell_done,
            **({"kernel_manager_class": WarmManager} if warm else {}),
        )
        problem = _stderr_problem(job.chapter, notebook)
    except PapermillExecutionError as error:
        problem = _failure(job, error)
    except Exception as error:  # a kernel that dies or cannot start has no class of its own
        partial.unlink(missing_ok=True)
        kind = type(error).__name__
        problem = f"{job.chapter} failed outside its cells: {kind}: {error}"
    seconds = time.perf_counter() - started
    if problem is not None:
        if partial.exists():
            partial.replace(job.failed)
            problem += f"\n  The partial notebook is {job.failed}"
        keep_problem(job, problem)
        return Outcome(job.chapter, seconds, problem)
    partial.unlink()
    job.failed.unlink(missing_ok=True)
    failure(job).unlink(missing_ok=True)
    strip_run_metadata(notebook)
    notebook.metadata["scalinglaws"] = {"key": job.key}
    write_atomically(job.target, notebook_text(notebook))
    return Outcome(job.chapter, seconds, None)


def strip_run_metadata(notebook: Any) -> None:
    """Remove times and paths that papermill and the kernel's client leave in a notebook."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)


def _failure(job: Job, error: PapermillExecutionError) -> str:
    cell = _cell_number(job, error)
    first = next((line for line in error.source.splitlines() if line.strip()), "")
    trace = _COLOURS.sub("", "\n".join(error.traceback)).splitlines()
    line = next((t.split(maxsplit=2)[2] for t in trace if re.match(r"-+> *\d+ \S", t)), first)
    # A refusal says all there is to say; a traceback around it would only hide it.
    kept = [] if hasattr(errors, error.ename) else trace[-KEPT_TRACEBACK_LINES:]
    tail = "\n".join(f"    {t}" for t in kept)
    return (
        f"{job.chapter} failed in cell {cell}: {error.ename}: {error.evalue}\n"
        f"  at: {line.strip()}\n{tail}"
    )


def _cell_number(job: Job, error: PapermillExecutionError) -> int:
    """Find the failing cell in the source, counted as a reader does: from 1, all kinds of cell."""
    index = int(error.cell_index)
    sources = [cell.source for cell in read_notebook(job.source).cells]
    if index < len(sources) and sources[index] == error.source:
        return index + 1
    return sources.index(error.source) + 1 if error.source in sources else index + 1


def _stderr_problem(chapter: str, notebook: Any) -> str | None:
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                said = "\n".join(f"    {line}" for line in output.text.strip().splitlines())
                return (
                    f"{chapter} wrote to stderr in cell {number}, which a chapter must not:\n{said}"
                )
    return None
