"""A chapter that runs in a browser: the whole of the first, in Chromium, with a real Pyodide.

Python is loaded once; what was seen on the way is looked at by one test each. Pictures of the
notebook are left in ``_build/screenshots/jupyterlite``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from bookmaker.jupyterlite import FOLDER, MICROPIP, NEEDED, light_chapters, offer_chapters, too_old
from bookmaker.project import Project, read_plain
from bookmaker.pyodide import LOCK, Pyodide
from bookmaker.wheels import build_wheel
from conftest import CHECKOUT, chapter, download, make_toy, write
from scalinglaws.errors import ScalingLawError
from serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCREENSHOTS = CHECKOUT / "_build/screenshots/jupyterlite"
NAME = "foundations/power_laws"
PAGE = (
    '<!doctype html><html lang="en"><title>Power laws</title><h1>Power laws</h1>'
    '<div class="sl-time docutils">\n<p>30 minutes to read</p>\n</div><p>Text.</p></html>'
)
# The chapter takes half a minute on idle cores; other tests take their share.
PATIENCE_SECONDS = 900
SEEN = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => cell.model.sharedModel);
  const outputs = cells.flatMap(cell => cell.getOutputs());
  return {
    cells: cells.length,
    ran: cells.filter(cell => cell.execution_count).length,
    loud: outputs.filter(one => one.output_type === 'error' || one.name === 'stderr'),
    said: outputs.map(one => one.data?.['text/markdown'] || '').flat(),
  };
}"""


@dataclass
class Visit:
    """What was seen while a chapter ran."""

    notes: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    first_seconds: float = 0.0
    seconds: float = 0.0
    end: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="session")
