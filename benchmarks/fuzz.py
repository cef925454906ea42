"""Tables of nonsense through the reader and the engine: an answer, or a refusal by name.

Each table has a kind of nonsense: absurd numbers, units, labels with markup, seeds, ties, one
value throughout, checkpoints, columns of another kind, words among numbers, a hostile header. What
is accepted is fitted, split, given intervals and predicted; a warning, another exception or an
answer that is not finite counts as a failure, and its seed is printed.
"""

import harness

# isort: split
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd

import scalinglaws as sl
from scalinglaws.fitting.saved import text_of

TRUTH = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
EXTREME = np.array(
    [5e-324, 1e-300, 1e-30, 1e-9, 0.0, -1.0, 1.0, 1e9, 1e30, 1e300, 1.7e308, np.nan, np.inf]
)
MARKUP = ["<script>x</script>", "*a*", "_b_", "$c$", "[d](e)", "", "  ", "`f`", "1e9", "nan", "ünï"]


def plausible(rng: np.random.Generator) -> pd.DataFrame:
    """Return runs as people have them: 3 to 40 rows of sizes, tokens and losses."""
    rows = int(rng.integers(3, 41))
    params = 10 ** rng.uniform(6, 10, rows)
    tokens = params * 10 ** rng.uniform(0, 2, rows)
    loss = sl.laws.CHINCHILLA(TRUTH, params=params, tokens=tokens)
    loss = loss * np.exp(10 ** rng.uniform(-5, -1) * rng.standard_normal(rows))
    return pd.DataFrame({"params": params, "tokens": tokens, "loss": loss})


def absurd(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Put extreme numbers into a few cells, or into a column."""
    out = table.copy()
    for _ in range(int(rng.integers(1, 4))):
        column = str(rng.choice(out.columns))
        if rng.random() < 0.3:
            out[column] = float(rng.choice(EXTREME))
        else:
            out.loc[int(rng.integers(len(out))), column] = float(rng.choice(EXTREME))
    return out


def scaled(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Put columns into other units."""
    out = table.copy()
    for column in out.columns:
        if rng.random() < 0.5:
            out[column] = out[column] * 10.0 ** float(rng.integers(-12, 13))
    return out


def tied(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Make values equal: one size, one ray of tokens per parameter, one loss, rounded losses."""
    out = table.copy()
    kind = int(rng.integers(5))
    if kind == 0:
        out["params"] = out["params"].iloc[0]
    elif kind == 1:
        out["tokens"] = 20 * out["params"]
    elif kind == 2:
        out["loss"] = out["loss"].iloc[0]
    elif kind == 3:
        out["loss"] = out["loss"].round(int(rng.integers(0, 3)))
    else:
        out = pd.concat([out] * int(rng.integers(2, 4)), ignore_index=True)
    return out


def grouped(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add runs, seeds, learning rates or labels that repeat."""
    out = table.copy()
    rows = len(out)
    for name in ("run", "seed", "lr", "tokenizer", "State"):
        if rng.random() < 0.4:
            many = int(rng.integers(1, max(2, rows)))
            out[name] = rng.integers(many, size=rows)
            if name in ("run", "tokenizer", "State"):
                words = np.array([*MARKUP, "finished", "crashed"], dtype=object)
                out[name] = words[out[name] % len(words)]
    return out


def worded(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Write numbers as text, with suffixes, words and blanks among them."""
    out = table.astype(object)
    for column in ("params", "tokens", "loss"):
        if rng.random() < 0.5:
            continue
        values = [float(v) for v in table[column]]
        texts = [f"{v:.4g}" if rng.random() < 0.9 else str(rng.choice(MARKUP)) for v in values]
        if rng.random() < 0.3:
            texts = [f"{v / 1e6:.3f}M" for v in values]
        out[column] = texts
    return out


def renamed(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Give columns the names of trackers, of nothing, or of each other."""
    names = ["model.params", "train/tokens", "eval/loss", "N", "D", "x", "params", "loss", "flops"]
    names += ["Params (M)", "", "tokens_per_param", *MARKUP]
    out = table.copy()
    out.columns = pd.Index(
        [str(rng.choice(names)) if rng.random() < 0.5 else c for c in out.columns]
    )
    return out


KINDS: tuple[Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame], ...] = (
    absurd, scaled, tied, grouped, worded, renamed,
)  # fmt: skip


def ask(runs: pd.DataFrame, rng: np.random.Generator) -> None:
    """Ask all that a fit can be asked; refusals by name pass, and nothing else."""
    names = ("CHINCHILLA", "KAPLAN_ND", "OVERTRAINED")
    law = getattr(sl.laws, names[int(rng.choice(3, p=[0.8, 0.1, 0.1]))])
    objective = str(rng.choice(["huber", "lsq_log", "lad", "lsq"], p=[0.7, 0.1, 0.1, 0.1]))
    fit = sl.fit(law, runs, objective=objective)
    finite(list(fit.params.values()), "parameters")
    asked: list[Callable[[], object]] = [
        lambda: sl.allocate(fit, 10 ** rng.uniform(15, 26), n=50),
        lambda: sl.compute.own_count(fit),
        lambda: fit.interval(law.names[0], n=50),
        lambda: text_of(fit),
        lambda: repr(fit),
        lambda: fit.status,
    ]
    for question in asked:
        try:
            told = question()
        except sl.ScalingLawError:
            continue
        if isinstance(told, pd.DataFrame):
            finite(told[["params", "tokens", "loss"]].to_numpy().ravel(), "a split")


def finite(values: object, what: str) -> None:
    """Raise where an answer is not finite."""
    if not np.isfinite(np.asarray(values, dtype=float)).all():
        raise ArithmeticError(f"{what} not finite: {values}")


def one(seed: int) -> str:
    """Return what became of one table: accepted, refused, or a failure."""
    rng = np.random.default_rng(seed)
    table = plausible(rng)
    # Numbers first, words and names after them.
    for k in sorted(rng.choice(len(KINDS), int(rng.integers(1, 3)), replace=False)):
        table = KINDS[k](table, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            runs = sl.read_runs(table, law=None)
            ask(runs, rng)
        except sl.ScalingLawError:
            return "refused by name"
        except Exception as error:  # whatever else a table brings about is what is looked for
            return f"FAILED: {type(error).__name__}: {str(error)[:120]}"
    return "answered"


def main() -> int:
    """Try the tables and count what became of them; return 1 where any failed."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    tables = 1000 if how.quick else 20_000
    began = time.perf_counter()
    found: Counter[str] = Counter()
    failed = []
    for seed in range(tables):
        told = one(seed)
        found[told.partition(":")[0]] += 1
        if told.startswith("FAILED"):
            failed.append((str(seed), told))
    rows = [(what, f"{number:,}") for what, number in found.most_common()]
    rows.append(("seconds", f"{time.perf_counter() - began:.0f}"))
    harness.show(f"{tables:,} tables of nonsense", ("what became of it", "tables"), rows)
    if failed:
        harness.show("failures", ("seed", "what"), failed[:20])
    return harness.verdict([("every table is answered or refused by name", not failed)])


if __name__ == "__main__":
    sys.exit(main())
