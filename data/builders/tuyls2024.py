"""Behavioural cloning of six Atari games at 16 budgets, from Tuyls et al. 2024."""

from builders.rows import Files, Row


def runs(files: Files) -> list[Row]:
    """Return the checkpoints by game, budget and size; ``samples`` is empty where unknown."""
    rows: list[Row] = [
        {
            "game": p["game"],
            "flops": float(p["flops"]),
            "params": float(p["params"]),
            "samples": float(p["samples"]) if p["samples"] else "",
            "loss": float(p["loss"]),
        }
        for p in files["il-games/atari_isoflop_six_games.csv"]
    ]
    return sorted(rows, key=lambda r: (r["game"], r["flops"], r["params"]))


TABLES = {"runs": runs}
