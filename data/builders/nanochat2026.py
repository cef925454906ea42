"""Compute-optimal sizes of nanochat at four budgets, under three ways of counting parameters."""

from builders.rows import Files, Row

FILE = "nanochat/optima_jan2026.csv"
COUNTS = {
    "kaplan_style": "all projections",
    "chinchilla_style": "all parameters",
    "transformer_only": "projections of the blocks",
}


def optima(files: Files) -> list[Row]:
    """Return the twelve optima in upstream order."""
    return [
        {
            "counted": COUNTS[p["count"]],
            "flops": float(p["flops"]),
            "params": float(p["params"]),
            "tokens": float(p["tokens"]),
            "bits_per_byte": float(p["val_bpb"]),
        }
        for p in files[FILE]
    ]


TABLES = {"optima": optima}
