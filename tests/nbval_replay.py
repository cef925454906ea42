"""pytest plugin for nbval: what bookmaker executed is compared, so that no chapter runs twice.

nbval collects the cells of every chapter and compares them as always; only the kernel is another.
Where an executed notebook carries the key of the chapter as it is now, a stand-in gives its outputs
back. Where the chapter failed as it is now, its cells fail with what was said. Any other notebook
runs in a kernel.
"""

from __future__ import annotations

from functools import cache
from queue import Empty
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from bookmaker.jobs import kept_problem, stored_key
from bookmaker.keys import Keys
from bookmaker.project import Project, read_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDLE = {"msg_type": "status", "content": {"execution_state": "idle"}}


class Replay:
    """Answers as nbval's kernel does, with the outputs of an executed notebook.

    ``problem`` says why there are none.
    """

    def __init__(self, executed: Path | None, problem: str | None = None) -> None:
        notebook = nbformat.read(executed, as_version=4) if executed else None
        self.cells = [c for c in notebook.cells if c.cell_type == "code"] if notebook else []
        self.problem = problem
        self.cell_num = 0  # set for each cell, since any of them may be left out
        self._messages: list[dict[str, Any]] = []

    def is_alive(self) -> bool:
        return True

    def execute_cell_input(self, source: str, allow_stdin: bool | None = None) -> str:
        cell = self.cells[self.cell_num]
        assert cell.source == source, "the key of a notebook holds, but its text is another"
        said = [*map(_message, cell.outputs), IDLE]
        self._messages = [{**m, "parent_header": {"msg_id": str(self.cell_num)}} for m in said]
        return str(self.cell_num)

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        return None

    await_idle = await_reply

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        if not self._messages:
            raise Empty
        return self._messages.pop(0)

    def stop(self) -> None:
        return None


def _message(output: Any) -> dict[str, Any]:
    content = {k: v for k, v in output.items() if k != "output_type"}
    return {"msg_type": output.output_type, "content": content}


@cache
def keys(root: Path) -> tuple[Project, Keys]:
    project = Project.at(root)
    return project, Keys(project)


def stand_in(path: Path) -> Replay | None:
    """The stand-in for a chapter that was executed, or that failed, as it is now."""
    for root in _roots(path):
        project, known = keys(root)
        name = path.relative_to(project.sources).with_suffix("")
        key = known.of(read_plain(path))
        executed = project.executed / name.with_suffix(".ipynb")
        if stored_key(executed) == key:
            return Replay(executed)
        problem = kept_problem(project.build / "failed" / name.with_suffix(".json"), key)
        if problem is not None:
            return Replay(None, problem)
    return None


def _roots(path: Path) -> Iterator[Path]:
    for folder in path.resolve().parents:
        if folder.name == "book" and (folder.parent / "_config.yml").is_file():
            yield folder.parent


def pytest_collectstart(collector: pytest.Collector) -> None:
    if isinstance(collector, IPyNbFile):
        start = collector.setup

        def setup() -> None:
            collector.kernel = stand_in(collector.path)
            if collector.kernel is None:
                start()
            else:
                collector.setup_sanitize_files()

        collector.setup = setup


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if isinstance(item, IPyNbCell) and isinstance(kernel := item.parent.kernel, Replay):
        if kernel.problem is not None:
            pytest.fail(f"the chapter did not execute:\n{kernel.problem}", pytrace=False)
        kernel.cell_num = item.cell_num
