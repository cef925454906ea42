"""Derivatives that are written out are those that a law's own function carries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.fitting.derivatives.any_law import AnyLaw
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.derivatives.written import Written

LAWS = [*(sl.laws.broken_power_law("x", breaks=k) for k in (1, 2, 3)), sl.laws.saturating("x")]
BATCH, RUNS = 7, 30


def parameters(law: sl.Law, rng: np.random.Generator) -> np.ndarray:
    """Draw internal parameters (B, P), so that breaks lie among the runs and levels above zero."""
    theta = 0.3 * rng.normal(size=(BATCH, len(law.names)))
    for j, name in enumerate(law.names):
        if name in ("a", "E"):
            theta[:, j] = rng.uniform(0.05, 0.9, BATCH)
        elif name == "L0" or name.startswith("d"):
            theta[:, j] = rng.uniform(3, 9, BATCH)
        elif name == "c":
            theta[:, j] = rng.uniform(0.1, 1, BATCH)
    return theta


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
@pytest.mark.parametrize("shared", [True, False])
def test_they_are_those_that_the_function_carries(law: sl.Law, shared: bool) -> None:
    rng = np.random.default_rng(0)
    x = np.geomspace(10, 1e5, RUNS) * np.exp(0.1 * rng.normal(size=(BATCH, RUNS)))
    inputs = {"x": x[0] if shared else x}
    theta, weights = parameters(law, rng), rng.normal(size=(3, BATCH, RUNS))
    model, plain = model_of(law, inputs), AnyLaw(law, inputs)
    assert isinstance(model, Written)
    ours, theirs = model.at(theta), plain.at(theta)
    pairs = [(ours.f, theirs.f), (ours.pull(weights[0]), theirs.pull(weights[0]))]
    pairs += zip(ours.local(*weights), theirs.local(*weights), strict=True)
    pairs += [(ours.pack(*weights[:2]), theirs.pack(*weights[:2]))]
    for one, other in pairs:
        # Sums of 30 numbers that nearly cancel, in another order.
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * np.abs(other).max())


def test_a_law_whose_parameters_move_otherwise_goes_by_its_function() -> None:
    law = sl.laws.broken_power_law("x")
    own = tuple(replace(p, space="log", lower=0.0) if p.name == "c0" else p for p in law.parameters)
    x = {"x": np.geomspace(10, 1e5, RUNS)}
    assert isinstance(model_of(replace(law, parameters=own), x), AnyLaw)
    assert isinstance(model_of(law, {"x": x["x"][:5]}), AnyLaw)
