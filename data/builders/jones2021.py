"""AlphaZero on Hex boards 3 to 9, from the paths of a figure of Jones 2021."""

from itertools import groupby

from builders.rows import Files, Row

BOARDS = {
    "#a82c24": 3,
    "#a89d24": 4,
    "#42a824": 5,
    "#24a877": 6,
    "#2468a8": 7,
    "#5224a8": 8,
    "#a8248d": 9,
}


def frontiers(files: Files) -> list[Row]:
    """Return the seven frontiers by board and flops."""
    return [
        {"board": board, "flops": flops, "elo": elo}
        for board, _, flops, elo in _points(files, "frontier")
    ]


def curves(files: Files) -> list[Row]:
    """Return the training curves by board, run and flops, runs numbered from 1."""
    lines = groupby(_points(files, "run"), key=lambda p: p[:2])
    return [
        {"board": board, "run": number, "flops": flops, "elo": elo}
        for number, (_, points) in enumerate(lines, start=1)
        for board, _, flops, elo in points
    ]


def _points(files: Files, kind: str) -> list[tuple[int, int, float, float]]:
    """Return board, upstream curve, flops and elo of a kind of line, sorted."""
    return sorted(
        (BOARDS[p["colour"]], int(p["curve"]), float(p["flops"]), float(p["elo"]))
        for p in files["boardlaw/hex_training_curves_from_svg.csv"]
        if p["kind"] == kind
    )


TABLES = {"frontiers": frontiers, "curves": curves}
