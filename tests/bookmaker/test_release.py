"""What a release carries: the wheel, its source and the site, or a sentence that says why not."""

from __future__ import annotations

import os
import zipfile

import pytest

from bookmaker.__main__ import main
from bookmaker.release import release
from scalinglaws._version import VERSION
from scalinglaws.errors import ScalingLawError

PYPROJECT = f"""
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "toy"
version = "{VERSION}"
requires-python = ">=3.11"
"""


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "_config.yml").write_text("")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "src/toy").mkdir(parents=True)
    (tmp_path / "src/toy/__init__.py").write_text("")
    site = tmp_path / "_build/html"
    (site / "_static").mkdir(parents=True)
    (site / "index.html").write_text("<p>é</p>", encoding="utf-8")
    (site / "_static/claims.csv").write_text("chapter\n")
    return tmp_path


def test_a_release_holds_wheel_source_and_site(checkout, capsys):
    files = release(checkout, tag=f"v{VERSION}")
    book = f"scaling-laws-reproduced-{VERSION}"
    names = [f"{book}.zip", f"toy-{VERSION}-py3-none-any.whl", f"toy-{VERSION}.tar.gz"]
    assert [file.name for file in files] == names
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [*map(str, files)]
    with zipfile.ZipFile(files[0]) as archive:
        assert archive.namelist() == [f"{book}/_static/claims.csv", f"{book}/index.html"]
        assert archive.read(f"{book}/index.html").decode() == "<p>é</p>"


def test_the_same_site_makes_the_same_bytes_and_old_files_go(checkout):
    first = release(checkout)[0].read_bytes()
    (checkout / "_build/release/left.whl").write_text("")
    (checkout / "_build/html/index.html").touch()
    files = release(checkout)
    assert len(files) == 3
    assert files[0].read_bytes() == first


def test_the_pdf_of_this_site_goes_with_a_release_and_an_older_one_does_not(checkout):
    printed, page = checkout / "_build/book.pdf", checkout / "_build/html/index.html"
    printed.write_bytes(b"%PDF")
    for when, names in ((1, []), (3, [f"scaling-laws-reproduced-{VERSION}.pdf"])):
        os.utime(page, (2, 2))
        os.utime(printed, (when, when))
        assert [file.name for file in release(checkout) if file.suffix == ".pdf"] == names


def test_a_tag_that_is_not_the_version_is_refused(checkout, capsys):
    with pytest.raises(ScalingLawError, match=rf"the tag is v9 and the version {VERSION}: set"):
        release(checkout, tag="v9")
    assert main(["--root", str(checkout), "release", "--tag", "v9"]) == 1
    assert "the tag is v9" in capsys.readouterr().err


def test_a_release_without_a_site_or_a_wheel_is_refused(checkout):
    (checkout / "pyproject.toml").write_text("[project]\nname = 'toy'\n")
    with pytest.raises(ScalingLawError, match=r"the wheel could not be built:\n(.|\n)*version"):
        release(checkout)
    (checkout / "_build/html/index.html").unlink()
    with pytest.raises(ScalingLawError, match="holds no site: run `make book` first"):
        release(checkout)
