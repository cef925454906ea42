"""Render ``_build/book`` into ``_build/html``, a site that reads without a network."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bookmaker.context import write_context
from bookmaker.downloads import FOLDER as DOWNLOADS
from bookmaker.downloads import place_downloads
from bookmaker.drawings import place_drawings
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from bookmaker.project import Project

STAMP = ".stamp"
# The bibliography asks which packages are installed, by reading them all, at every citation.
JUPYTER_BOOK = """
from functools import cache
import pybtex.plugin
from jupyter_book.cli.main import main
pybtex.plugin.entry_points = cache(pybtex.plugin.entry_points)
main()
"""
LOG_TAIL_LINES = 40
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Files of the theme that no page of a book without launch buttons asks for.
UNUSED = (
    "_static/images",
    "_static/locales",
    "_static/sbt-webpack-macros.html",
    "_sphinx_design_static",
)
# Every browser that runs the theme reads woff2.
UNUSED_SUFFIXES = (".map", ".ttf")


def render(project: Project) -> bool:
    """Render the site when anything that it is made of changed; return whether it was.

    Any warning is an error. The site is made elsewhere and moved in whole; a failure raises
    ``ScalingLawError`` with the renderer's last lines and leaves no site behind.
    """
    key = site_key(project)
    stamp = project.site / STAMP
    if stamp.is_file() and stamp.read_bytes() == key.encode():
        return False
    remove_site(project)
    workshop = project.build / "render"
    shutil.rmtree(workshop, ignore_errors=True)
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(project.pages)]
    command += ["-W", "--keep-going", "--path-output", str(workshop)]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=project.root,
    )
    log = _COLOURS.sub("", done.stdout)
    (project.build / "render.log").write_text(log, encoding="utf-8")
    made = workshop / "_build" / "html"
    if done.returncode or not (made / "index.html").is_file():
        raise ScalingLawError(f"The book could not be rendered:\n{_reading(log, project)}")
    place_drawings(made)
    place_downloads(project, made)
    write_context(made)
    self_host_mathjax(made)
    trim(made)
    (made / STAMP).write_text(key, encoding="utf-8")
    made.replace(project.site)
    shutil.rmtree(workshop)
    return True


def remove_site(project: Project) -> None:
    """Remove the rendered site, so that an old one never stands for a build that failed."""
    shutil.rmtree(project.site, ignore_errors=True)


def site_key(project: Project) -> str:
    """Digest of every file that the renderer reads, and of the renderer's version."""
    digest = hashlib.sha256(platform.python_version().encode())
    folders = (project.pages, project.build / DOWNLOADS)
    files = [p for one in folders for p in sorted(one.rglob("*")) if p.is_file()]
    for path in (*files, project.root / "_config.yml", project.root / "requirements.lock"):
        if path.is_file():
            digest.update(path.relative_to(project.root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name in ("site.py", "drawings.py", "context.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()


def mathjax_folder() -> Path:
    """Find MathJax's ``es5`` folder in the package that the lock installs."""
    spec = find_spec("mathjax")
    folder = Path(spec.origin).parent / "static/mathjax/es5" if spec and spec.origin else None
    if folder is None or not folder.is_dir():
        raise ScalingLawError(
            "MathJax is missing from the environment: install requirements.lock again with "
            "`python3 tools/make_env.py`"
        )
    return folder


def self_host_mathjax(site: Path) -> None:
    """Copy the one script and the fonts that the pages load into the site."""
    source, target = mathjax_folder(), site / "_static" / "mathjax"
    fonts = "output/chtml/fonts/woff-v2"
    (target / fonts).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "tex-mml-chtml.js", target / "tex-mml-chtml.js")
    for font in (source / fonts).glob("*.woff"):
        shutil.copyfile(font, target / fonts / font.name)


def trim(site: Path) -> None:
    """Remove the files that no page uses."""
    for name in UNUSED:
        path = site / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in list(site.rglob("*")):
        if path.is_file() and path.name.endswith(UNUSED_SUFFIXES):
            path.unlink()


def _reading(log: str, project: Project) -> str:
    """Quote the warnings and errors of a renderer's log, or its end where it names none."""
    lines = [line.replace(f"{project.pages}/", "book/") for line in log.splitlines()]
    told = [line for line in lines if "WARNING" in line or "ERROR" in line]
    shown = (told or lines)[-LOG_TAIL_LINES:]
    whole = project.build / "render.log"
    return "\n".join(f"  {line}" for line in shown) + f"\n  The whole log is {whole}"
