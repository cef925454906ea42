"""Kernels that are forked: chapters see what they would in a Python of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from bookmaker.pool import usable_cores
from bookmaker.project import read_plain
from bookmaker.warm import ENOUGH, pays
from conftest import TOC, chapter, make_toy, run_cli, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

SEES = """import os, sys, threading
import matplotlib, numpy, scalinglaws.notebook
print(sys.path, os.getcwd(), matplotlib.get_backend(), os.environ["PYTHONPATH"])
print(__name__, numpy.random.get_state()[0], sorted(matplotlib.rcParams.items())[:40])
print(hasattr(numpy, "left_behind"), "left_behind" in os.environ, threading.active_count() < 20)
numpy.left_behind = os.environ["left_behind"] = "by another chapter"
"""


def test_few_chapters_are_not_worth_the_imports() -> None:
    assert pays(ENOUGH * 2, 2)
    assert not pays(ENOUGH * 2 - 1, 2)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    """A toy of so many chapters that kernels are forked, executed: it, what was said, a pid."""
    root = make_toy(tmp_path_factory.mktemp("many") / "toy")
    names = [f"part/{k}" for k in range(ENOUGH * len(usable_cores()))]
    extra = "".join(f"      - file: {name}\n" for name in names)
    (root / "book/_toc.yml").write_text(TOC.replace("      - file: part/two\n", extra))
    (root / "book/part/two.ipynb").unlink()
    for name in names:
        write(root / f"book/{name}.ipynb", chapter(name.replace("/", "-"), SEES))
    write(root / f"book/{names[-1]}.ipynb", chapter("dies", "import os\nos._exit(3)"))
    write(root / f"book/{names[-2]}.ipynb", chapter("raises", "1 / 0"))
    done = run_cli(root, "book")
    return root, done.stdout + done.stderr, done.returncode


def _said(root: Path, name: str) -> str:
    cells = read_plain(root / f"_build/executed/{name}.ipynb")["cells"]
    return "".join("".join(o.get("text", "")) for c in cells for o in c.get("outputs", []))


def test_no_chapter_sees_what_another_did(many: tuple[Path, str, int]) -> None:
    first, second = (_said(many[0], f"part/{k}") for k in (0, 1))
    assert "False False True" in first
    assert first == second


def test_a_chapter_sees_what_it_would_in_a_kernel_of_its_own(many: tuple[Path, str, int]) -> None:
    root, _, _ = many
    warm = _said(root, "part/0")
    source = root / "book/part/0.ipynb"
    source.write_text(source.read_text().replace("import os, sys", "import  os, sys"))
    run_cli(root, "reference", BOOK_NAME="part/0")
    assert _said(root, "part/0") == warm


def test_what_fails_is_named_and_fails_alone(many: tuple[Path, str, int]) -> None:
    root, said, code = many
    last = ENOUGH * len(usable_cores()) - 1
    assert code == 1
    assert f"part/{last} failed outside its cells" in said
    assert f"part/{last - 1} failed in cell" in said
    assert "ZeroDivisionError" in said
    assert (root / "_build/executed/part/0.ipynb").is_file()


def test_nothing_runs_on(many: tuple[Path, str, int]) -> None:
    root, _, _ = many
    mine = str(root)
    left = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            if "forkserver" in command and process.environ().get("MPLCONFIGDIR", "").startswith(
                mine
            ):
                left.append(command)
        except psutil.Error:
            continue
    assert left == []
