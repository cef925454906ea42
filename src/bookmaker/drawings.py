"""Each figure in the drawings that its page needs: by width and theme, with its numbers."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from html import escape
from typing import TYPE_CHECKING, Any

from scalinglaws._mime import FIGURE as MIME

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "_static/drawn"
PHONE = "(max-width: 640px)"
_IMAGE = re.compile(r'<img\b[^>]*\bsrc="([^"]*_images/([0-9a-f]{64})\.png)"[^>]*/?>')
_LINK = re.compile(
    r'<a\b[^>]*class="[^"]*reference internal image-reference[^"]*"[^>]*>\s*(<img[^>]*>)\s*</a>'
)
_CAPTION = "</figcaption>"


def lift_drawings(cell: dict[str, Any], folder: Path) -> None:
    """Write a figure's other drawings to files; its message becomes part of the text in its place.

    Files are named by the digest of the drawing that stays in the cell, as the renderer names it.
    """
    for output in cell["outputs"]:
        data = output.get("data", {})
        extra = data.pop(MIME, None)
        if extra is None:
            continue
        digest = hashlib.sha256(b64decode(data["image/png"])).hexdigest()
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in extra["files"].items():
            (folder / f"{digest}.{name}").write_bytes(b64decode(text))
        image = cell["metadata"].setdefault("mystnb", {}).setdefault("image", {})
        message = extra["message"].rstrip(".")
        image["alt"] = f"{message}. {image.get('alt', '')}".strip()


def place_drawings(site: Path) -> None:
    """Let the pages of a rendered site show each figure as its reader's width and theme need."""
    folder = site / FOLDER
    if not folder.is_dir():
        return
    known = {path.name.split(".")[0] for path in folder.iterdir()}
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if "_images/" in text:
            new = _placed(text, known)
            if new != text:
                page.write_text(new, encoding="utf-8")


def _placed(text: str, known: set[str]) -> str:
    text = _LINK.sub(r"\1", text)
    out, at = [], 0
    for found in _IMAGE.finditer(text):
        if found[2] not in known:
            continue
        base = f"{found[1].rsplit('_images/', 1)[0]}{FOLDER}/{found[2]}"
        out += [text[at : found.start()], _picture(found, base)]
        at = found.end()
        end = text.find(_CAPTION, at)
        # Beside the caption of this figure, and of no later one.
        if end >= 0 and "<figure" not in text[at:end]:
            out += [text[at:end], _files(base)]
            at = end
    return "".join([*out, text[at:]])


def _picture(found: re.Match[str], base: str) -> str:
    alt = re.search(r'\balt="([^"]*)"', found[0])
    words = alt[1] if alt else ""
    width = re.search(r"width: *(\d+)", found[0])
    size = f' style="max-width: 100%; width: {width[1] if width else 688}px"'

    def one(theme: str, wide: str, narrow: str) -> str:
        return (
            f'<picture class="sl-drawn sl-on-{theme}"><source media="{PHONE}" srcset="{narrow}">'
            f'<img class="dark-light" loading="lazy" alt="{words}" src="{wide}"{size}></picture>'
        )

    return one("light", found[1], f"{base}.narrow.png") + one(
        "dark", f"{base}.dark.png", f"{base}.narrow-dark.png"
    )


def _files(base: str) -> str:
    links = (
        f'<a href="{escape(base)}.{kind}" download>{words}</a>'
        for kind, words in (("csv", "numbers (CSV)"), ("svg", "drawing (SVG)"))
    )
    return f'<p class="sl-files">This figure: {", ".join(links)}</p>'
