"""A new chapter from a template that fulfils the lint, and its place in the table of contents."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from bookmaker.pages import GENERATED
from bookmaker.project import Project, write_atomically
from scalinglaws.errors import BadParameters

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")


def new_chapter(name: str, *, root: str | Path | None = None) -> Path:
    """Write ``book/<part>/<name>.ipynb`` and name it in ``_toc.yml``; returns the file.

    Raises ``BadParameters`` for a name that is no ``part/name``, or that is taken.
    """
    project = Project.at(root)
    if not _NAME.fullmatch(name):
        raise BadParameters(
            f"{name!r} is no name for a chapter: give part/name in small letters, digits and "
            "underscores, such as `make new-chapter NAME=language/my_law`"
        )
    target = project.sources / f"{name}.ipynb"
    if target.exists() or target.with_suffix(".md").exists() or name in GENERATED:
        raise BadParameters(f"{name} is there already: give another name, or edit {target}")
    toc = project.sources / "_toc.yml"
    listed = _listed(toc.read_text(encoding="utf-8"), name)
    template = files("bookmaker").joinpath("template.ipynb").read_text(encoding="utf-8")
    part, stem = name.split("/")
    title = stem.replace("_", " ").capitalize()
    filled = template
    for word, value in (("TITLE", title), ("LABEL", f"{part}-{stem}"), ("STEM", stem)):
        filled = filled.replace(word, value)
    target.parent.mkdir(exist_ok=True)
    write_atomically(target, filled)
    write_atomically(toc, listed)
    return target


def _listed(toc: str, name: str) -> str:
    """Put a chapter behind the last of its part, or into a new part before the back matter."""
    lines = toc.splitlines()
    folder = name.split("/")[0]
    same = [i for i, line in enumerate(lines) if re.match(rf" *- file: {folder}/", line)]
    if same:
        indent = lines[same[-1]].split("-")[0]
        lines.insert(same[-1] + 1, f"{indent}- file: {name}")
    else:
        caption = folder.replace("_", " ").capitalize()
        captions = [i for i, line in enumerate(lines) if re.match(r" *- caption:", line)]
        back = [i for i in captions if i and any("back/" in x for x in lines[i : i + 3])]
        at = (back or [len(lines)])[0]
        part = [f"  - caption: {caption}", "    chapters:", f"      - file: {name}"]
        lines[at:at] = part
    return "\n".join(lines) + "\n"
