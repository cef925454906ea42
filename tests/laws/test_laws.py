"""Laws are values: they predict, name their parameters, and their derivatives are exact."""

import ast
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

import scalinglaws as sl
from known_laws import ALL_LAWS
from scalinglaws.fitting.derivatives.any_law import AnyLaw, by_run
from scalinglaws.fitting.derivatives.base import to_internal, to_values
from scalinglaws.fitting.derivatives.power_sums import SumOfPowers

TRUTH = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
# Two ways to write the same powers differ by the rounding of logarithms near 100.
ROUNDING = 1e-13


def _inputs(n: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"params": 10 ** rng.uniform(7, 10, n), "tokens": 10 ** rng.uniform(8, 12, n)}


def test_chinchilla_is_the_published_formula():
    x = _inputs(5)
    by_hand = 1.817 + 482.0 / x["params"] ** 0.348 + 2085.0 / x["tokens"] ** 0.366
    np.testing.assert_allclose(sl.laws.CHINCHILLA(TRUTH, **x), by_hand, rtol=ROUNDING)


def test_one_call_serves_many_parameter_vectors():
    x = _inputs(7)
    many = {k: np.array([v, 1.1 * v, 0.9 * v]) for k, v in TRUTH.items()}
    batch = sl.laws.CHINCHILLA(many, **x)
    assert batch.shape == (3, 7)
    np.testing.assert_array_equal(batch[0], sl.laws.CHINCHILLA(TRUTH, **x))


@pytest.mark.parametrize(
    "law",
    [
        sl.laws.CHINCHILLA,
        sl.laws.power_law("params"),
        sl.laws.add(
            sl.laws.power_law("params", floor=False), sl.laws.power_law("tokens"), share=("c",)
        ),
    ],
)
def test_derivatives_written_out_agree_with_those_carried_along(law):
    x = {k: _inputs()[k] for k in law.inputs}
    values = {**TRUTH, "k": 400.0, "c": 0.3, "k_2": 900.0}
    theta = to_internal(law, {k: values[k] for k in law.names})[None]
    a, b = np.random.default_rng(0).standard_normal((2, 1, 40))
    written, carried = (
        model.unpack(model.at(theta).pack(a, b)) for model in (SumOfPowers(law, x), AnyLaw(law, x))
    )
    for one, other in zip(written, carried, strict=True):
        # Both are exact; 40 terms of either sign cancel to sums some ten times smaller.
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_internal_parameters_round_trip():
    theta = to_internal(sl.laws.CHINCHILLA, TRUTH)
    # exp(log(x)) loses about one unit in the last place.
    for name, value in to_values(sl.laws.CHINCHILLA, theta).items():
        assert value == pytest.approx(TRUTH[name], rel=1e-14)


def test_a_missing_parameter_is_named():
    with pytest.raises(sl.UnknownName, match="no parameter 'gamma'; it has A, B, E, alpha, beta"):
        sl.laws.CHINCHILLA.parameter("gamma")


def _slopes(f, theta, law):
    """Differentiate ``f`` by each internal parameter, with an error of the step's fourth power."""
    out = []
    for j, p in enumerate(law.parameters):
        step = np.zeros_like(theta)
        step[j] = 1e-3 * (1.0 if p.space == "log" else max(abs(theta[j]), 1e-3))
        wide = f(theta + 2 * step) - f(theta - 2 * step)
        near = f(theta + step) - f(theta - step)
        out.append((8 * near - wide) / (12 * step[j]))
    return np.stack(out)


