"""Which chapters run again: those whose imports, data or text changed, and no other."""

from __future__ import annotations

import ast
import shutil
from typing import TYPE_CHECKING

import pytest

from bookmaker import keys as machine
from bookmaker.code import Code
from bookmaker.imports import Package
from bookmaker.keys import Keys
from bookmaker.project import Project, read_plain
from bookmaker.tables import computes_a_name, sets_named
from conftest import CHECKOUT, notebook

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = Package(CHECKOUT / "src/scalinglaws")
START = "import scalinglaws as sl\n"
# A chapter whose import leads nowhere counts as using all there is.
RESOLVED = ("foundations/power_laws", "curves/planning", "language/chinchilla", "language/kaplan")


def reached(source: str) -> set[str]:
    """Modules that code reaches, without ``scalinglaws.``."""
    code = Code(ast.parse(source), LIBRARY.name)
    return {m.partition(".")[2] for m in LIBRARY.reached(code)}


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    """The book, the library and the data, to change."""
    shutil.copytree(
        CHECKOUT / "src/scalinglaws",
        tmp_path / "scalinglaws",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(CHECKOUT / "data", tmp_path / "data")
    shutil.copytree(CHECKOUT / "book", tmp_path / "book")
    return Project(tmp_path, tmp_path / "scalinglaws")


def keys_of(project: Project) -> dict[str, str]:
    keys = Keys(project)
    return {c.name: keys.of(read_plain(c.source)) for c in project.chapters()}


def changed(project: Project, file: str, text: str) -> set[str]:
    """The chapters whose keys change when a text is added to a file, which is then restored."""
    before = keys_of(project)
    path = project.root / file
    old = path.read_bytes()
    path.write_bytes(old + text.encode())
    after = keys_of(project)
    path.write_bytes(old)
    return {name for name in before if before[name] != after[name]}


def names_with(project: Project, *texts: str) -> set[str]:
    """The chapters whose code holds one of these texts."""
    return {
        c.name
        for c in project.chapters()
        if any(
            text in cell["source"]
            for cell in read_plain(c.source)["cells"]
            if cell["cell_type"] == "code"
            for text in texts
        )
    }


# What a change runs again -------------------------------------------------------------------------


def unresolved(project: Project) -> set[str]:
    """The chapters that reach all there is, because an import of theirs leads nowhere."""
    used = Keys(project)
    return {
        c.name
        for c in project.chapters()
        if "scalinglaws.__init__"
        in used.used(
            [x["source"] for x in read_plain(c.source)["cells"] if x["cell_type"] == "code"]
        )
    }


def test_a_figure_module_runs_the_chapters_that_draw_with_it(copy: Project) -> None:
    draw = names_with(copy, "figures.needed", "figures.trials", "figures.choices")
    found = changed(copy, "scalinglaws/figures/_planning.py", "\nMORE = 1\n")
    assert found == draw | unresolved(copy)
    assert "curves/planning" in found
    assert "language/kaplan" not in found


def test_a_module_that_modules_import_runs_every_chapter(copy: Project) -> None:
    # Chapters name none of them: fits are solved by it, intervals resample on it, figures wear it.
    for file in ("fitting/solver/newton_step.py", "_parallel/threads.py", "figures/_style.py"):
        assert changed(copy, f"scalinglaws/{file}", "\nMORE = 1\n") == set(keys_of(copy)), file


def test_a_module_that_a_function_imports_late_counts(copy: Project) -> None:
    copy.library.joinpath("laws/late.py").write_text("LATE = 1\n")
    with copy.library.joinpath("curves/planning/need.py").open("a") as module:
        module.write(
            "\n\ndef late():\n    from scalinglaws.laws.late import LATE\n\n    return LATE\n"
        )
    found = changed(copy, "scalinglaws/laws/late.py", "MORE = 1\n")
    assert found == {"curves/planning"} | unresolved(copy)


def test_blank_lines_and_comments_of_the_library_run_nothing(copy: Project) -> None:
    for file in ("figures/_fit.py", "fitting/solver/newton_step.py", "__init__.py"):
        assert changed(copy, f"scalinglaws/{file}", "\n\n# More.\n") == set(), file
    line = '"""One.\n\n\nTwo."""\n'
    assert changed(copy, "scalinglaws/laws/powers.py", line) == set()  # no code, as no comment is


def test_a_new_name_on_a_face_runs_no_chapter_but_a_moved_one_does(copy: Project) -> None:
    face = copy.library / "figures/__init__.py"
    before = keys_of(copy)
    copy.library.joinpath("figures/_new.py").write_text("def new():\n    return 1\n")
    face.write_text(face.read_text() + "\nfrom scalinglaws.figures._new import new\n")
    after = keys_of(copy)
    assert {n for n in before if before[n] != after[n]} <= unresolved(copy)
    face.write_text(face.read_text().replace("new import new", "new import new as needed"))
    moved = keys_of(copy)
    assert moved["curves/planning"] != after["curves/planning"]
    assert moved["language/kaplan"] == after["language/kaplan"]


def test_a_page_of_the_library_runs_the_chapters_that_show_it(copy: Project) -> None:
    found = changed(copy, "scalinglaws/figures/interactive/figure.html", "<!-- more -->")
    assert found == names_with(copy, "figures.interactive") | unresolved(copy)
    assert changed(copy, "scalinglaws/intervals/coverage.csv", "\n") == set(keys_of(copy))
    copy.library.joinpath("laws/table.json").write_text("1")  # which no module names
    assert changed(copy, "scalinglaws/laws/table.json", " ") == set(keys_of(copy))


def test_a_data_set_runs_the_chapters_that_name_it(copy: Project) -> None:
    for name in ("gemstones", "hoffmann2022", "lin2024", "isoflops"):
        found = changed(copy, f"data/{name}/card.toml", "\n")
        # The module that puts the league's tables together makes names up: any set may be meant.
        expected = names_with(copy, f'"{name}"', f'"{name}/') | names_with(copy, "open_tables")
        assert found == expected, name
        assert found, name
    # One that a module of the library loads, for whoever reaches the module.
    assert "downstream/ladders" in changed(copy, "data/bhagia2024/tasks.csv", "\n")
    assert changed(copy, "data/builders/timm.py", "\n") == set()


def test_the_chapters_resolve_but_for_imports_that_lead_nowhere(copy: Project) -> None:
    assert set(RESOLVED) & unresolved(copy) == set()


@pytest.mark.parametrize("file", ["lint.py", "pages.py", "site.py", "report.py", "__main__.py"])
def test_the_rest_of_the_machine_runs_nothing(file: str) -> None:
    assert file not in machine._MACHINE


@pytest.mark.parametrize("file", ["execute.py", "home.py"])
def test_how_chapters_are_executed_runs_them_all(
    copy: Project, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(CHECKOUT / "src/bookmaker", copy.root / "bookmaker")
    monkeypatch.setattr(machine, "_HERE", copy.root / "bookmaker")
    assert changed(copy, f"bookmaker/{file}", "\n# More.\n") == set()
    assert changed(copy, f"bookmaker/{file}", "\nMORE = 1\n") == set(keys_of(copy))


def test_lock_and_python_run_every_chapter(copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    copy.root.joinpath("requirements.lock").write_text("toy==1\n")
    before = keys_of(copy)
    assert changed(copy, "requirements.lock", "more==1\n") == set(before)
    monkeypatch.setattr(machine.platform, "python_version", lambda: "3.99.0")
    after = keys_of(copy)
    assert all(before[name] != after[name] for name in before)


def test_code_and_parameters_count_and_text_and_outputs_do_not(copy: Project) -> None:
    keys = Keys(copy)
    source = read_plain(copy.sources / "language/chinchilla.ipynb")
    key = keys.of(source)
    code = next(c for c in source["cells"] if c["cell_type"] == "code")
    code |= {"outputs": ["another"], "execution_count": 9}
    assert keys.of(source) == key
    assert keys.of(source, {"seed": 1}) != key
    source["cells"][0]["source"] += "A sentence that is mended runs nothing again."
    assert keys.of(source) == key
    code["source"] += "\n1 + 1"
    assert keys.of(source) != key


def test_a_set_given_as_a_parameter_counts(copy: Project) -> None:
    source = read_plain(copy.sources / "language/chinchilla.ipynb")
    given = {"profiles": "porian2024/points"}
    before = Keys(copy).of(source, given)
    with copy.root.joinpath("data/porian2024/points.csv").open("a") as table:
        table.write("\n")
    assert Keys(copy).of(source, given) != before


# Imports ------------------------------------------------------------------------------------------


def test_a_name_of_a_face_leads_to_the_module_that_defines_it() -> None:
    assert reached(START + "sl.huber(1)") >= {"", "fitting", "fitting.objectives"}
    assert "_fit" not in reached(START + "sl.huber(1)")
    assert "laws.curves" not in reached(START + "sl.laws.CHINCHILLA")
    assert "curves.arena.match" in reached(START + "sl.curves.arena.play(1)")
    assert "curves.planning.need" not in reached(START + "sl.curves.arena.play(1)")
    assert "curves.forecast" in reached(START + "f = [sl.forecast]")
    assert "validation.simulate" in reached(START + "sl.simulate.at(1)")


@pytest.mark.parametrize(
    "code",
    [
        "import scalinglaws.figures\nscalinglaws.figures.needed(1)",
        "from scalinglaws.figures import needed",
        "from scalinglaws.figures import needed as n\nn(1)",
        "from scalinglaws import figures\nfigures.needed(1)",
        "def f():\n    from scalinglaws import figures as plot\n    return plot.needed",
        "from scalinglaws.figures._planning import needed",
        START + "figures = sl.figures\nfigures.needed",
        START + "getattr(sl.figures, 'needed')",
        START + "f(sl)",
        "from scalinglaws import *",
        "import scalinglaws.nowhere\nscalinglaws.nowhere.x",
        START + "sl.nothing_of_that_name",
        "from importlib import import_module\nimport_module('scalinglaws.figures')",
    ],
)
def test_however_a_module_is_imported_it_is_found(code: str) -> None:
    assert "figures._planning" in reached(code)


def test_what_only_a_type_checker_imports_does_not_count() -> None:
    code = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from scalinglaws import curves\n"
    )
    assert reached(code) == set()


def test_importing_a_module_of_the_library_changes_nothing_else() -> None:
    # A face is not followed as a whole, so a module must not act on others when it is imported.
    harmless = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    acting = [
        f"{module}: {ast.unparse(statement)[:60]}"
        for module in sorted(LIBRARY.everything)
        if not module.endswith(".__main__")
        for statement in LIBRARY.code(module).tree.body
        if not isinstance(statement, (*harmless, ast.Assign, ast.AnnAssign, ast.If))
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]
    assert acting == []


# Sets ---------------------------------------------------------------------------------------------


def test_sets_are_named_alone_with_a_table_or_in_a_path() -> None:
    texts = ["a", "b/table", "../data/c/x.csv", "a d", "e.csv"]
    assert sets_named(texts, {"a", "b", "c", "d", "e"}) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("code", "computed"),
    [
        ("sl.load('hoffmann2022')", False),
        ("runs: str = 'hoffmann2022'\nsl.load(runs, law=None)", False),
        ("a, b = 'x', 'y'\nsl.load(b or ('z' if a else a))", False),
        ("[sl.load(n) for n in ('x', 'y')]", False),
        ("t = {'x': 'y'}\nsl.load(t['x'])", False),
        ("t = sl.load('x')\nsl.card(t)", False),
        ("sl.load('x' + y)", True),
        ("sl.load(f'x/{y}')", True),
        ("n = 'x'\nn += 'y'\nsl.load(n)", True),
        ("sl.load(names.pop())", True),
        ("sl.load(n)", True),
        ("f = lambda n: sl.load(n)", True),
        ("list(map(sl.load, names))", True),
        ("sl.card('x'.lower())", True),
        ("sl.catalogue()", True),
        ("from scalinglaws.data.catalogue import folder\nfolder()", True),
    ],
)
def test_a_name_that_is_put_together_is_told_from_one_that_is_shown(
    code: str, computed: bool
) -> None:
    found = Code(ast.parse(START + code), LIBRARY.name)
    assert computes_a_name(found, LIBRARY) is computed


def test_a_computed_name_and_a_cell_that_is_no_python_depend_on_every_set(copy: Project) -> None:
    keys = Keys(copy)
    every = {f"data/{p.parent.name}/card.toml" for p in copy.root.glob("data/*/card.toml")}
    assert every <= set(keys.used([START + "sl.load('x' + y)"]))
    assert every <= set(keys.used(["%matplotlib inline"]))
    assert keys.of(read_notebook_of("1 + 1")) != keys.of(read_notebook_of("1 + 2"))


def read_notebook_of(source: str) -> dict:
    made = notebook(source)
    return {"cells": [dict(cell) for cell in made.cells]}


# Digests ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a = 1", "\n\na = 1  # one", True),
        ("f(1,\n  2)", "f(1, 2)", True),
        ("a = 1", "a = 1.0", False),
        ("a = 1", "a = True", False),
        ("x in {'a', 'b', 'c'}", "x in {'a', 'b', 'd'}", False),
        ("def f(x=1): return x", "def f(x=2): return x", False),
        ("def f():\n  return 1", "def f():\n  return 2", False),
        ("class A: x: int = 1", "class A: x: float = 1", False),
        ("def f():\n  'one'", "def f():\n  'two'", False),
        ("try: f()\nexcept A: pass", "try: f()\nexcept B: pass", False),
    ],
)
def test_a_digest_tells_code_from_layout(one: str, other: str, same: bool) -> None:
    digests = [Code(ast.parse(source), "x").digest for source in (one, other)]
    assert (digests[0] == digests[1]) is same


def test_a_digest_is_the_same_in_every_process() -> None:
    import subprocess
    import sys

    program = (
        "import ast; from bookmaker.code import Code; "
        "print(Code(ast.parse(\"x in {'a', 'b', 'c', 'd'}\"), 'x').digest)"
    )
    digests = {
        subprocess.check_output([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed})
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1
