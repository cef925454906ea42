"""Values and derivatives of jets, and of laws in them, against complex steps."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.lib.mixins import NDArrayOperatorsMixin
from scipy.special import expit

import scalinglaws as sl
from known_laws import ALL_LAWS
from scalinglaws.fitting.derivatives.any_law import AnyLaw, by_run
from scalinglaws.fitting.derivatives.base import Model, to_internal
from scalinglaws.fitting.derivatives.jet import Jet, lift, pairs, variables
from scalinglaws.fitting.derivatives.model import model_of
from scalinglaws.fitting.derivatives.power_sums import SumOfPowers
from scalinglaws.laws import Law
from scalinglaws.laws.parts import Parameter, Term
from scalinglaws.laws.powers import coefficient, exponent, level

Array = npt.NDArray[np.float64]
Formula = Callable[..., Any]

EPS = float(np.finfo(float).eps)


class Step(NDArrayOperatorsMixin):
    """A complex number whose imaginary part is a step: an independent way to a derivative."""

    def __init__(self, z: Any) -> None:
        self.z = np.asarray(z, dtype=complex)

    @property
    def real(self) -> Array:
        return self.z.real

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        assert method == "__call__"
        assert not kwargs
        z = [a.z if isinstance(a, Step) else np.asarray(a, dtype=complex) for a in args]
        if ufunc in (np.maximum, np.minimum):
            return Step(np.where(ufunc(z[0].real, z[1].real) == z[0].real, *z))
        if ufunc is np.logaddexp:
            high = np.where(z[0].real > z[1].real, *z)
            return Step(high + np.log1p(np.exp(z[0] + z[1] - 2 * high)))
        if ufunc is np.absolute:
            return Step(np.sign(z[0].real) * z[0])
        if ufunc is expit:
            return Step(1 / (1 + np.exp(-z[0])))
        return Step(ufunc(*z))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.real:
            return self.real
        assert function is np.where
        where, *z = (a.z if isinstance(a, Step) else a for a in args)
        return Step(np.where(where, *z))


def slope(formula: Formula, at: Array) -> tuple[Array, Array]:
    """Value and gradient (P, ..) by steps that are too small to have an error."""
    out = []
    for j in range(len(at)):
        z = [Step(np.array([[v]]) + (1e-200j if i == j else 0)) for i, v in enumerate(at)]
        out.append(formula(*z).z)
    return out[0].real, np.stack([v.imag for v in np.broadcast_arrays(*out)]) / 1e-200


def bend(formula: Formula, at: Array, h: float) -> Array:
    """Hessian (P, P, ..): differences of fourth order of the gradient by complex steps."""
    rows = []
    for unit in np.eye(len(at)):
        g = {k: slope(formula, at + k * h * unit)[1] for k in (-2, -1, 1, 2)}
        rows.append((8 * (g[1] - g[-1]) - (g[2] - g[-2])) / (12 * h))
    return np.stack(rows)


def jets(at: Array, *, logs: bool = False) -> list[Jet]:
    return variables(np.asarray(at, dtype=float)[:, None], logs=(logs,) * len(at))


def parts(formula: Formula, at: Array) -> tuple[Array, Array, Array]:
    """Value (1, ..), gradient (P, 1, ..) and full Hessian (P, P, 1, ..) of a formula in jets."""
    size = len(at)
    jet = lift(formula(*jets(at)), tuple(range(size)))
    i, j = pairs(size)
    h = np.empty((size, size, *jet.h.shape[1:]))
    h[i, j] = h[j, i] = jet.h
    return jet.v, jet.g, h


def assert_derivatives(formula: Formula, at: Array, *, h: float = 1e-3) -> None:
    v, g, hess = parts(formula, at)
    value, gradient = slope(formula, at)
    # A handful of roundings each, of numbers no larger than the largest derivative.
    np.testing.assert_allclose(v, value, rtol=100 * EPS)
    scale = np.abs(gradient).max() + 1e-300
    np.testing.assert_allclose(*np.broadcast_arrays(g, gradient), atol=100 * EPS * scale)
    # Fourth order: h^4 times a derivative of order five, and the gradient's rounding over h.
    second = bend(formula, at, h)
    near = 1e-9 * (np.abs(second).max() + scale)
    np.testing.assert_allclose(*np.broadcast_arrays(hess, second), rtol=0, atol=near)


UNARY = {
    np.exp: 0.7,
    np.expm1: -0.4,
    np.log: 1.7,
    np.log1p: 0.3,
    np.log10: 2.5,
    np.log2: 0.6,
    np.sqrt: 1.3,
    np.square: -0.8,
    np.reciprocal: 1.4,
    np.negative: 0.9,
    np.positive: 0.9,
    np.absolute: -1.1,
    np.sin: 0.8,
    np.cos: 0.8,
    np.tan: 0.8,
    np.arctan: -1.2,
    np.arctanh: 0.45,
    np.arcsinh: -1.7,
    np.exp2: 0.8,
    expit: 0.6,
    np.tanh: 0.6,
    np.sinh: -0.9,
    np.cosh: 0.9,
}
BINARY = (np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power, np.logaddexp)
EITHER = (np.maximum, np.minimum)


@pytest.mark.parametrize("ufunc", UNARY, ids=lambda u: u.__name__)
def test_a_function_of_one_number(ufunc: np.ufunc) -> None:
    at = UNARY[ufunc]
    assert_derivatives(lambda u: ufunc(u), np.array([at]))
    # Inside another formula, so that the chain rule has a first and a second derivative to carry.
    assert_derivatives(lambda u, v: ufunc(at * u * u * v), np.array([1.01, 0.98]))


@pytest.mark.parametrize("ufunc", BINARY + EITHER, ids=lambda u: u.__name__)
@pytest.mark.parametrize("left", ["jet", "number", "row", "table"])
@pytest.mark.parametrize("right", ["jet", "number", "row", "table"])
def test_a_function_of_two_numbers(ufunc: np.ufunc, left: str, right: str) -> None:
    plain = {
        "number": 1.3,
        "row": np.array([0.4, 1.0, 2.6]),
        "table": np.array([[0.7, 2.0, 2.2]]),
    }
    if left != "jet" and right != "jet":
        left = right = "jet"
    a, b = plain.get(left), plain.get(right)
    assert_derivatives(
        lambda u, v: ufunc(u * v if a is None else a, u - v + 1 if b is None else b),
        np.array([1.7, 0.9]),
    )


@pytest.mark.parametrize("power", [-2, -1, 0, 1, 2, 3, 0.5, -1.5, np.array([0.0, 1.0, 2.5])])
def test_a_power_that_is_a_plain_number(power: Any) -> None:
    assert_derivatives(lambda u: (u + 0.2) ** power, np.array([1.1]))


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_a_whole_power_of_zero_and_of_a_negative_number(power: int) -> None:
    for at in (0.0, -1.5):
        v, g, h = parts(lambda u: u**power, np.array([at]))
        first = power * at ** (power - 1) if power else 0.0
        second = power * (power - 1) * at ** (power - 2) if power > 1 else 0.0
        # Products of a few small numbers.
        np.testing.assert_allclose(
            [v.item(), g.item(), h.item()], [at**power, first, second], rtol=4 * EPS
        )


def test_whole_powers_in_an_array_hold_at_zero() -> None:
    v, g, h = parts(lambda u: u ** np.array([0.0, 1.0, 2.0]), np.array([0.0]))
    assert v.ravel().tolist() == [1, 0, 0]
    assert np.broadcast_to(g, (1, 1, 3)).ravel().tolist() == [0, 1, 0]
    assert np.broadcast_to(h, (1, 1, 1, 3)).ravel().tolist() == [0, 0, 2]


def test_zero_to_a_positive_power_stays_zero_with_its_derivatives() -> None:
    v, g, h = parts(lambda c: np.array([0.0, 2.0]) ** c, np.array([0.5]))
    two = np.sqrt(2) * np.log(2) ** np.arange(3)
    # One exponential and up to two products.
    np.testing.assert_allclose(
        np.stack([v.ravel(), g.ravel(), h.ravel()], 1), [[0, 0, 0], two], rtol=8 * EPS
    )


def softplus(v: float) -> tuple[float, float, float]:
    e = np.exp(-abs(v))
    return float(np.logaddexp(0, v)), (1 if v > 0 else e) / (1 + e), e / (1 + e) ** 2


@pytest.mark.parametrize("v", [-700.0, -40.0, -30.0, -1.0, 0.0, 1.0, 30.0, 40.0, 700.0])
@pytest.mark.parametrize("side", [0, 1])
def test_logaddexp_keeps_its_digits_in_both_tails(v: float, side: int) -> None:
    order = slice(None, None, -1 if side else 1)
    got = parts(lambda u: np.logaddexp(*(u, 0.0)[order]), np.array([v]))
    # An exponential of a number as large as v has |v| roundings.
    expected = softplus(v)
    np.testing.assert_allclose([x.item() for x in got], expected, rtol=(8 + abs(v)) * EPS)


@pytest.mark.parametrize("side", [0, 1])
def test_logaddexp_of_nothing_and_something(side: int) -> None:
    order = slice(None, None, -1 if side else 1)
    v, g, h = parts(lambda u: np.logaddexp(*(u, -np.inf)[order]), np.array([1.25]))
    assert (v.item(), g.item(), h.item()) == (1.25, 1.0, 0.0)
    small = parts(lambda u: np.logaddexp(*(u, -1e6)[order]), np.array([1e-10]))
    assert small[0].item() == 1e-10


def test_maximum_and_minimum_guard_what_they_leave_out() -> None:
    with np.errstate(all="ignore"):
        top = parts(lambda u: np.minimum(np.exp(u), 1e6), np.array([800.0]))
        low = parts(lambda u: np.maximum(-50.0, np.log(u)), np.array([0.0]))
    assert [x.item() for x in top] == [1e6, 0, 0]
    assert [x.item() for x in low] == [-50, 0, 0]
    with np.errstate(invalid="ignore"):
        lost = parts(lambda u: np.maximum(u, 0.0), np.array([np.nan]))
    assert np.isnan(lost[0])


def test_a_choice_by_a_condition_takes_each_side_whole() -> None:
    x = np.array([0.5, 1.0, 4.0])
    assert_derivatives(lambda u, v: np.where(x > 0.7, u * u * x, v**3), np.array([1.1, 0.9]))
    assert_derivatives(lambda u: np.where(x > 0.7, u * x, 2.0), np.array([1.1]))
    with np.errstate(all="ignore"):
        one = parts(lambda u: np.where(u > 0, np.log(u), -9.0), np.array([-1.0]))
    assert [w.item() for w in one] == [-9.0, 0.0, 0.0]


def test_an_extreme_of_numbers_of_different_parameters() -> None:
    u, v = jets(np.array([2.0, 3.0]))
    top = np.maximum(u * u, v)
    assert top.at == (0, 1)
    assert top.g.ravel().tolist() == [4, 0]
    assert top.h.ravel().tolist() == [2, 0, 0]
    low = np.minimum(u * u, v)
    assert low.g.ravel().tolist() == [0, 1]


def test_a_batch_broadcasts_against_runs_and_against_a_table() -> None:
    theta = np.array([[0.3, 0.9, 1.4], [1.2, 0.5, -0.7]])
    row, table = np.array([0.5, 1.0, 2.0, 3.0]), np.arange(1.0, 13.0).reshape(3, 4)
    for x in (row, table):
        u, v = variables(theta, logs=(False, True))
        both = x**u * v + np.log(x + v) - u / x
        assert both.v.shape == (3, 4)
        g, h = (np.broadcast_to(w, (len(w), 3, 4)) for w in (both.g, both.h))
        for b in range(3):
            own = x if x.ndim == 1 else x[b]
            single = variables(theta[:, b : b + 1], logs=(False, True))
            alone = own ** single[0] * single[1] + np.log(own + single[1]) - single[0] / own
            # The same operations on the same numbers; vectorised loops may round the last bit.
            np.testing.assert_allclose(both.v[b], alone.v[0], rtol=4 * EPS)
            np.testing.assert_allclose(g[:, b], np.broadcast_to(alone.g[:, 0], (2, 4)), rtol=4e-15)
            np.testing.assert_allclose(h[:, b], np.broadcast_to(alone.h[:, 0], (3, 4)), rtol=4e-15)


def test_a_logarithmic_parameter_is_its_exponential() -> None:
    (u,) = jets(np.array([0.7]), logs=True)
    assert [w.item() for w in (u.v, u.g, u.h)] == [np.exp(0.7)] * 3


def test_lifting_adds_parameters_of_zero_derivative_anywhere() -> None:
    u, v, w = jets(np.array([1.5, 2.0, 0.5]))
    product = u * w * w
    assert product.at == (0, 2)
    wide = lift(product, (0, 1, 2))
    assert wide.g.ravel().tolist() == [0.25, 0.0, 1.5]
    # Upper triangle by rows: uu, uv, uw, vv, vw, ww.
    assert wide.h.ravel().tolist() == [0.0, 0.0, 1.0, 0.0, 0.0, 3.0]
    assert (product + v).h.ravel().tolist() == wide.h.ravel().tolist()
    assert lift(wide, (0, 1, 2)) is wide


def test_comparisons_are_those_of_the_values() -> None:
    u, v = jets(np.array([1.0, 2.0]))
    assert bool(u < v)
    assert bool(v >= 2.0)
    assert bool(np.greater(1.5, u))
    assert not bool(u == v)
    assert bool(u != v)
    assert ((u <= np.array([0.5, 1.0, 1.5])) == [[False, True, True]]).all()
    assert np.real(u) == 1.0


def test_arithmetic_in_place_is_arithmetic() -> None:
    u, v = jets(np.array([1.5, 2.0]))
    total = u * 2
    total += v
    total -= 1.0
    total *= v
    total /= 4.0
    total **= 2
    # ((2u + v - 1) v / 4)^2 at (1.5, 2): exact in binary; the first jet is as it was.
    assert total.v.item() == 4.0
    assert total.g.ravel().tolist() == [4.0, 6.0]
    assert u.v.item() == 1.5


@pytest.mark.parametrize(
    "call",
    [
        np.hypot,
        np.arccosh,
        np.mean,
        np.sum,
        np.add.reduce,
        lambda u: np.clip(u, 0.0, 1.0),
        lambda u: np.add(u, 1.0, where=np.array([True])),
        lambda u: np.asarray(u, dtype=float),
        float,
        len,
    ],
)
def test_what_has_no_rule_is_refused(call: Callable[[Jet], Any]) -> None:
    with pytest.raises(TypeError):
        call(jets(np.array([0.5]))[0])


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> str:
    """A random smooth formula of u, v, w and a row x, tame enough to differentiate by steps."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(["u", "v", "w", "x", "0.7", "-1.3"]))
    one, two = draw(trees(depth - 1)), draw(trees(depth - 1))
    return draw(
        st.sampled_from(
            [
                f"({one} + {two})",
                f"({one} - {two})",
                f"({one} * {two})",
                f"({one} / (3.0 + np.sin({two})))",
                f"(2.0 + np.tanh({one})) ** ({two})",
                f"np.exp(np.sin({one}))",
                f"np.log(1.5 + np.square({one}))",
                f"np.log1p(np.square({one}))",
                f"np.expm1(np.tanh({one}))",
                f"np.sqrt(2.0 + np.cos({one}))",
                f"np.arctan({one})",
                f"np.logaddexp({one}, {two})",
                f"(-({one}))",
                f"({one}) ** 3",
            ]
        )
    )