@pytest.mark.parametrize("name", ALL_LAWS)
def test_derivatives_are_those_of_the_function(name):
    law, truth, x = ALL_LAWS[name]
    theta = to_internal(law, truth)
    value, first, second = by_run(law, x, theta)
    np.testing.assert_allclose(value, law(truth, **x), rtol=ROUNDING)
    for numeric, exact in (
        (_slopes(lambda t: law(to_values(law, t), **x), theta, law), first),
        (_slopes(lambda t: by_run(law, x, t)[1], theta, law), second),
    ):
        scale = np.abs(exact).max()
        if scale < ROUNDING * np.abs(value).max():
            scale = 1.0  # a straight line has no second derivative
        # Truncation and cancellation of the fourth-order difference are each below 1e-8.
        np.testing.assert_allclose(numeric / scale, exact / scale, atol=1e-7)


@pytest.mark.parametrize("name", ALL_LAWS)
def test_no_law_overflows_between_one_and_1e30(name):
    law, truth, _ = ALL_LAWS[name]
    ends = np.meshgrid(*([1.0, 1e3, 1e15, 1e30],) * len(law.inputs))
    x = {k: v.ravel() for k, v in zip(law.inputs, ends, strict=True)}
    assert np.isfinite(law(truth, **x)).all()
    assert all(np.isfinite(rows).all() for rows in by_run(law, x, to_internal(law, truth)))


@pytest.mark.parametrize("name", [k for k, (law, _, _) in ALL_LAWS.items() if law.linear])
def test_a_law_is_linear_in_what_it_calls_linear(name):
    law, truth, x = ALL_LAWS[name]
    double = {k: 2 * v if k in law.linear else v for k, v in truth.items()}
    np.testing.assert_allclose(law(double, **x), 2 * law(truth, **x), rtol=ROUNDING)
    alone = sum(
        law({k: 0.0 if k in law.linear and k != one else v for k, v in truth.items()}, **x)
        for one in law.linear
    )
    np.testing.assert_allclose(alone, law(truth, **x), rtol=ROUNDING)


def test_shifted_law_is_its_formula_and_levels_off():
    law, truth, x = ALL_LAWS["shifted"]
    by_hand = 100.0 * (1 / x["examples"] + 2e-10) ** 0.285
    np.testing.assert_allclose(law(truth, **x), by_hand, rtol=ROUNDING)
    assert law(truth, examples=1e30)[0] == pytest.approx(100.0 * 2e-10**0.285, rel=ROUNDING)


@pytest.mark.parametrize("a", [1e-3, 0.3, 1.0, 2.5])
def test_saturating_law_solves_its_equation(a):
    law, truth, _ = ALL_LAWS["saturating"]
    p = {**truth, "a": a}
    x = np.geomspace(1e3, 1e12, 25)
    for size, loss in zip(x, law(p, examples=x), strict=True):
        # The unknown is the logit of the loss between its levels: at most about 10 / a.
        def miss(z, size=size):
            up, down = np.logaddexp(0, -z), np.logaddexp(0, z)
            gap = np.log(p["L0"] - p["E"])
            return (gap - up) - a * (gap - down) - np.log(p["k"]) + p["c"] * np.log(size)

        z = brentq(miss, -2e5, 2e5, xtol=1e-13, rtol=1e-14)
        share = 1 / (1 + np.exp(-z)) if z > -700 else 0.0
        # brentq is good to 1e-13 in z or a few roundings of it, whichever is more.
        assert loss == pytest.approx(p["E"] + (p["L0"] - p["E"]) * share, rel=1e-11)


def test_saturating_law_has_the_derivatives_of_the_implicit_function():
    law, truth, x = ALL_LAWS["saturating"]
    loss, first, _ = by_run(law, x, to_internal(law, truth))
    log_x = np.log(x["examples"])
    above, below = 1 / (loss - truth["E"]), truth["a"] / (truth["L0"] - loss)
    expected = {
        "E": above,
        "L0": truth["L0"] * below,
        "k": 1.0,
        "c": -log_x,
        "a": np.log(truth["L0"] - loss),
    }
    for j, name in enumerate(law.names):
        # Distances to a level lose a digit or two where the curve is close to it.
        np.testing.assert_allclose(first[j], expected[name] / (above + below), rtol=1e-12)


