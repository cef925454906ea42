"""A Pyodide distribution: what of it a site carries, and what is said where it is not whole.

The distributions here are small ones: a lock in Pyodide's form over files of a few bytes. The real
one runs in ``test_your_runs.py``.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import threading
import zipfile
from typing import TYPE_CHECKING

import pytest

from bookmaker.project import Project
from bookmaker.pyodide import LOCK, Pyodide
from bookmaker.wheels import Wheel, build_wheel, installed_wheel
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What the library needs that has compiled parts, and what that needs in turn.
COMPILED = {
    "numpy": ("2.3.1", []),
    "openblas": ("0.3.26", []),
    "pandas": ("2.3.3", ["numpy", "python-dateutil"]),
    "python-dateutil": ("2.9.0", []),
    "scipy": ("1.16.0", ["numpy", "openblas"]),
    "joblib": ("1.5.0", []),
    "threadpoolctl": ("3.6.0", []),
    "scikit-learn": ("1.7.0", ["scipy"]),
    "micropip": ("0.11", []),
}


def distribution(folder: Path, *, without: tuple[str, ...] = (), python: str = "3.13.2") -> Path:
    """A distribution of small files, in a folder of its own."""
    folder.mkdir(parents=True)
    for name in ("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "python_stdlib.zip"):
        (folder / name).write_text(name)
    (folder / "pyodide.asm.wasm").write_bytes(b"\0asm")
    packages = {}
    for name, (version, depends) in COMPILED.items():
        if name in without:
            continue
        file = folder / f"{name}-{version}-cp313-cp313-pyodide_2025_0_wasm32.whl"
        file.write_text(f"the wheel of {name}")
        packages[name] = {
            "name": name,
            "version": version,
            "file_name": file.name,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "depends": depends,
        }
    info = {"version": "0.29.0", "python": python}
    (folder / LOCK).write_text(json.dumps({"info": info, "packages": packages}))
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return build_wheel(Project.at(), tmp_path_factory.mktemp("wheel"))


def test_a_site_carries_what_the_library_needs_and_nothing_else(
    tmp_path: Path, wheel: Wheel
) -> None:
    found = Pyodide.at(str(distribution(tmp_path / "given/pyodide").parent))  # as archives unpack
    carried = found.carry(tmp_path / "site", wheel, also=["micropip"])
    laid = tmp_path / "site/pyodide"
    lock = json.loads((laid / LOCK).read_text())
    installed = {"scalinglaws", "click", "tqdm"}
    assert set(lock["packages"]) == set(COMPILED) - {"scikit-learn"} | installed
    for package in lock["packages"].values():
        content = (laid / package["file_name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == package["sha256"]
    ours = lock["packages"]["scalinglaws"]
    assert {"numpy", "pandas", "scipy", "click", "tqdm", "joblib"} <= set(ours["depends"])
    assert ours["imports"] == ["scalinglaws"]
    assert (carried.index, carried.load) == ("pyodide/", ("scalinglaws",))
    # What a page fetches: all but the script for others and the package that is only laid.
    fetched = {p.name for p in laid.iterdir()} - {"pyodide.js"}
    assert set(carried.files) == {n for n in fetched if "micropip" not in n}
    assert carried.bytes == sum((laid / n).stat().st_size for n in carried.files)
    assert carried.notes == ()


def test_from_an_address_nothing_is_copied_but_what_it_lacks(tmp_path: Path, wheel: Wheel) -> None:
    with served(distribution(tmp_path / "given")) as address:
        carried = Pyodide.at(address).carry(tmp_path / "site", wheel)
    laid = {p.name for p in (tmp_path / "site/pyodide").iterdir()}
    assert {n.split("-")[0] for n in laid} == {"scalinglaws", "click", "tqdm"}
    assert carried.index == address
    assert set(carried.load) == {f"pyodide/{n}" for n in laid} | (
        set(COMPILED) - {"scikit-learn", "micropip"}
    )
    there = {n for n in carried.files if n.startswith(address)}
    assert {f"{address}pyodide.mjs", f"{address}pyodide.asm.js", f"{address}{LOCK}"} < there
    assert len(there) == 5 + len(COMPILED) - 2
    assert carried.bytes == sum(carried.files.values())


class served:  # noqa: N801 - reads as a function
    """A folder behind an address of this machine, while it is open."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_packages_that_are_too_old_are_said_and_loaded(
    tmp_path: Path, wheel: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMPILED, "scipy", ("1.13.1", ["numpy", "openblas"]))
    found = Pyodide.at(str(distribution(tmp_path / "given")))
    (note,) = found.carry(tmp_path / "site", wheel).notes
    assert "Pyodide 0.29.0 has 1.13.1: it is loaded all the same" in note