@settings(max_examples=100, deadline=None)
@given(tree=trees(), seed=st.integers(0, 2**20))
def test_random_formulas(tree: str, seed: int) -> None:
    at = np.random.default_rng(seed).uniform(0.3, 1.2, 3)
    x = np.array([0.6, 1.1])

    def formula(u: Any, v: Any, w: Any) -> Any:
        # Every formula is one of all three.
        return eval(tree, {"np": np, "u": u, "v": v, "w": w, "x": x}) + 0.1 * u * v * w

    got = parts(formula, at)
    plain = formula(*at)
    value, gradient = slope(formula, at)
    fine, coarse = bend(formula, at, 5e-4), bend(formula, at, 1e-3)
    scale = 1 + max(np.abs(v).max() for v in (value, gradient, fine))
    error = np.abs(fine - coarse).max()
    # Where a formula is too wild for differences, they say so themselves by disagreeing.
    assume(error < 1e-7 * scale)
    np.testing.assert_allclose(np.broadcast_arrays(got[0], plain)[0], value, atol=1e-13 * scale)
    np.testing.assert_allclose(*np.broadcast_arrays(got[1], gradient), rtol=0, atol=1e-12 * scale)
    near = 2 * error + 1e-10 * scale
    np.testing.assert_allclose(*np.broadcast_arrays(got[2], fine), rtol=0, atol=near)


