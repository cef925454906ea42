"""The field's hard cases: each with its runs, its law, and a rival's residuals and starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rivals import HUBER, LAD, LSQ, Array, Chinchilla, Curve, Objective
from scipy.optimize import nnls

import scalinglaws as sl


@dataclass(frozen=True, kw_only=True)
class Case:
    """One hard case.

    ``draw`` gives random starts (K, P) in the rival's parameters, ``values`` the law's parameters
    by name at one of them, ``solve`` puts the linear part of a start where non-negative least
    squares on relative residuals has it (None where no part is linear). A case is not
    ``determined`` where the objective still falls at values far from any that the runs support.
    """

    name: str
    law: Any
    runs: pd.DataFrame
    objective: Objective
    rival: Any
    draw: Callable[[np.random.Generator, int], Array]
    values: Callable[[Array], Mapping[str, float]]
    solve: Callable[[Array], Array] | None = None
    insist: bool = False
    determined: bool = True


def _positive(basis: Array, loss: Array) -> Array:
    """Return the logarithms of the coefficients, none quite zero: its logarithm must exist."""
    relative = basis / loss[:, None]
    scale = 1 / relative.mean(axis=0)
    found = nnls(relative * scale, np.ones(len(loss)))[0]
    return np.asarray(np.log(np.maximum(found, 1e-6) * scale))


def _chinchilla(
    name: str, runs: pd.DataFrame, objective: Objective, *, insist: bool = False
) -> Case:
    params, tokens, loss = (runs[c].to_numpy() for c in ("params", "tokens", "loss"))

    def draw(rng: np.random.Generator, count: int) -> Array:
        # The box that the published grid covers; the library takes no exponent below 0.001.
        return rng.uniform([0, 0, -1, 1e-3, 1e-3], [25, 25, 1, 2, 2], (count, 5))

    def values(theta: Array) -> dict[str, float]:
        return dict(
            zip(("A", "B", "E", "alpha", "beta"), [*np.exp(theta[:3]), *theta[3:]], strict=True)
        )

    def solve(theta: Array) -> Array:
        basis = np.stack([params ** -theta[3], tokens ** -theta[4], np.ones_like(loss)], axis=1)
        return np.concatenate([_positive(basis, loss), theta[3:]])

    return Case(
        name=name,
        law=sl.laws.CHINCHILLA,
        runs=runs,
        objective=objective,
        rival=Chinchilla(params, tokens, loss),
        draw=draw,
        values=values,
        solve=solve,
        insist=insist,
    )


def _softplus(z: Any) -> Any:
    """Return log(1 + exp(z)) without overflow, for complex z too."""
    up = np.real(z) > 0
    return np.where(up, z, 0) + np.log1p(np.exp(np.where(up, -z, z)))


def _broken(
    name: str, runs: pd.DataFrame, breaks: int, *, steepest: float, determined: bool = True
) -> Case:
    x, loss = runs["examples"].to_numpy(dtype=float), runs["loss"].to_numpy()
    log_x = np.log(x)

    def log_shape(theta: Any) -> Any:
        power = -theta[0] * log_x
        for i in range(breaks):
            c, d, f = theta[1 + 3 * i : 4 + 3 * i]
            power = power - c * np.exp(f) * _softplus((log_x - d) * np.exp(-f))
        return power

    def log_prediction(theta: Any) -> Any:
        return np.log(np.exp(theta[0]) + np.exp(theta[1] + log_shape(theta[2:])))

    def draw(rng: np.random.Generator, count: int) -> Array:
        low = [np.log(0.05), np.log(0.5), 0.0]
        high = [np.log(2.0), np.log(10.0), 1.0]
        for _ in range(breaks):
            low += [-1.0, np.log(x.min()), np.log(0.01)]
            high += [steepest, np.log(x.max()), np.log(1.0)]
        return rng.uniform(low, high, (count, len(low)))

    def values(theta: Array) -> dict[str, float]:
        named = {"a": np.exp(theta[0]), "b": np.exp(theta[1]), "c0": theta[2]}
        for i in range(breaks):
            c, d, f = theta[3 + 3 * i : 6 + 3 * i]
            named |= {f"c{i + 1}": c, f"d{i + 1}": np.exp(d), f"f{i + 1}": np.exp(f)}
        return {k: float(v) for k, v in named.items()}

    def solve(theta: Array) -> Array:
        shape = np.exp(np.real(log_shape(theta[2:, None]))).reshape(-1)
        basis = np.stack([np.ones_like(loss), shape], axis=1)
        return np.concatenate([_positive(basis, loss), theta[2:]])

    return Case(
        name=name,
        law=sl.laws.broken_power_law("examples", breaks=breaks),
        runs=runs,
        objective=LSQ,
        rival=Curve(log_prediction, loss),
        draw=draw,
        values=values,
        solve=solve,
        # The addition data span two thirds of a decade: the library wants to hear that.
        insist=True,
        determined=determined,
    )


def _saturating() -> Case:
    """Return a simulated curve that leaves a random guess and meets its floor, as M4 has it."""
    truth = {"E": 0.12, "L0": 0.9, "k": 60.0, "c": 0.45, "a": 0.8}
    law = sl.laws.saturating("examples")
    runs = sl.simulate.at(law, truth, examples=np.geomspace(30, 3e7, 40), noise=0.01, seed=3)
    log_x, loss = np.log(runs["examples"].to_numpy()), runs["loss"].to_numpy()

    def log_prediction(theta: Any) -> Any:
        floor, log_gap, log_k, c, a = theta[0], theta[1], theta[2], theta[3], np.exp(theta[4])
        height = log_k - c * log_x - (1 - a) * log_gap

        def short(u: Any, a: Any, height: Any) -> tuple[Any, Any]:
            share = 1 / (1 + np.exp(-u))
            return a * _softplus(u) - _softplus(-u) - height, 1 - share + a * share

        plain, level = np.real(a), np.real(height)
        u = np.where(level < 0, level, level / plain)
        for _ in range(60):
            miss, slope = short(u, plain, level)
            u = u - miss / slope
            if np.all(np.abs(miss) <= 1e-13 * (1 + np.abs(level))):
                break
        miss, slope = short(u, a, height)
        u = u - miss / slope
        return np.log(np.exp(floor) + np.exp(log_gap - _softplus(-u)))

    def draw(rng: np.random.Generator, count: int) -> Array:
        low, high = loss.min(), loss.max()
        return rng.uniform(
            np.log([0.05 * low, 0.5 * (high - low), 1e-3, np.exp(0.05), 0.1]),
            np.log([low, 2 * (high - low), 1e3, np.exp(2.0), 4.0]),
            (count, 5),
        )

    def values(theta: Array) -> dict[str, float]:
        floor, gap, k, a = np.exp(theta[[0, 1, 2, 4]])
        return {"E": floor, "L0": floor + gap, "k": k, "c": float(theta[3]), "a": a}

    return Case(
        name="saturating curve, simulated",
        law=law,
        runs=runs,
        objective=LSQ,
        rival=Curve(log_prediction, loss),
        draw=draw,
        values=values,
    )


def cases() -> list[Case]:
    """Return the seven cases."""
    measured = sl.load("hoffmann2022")
    rng = np.random.default_rng(1)
    params = np.geomspace(5e7, 1e10, 60)
    ray = sl.simulate.at(
        sl.laws.CHINCHILLA,
        {"A": 480.0, "B": 2080.0, "E": 1.82, "alpha": 0.348, "beta": 0.366},
        params=params,
        # Tokens per parameter move by 5%: nearly one ray through the origin.
        tokens=20 * params * np.exp(0.05 * rng.standard_normal(60)),
        noise=2e-3,
        seed=2,
    )
    addition = sl.load("caballero2022")
    addition = addition[~addition["extrapolation"]].reset_index(drop=True)
    bends = {"c0": 0.1, "c1": 0.5, "d1": 1e4, "f1": 0.3, "c2": -0.4, "d2": 1e6, "f2": 0.4}
    twice = sl.simulate.at(
        sl.laws.broken_power_law("examples", breaks=2),
        {"a": 0.1, "b": 4.0, **bends},
        examples=np.geomspace(1e2, 1e9, 60),
        noise=5e-3,
        seed=4,
    )
    return [
        _chinchilla("Chinchilla 240, Huber", measured, HUBER),
        _chinchilla("Chinchilla 240, LAD", measured, LAD),
        _chinchilla("nearly one ray, Huber", ray, HUBER, insist=True),
        _broken("addition, 1 break", addition, 1, steepest=8.0),
        _broken("addition, 2 breaks (valley)", addition, 2, steepest=8.0, determined=False),
        _broken("2 breaks, simulated", twice, 2, steepest=1.0),
        _saturating(),
    ]
