"""The landing page's picture: what it draws of runs, laws, models and budgets."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute.isoflop import frontier


@pytest.fixture(scope="module")
def picture():
    sizes = np.geomspace(1e8, 1e10, 7)
    runs = pd.concat(
        [
            pd.DataFrame({"flops": c, "params": sizes, "tokens": c / 6 / sizes})
            for c in (1e19, 1e20, 1e21)
        ],
        ignore_index=True,
    )
    best = 1e9 * (runs["flops"] / 1e20) ** 0.5
    runs["loss"] = 3 * (runs["flops"] / 1e20) ** -0.05 + 0.1 * np.log10(runs["params"] / best) ** 2
    flops = np.array([1e19, 1e21, 1e23])
    size = 1e9 * (flops / 1e20) ** 0.5
    refit = pd.DataFrame({"flops": flops, "params": size})
    refit = refit.assign(params_low=size / 2, params_high=size * 2)
    other = 1e9 * (flops / 1e20) ** 0.7
    return sl.figures.answers(
        runs,
        refit,
        ("theirs", flops, other),
        {"one": (1e22, 5e9)},
        frontier(runs, shape="parabola"),
        at=1e22,
    )


def words(ax):
    return [t.get_text() for t in ax.texts]


def test_two_laws_part_at_a_budget_and_say_their_exponents(picture):
    ax = picture.figure.axes[0]
    # 1e9 (1e22 / 1e20)^0.7 and ^0.5.
    assert picture.message == "Same budget, two laws: train 25.1B parameters, or 10B?"
    assert {"25.1B", "10B", "one", "measured", "extrapolated"} <= set(words(ax))
    told = " ".join(words(ax))
    assert r"theirs" in told
    for exponent in ("0.50", "0.70"):
        assert rf"\mathdefault{{{exponent}}}" in told
    rings = [v for v in ax.lines if v.get_markerfacecolor() == "white"]
    assert [v.get_xdata()[0] for v in rings] == [1e22, 1e22]
    assert [v.get_ydata()[0] for v in rings] == pytest.approx([1e10, 1e9 * 100**0.7])


def test_each_budget_is_a_valley_with_a_ring_at_its_best_size(picture):
    beside = picture.figure.axes[1]
    (rings,) = [v for v in beside.lines if v.get_markerfacecolor() == "white"]
    # A valley is a parabola in log size, so that its fitted minimum is the true one.
    assert list(rings.get_xdata()) == pytest.approx([10**8.5, 1e9, 10**9.5])
    assert words(beside) == ["1e21", "1e19"]
