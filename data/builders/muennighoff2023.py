"""Language models on repeated data, Muennighoff et al. 2023: final losses and training curves."""

from collections import defaultdict

from builders.rows import Files, Row, run
from scalinglaws.counting import six_nd

PARAMS = {"2.8B": 2.81e9, "4.2B": 4.2465e9, "8.7B": 8.67e9}
THOUSAND_STEPS = {"2.8B": 1000 * 2**20, "4.2B": 1000 * 2**20, "8.7B": 1000 * 2**21}
"""Tokens of a thousand training steps, by size."""
EPOCHS = (1, 2, 3, 4, 5, 7, 14, 44)
UNIQUE = {
    "2.8B": (55e9, 28e9, 18e9, 14e9, 11e9, 9e9, 4e9, 1.25e9),
    "4.2B": (84e9, 42e9, 28e9, 21e9, 17e9, 12e9, 6e9, 1.9e9),
    "8.7B": (178e9, 88e9, 58e9, 44e9, 35e9, 25e9, 13e9, 4e9),
}
"""Unique tokens by size, as the names of the runs have them, in the order of EPOCHS."""
ONE_CURVE_TWICE = {("oscar", "2.8B", 3), ("oscar", "2.8B", 4)}


def runs(files: Files) -> list[Row]:
    """Return the runs by unique_tokens, then by params and tokens."""
    rows: list[Row] = []
    for row in files["datablations/c4_val_loss_runs.csv"]:
        params, tokens = float(row["params"]), float(row["tokens"])
        unique, loss = float(row["unique_tokens"]), float(row["val_loss_nats"])
        rows.append(
            {"run": row["run"]}
            | run(params=params, tokens=tokens, flops=six_nd(params, tokens), loss=loss)
            | {
                "unique_tokens": unique,
                "epochs": tokens / unique,
                "in_fit": row["in_fit_set_182"] == "True",
            }
        )
    return sorted(rows, key=lambda r: (r["unique_tokens"], r["params"], r["tokens"]))


def curves(files: Files) -> list[Row]:
    """Return the curves by corpus, size, epochs and tokens, thinned."""
    whole: dict[tuple[str, str, int], dict[int, float]] = defaultdict(dict)
    for p in files["colpret/datablations_training_curves.csv"]:
        curve = p["data"], p["params_label"], int(p["epochs"])
        whole[curve][int(p["tokens"])] = float(p["train_or_val_loss_nats"])
    return [
        {
            "corpus": corpus,
            "params": PARAMS[size],
            "nominal_epochs": epochs,
            "unique_tokens": UNIQUE[size][EPOCHS.index(epochs)],
            "tokens": float(tokens),
            "loss": round(curve[tokens], 6),
        }
        for (corpus, size, epochs), curve in sorted(whole.items())
        if (corpus, size, epochs) not in ONE_CURVE_TWICE
        for tokens in _kept(curve, THOUSAND_STEPS[size])
    ]


def _kept(curve: dict[int, float], every: int) -> list[int]:
    """Return where the last reading of each ``every`` tokens is, and the lowest loss."""
    last = {-(-tokens // every): tokens for tokens in sorted(curve)}
    lowest = min(sorted(curve), key=lambda tokens: curve[tokens])
    return sorted({*last.values(), lowest})


TABLES = {"runs": runs, "curves": curves}
