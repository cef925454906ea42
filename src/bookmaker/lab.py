"""The chapters in JupyterLab, as copies to work in, which keep what a reader writes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from bookmaker.alone import alone
from bookmaker.compose import with_outputs
from bookmaker.home import contain
from bookmaker.jobs import stored_key
from bookmaker.keys import Keys
from bookmaker.pages import title_of
from bookmaker.project import Project, read_json, read_plain, write_atomically
from bookmaker.working import names_in, working
from scalinglaws.errors import ScalingLawError
from scalinglaws.notebook.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bookmaker.project import Chapter

FOLDER = "lab"
"""Folder of the copies, in the checkout and not under ``_build``, which `make clean` removes."""

WRITTEN = ".written.json"
"""What each copy said when it was written, so that an edit is known."""

# No news, no look for updates, no list of extensions: nothing that asks another machine.
_SERVER = """c = get_config()
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
"""
_QUIET = {"fetchNews": "false", "checkForUpdates": False}


def lab(
    root: str | Path | None = None, *, chapters: Sequence[str] | None = None, browser: bool = True
) -> int:
    """Open the chapters, or those named, in JupyterLab; return its exit code when it ends.

    They are copies in the folder ``lab``. One that was edited is kept as it is, whatever became of
    the chapter. Raises ``UnknownName`` for a chapter that is none.
    """
    project = Project.at(root)
    wanted = [project.chapter(name) for name in chapters or ()] or list(project.chapters())
    with alone(project):
        contain(project)
        kept = write_copies(project, wanted)
    folder = project.root / FOLDER
    print(
        f"{counted(len(wanted), 'chapter')} in {folder}: work there, the sources stay as they are"
    )
    for name in kept:
        copy = folder / f"{name}.ipynb"
        print(f"{name}: your edits are kept. For the chapter anew, move {copy} away", flush=True)
    place = f"/tree/{wanted[0].name}.ipynb" if chapters else ""
    server = subprocess.Popen(_command(project, place, browser=browser), cwd=folder)
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            continue  # it was meant for the server, which asks whether to end


def write_copies(project: Project, chapters: Iterable[Chapter]) -> list[str]:
    """Write the copies that no reader edited; return the names of those that were.

    A copy has the outputs of the book where these are up to date, else what its source stores. That
    it was run, or looked at, is no edit.
    """
    folder = project.root / FOLDER
    shared, keys = names_in(project), Keys(project)
    found = read_json(folder / WRITTEN)
    written = dict(found) if isinstance(found, dict) else {}
    kept = []
    for chapter in chapters:
        source = read_plain(chapter.source)
        executed = project.executed / f"{chapter.name}.ipynb"
        if stored_key(executed) == keys.of(source):
            source = with_outputs(source, read_plain(executed))
        note = _note(title_of(chapter.source))
        made = working(source, shared, first=[note], links=True, myst=True)
        copy = folder / f"{chapter.name}.ipynb"
        there = _read(copy)
        if there is None or written.get(chapter.name) == there:
            if there != _digest(made):
                write_atomically(copy, json.dumps(made, indent=1, ensure_ascii=False) + "\n")
            written[chapter.name] = _digest(made)
        elif there != _digest(made):
            kept.append(chapter.name)
    write_atomically(folder / WRITTEN, json.dumps(written, indent=1, sort_keys=True) + "\n")
    return kept


def _note(title: str) -> dict[str, Any]:
    return {
        "cell_type": "markdown",
        "id": "lab-note",
        "metadata": {},
        "source": f"*{title}*, from the book *Scaling Laws, Reproduced*: a copy of your own. What "
        "you change here stays yours, and `make lab` will not overwrite it.",
    }


def _read(copy: Path) -> str | None:
    """Return what a copy says, None where there is none; one that cannot be read was edited."""
    if not copy.exists():
        return None
    try:
        return _digest(read_plain(copy))
    except ScalingLawError:
        return "unreadable"


def _digest(notebook: Mapping[str, Any]) -> str:
    """Digest of what a notebook says: the kinds and the text of its cells, whatever came out."""
    said = [[cell["cell_type"], cell["source"]] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _command(project: Project, place: str, *, browser: bool) -> list[str]:
    """Write JupyterLab's settings under ``_build`` and return what starts it.

    A kernel there is a reader's own: unlike one that makes the book, it lets warnings pass.
    """
    home = project.build / "home" / FOLDER
    write_atomically(home / "server.py", _SERVER)
    settings = home / "settings"
    news = settings / "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    if not news.exists():
        write_atomically(news, json.dumps(_QUIET) + "\n")
    os.environ["JUPYTERLAB_SETTINGS_DIR"] = str(settings)
    os.environ["JUPYTERLAB_WORKSPACES_DIR"] = str(home / "workspaces")
    os.environ["IPYTHONDIR"] = str(home / "ipython")
    command = [sys.executable, "-m", "jupyterlab", f"--config={home / 'server.py'}"]
    command += [
        f"--ServerApp.root_dir={project.root / FOLDER}",
        f"--LabApp.default_url=/lab{place}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # as in most containers, to whose host alone it answers
    return command if browser else [*command, "--no-browser"]
