"""The machinery of the book on toy books: execution, parameters, pages, lint, nbval's tolerance."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import nbformat
import psutil
import pytest

import bookmaker as chapters
from bookmaker.claims import claims_in, scorecard_page
from bookmaker.project import Project
from conftest import CHECKOUT, CLAIM, chapter, notebook, write
from nbval_tolerance import TolerantText
from scalinglaws.errors import BadParameters, ScalingLawError, UnknownName
from scalinglaws.notebook.verdicts import MIME, Claim

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A cold import of pandas and papermill on a loaded machine of two cores takes 20 s.
PATIENCE_SECONDS = 180


def run_cli(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bookmaker", "--root", str(root), *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, **environment},
    )


def test_a_book_is_executed_rendered_and_stripped(built_toy: Path) -> None:
    executed = nbformat.read(built_toy / "_build/book/part/one.ipynb", as_version=4)
    assert executed.metadata.scalinglaws.key
    text = (built_toy / "_build/book/part/one.ipynb").read_text()
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
    assert "Toy [" in page  # the citation was resolved


def test_a_second_run_executes_nothing_and_an_edit_only_its_chapter(toy: Path) -> None:
    first = run_cli(toy, "book")
    assert first.returncode == 0, first.stderr
    second = run_cli(toy, "book")
    assert second.stdout.count("unchanged") == 3
    assert second.stdout.rstrip().endswith((toy / "_build/html/index.html").as_uri())

    write(toy / "book/part/two.ipynb", chapter("two", "scale / 1e18", "6 * 8"))
    third = run_cli(toy, "book")
    assert [
        line.split()[1] for line in third.stdout.splitlines() if line.startswith("part/one")
    ] == ["unchanged"]
    assert "48" in (toy / "_build/book/part/two.ipynb").read_text()

    with (toy / "requirements.lock").open("a") as lock:
        lock.write("more==1\n")
    fourth = run_cli(toy, "book")
    assert "unchanged" not in fourth.stdout


def test_a_failing_cell_is_named_and_nothing_is_rendered(toy: Path) -> None:
    assert run_cli(toy, "book").returncode == 0
    write(toy / "book/part/two.ipynb", chapter("two", "6 * 7", "#md prose", "a = 1\nb = a / 0"))
    write(toy / "book/part/one.ipynb", chapter("one", "print('new')"))
    done = run_cli(toy, "book")
    assert done.returncode == 1
    assert "part/two failed in cell 5: ZeroDivisionError: division by zero" in done.stderr
    assert "at: b = a / 0" in done.stderr
    assert "Nothing was rendered" in done.stderr
    assert "division by zero" in (toy / "_build/failed/part/two.ipynb").read_text()
    assert "new" in (toy / "_build/book/part/one.ipynb").read_text()
    assert not (toy / "_build/book/part/two.ipynb").exists()
    assert not (toy / "_build/html").exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys\n_ = sys.stderr.write('oh dear')", "oh dear"),
        ("import warnings\nwarnings.warn('careful', stacklevel=1)", "careful"),
    ],
)
def test_anything_on_stderr_fails_the_chapter(toy: Path, code: str, said: str) -> None:
    write(toy / "book/part/two.ipynb", chapter("two", code))
    done = run_cli(toy, "book")
    assert done.returncode == 1
    assert "part/two wrote to stderr in cell 3" in done.stderr
    assert said in done.stderr


def test_a_dead_kernel_fails_its_chapter_only(toy: Path) -> None:
    write(toy / "book/part/two.ipynb", chapter("two", "import os\nos._exit(1)"))
    done = run_cli(toy, "book")
    assert done.returncode == 1
    assert "part/two failed outside its cells" in done.stderr
    assert (toy / "_build/book/part/one.ipynb").exists()


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
    finished = toy / "_build/book/part/one.ipynb"
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
    assert not (toy / "_build/book/part/two.ipynb").exists()
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
    environment = {name: "" for name in os.environ if name.startswith(("XDG_", "JUPYTER_"))}
    done = run_cli(toy, "book", HOME=str(home), MPLCONFIGDIR="", IPYTHONDIR="", **environment)
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []


def test_a_run_takes_parameters_and_writes_one_page_that_needs_no_network(
    toy: Path, tmp_path: Path
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("params,tokens,loss\n1e6,1e9,3\n")
    write(toy / "book/part/one.ipynb", chapter("one", "print(runs, seed, scale)"))
    done = run_cli(toy, "run", "one", "--runs", str(table), "-p", "seed=1e3", "-p", "scale=6e+20")
    assert done.returncode == 0, done.stderr
    (folder,) = (toy / "_build/runs").iterdir()
    assert folder.name.startswith("part-one-")
    executed = (folder / "chapter.ipynb").read_text()
    assert f"{table} 1000 6e+20" in executed
    page = (folder / "chapter.html").read_text()
    assert (folder / "chapter.html").as_uri() in done.stdout
    assert f"{table} 1000 6e+20" in page
    for load in (
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=.?http",
        r"url\(.?http",
        "@import",
    ):
        assert re.search(load, page) is None
    assert "cdnjs" not in page  # where nbconvert's page fetches its scripts
    assert "{cite" not in page


def test_a_relative_path_is_made_absolute(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(toy / "data/toy")
    found = Project.at(toy).chapter("one")
    assert chapters.check_parameters(found, {"runs": "runs.csv"}) == {
        "runs": str(toy / "data/toy/runs.csv")
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"scale": "1e18"}, {"scale": 1e18}),
        ({"scale": "6e+20"}, {"scale": 6e20}),
        ({"scale": 7}, {"scale": 7.0}),
        ({"seed": "1e3"}, {"seed": 1000}),
        ({"seed": "12345678901234567890"}, {"seed": 12345678901234567890}),
    ],
)
def test_numbers_are_read_by_the_declared_type(toy: Path, given: dict, expected: dict) -> None:
    found = Project.at(toy).chapter("one")
    values = chapters.check_parameters(found, given)
    assert values == expected
    assert [type(v) for v in values.values()] == [type(v) for v in expected.values()]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sed": 1}, "'sed' is not a parameter of this chapter; did you mean 'seed'"),
        ({"seed": "many"}, "seed = 'many': a whole number is expected"),
        ({"seed": 1.5}, "seed = 1.5: a whole number is expected"),
        ({"seed": True}, "seed = True: a whole number is expected"),
        ({"scale": "1e18 FLOPs"}, "scale = '1e18 FLOPs': a number is expected"),
        ({"scale": "inf"}, "scale = 'inf': a finite number is expected"),
        ({"runs": "missing.csv"}, "there is no such file"),
        ({"runs": "hofman2022"}, "neither a file nor a bundled set"),
    ],
)
def test_bad_parameters_are_refused_with_what_is_accepted(
    toy: Path, given: dict, message: str
) -> None:
    with pytest.raises(BadParameters) as caught:
        chapters.run("one", root=toy, **given)
    assert message in str(caught.value)
    assert "seed: int = 0  # random seed" in str(caught.value)
    assert not (toy / "_build/runs").exists()  # before any kernel


def test_all_bad_parameters_are_told_at_once(toy: Path) -> None:
    with pytest.raises(BadParameters, match=r"(?s)'sed'.*scale = 'x'"):
        chapters.run("one", root=toy, sed=1, scale="x")


def test_an_unknown_chapter_lists_those_that_exist(toy: Path) -> None:
    with pytest.raises(
        UnknownName, match=r"Did you mean 'part/one'\? Chapters: part/one, part/two"
    ):
        chapters.run("on", root=toy)


def test_a_folder_without_a_book_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScalingLawError, match="holds no book"):
        chapters.book(tmp_path)


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
    assert run_cli(toy, "reference", "two").returncode == 0
    assert source.read_text() == stored
    assert stored.endswith("}\n")


# Lint ---------------------------------------------------------------------------------------------


def test_a_book_with_references_has_no_problem(built_toy: Path) -> None:
    assert chapters.lint(built_toy) == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("\n".join(["a = 1"] * 16), "16 lines"),
        ("def f():\n    return 1", "defines f"),
        ("class A:\n    x = 1", "defines A"),
        ("f = lambda x: x", "assigns a lambda"),
        ("import matplotlib.pyplot as plt", "imports matplotlib"),
        ("from seaborn import lineplot", "imports seaborn"),
        ("%matplotlib inline", "is not plain Python"),
        ("sl.figures.fit(fit)", "without mystnb.image.alt"),
        (
            (
                "sl.figures.fit(f)",
                {"mystnb": {"image": {"alt": "A plot"}, "figure": {"name": "f"}}},
            ),
            "alt text 'A plot' says too little",
        ),
        (
            (
                "sl.figures.fit(f)",
                {
                    "mystnb": {
                        "image": {"alt": "Loss against compute for runs"},
                        "figure": {"name": "f", "caption": "Loss against compute for runs"},
                    }
                },
            ),
            "alt text repeats the caption",
        ),
        ("#md See {cite:p}`toy2026, nobody1999`.", "cites nobody1999"),
        ("claim(1, cite='nobody1999')", "cites nobody1999"),
    ],
)
def test_lint_names_what_a_cell_breaks(toy: Path, cell: str | tuple, message: str) -> None:
    write(toy / "book/part/two.ipynb", chapter("two", cell))
    assert any(message in problem and "part/two" in problem for problem in chapters.lint(toy))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("seed = 0  # random seed", "parameter seed: write its type"),
        ("seed: int = 0", "parameter seed: say after `#` what it is"),
        ("seed: int = 0  # such as seed=1", "parameter seed: papermill cannot read its line"),
    ],
)
def test_lint_checks_the_parameters_cell(toy: Path, parameters: str, message: str) -> None:
    made = notebook("#md# two", (parameters, {"tags": ["parameters"]}))
    write(toy / "book/part/two.ipynb", made)
    assert any(message in problem for problem in chapters.lint(toy))


def test_lint_finds_unchecked_cells_stored_images_and_missing_parameters(toy: Path) -> None:
    made = notebook("#md# two", "1 + 1")
    made.cells[1].outputs = [
        nbformat.v4.new_output("display_data", data={"image/png": "aGk="}),
    ]
    write(toy / "book/part/two.ipynb", made)
    problems = "\n".join(chapters.lint(toy))
    assert "part/two, cell 2: execution count None where 1 is due" in problems
    assert "part/two, cell 2: a stored image (image/png)" in problems
    assert "part/two, stores no text output" in problems
    assert "part/two, 0 cells tagged `parameters`" in problems


def test_lint_checks_bibliography_and_table_of_contents(toy: Path) -> None:
    bib = toy / "book/references.bib"
    extra = bib.read_text().replace("toy2026", "unused2026")
    bib.write_text(bib.read_text() * 2 + extra)
    (toy / "book/orphan.md").write_text("# Orphan\n")
    toc = toy / "book/_toc.yml"
    toc.write_text(toc.read_text() + "      - file: part/three\n")
    problems = chapters.lint(toy)
    assert "references.bib has toy2026 2 times" in problems
    assert "references.bib has unused2026, which nothing cites" in problems
    assert "book/orphan is missing from _toc.yml" in problems
    assert "_toc.yml names part/three, which does not exist" in problems


def test_a_citation_in_a_data_card_counts_as_used(toy: Path) -> None:
    bib = toy / "book/references.bib"
    bib.write_text(bib.read_text() + bib.read_text().replace("toy2026", "card2026"))
    assert any("card2026, which nothing cites" in problem for problem in chapters.lint(toy))
    (toy / "data/toy/card.toml").write_text("[source]\ncitations = ['card2026']\n")
    assert not any("card2026" in problem for problem in chapters.lint(toy))


def test_the_books_own_sources_have_no_problem() -> None:
    assert chapters.lint(CHECKOUT) == []


# Scorecard ----------------------------------------------------------------------------------------


def test_a_scorecard_bears_numbers_that_are_missing() -> None:
    empty = {**CLAIM, "ours": None, "low": None, "high": None, "level": None}
    claim = Claim(**{**empty, "verdict": "cannot be checked", "quantity": "a|b"})
    page = scorecard_page({"part/one": [claim, Claim(**CLAIM)]}, {"part/one": "One"})
    assert "| ?\u00a0cannot be checked | 1 |" in page
    assert "| all | 2 |" in page
    assert "a\\|b" in page
    assert "None" not in page


def test_figures_that_share_a_reason_share_a_note() -> None:
    one, two = Claim(**CLAIM), Claim(**{**CLAIM, "quantity": "another"})
    page = scorecard_page({"part/one": [one, two]}, {"part/one": "One"})
    assert page.count("The two agree.") == 1
    assert "- **exponent of the toy law; another**:" in page


def test_a_star_in_a_figures_name_starts_no_emphasis() -> None:
    both = [Claim(**{**CLAIM, "quantity": q}) for q in ("N* at 1e20 FLOPs", "D* there")]
    page = scorecard_page({"part/one": both}, {"part/one": "One"})
    assert "- **N\\* at 1e20 FLOPs; D\\* there**:" in page
    assert "| N\\* at 1e20 FLOPs |" in page


def test_an_output_may_hold_several_claims_and_a_bad_one_is_named() -> None:
    outputs = [{"data": {MIME: {"claims": [CLAIM, CLAIM]}}}, {"text": "x"}]
    assert claims_in({"cells": [{"outputs": outputs}]}, "a") == [Claim(**CLAIM)] * 2
    outputs = [{"data": {MIME: {"claims": [{"quantity": "x"}]}}}]
    with pytest.raises(ScalingLawError, match=r"part/a, cell 2: .*missing 16 required"):
        claims_in({"cells": [{}, {"outputs": outputs}]}, "part/a")


# nbval's tolerance --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A = 424.08", "A = 424.18", True),
        ("alpha 0.34", "alpha 0.36", False),
        ("5.76e23", "5.761e23", True),
        ("5.76e23", "5.76e24", False),
        ("240 runs", "241 runs", False),
        ("100000", "100001", False),
        ("0.50", "-0.50", False),
        ("0.0", "0.0001", False),
        ("a  1.000\nb 10.001", "a 1.0\nb    10.0", True),
        ("70.13B", "70.14B", True),
        ("70.13B", "70.13M", False),
        ("version 3.11.7", "version 3.11.8", False),
        ("1.5 2.5", "1.5", False),
        ("<Figure size 640x480 with 1 Axes>", "<Figure size 800x480 with 1 Axes>", True),
    ],
)
def test_texts_agree_within_the_tolerance(one: str, other: str, same: bool) -> None:
    assert (TolerantText(one) == TolerantText(other)) is same
    assert (TolerantText(one) != TolerantText(other)) is not same


@pytest.mark.parametrize(
    ("code", "stored", "passes"),
    [
        ("print(424.18)", "424.08\n", True),
        ("print(0.36)", "0.34\n", False),
        ("print(241)", "240\n", False),
        ("print(1)", None, False),
        ("import sys\n_ = sys.stderr.write('x')", None, False),
    ],
)
def test_nbval_with_the_plugin(tmp_path: Path, code: str, stored: str | None, passes: bool) -> None:
    made = notebook(code)
    made.cells[0].execution_count = 1
    if stored is not None:
        made.cells[0].outputs = [nbformat.v4.new_output("stream", text=stored)]
    assert _nbval(tmp_path, made)[0] is passes


def test_nbval_leaves_pictures_out_and_refuses_a_cell_that_it_would_not_compare(
    tmp_path: Path,
) -> None:
    data = {"image/svg+xml": "<svg/>", "text/html": "<b>1</b>", "text/plain": "1.5"}
    made = notebook(f"from IPython.display import display\ndisplay({json.dumps(data)}, raw=True)")
    made.cells[0].execution_count = 1
    made.cells[0].outputs = [nbformat.v4.new_output("display_data", data={"text/plain": "1.5"})]
    assert _nbval(tmp_path, made)[0]
    made.cells[0].execution_count = None
    made.cells[0].outputs = []
    passed, said = _nbval(tmp_path, made)
    assert not passed
    assert "no execution count" in said


def _nbval(folder: Path, made: nbformat.NotebookNode) -> tuple[bool, str]:
    write(folder / "page.ipynb", made)
    options = "--nbval --nbval-current-env -p tests.nbval_tolerance -p no:cacheprovider"
    config = ["-c", str(CHECKOUT / "pyproject.toml"), "--rootdir", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options.split(), *config, str(folder / "page.ipynb")],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode == 0, done.stdout