def near_truth(law: Law, truth: Mapping[str, float], count: int, seed: int) -> Array:
    """Internal parameters (count, P) a tenth around the truth, inside the bounds."""
    theta = to_internal(law, truth)
    size = np.array([1.0 if p.space == "log" else abs(truth[p.name]) for p in law.parameters])
    drawn = np.random.default_rng(seed).normal(size=(count, len(theta)))
    return theta + 0.05 * np.maximum(size, 0.01) * np.clip(drawn, -2, 2)


def formula_of(law: Law, x: Mapping[str, Array]) -> Formula:
    """The law as a formula of internal parameters."""

    def formula(*theta: Any) -> Any:
        p = {
            q.name: np.exp(t) if q.space == "log" else t
            for q, t in zip(law.parameters, theta, strict=True)
        }
        return law.function(p, x)

    return formula


CORNERS = "board game at its corners"
"""Constants a thousand times as small: corners as wide as the rest, so that runs lie on them."""


@pytest.mark.parametrize("name", [*ALL_LAWS, CORNERS])
def test_every_law_has_its_value_gradient_and_hessian(name: str) -> None:
    law, truth, x = ALL_LAWS["board game" if name == CORNERS else name]
    if name == CORNERS:
        truth = {k: v / 1000 for k, v in truth.items()}
    for theta in near_truth(law, truth, 3, seed=5):
        f, g, h = by_run(law, x, theta)
        values = {
            p.name: np.exp(t) if p.space == "log" else t
            for p, t in zip(law.parameters, theta, strict=True)
        }
        # The same formula in the same order, but for divisions that multiply by a reciprocal.
        np.testing.assert_allclose(f, law(values, **x), rtol=1e-13)
        formula = formula_of(law, x)
        gradient = slope(formula, theta)[1][:, 0]
        scale = np.abs(gradient).max(axis=1, keepdims=True) + EPS
        # Powers of inputs up to 1e12 are exponentials of numbers up to 30: 30 roundings, and a
        # few more where differences of such logarithms enter.
        assert np.abs((g - gradient) / scale).max() < 1e-12
        fine, coarse = (bend(formula, theta, s)[:, :, 0] for s in (2e-5, 1e-4))
        size = np.abs(fine).max(axis=2, keepdims=True) + np.abs(fine).max() * 1e-3
        size = np.where(size > 0, size, 1.0)  # a straight line does not bend
        # The Hessian is as exact as the differences can tell: they differ by their own error.
        # Its fifth derivatives by an exponent, in inputs that span 30 in the logarithm, limit it;
        # beside the corners of a broken line, roundings of the slope over the step do.
        rounding = 8 * EPS * np.abs(gradient).max()
        assert (np.abs(h - fine) <= 1e-7 * size + rounding / 2e-5).all()
        assert (np.abs(h - coarse) <= 1e-5 * size + rounding / 1e-4).all()


