"""Rebuild the bundled tables from their authors' files, bit for bit.

python data/build.py --upstream DIR            write the tables and README.md
python data/build.py --upstream DIR --check    compare with what is here; write nothing
"""

import argparse
import csv
import hashlib
import io
import itertools
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scalinglaws.cards import Upstream
from scalinglaws.counting import six_nd
from scalinglaws.data import card, catalogue, catalogue_page, folder

Value = float | int | bool | str
Row = dict[str, Value]
Files = dict[str, list[dict[str, str]]]

DIGITISATION = (
    "one of the five highest losses, at the top of the colour scale and below 0.41 tokens per "
    "parameter; the replication left it out as an error of reading the figure"
)
REASONS = {
    "none": "",
    "exact_duplicate": "same size twice at this budget; the run nearer to the budget is kept",
    "near_duplicate_params": "within 1% of another size at this budget, which is nearer to it",
    "off_center": "too far to one side of the profile's minimum",
    "spline_outlier": "far off the curve through the other points of its budget",
    "weak_curvature": "the whole budget: no curvature beyond its scatter, so no minimum",
}


def hoffmann2022(files: Files) -> list[Row]:
    """Return the 245 runs in upstream order, the five highest losses flagged."""
    runs = files["chinchilla-epoch/svg_extracted_data.csv"]
    highest = sorted(float(r["loss"]) for r in runs)[-5]
    rows: list[Row] = []
    for r in runs:
        params, flops, loss = float(r["Model Size"]), float(r["Training FLOP"]), float(r["loss"])
        tokens, outlier = flops / (6.0 * params), loss >= highest
        reason = DIGITISATION if outlier else ""
        rows.append(
            _run(params=params, tokens=tokens, flops=flops, loss=loss)
            | {"outlier": outlier, "reason": reason}
        )
    return rows


def _profile(files: Files, experiment: str) -> list[dict[str, str]]:
    points = files["isoflops-openathena/transform_isoflops.csv"]
    return [p for p in points if p["experiment"] == experiment]


def _flags(point: dict[str, str]) -> Row:
    return {"outlier": point["outlier"] == "True", "reason": REASONS[point["reason"]]}


def _by_budget(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda r: (r["flops"], r["params"], r["tokens"]))


def _run(*, params: float, tokens: float, flops: float, loss: float) -> Row:
    return {"params": params, "tokens": tokens, "flops": flops, "loss": loss}


def isoflops_chinchilla(files: Files, source: str = "epochai_chinchilla") -> list[Row]:
    """Return the Chinchilla profiles as one source reads them, with its flags."""
    points = _profile(files, f"{source}__massivetext__chinchilla")
    return _by_budget(
        [
            _run(
                params=float(p["params"]),
                tokens=float(p["tokens"]),
                flops=float(p["budget"]),
                loss=float(p["loss"]),
            )
            | _flags(p)
            for p in points
        ]
    )


def isoflops_llama3(files: Files) -> list[Row]:
    """Return the Llama 3 profiles; the flags belong to the same points, matched one by one."""
    points = files["llama3-isoflop/isoflops_points.csv"]
    flagged = {
        (float(p["tokens"]), float(p["loss"])): p for p in _profile(files, "llama_3__raw_loss")
    }
    rows = []
    for p in points:
        flops, tokens = float(p["compute_budget"]), float(p["training_tokens"])
        loss = float(p["validation_loss"])
        rows.append(
            _run(params=flops / (6.0 * tokens), tokens=tokens, flops=flops, loss=loss)
            | _flags(flagged[tokens, loss])
        )
    return _by_budget(rows)


def gemstones_per_token(width: int, depth: int) -> float:
    """Return training FLOPs per token as the Gemstones' authors count them, by component.

    A multiply-add is two FLOPs; the backward pass costs twice the forward pass, but 2.5 times in
    the part of attention that it computes anew. Looking up an embedding is free.
    """
    context, vocabulary, unit = 2048, 50304, 128
    heads = width / unit
    # As many heads again for keys and values: two queries share one of each. 3.5 FLOPs a unit
    # rotate queries and keys.
    projections = 2 * (heads + heads) * unit * width + 3.5 * (heads + heads / 2) * unit
    # The mask halves the scores, but not the softmax and the weighted sum.
    scores = (1 + 2) * context * heads * unit + 3 * context * heads
    output = 2 * heads * unit * width
    hidden = 4 * width
    # Three matrices, 10 FLOPs a hidden unit for its gate, 2 a unit for residuals, 7 for each norm.
    feed_forward = 6 * width * hidden + 10 * hidden + 2 * width
    norms = 2 * 7 * width
    layer = 3 * (projections + output + feed_forward + norms) + 3.5 * scores
    return depth * layer + 3 * (7 * width + 2 * width * vocabulary)


