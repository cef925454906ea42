"""The verbs for a page that has no command line: files and choices in, what a verb prints out."""

from __future__ import annotations

import io
import json
import os
import shlex
import tempfile
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from scalinglaws.command import main
from scalinglaws.data._missing import candidates, sizes_in
from scalinglaws.data._naming import CORE, named
from scalinglaws.errors import ScalingLawError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ONE_EACH = {"columns": "--map", "units": "--unit", "where": "--where"}
"""Options that take ``name=value``, once for each."""

_PLAIN = {
    "last_of": "--last-of",
    "loss_unit": "--loss-unit",
    "bytes_per_token": "--bytes-per-token",
    "law": "--law",
    "title": "--title",
}
_FLAGS = {"best_of_cell": "--best-of-cell", "insist": "--insist"}
_PAGE = "report.html"
_LONGEST = 60
"""Characters of a file's name that are kept, its ending among them."""

_NO_BARS = "TQDM_DISABLE"


def answer(asked: str, files: Iterable[tuple[str, bytes]]) -> str:
    r"""Return as JSON what a verb answers on files, each given by its name and its bytes.

    ``asked`` is JSON: ``verb`` is ``columns``, ``check``, ``fit``, ``plan`` or ``report``, and the
    rest are options of the command line by their names (``columns``, ``units``, ``loss_unit``,
    ``bytes_per_token``, ``last_of``, ``best_of_cell``, ``law``, ``insist``, ``flops``).

    The JSON that comes back has ``status`` (0 for an answer, 1 for a refusal, 2 for a wrong call),
    ``told`` (what the verb prints with ``--json``, by ``schema.json``), ``printed`` and ``said``
    (what it prints without, and beside it), ``command`` (what to type for the same), and ``page``
    (the report as HTML). The verb ``columns`` tells which columns there are, which would be taken
    for a quantity, which might be, and whose words hold sizes.

    >>> import json
    >>> table = b"params,tokens,val_loss\n1e8,2e9,3.1\n2e8,4e9,2.9\n"
    >>> json.loads(answer('{"verb": "columns"}', [("runs.csv", table)]))["told"]["taken"]
    {'params': 'params', 'tokens': 'tokens', 'loss': 'val_loss'}
    """
    options = dict(json.loads(asked))
    verb = options.pop("verb")
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        names = [_laid(name, content) for name, content in files]
        if verb == "columns":
            return _found(names)
        words = [verb, *names, *_words(options)]
        to_type = [*words, "-o", _PAGE] if verb == "report" else words
        found = _called(to_type if verb == "report" else [*words, "--json"])
        found["command"] = shlex.join(["scalinglaws", *to_type])
        written = Path(_PAGE)
        found["page"] = written.read_text(encoding="utf-8") if written.is_file() else None
    return json.dumps(found)


def example() -> str:
    """Return the runs of Hoffmann et al. 2022 as the text of a CSV file, for who has none."""
    from scalinglaws import load

    return str(load("hoffmann2022")[["params", "tokens", "loss"]].to_csv(index=False))


def _laid(name: str, content: bytes) -> str:
    """Write a file where the verbs read it; return the name that is no option and no folder."""
    plain = PurePath(name.replace("\\", "/")).name[-_LONGEST:]
    plain = plain if plain.strip(".") else "runs.csv"
    path = Path(f"./{plain}")
    number = 1
    while path.exists():
        number += 1
        path = Path(str(number), plain)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return f"./{path}" if plain.startswith("-") else str(path)


def _words(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield options as the command line takes them."""
    for name, flag in _ONE_EACH.items():
        for key, value in (options.get(name) or {}).items():
            if isinstance(value, dict):
                value = f"size_in:{value['size_in']}"
            yield from (flag, f"{key}={value}")
    for name, flag in _PLAIN.items():
        if options.get(name):
            yield from (flag, str(options[name]))
    yield from (flag for name, flag in _FLAGS.items() if options.get(name))
    for budget in options.get("flops") or ():
        yield from ("--flops", str(budget))


def _called(words: list[str]) -> dict[str, Any]:
    """Call the command line as a shell would, and return what came of it."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with redirect_stdout(out), redirect_stderr(err), _without_bars():
        try:
            main.main(args=words, prog_name="scalinglaws")
        except SystemExit as end:
            status = int(end.code or 0)
    printed = out.getvalue().strip()
    told = json.loads(printed) if words[-1] == "--json" and printed else None
    return {
        "status": status,
        "told": told,
        "printed": "" if told else printed,
        "said": err.getvalue().strip(),
    }


@contextmanager
def _without_bars() -> Iterator[None]:
    """Draw no progress bar inside this block: what is said is read when all is done."""
    before = os.environ.get(_NO_BARS)
    os.environ[_NO_BARS] = "1"
    try:
        yield
    finally:
        del os.environ[_NO_BARS]
        if before is not None:
            os.environ[_NO_BARS] = before


def _found(names: list[str]) -> str:
    """Return the columns of files, which of them would be taken, and which might be."""
    from scalinglaws.data._formats import opened

    told: dict[str, Any] = {"columns": [], "taken": {}, "could_be": {}, "sizes_in": None}
    status, said = 0, ""
    try:
        cells = opened(names[0] if len(names) == 1 else names).cells
        known = named(cells, ("params", "tokens", "loss"), {})[0].columns
        pairs = zip(cells.columns, known, strict=True)
        told["columns"] = [str(c) for c in cells.columns]
        told["taken"] = {new: old for old, new in pairs if new in CORE}
        left = [n for n in CORE if n not in told["taken"]]
        told["could_be"] = {n: c for n in left if (c := candidates(cells, n))}
        told["sizes_in"] = sizes_in(cells)
    except ScalingLawError as refusal:
        status, said = 1, f"{type(refusal).__name__}: {refusal}"
    return json.dumps({"status": status, "told": told, "printed": "", "said": said, "page": None})
