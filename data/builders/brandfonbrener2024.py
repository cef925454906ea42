"""IsoFLOP grids of six corpora, and three larger runs, of Brandfonbrener et al. 2024."""

from collections.abc import Iterator

from builders.rows import Files, Row

TEXTS = {
    "c4_loss": "c4_val",
    "fineweb_loss": "fineweb_100b_val",
    "fineweb_long_loss": "fineweb_1T_val",
    "fineweb_edu_loss": "fineweb_edu_100b_val",
    "proof_pile_loss": "proof_pile_2_val",
    "slimpajama_loss": "slimpajama_val",
    "smollm_loss": "smollm_val",
    "starcoder_loss": "starcoder_val",
}
"""Our column for the loss on each text, and upstream's name of the text."""


def _all(files: Files) -> Iterator[tuple[dict[str, str], bool]]:
    """Yield the rows of the sweep, then the large runs, each in upstream order."""
    for name, far in (("sweep", False), ("extrapolation_three_corpora", True)):
        for row in files[f"loss-to-loss/{name}.csv"]:
            yield row, far


def runs(files: Files) -> list[Row]:
    """Return the runs, each with its loss on its own corpus."""
    return [
        {
            "corpus": row["data"],
            "params": float(row["params"]),
            "tokens": float(row["tokens"]),
            "flops": float(row["iso_flop"]),
            "layers": int(float(row["n_layers"])),
            "width": int(float(row["d_model"])),
            "loss": float(row["val_loss"]),
            "extrapolation": far,
        }
        for row, far in _all(files)
    ]


def texts(files: Files) -> list[Row]:
    """Return the same runs, each with its loss on every text."""
    return [
        {
            "corpus": row["data"],
            "params": float(row["params"]),
            "tokens": float(row["tokens"]),
            "loss": float(row["val_loss"]),
            **{
                column: float(row[f"eval/{text}/CrossEntropyLoss"])
                for column, text in TEXTS.items()
            },
            "extrapolation": far,
        }
        for row, far in _all(files)
    ]


TABLES = {"runs": runs, "texts": texts}
