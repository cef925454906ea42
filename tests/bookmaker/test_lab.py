"""Notebooks to work in: in JupyterLab as copies that keep edits, and for download from a page."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import venv

import nbformat
import pytest

from bookmaker.downloads import INSTALL, download
from bookmaker.folds import SOLUTION, folded
from bookmaker.lab import FOLDER, WRITTEN, write_copies
from bookmaker.plain import Names
from bookmaker.project import Project, read_plain
from bookmaker.wheels import build_wheel
from bookmaker.working import names_in, working
from conftest import CHECKOUT, PATIENCE_SECONDS, chapter, run_cli, write

RAW = re.compile(r"\{[\w:-]+\}`|^[`:]{3,}\{", re.M)
"""A role or a directive of the book's renderer."""

SOLVED = """#md```{exercise} Halve it
:label: ex-halve
Halve the answer of {cite:t}`toy2026`. *(5 minutes)*
```

````{solution-start} ex-halve
:class: dropdown
````

Divide by two."""
MATHS = """#md```{math}
:label: eq-toy
y = x^2
```

By {eq}`eq-toy`."""
SCREENSHOTS = CHECKOUT / "_build/screenshots/lab"
FOLDED = """#md````{solution-end}
````

<details class="sl-more"><summary>More of it</summary>"""


def toy_chapter():
    return chapter("one", SOLVED, "print(21)", FOLDED, "print(42)", "#md</details>\n\nThe end.")


def sources(notebook):
    return [cell["source"] for cell in notebook["cells"]]


# What is folded -----------------------------------------------------------------------------------


def test_each_cell_is_told_what_it_is_folded_under():
    cells = [
        {"cell_type": c.cell_type, "source": c.source, "metadata": {}, "id": c.id}
        for c in toy_chapter().cells
    ]
    found = [(cell["source"], under, fresh) for cell, under, fresh in folded(cells)]
    solution = f"{SOLUTION}ex-halve"
    assert found[2][0].startswith("```{exercise}")
    assert found[2:] == [
        (found[2][0], "", False),
        ("Divide by two.", solution, True),
        ("print(21)", solution, False),
        ("print(42)", "More of it", True),
        ("The end.", "", False),
    ]


def test_a_working_copy_is_plain_and_its_solutions_are_shut(toy):
    write(toy / "book/part/one.ipynb", toy_chapter())
    project = Project.at(toy)
    names = names_in(project)
    assert names.exercises == {"ex-halve": 1}
    whole = read_plain(toy / "book/part/one.ipynb")
    html, myst = working(whole, names), working(whole, names, myst=True)
    for made in (html, myst):
        nbformat.validate(nbformat.from_dict(made))
        assert not RAW.search("\n".join(sources(made)))
        (shown,) = (s for s in sources(made) if s.startswith("**Exercise 1 (Halve it)**"))
        assert "answer of Toy (2026)." in shown
        hidden = {c["source"]: c["metadata"].get("jupyter", {}) for c in made["cells"]}
        for solved in ("print(21)", "print(42)"):
            assert hidden[solved] == {"source_hidden": True, "outputs_hidden": True}
        assert "*More of it, shut below:*" in sources(made)
    folds = "<details><summary>Solution of exercise 1</summary>\n\nDivide by two.\n\n</details>"
    assert folds in sources(html)
    (cell,) = (c for c in myst["cells"] if "Divide by two" in c["source"])
    assert cell["source"].startswith("**Solution of exercise 1**\n")
    assert cell["metadata"]["jupyter"]["source_hidden"]


def test_every_chapter_of_the_book_becomes_plain():
    project = Project.at(CHECKOUT)
    shared = names_in(project)
    for one in project.chapters():
        made = working(read_plain(one.source), shared)
        text = [c["source"] for c in made["cells"] if c["cell_type"] == "markdown"]
        found = [s for s in text if RAW.search(s) or s.count("<details") != s.count("</details")]
        assert found == [], one.name


# Copies -------------------------------------------------------------------------------------------


def test_an_edit_is_kept_and_said_and_what_was_not_edited_follows_the_chapter(toy):
    project = Project.at(toy)
    one, two = (project.chapter(name) for name in ("one", "two"))
    assert write_copies(project, [one, two]) == []
    mine = toy / FOLDER / "part/one.ipynb"
    edited = read_plain(mine)
    edited["cells"].append({"cell_type": "markdown", "id": "x", "metadata": {}, "source": "Mine."})
    mine.write_text(json.dumps(edited))
    other = read_plain(toy / FOLDER / "part/two.ipynb")
    other["cells"][-1]["outputs"] = []  # as if it had been run again
    (toy / FOLDER / "part/two.ipynb").write_text(json.dumps(other))
    write(one.source, chapter("one", "print('new')"))
    write(two.source, chapter("two", "print('new')"))
    assert write_copies(project, [one, two]) == ["part/one"]
    assert sources(read_plain(mine))[-1] == "Mine."
    assert sources(read_plain(toy / FOLDER / "part/two.ipynb"))[-1] == "print('new')"
    # Even where it is forgotten what was written, and where a copy is no notebook any more.
    (toy / FOLDER / WRITTEN).unlink()
    write(two.source, chapter("two", "print('newer')"))
    mine.write_text("not a notebook")
    assert write_copies(project, [one, two]) == ["part/one", "part/two"]
    assert mine.read_text() == "not a notebook"


