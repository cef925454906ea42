"""The gate before the tests: what style, types and imports are checked on, and that it closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock

from bookmaker import check
from bookmaker.project import Project
from conftest import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_gate_covers_every_folder_of_code() -> None:
    folders = {p.name for p in CHECKOUT.iterdir() if p.is_dir() and p.name[0] not in "._"}
    code = {
        f for f in folders if [*CHECKOUT.glob(f"{f}/**/*.py"), *CHECKOUT.glob(f"{f}/**/*.ipynb")]
    }
    assert set(check.SOURCES.split()) == code


def test_the_gate_stops_at_the_first_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for folder in check.SOURCES.split():
        (tmp_path / folder).mkdir()
    (tmp_path / "benchmarks/slow.py").write_text("import os\n")
    assert not check.check_style(Project(tmp_path))
    said = capfd.readouterr().out
    assert "F401" in said
    assert "$ mypy" not in said


def test_a_broken_contract_of_imports_closes_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "layered"
    package.mkdir()
    for name, text in {"__init__": "", "low": "from layered import high", "high": ""}.items():
        (package / f"{name}.py").write_text(text)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.importlinter]\nroot_packages = ['layered']\n[[tool.importlinter.contracts]]\n"
        "name = 'Low knows no high'\ntype = 'layers'\nlayers = ['high', 'low']\n"
        "containers = ['layered']\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert not check._run(Project(tmp_path), check.STYLE[-1])
    assert "Low knows no high BROKEN" in capfd.readouterr().out
    (package / "low.py").write_text("")
    assert check._run(Project(tmp_path), check.STYLE[-1])


def test_chapters_are_brought_up_to_date_before_pytest_which_runs_whatever_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project, order = Project(tmp_path), []
    lock = FileLock(project.build / ".lock")

    def pytest_runs(project: Project, command: str) -> bool:
        with lock.acquire(timeout=0):  # free by now, since tests of the site build the book
            order.append(command.split()[0])
        return True

    def update(project: Project) -> list[str]:
        order.append("update")
        return ["part/one failed in cell 1: oh dear"]

    monkeypatch.setattr(check, "check_style", lambda project: True)
    monkeypatch.setattr(check, "contain", lambda project: None)  # it sets the environment
    monkeypatch.setattr(check, "update", update)
    monkeypatch.setattr(check, "_run", pytest_runs)
    monkeypatch.setenv("SCALINGLAWS_BROWSER", "auto")  # to be put back afterwards
    assert check.check_all(project, browser="auto")
    assert order == ["update", "pytest"]
    assert "oh dear" in capsys.readouterr().out
    assert "-p tests.nbval_replay" in check.PYTEST
