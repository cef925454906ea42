"""Light chapters that run in the reader's browser: a JupyterLite beside the pages of a site."""

from __future__ import annotations

import ast
import html
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from packaging.utils import canonicalize_name
from packaging.version import Version

from bookmaker.pages import title_of, toc_pages
from bookmaker.project import read_plain, write_atomically
from bookmaker.pyodide import LOCK
from bookmaker.timings import recorded
from bookmaker.wheels import Wheel, installed_wheel
from bookmaker.working import names_in, working
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bookmaker.project import Chapter, Project

FOLDER = "run"
"""Folder of the site that holds JupyterLite, beside the one with Pyodide."""

NEEDED = ("ipython", "jedi", "micropip")
"""Packages of Pyodide that the kernel asks for, beside what a chapter imports."""

LIGHT = 2.0
"""How many times the median of all chapters a light one may take, on whatever machine ran them."""

APP = 6.0e6
"""Bytes of JupyterLite itself, as a browser that opens a chapter was seen to load them."""

MICROPIP = Version("0.10")
"""The oldest that the kernel's ``piplite`` can be imported with; Pyodide 0.29 has a newer one."""

_KERNEL = "jupyterlite-pyodide-kernel"
_EXTENSION = "@jupyterlite/pyodide-kernel-extension"
_STARTED = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython")
"""What the kernel imports at its start, in its own order."""

_PYODIDE = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
_TIME = '<div class="sl-time docutils">'
_SETUP = """# Matplotlib lists the fonts at its first import in a browser, and would say so; a bar
# that shows how far a fit is would stay in the page.
import logging
import os

os.environ["TQDM_DISABLE"] = "1"
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)"""


def offer_chapters(project: Project, site: Path, *, bytes_of_python: int) -> list[Chapter]:
    """Lay JupyterLite into a site that carries Pyodide, and a button on each light chapter.

    Nothing is loaded before a reader follows it. ``bytes_of_python`` are what the library needs.
    Return the chapters. Raises ``ScalingLawError`` where JupyterLite is not installed or does not
    build.
    """
    packages = json.loads((site / "pyodide" / LOCK).read_text(encoding="utf-8"))["packages"]
    chapters = list(light_chapters(project, _imports(packages)))
    own = _lay_kernel(site, packages)
    _build(project, site, chapters)
    weight = bytes_of_python + own + APP
    for chapter in chapters:
        _button(site, chapter, weight=weight)
    return chapters


def too_old(site: Path) -> str:
    """Say why the Pyodide that a site carries cannot run the kernel, nothing where it can."""
    packages = json.loads((site / "pyodide" / LOCK).read_text(encoding="utf-8"))["packages"]
    found = Version(packages["micropip"]["version"])
    if found >= MICROPIP:
        return ""
    return f"the kernel needs micropip {MICROPIP} or newer, and this Pyodide has {found}"


def light_chapters(project: Project, there: set[str]) -> Iterator[Chapter]:
    """Yield the chapters that ran quickly for this book and import only what is ``there``.

    Chapters come in the order of the book; ``there`` are names that can be imported.
    """
    chapters = {c.name: c for c in project.chapters()}
    seconds = {name: s for name, s in recorded(project).items() if name in chapters}
    limit = LIGHT * median(seconds.values()) if seconds else 0.0
    for name in toc_pages(project):
        if name in seconds and seconds[name] <= limit:
            asked = _asked(read_plain(chapters[name].source))
            if asked <= there | set(sys.stdlib_module_names):
                yield chapters[name]


def _asked(notebook: Mapping[str, Any]) -> set[str]:
    """Return the top names that a chapter's cells import."""
    names: set[str] = set()
    for cell in notebook["cells"]:
        for node in ast.walk(ast.parse(cell["source"])) if cell["cell_type"] == "code" else ():
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).partition(".")[0])
    return names


def _imports(packages: Mapping[str, Any]) -> set[str]:
    return {name for one in packages.values() for name in one.get("imports", ())}


def _lay_kernel(site: Path, packages: Mapping[str, Any]) -> int:
    """Write the kernel's own lock beside Pyodide's; return the bytes that the kernel loads.

    With its parts in a lock the kernel starts without asking an index, and each file has its hash.
    """
    folder = site / "pyodide"
    pypi = _extension() / "static/pypi"
    patterns = ("ipykernel-*.whl", "piplite-*.whl", "pyodide_kernel-*.whl")
    wheels = [Wheel(folder / file.name) for one in patterns for file in sorted(pypi.glob(one))]
    for wheel in wheels:
        shutil.copyfile(pypi / wheel.path.name, wheel.path)
    if "comm" not in packages:
        wheels.append(installed_wheel("comm", folder))
    known = {**packages, **{w.name: w.locked(()) for w in wheels}}
    for name in ("comm", "piplite", "pyodide-kernel"):
        needed = {"comm": ["traitlets"], "piplite": ["micropip"]}.get(name, ["comm", "ipython"])
        known[name] = {**known[name], "depends": needed}
    lock = json.loads((folder / LOCK).read_text(encoding="utf-8"))
    text = json.dumps({**lock, "packages": known}, sort_keys=True)
    (folder / "kernel-lock.json").write_text(text, encoding="utf-8")
    found: set[str] = set()
    left = list(_STARTED)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [canonicalize_name(one) for one in known[name]["depends"]]
    return sum((folder / known[name]["file_name"]).stat().st_size for name in found)