def test_nothing_of_the_copies_is_seen_by_git_nor_removed_by_clean():
    ignored = (CHECKOUT / ".gitignore").read_text().split()
    assert f"/{FOLDER}/" in ignored
    (clean,) = re.findall(r"^clean:.*\n((?:\t.*\n?)+)", (CHECKOUT / "Makefile").read_text(), re.M)
    assert FOLDER not in clean.split()


def test_a_chapter_that_is_none_is_refused_before_a_server_starts(toy):
    done = run_cli(toy, "lab", "nine", "--no-browser")
    assert done.returncode == 1
    assert "'nine' is no chapter" in done.stderr
    assert not (toy / FOLDER).exists()


# Downloads ----------------------------------------------------------------------------------------


def test_the_button_of_a_page_offers_the_notebook_that_installs_itself(built_toy):
    page = (built_toy / "_build/html/part/one.html").read_text()
    assert 'href="../_sources/part/one.ipynb"' in page
    offered = read_plain(built_toy / "_build/html/_sources/part/one.ipynb")
    assert offered["cells"][1]["source"] == INSTALL
    assert offered["cells"][1]["metadata"]["jupyter"] == {"source_hidden": True}
    assert not RAW.search("\n".join(sources(offered)))


def test_a_downloaded_chapter_runs_with_nothing_but_the_wheel(tmp_path):
    """In an environment of its own, with Jupyter's kernel: no checkout, no book, no data folder."""
    project = Project.at(CHECKOUT)
    one = project.chapter("your_law")
    made = download(read_plain(one.source), one, Names())
    for cell in made["cells"]:
        cell["outputs"] = []
    (tmp_path / "chapter.ipynb").write_text(json.dumps(made))
    build_wheel(project, tmp_path)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env/bin/python"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SCALINGLAWS"))}
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
    needed = subprocess.run(
        [*uv, "ipykernel<7.3", "nbconvert", "pip"], capture_output=True, text=True, env=clean
    )
    if needed.returncode:
        pytest.skip(f"no package index: {needed.stderr.strip().splitlines()[-1]}")
    command = [str(python), "-m", "nbconvert", "--to", "notebook", "--execute", "chapter.ipynb"]
    done = subprocess.run(
        [*command, "--output", "ran.ipynb"],
        cwd=tmp_path,
        env=clean | {"HOME": str(tmp_path), "JUPYTER_PATH": str(tmp_path / "env/share/jupyter")},
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ran = read_plain(tmp_path / "ran.ipynb")
    code = [cell for cell in ran["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code if cell["source"])
    listed = subprocess.check_output([str(python), "-m", "pip", "list"], text=True, env=clean)
    assert "scalinglaws" in listed


# In a browser -------------------------------------------------------------------------------------


def test_jupyterlab_shows_the_copy_as_it_is_meant_and_asks_nobody_else(toy, browser):
    write(toy / "book/part/one.ipynb", chapter("one", SOLVED, "print(21)", FOLDED, MATHS))
    command = [sys.executable, "-m", "bookmaker", "--root", str(toy), "lab", "one", "--no-browser"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    outside = []
    try:
        addresses = (re.search(r"http://127\.0\.0\.1:\d+/lab\S*", line) for line in server.stdout)
        address = next(found[0] for found in addresses if found)
        assert "/lab/tree/part/one.ipynb?token=" in address
        home = re.match(r"http://[^/]+/", address)[0]
        for scheme, width in (("light", 1280), ("dark", 390)):
            tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            tab.set_default_timeout(PATIENCE_SECONDS * 1000)
            tab.on("request", lambda r: outside.append(r.url))
            tab.goto(address)
            tab.wait_for_selector(".jp-Notebook .myst .katex", state="attached")
            tab.get_by_text("Solution of exercise 1").first.wait_for(state="attached")
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=SCREENSHOTS / f"{scheme}-{width}.png")
            words = tab.text_content(".jp-Notebook")
            assert "Exercise 1 (Halve it)" in words
            assert "Toy (2026)" in words
            assert not RAW.search(words)
            assert "Divide by two." not in words
            assert tab.locator(".jp-Dialog").count() == 0
            tab.close()
    finally:
        # A server that is asked to end waits for its kernels, which end with it anyway.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=PATIENCE_SECONDS)
        server.stdout.close()
    assert [url for url in outside if not url.startswith((home, "data:", "blob:"))] == []
