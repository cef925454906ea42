"""A frontier's answers from lines that are written here: exponents, scales, splits, ends."""

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws.compute.growing import Frontier, line_through, six_nd_tokens
from scalinglaws.compute.isoflop import parabola, through
from skewed_runs import plain_ends

N = 40
RNG = np.random.default_rng(0)
LINES = np.c_[0.45 + 0.02 * RNG.exponential(size=N), -1 + 0.3 * RNG.exponential(size=N)]
TOKENS = np.c_[0.6 + 0.03 * RNG.exponential(size=N), 1 - 0.2 * RNG.exponential(size=N)]
LOSSES = np.c_[-0.05 - 0.01 * RNG.exponential(size=N), 3 + 0.1 * RNG.exponential(size=N)]
TABLE = pd.DataFrame({"flops": [1e18, 1e20, 1e21], "used": [True, False, True]})


def made(**changed):
    given = {
        "table": TABLE,
        "runs": pd.DataFrame(),
        "lines": LINES,
        "token_lines": TOKENS,
        "loss_lines": LOSSES,
        "how": "made up",
        "kind": "invented",
    }
    return Frontier(**{**given, **changed})


@pytest.mark.parametrize("level", [0.9, 0.6])
def test_ends_are_quantiles_of_the_resampled_lines_and_the_first_is_the_estimate(level):
    found = made()
    for ask, values in (
        (found.exponent, LINES[:, 0]),
        (lambda **o: found.exponent("tokens", **o), TOKENS[:, 0]),
        (found.prefactor, np.exp(LINES[:, 1])),
        (lambda **o: found.prefactor("tokens", **o), np.exp(TOKENS[:, 1])),
        (found.loss_exponent, -LOSSES[:, 0]),
        (found.loss_scale, np.exp(-LOSSES[:, 1] / LOSSES[:, 0])),
    ):
        answer = ask(level=level)
        assert answer.estimate == pytest.approx(values[0], rel=1e-12)
        # Interpolated between the same two draws: rounding.
        ends = plain_ends(values[1:], level)
        assert [answer.low, answer.high] == pytest.approx(ends.tolist(), rel=1e-12)
        assert (answer.level, answer.kind) == (level, "invented")


@pytest.mark.parametrize("level", [0.9, 0.6])
def test_the_split_of_a_budget_follows_both_lines(level):
    budgets = np.array([1e19, 1e21, 3e21])
    found = made().at(budgets, level=level)
    params, tokens = (
        np.exp(lines[:, :1] * np.log(budgets) + lines[:, 1:]) for lines in (LINES, TOKENS)
    )
    for name, values in (
        ("params", params),
        ("tokens", tokens),
        ("tokens_per_param", tokens / params),
    ):
        np.testing.assert_allclose(found[name], values[0], rtol=1e-12)
        both = found[[f"{name}_low", f"{name}_high"]].T
        np.testing.assert_allclose(both, plain_ends(values[1:], level), rtol=1e-12)
    assert found["beyond"].tolist() == pytest.approx([1, 1, 3], rel=1e-12)
    assert found["flops"].tolist() == budgets.tolist()
    assert found.attrs == {"level": level, "simulated": False}


def test_nine_in_ten_unless_one_says_and_levels_are_shares():
    found = made()
    for ask in (found.exponent, found.prefactor, found.loss_exponent, found.loss_scale):
        assert ask() == ask(level=0.9)
        with pytest.raises(sl.BadParameters, match="level is a share between 0 and 1"):
            ask(level=90)
    assert found.at(1e20).equals(found.at([1e20], level=0.9))
    with pytest.raises(sl.BadParameters, match="level is a share between 0 and 1"):
        found.at(1e20, level=1.0)
    with pytest.raises(sl.BadRuns, match="list of positive numbers"):
        found.at([0.0])
    runs = pd.DataFrame()
    runs.attrs["simulated"] = True
    assert made(runs=runs).at(1e20).attrs["simulated"] is True