def test_saturating_law_without_saturation_is_the_power_law_with_floor():
    law, truth, _ = ALL_LAWS["saturating"]
    x = np.geomspace(1e8, 1e11, 20)
    plain = sl.laws.power_law("examples")(
        {"E": truth["E"], "k": truth["k"], "c": truth["c"]}, examples=x
    )
    # a enters as a power of a share between 0.05 and 1, so its size bounds the difference.
    np.testing.assert_allclose(law({**truth, "a": 1e-6}, examples=x), plain, rtol=3e-6)


def test_broken_law_is_its_formula():
    # The three breaks of the figure that decomposes the law in the authors' released code.
    p = {"a": 1e-3, "b": 4.66e3, "c0": 0.05}
    p |= {"c1": 0.49, "d1": 3e6, "f1": 1.1, "c2": -0.811, "d2": 1e14, "f2": 1.425}
    p |= {"c3": 2.1, "d3": 2e20, "f3": 0.05}
    x = np.geomspace(1.0, 1e20, 30)
    naive = p["b"] * x ** -p["c0"]
    for i in (1, 2, 3):
        naive *= (1 + (x / p[f"d{i}"]) ** (1 / p[f"f{i}"])) ** (-p[f"c{i}"] * p[f"f{i}"])
    got = sl.laws.broken_power_law("steps", breaks=3)(p, steps=x)
    np.testing.assert_allclose(got, p["a"] + naive, rtol=ROUNDING)


def test_broken_law_changes_slope_by_c_at_d():
    law, truth, _ = ALL_LAWS["one break"]
    p = {**truth, "a": 0.0}
    x = 3e7 * np.array([1e-12, 1e-11, 1e11, 1e12])
    falls = -np.diff(np.log(law(p, examples=x))) / np.diff(np.log(x))
    # Eleven decades away the other power is 1e-27 of the one that counts.
    np.testing.assert_allclose(falls[[0, 2]], [0.15, 0.15 + 0.35], rtol=1e-12)


def test_broken_law_without_break_is_the_power_law_with_floor():
    x = np.geomspace(1e3, 1e9, 10)
    broken = sl.laws.broken_power_law("steps", breaks=0)
    got = broken({"a": 1.8, "b": 400.0, "c0": 0.3}, steps=x)
    plain = sl.laws.power_law("steps")({"E": 1.8, "k": 400.0, "c": 0.3}, steps=x)
    np.testing.assert_allclose(got, plain, rtol=ROUNDING)


def test_a_negative_number_of_breaks_is_refused():
    with pytest.raises(sl.BadParameters, match="found -1"):
        sl.laws.broken_power_law("steps", breaks=-1)


def test_kaplan_laws_are_their_formulas():
    law, p, x = ALL_LAWS["Kaplan, size and data"]
    size = (6.4e13 / x["params"]) ** (0.076 / 0.103)
    np.testing.assert_allclose(law(p, **x), (size + 1.8e13 / x["tokens"]) ** 0.103, rtol=ROUNDING)
    law, p, x = ALL_LAWS["Kaplan, size and steps"]
    by_hand = (6.5e13 / x["params"]) ** 0.077 + (2.1e3 / x["steps"]) ** 0.76
    np.testing.assert_allclose(law(p, **x), by_hand, rtol=ROUNDING)


def test_limited_data_gives_the_figures_of_the_authors_released_code():
    p = {"A": np.exp(6.255414), "B": np.exp(7.3049974), "E": np.exp(0.6254804)}
    p |= {"alpha": 0.3526596, "beta": 0.3526596, "R_D": 15.387756, "R_N": 5.309743}
    got = sl.laws.DATA_CONSTRAINED(
        p, params=[6.34e9, 8.67e9], tokens=[242e9, 178e9], unique_tokens=25e9
    )
    # The README of huggingface/datablations prints these for the models of its figure 1.
    np.testing.assert_allclose(got, [2.2256440889984477, 2.2269634075087867], rtol=ROUNDING)