def newer_pyodide(pyodide_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A distribution with a micropip that the kernel can use."""
    lock = json.loads((pyodide_folder / LOCK).read_text())
    if Version(lock["packages"]["micropip"]["version"]) >= MICROPIP:
        return pyodide_folder
    folder = tmp_path_factory.mktemp("pyodide") / "pyodide"
    shutil.copytree(pyodide_folder, folder)
    download("micropip.txt", folder, "--python-version", "3.13", "--only-binary", ":all:")
    (wheel,) = folder.glob("micropip-0.10*.whl")
    lock["packages"]["micropip"] |= {
        "version": "0.10.0",
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
    }
    (folder / LOCK).write_text(json.dumps(lock))
    return folder


@pytest.fixture(scope="module")
def site(
    browser: Any, newer_pyodide: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """A site with Python and the real chapter, and the bytes of the library and what it needs."""
    root = make_toy(tmp_path_factory.mktemp("lite") / "toy")
    (root / f"book/{NAME}").parent.mkdir()
    shutil.copy(CHECKOUT / f"book/{NAME}.ipynb", (root / f"book/{NAME}").parent)
    toc = (root / "book/_toc.yml").read_text()
    (root / "book/_toc.yml").write_text(toc.replace("part/two", NAME))
    (root / "_build").mkdir()
    (root / "_build/seconds.json").write_text(
        json.dumps({NAME: 3.0, "part/one": 9.0, "part/two": 3.0})
    )
    made = root / "_build/site"
    (made / NAME).parent.mkdir(parents=True)
    (made / f"{NAME}.html").write_text(PAGE)
    project = Project.at(root)
    wheel = build_wheel(project, tmp_path_factory.mktemp("wheel"))
    distribution = Pyodide.at(str(newer_pyodide))
    carried = distribution.carry(made, wheel, extras=("figures",), also=NEEDED)
    assert carried.bytes is not None
    offered = offer_chapters(project, made, bytes_of_python=carried.bytes)
    # The other took longer than twice the median.
    assert [one.name for one in offered] == [NAME]
    # For the test alone: what the page shows is asked of the application, not of its pixels.
    config = made / FOLDER / "jupyter-lite.json"
    told = json.loads(config.read_text())
    told["jupyter-config-data"]["exposeAppInBrowser"] = True
    config.write_text(json.dumps(told))
    return made, carried.bytes


@pytest.fixture(scope="module")
def address(site: tuple[Path, int]) -> Iterator[str]:
    with served(site[0]) as address:
        yield address


@pytest.fixture(scope="module")
def visit(browser: Any, address: str) -> Visit:
    """Follow the button on the page, and run every cell."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    seen = Visit()
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    context.set_default_timeout(PATIENCE_SECONDS * 1000)

    def answered(response: Any) -> None:
        url = response.url.split("?")[0]
        if not url.startswith((address, "data:", "blob:")):
            seen.outside.append(url)
        elif response.status >= 400 and not url.endswith("favicon.ico"):
            seen.missing.append(url)
        elif url.startswith(address):
            length = int(response.headers.get("content-length", 0))
            seen.sizes[url] = max(seen.sizes.get(url, 0), length)

    context.on("response", answered)
    tab = context.new_page()
    tab.goto(f"{address}{NAME}.html")
    tab.wait_for_load_state("networkidle")
    seen.before = sorted(seen.sizes)
    seen.notes.append(tab.inner_text(".sl-run"))
    tab.click(".sl-run a")
    clicked = time.monotonic()
    tab.wait_for_selector(".jp-Notebook .jp-CodeCell", state="attached")
    tab.screenshot(path=SCREENSHOTS / "phone-dark.png")
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.click('.lm-MenuBar-item:has-text("Run")')
    tab.click('.lm-Menu-item:has-text("Run All Cells") >> nth=0')
    while time.monotonic() - clicked < PATIENCE_SECONDS:
        seen.end = tab.evaluate(SEEN)
        if seen.end["ran"] > 1 and not seen.first_seconds:
            seen.first_seconds = time.monotonic() - clicked
        status = tab.evaluate(
            "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"
        )
        if status == "dead" or seen.end["loud"] or seen.end["ran"] == seen.end["cells"]:
            break
        tab.wait_for_timeout(1000)
    seen.seconds = time.monotonic() - clicked
    tab.screenshot(path=SCREENSHOTS / "wide-dark.png")
    context.close()
    megabytes = sum(seen.sizes.values()) / 1e6
    print(f"first {seen.first_seconds:.0f} s, all {seen.seconds:.0f} s, {megabytes:.1f} MB")
    return seen


def test_nothing_of_it_is_loaded_before_the_click(visit: Visit) -> None:
    assert [url for url in visit.before if f"/{FOLDER}/" in url or "/pyodide/" in url] == []


def test_every_cell_of_the_chapter_runs_without_a_word_of_complaint(visit: Visit) -> None:
    assert visit.end["loud"] == []
    assert visit.end["ran"] == visit.end["cells"] > 15


def test_it_says_what_the_book_says(visit: Visit) -> None:
    """The one-minute answer of the browser is that which is stored in the chapter."""
    cells = read_plain(CHECKOUT / f"book/{NAME}.ipynb")["cells"]
    (minute,) = (c for c in cells if "minute" in c["metadata"].get("tags", []))
    (output,) = minute["outputs"]
    said = "".join(visit.end["said"])
    assert "".join(output["data"]["text/markdown"]) in said


def test_it_asks_nobody_else_and_for_nothing_that_is_not_there(visit: Visit) -> None:
    assert visit.outside == []
    assert visit.missing == []


def test_the_page_says_what_a_click_loads(visit: Visit, address: str) -> None:
    (words,) = visit.notes
    said = float(words.partition(" MB")[0].rpartition(" ")[2])
    loaded = sum(size for url, size in visit.sizes.items() if url != f"{address}{NAME}.html") / 1e6
    # JupyterLite's own part is a rounded figure, and which of its parts a browser asks for
    # differs by the width of the window.
    assert said == pytest.approx(loaded, rel=0.05)
    assert "from this site" in words


# What is offered ----------------------------------------------------------------------------------


def test_a_chapter_that_is_slow_or_needs_what_is_not_there_has_no_button(tmp_path: Path) -> None:
    root = make_toy(tmp_path / "toy")
    project = Project.at(root)
    assert list(light_chapters(project, {"IPython"})) == []  # nothing was timed
    (root / "_build").mkdir()
    (root / "_build/seconds.json").write_text(json.dumps({"part/one": 1.0, "part/two": 1.0}))
    assert [c.name for c in light_chapters(project, {"IPython"})] == ["part/one", "part/two"]
    write(root / "book/part/two.ipynb", chapter("two", "import dask.array"))
    assert [c.name for c in light_chapters(project, {"IPython"})] == ["part/one"]
    (root / "_build/seconds.json").write_text(json.dumps({"part/one": 9.0, "part/two": 1.0}))
    write(root / "book/part/two.ipynb", chapter("two", "import json"))
    # A median of 5 s, so that 9 s is light; of three chapters it would not be.
    assert [c.name for c in light_chapters(project, {"IPython"})] == ["part/one", "part/two"]
    write(root / "book/part/three.ipynb", chapter("three", "import json"))
    (root / "_build/seconds.json").write_text(
        json.dumps({"part/one": 9.0, "part/two": 1.0, "part/three": 1.0})
    )
    assert [c.name for c in light_chapters(project, {"IPython"})] == ["part/two"]


def test_a_pyodide_that_is_too_old_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyodide").mkdir()
    for version, words in (("0.9.0", "needs micropip 0.10 or newer"), ("0.10.0", "")):
        lock = {"packages": {"micropip": {"version": version}}}
        (tmp_path / "pyodide" / LOCK).write_text(json.dumps(lock))
        assert words in too_old(tmp_path)
        assert bool(words) == bool(too_old(tmp_path))


def test_a_page_without_a_place_for_the_button_is_an_error(
    site: tuple[Path, int], tmp_path: Path
) -> None:
    from bookmaker.jupyterlite import _button

    one = Project.at(CHECKOUT).chapter(NAME)
    (tmp_path / NAME).parent.mkdir()
    (tmp_path / f"{NAME}.html").write_text("<h1>Power laws</h1>")
    with pytest.raises(ScalingLawError, match="no place for a button"):
        _button(tmp_path, one, weight=1e6)


def test_the_site_is_published_with_the_pyodide_that_the_kernel_is_made_for() -> None:
    from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

    pages = (CHECKOUT / ".github/workflows/pages.yml").read_text()
    assert f"PYODIDE: {PYODIDE_VERSION}\n" in pages
