"""Wheels that need no index: the library's own, and those put together from what is installed."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from functools import cached_property
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from email.message import Message

    from bookmaker.project import Project

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of each file in a wheel, so that the same package makes the same bytes."""

_OF_THE_INSTALLER = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json"}


@dataclass(frozen=True)
class Wheel:
    """A wheel that is a file: what it holds and what it asks for."""

    path: Path

    @cached_property
    def metadata(self) -> Message:
        """Its METADATA."""
        with zipfile.ZipFile(self.path) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
            return message_from_bytes(archive.read(name))

    @property
    def name(self) -> str:
        """Name of its package, as an index spells it."""
        return canonicalize_name(str(self.metadata["Name"]))

    @property
    def version(self) -> str:
        """Version of its package."""
        return str(self.metadata["Version"])

    @property
    def python(self) -> str:
        """Pythons that it is for, such as ``>=3.11``."""
        return str(self.metadata["Requires-Python"] or "")

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """Names that it can be imported by."""
        with zipfile.ZipFile(self.path) as archive:
            tops = {n.split("/")[0] for n in archive.namelist() if n.endswith(".py")}
        return tuple(sorted(t.removesuffix(".py") for t in tops if not t.endswith(".dist-info")))

    @cached_property
    def sha256(self) -> str:
        """Digest of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def requires(
        self, environment: Mapping[str, str], *, extras: Iterable[str] = ()
    ) -> list[Requirement]:
        """List what it needs on a machine of which ``environment`` gives the markers."""
        needed = [Requirement(line) for line in self.metadata.get_all("Requires-Dist", [])]
        asked = ("", *extras)
        return [
            r
            for r in needed
            if r.marker is None
            or any(r.marker.evaluate({**environment, "extra": e}) for e in asked)
        ]

    def locked(self, depends: Iterable[str]) -> dict[str, Any]:
        """Return the wheel as Pyodide's lock names a package that needs others."""
        return {
            "name": self.name,
            "version": self.version,
            "file_name": self.path.name,
            "install_dir": "site",
            "sha256": self.sha256,
            "package_type": "package",
            "imports": list(self.imports),
            "depends": list(depends),
            "unvendored_tests": False,
        }


def build_wheel(project: Project, folder: Path) -> Wheel:
    """Build the wheel of the library that a project runs into a folder, without a network.

    Raises ``ScalingLawError`` with the builder's words where it cannot be built.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(
        command,
        cwd=project.library.parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise ScalingLawError(f"the wheel could not be built:\n{done.stdout.strip()}")
    (built,) = folder.glob("scalinglaws-*.whl")
    return Wheel(built)


def installed_wheel(name: str, folder: Path) -> Wheel:
    """Put the wheel of an installed package together again, each file by the hash it came with.

    What is installed has the version and the hash of ``requirements.lock``. Raises
    ``ScalingLawError`` for a package that is not installed, has compiled parts, or was changed.
    """
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise ScalingLawError(
            f"{name} is neither in the Pyodide distribution nor installed: take a distribution "
            f"that has it, or install requirements.lock again with `python3 tools/make_env.py`"
        ) from None
    tags = message_from_bytes((found.read_text("WHEEL") or "").encode())
    if tags["Root-Is-Purelib"] != "true":
        raise ScalingLawError(
            f"{name} is not in the Pyodide distribution and has compiled parts, so the one that "
            f"is installed here cannot run in a browser: take a distribution that has it"
        )
    path = folder / f"{name.replace('-', '_')}-{found.version}-py3-none-any.whl"
    listed, info = [], ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, content in sorted(_contents(found, name)):
            _write(archive, inside, content)
            listed.append(f"{inside},sha256={_digest(content)},{len(content)}")
            if inside.endswith(".dist-info/METADATA"):
                info = inside.rpartition("/")[0]
        _write(archive, f"{info}/RECORD", "\n".join([*listed, f"{info}/RECORD,,", ""]).encode())
    return Wheel(path)


def _contents(found: Distribution, name: str) -> Iterable[tuple[str, bytes]]:
    """Yield the files of a package that lie beside it, each with what its installer recorded."""
    for file in found.files or ():
        inside = file.as_posix()
        if inside.startswith("..") or file.suffix == ".pyc" or file.name in _OF_THE_INSTALLER:
            continue
        content = Path(str(file.locate())).read_bytes()
        if file.hash is not None and file.hash.value != _digest(content):
            raise ScalingLawError(
                f"{file.locate()} is not what {name} was installed with: install requirements.lock "
                f"again with `python3 tools/make_env.py`"
            )
        yield inside, content


def _write(archive: zipfile.ZipFile, inside: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(inside, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _digest(content: bytes) -> str:
    """Return a digest as a wheel's RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