def test_limited_data_without_repetition_is_chinchilla():
    law, p, _ = ALL_LAWS["limited data"]
    share = {k: p[k] for k in TRUTH}
    x = {"params": np.geomspace(1e7, 1e9, 5), "tokens": 1e12}
    whole = sl.laws.CHINCHILLA(share, **x)
    np.testing.assert_allclose(law(p, unique_tokens=1e12, **x), whole, rtol=ROUNDING)
    # More unique tokens than are read cannot help.
    np.testing.assert_allclose(law(p, unique_tokens=1e14, **x), whole, rtol=ROUNDING)


def test_limited_data_with_repetitions_as_good_as_new_is_chinchilla():
    law, p, x = ALL_LAWS["limited data"]
    endless = {**p, "R_D": 1e6, "R_N": 1e6}
    share = {k: p[k] for k in TRUTH}
    plain = sl.laws.CHINCHILLA(share, params=x["params"], tokens=x["tokens"])
    # R repetitions fade by R / (2 R*), here at most 2e-4 for 400 times too many parameters.
    np.testing.assert_allclose(law(endless, **x), plain, rtol=1e-4)
    assert (law(p, **x) > plain * (1 - ROUNDING)).all()


def test_excess_parameters_count_from_the_optimal_size_for_the_unique_tokens():
    law, p, _ = ALL_LAWS["limited data"]
    # On the frontier of Chinchilla's law both terms fall alike: alpha A N^-alpha = beta B D^-beta.
    best = (p["beta"] * p["B"] / (p["alpha"] * p["A"]) * 1e9 ** -p["beta"]) ** (-1 / p["alpha"])
    share = {k: p[k] for k in TRUTH}
    for size, same in ((0.99 * best, True), (1.5 * best, False)):
        x = {"params": size, "tokens": 1e9}
        gap = law(p, unique_tokens=1e9, **x) / sl.laws.CHINCHILLA(share, **x) - 1
        assert (abs(gap[0]) < ROUNDING) == same


def test_routed_law_is_its_formula_in_base_ten():
    law, p, x = ALL_LAWS["routed"]
    rest = 1 / (1 / p["E_start"] - 1 / p["E_max"])
    experts = 1 / (1 / (x["experts"] - 1 + rest) + 1 / p["E_max"])
    n, e = np.log10(x["params"]), np.log10(experts)
    naive = 10 ** (p["a"] * n + p["b"] * e + p["c"] * n * e + p["d"])
    np.testing.assert_allclose(law(p, **x), naive, rtol=ROUNDING)


def test_routed_law_saturates_in_experts_and_is_dense_with_one():
    law, p, _ = ALL_LAWS["routed"]
    n = np.geomspace(1e7, 1e10, 4)

    def at(experts, **other):
        return law({**p, **other}, params=n, experts=experts)

    dense = sl.laws.power_law("params", floor=False)({"k": 10 ** p["d"], "c": -p["a"]}, params=n)
    np.testing.assert_allclose(at(1.0, E_start=1.0), dense, rtol=ROUNDING)
    flat = 10 ** (p["d"] + p["b"] * np.log10(p["E_max"]))
    slope = p["a"] + p["c"] * np.log10(p["E_max"])
    np.testing.assert_allclose(at(1e30), flat * n**slope, rtol=ROUNDING)


def test_downstream_laws_are_their_formulas():
    law, p, x = ALL_LAWS["downstream saturation"]
    by_hand = 0.9 * x["upstream_error"] ** 1.6 + 0.12
    np.testing.assert_allclose(law(p, **x), by_hand, rtol=ROUNDING)
    law, p, x = ALL_LAWS["sigmoid"]
    by_hand = 0.78 + (0.25 - 0.78) / (1 + np.exp(-(x["upstream_loss"] - 2.7) / 0.22))
    np.testing.assert_allclose(law(p, **x), by_hand, rtol=ROUNDING)
    law, p, x = ALL_LAWS["logistic in log"]
    by_hand = 0.25 + (0.8 - 0.25) / (1 + (x["flops"] / 1e21) ** -0.9)
    np.testing.assert_allclose(law(p, **x), by_hand, rtol=ROUNDING)


