"""A Pyodide distribution, by its folder or its address, and the part of it that a site carries."""

from __future__ import annotations

import hashlib
import json
import shutil
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from bookmaker.wheels import Wheel, installed_wheel
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.requirements import Requirement

LOCK = "pyodide-lock.json"
_STARTS = ("pyodide.mjs", "pyodide.asm.wasm", "python_stdlib.zip", LOCK)
"""Files that every distribution has, the lock among them."""

_ASM = ("pyodide.asm.js", "pyodide.asm.mjs")
"""The script that belongs to the WebAssembly, under its older name and its newer one."""

_CLASSIC = "pyodide.js"
"""For scripts that are no modules, such as a JupyterLite kernel's worker."""

_DOWNLOAD = (
    "download pyodide-VERSION.tar.bz2 (not pyodide-core-VERSION) from the releases of Pyodide, "
    "unpack it, and give the folder"
)
_WAIT = 30.0
"""Seconds that an address has to answer."""


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What a site says about the Python that it loads.

    ``index`` is where Pyodide lies: a folder of the site, or an address. ``load`` lists what to
    load, as names in Pyodide's lock or as wheels in the site's folder; ``files`` maps what is
    fetched to its bytes, ``None`` where an address does not say. ``notes`` are sentences about
    versions.
    """

    index: str
    version: str
    load: tuple[str, ...]
    files: Mapping[str, int | None] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def bytes(self) -> int | None:
        """Bytes of all files together, ``None`` where one is not known."""
        sizes = list(self.files.values())
        return None if None in sizes else sum(s for s in sizes if s is not None)


@dataclass(frozen=True, kw_only=True)
class Pyodide:
    """A Pyodide distribution: ``place`` is its folder, or its address with a slash at the end."""

    place: Path | str
    lock: Mapping[str, Any] = field(repr=False)

    @classmethod
    def at(cls, given: str) -> Pyodide:
        """Return the distribution in a folder or at an https address.

        Raises ``ScalingLawError`` with what to do where there is none, it is not whole, or the
        address does not answer.
        """
        if not given.strip():
            raise ScalingLawError(
                "say which Pyodide: PYODIDE=/path/of/its/folder, or PYODIDE=https://...; for a "
                f"folder, {_DOWNLOAD}"
            )
        if "://" in given:
            return cls(place=_address(given), lock=_read_lock(_fetched(_address(given) + LOCK)))
        folder = Path(given).expanduser().resolve()
        if not (folder / LOCK).is_file() and (folder / "pyodide" / LOCK).is_file():
            folder = folder / "pyodide"  # as the archive unpacks
        missing = [name for name in _STARTS if not (folder / name).is_file()]
        if not any((folder / name).is_file() for name in _ASM):
            missing.append(_ASM[0])
        if missing:
            raise ScalingLawError(
                f"{folder} holds no whole Pyodide distribution ({', '.join(missing)} missing): "
                f"{_DOWNLOAD}"
            )
        return cls(place=folder, lock=_read_lock((folder / LOCK).read_bytes()))

    @property
    def version(self) -> str:
        """Version of Pyodide."""
        return str(self.lock["info"]["version"])

    @property
    def python(self) -> str:
        """Version of its Python."""
        return str(self.lock["info"]["python"])

    def closure(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return packages of the lock with all that they depend on, in order.

        Raises ``ScalingLawError`` for one that the lock does not have.
        """
        found: dict[str, None] = {}
        left = [canonicalize_name(n) for n in names]
        while left:
            name = left.pop()
            if name in found:
                continue
            if name not in self._packages:
                raise ScalingLawError(f"Pyodide {self.version} has no package {name}: {_DOWNLOAD}")
            found[name] = None
            left += [canonicalize_name(d) for d in self._packages[name]["depends"]]
        return tuple(sorted(found))

    def carry(
        self, site: Path, wheel: Wheel, *, extras: Iterable[str] = (), also: Iterable[str] = ()
    ) -> Carried:
        """Lay what a wheel needs into ``site/pyodide``, and return what the site loads.

        ``extras`` of the wheel are loaded too; ``also`` are packages that are only laid. From a
        folder, Pyodide and the packages are copied, each by its hash, with a lock that names these
        alone; from an address nothing is. Pure Python that the distribution lacks comes from what
        is installed. Raises ``ScalingLawError`` where a package is missing, damaged or for another
        Python.
        """
        target = site / "pyodide"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copyfile(wheel.path, target / wheel.path.name)
        wheels = {wheel.name: Wheel(target / wheel.path.name)}
        depends: dict[str, list[str]] = {}
        names: list[str] = []
        notes: list[str] = []
        left = [(wheels[wheel.name], tuple(extras))]
        while left:
            one, asked = left.pop()
            self._for_this_python(one)
            needed = one.requires(self._environment, extras=asked)
            depends[one.name] = sorted({canonicalize_name(r.name) for r in needed})
            for requirement in needed:
                name = canonicalize_name(requirement.name)
                if name in self._packages:
                    names.append(name)
                    notes += self._aged(name, requirement, one.name)
                elif name not in wheels:
                    wheels[name] = installed_wheel(name, target)
                    left.append((wheels[name], tuple(requirement.extras)))
        loaded = self.closure(names)
        if isinstance(self.place, str):
            return self._from_address(loaded, wheels, notes)
        laid = self.closure([*names, *also])
        self._copy(target, laid)
        packages = {n: self._packages[n] for n in laid}
        packages |= {w.name: w.locked(depends[w.name]) for w in wheels.values()}
        lock = {**self.lock, "packages": packages}
        (target / LOCK).write_text(json.dumps(lock, sort_keys=True), encoding="utf-8")
        starts = [*_STARTS, *(n for n in _ASM if (target / n).is_file())]
        fetched = [*starts, *(packages[n]["file_name"] for n in (*loaded, *wheels))]
        return Carried(
            index="pyodide/",
            version=self.version,
            load=(wheel.name,),
            files={name: (target / name).stat().st_size for name in fetched},
            notes=tuple(dict.fromkeys(notes)),
        )

    @property
    def _packages(self) -> Mapping[str, Any]:
        return {canonicalize_name(k): v for k, v in self.lock["packages"].items()}

    @property
    def _environment(self) -> dict[str, str]:
        """Markers of the machine that a browser is."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": "wasm32",
            "platform_python_implementation": "CPython",
            "platform_system": "Emscripten",
            "python_full_version": self.python,
            "python_version": ".".join(self.python.split(".")[:2]),
            "sys_platform": "emscripten",
        }

    def _for_this_python(self, wheel: Wheel) -> None:
        if self.python not in SpecifierSet(wheel.python):
            raise ScalingLawError(
                f"{wheel.name} {wheel.version} needs Python {wheel.python}, and Pyodide "
                f"{self.version} has Python {self.python}: take another version of Pyodide"
            )

    def _aged(self, name: str, requirement: Requirement, of: str) -> Iterator[str]:
        version = self._packages[name]["version"]
        if version not in requirement.specifier:
            yield (
                f"{of} asks for {name}{requirement.specifier}, and Pyodide {self.version} has "
                f"{version}: it is loaded all the same, and what needs another one fails; publish "
                f"with a Pyodide that has it"
            )

    def _copy(self, target: Path, names: Iterable[str]) -> None:
        """Copy Pyodide and packages, each with the hash of the lock."""
        assert isinstance(self.place, Path)
        hashes = {self._packages[n]["file_name"]: self._packages[n]["sha256"] for n in names}
        starts = [n for n in (*_STARTS, *_ASM, _CLASSIC) if (self.place / n).is_file()]
        if missing := [n for n in hashes if not (self.place / n).is_file()]:
            raise ScalingLawError(
                f"{self.place} lacks {', '.join(missing)}, which its lock names: {_DOWNLOAD}"
            )
        for name in (*starts, *hashes):
            content = (self.place / name).read_bytes()
            if name in hashes and hashlib.sha256(content).hexdigest() != hashes[name]:
                raise ScalingLawError(
                    f"{self.place / name} is not the file that {LOCK} names (another hash): "
                    f"{_DOWNLOAD}"
                )
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)

    def _from_address(
        self, names: tuple[str, ...], wheels: Mapping[str, Wheel], notes: Iterable[str]
    ) -> Carried:
        address = str(self.place)
        fetched = [*_STARTS, *(self._packages[n]["file_name"] for n in names)]
        asm = next((n for n in _ASM if _size(address + n) is not None), _ASM[0])
        files = {address + n: _size(address + n) for n in (*fetched, asm)}
        ours = {f"pyodide/{w.path.name}": w.path.stat().st_size for w in wheels.values()}
        return Carried(
            index=address,
            version=self.version,
            load=(*names, *ours),
            files={**files, **ours},
            notes=tuple(dict.fromkeys(notes)),
        )


def _address(given: str) -> str:
    """Return an address with one slash at the end; raises for one that a browser would refuse."""
    address = given.strip().removesuffix(LOCK).rstrip("/") + "/"
    host = address.partition("://")[2].partition("/")[0].partition(":")[0]
    if not (address.startswith("https://") or host in ("localhost", "127.0.0.1")):
        raise ScalingLawError(
            f"{given} is no https address, and a page that is read by https loads nothing from "
            "another: give the https address of a Pyodide distribution, or its folder"
        )
    return address


def _fetched(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=_WAIT) as answer:
            content: bytes = answer.read()
            return content
    except (OSError, ValueError) as problem:
        raise ScalingLawError(
            f"{address} does not answer ({problem}): check the address, which is the folder that "
            f"holds {LOCK}, or {_DOWNLOAD}"
        ) from None


def _size(address: str) -> int | None:
    """Return how many bytes lie at an address, where it says so."""
    request = urllib.request.Request(address, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_WAIT) as answer:
            length = answer.headers["Content-Length"]
            return int(length) if length else None
    except (OSError, ValueError):
        return None


def _read_lock(content: bytes) -> dict[str, Any]:
    try:
        lock = json.loads(content)
        _ = lock["info"]["version"], lock["info"]["python"]
        if all({"file_name", "depends", "sha256"} <= set(p) for p in lock["packages"].values()):
            return dict(lock)
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise ScalingLawError(f"{LOCK} is not the lock of a Pyodide distribution: {_DOWNLOAD}")
