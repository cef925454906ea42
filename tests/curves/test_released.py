"""M1 to M4 as released: against the authors' own results on their curves, and walked paths."""

import functools
import math

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.curves import released
from scalinglaws.curves.released import leaps, walk
from scalinglaws.curves.released.ends import RATE, SLOW, STEPS, Ends
from scalinglaws.curves.released.settle import settled
from scalinglaws.errors import BadRuns

# Error of log loss on the extrapolation rows, by the authors' own code with the settings of their
# notebook (Alabdulmohsin et al. 2022): domain, task, model, then M1 to M4, to ten places.
RESULTS = [
    ("NMT", "log_perplexity", "Dec-only", 0.2519717539, 0.0103353801, 0.0328000452, 0.0084293436),
    ("NMT", "log_perplexity", "6Enc/28Dec", 0.2340262412, 0.0527378535, 0.0165403382, 0.0444421131),
    ("BB", "mult_1", "262M", 0.0106610384, 0.0106610384, 0.0106610384, 0.0066604246),
    ("BB", "date_1", "262M", 0.0319425845, 0.0319425845, 0.0046747040, 0.0319425845),
    ("IC", "c_5", "MiX/B/16", 0.0706765247, 0.0706765247, 0.0277711233, 0.0176056501),
    ("IC", "bird_10", "BiT/101/3", 0.0913434582, 0.0913434582, 0.0913434582, 0.0294922251),
    ("IC", "inet_10", "BiT/101/3", 0.1273425191, 0.1273425191, 0.0735532556, 0.0305935354),
    ("IC", "c_10", "BiT/101/3", 0.0857047247, 0.0857047247, 0.0825068502, 0.0476955136),
    ("IC", "cal_5", "MiX/B/16", 0.2429866370, 0.2429866370, 0.2353566630, 0.0727789651),
]
# The same for paths with something on them: coefficients that come to be held at zero, ends that
# reach a bound, narrow passages, and thousands of iterations.
PATHS = [
    ("M2", "IC", "c_10", "MiX/B/16", 0.0877262099),
    ("M2", "IC", "cal_25", "ViT/B/16", 0.0332806775),
    ("M2", "LM", "val_loss", "453M", 0.0007409128),
    ("M2", "BB", "unit_1", "262M", 0.0082987099),
    ("M4", "IC", "cal_10", "MiX/B/16", 0.1916977571),
    ("M4", "IC", "cal_10", "BiT/101/3", 0.1004338870),
    ("M4", "IC", "cal_25", "BiT/101/3", 0.1145081723),
    ("M4", "IC", "cal_25", "ViT/B/16", 0.0332806775),
    ("M4", "LM", "val_loss", "16.8M", 0.0003028777),
    ("M4", "BB", "ling_1", "262M", 0.0133350645),
    ("M4", "BB", "unit_1", "262M", 0.0047865418),
]
# Those that were cut off after 10,000 iterations.
CUT = [
    ("M2", "IC", "c_25", "MiX/B/16", 0.0474970746),
    ("M2", "LM", "val_loss", "1.07B", 0.0016606055),
    ("M2", "BB", "ling_1", "262M", 0.0161846810),
    ("M2", "BB", "qa_1", "262M", 0.0043189810),
    ("M4", "LM", "val_loss", "1.07B", 0.0012765213),
    ("M4", "BB", "qa_1", "262M", 0.0043189930),
]
SETTINGS = {
    "IC": {"err_0": 1.0, "upper": 1.0},
    "NMT": {"err_0": 1.0},
    "LM": {"err_0": 1.0},
    "BB": {"err_0": 1.001, "upper": 1.0},
}


@functools.cache
def curves():
    frame = sl.load("alabdulmohsin2022/curves")
    return {
        key: (rows[rows["train"]], rows[~rows["train"]])
        for key, rows in frame.groupby(["domain", "task", "model"])
    }


def parts(domain, task, model):
    return curves()[domain, task, model]


def error(found, test):
    return np.sqrt(np.mean((np.log(found.predict(test["seen"])) - np.log(test["loss"])) ** 2))


@pytest.mark.parametrize(("domain", "task", "model", "m1", "m2", "m3", "m4"), RESULTS)
def test_the_authors_results_are_met(domain, task, model, m1, m2, m3, m4):
    train, test = parts(domain, task, model)
    x, loss = train["seen"], train["loss"]
    found = {
        "M1": released.m1(x, loss),
        "M2": released.m2(x, loss),
        "M3": released.m3(x, loss),
        "M4": released.m4(x, loss, **SETTINGS[domain]),
    }
    for name, printed in zip(found, (m1, m2, m3, m4), strict=True):
        # One in a million: image losses here have the digits that single precision carried.
        assert error(found[name], test) == pytest.approx(printed, abs=1e-6), name
        assert found[name].converged