def test_sigmoid_takes_inputs_and_levels_of_either_sign():
    law = sl.laws.sigmoid("margin")
    got = law({"low": -1.0, "high": 3.0, "mid": -2.0, "width": 0.5}, margin=[-1e30, -2.0, 1e30])
    np.testing.assert_array_equal(got, [-1.0, 1.0, 3.0])


N, D = sl.laws.power_law("params", floor=False), sl.laws.power_law("tokens")


def test_a_sum_of_power_laws_is_chinchilla():
    both = N + D
    assert both.inputs == ("params", "tokens")
    assert both.names == ("k", "c", "E", "k_2", "c_2")
    assert both.linear == ("k", "E", "k_2")
    assert [t.coefficient for t in both.terms] == ["k", "E", "k_2"]
    assert both.formula == "L = (k x^-c) + (E + k x^-c), second with k_2 for k, c_2 for c"
    p = {"k": 482.0, "c": 0.348, "E": 1.817, "k_2": 2085.0, "c_2": 0.366}
    x = _inputs()
    np.testing.assert_allclose(both(p, **x), sl.laws.CHINCHILLA(TRUTH, **x), rtol=ROUNDING)


def test_a_product_of_laws_multiplies_predictions():
    both = N * D
    p = {"k": 3.0, "c": 0.1, "E": 0.7, "k_2": 50.0, "c_2": 0.2}
    x = _inputs()
    first = N({"k": 3.0, "c": 0.1}, params=x["params"])
    second = D({"E": 0.7, "k": 50.0, "c": 0.2}, tokens=x["tokens"])
    np.testing.assert_allclose(both(p, **x), first * second, rtol=ROUNDING)
    # The product is linear in the scales of either law, not in those of both together.
    assert both.linear == ("k",)
    assert both.terms == ()


def test_shared_names_stay_one_parameter():
    both = sl.laws.add(N, D, share=("c",))
    assert both.names == ("k", "c", "E", "k_2")
    assert both.terms[-1].powers == (("tokens", "c"),)
    scale = sl.laws.add(N, D, share=("k",))
    x = _inputs()
    p = {"k": 40.0, "c": 0.1, "E": 0.7, "c_2": 0.2}
    expected = 40 * x["params"] ** -0.1 + 0.7 + 40 * x["tokens"] ** -0.2
    np.testing.assert_allclose(scale(p, **x), expected, rtol=ROUNDING)
    # One coefficient in two terms is still linear, but no longer a sum of separate powers.
    assert (scale.linear, scale.terms) == (("k", "E"), ())
    assert sl.laws.multiply(N, D, share=("k",)).linear == ()
    with pytest.raises(sl.UnknownName, match="no parameter 'E'"):
        sl.laws.add(N, D, share=("E",))


def test_a_third_law_gets_the_next_free_names():
    three = N + N + N
    assert three.names == ("k", "c", "k_2", "c_2", "k_3", "c_3")
    p = {"k": 1.0, "c": 0.1, "k_2": 2.0, "c_2": 0.2, "k_3": 3.0, "c_3": 0.3}
    expected = sum(i * 1e6 ** (-i / 10) for i in (1, 2, 3))
    assert three(p, params=1e6)[0] == pytest.approx(expected, rel=ROUNDING)


