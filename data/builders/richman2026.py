"""Insurance claim counts: five families of models on six shares of the policies."""

from builders.rows import Files, Row


def runs(files: Files) -> list[Row]:
    """Return the runs by model, samples and seed."""
    rows: list[Row] = [
        {
            "model": p["model_type"],
            "params": float(p["params"]),
            "share": float(p["threshold"]),
            "samples": float(p["n_train"]),
            "exposure": float(p["exposure_train"]),
            "claims": int(float(p["claims_train"])),
            "seed": int(p["seed"]),
            "epochs": int(p["epochs_trained"]),
            "train_deviance": float(p["train_poisson_deviance"]),
            "deviance": float(p["test_poisson_deviance"]),
        }
        for p in files["frmtpl/run_scores.csv"]
    ]
    return sorted(rows, key=lambda r: (r["model"], r["samples"], r["seed"]))


TABLES = {"runs": runs}