def gemstones_hot(files: Files) -> list[Row]:
    """Return the curves at constant learning rate, by size and step."""
    rows: list[Row] = []
    for p in files["gemstones/fitting_hot_477.csv"]:
        params, tokens = float(p["params_active_precise"]), float(p["tokens"])
        width, depth = int(p["width"]), int(p["depth"])
        flops, loss = six_nd(params, tokens), float(p["final_loss"])
        shape: Row = {"run": f"{width}x{depth}", "width": width, "depth": depth}
        run = _run(params=params, tokens=tokens, flops=flops, loss=loss)
        authors = gemstones_per_token(width, depth) * tokens
        rows.append(shape | run | {"flops_authors": authors, "step": int(p["step"])})
    return sorted(rows, key=lambda r: (r["params"], r["step"]))


def caballero2022(files: Files) -> list[Row]:
    """Return the 17 sizes in upstream order, the last three flagged as extrapolation."""
    return [
        {
            "examples": float(p["train_examples"]),
            "loss": float(p["test_cross_entropy_nats"]),
            "extrapolation": p["split"] == "extrapolation",
        }
        for p in files["bnsl-addition/four_digit_addition.csv"]
    ]


def _nist(files: Files) -> Iterator[tuple[Row, list[str]]]:
    """Yield each problem as the start of a row, with the lines of its file."""
    for path, lines in files.items():
        yield {"problem": Path(path).stem}, [p["line"] for p in lines]


def nist_observations(files: Files) -> list[Row]:
    """Return all observations in upstream order; ``x2`` is empty where there is one input."""
    rows: list[Row] = []
    for problem, lines in _nist(files):
        cells = [map(float, line.split()) for line in lines[60:]]
        rows += [problem | {"y": y, "x1": x1, "x2": x2[0] if x2 else ""} for y, x1, *x2 in cells]
    return rows


def nist_certified(files: Files) -> list[Row]:
    """Return both starts, the certified value and its standard error, a row a parameter."""
    columns = ("start_1", "start_2", "value", "standard_error")
    rows: list[Row] = []
    for problem, lines in _nist(files):
        for name, cells in re.findall(r"^ *(b\d) *= *(.+)", "\n".join(lines), re.M):
            numbers = zip(columns, map(float, cells.split()), strict=True)
            rows.append(problem | {"parameter": name} | dict(numbers))
    return rows


def nist_problems(files: Files) -> list[Row]:
    """Return NIST's level of difficulty and the certified residuals, a row a problem."""
    rows: list[Row] = []
    for problem, lines in _nist(files):
        text = "\n".join(lines)
        (level,) = re.findall(r"(\w+) Level of Difficulty", text)
        rss, sd, dof = re.findall(r"^(?:Residual .*|Degrees of Freedom): +(\S+)", text, re.M)
        residuals: Row = {"rss": float(rss), "residual_sd": float(sd), "dof": int(dof)}
        rows.append(problem | {"level": level.lower()} | residuals)
    return rows


BUILDERS: dict[str, Callable[[Files], list[Row]]] = {
    "hoffmann2022/runs": hoffmann2022,
    "isoflops/chinchilla": isoflops_chinchilla,
    "isoflops/chinchilla_apple": lambda files: isoflops_chinchilla(files, "ml_scalefit"),
    "isoflops/llama3": isoflops_llama3,
    "gemstones/hot": gemstones_hot,
    "caballero2022/sizes": caballero2022,
    "nist_strd/observations": nist_observations,
    "nist_strd/certified": nist_certified,
    "nist_strd/problems": nist_problems,
}


def read(upstream: Path, wanted: Upstream) -> list[dict[str, str]]:
    """Read one upstream file after checking its hash; exits naming the file otherwise.

    A csv comes as its rows, any other file as its lines, each under ``line``.
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
    return list(csv.DictReader(io.StringIO(text)))


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


def build(upstream: Path, target: Path) -> list[str]:
    """Write every table below ``target``; return what the cards must say and do not."""
    stale = []
    for name, builder in BUILDERS.items():
        set_name, table = name.split("/")
        the_card = card(set_name)
        says = the_card.tables[table]
        rows = builder({u.path: read(upstream, u) for u in the_card.upstream})
        raw = write(rows, list(says.columns))
        (target / set_name).mkdir(parents=True, exist_ok=True)
        (target / set_name / f"{table}.csv").write_bytes(raw)
        digest = hashlib.sha256(raw).hexdigest()
        if (says.rows, says.sha256) != (len(rows), digest):
            stale.append(
                f'{set_name}/card.toml, [tables.{table}]:\nrows = {len(rows)}\nsha256 = "{digest}"'
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
    options = parser.parse_args(arguments)
    unbuilt = {f"{c.split('/')[0]}" for c in catalogue()["name"]} - {
        b.split("/")[0] for b in BUILDERS
    }
    if unbuilt:
        sys.exit(f"no builder for {', '.join(sorted(unbuilt))}: add it to BUILDERS")
    if options.check:
        with tempfile.TemporaryDirectory() as temporary:
            stale = build(options.upstream, Path(temporary))
            problems = compare(Path(temporary), folder())
    else:
        stale, problems = build(options.upstream, folder()), []
    for problem in problems:
        print(problem)
    if stale:
        print("These cards are out of date; paste:\n" + "\n".join(stale))
    if not (problems or stale):
        print(f"{len(BUILDERS)} tables and README.md agree with their cards")
    return 1 if problems or stale else 0


if __name__ == "__main__":
    sys.exit(main())
