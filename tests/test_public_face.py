"""What `import scalinglaws as sl` offers: few names, each once, quick to import, typed."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import types
from typing import TYPE_CHECKING

import pytest

import scalinglaws as sl
import scalinglaws.notebook

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ("scipy.stats", "scipy.optimize", "scipy.interpolate", "matplotlib", "seaborn", "joblib")
USER = """
import scalinglaws as sl
fit = sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))
reveal_type(fit.interval("alpha").low)
reveal_type(fit.params["alpha"])
reveal_type(sl.hold_out)
fit.interval("alpha", levle=0.9)
"""


def modules() -> list[str]:
    found = pkgutil.walk_packages(sl.__path__, "scalinglaws.")
    return [m.name for m in found if not m.name.endswith("__main__")]


def test_the_face_is_small_and_whole():
    assert len(sl.__all__) <= 37  # about thirty, and the verbs that decide
    assert sorted(sl.__all__) == sorted(set(sl.__all__))
    assert all(hasattr(sl, name) for name in sl.__all__)
    assert set(sl.__all__) <= set(dir(sl))
    with pytest.raises(AttributeError, match="no attribute 'plot'"):
        _ = sl.plot


@pytest.mark.parametrize("name", modules())
def test_no_module_is_hidden_by_something_of_its_own_name(name):
    module = importlib.import_module(name)
    parent, _, leaf = name.rpartition(".")
    assert getattr(importlib.import_module(parent), leaf) is module


def offered(module: types.ModuleType, prefix: str) -> list[tuple[str, object]]:
    """Every object that a package offers by ``__all__``, with its address, packages within too."""
    found = []
    for name in module.__all__:
        thing = getattr(module, name)
        if isinstance(thing, types.ModuleType):
            if hasattr(thing, "__all__"):
                found += offered(thing, f"{prefix}.{name}")
        else:
            found.append((f"{prefix}.{name}", thing))
    return found


def test_each_function_and_class_has_one_address():
    # Law and Parameter are the names under which a law is written down, in sl.laws and beside it.
    twice = {"Law", "Parameter"}
    places: dict[int, list[str]] = {}
    for address, thing in [*offered(sl, "sl"), *offered(scalinglaws.notebook, "notebook")]:
        if callable(thing):
            places.setdefault(id(thing), []).append(address)
    several = [p for p in places.values() if len(p) > 1]
    assert {p[0].rpartition(".")[2] for p in several} <= twice


def test_an_import_leaves_out_what_most_calls_do_without():
    code = f"import sys, scalinglaws; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["figures", "forecast", "hold_out", "simulate", "downstream"])
def test_what_is_imported_late_is_there_at_once(name):
    code = f"import scalinglaws as sl; print(callable(sl.{name}) or sl.{name}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip()


def test_a_user_under_strict_mypy_sees_types(tmp_path: Path):
    script = tmp_path / "user.py"
    script.write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    interval, params, hold_out, *rest = (
        line.partition(": ")[2] for line in done.stdout.splitlines()
    )
    assert "float" in interval
    assert "float" in params
    assert "level: float =" in hold_out
    assert "HoldOut" in hold_out
    assert any('Unexpected keyword argument "levle"' in line for line in rest)


BLOCK = """
import sys
class Block:
    def find_spec(self, name, *_):
        if name.split(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
"""


def said(missing, code):
    """What a session without some packages prints; the first lines of an error for an error."""
    program = BLOCK.format(missing=missing) + code
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.stdout + (done.stderr.splitlines() or [""])[-1]


def test_the_library_works_without_its_extras():
    code = (
        "import scalinglaws as sl\n"
        "print(sl.fit(sl.laws.CHINCHILLA, sl.load('hoffmann2022')).interval('a', n=20).kind)"
    )
    assert said(["matplotlib", "seaborn", "pyarrow", "dask"], code) == "group bootstrap\n"


def test_a_missing_extra_is_named(tmp_path: Path):
    told = said(["seaborn"], "import scalinglaws as sl\nsl.figures.curve")
    assert "sl.figures needs matplotlib and seaborn" in told
    assert "scalinglaws[figures]" in told
    file = tmp_path / "runs.parquet"
    file.write_bytes(b"PAR1")
    told = said(["pyarrow"], f"import scalinglaws as sl\nsl.read_runs({str(file)!r})")
    assert "reading Parquet needs pyarrow" in told
    assert "scalinglaws[parquet]" in told
