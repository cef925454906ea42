"""The routed models of Clark et al. 2022 and Marin's ladders against what is known of them."""

import numpy as np
import pytest

from scalinglaws.data import catalogue as data


def test_clark_has_the_223_runs_that_the_upstream_page_counts():
    runs = data.load("clark2022")
    assert runs["router"].value_counts().to_dict() == {
        "s-base": 87, "hash": 69, "rl-r": 54, "dense": 13,
    }  # fmt: skip
    assert runs["loss"].notna().all()
    fitted = runs[runs["in_fit"] & (runs["experts"] > 1)]
    assert fitted["router"].value_counts().to_dict() == {"rl-r": 54, "s-base": 53, "hash": 51}
    assert set(runs["experts"]) == {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
    assert runs["params"].min() == pytest.approx(1.653e7, rel=1e-3)
    assert runs["params"].max() == pytest.approx(1.309e9, rel=1e-3)


def test_an_expert_copies_three_tenths_of_a_dense_model():
    runs = data.load("clark2022").query("experts > 1 and routed_layers == 0.5")
    share = (runs["total_params"] / runs["params"] - 1) / (runs["experts"] - 1)
    assert share.between(0.285, 0.387).all()
    assert share.median() == pytest.approx(0.308, abs=0.001)


def test_dense_models_follow_the_printed_exponent():
    dense = data.load("clark2022").query("router == 'dense' and wider == 1")
    slope = -np.polyfit(np.log(dense["params"]), np.log(dense["loss"]), 1)[0]
    # Printed .078; the third digit hangs on which runs are counted.
    assert slope == pytest.approx(0.078, abs=0.001)


def test_marin_names_its_budgets_below_what_was_counted():
    cells = data.load("marin2026/cells").query("not later_version")
    times = cells["flops"] / cells["budget"]
    assert times.between(1.13, 1.95).all()
    ladder = data.load("marin2026/experts")
    assert ladder["extrapolation"].sum() == 2
    # The page prints 1.6 + 95.18 C^-.0941 through the six budgets.
    below = ladder[~ladder["extrapolation"]]
    printed = 1.6 + 95.18 * below["flops"] ** -0.0941
    # Each is within a per cent of what it was fitted to.
    assert (printed / below["loss"] - 1).abs().max() < 0.01


def test_nanochat_prints_exponents_that_are_not_its_slopes():
    optima = data.load("nanochat2026")
    slopes = {
        counted: float(np.polyfit(np.log(t["flops"]), np.log(t["params"]), 1)[0])
        for counted, t in optima.groupby("counted")
    }
    assert slopes == pytest.approx(
        {"all parameters": 0.366, "all projections": 0.524, "projections of the blocks": 0.681},
        abs=0.001,
    )


def test_openeurollm_flags_the_two_rates_that_were_not_found():
    best = data.load("openeurollm2026")
    law = 0.371396 * best["params"] ** -0.4171 * best["tokens"] ** 0.0862
    far = ~(best["learning_rate"] / law).between(1 / 3, 3)
    assert best.index[far].tolist() == best.index[~best["rate_found"]].tolist()
    assert len(best) == 51
    assert np.allclose(best["flops"], 6 * best["params"] * best["tokens"])
