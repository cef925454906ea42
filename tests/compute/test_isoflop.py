"""Approaches 1 and 2: known optima, published exponents, bias without noise, refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import ConvexHull

import scalinglaws as sl
from scalinglaws.compute.growing import line_through

CHINCHILLA = sl.laws.CHINCHILLA
TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
A_TRUE = 0.366 / (0.348 + 0.366)


def test_narrow_centred_profiles_give_the_true_exponent():
    runs = sl.simulate.isoflop(CHINCHILLA, TRUTH, np.geomspace(1e18, 1e22, 9), half_width=0.2)
    found = sl.compute.isoflop.frontier(runs, n=20)
    # A parabola over 0.4 decades leaves an error of the fourth order of the width: below 1e-3.
    assert found.exponent().estimate == pytest.approx(A_TRUE, abs=1e-3)
    assert found.exponent("tokens").estimate == pytest.approx(1 - A_TRUE, abs=1e-3)


def test_wide_drifting_profiles_are_biased_without_noise():
    straight, drifting = (
        sl.compute.isoflop.frontier(
            sl.simulate.isoflop(
                CHINCHILLA, TRUTH, np.geomspace(1e18, 1e22, 9), half_width=1.0, drift=drift
            ),
            n=20,
            shape="parabola",
        )
        .exponent()
        .estimate
        for drift in (0.0, 0.15)
    )
    # The bias of a drifting grid has the drift's sign and is far above rounding.
    assert drifting - A_TRUE > 0.005
    assert abs(straight - A_TRUE) < 0.002


def test_llama_3_points_give_the_published_line():
    found = sl.compute.isoflop.frontier(sl.load("isoflops/llama3"), shape="parabola")
    # Grattafiori et al. 2024, figure 3: D* = 0.299 C^0.537, to the digits on the figure.
    assert found.exponent("tokens").estimate == pytest.approx(0.537, abs=0.0005)
    assert found.prefactor("tokens").estimate == pytest.approx(0.299, abs=0.0005)


def test_chinchilla_points_give_the_published_exponent():
    found = sl.compute.isoflop.frontier(sl.load("isoflops/chinchilla"), shape="parabola")
    # Hoffmann et al. 2022, table 2, approach 2: 0.49, printed to two digits.
    assert found.exponent().estimate == pytest.approx(0.49, abs=0.005)
    left_out = found.table[~found.table["used"]]
    assert list(left_out["reason"]) == ["no minimum inside the measured sizes"]


def test_frontier_line_is_consistent():
    found = sl.compute.isoflop.frontier(sl.load("isoflops/llama3"))
    table = found.at([1e21, 1e24])
    np.testing.assert_allclose(6 * table["params"] * table["tokens"], table["flops"], rtol=1e-12)
    assert table["beyond"][0] == 1
    assert table["beyond"][1] == pytest.approx(100, rel=1e-9)


def test_budgets_within_five_per_cent_are_one():
    runs = sl.load("isoflops/llama3").assign(jitter=0.0)
    rng = np.random.default_rng(0)
    runs["flops"] *= np.exp(rng.uniform(-0.01, 0.01, len(runs)))
    assert sl.compute.isoflop.budgets(runs).nunique() == 10


def test_no_interior_minimum_is_refused_with_the_table():
    runs = sl.load("isoflops/llama3")
    low = runs.groupby("flops").apply(lambda g: g.nsmallest(5, "params")).reset_index(drop=True)
    low["flops"] = 6 * low["params"] * low["tokens"]
    low["loss"] = 1 / low["params"] ** 0.1
    with pytest.raises(sl.Unidentifiable, match="the exponent needs at least 3") as refusal:
        sl.compute.isoflop.frontier(low)
    assert set(refusal.value.partial["reason"]) == {"no minimum inside the measured sizes"}


def test_envelope_of_known_curves():
    sizes = np.geomspace(3e7, 3e9, 15)
    tokens = np.geomspace(1e8, 1e12, 200)
    runs = sl.simulate.at(
        CHINCHILLA, TRUTH, params=np.repeat(sizes, 200), tokens=np.tile(tokens, 15)
    )
    runs["run"] = np.repeat([f"{s:.0f}" for s in sizes], 200)
    inner = runs[(runs["flops"] > 2e18) & (runs["flops"] < 2e21)]
    found = sl.compute.envelope.frontier(inner, n=50)
    # Sizes are a factor 1.4 apart, so each winner is known to 0.17 in log; over 3 decades of
    # compute that leaves about 0.02 in the exponent.
    assert found.exponent().estimate == pytest.approx(A_TRUE, abs=0.02)
    assert found.kind == "bootstrap by run"


def simulated_curves(sizes, checkpoints, start=2e7, end=1e10):
    params = np.repeat(np.geomspace(start, end, sizes), checkpoints)
    tokens = np.tile(np.geomspace(1e8, 1e12, checkpoints), sizes)
    runs = sl.simulate.at(CHINCHILLA, TRUTH, params=params, tokens=tokens)
    runs["run"] = [f"{size:.0f}" for size in params]
    return runs[(runs["flops"] > 1e18) & (runs["flops"] < 1e21)]


def test_hull_gives_the_stored_lines_of_the_gemstones_authors():
    curves = sl.load("gemstones")
    found = sl.compute.envelope.frontier(curves, hull=True, flops="flops_authors", n=20)
    # Slope and intercept as stored in parameters/approach_1_linear_regression_params.json and
    # ..._tokens.json of mcleish7/gemstone-scaling-laws. Same corners, same count of FLOPs: what
    # is left is the rounding of a line with log C near 47, far below 1e-9.
    np.testing.assert_allclose(found.lines[0], [0.499380216082636, -2.8451076960767026], rtol=1e-9)
    np.testing.assert_allclose(
        found.token_lines[0], [0.4809888232129201, 1.8963208273327723], rtol=1e-9
    )
    # McLeish et al. 2025 print 0.499 and the card quotes 0.538 for 6ND: half of the last digit.
    assert found.exponent().estimate == pytest.approx(0.499, abs=5e-4)
    plain = sl.compute.envelope.frontier(curves, hull=True, n=20)
    assert plain.exponent().estimate == pytest.approx(0.538, abs=5e-4)
    assert plain.exponent("tokens").estimate == pytest.approx(0.462, abs=5e-4)


def test_hull_corners_are_those_of_an_independent_hull():
    curves = sl.load("gemstones")
    logs = np.log(curves[["flops", "loss"]].to_numpy())
    # A far point above and to the right leaves of the whole hull its lower edge.
    corners = ConvexHull(np.vstack([logs, logs.max(axis=0) + 5])).vertices
    edge = curves.iloc[[i for i in corners if i < len(curves)]].sort_values("flops")
    falling = edge[edge["loss"] < edge["loss"].cummin().shift(fill_value=np.inf)]
    table = sl.compute.envelope.frontier(curves, hull=True, n=20).table
    # Logarithm and exponential: a few roundings of a double.
    columns = ["flops", "params", "tokens", "loss"]
    np.testing.assert_allclose(table[columns], falling[columns], rtol=1e-12)


def test_hull_and_envelope_agree_on_dense_curves():
    curves = simulated_curves(60, 200)
    envelope = sl.compute.envelope.frontier(curves, n=20)
    hull = sl.compute.envelope.frontier(curves, hull=True, n=20)
    corners, winners = (np.log(found.table[["flops", "params"]]) for found in (hull, envelope))
    inner = corners.iloc[3:-3]
    # Both pick from the same sizes; around a minimum they may pick neighbours.
    step = np.log(1e10 / 2e7) / 59
    same = np.interp(inner["flops"], winners["flops"], winners["params"])
    # Between two budgets of the envelope its winner may change: one step more.
    assert (inner["params"] - same).abs().max() < 2 * step
    through = line_through(inner["flops"].to_numpy(), inner["params"].to_numpy()[None])
    # Half a step of scatter on each of 86 corners over 2.7 decades: 0.0531 / sqrt(86) / 1.8.
    assert through[0, 0] == pytest.approx(envelope.exponent().estimate, abs=0.0032)
    # The first corner is the cheapest checkpoint, here 20 times too large (3.0 in log). At the end
    # of m corners over a range r of log C it moves the slope by 6 x 3.0 / (m r), m = 92, r = 6.9.
    assert corners["params"].iloc[0] - winners["params"].iloc[0] > 2
    assert hull.exponent().estimate == pytest.approx(envelope.exponent().estimate, abs=0.03)


@pytest.mark.parametrize("hull", [False, True])
def test_another_count_of_flops_carries_through(hull):
    curves = sl.load("gemstones")
    # Half as much compute for the same runs: the same winners, at half the budget.
    found, half = (
        sl.compute.envelope.frontier(
            curves.assign(half=curves["flops"] / 2), hull=hull, flops=name, n=20
        )
        for name in ("flops", "half")
    )
    np.testing.assert_allclose(half.table["flops"], found.table["flops"] / 2, rtol=1e-12)
    for name in ("params", "tokens", "loss"):
        # Interpolation in log C at another origin: rounding.
        np.testing.assert_allclose(half.table[name], found.table[name], rtol=1e-9)
    there, here = half.at([1e20, 1e22]), found.at([2e20, 2e22])
    for name in set(here) - {"flops"}:
        np.testing.assert_allclose(there[name], here[name], rtol=1e-9)
    k, b = found.prefactor("tokens").estimate, found.exponent("tokens").estimate
    assert half.prefactor("tokens").estimate == pytest.approx(k * 2**b, rel=1e-9)
    assert "D* = C / (6 N*), b" in repr(found)
    assert "D* = k C^b, b" in repr(half)
    assert "C as counted in half" in repr(half)


def test_tokens_are_those_of_the_winning_checkpoint():
    curves = sl.load("gemstones")
    found = sl.compute.envelope.frontier(curves, hull=True, flops="flops_authors", n=20)
    seen = found.table[["loss"]].merge(curves, on="loss")
    assert len(seen) == len(found.table)
    # Logarithm and exponential of the same figure: a few roundings.
    np.testing.assert_allclose(found.table["tokens"], seen["tokens"], rtol=1e-12)
    drawn = sl.figures.envelope(found).figure.axes[0]
    first = curves[curves["run"] == curves["run"].min()]
    np.testing.assert_array_equal(drawn.lines[0].get_xdata(), first["flops_authors"])
    assert drawn.get_xlabel() == "compute C (FLOPs), flops_authors"


def test_resamples_of_runs_give_the_same_interval_whatever_the_order_of_rows():
    curves = sl.load("gemstones")
    mixed = curves.sample(frac=1, random_state=0)
    for hull in (False, True):
        found, again = (sl.compute.envelope.frontier(c, hull=hull, n=100) for c in (curves, mixed))
        np.testing.assert_array_equal(found.lines, again.lines)
        interval = found.exponent()
        assert interval.low < interval.estimate < interval.high


def test_a_resample_without_three_winners_is_left_out():
    found = sl.compute.envelope.frontier(simulated_curves(5, 4), hull=True, n=500)
    # The hull of all five curves has four corners; some resamples of them keep two.
    assert len(found.table) == 4
    assert 1 < len(found.lines) < 501
    assert len(found.lines) == len(found.token_lines)
    assert np.isfinite(found.lines).all()


def test_frontier_refuses_another_quantity():
    found = sl.compute.isoflop.frontier(sl.load("isoflops/llama3"), n=20)
    for ask in (found.exponent, found.prefactor):
        with pytest.raises(sl.UnknownName, match="of is 'data'; choose from params, tokens"):
            ask("data")


def test_envelope_refusals():
    with pytest.raises(sl.BadRuns, match="a column run"):
        sl.compute.envelope.frontier(sl.load("hoffmann2022"))
    curves = sl.load("gemstones")
    two = curves[curves["run"].isin(curves["run"].unique()[:2])]
    for hull in (False, True):
        with pytest.raises(sl.Unidentifiable, match=r"[12] model sizes are ever the best"):
            sl.compute.envelope.frontier(two, hull=hull)
    with pytest.raises(sl.BadRuns, match="the table lacks gpu_hours, tokens"):
        sl.compute.envelope.frontier(curves.drop(columns="tokens"), flops="gpu_hours")
    with pytest.raises(sl.BadRuns, match="this table has no row"):
        sl.compute.envelope.frontier(curves.iloc[:0])


@pytest.mark.parametrize("value", ["many", "-3", "inf", ""])
def test_envelope_names_the_cell_that_is_not_a_count(value):
    curves = sl.load("gemstones")
    text = curves["flops_authors"].astype(str)
    text.iloc[6] = value
    with pytest.raises(
        sl.BadRuns, match=rf"row 7, column other: found '{value}'; expected a posit"
    ):
        sl.compute.envelope.frontier(curves.assign(other=text), flops="other")


def test_the_envelope_knows_how_the_lowest_loss_falls() -> None:
    # Curves L = (C_c / C)^0.05 whatever the size, raised for sizes far from the best.
    rows = []
    for k, params in enumerate(np.geomspace(1e6, 1e9, 10)):
        for flops in np.geomspace(1e14, 1e20, 60):
            best = 1e6 * (flops / 1e14) ** 0.5
            loss = (1e25 / flops) ** 0.05 * (1 + 0.02 * np.log(params / best) ** 2)
            rows.append(
                {
                    "run": str(k),
                    "params": params,
                    "tokens": flops / 6 / params,
                    "flops": flops,
                    "loss": loss,
                }
            )
    found = sl.compute.envelope.frontier(pd.DataFrame(rows), n=20)
    # Ten sizes leave the edge up to 0.3% above the law between them.
    assert found.loss_exponent().estimate == pytest.approx(0.05, abs=5e-4)
    assert np.log10(found.loss_scale().estimate) == pytest.approx(25, abs=0.1)
    parabolas = sl.compute.isoflop.frontier(
        sl.simulate.isoflop(
            sl.laws.CHINCHILLA,
            {"A": 482.0, "B": 2085.0, "E": 1.8, "alpha": 0.35, "beta": 0.37},
            np.geomspace(1e18, 1e21, 4),
        ),
        n=20,
    )
    with pytest.raises(
        sl.Unidentifiable, match="finds sizes, not a line through the lowest losses"
    ):
        parabolas.loss_exponent()