def test_composition_keeps_what_holds_of_both_laws_only():
    curve = sl.laws.saturating("tokens")
    both = N + curve
    # The saturating law is not linear in anything, so nothing of the sum is linear without it.
    assert both.linear == ()
    assert (N * curve).linear == ("k",)
    assert (N + sl.laws.sigmoid("margin")).domain == "real"
    assert both.reference == "Hestness et al. 2017, section 2; Alabdulmohsin et al. 2022, M4"
    assert both.parameter("k_2").symbol == "k_2"


def test_derived_quantities_follow_their_own_law():
    twice = sl.laws.CHINCHILLA + sl.laws.CHINCHILLA
    values = {**TRUTH, **{f"{k}_2": v for k, v in TRUTH.items()}, "alpha_2": 0.5, "beta_2": 0.25}
    assert set(twice.derived) == {"a", "b", "a_2", "b_2"}
    assert twice.derived["a"](values) == pytest.approx(0.366 / 0.714)
    assert twice.derived["a_2"](values) == pytest.approx(1 / 3)


def test_guesses_of_composed_laws_stay_within_their_law():
    both = sl.laws.shifted("tokens") + sl.laws.shifted("params")
    # Starts draw what the law is not linear in.
    drawn = {k: np.array([0.5, 1.0]) for k in both.names if k not in both.linear}
    x = {"tokens": np.array([1e3, 1e6]), "params": np.array([1e2, 1e4])}
    got = both.guess(drawn, x, np.array([3.0, 2.0]))
    assert set(got) == {"c", "s", "c_2", "s_2"}
    # One division by the largest input.
    np.testing.assert_allclose(got["s"], np.array([0.5, 1.0]) / 1e6, rtol=1e-15)
    np.testing.assert_allclose(got["s_2"], np.array([0.5, 1.0]) / 1e4, rtol=1e-15)


def test_scales_that_composition_leaves_nonlinear_start_at_the_size_of_the_loss():
    both = N + sl.laws.saturating("tokens")
    drawn = {k: np.full(2, 0.5) for k in both.names}
    x, loss = _inputs(), np.linspace(2.0, 3.0, 40)
    got = both.guess(drawn, x, loss)
    term = got["k"][:, None] * x["params"] ** -0.5
    # Each law accounts for half of the loss, and this term is drawn as half of that.
    np.testing.assert_allclose(term.mean(axis=1), 0.5 * loss.mean() / 2, rtol=ROUNDING)


@pytest.mark.parametrize("name", ALL_LAWS)
def test_a_fit_without_noise_recovers_the_truth(name):
    law, truth, x = ALL_LAWS[name]
    runs = sl.simulate.at(law, truth, **x)
    objective = sl.LSQ if law.domain == "real" else sl.LSQ_LOG
    # A sigmoid's input is a loss: it never spans the decade that a fit otherwise asks for.
    fit = sl.fit(law, runs, objective=objective, check=law.domain == "positive")
    for parameter, value in truth.items():
        # Data round at 1e-16; the worst-conditioned law here loses seven digits at most.
        assert fit.params[parameter] == pytest.approx(value, rel=1e-8), fit.status


# What the library offers --------------------------------------------------------------------------

# Not laws by themselves.
BUILDERS = {
    "sum_of_powers": "power_law and CHINCHILLA are built by it",
    "multiply": "a product has two scales, so no runs determine it; see the tests of products",
}


def test_every_law_of_the_library_has_a_known_truth():
    def is_law(thing):
        returns = getattr(thing, "__annotations__", {}).get("return")
        return isinstance(thing, sl.laws.Law) or returns in ("Law", sl.laws.Law)

    offered = {name for name in sl.laws.__all__ if is_law(getattr(sl.laws, name))}
    path = Path(__file__).parents[1] / "known_laws.py"
    known = {ast.unparse(n) for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))}
    missing = {name for name in offered if f"sl.laws.{name}" not in known} - set(BUILDERS)
    assert missing == set(), "give each a truth and a design in ALL_LAWS of tests/known_laws.py"
    assert set(BUILDERS) <= offered
