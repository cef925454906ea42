"""The forecast against the average that its docstring describes, written out shape by shape."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.stats import norm, qmc
from scipy.stats import t as student

import scalinglaws as sl
from scalinglaws.curves.forecast import INSIDE, KNOTS, POINTS, curve_of

COLUMNS = ["mean", "low", "high"]


def noisy(points=8, seed=0, scatter=0.02, ends=(1e3, 1e6)):
    """A falling curve whose scatter is skewed, so that no sign or order can be swapped unseen."""
    rng = np.random.default_rng(seed)
    x = np.geomspace(*ends, points)
    return x, (0.3 + 5 * (x / ends[0]) ** -0.4) * np.exp(scatter * rng.exponential(size=points))


def drawn():
    """The four families of shapes, as the constants state them: a row a shape."""
    rows = []
    for name, n, share in (
        ("broken", 512, 0.72),
        ("plain", 256, 0.16),
        ("begun", 256, 0.06),
        ("turned", 256, 0.06),
    ):
        u = qmc.Sobol(4, rng=np.random.default_rng(0)).random(n)
        for k, (p, q, place, v) in enumerate(u):
            a, b = norm.ppf(0.001 + 0.998 * p), norm.ppf(0.001 + 0.998 * q)
            steep, width = 0.8 * np.exp(1.2 * a), 0.1 * 10.0**v
            one = {
                "broken": (steep * np.exp(-0.3 - b), steep, place, width),
                "plain": (0.01 * 300 ** (k / 255), 0.01 * 300 ** (k / 255), 1.0, 1.0),
                "begun": (0.0, 2.0 * np.exp(a), place, width),
                "turned": (steep, -0.3 * np.exp(0.7 * b), place, width),
            }[name]
            rows.append((name, *one, 0.02 + 0.78 * q, share / n))
    return rows


def shaped(s, start):
    """Every shape at log x s, which is 0 at the end, and the belief in it."""
    out, belief = [], []
    bend = lambda z, w: w * np.log1p(np.exp(z / w))  # noqa: E731
    for name, before, later, place, width, left, share in drawn():
        where = (start - 0.5) + (0.5 + 1.0 - start) * place

        def value(z, b=before, c=later, at=where, w=width, rises=name == "turned"):
            log = -b * z - (c - b) * bend(z - at, w)
            # A curve that turned goes up for two e-folds, and then no further.
            return np.exp(log + (c * bend(z - at - 2.0, w) if rises else 0.0))

        fall = lambda z, f=value, r=left, k=name == "begun": (1 - r) * f(z) + r if k else f(z)  # noqa: E731
        out.append(fall(s) / fall(0.0))
        belief.append(share)
    return np.array(out).T, np.array(belief)


def stated(x, loss, at, level):
    """The average of the module's docstring, one kind of wander and one shape after the other."""
    order = np.argsort(x)
    s, y = np.log(x[order] / x.max()), np.log(loss[order] / loss[order][-1])
    to, n = np.log(np.asarray(at) / x.max()), len(x)
    (past, belief), (future, _) = shaped(s, s[0]), shaped(to, s[0])
    every = np.r_[s, to]
    logs, means, variances = [], [], []
    for reach in (0.25, 0.5, 1.0):
        for scatter in (0.01, 0.1, 0.5, 0.9):
            size = np.exp(-every / (2 * reach))
            size[n:] = np.exp(to / 2)
            apart = np.abs(every[:, None] - every)
            cov = (1 - scatter) * size[:, None] * size * np.exp(-apart)
            k, cross = cov[:n, :n] + scatter * np.eye(n), cov[n:, :n]
            solved = np.linalg.solve(k, cross.T).T
            new = np.diag(cov)[n:] + scatter - (solved * cross).sum(axis=1)
            root = np.linalg.inv(np.linalg.cholesky(k))
            evidence = np.linalg.slogdet(k)[1] / (2 * n)
            for sign, odds in ((1, 0.0), (-1, np.log(10.0))):
                target = np.exp(sign * y)
                for j in range(past.shape[1]):
                    design = root @ np.c_[1 / target, past[:, j] / target]
                    floor, scale = nnls(design, root.sum(axis=1))[0]
                    missed = sign * y - np.log(floor + scale * past[:, j])
                    spread = (missed @ np.linalg.solve(k, missed)) / n
                    explains = -min(n, 7) * (0.5 * np.log(spread + 1e-9) + evidence)
                    logs.append(explains - odds + np.log(belief[j]))
                    means.append(sign * (np.log(floor + scale * future[:, j]) + solved @ missed))
                    variances.append(spread * new)
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    means, variances = np.array(means), np.array(variances)
    mean = weight @ means
    spread = (weight @ (means - mean) ** 2 + weight @ variances) * n / (n - 3)
    spread = spread + (0.15 * to * mean) ** 2 + 0.001**2
    half = student.ppf((1 + level) / 2, 5) * np.sqrt(spread)
    last = loss[order][-1]
    return {"mean": last * np.exp(mean), "low": last * np.exp(mean - half)} | {
        "high": last * np.exp(mean + half)
    }