def _build(project: Project, site: Path, chapters: Sequence[Chapter]) -> None:
    """Build JupyterLite with these chapters, without outputs, into the site."""
    shared = names_in(project)
    with tempfile.TemporaryDirectory(dir=project.build) as made:
        work = Path(made)
        for chapter in chapters:
            first = _first(title_of(chapter.source))
            whole = read_plain(chapter.source)
            copy = working(whole, shared, first=first, outputs=False, kernel=_PYODIDE)
            write_atomically(work / f"files/{chapter.name}.ipynb", json.dumps(copy) + "\n")
        kernel = {
            # Without this the kernel would wait for another site without a word; it is read from
            # where a notebook's page lies, two folders down.
            "pyodideUrl": "../../pyodide/pyodide.mjs",
            "disablePyPIFallback": True,
            "loadPyodideOptions": {
                "lockFileURL": "../../pyodide/kernel-lock.json",
                "packages": list(_STARTED),
            },
        }
        told = {
            "appName": "Scaling Laws, Reproduced",
            "litePluginSettings": {f"{_EXTENSION}:kernel": kernel},
        }
        lite = {"jupyter-lite-schema-version": 0, "jupyter-config-data": told}
        write_atomically(work / "jupyter-lite.json", json.dumps(lite))
        theme = {"@jupyterlab/apputils-extension:themes": {"adaptive-theme": True}}
        write_atomically(work / "overrides.json", json.dumps(theme))
        settings = {
            "apps": ["notebooks", "tree"],
            "cache_dir": str(work / "cache"),
            "contents": [str(work / "files")],
            "federated_extensions": [str(_extension())],
            "ignore_sys_prefix": ["federated_extensions"],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "output_dir": str(site / FOLDER),
        }
        write_atomically(
            work / "jupyter_lite_config.json", json.dumps({"LiteBuildConfig": settings})
        )
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(work)]
        done = subprocess.run(
            command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    if done.returncode:
        raise ScalingLawError(f"JupyterLite could not be built:\n{done.stdout.strip()}")


def _first(title: str) -> list[dict[str, Any]]:
    note = (
        f"*{title}*, from the book *Scaling Laws, Reproduced*. It runs in your browser: choose "
        "*Run*, then *Run All Cells* in the menu. The first cell takes the longest, since Python "
        "comes with it. What you change stays in this browser, and nothing you write leaves it."
    )
    hidden = {"jupyter": {"source_hidden": True}}
    code: dict[str, Any] = {
        "outputs": [],
        "execution_count": None,
        "cell_type": "code",
        "source": _SETUP,
    }
    return [
        {"cell_type": "markdown", "id": "lite-note", "metadata": {}, "source": note},
        {**code, "id": "lite-setup", "metadata": hidden},
    ]


def _button(site: Path, chapter: Chapter, *, weight: float) -> None:
    """Write the button under the title of a chapter's page, with what it costs."""
    page = site / f"{chapter.name}.html"
    text = page.read_text(encoding="utf-8")
    at = text.find(_TIME)
    if at < 0:
        raise ScalingLawError(f"{page} has no place for a button: {_TIME} is missing")
    end = text.index("</div>", at) + len("</div>")
    up = "../" * chapter.name.count("/")
    address = f"{up}{FOLDER}/notebooks/index.html?path={quote(chapter.name, safe='')}.ipynb"
    button = (
        f'\n<p class="sl-run"><a href="{html.escape(address)}">Run this chapter in your browser'
        f"</a> Nothing to install. A click loads {weight / 1e6:.0f} MB from this site, and the "
        "whole chapter then takes a few minutes.</p>"
    )
    page.write_text(text[:end] + button + text[end:], encoding="utf-8")


def _extension() -> Path:
    folder = Path(sys.prefix) / "share/jupyter/labextensions" / _EXTENSION
    if not (folder / "package.json").is_file():
        raise ScalingLawError(
            f"{_KERNEL} is missing from the environment: install requirements.lock again with "
            "`python3 tools/make_env.py`"
        )
    return folder
