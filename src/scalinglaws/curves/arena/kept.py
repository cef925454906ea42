"""Answers that are kept on disk, so that the same entrant does not fit the same curve twice.

Nothing is kept unless the environment variable :data:`FOLDER` names a folder. What an answer is
found by says all that it depends on: the points, the entrant with its law, and the source of every
module of the library that an entrant imports. An entrant of your own, whose source is not known, is
not kept. Files hold JSON, and one that does not read as an answer counts as absent.
"""

import hashlib
import json
import os
import re
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import scipy

from scalinglaws._typing import Array
from scalinglaws.curves.arena.curves import Curve
from scalinglaws.errors import BadParameters
from scalinglaws.fitting import plain

FOLDER = "SCALINGLAWS_CACHE"

_IMPORT = re.compile(r"^\s*(?:from|import) +(scalinglaws[\w.]*)(?: +import +(\([^)]*\)|.*))?", re.M)


def path_of(entrant: object, curve: Curve) -> Path | None:
    """Return where the answer of an entrant about a curve is kept, if it is to be kept."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return None
    try:
        who = plain.encode(entrant)
    except BadParameters:
        return None
    said = {"entrant": who, "domain": curve.domain, "task": curve.task, "model": curve.model}
    digest = hashlib.sha256(f"{_sources()} {json.dumps(said, sort_keys=True)}".encode())
    for points in (curve.x, curve.loss, curve.at):
        digest.update(f"{len(points)} ".encode() + np.ascontiguousarray(points, float).tobytes())
    name = digest.hexdigest()
    return Path(folder) / "arena" / name[:2] / f"{name[2:]}.json"


def read(path: Path | None, size: int) -> dict[str, Array] | None:
    """Return the answer for so many points that is kept at a path, if there is one."""
    if path is None:
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        answer = {name: np.array(values, dtype=float) for name, values in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    whole = all(v.shape == (size,) for v in answer.values())
    known = {"mean"} <= set(answer) <= {"mean", "low", "high"}
    return answer if whole and known else None


def write(path: Path | None, answer: dict[str, Array]) -> None:
    """Keep an answer; a folder that cannot be written to keeps none."""
    if path is None or not answer:
        return
    text = json.dumps({name: values.tolist() for name, values in answer.items()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, suffix=".part", encoding="utf-8", delete=False
        ) as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError:
        return


@cache
def _sources() -> str:
    """Return a digest of the library's modules behind an answer, and of what runs them."""
    digest = hashlib.sha256(f"{sys.version} {np.__version__} {scipy.__version__}".encode())
    for name, source in sorted(modules("scalinglaws.curves.arena.match").items()):
        digest.update(f"\n{name} {len(source)}\n".encode() + source)
    return digest.hexdigest()


def modules(first: str) -> dict[str, bytes]:
    """Return the source of a module of the library and of all that it imports, by name."""
    root = Path(__file__).resolve().parents[2]
    todo, seen = [first], dict[str, bytes]()
    while todo:
        name = todo.pop()
        parts = name.split(".")[1:]
        path = root.joinpath(*parts, "__init__.py")
        path = path if path.is_file() else root.joinpath(*parts).with_suffix(".py")
        # The face of the library imports all of it, and computes nothing.
        if name in seen or not parts or not path.is_file():
            continue
        seen[name] = path.read_bytes()
        todo.append(name.rpartition(".")[0])
        for module, names in _IMPORT.findall(seen[name].decode()):
            todo += [module, *(f"{module}.{n}" for n in re.findall(r"\w+", names))]
    return seen