@pytest.mark.parametrize(("points", "seed", "level"), [(6, 1, 0.9), (9, 2, 0.6)])
def test_the_forecast_is_the_stated_average(points, seed, level):
    x, loss = noisy(points, seed)
    x[2], at = 1.01 * x[1], [1.3e6, 8e6]
    said, want = sl.forecast(x, loss, at=at, level=level), stated(x, loss, at, level)
    for column in COLUMNS:
        # Shapes of less than 1e-7 of the weight are left out, of 30720: 3e-3 at most.
        np.testing.assert_allclose(said[column], want[column], rtol=3e-3)


def test_a_rising_curve_is_the_stated_average_too():
    x, fall = noisy(8, 3)
    said, want = (f(x, 1 / fall, at=[2e6], level=0.9) for f in (sl.forecast, stated))
    for column in COLUMNS:
        # As above.
        np.testing.assert_allclose(said[column], want[column], rtol=3e-3)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_ends_are_students_quantiles_on_both_sides_of_the_mean(level):
    x, loss = noisy(12, 4)
    at = [2e2, 3e4, 3e6]
    said, other = (sl.forecast(x, loss, at=at, level=v) for v in (level, 0.9))
    up, down = np.log(said["high"] / said["mean"]), np.log(said["mean"] / said["low"])
    # One number added and taken away in logs: rounding only.
    np.testing.assert_allclose(up, down, rtol=1e-9)
    ratio = student.ppf((1 + level) / 2, 5) / student.ppf(0.95, 5)
    np.testing.assert_allclose(up / np.log(other["high"] / other["mean"]), ratio, rtol=1e-9)
    assert list(said.columns) == ["x", "mean", "low", "high", "extrapolated"]
    assert said["x"].tolist() == at


def test_the_default_level_is_nine_in_ten():
    x, loss = noisy()
    assert sl.forecast(x, loss, at=[2e6]).equals(sl.forecast(x, loss, at=[2e6], level=0.9))


def test_only_what_lies_outside_the_points_is_extrapolated():
    x, loss = noisy(8, ends=(1e3, 1e6))
    at = [x[0] * (1 - 1e-9), x[0], x[3], x[-1], x[-1] * (1 + 1e-9)]
    told = sl.forecast(x, loss, at=at)["extrapolated"].tolist()
    assert told == [True, False, False, False, True]


def test_before_the_curve_it_is_continued_backwards():
    x, loss = noisy(9, 5)
    before = sl.forecast(x, loss, at=[4e2, 9e2])
    # In 1/x the curve runs the other way, and what came first comes last.
    turned = sl.forecast(1 / x, loss, at=[1 / 4e2, 1 / 9e2])
    # Logarithms of other units differ in their last digits, which the weights magnify.
    np.testing.assert_allclose(before[COLUMNS], turned[COLUMNS], rtol=1e-6)


def test_a_curve_is_sorted_and_repeated_points_are_averaged_in_logs():
    log_x, log_loss = curve_of([8, 1, 2, 4, 16, 32, 8], [5, 9, 8, 7, 3, 2, 20])
    np.testing.assert_allclose(log_x, np.log([1, 2, 4, 8, 16, 32]), rtol=1e-15)
    # The geometric mean of 5 and 20 is 10; logarithms round.
    np.testing.assert_allclose(np.exp(log_loss), [9, 8, 7, 10, 3, 2], rtol=1e-12)
    with pytest.raises(sl.Unidentifiable, match="at 6 different x or more; this curve has 5"):
        curve_of([8, 1, 2, 4, 16, 8], [5, 9, 8, 7, 3, 2])