def by(method, domain, train):
    if method == "M2":
        return released.m2(train["seen"], train["loss"])
    return released.m4(train["seen"], train["loss"], **SETTINGS[domain])


def ends_of(domain, train):
    setting = {"upper": None, **SETTINGS[domain]}
    return Ends(train["seen"].to_numpy(float), train["loss"].to_numpy(), **setting)


@pytest.mark.parametrize(("method", "domain", "task", "model", "printed"), PATHS)
def test_the_authors_results_are_met_on_paths_that_turn(method, domain, task, model, printed):
    train, test = parts(domain, task, model)
    found = by(method, domain, train)
    assert found.converged
    # One in a million, as above.
    assert error(found, test) == pytest.approx(printed, abs=1e-6)


@pytest.mark.parametrize(("method", "domain", "task", "model", "printed"), CUT)
def test_a_path_that_is_too_long_is_cut_off_where_the_authors_was(
    method, domain, task, model, printed
):
    train, test = parts(domain, task, model)
    found = by(method, domain, train)
    assert not found.converged
    assert found.iterations == 10_000
    # One in a million: an iteration moves these by less than a tenth of that at the end.
    assert error(found, test) == pytest.approx(printed, abs=1e-6)


def test_every_curve_takes_few_looks_at_its_slopes(monkeypatch):
    looks = {"M2": 0, "M4": 0}
    plain = Ends.slopes

    def counted(self, low, high, p):
        looks["M4" if self.with_top else "M2"] += 1
        return plain(self, low, high, p)

    monkeypatch.setattr(Ends, "slopes", counted)
    cut = {"M2": [], "M4": []}
    for (domain, task, model), (train, _) in curves().items():
        for method, names in cut.items():
            if not by(method, domain, train).converged:
                names.append(f"{task} {model}")
    # Found by walking all 184 paths step by step with another program.
    assert sorted(cut["M2"]) == [
        "bird_25 BiT/50/1",
        "c_25 MiX/B/16",
        "inet_25 ViT/S/16",
        "ling_1 262M",
        "qa_1 262M",
        "qa_2 262M",
        "val_loss 1.07B",
    ]
    assert sorted(cut["M4"]) == [
        "bird_25 ViT/S/16",
        "qa_1 262M",
        "val_loss 1.07B",
        "val_loss 453M",
    ]
    # For 92 curves each; a quarter more than was counted. Step by step they are 30 million.
    assert looks["M2"] < 30_000
    assert looks["M4"] < 43_000


def test_the_path_is_the_one_that_is_walked(monkeypatch):
    # A tenth of the slow iterations, as one by one they are a thousand steps each.
    for module in (leaps, walk):
        monkeypatch.setattr(module, "SLOW", 10)
    train, test = parts("NMT", "log_perplexity", "Dec-only")
    found = by("M4", "NMT", train)
    slow = released.m4(train["seen"], train["loss"], **SETTINGS["NMT"], replay=True)
    assert slow.replayed
    assert not found.replayed
    # The stop waits for the last bits of beta, which are roundings on the way.
    assert found.iterations == pytest.approx(slow.iterations, rel=0.1)
    # Roundings, which a contraction of 0.9 an iteration makes ten times as large.
    for name in ("c", "alpha", "err_inf", "err_0"):
        assert getattr(found, name) == pytest.approx(getattr(slow, name), rel=1e-10)
    assert error(found, test) == pytest.approx(error(slow, test), abs=1e-10)


def test_a_path_that_is_cut_off_is_where_the_walk_is(monkeypatch):
    for module in (leaps, walk):
        monkeypatch.setattr(module, "SLOW", 10)
        monkeypatch.setattr(module, "CAP", 150)
    train, _ = parts("IC", "cal_10", "MiX/L/16")
    found = by("M4", "IC", train)
    slow = released.m4(train["seen"], train["loss"], **SETTINGS["IC"], replay=True)
    assert (found.converged, slow.converged) == (False, False)
    assert (found.iterations, slow.iterations) == (150, 150)
    # An iteration moves err_inf by 5e-5, and the clock is off by less than a tenth of one.
    assert found.err_inf == pytest.approx(slow.err_inf, abs=5e-6)
    assert found.alpha == pytest.approx(slow.alpha, rel=1e-3)


def test_leaps_arrive_when_single_iterations_do(monkeypatch):
    train, _ = parts("BB", "mult_1", "262M")
    ends = ends_of("BB", train)
    monkeypatch.setattr(leaps, "CAP", 500)
    leapt = leaps.follow(ends, 1.001)
    monkeypatch.setattr(leaps, "SHORT", math.inf)
    walked = leaps.follow(ends, 1.001)
    monkeypatch.setattr(leaps, "CAP", 501)
    later = leaps.follow(ends, 1.001)
    assert (leapt.iterations, walked.iterations, later.iterations) == (500, 500, 501)
    assert later.low < walked.low
    # A tenth of an iteration: some ten pairs of leaps, each off by well below a twentieth.
    assert abs(leapt.low - walked.low) < 0.1 * (walked.low - later.low)


