"""English prose to train on, taken from what is installed already."""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scalinglaws.errors import BadParameters

if TYPE_CHECKING:
    from collections.abc import Iterator

ALPHABET = " abcdefghijklmnopqrstuvwxyz0.,;:'\"()-_*"
"""Every character of a text: capitals become small, digits ``0``, and what is not here ``*``.

Backticks, which mark code in documentation, are left out.
"""

LEAST_CHARACTERS = 20_000
"""Fewest characters that a text may have; with less the part held out is too small to score on."""

_FEWEST = 40  # characters of a paragraph; below, it is a title or a name
_LETTERS = 0.85  # share of letters and blanks below which a paragraph is a table or code
_HELD_OUT = 10  # one paragraph of so many
_CODES = {letter: number for number, letter in enumerate(ALPHABET)}


@dataclass(frozen=True, eq=False)
class Text:
    """A text in two parts that share no paragraph, as numbers that point into ``ALPHABET``.

    ``train`` is (n,) and ``held_out`` (m,) characters; ``sha256`` is the digest of both.
    """

    name: str
    train: npt.NDArray[np.intp]
    held_out: npt.NDArray[np.intp]
    sha256: str

    def __repr__(self) -> str:
        """Return name, sizes and digest."""
        return (
            f"{self.name}: {len(self.train):,} characters to train on, {len(self.held_out):,} "
            f"held out (sha256 {self.sha256[:12]})"
        )


def read_text(source: str = "numpy") -> Text:
    """Read the prose in the documentation of installed packages, or a text file of your own.

    ``source`` names packages, apart by blanks, or is the path of a file with an ending such as
    ``.txt``. A paragraph that stands several times is taken once. The order of paragraphs follows
    from their digests, so that the first so many characters are a fair sample of all, and every
    tenth paragraph is held out.

    Raises :class:`BadParameters` for a package that is not installed, a file that cannot be read,
    and a text of fewer than 20,000 characters.

    >>> text = read_text("numpy")
    >>> len(text.train) > 300_000 and len(text.held_out) > 30_000
    True
    """
    file = Path(source)
    found = _of_file(file) if file.suffix else (p for name in source.split() for p in _of(name))
    ordered = sorted(set(found), key=lambda p: hashlib.sha256(p.encode()).digest())
    parts = (
        " ".join(ordered[len(ordered) // _HELD_OUT :]),
        " ".join(ordered[: len(ordered) // _HELD_OUT]),
    )
    train, held_out = (_coded(part) for part in parts)
    if len(train) + len(held_out) < LEAST_CHARACTERS:
        raise BadParameters(
            f"{source!r} has {len(train) + len(held_out):,} characters of prose, and "
            f"{LEAST_CHARACTERS:,} are needed: name a larger package, such as scipy, or several"
        )
    digest = hashlib.sha256(train.astype(np.uint8).tobytes() + held_out.astype(np.uint8).tobytes())
    return Text(source, train, held_out, digest.hexdigest())


def _of_file(file: Path) -> Iterator[str]:
    try:
        whole = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadParameters(f"{file} cannot be read as text in UTF-8: {problem}") from None
    yield from (p for p in _paragraphs(whole) if len(p) >= _FEWEST)


def _of(package: str) -> Iterator[str]:
    """Give the paragraphs of prose in the strings of a package's modules, tests left out."""
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None or spec.origin is None:
        raise BadParameters(
            f"no package {package!r} is installed here: name one that is, such as numpy, or give "
            "the path of a text file"
        )
    folder = Path(spec.origin).parent
    for path in sorted(folder.rglob("*.py")):
        if "tests" in path.relative_to(folder).parts:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in other people's strings
            tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from filter(_is_prose, _paragraphs(node.value))


def _paragraphs(text: str) -> Iterator[str]:
    return (" ".join(part.split()) for part in re.split(r"\n[ \t]*\n", text))


def _is_prose(paragraph: str) -> bool:
    """Whether a paragraph is sentences: it starts and ends like one, and is letters for the most.

    Examples of code and headings underlined with dashes are none.
    """
    letters = sum(c.isalpha() or c == " " for c in paragraph)
    return (
        len(paragraph) >= _FEWEST
        and re.match("[A-Z]", paragraph) is not None
        and paragraph[-1] in ".:"
        and not re.search(r">>>|---", paragraph)
        and letters >= _LETTERS * len(paragraph)
    )


def _coded(text: str) -> npt.NDArray[np.intp]:
    plain = re.sub(r"\d", "0", text.lower().replace("`", ""))
    return np.array([_CODES.get(c, _CODES["*"]) for c in plain], dtype=np.intp)
