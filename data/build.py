"""Rebuild the bundled tables from their authors' files, bit for bit.

python data/build.py --upstream DIR            write the tables and README.md
python data/build.py --upstream DIR --check    compare with what is here; write nothing
python data/build.py --upstream DIR --set NAME one set alone, and README.md
"""

import argparse
import csv
import hashlib
import io
import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from builders import BUILDERS
from builders.rows import Row, Value

from scalinglaws.data.cards import Upstream
from scalinglaws.data.catalogue import card, catalogue, catalogue_page, folder


def read(upstream: Path, wanted: Upstream) -> list[dict[str, str]]:
    """Read one upstream file after checking its hash; exits naming the file otherwise.

    A csv comes as its rows, any other file as its lines, each under ``line``. A column without a
    name goes by that of the one to its left with ``, next`` behind it.
    """
    path = upstream / wanted.path
    if not path.is_file():
        sys.exit(f"{path} is missing: get {wanted.short} and put it there")
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != wanted.sha256:
        sys.exit(f"{path}: sha256 is {found}, the card wants {wanted.sha256} ({wanted.short})")
    text = raw.decode("utf-8")
    if path.suffix != ".csv":
        return [{"line": line} for line in text.splitlines()]
    header = next(csv.reader(io.StringIO(text)))
    names = [n or f"{left}, next" for left, n in itertools.pairwise(["", *header])]
    return list(csv.DictReader(io.StringIO(text), fieldnames=names))[1:]


def write(rows: list[Row], columns: list[str]) -> bytes:
    """Return the csv: the card's columns, floats as the shortest text that reads back the same."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(row[c]) for c in columns] for row in rows)
    return out.getvalue().encode()


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def build(upstream: Path, target: Path, sets: Sequence[str] = tuple(BUILDERS)) -> list[str]:
    """Write the tables of sets below ``target``; return what the cards must say and do not."""
    stale = []
    for set_name in sets:
        builders = BUILDERS[set_name]
        the_card = card(set_name)
        files = {u.path: read(upstream, u) for u in the_card.upstream}
        (target / set_name).mkdir(parents=True, exist_ok=True)
        for table, builder in builders.items():
            says = the_card.tables[table]
            rows = builder(files)
            raw = write(rows, list(says.columns))
            (target / set_name / f"{table}.csv").write_bytes(raw)
            digest = hashlib.sha256(raw).hexdigest()
            if (says.rows, says.sha256) != (len(rows), digest):
                stale.append(
                    f"{set_name}/card.toml, [tables.{table}]:\n"
                    f'rows = {len(rows)}\nsha256 = "{digest}"'
                )
    (target / "README.md").write_text(catalogue_page(), encoding="utf-8", newline="\n")
    return stale


def compare(built: Path, here: Path) -> list[str]:
    """Return one line for each file that differs, with its first differing line."""
    differ = []
    for file in sorted(p.relative_to(built) for p in built.rglob("*") if p.is_file()):
        old = (here / file).read_bytes() if (here / file).is_file() else b""
        new = (built / file).read_bytes()
        if old != new:
            lines = itertools.zip_longest(old.split(b"\n"), new.split(b"\n"))
            first = next(i for i, (a, b) in enumerate(lines, start=1) if a != b)
            differ.append(f"{file}: line {first} differs from the rebuilt file")
    return differ


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns 0 when tables, cards and page agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--upstream", type=Path, required=True, help="folder of upstream files")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--set", choices=sorted(BUILDERS), help="build this one alone")
    options = parser.parse_args(arguments)
    sets = [options.set] if options.set else list(BUILDERS)
    unbuilt = {name.split("/")[0] for name in catalogue()["name"]} - set(BUILDERS)
    if unbuilt:
        sys.exit(f"no builder for {', '.join(sorted(unbuilt))}: add it to data/builders")
    if options.check:
        with tempfile.TemporaryDirectory() as temporary:
            stale = build(options.upstream, Path(temporary), sets)
            problems = compare(Path(temporary), folder())
    else:
        stale, problems = build(options.upstream, folder(), sets), []
    for problem in problems:
        print(problem)
    if stale:
        print("These cards are out of date; paste:\n" + "\n".join(stale))
    if not (problems or stale):
        tables = sum(len(BUILDERS[name]) for name in sets)
        print(f"{tables} tables and README.md agree with their cards")
    return 1 if problems or stale else 0


if __name__ == "__main__":
    sys.exit(main())
