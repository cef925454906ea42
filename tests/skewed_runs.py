"""Small simulated tables whose scatter is skewed, so that a mirrored answer is another answer."""

import numpy as np
import pandas as pd

import scalinglaws as sl

CHINCHILLA = sl.laws.CHINCHILLA
LINE = sl.laws.line("x")
STEPS = sl.laws.STEPS_TO_TARGET
TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}


def size_and_data(count: int = 40, *, seed: int = 0, scatter: float = 0.02) -> pd.DataFrame:
    """Runs of Chinchilla's law of seven teams; their log-loss has a long upper tail."""
    rng = np.random.default_rng(seed)
    runs = sl.simulate.at(
        CHINCHILLA,
        TRUTH,
        params=10 ** rng.uniform(7, 10, count),
        tokens=10 ** rng.uniform(8.5, 11.5, count),
    )
    runs["loss"] *= np.exp(scatter * (rng.exponential(size=count) - 1))
    runs["team"] = np.array(list("abcdefg"))[np.arange(count) % 7]
    return runs


def straight(count: int = 24, *, seed: int = 1) -> pd.DataFrame:
    """Points about a line that crosses zero, with a long upper tail."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-2, 3, count)
    scatter = 0.2 * (rng.exponential(size=count) - 1)
    runs = pd.DataFrame({"x": x, "loss": 0.7 - 0.4 * x + scatter})
    runs["team"] = np.array(list("abcdefg"))[np.arange(count) % 7]
    return runs


def steps_to_target(count: int = 30, *, seed: int = 2) -> pd.DataFrame:
    """Steps to a target by batch size, with a long upper tail."""
    rng = np.random.default_rng(seed)
    batch = np.geomspace(2**15, 2**23, count)
    steps = (2000 + 4e9 / batch) * np.exp(0.05 * (rng.exponential(size=count) - 1))
    runs = pd.DataFrame({"batch_tokens": batch, "steps": steps})
    runs["team"] = np.array(list("abcdefg"))[np.arange(count) % 7]
    return runs


def ends(draws: np.ndarray, level: float) -> np.ndarray:
    """The two quantiles (2, ..) of draws (n, ..): draw k in rising order is at k / (n + 1)."""
    draws = np.asarray(draws)
    flat = np.sort(draws, axis=0).reshape(len(draws), -1)
    share = np.arange(1, len(draws) + 1) / (len(draws) + 1)
    tails = (0.5 - level / 2, 0.5 + level / 2)
    found = [[np.interp(tail, share, column) for column in flat.T] for tail in tails]
    return np.reshape(found, (2, *draws.shape[1:]))


def plain_ends(draws: np.ndarray, level: float) -> np.ndarray:
    """The same with draw k of n, counted from 0, at k / (n - 1), as the frontiers have it."""
    draws = np.asarray(draws)
    flat = np.sort(draws, axis=0).reshape(len(draws), -1)
    share = np.linspace(0, 1, len(draws))
    tails = (0.5 - level / 2, 0.5 + level / 2)
    found = [[np.interp(tail, share, column) for column in flat.T] for tail in tails]
    return np.reshape(found, (2, *draws.shape[1:]))
