"""Forecasts on every kind of learning curve that is here: error, bias, coverage and time.

Each curve is cut at a half, a tenth and a thirtieth of its largest x, where six different x are
left, and its last point is forecast from what remains. Of ``alabdulmohsin2022`` only the rows to
fit are used, so that the rows to predict stay untouched. The last value and, with ``--full``, a
power law with one break (least squares on log loss) stand beside the forecast.
"""

import harness

# isort: split
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

import scalinglaws as sl
from scalinglaws.fitting.objectives import LSQ_LOG
from scalinglaws.laws import broken_power_law

TIMES = {"2x": (2.0,), "10-30x": (10.0, 30.0)}
MOST = {"quick": 12, "usual": 40, "full": 10_000}
BETWEEN = (0.85, 0.95)
FEWEST = 6


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is left of a curve, and its last point."""

    kind: str
    ahead: str
    x: np.ndarray
    loss: np.ndarray
    at: float
    truth: float


def _alabdulmohsin() -> pd.DataFrame:
    table = sl.load("alabdulmohsin2022")
    table = table[table["train"]].rename(columns={"seen": "x"})
    return table.assign(kind=table["domain"], curve=table["task"] + table["model"])


def _named(name: str, kind: str, curve: list[str], x: str, loss: str = "loss") -> pd.DataFrame:
    table = sl.load(name)
    label = table[curve].astype(str).agg(" ".join, axis=1)
    return pd.DataFrame({"kind": kind, "curve": label, "x": table[x], "loss": table[loss]})


SOURCES: tuple[Callable[[], pd.DataFrame], ...] = (
    _alabdulmohsin,
    lambda: _named("lin2024", "fine-tuning", ["task", "model"], "samples"),
    lambda: _named("gpt3_curves", "GPT-3", ["params", "split"], "tokens"),
    lambda: _named("double_descent", "double descent", ["curve"], "x"),
    lambda: _named(
        "muennighoff2023/curves",
        "repeated text",
        ["corpus", "params", "nominal_epochs", "unique_tokens"],
        "tokens",
    ),
    lambda: _named("mohr2022", "tabular", ["dataset", "learner"], "samples", "error"),
    lambda: _named("misfitting", "small language models", ["run"], "tokens"),
    lambda: _named("gemstones", "constant rate", ["run"], "tokens"),
    lambda: _named("bhagia2024", "ladder", ["run"], "tokens", "c4_loss"),
)


def curves(most: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield kind, x and loss of at most so many curves of a kind, evenly spaced by name."""
    for source in SOURCES:
        table = source()
        table = table[(table["x"] > 0) & (table["loss"] > 0)].astype({"x": float, "loss": float})
        for kind, alike in table.groupby("kind", sort=False):
            each = [part for _, part in alike.groupby("curve")]
            picked = np.unique(np.linspace(0, len(each) - 1, min(most, len(each))).round())
            for k in picked.astype(int):
                log = np.log(each[k][["x", "loss"]]).groupby("x")["loss"].mean()
                yield str(kind), np.exp(log.index.to_numpy()), np.exp(log.to_numpy())


def cut(kind: str, x: np.ndarray, loss: np.ndarray) -> Iterator[Task]:
    """Yield the tasks of a curve."""
    for ahead, times in TIMES.items():
        for factor in times:
            seen = x <= x[-1] / factor * (1 + 1e-9)
            if seen.sum() >= FEWEST:
                yield Task(
                    kind=kind, ahead=ahead, x=x[seen], loss=loss[seen], at=x[-1], truth=loss[-1]
                )


def score(tasks: list[Task], *, broken: bool = False) -> pd.DataFrame:
    """Return a row for each task: errors in log loss, whether the interval holds, seconds."""
    rows = []
    for task in tasks:
        began = time.perf_counter()
        try:
            told = sl.forecast(task.x, task.loss, at=[task.at]).iloc[0]
        except sl.Unidentifiable:  # a curve that has not begun to fall
            told = pd.Series({"mean": np.nan, "low": np.nan, "high": np.nan})
        seconds = time.perf_counter() - began
        truth = np.log(task.truth)
        mean, low, high = np.log(told[["mean", "low", "high"]].to_numpy(dtype=float))
        rows.append({"kind": task.kind, "ahead": task.ahead, "seconds": seconds})
        rows[-1] |= {"error": mean - truth, "half": (high - low) / 2}
        rows[-1] |= {"held": low <= truth <= high, "last": np.log(task.loss[-1]) - truth}
    out = pd.DataFrame(rows)
    if broken:
        tables = [pd.DataFrame({"x": t.x, "loss": t.loss}) for t in tasks]
        law = broken_power_law("x", breaks=1)
        found = [sl.fit(law, table, objective=LSQ_LOG, check=False) for table in tables]
        said = [
            float(law.function(dict(f.params), {"x": np.array([t.at])})[0])
            for f, t in zip(found, tasks, strict=True)
        ]
        out["one break"] = np.log(said) - np.log([t.truth for t in tasks])
    return out


def summary(scored: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of every kind and distance."""
    rows = []
    for (ahead, kind), part in scored.groupby(["ahead", "kind"], sort=False):
        part = part[part["error"].notna()]
        error = part["error"]
        row = {"ahead": ahead, "kind": kind, "tasks": len(part), "median": error.abs().median()}
        row |= {"mean": error.abs().mean(), "bias": error.mean(), "held": part["held"].mean()}
        row |= {"above": (part["error"] > part["half"]).mean(), "half": part["half"].median()}
        row |= {"last": part["last"].abs().median()}
        if "one break" in part:
            row |= {"one break": part["one break"].abs().median()}
        rows.append(row | {"ms": 1e3 * part["seconds"].median()})
    return pd.DataFrame(rows).sort_values(["ahead", "kind"], ascending=[False, True])


def main() -> int:
    """Score the forecast and print it."""
    how = harness.arguments(__doc__)
    print(harness.machine())
    most = MOST["quick" if how.quick else "full" if how.full else "usual"]
    tasks = [task for curve in curves(most) for task in cut(*curve)]
    scored = score(tasks, broken=how.full)
    table = summary(scored)
    for ahead in TIMES:
        part = table[table["ahead"] == ahead].drop(columns="ahead")
        shares = part[["held", "above"]].map("{:.0%}".format)
        others = part.drop(columns=["kind", "tasks", "held", "above", "ms"]).map("{:.4f}".format)
        ms = part["ms"].map("{:.0f}".format)
        shown = pd.concat([part[["kind", "tasks"]], others, shares, ms], axis=1)
        harness.show(f"last point, {ahead} ahead", list(shown.columns), shown.to_numpy())
    many = table[table["tasks"] >= 20]
    reach = [
        (f"{row.kind}, {row.ahead}: {row.held:.0%} held", BETWEEN[0] <= row.held <= BETWEEN[1])
        for row in many.itertuples()
    ]
    slowest = 1e3 * scored["seconds"].quantile(0.95)
    reach.append((f"a forecast under 50 ms: {slowest:.0f} ms for 95%", slowest < 50))
    return harness.verdict(reach)


if __name__ == "__main__":
    raise SystemExit(main())
