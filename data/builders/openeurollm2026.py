"""Best learning rate, batch and loss of OpenEuroLLM's dense models, by size and tokens."""

from builders.rows import Files, Row, run

FILE = "oellm/lr_gbsz_min_smooth.csv"
SEQUENCE = 4096
BROKEN = {(1713504256.0, 1.2e11), (1713504256.0, 2e11)}
"""Settings at which upstream's parabola through the learning rates has no minimum near its runs."""


def best(files: Files) -> list[Row]:
    """Return the 51 settings by size and tokens; two without a rate are flagged."""
    rows: list[Row] = []
    for p in files[FILE]:
        params, tokens = float(p["N"]), float(p["D"])
        rows.append(
            run(params=params, tokens=tokens, flops=float(p["C"]), loss=float(p["loss"]))
            | {
                "learning_rate": float(p["lr"]),
                "batch_tokens": float(p["gbsz"]) * SEQUENCE,
                "rate_found": (params, tokens) not in BROKEN,
            }
        )
    rows.sort(key=lambda r: (r["params"], r["tokens"]))
    return rows


TABLES = {"best": best}
