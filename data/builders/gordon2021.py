"""Translation transformers of Gordon, Duh and Kaplan 2021 over text and model size."""

from builders.rows import Files, Row


def runs(files: Files) -> list[Row]:
    """Return the runs by pair of languages, then by params, then by text_bytes."""
    rows: list[Row] = [
        {
            "pair": f"{row['Lang'][:2]}-{row['Lang'][2:]}",
            "share": float(f"{row['DataPercent']}e-2"),
            "text_bytes": int(row["data_bytes"]),
            "params": float(row["params_non_embedding"]),
            "layers": int(row["Layers"]),
            "width": int(row["ModelSize"]),
            "feedforward": int(row["FeedForward"]),
            "loss": float(row["ent_dev"]),
            "bleu": float(row["bleu_dev"]),
        }
        for row in files["mt-scaling-gordon2021/data_scaling.csv"]
    ]
    return sorted(rows, key=lambda r: (r["pair"], r["params"], r["text_bytes"]))


TABLES = {"runs": runs}