def test_what_a_frontier_does_not_have_is_refused():
    found = made(loss_lines=None)
    for ask in (found.loss_exponent, found.loss_scale):
        with pytest.raises(sl.Unidentifiable, match="made up finds sizes") as refusal:
            ask()
        assert "power_law('flops')" in refusal.value.insist
    for ask in (found.exponent, found.prefactor):
        with pytest.raises(sl.UnknownName, match="of is 'loss'; choose from params, tokens"):
            ask("loss")


def test_a_frontier_reads_with_its_exponents_and_budgets():
    text = repr(made())
    assert text.startswith("made up\n  N* = k C^a, a = ")
    assert f"a = {made().exponent()}" in text
    assert f"D* = k C^b, b = {made().exponent('tokens')}" in text
    assert "budgets used: 2 of 3" in text
    assert "made up, C as counted in other" in repr(made(flops="other"))
    assert "D* = C / (6 N*), b" in repr(made(token_lines=six_nd_tokens(LINES)))


def test_tokens_follow_from_sizes_at_six_flops_each():
    found = six_nd_tokens(LINES)
    log_c = 40.0
    params, tokens = (lines[:, 0] * log_c + lines[:, 1] for lines in (LINES, found))
    np.testing.assert_allclose(params + tokens + np.log(6), log_c, rtol=1e-12)


def test_a_parabola_is_fitted_to_runs_as_often_as_they_were_drawn():
    z = np.array([-1.0, -0.4, 0.1, 0.7, 1.5])
    loss = np.array([3.0, 2.5, 2.45, 2.7, 3.6])
    counts = np.array([[1.0, 1, 1, 1, 1], [2, 0, 1, 0, 2], [0, 3, 1, 1, 0], [0, 5, 0, 0, 0]])
    found = parabola(z, loss, counts)
    for p, c in zip(found[:3], counts, strict=False):
        again = np.repeat(np.arange(5), c.astype(int))
        np.testing.assert_allclose(p[::-1], np.polyfit(z[again], loss[again], 2), rtol=1e-9)
    # One size alone determines no parabola.
    assert np.isnan(found[3]).all()


def test_a_line_is_fitted_to_what_is_seen_of_three_points_or_more():
    x = np.array([1.0, 2.0, 4.0, 7.0, 9.0])
    y = np.array([0.5, 1.5, 1.0, 3.5, 3.0])
    gaps = np.stack([y, y, y, y])
    gaps[1, 3] = gaps[2, 1] = gaps[2, 4] = np.nan
    gaps[3, :3] = np.nan
    found = line_through(x, gaps)
    for row, line in zip(gaps[:3], found, strict=False):
        seen = np.isfinite(row)
        np.testing.assert_allclose(line, np.polyfit(x[seen], row[seen], 1), rtol=1e-12)
    assert np.isnan(found[3]).all()
    weights = np.array([1.0, 5.0, 2.0, 0.5, 3.0])
    for row, line in zip(gaps[:3], line_through(x, gaps, weights), strict=False):
        seen = np.isfinite(row)
        exact = np.polyfit(x[seen], row[seen], 1, w=np.sqrt(weights[seen]))
        np.testing.assert_allclose(line, exact, rtol=1e-12)


def test_the_curve_through_a_profile_is_its_parabola_or_akimas():
    z = np.log(np.geomspace(1e8, 1e10, 7))
    loss = 2.5 + 0.05 * (z - 20.0) ** 2
    at = np.linspace(z[0], z[-1], 11)
    exact = 2.5 + 0.05 * (at - 20.0) ** 2
    np.testing.assert_allclose(through(z, loss, shape="parabola")(at), exact, rtol=1e-9)
    bent = loss + 0.02 * np.sin(5 * z)
    akima = through(np.r_[z, z[2:4]], np.r_[bent, bent[2:4] + 0.3], shape="akima")
    # Through the lowest loss of each size, which the parabola misses.
    np.testing.assert_allclose(akima(z), bent, rtol=1e-12)
    assert np.abs(through(z, bent, shape="parabola")(z) - bent).max() > 0.01