def sums_of(model: Model, theta: Array, runs: int, seed: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    point = model.at(theta)
    a, b = rng.uniform(0.1, 1.0, (2, len(theta), runs)).astype(point.f.dtype)
    return (point.f, *model.unpack(point.pack(a, b)))


def assert_same(
    first: tuple[Array, Array, Array], other: tuple[Array, Array, Array], rtol: float
) -> None:
    for one, two in zip(first, other, strict=True):
        scale = np.abs(two).max(axis=0, keepdims=True)
        assert one.shape == two.shape
        assert np.abs((one - two) / np.where(scale > 0, scale, 1)).max() < rtol


def made(
    parameters: tuple[Parameter, ...],
    terms: tuple[Term, ...],
    inputs: tuple[str, ...] = ("params", "tokens"),
) -> Law:
    return sl.laws.sum_of_powers(
        name="made here",
        inputs=inputs,
        parameters=parameters,
        terms=terms,
        formula="see the terms",
        reference="this test",
    )


A, B, E = (coefficient(n, n, "", "") for n in "ABE")
ALPHA, BETA, RATE = (exponent(n, n, "") for n in ("alpha", "beta", "rate"))
OF_SIZE = Term(coefficient="A", powers=(("params", "alpha"),))
OF_DATA = Term(coefficient="B", powers=(("tokens", "beta"),))
LEVEL = Term(coefficient="E")
VALUES = {"A": 40.0, "B": 90.0, "E": 1.7, "F": 0.4, "alpha": 0.31, "beta": 0.27, "rate": 0.2}
FLOOR = level("E", "E", "", "")
LINEAR_A = level("A", "A", "", "")
LOG_ALPHA = coefficient("alpha", "alpha", "", "")
SUMS = {
    "Chinchilla": sl.laws.CHINCHILLA,
    "no floor": made((A, ALPHA), (OF_SIZE,)),
    "level as a logarithm": made((A, B, E, ALPHA, BETA), (OF_SIZE, LEVEL, OF_DATA)),
    "two levels": made(
        (FLOOR, A, level("F", "F", "", ""), ALPHA), (LEVEL, OF_SIZE, Term(coefficient="F"))
    ),
    "an exponent of two terms": made(
        (A, B, FLOOR, RATE),
        (
            Term(coefficient="A", powers=(("params", "rate"),)),
            Term(coefficient="B", powers=(("tokens", "rate"),)),
            LEVEL,
        ),
    ),
    "a product of powers": made(
        (A, FLOOR, ALPHA, BETA),
        (Term(coefficient="A", powers=(("params", "alpha"), ("tokens", "beta"))), LEVEL),
    ),
    "an exponent twice in a term": made(
        (A, FLOOR, RATE),
        (Term(coefficient="A", powers=(("params", "rate"), ("tokens", "rate"))), LEVEL),
    ),
    "a coefficient of two terms": made(
        (A, ALPHA, BETA), (OF_SIZE, Term(coefficient="A", powers=(("tokens", "beta"),)))
    ),
    "a coefficient as it is": made((LINEAR_A, FLOOR, ALPHA), (OF_SIZE, LEVEL)),
    "an exponent as a logarithm": made((A, FLOOR, LOG_ALPHA), (OF_SIZE, LEVEL)),
}


def sum_case(name: str) -> tuple[Law, Array, dict[str, Array]]:
    law = SUMS[name]
    theta = near_truth(law, VALUES, 4, seed=11)
    rng = np.random.default_rng(2)
    x = {"params": 10 ** rng.uniform(7, 10, 25), "tokens": 10 ** rng.uniform(8, 12, 25)}
    return law, theta, {k: x[k] for k in law.inputs}


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("own_inputs", [False, True])
def test_a_sum_of_powers_is_what_its_formula_says(name: str, own_inputs: bool) -> None:
    law, theta, x = sum_case(name)
    if own_inputs:
        x = {k: v * np.array([[1.0], [3.0], [0.2], [7.0]]) for k, v in x.items()}
    fast = model_of(law, x)
    # Exponents of numbers up to 30 and back: a hundred roundings.
    np.testing.assert_allclose(fast.value(theta), AnyLaw(law, x).value(theta), rtol=1e-13)
    assert_same(sums_of(fast, theta, 25, 3), sums_of(AnyLaw(law, x), theta, 25, 3), 1e-12)


@pytest.mark.parametrize("name", ["Chinchilla", "two levels", "level as a logarithm"])
def test_the_order_of_the_terms_does_not_matter(name: str) -> None:
    law, theta, x = sum_case(name)
    first = sums_of(SumOfPowers(law, x), theta, 25, 3)
    for terms in permutations(law.terms):
        again = sums_of(SumOfPowers(replace(law, terms=terms), x), theta, 25, 3)
        # Sums in another order.
        assert_same(again, first, 1e-13)


def test_some_problems_on_some_runs_are_a_part_of_the_whole() -> None:
    law, theta, x = sum_case("Chinchilla")
    table = {k: v * np.array([[1.0], [3.0], [0.2], [7.0]]) for k, v in x.items()}
    which, runs = np.array([2, 0]), slice(5, 17)
    for own in (x, table):
        for model in (SumOfPowers(law, own), AnyLaw(law, own)):
            part = model.take(which, runs)
            whole = model.value(theta)[which, runs]
            # Inputs are centred afresh: other roundings.
            np.testing.assert_allclose(part.value(theta[which]), whole, rtol=1e-13)
            assert part.at(theta[which]).f.shape == (2, 12)


@pytest.mark.parametrize("name", ["Chinchilla", "two levels", "an exponent of two terms"])
def test_a_law_by_run_adds_up_to_the_model(name: str) -> None:
    law, theta, x = sum_case(name)
    f, g, h = by_run(law, x, theta[1])
    model = model_of(law, x)
    point = model.at(theta[1:2])
    a, b = np.random.default_rng(4).normal(size=(2, 25))
    first, second = model.unpack(point.pack(a[None], b[None]))
    # Terms of either sign up to 30^2 times the loss, in 25 runs.
    np.testing.assert_allclose(first[0], g @ a, atol=1e-12 * np.abs(g * a).sum())
    expected = (g * b) @ g.T + h @ a
    np.testing.assert_allclose(second[0], expected, atol=1e-12 * np.abs(h).sum())
    np.testing.assert_allclose(point.f[0], f, rtol=1e-13)
