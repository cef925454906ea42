"""Run the checks of ``make test`` and ``make lint`` in order."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from bookmaker.alone import alone
from bookmaker.home import contain
from bookmaker.lint import lint
from bookmaker.update import update

if TYPE_CHECKING:
    from bookmaker.project import Project

PYTEST = (
    "pytest tests book --nbval --nbval-current-env -p tests.nbval_tolerance -p tests.nbval_replay "
    "-n auto --dist loadfile --no-loadscope-reorder"
)
SOURCES = "src tests data benchmarks tools book"
STYLE = (
    f"ruff check {SOURCES}",
    f"ruff format --check {SOURCES}",
    "mypy",
    "lint-imports --no-logo --no-cache",
)
# A program that no `python -m` starts.
_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def check_style(project: Project) -> bool:
    """Run ruff, mypy and import-linter up to the first that fails; return whether all passed."""
    return all(_run(project, command) for command in STYLE)


def check_sources(project: Project) -> bool:
    """Check style, types and imports, then chapters and bibliography; return whether all passed."""
    passed = check_style(project)
    problems = lint(project.root)
    for problem in problems:
        print(problem)
    print(f"chapters and bibliography: {len(problems)} problems")
    return passed and not problems


def check_all(project: Project, *, browser: str) -> bool:
    """Run every check; return whether all passed.

    Chapters that changed are executed first, once: pytest compares what they gave.
    pytest runs last whatever came before it, so that its closing line closes the output.
    ``browser="required"`` turns a skipped browser test into a failure.
    """
    os.environ["SCALINGLAWS_BROWSER"] = browser
    passed = check_style(project)
    with alone(project):  # and no longer: tests of the site bring the book up to date themselves
        contain(project)
        problems = update(project)
    for problem in problems:
        print(f"\n{problem}", flush=True)
    return _run(project, PYTEST) and passed


def _run(project: Project, command: str) -> bool:
    print(f"$ {command}", flush=True)
    program, *options = command.split()
    start = ["-c", _LINT_IMPORTS] if program == "lint-imports" else ["-m", program]
    words = [sys.executable, *start, *options]
    return subprocess.run(words, cwd=project.root).returncode == 0
