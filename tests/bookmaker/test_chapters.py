"""The machinery of the book on toy books: execution, failures, interruptions, references."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import psutil
import pytest

import bookmaker as chapters
from bookmaker.jobs import Job, Outcome
from bookmaker.pool import usable_cores
from bookmaker.project import Project
from bookmaker.timings import keep_seconds, longest_first, tell, told
from conftest import CLAIM, PATIENCE_SECONDS, chapter, run_cli, write
from scalinglaws.notebook.verdicts import Claim

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_book_is_executed_rendered_and_stripped(built_toy: Path) -> None:
    executed = nbformat.read(built_toy / "_build/executed/part/one.ipynb", as_version=4)
    assert executed.metadata.scalinglaws.key
    text = (built_toy / "_build/executed/part/one.ipynb").read_text()
    assert '"papermill"' not in text
    assert "iopub" not in text
    assert str(built_toy) not in text
    assert (built_toy / "_build/html/index.html").is_file()
    assert not list((built_toy / "_build").rglob("*.partial*"))


def test_the_site_carries_mathjax_and_no_source_maps(built_toy: Path) -> None:
    site = built_toy / "_build/html"
    page = (site / "part/one.html").read_text()
    assert "../_static/mathjax/tex-mml-chtml.js" in page
    assert (site / "_static/mathjax/tex-mml-chtml.js").stat().st_size > 1e6
    assert list(site.rglob("MathJax_Main-Regular.woff"))
    assert not list(site.rglob("*.map"))


def test_the_scorecard_page_gathers_the_claims(built_toy: Path) -> None:
    assert chapters.gather_claims(Project.at(built_toy)) == {"part/one": [Claim(**CLAIM)]}
    page = (built_toy / "_build/html/back/scorecard.html").read_text()
    assert "exponent of the toy law" in page
    assert "✓\u00a0reproduced" in page
    assert "The two agree." in page
    assert "Toy et al." in page


def test_a_second_run_executes_nothing_and_an_edit_only_its_chapter(toy: Path) -> None:
    second = run_cli(toy, "book")
    assert second.stdout.count("unchanged") == 3
    assert second.stdout.rstrip().endswith((toy / "_build/html/index.html").as_uri())

    write(toy / "book/part/two.ipynb", chapter("two", "scale / 1e18", "6 * 8"))
    third = run_cli(toy, "book")
    assert [
        line.split()[1] for line in third.stdout.splitlines() if line.startswith("part/one")
    ] == ["unchanged"]
    assert "48" in (toy / "_build/executed/part/two.ipynb").read_text()


CORES = "from joblib import cpu_count\nprint('cores:', cpu_count())"


def test_a_failing_cell_is_named_and_nothing_is_rendered(toy: Path) -> None:
    write(toy / "book/part/two.ipynb", chapter("two", "6 * 7", "#md prose", "a = 1\nb = a / 0"))
    write(toy / "book/part/one.ipynb", chapter("one", CORES))
    done = run_cli(toy, "book")
    assert done.returncode == 1
    assert "part/two failed in cell 5: ZeroDivisionError: division by zero" in done.stderr
    assert "at: b = a / 0" in done.stderr
    assert "Nothing was rendered" in done.stderr
    assert "division by zero" in (toy / "_build/failed/part/two.ipynb").read_text()
    # Two ran at once, so each kept to one core, where the system can say so.
    pinned = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1
    ran = (toy / "_build/executed/part/one.ipynb").read_text()
    assert ("cores: 1" if pinned else "cores:") in ran
    assert not (toy / "_build/executed/part/two.ipynb").exists()
    assert not (toy / "_build/html").exists()


def test_anything_on_stderr_fails_the_chapter(toy: Path) -> None:
    said = {
        "one": ("import sys\n_ = sys.stderr.write('oh dear')", "oh dear"),
        "two": ("import warnings\nwarnings.warn('careful', stacklevel=1)", "careful"),
    }
    for name, (code, _) in said.items():
        write(toy / f"book/part/{name}.ipynb", chapter(name, code))
    done = run_cli(toy, "book")
    assert done.returncode == 1
    for name, (_, words) in said.items():
        assert f"part/{name} wrote to stderr in cell 3" in done.stderr
        assert words in done.stderr


def test_a_dead_kernel_fails_its_chapter_only(toy: Path) -> None:
    write(toy / "book/part/two.ipynb", chapter("two", "import os\nos._exit(1)"))
    done = run_cli(toy, "book")
    assert done.returncode == 1
    assert "part/two failed outside its cells" in done.stderr
    assert (toy / "_build/executed/part/one.ipynb").exists()


def test_a_renderer_warning_fails_the_build_and_leaves_no_site(toy: Path) -> None:
    (toy / "book/index.md").write_text("# Toy\n\nSee {ref}`nowhere`.\n\n```{bibliography}\n```\n")
    done = run_cli(toy, "book")
    assert done.returncode == 1
    assert "could not be rendered" in done.stderr
    assert "nowhere" in done.stderr
    assert not (toy / "_build/html").exists()


def test_ctrl_c_ends_the_kernels_keeps_what_is_done_and_resumes(toy: Path, tmp_path: Path) -> None:
    told = tmp_path / "kernel.pid"
    slow = (
        f"import os, pathlib, time\n_ = pathlib.Path({str(told)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)"
    )
    shutil.rmtree(toy / "_build/executed")
    shutil.rmtree(toy / "_build/html")
    write(toy / "book/part/two.ipynb", chapter("two", slow))
    # A shell's background job is told to ignore interruptions, and would pass that on.
    run = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "runpy.run_module('bookmaker', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", run, "--root", str(toy), "book"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    finished = toy / "_build/executed/part/one.ipynb"
    try:
        _wait_for(lambda: told.exists() and told.read_text() != "" and finished.exists())
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process of the group
        try:
            _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
    assert process.returncode == 130
    assert "Interrupted" in stderr
    assert "Traceback" not in stderr
    kernel = int(told.read_text())
    _wait_for(lambda: not psutil.pid_exists(kernel))
    assert not (toy / "_build/executed/part/two.ipynb").exists()
    assert not (toy / "_build/html").exists()

    write(toy / "book/part/two.ipynb", chapter("two", "6 * 7"))
    done = run_cli(toy, "book")
    assert done.returncode == 0
    assert "part/one  unchanged" in done.stdout


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def test_nothing_is_written_to_home(toy: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.rmtree(toy / "_build/home")
    write(toy / "book/part/two.ipynb", chapter("two", "6 * 8"))
    environment = {name: "" for name in os.environ if name.startswith(("XDG_", "JUPYTER_"))}
    done = run_cli(toy, "book", HOME=str(home), MPLCONFIGDIR="", IPYTHONDIR="", **environment)
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []


def test_papermills_own_command_runs_a_source_notebook(toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    source = toy / "book/part/one.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(source), str(out), "-p", "seed", "4"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert "4.1" in out.read_text()


def test_references_store_text_only_and_are_stable(toy: Path) -> None:
    picture = (
        "from IPython.display import display\n"
        "display({'image/png': 'aGk=', 'text/html': '<b>x</b>', 'text/plain': 'x = 1.5'}, raw=True)"
    )
    source = toy / "book/part/two.ipynb"
    write(source, chapter("two", picture, "6 * 7"))
    before = nbformat.read(source, as_version=4)
    assert run_cli(toy, "reference", "two").returncode == 0
    stored = source.read_text()
    after = nbformat.read(source, as_version=4)
    assert [c.execution_count for c in after.cells if c.cell_type == "code"] == [1, 2, 3]
    assert [sorted(o.data) for c in after.cells[1:] for o in c.outputs] == [
        ["text/plain"],
        ["text/plain"],
    ]
    assert [c.metadata for c in after.cells] == [c.metadata for c in before.cells]
    assert after.metadata == before.metadata
    (toy / "_build/executed/part/two.ipynb").unlink()  # so that it is executed again
    assert run_cli(toy, "reference", "two").returncode == 0
    assert source.read_text() == stored
    assert stored.endswith("}\n")


# In which order -----------------------------------------------------------------------------------


def job(name: str, cells: int, told: float | None = None) -> Job:
    return Job(name, Path(name), Path(name), Path(name), {}, "key", cells, told)


def test_the_longest_chapter_starts_first(tmp_path: Path) -> None:
    project = Project(tmp_path)
    jobs = [job("a", 10), job("b", 30), job("c", 20)]
    assert [j.chapter for j in longest_first(project, jobs)] == ["b", "c", "a"]
    keep_seconds(project, Outcome("a", 100.0, None))
    keep_seconds(project, Outcome("b", 7.0, None))
    keep_seconds(project, Outcome("b", 0.1, "it failed at once"))
    # 107 s for 40 cells make 53 s for the 20 of c, which has not been measured: 15 s at most.
    assert [j.chapter for j in longest_first(project, jobs)] == ["a", "c", "b"]


def test_a_checkout_that_never_ran_goes_by_what_the_sources_tell(tmp_path: Path) -> None:
    project = Project(tmp_path)
    jobs = [job("a", 30), job("b", 10, 90.0), job("c", 10, 40.0)]
    # 130 s for 20 cells make 195 s for the 30 of a, but a long chapter would tell: 15 s.
    assert [j.chapter for j in longest_first(project, jobs)] == ["b", "c", "a"]
    keep_seconds(project, Outcome("b", 20.0, None))
    # What was measured here goes before what a source tells.
    assert [j.chapter for j in longest_first(project, jobs)] == ["c", "b", "a"]


def test_a_source_tells_the_time_of_a_long_chapter_and_keeps_it_while_it_is_about_right(
    tmp_path: Path,
) -> None:
    kept = {"without_runs": "it has its own"}
    project, notebook = Project(tmp_path), {"metadata": {"kernelspec": {}, "scalinglaws": kept}}

    def after(seconds: float) -> float | None:
        keep_seconds(project, Outcome("a", seconds, None))
        tell(project, "a", notebook)
        return told(notebook)

    tell(project, "a", notebook)  # nobody ran it
    assert notebook == {"metadata": {"kernelspec": {}, "scalinglaws": kept}}
    assert [after(s) for s in (14.9, 40.2, 119.0, 31.0, 121.0, 41.0)] == [
        None,
        40,
        40,
        40,
        121,
        121,
    ]
    assert after(40.0) == 40  # below a third of 121
    assert notebook["metadata"] == {"kernelspec": {}, "scalinglaws": {**kept, "seconds": 40}}
    assert after(13.4) == 40  # a third of 40
    assert after(13.2) is None
    assert notebook["metadata"] == {"kernelspec": {}, "scalinglaws": kept}


@pytest.mark.parametrize("kept", [None, "x", [], {}, {"seconds": "x"}, {"seconds": -1}])
def test_a_source_that_tells_no_time_tells_none(kept: object) -> None:
    assert told({"metadata": {"scalinglaws": kept}}) is None


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": "x", "b": null}'])
def test_damaged_timings_count_as_none(tmp_path: Path, text: str) -> None:
    project = Project(tmp_path)
    project.build.mkdir()
    (project.build / "seconds.json").write_text(text)
    jobs = [job("a", 10), job("b", 30)]
    assert [j.chapter for j in longest_first(project, jobs)] == ["b", "a"]
    keep_seconds(project, Outcome("a", 9.0, None))
    assert json.loads((project.build / "seconds.json").read_text())["a"] == 9.0


def test_the_workers_follow_the_cores_that_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5, 3}, raising=False)
    assert usable_cores() == [3, 5]
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable_cores() == [None] * 3
