"""What exercises with a check ask for: the right number and what mistakes give, from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalinglaws._fit import fit as fitted
from scalinglaws.compute.allocate import allocate
from scalinglaws.laws import power_law

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from scalinglaws._fit import Fit


@dataclass(frozen=True)
class Mistake:
    """A well-known way to a wrong number: what it gives, and a hint that does not give it away."""

    gives: float
    hint: str


@dataclass(frozen=True)
class Exercise:
    """The right number, how near to it an answer is right, and mistakes, likeliest first."""

    right: float
    mistakes: tuple[Mistake, ...]
    within: float = 0.02


def _doubling(fit: Fit) -> Exercise:
    """Give by how many nats per token the loss falls between 50 and 100 billion tokens."""
    low, high, far, farther = fit.law(fit.params, tokens=np.array([50e9, 100e9, 500e9, 1000e9]))
    above = low - fit.params["E"]
    share = 1 - 2 ** -fit.params["c"]
    return Exercise(
        low - high,
        (
            Mistake(far - farther, "That is the second pair, from 500 to 1000 billion."),
            Mistake(1 - high / low, "That is a share of the loss; the question asks for nats."),
            Mistake(share, "That is the share of what lies above the floor, not of nats."),
            Mistake(low * share, "You let the floor shrink as well. Only what lies above it does."),
            Mistake(above, "That is all that lies above the floor, not what one doubling takes."),
        ),
    )


def _serve(fit: Fit) -> Exercise:
    """Give how many times the compute half the best size needs at 1e24 FLOPs for its loss."""
    best = allocate(fit, [1e24], n=20).iloc[0]
    p, size = fit.params, best["params"] / 2
    left = best["loss"] - p["E"] - p["A"] / size ** p["alpha"]
    tokens = (p["B"] / left) ** (1 / p["beta"])
    right = float(6 * size * tokens / 1e24)
    return Exercise(
        right,
        (
            Mistake(
                0.5,
                "That is the compute with as many tokens as before. The smaller model needs more.",
            ),
            Mistake(2 * right, "That is the ratio of tokens. Each costs half now: count 6ND."),
            Mistake(right - 1, "That is what comes on top, not how many times the compute."),
            Mistake(1.0, "Twice the tokens would be the same compute, and another loss."),
        ),
    )


def _embeddings(runs: pd.DataFrame, embeddings: int) -> Exercise:
    """Give the exponent of size on the most text, counted without the embeddings."""
    most = runs[runs["tokens"] == runs["tokens"].max()]
    least = runs[runs["tokens"] == runs["tokens"].min()]

    def exponent(part: pd.DataFrame, left_out: int) -> float:
        counted = part.assign(params=part["params"] - left_out)
        return float(fitted(power_law("params", floor=False), counted).params["c"])

    return Exercise(
        exponent(most, embeddings),
        (
            Mistake(exponent(most, 0), "The embeddings are still in your count."),
            Mistake(exponent(most, -embeddings), "You added the embeddings instead."),
            Mistake(
                exponent(most, embeddings // 8),
                "You left out one number for each character; each has eight.",
            ),
            Mistake(exponent(least, embeddings), "That is the exponent on the least text."),
        ),
    )


def _unit(fit: Fit) -> Exercise:
    """Give the scale k of an error when compute is counted in units of 1e18 FLOPs."""
    k, power = fit.params["k"], 1e18 ** fit.params["c"]
    return Exercise(
        k / power,
        (
            Mistake(k, "The scale carries the unit of compute, so it cannot stay."),
            Mistake(k / 1e18, "You divided by the unit. The scale stands before a power of it."),
            Mistake(k * power, "You went the other way: the new numbers of compute are smaller."),
        ),
    )


EXERCISES: dict[str, Callable[..., Exercise]] = {
    "ex-doubling": _doubling,
    "ex-measure-embeddings": _embeddings,
    "ex-serve": _serve,
    "ex-vision-unit": _unit,
}
"""Exercises that have a check, by label."""
