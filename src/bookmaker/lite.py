"""The site with Python in it: pages that run the library in the reader's browser."""

from __future__ import annotations

import html
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bookmaker.alone import alone
from bookmaker.book import book
from bookmaker.jupyterlite import NEEDED, offer_chapters, too_old
from bookmaker.project import Project
from bookmaker.pyodide import Pyodide
from bookmaker.wheels import build_wheel
from scalinglaws.errors import ScalingLawError
from scalinglaws.notebook.words import counted

if TYPE_CHECKING:
    from bookmaker.pyodide import Carried

LITE = "lite"
"""Folder of ``_build`` that holds the site."""

EMPTY = 'data-python=""'
"""What stands in a page that can run Python, where the site carries none."""

ALSO: tuple[str, ...] = ()
"""Packages of Pyodide that pages ask for beside what the library needs."""


def lite(root: str | Path | None = None, *, pyodide: str) -> Path:
    """Build the book and, beside it, the same site with Python; return its first page.

    ``pyodide`` is the folder of a Pyodide distribution, which the site then carries, or its https
    address, from which readers' browsers load it. Raises ``ScalingLawError`` where there is none,
    before anything is built.
    """
    distribution = Pyodide.at(pyodide)
    project = Project.at(root)
    book(project.root)
    with alone(project):
        target = project.build / LITE
        workshop = project.build / f"{LITE}.partial"
        shutil.rmtree(workshop, ignore_errors=True)
        shutil.copytree(project.site, workshop)
        carried = _carry(project, distribution, workshop)
        _fill(workshop, carried)
        chapters = _offer(project, workshop, carried)
        shutil.rmtree(target, ignore_errors=True)
        workshop.replace(target)
    for note in carried.notes:
        print(note)
    print(f"Python          {_weight(carried)} from {_origin(carried)}, when a reader asks for it")
    print(f"chapters        {chapters}")
    print(f"\npython3 -m http.server --directory {target}")
    return target / "index.html"


def _carry(project: Project, distribution: Pyodide, site: Path) -> Carried:
    with tempfile.TemporaryDirectory(dir=project.build) as folder:
        wheel = build_wheel(project, Path(folder))
        return distribution.carry(site, wheel, extras=("figures",), also=(*ALSO, *NEEDED))


def _offer(project: Project, site: Path, carried: Carried) -> str:
    """Give the light chapters a button where the site has Pyodide itself; say which, in words."""
    if "://" in carried.index or carried.bytes is None:
        return "none runs in a browser: that needs the folder of a distribution, not its address"
    if reason := too_old(site):
        return f"none runs in a browser: {reason}"
    offered = offer_chapters(project, site, bytes_of_python=carried.bytes)
    return f"{counted(len(offered), 'chapter')} with a button: {', '.join(c.name for c in offered)}"


def _fill(site: Path, carried: Carried) -> None:
    """Tell each page that can run Python where it lies, what to load and how much that is."""
    told = {
        "index": carried.index,
        "load": carried.load,
        "bytes": carried.bytes,
        "origin": _origin(carried),
        "version": carried.version,
    }
    said = f'data-python="{html.escape(json.dumps(told))}"'
    pages = [p for p in sorted(site.rglob("*.html")) if EMPTY in p.read_text(encoding="utf-8")]
    if not pages:
        raise ScalingLawError(f"no page of {site} can run Python: none has {EMPTY}")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(EMPTY, said), encoding="utf-8")


def _origin(carried: Carried) -> str:
    """Return where Python comes from, in words."""
    _, there, rest = carried.index.partition("://")
    return rest.partition("/")[0] if there else "this site"


def _weight(carried: Carried) -> str:
    return "an unknown size" if carried.bytes is None else f"{carried.bytes / 1e6:.0f} MB"
