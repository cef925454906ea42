"""On which page of a PDF each place lies that a link leads to, read from what Chromium writes."""

from __future__ import annotations

import re

from scalinglaws.errors import ScalingLawError

_REFERENCE = re.compile(rb"(\d+) 0 R")
_PLACE = re.compile(rb"/([^\s/\[\]<>()]+) \[(\d+) 0 R ")


def places(content: bytes) -> tuple[dict[str, int], int]:
    """Map the name of each place that links lead to, to its page from 1, and count the pages.

    Reads the plain tables of a PDF 1.4, without the compressed ones that other programs write.
    Raises ``ScalingLawError`` where they are not there.
    """
    try:
        objects = _objects(content)
        root = int(_entry(content[content.rindex(b"trailer") :], b"Root"))
        catalogue = objects[root]
        pages = _leaves(objects, int(_entry(catalogue, b"Pages")))
        number = {page: k for k, page in enumerate(pages, start=1)}
        found = _PLACE.findall(objects[int(_entry(catalogue, b"Dests"))])
        return {_text(name): number[int(page)] for name, page in found}, len(pages)
    except (ValueError, KeyError, AttributeError) as problem:
        raise ScalingLawError(
            f"the PDF has no table of places ({problem!r}): this Chromium writes another kind, and "
            "the contents cannot be numbered"
        ) from None


def _objects(content: bytes) -> dict[int, bytes]:
    """Map each object's number to its dictionary, by the table of offsets at the file's end."""
    start = int(content[content.rindex(b"startxref") + len(b"startxref") :].split()[0])
    lines = content[start : content.rindex(b"trailer")].split(b"\n")
    first, count = map(int, lines[1].split())
    objects = {}
    for number, line in enumerate(lines[2 : 2 + count], start=first):
        offset, _, kind = line.split()
        if kind == b"n":
            objects[number] = content[int(offset) : content.index(b"endobj", int(offset))]
    return objects


def _entry(text: bytes, name: bytes) -> bytes:
    """Return the number of the object that an entry refers to."""
    return re.search(rb"/" + name + rb" (\d+) 0 R", text).group(1)  # type: ignore[union-attr]


def _leaves(objects: dict[int, bytes], node: int) -> list[int]:
    """List the pages under a node of the tree of pages, in order."""
    text = objects[node]
    if b"/Type /Pages" not in text:
        return [node]
    kids = text[text.index(b"/Kids") :]
    inside = kids[kids.index(b"[") : kids.index(b"]")]
    return [leaf for kid in _REFERENCE.findall(inside) for leaf in _leaves(objects, int(kid))]


def _text(name: bytes) -> str:
    """Return a name with the characters that `#` and two digits stand for."""
    whole = re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), name)
    return whole.decode("utf-8")