@pytest.mark.parametrize(("apart", "close"), [(1e-5, 1e-3), (1e-3, 2e-3)])
def test_a_hundred_damped_steps_are_taken_at_once(apart, close):
    train, _ = parts("IC", "c_5", "MiX/B/16")
    ends = ends_of("IC", train)
    here = leaps.follow(ends, 1.0)
    p = ends.regress(here.low + apart)
    one_by_one = ends.step(here.low, here.high, p, steps=STEPS, rate=RATE)
    down, up = settled(ends, here.low, here.high, p)
    moved = max(abs(one_by_one[0] - here.low), abs(one_by_one[1] - here.high))
    # The longer the way, the less is known of the hundredth of it that a hundred steps leave; and
    # from the smallest the second order is left out.
    assert here.low + down == pytest.approx(one_by_one[0], abs=close * moved)
    assert here.high + up == pytest.approx(one_by_one[1], abs=close * moved)


def test_the_clock_is_exact_for_steps_that_shrink_evenly():
    def node(k):
        # Ten iterations take off as much as 0.99^10 leaves.
        return leaps._Node(0.3 + 0.1 * 0.99**k, 1.0, None, -0.001 * 0.99**k, 0.0)

    count, unsure = leaps._count(node(10.0), node(25.0), node(60.5))
    # Roundings of differences of 1e-4 in numbers near one.
    assert count == pytest.approx(50.5, abs=1e-8)
    assert unsure < 1e-8


def test_where_beta_is_clipped_the_path_stops_on_its_way():
    train, _ = parts("BB", "unit_1", "262M")
    found = by("M4", "BB", train)
    # The rule of stopping sees no change in beta, and err_inf is caught in the open.
    assert found.converged
    assert found.beta == 1.0
    assert found.iterations < 1000
    ends = ends_of("BB", train)
    assert 0 < found.err_inf < ends.floor
    low = found.err_inf
    for _ in range(5):
        low += settled(ends, low, found.err_0, ends.regress(low))[0]
    assert found.err_inf - low > 5e-4


def test_a_curve_that_does_not_fall_stops_at_once():
    x = np.geomspace(1e3, 1e6, 8)
    flat = released.m4(x, np.full(8, 0.5))
    assert flat.converged
    assert flat.iterations == SLOW + 3
    # Half a step of the grid on which it predicts.
    np.testing.assert_allclose(flat.predict(x), 0.5, atol=0.5 / 20_000)
    rising = released.m4(x, np.linspace(0.3, 0.6, 8))
    assert (rising.beta, rising.alpha) == (1.0, 0.0)


def test_a_beta_beyond_numbers_does_not_converge(monkeypatch):
    monkeypatch.setattr(leaps, "CAP", 300)
    x = np.linspace(1e6, 1.0001e6, 8)
    found = released.m2(x, np.linspace(0.9, 0.1, 8))
    assert found.beta == np.inf
    assert not found.converged


def test_a_law_without_noise_is_extrapolated():
    x = np.geomspace(1e3, 1e6, 30)
    ahead = np.array([3e6, 1e7])
    line = released.m1(x, 5.0 * x**-0.2)
    # Exact but for rounding.
    np.testing.assert_allclose(line.predict(ahead), 5.0 * ahead**-0.2, rtol=1e-12)
    shifted = released.m3(x, 2.0 * (1 / x + 1e-5) ** 0.3)
    np.testing.assert_allclose(shifted.predict(ahead), 2.0 * (1 / ahead + 1e-5) ** 0.3, rtol=1e-6)


def test_of_equal_x_the_last_is_kept_and_order_does_not_matter():
    x, loss = np.array([1e3, 1e4, 1e5, 1e6]), np.array([0.9, 0.6, 0.45, 0.4])
    once = released.m1(x, loss)
    twice = released.m1(np.r_[x[::-1], 1e3], np.r_[loss[::-1][:3], 0.5, 0.9])
    assert once == twice


def test_bad_curves_are_refused():
    x = np.geomspace(1, 100, 5)
    with pytest.raises(BadRuns, match="at three different x or more"):
        released.m1([1.0, 1.0, 2.0], [0.5, 0.4, 0.3])
    with pytest.raises(BadRuns, match="positive and finite"):
        released.m2(x, [0.5, 0.4, np.nan, 0.3, 0.2])
    with pytest.raises(BadRuns, match="does not fall"):
        released.m3(x, np.array([0.1, 0.2, 0.3, 0.4, 0.5]))
    with pytest.raises(
        BadRuns, match=r"err_0 must lie above every loss; found 1\.0 and a loss of 2"
    ):
        released.m4(x, [2.0, 1.5, 1.0, 0.9, 0.8])