def test_a_long_curve_is_that_of_its_means_in_equal_steps():
    x, loss = noisy(200, 6)
    gap = (x > 2e4) & (x < 9e4)
    x, loss = x[~gap], loss[~gap]
    s, y = np.log(x), np.log(loss)
    which = np.minimum(((s - s[0]) / (s[-1] - s[0]) * POINTS).astype(int), POINTS - 1)
    means = [np.exp([v[which == k].mean() for k in np.unique(which)]) for v in (s, y)]
    one, other = sl.forecast(x, loss, at=[3e6]), sl.forecast(*means, at=[3e6])
    # The same 32 numbers, but for their last digits, which the weights magnify.
    np.testing.assert_allclose(one[COLUMNS], other[COLUMNS], rtol=1e-6)
    x, loss = noisy(POINTS, 6)
    plain, more = (sl.forecast(x, loss * k, at=[3e6])["mean"][0] for k in (1.0, 2.0))
    assert more / plain == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize(("left", "right", "most"), [(2e6, 9e7, KNOTS), (2e3, 9e5, INSIDE * KNOTS)])
def test_of_many_points_those_between_are_interpolated_in_equal_steps(left, right, most):
    x, loss = noisy(10, 7)
    at = np.geomspace(left, right, most + 1)
    knots = np.geomspace(left, right, most)
    many, few = sl.forecast(x, loss, at=at), sl.forecast(x, loss, at=knots)
    want = np.exp(np.interp(np.log(at), np.log(knots), np.log(few["mean"])))
    # Rounding in the logarithms, which the weights magnify.
    np.testing.assert_allclose(many["mean"], want, rtol=1e-6)
    alone = sl.forecast(x, loss, at=[knots[5]])
    # As many as there are knots are not interpolated: each is the answer of its own.
    np.testing.assert_allclose(few["mean"][5], alone["mean"][0], rtol=1e-6)


def test_the_answer_is_in_the_order_asked_for_and_one_by_one_the_same():
    x, loss = noisy(9, 8)
    at = [5e6, 1e2, 2e4, 2e6, 5e6]
    said = sl.forecast(x, loss, at=at)
    for k, one in enumerate(at):
        alone = sl.forecast(x, loss, at=[one])
        # The same formula over arrays of another shape: sums round otherwise.
        np.testing.assert_allclose(said[COLUMNS].iloc[k], alone[COLUMNS].iloc[0], rtol=1e-9)


def test_steep_and_flat_curves_stay_within_doubles():
    x = np.geomspace(1, 1e6, 8)
    said = sl.forecast(x, np.geomspace(1e-12, 1e12, 8), at=[1e300, 1e-300])
    # Exponents are cut at 700, so that no end overflows or vanishes.
    assert np.isfinite(said[COLUMNS]).all(axis=None)
    assert (said[COLUMNS] > 0).all(axis=None)
    assert (said["low"] <= said["mean"]).all()
    assert (said["mean"] <= said["high"]).all()
    assert said["high"].max() == pytest.approx(np.exp(700.0))
    assert said["low"].min() == pytest.approx(np.exp(-700.0))


@pytest.mark.parametrize(
    ("x", "loss", "error", "message"),
    [
        ([1, 2, 3, 4, 5, 0], np.ones(6), sl.BadRuns, r"x, value 6: found 0; .*\(1 such values"),
        ([1, -2, 3, -4, 5, 6], np.ones(6), sl.BadRuns, r"x, value 2: found -2; .*\(2 such values"),
        ([1, 2, np.inf, 4, 5, 6], np.ones(6), sl.BadRuns, "x, value 3: found inf"),
        (np.ones((2, 6)), np.ones(6), sl.BadRuns, "x must be a list of numbers; it has 2 dim"),
        ([1, 2, 3, 4, 5, 6], np.ones(5), sl.BadRuns, "one length; found 6 and 5"),
        ([1, 2, 3, 4, 5, "six"], np.ones(6), sl.BadRuns, "x holds something that is not a number"),
    ],
)
def test_what_is_no_curve_is_refused_with_the_first_value_and_their_number(x, loss, error, message):
    with pytest.raises(error, match=message):
        sl.forecast(x, loss, at=[9.0])
