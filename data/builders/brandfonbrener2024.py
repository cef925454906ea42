"""IsoFLOP grids of six corpora, and three larger runs, of Brandfonbrener et al. 2024."""

from builders.rows import Files, Row


def runs(files: Files) -> list[Row]:
    """Return the runs of the sweep, then the large ones, each in upstream order."""
    both = [
        (row, far)
        for name, far in (("sweep", False), ("extrapolation_three_corpora", True))
        for row in files[f"loss-to-loss/{name}.csv"]
    ]
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
        for row, far in both
    ]


TABLES = {"runs": runs}
