"""pyproject.toml, environment.yml and the lock agree; the repository holds what it may hold."""

from __future__ import annotations

import email
import errno
import hashlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if TYPE_CHECKING:
    from email.message import Message

CHECKOUT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
# The mark that the card sets.
MAX_BYTES = 20 * 10**6
NAMED = re.compile(r"^([A-Za-z0-9][\w.-]*)==(\S+)", re.M)


def declared() -> dict[str, Requirement]:
    groups = PYPROJECT["dependency-groups"]
    own = PYPROJECT["project"]["dependencies"]
    lines = [*own, *groups["book"], *groups["lite"], *groups["test"]]
    found = [Requirement(line) for line in lines]
    assert len({canonicalize_name(r.name) for r in found}) == len(found), "one line a package"
    return {canonicalize_name(r.name): r for r in found}


def locked() -> dict[str, set[Version]]:
    versions: dict[str, set[Version]] = {}
    for name, version in NAMED.findall((CHECKOUT / "requirements.lock").read_text()):
        versions.setdefault(canonicalize_name(name), set()).add(Version(version))
    return versions


def repository_files() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.check_output(command, cwd=CHECKOUT, text=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git here, so it is not known which files are tracked")
    return [CHECKOUT / n for n in listed.split("\0") if n and (CHECKOUT / n).is_file()]


def test_each_dependency_is_locked_at_a_version_that_it_admits() -> None:
    lock = locked()
    for name, requirement in declared().items():
        assert name in lock, f"{name} is missing from requirements.lock: run `make lock`"
        assert all(v in requirement.specifier for v in lock[name]), f"{requirement}: {lock[name]}"


def test_each_locked_package_has_hashes_and_the_lock_names_no_host() -> None:
    text = (CHECKOUT / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert len(entries) > 100  # about 180; a lock cut short would pass the rest
    assert [e.splitlines()[0] for e in entries if "--hash=sha256:" not in e] == []
    assert "://" not in text


def test_environment_has_the_packages_and_ranges_of_pyproject() -> None:
    environment = yaml.safe_load((CHECKOUT / "environment.yml").read_text())
    lines = environment["dependencies"]
    (pip_lines,) = [entry["pip"] for entry in lines if isinstance(entry, dict)]
    assert "-e ." in pip_lines
    conda = [Requirement(line) for line in lines if isinstance(line, str)]
    pip = [Requirement(line) for line in pip_lines if not line.startswith("-")]
    there = {canonicalize_name(r.name): r.specifier for r in (*conda, *pip)}
    assert len(there) == len(conda) + len(pip), "one line a package"
    assert (
        there.pop("python")
        == Requirement(f"python{PYPROJECT['project']['requires-python']}").specifier
    )
    assert not there.pop("pip")
    assert there == {name: r.specifier for name, r in declared().items()}
    assert environment["channels"] == ["conda-forge"]


def test_set_up_and_pyproject_agree_on_the_pythons() -> None:
    import make_env

    low = ".".join(map(str, make_env.OLDEST))
    high = ".".join(map(str, make_env.NEWEST_EXCLUDED))
    assert PYPROJECT["project"]["requires-python"] == f">={low},<{high}"


def test_no_file_names_the_host_of_an_index() -> None:
    # Written in parts, so that this file does not hold what it looks for.
    hosts = ["pypi" + ".org", "python" + "hosted", "conda" + ".anaconda", "repo." + "anaconda"]
    found = [
        f"{path.relative_to(CHECKOUT)}: {host}"
        for path in repository_files()
        for host in hosts
        if host.encode() in path.read_bytes()
    ]
    assert found == []


def test_the_repository_is_small() -> None:
    sizes = {path: path.stat().st_size for path in repository_files()}
    assert sum(sizes.values()) < MAX_BYTES, sorted(sizes.items(), key=lambda kv: -kv[1])[:10]


def test_no_upstream_file_is_committed() -> None:
    sums = CHECKOUT.parent / "shared/data/sha256sums.txt"
    if not sums.is_file():
        pytest.skip("no folder of upstream files beside the checkout")
    upstream = {line.split()[0] for line in sums.read_text().splitlines() if line.strip()}
    hashes = {hashlib.sha256(p.read_bytes()).hexdigest(): p for p in repository_files()}
    assert [str(hashes[h]) for h in upstream & set(hashes)] == []


# The wheel, as it goes to an index ----------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, stderr=subprocess.DEVNULL)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    (file,) = wheel.glob("*.dist-info/METADATA")
    return email.message_from_string(file.read_text(encoding="utf-8"))


def test_the_metadata_says_what_an_index_shows(metadata: Message) -> None:
    from scalinglaws._version import VERSION

    assert metadata["Metadata-Version"] == "2.4"
    assert metadata["Version"] == VERSION == PYPROJECT["project"]["version"]
    assert metadata["License-Expression"] == "MIT AND CC-BY-4.0"
    assert metadata.get_all("License-File") == ["LICENSE", "LICENSE-TEXT"]
    assert metadata.get_all("Provides-Extra") == ["cluster", "figures", "parquet"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert all(metadata[name] for name in ("Summary", "Keywords", "Author"))


def test_classifiers_are_the_pythons_that_are_admitted(metadata: Message) -> None:
    stem = "Programming Language :: Python :: 3."
    named = {c.removeprefix(stem) for c in metadata.get_all("Classifier") if c.startswith(stem)}
    admitted = Requirement(f"python{metadata['Requires-Python']}").specifier
    assert named == {str(minor) for minor in range(30) if f"3.{minor}" in admitted}


def test_the_page_on_an_index_points_at_no_file_beside_it(metadata: Message) -> None:
    page = metadata.get_payload()
    assert re.findall(r"\]\((?!https://)[^)]*\)|<img|!\[", page) == []
    extras = {name for group in re.findall(r"\[(\w+)\](?!\()", page) for name in [group]}
    assert extras == set(metadata.get_all("Provides-Extra"))


def test_the_wheel_holds_types_cards_and_tables_and_not_what_makes_them(wheel: Path) -> None:
    inside = {p.relative_to(wheel).as_posix() for p in wheel.rglob("*") if p.is_file()}
    assert "scalinglaws/py.typed" in inside
    tracked = [p for p in repository_files() if p.is_relative_to(CHECKOUT / "data")]
    makers = [CHECKOUT / "data/build.py", *(CHECKOUT / "data/builders").glob("*.py")]
    wanted = {p.relative_to(CHECKOUT / "data").as_posix() for p in tracked if p not in makers}
    held = {n.removeprefix("scalinglaws/_data/") for n in inside if "/_data/" in n}
    assert held == wanted
    assert not [n for n in inside if n.startswith(("data/", "src/", "bookmaker/"))]


def test_the_wheel_answers_by_its_page_alone(
    wheel: Path, metadata: Message, tmp_path: Path
) -> None:
    page = metadata.get_payload()
    examples = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(examples) == 5
    code = "import scalinglaws\nprint(scalinglaws.__file__)\n" + "".join(examples)
    options = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(wheel)}, "text": True}
    printed = subprocess.check_output([sys.executable, "-W", "error", "-c", code], **options)
    assert printed.startswith(str(wheel))
    lines = [line for line in re.findall(r"^scalinglaws .*", page, re.M) if " report " not in line]
    assert [line.split()[1] for line in lines] == ["check", "fit", "plan", "next"]
    (make_table,) = re.findall(r"^python -c \"(.*)\"$", page, re.M)
    subprocess.run([sys.executable, "-c", make_table], check=True, **options)
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        subprocess.run([sys.executable, "-m", "scalinglaws", *words], check=True, **options)


# The first command that a stranger runs -----------------------------------------------------------


def test_an_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import make_env

    monkeypatch.setattr(make_env, "version_of", lambda python: (3, 9))
    with pytest.raises(make_env.Missing, match=r"Python 3\.11 or later .* is needed"):
        make_env.find_python()


def test_set_up_is_written_for_pythons_that_are_too_old() -> None:
    import ast

    source = (CHECKOUT / "tools/make_env.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__" not in source  # annotations cannot be put off before 3.7


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import make_env

    monkeypatch.setattr(make_env, "DISK_NEEDED_BYTES", 10**18)
    with pytest.raises(make_env.Missing, match=r"GB are free .*; the environment needs about"):
        make_env.check_disk(tmp_path)


def test_a_missing_venv_module_is_named(tmp_path: Path) -> None:
    import make_env

    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(make_env.Missing, match="apt install python3-venv"):
        make_env.check_venv_module(str(python))


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        ("Temporary failure in name resolution", "The package index cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "A package's hash is not the lock's"),
        ("Because x was not found, no solution", "The installer stopped"),
    ],
)
def test_the_installers_failures_are_read(tmp_path: Path, line: str, reading: str) -> None:
    import make_env

    log = tmp_path / "install.log"
    log.write_text("Collecting x\n" + line + "\n")
    assert make_env.explain(log).startswith(reading)
    assert line in make_env.explain(log)


def test_a_current_environment_is_left_alone_and_a_changed_lock_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import make_env

    (tmp_path / ".venv/bin").mkdir(parents=True)
    os.symlink(sys.executable, tmp_path / ".venv/bin/python")
    (tmp_path / "pyproject.toml").write_text("a")
    (tmp_path / "requirements.lock").write_text("b")
    built: list[Path] = []
    monkeypatch.setattr(make_env, "ROOT", tmp_path)
    monkeypatch.setattr(make_env, "build", lambda root, python, venv: built.append(venv))
    assert make_env.main() == 0
    assert len(built) == 1
    assert make_env.main() == 0
    assert len(built) == 1
    (tmp_path / "requirements.lock").write_text("c")
    assert make_env.main() == 0
    assert len(built) == 2


def test_an_interrupted_install_leaves_no_stamp(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import make_env

    def interrupted(root: Path, python: str, venv: Path) -> None:
        raise KeyboardInterrupt

    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(make_env, "ROOT", tmp_path)
    monkeypatch.setattr(make_env, "build", interrupted)
    assert make_env.main() == 130
    assert "run the same command to go on" in capsys.readouterr().err
    assert not (tmp_path / ".venv/stamp").exists()


def test_a_file_in_the_environments_place_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import make_env

    (tmp_path / ".venv").write_text("")
    monkeypatch.setattr(make_env, "ROOT", tmp_path)
    assert make_env.main() == 1
    said = capsys.readouterr().err
    assert ".venv is a file" in said
    assert "rm .venv" in said


@pytest.mark.parametrize(
    ("number", "reading"),
    [
        (errno.EROFS, "may not be written.\n  Give yourself the right"),
        (errno.EACCES, "may not be written.\n  Give yourself the right"),
        (errno.ENOSPC, "The disk is full (/x/.venv)"),
        (errno.EIO, "/x/.venv: Input/output error"),
    ],
)
def test_a_place_that_refuses_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    number: int,
    reading: str,
) -> None:
    import make_env

    def refuse(root: Path, python: str, venv: Path) -> None:
        raise OSError(number, os.strerror(number), "/x/.venv")

    monkeypatch.setattr(make_env, "ROOT", tmp_path)
    monkeypatch.setattr(make_env, "build", refuse)
    assert make_env.main() == 1
    assert reading in capsys.readouterr().err


def test_a_closed_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import make_env

    monkeypatch.setattr(make_env.os, "access", lambda place, mode: False)  # root may write all
    with pytest.raises(make_env.Missing, match="may not be written"):
        make_env.check_place(tmp_path, tmp_path / ".venv")