def faults(tmp_path: Path) -> Iterator[tuple[str, str]]:
    yield "", r"say which Pyodide: PYODIDE=/path"
    yield str(tmp_path / "nowhere"), r"no whole Pyodide distribution \(pyodide.mjs, .* missing\)"
    yield "http://example.org/pyodide/", "is no https address"
    yield "http://localhost:9/full/", r"does not answer .*: check the address"
    damaged = distribution(tmp_path / "damaged")
    (damaged / LOCK).write_text("{}")
    yield str(damaged), "is not the lock of a Pyodide distribution"
    cut = distribution(tmp_path / "cut")
    (cut / "pyodide.asm.wasm").unlink()
    yield str(cut), r"\(pyodide.asm.wasm missing\): download pyodide-VERSION"


def test_what_is_no_distribution_is_refused_with_what_to_do(tmp_path: Path) -> None:
    for given, words in faults(tmp_path):
        with pytest.raises(ScalingLawError, match=words):
            Pyodide.at(given)


def test_what_is_missing_or_damaged_is_named(tmp_path: Path, wheel: Wheel) -> None:
    core = distribution(tmp_path / "core", without=("numpy",))
    with pytest.raises(ScalingLawError, match=r"numpy is not in .* and has compiled parts"):
        Pyodide.at(str(core)).carry(tmp_path / "site", wheel)
    slim = distribution(tmp_path / "slim", without=("openblas",))
    with pytest.raises(ScalingLawError, match=r"0.29.0 has no package openblas: download"):
        Pyodide.at(str(slim)).carry(tmp_path / "site", wheel)
    cut = distribution(tmp_path / "cut")
    (scipy,) = cut.glob("scipy-*")
    scipy.write_text("half of it")
    with pytest.raises(ScalingLawError, match=r"scipy-1.16.0.* \(another hash\)"):
        Pyodide.at(str(cut)).carry(tmp_path / "site", wheel)
    scipy.unlink()
    with pytest.raises(ScalingLawError, match=r"lacks scipy-1.16.0\S*, which its lock names"):
        Pyodide.at(str(cut)).carry(tmp_path / "site", wheel)
    old = distribution(tmp_path / "old", python="3.10.2")
    with pytest.raises(ScalingLawError, match=r"has Python 3.10.2: take another version"):
        Pyodide.at(str(old)).carry(tmp_path / "site", wheel)


def test_a_wheel_is_put_together_from_what_is_installed(tmp_path: Path) -> None:
    import tqdm

    first, again = (installed_wheel("tqdm", make(tmp_path / n)) for n in ("one", "two"))
    assert first.sha256 == again.sha256
    assert (first.name, first.version, first.imports) == ("tqdm", tqdm.__version__, ("tqdm",))
    assert first.requires({"platform_system": "Emscripten"}) == []
    assert [r.name for r in first.requires({"platform_system": "Windows"})] == ["colorama"]
    with zipfile.ZipFile(first.path) as archive:
        names = archive.namelist()
        (record,) = (n for n in names if n.endswith("RECORD"))
        listed = [line.split(",")[0] for line in archive.read(record).decode().splitlines()]
    assert sorted(listed) == sorted(names)
    assert not [n for n in names if n.startswith("..") or n.endswith((".pyc", "INSTALLER"))]


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_package_that_cannot_be_carried_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ScalingLawError, match="no-such-package is neither in the Pyodide"):
        installed_wheel("no-such-package", tmp_path)
    info = tmp_path / "site/toy-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
    (tmp_path / "site/toy.py").write_text("changed = True\n")
    (info / "RECORD").write_text("toy.py,sha256=of_what_it_was,7\ntoy-1.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    with pytest.raises(ScalingLawError, match=r"toy.py is not what toy was installed with"):
        installed_wheel("toy", tmp_path)
