"""What a release carries: the wheel, its source, the site as a zip file, and the book's PDF."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from bookmaker.alone import alone
from bookmaker.pdf import PDF
from bookmaker.project import Project
from scalinglaws._version import VERSION
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from pathlib import Path

_NAME = f"scaling-laws-reproduced-{VERSION}"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of each file in the zip, so that the same site makes the same bytes."""


def release(root: str | Path | None = None, *, tag: str = "") -> list[Path]:
    """Write the files of a release to ``_build/release``, print them with their sizes, return them.

    The PDF goes with them where it was printed after the site was rendered.
    Raises ``ScalingLawError`` where ``tag``, if given, is not ``v`` and the version, where no site
    was built, and with the builder's words where the wheel cannot be built.
    """
    project = Project.at(root)
    if tag and tag != f"v{VERSION}":
        raise ScalingLawError(
            f"the tag is {tag} and the version {VERSION}: set both in pyproject.toml, "
            "src/scalinglaws/_version.py and CITATION.cff, or tag the commit that holds them"
        )
    if not (project.site / "index.html").is_file():
        raise ScalingLawError(f"{project.site} holds no site: run `make book` first")
    with alone(project):
        folder = project.build / "release"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        _build_wheel(project, folder)
        _pack(project.site, folder / f"{_NAME}.zip")
        printed = project.build / PDF
        if printed.is_file() and _newer(printed, project.site / "index.html"):
            shutil.copyfile(printed, folder / f"{_NAME}.pdf")
        files = sorted(folder.iterdir())
    for file in files:
        print(f"{file.stat().st_size / 1e6:6.1f} MB  {file}")
    return files


def _newer(one: Path, other: Path) -> bool:
    return one.stat().st_mtime_ns >= other.stat().st_mtime_ns


def _build_wheel(project: Project, folder: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(
        command, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise ScalingLawError(f"the wheel could not be built:\n{done.stdout.strip()}")


def _pack(site: Path, target: Path) -> None:
    """Write a site's files, in order, into a zip file with one folder of its own name."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in site.rglob("*") if p.is_file()):
            inside = f"{target.stem}/{path.relative_to(site).as_posix()}"
            entry = zipfile.ZipInfo(inside, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
