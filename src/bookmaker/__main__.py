"""Command line: ``python -m bookmaker book | run | kit | compare | test ...``; see ``--help``."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

from bookmaker.book import book, refresh_references, run
from bookmaker.check import check_all, check_sources
from bookmaker.editions import compare
from bookmaker.errors import disk_problem
from bookmaker.kit import kit
from bookmaker.lab import lab
from bookmaker.lite import lite
from bookmaker.new import new_chapter
from bookmaker.pdf import pdf
from bookmaker.project import Project
from bookmaker.release import release
from scalinglaws.errors import BadParameters, ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
LOCK = (
    "uv pip compile pyproject.toml --group bench --group book --group lite "
    "--group test --group tools --universal --generate-hashes --no-header -o requirements.lock"
)
LIBRARY_LOCK = (
    "uv pip compile pyproject.toml --extra figures --extra parquet -c requirements.lock "
    "--universal --generate-hashes --no-header --no-annotate -o binder/requirements.txt"
)
"""What the library alone needs, at the versions of the lock."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _dispatch(options)
    except ScalingLawError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"\n{disk_problem(problem)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nInterrupted. Chapters that were finished are kept; the same command goes on from "
            "there.",
            file=sys.stderr,
        )
        return INTERRUPTED


def _dispatch(options: argparse.Namespace) -> int:
    if options.command == "book":
        book(options.root, workers=options.workers)
        return 0
    if options.make:
        _read_make(options)
    if options.command == "run":
        given = dict(options.parameters)
        run(options.chapter or "", root=options.root, table=options.runs or None, **given)
        return 0
    if options.command == "kit":
        kit(options.root, chapters=[options.chapter] if options.chapter else None)
        return 0
    if options.command == "lab":
        chosen = [options.chapter] if options.chapter else None
        return lab(options.root, chapters=chosen, browser=options.browser_window)
    if options.command == "compare":
        compare(options.old, options.new, root=options.root)
        return 0
    if options.command == "lite":
        lite(options.root, pyodide=options.pyodide)
        return 0
    if options.command == "pdf":
        pdf(options.root)
        return 0
    if options.command == "release":
        release(options.root, tag=options.tag)
        return 0
    if options.command == "reference":
        refresh_references(options.chapter or None, root=options.root)
        if not options.chapter:
            from bookmaker.hook import draw_hook

            print(draw_hook(Project.at(options.root).root))
        return 0
    if options.command == "new":
        file = new_chapter(options.chapter or "", root=options.root)
        print(f"{file}\nIt is in _toc.yml and passes `make lint`; now write it.")
        return 0
    project = Project.at(options.root)
    if options.command == "test":
        return 0 if check_all(project, browser=options.browser) else 1
    if options.command == "lint":
        return 0 if check_sources(project) else 1
    return _lock(project)


def _read_make(options: argparse.Namespace) -> None:
    """Take what make was given from the environment, where no shell has read it."""
    options.chapter = os.environ.get("BOOK_NAME", "").strip()
    options.runs = os.environ.get("BOOK_RUNS", "")
    options.browser = os.environ.get("BOOK_BROWSER", "") or "auto"
    options.old, options.new = os.environ.get("BOOK_OLD", ""), os.environ.get("BOOK_NEW", "")
    options.tag = os.environ.get("BOOK_TAG", "")
    options.pyodide = os.environ.get("BOOK_PYODIDE", "")
    try:
        pairs = shlex.split(os.environ.get("BOOK_P", ""))
        options.parameters = [_assignment(pair) for pair in pairs]
    except (ValueError, argparse.ArgumentTypeError) as problem:
        raise BadParameters(
            f"P cannot be read: {problem}. Write name=value, apart by blanks, with quotes around a "
            "value that holds some: P=\"runs='my file.csv' seed=1\""
        ) from None


def _lock(project: Project) -> int:
    """Resolve both locks with uv, which the environment gets for this alone."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "uv"]
    subprocess.run(install, check=True)
    cache = project.build / "home" / "uv"
    for resolve in (LOCK, LIBRARY_LOCK):
        command = [sys.executable, "-m", *resolve.split(), "--cache-dir", str(cache)]
        done = subprocess.run(command, cwd=project.root, stdout=subprocess.DEVNULL)
        if done.returncode:
            return done.returncode
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bookmaker", allow_abbrev=False)
    parser.add_argument("--root", help="the checkout, by default the one that holds this package")
    parser.add_argument(
        "--make",
        action="store_true",
        help="take NAME, RUNS, P and BROWSER from the environment, as BOOK_NAME and so on",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("book", help="execute what changed and render the book")
    build.add_argument("--workers", type=int, help="chapters at once, by default one a core")
    one = commands.add_parser("run", help="run one chapter on your own runs")
    one.add_argument("chapter", nargs="?", help="its name, such as chinchilla")
    one.add_argument("--runs", help="a bundled set, or the path of a CSV or Parquet table")
    one.add_argument(
        "-p",
        dest="parameters",
        metavar="NAME=VALUE",
        type=_assignment,
        action="append",
        default=[],
        help="another parameter; may be repeated",
    )
    refresh = commands.add_parser("reference", help="refresh the text outputs in the sources")
    refresh.add_argument("chapter", nargs="?", help="one chapter, by default all")
    pack = commands.add_parser("kit", help="notebooks for students and teachers, and slides")
    pack.add_argument("chapter", nargs="?", help="one chapter, by default all")
    work = commands.add_parser("lab", help="the chapters in JupyterLab, as copies to work in")
    work.add_argument("chapter", nargs="?", help="the one to open, by default the list of all")
    work.add_argument(
        "--no-browser",
        dest="browser_window",
        action="store_false",
        help="print the address and open no window",
    )
    beside = commands.add_parser("compare", help="what changed between two editions' claims")
    beside.add_argument("old", nargs="?", default="", help="a checkout, a site (or its zip), a CSV")
    beside.add_argument("new", nargs="?", default="", help="another, by default this checkout")
    inside = commands.add_parser("lite", help="the book, and beside it the site with Python in it")
    inside.add_argument("pyodide", nargs="?", default="", help="a folder, or an https address")
    commands.add_parser("pdf", help="the whole book in one file, by headless Chromium")
    carry = commands.add_parser("release", help="the wheel, its source and the site as a zip file")
    carry.add_argument("--tag", default="", help="refuse where it is not v and the version")
    new = commands.add_parser("new", help="write a chapter from a template")
    new.add_argument("chapter", nargs="?", help="its part and name, such as language/my_law")
    test = commands.add_parser("test", help="style, types, tests and every chapter's outputs")
    test.add_argument("--browser", choices=("auto", "required"), default="auto")
    commands.add_parser("lint", help="style, types, chapters and bibliography, nothing executed")
    commands.add_parser("lock", help="resolve requirements.lock again")
    return parser


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    return name.strip(), value.strip()


if __name__ == "__main__":
    sys.exit(main())
