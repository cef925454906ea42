"""The notebook that a page offers for download, which runs where there is no checkout."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from bookmaker.compose import with_outputs
from bookmaker.pages import title_of
from bookmaker.project import read_plain, write_atomically
from bookmaker.working import names_in, working
from scalinglaws._version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bookmaker.plain import Names
    from bookmaker.project import Chapter, Project

FOLDER = "downloads"
"""Folder of ``_build`` in which they wait for the renderer."""

_OFFERED = "_sources"
"""Where the theme's download button looks, in a site."""

INSTALL = f"""# Installs the library, with its data, where it is missing: from its wheel if
# that lies beside this notebook, else from the package index.
import importlib.util

if importlib.util.find_spec("scalinglaws") is None:
    %pip install --quiet --find-links . "scalinglaws[figures]=={VERSION}"
    importlib.invalidate_caches()
if importlib.util.find_spec("scalinglaws") is None:
    raise ImportError(
        "scalinglaws could not be installed: put scalinglaws-{VERSION}-py3-none-any.whl, from the "
        "releases of the book, into the folder of this notebook, and run this cell again"
    )"""


def write_downloads(project: Project) -> None:
    """Write the notebook of every executed chapter for download, and remove those of others."""
    folder = project.build / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    shared = names_in(project)
    for chapter in project.chapters():
        executed = project.executed / f"{chapter.name}.ipynb"
        if executed.is_file():
            whole = with_outputs(read_plain(chapter.source), read_plain(executed))
            made = download(whole, chapter, shared)
            text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
            write_atomically(folder / f"{chapter.name}.ipynb", text)


def download(whole: Mapping[str, Any], chapter: Chapter, shared: Names) -> dict[str, Any]:
    """Return a chapter as a notebook that installs what it needs, with its solutions folded."""
    note = (
        f"*{title_of(chapter.source)}*, from the book *Scaling Laws, Reproduced*. It runs from top "
        "to bottom on any machine with Python 3.11 or newer and Jupyter; the folded cell below "
        "installs the library with its data where they are missing. Solutions are folded."
    )
    code: dict[str, Any] = {
        "outputs": [],
        "execution_count": None,
        "cell_type": "code",
        "source": INSTALL,
    }
    first: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "download-note", "metadata": {}, "source": note},
        {**code, "id": "download-install", "metadata": {"jupyter": {"source_hidden": True}}},
    ]
    return working(whole, shared, first=first)


def place_downloads(project: Project, site: Path) -> None:
    """Put the notebooks where the pages' download buttons find them."""
    folder = project.build / FOLDER
    for notebook in sorted(folder.rglob("*.ipynb")):
        target = site / _OFFERED / notebook.relative_to(folder)
        if target.is_file():
            shutil.copyfile(notebook, target)
