"""Kinds of interval, what was measured of them, and what a refusal still answers."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

import scalinglaws as sl
from scalinglaws.intervals import measured_coverage as measured
from scalinglaws.intervals.profile import allowed
from scalinglaws.laws import CHINCHILLA, Law
from scalinglaws.laws.parts import Parameter

LINE = Law(
    name="line",
    inputs=("x",),
    parameters=tuple(
        Parameter(
            name=n, symbol=n, unit="1", meaning=n, lower=-np.inf, space="linear", start=(-1, 1)
        )
        for n in ("a", "b")
    ),
    function=lambda p, x: p["a"] + p["b"] * x["x"],
    linear=("a", "b"),
    formula="y = a + b x",
    reference="any textbook",
    domain="real",
)


@pytest.fixture(scope="module")
def line():
    rng = np.random.default_rng(5)
    x = np.linspace(-2, 3, 25)
    return sl.fit(
        LINE,
        pd.DataFrame({"x": x, "loss": 0.7 - 0.4 * x + 0.1 * rng.standard_normal(25)}),
        objective="lsq",
    )


@pytest.fixture(scope="module")
def fitted():
    return sl.fit(CHINCHILLA, sl.load("hoffmann2022"))


@pytest.fixture(scope="module")
def scattered():
    """Sixty runs of sixty sizes: none is like another, so that rows are what is drawn."""
    rng = np.random.default_rng(2)
    inputs = {
        "params": np.geomspace(5e7, 1.5e10, 60) * 10 ** rng.uniform(-0.01, 0.01, 60),
        "tokens": 10 ** rng.uniform(9, 11.5, 60),
    }
    truth = {"A": 482.0, "B": 2085.0, "E": 1.817, "alpha": 0.348, "beta": 0.366}
    return sl.fit(CHINCHILLA, sl.simulate.at(CHINCHILLA, truth, noise=0.005, **inputs))


@pytest.mark.parametrize("kind", ["profile", "classical"])
@pytest.mark.parametrize("name", ["a", "b"])
def test_on_a_straight_line_the_textbook_interval_comes_out(line, kind, name):
    x, y = line.inputs["x"], line.loss
    design = np.stack([np.ones_like(x), x], axis=1)
    solved, rss, *_ = np.linalg.lstsq(design, y)
    spread = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rss[0] / (len(y) - 2))
    j = "ab".index(name)
    found = line.interval(name, kind=kind)
    z = student.ppf(0.95, len(y) - 2)
    # The profile is read off a straight line of the root of the rise: exact here, but for the
    # rounding of a difference of objectives, whose square root has half the digits.
    assert found.low == pytest.approx(solved[j] - z * spread[j], rel=1e-5)
    assert found.high == pytest.approx(solved[j] + z * spread[j], rel=1e-5)


def test_profile_ends_are_where_the_objective_has_risen_as_far_as_allowed(fitted):
    found = fitted.interval("alpha", kind="profile")
    r = fitted.objective_kind.residuals(CHINCHILLA(fitted.params, **fitted.inputs), fitted.loss)
    rise = float(allowed(fitted.objective_kind, r, fitted.weights, 5, 0.9))
    table = fitted.profile({"alpha": [found.low, found.high]})
    # The end is interpolated once between grid points a fifth of a bracket apart.
    assert (table["objective"] - fitted.objective).tolist() == pytest.approx([rise] * 2, rel=0.02)


def test_every_kind_holds_the_estimate(fitted):
    for kind in ("case", "residual", "profile", "covariance"):
        found = fitted.interval("beta", kind=kind)
        assert fitted.params["beta"] in found
        assert kind in found.kind
    grouped = fitted.interval("beta", kind="group", by="params")
    assert fitted.params["beta"] in grouped


def test_kinds_that_cannot_be_had_are_refused_by_name(fitted):
    with pytest.raises(sl.UnknownName, match="no interval is called 'wild'; there are case"):
        fitted.interval("A", kind="wild")
    with pytest.raises(sl.UnknownName, match="a profile interval is one of a parameter"):
        fitted.interval("a", kind="profile")
    with pytest.raises(sl.UnknownName, match="classical covariance is that of least squares"):
        fitted.interval("A", kind="classical")
    alone = sl.fit(CHINCHILLA, sl.load("hoffmann2022").drop_duplicates("params").head(30))
    with pytest.raises(sl.BadRuns, match="by group needs by="):
        alone.interval("A", kind="group")
    flat = sl.fit(CHINCHILLA, sl.load("hoffmann2022"), objective="lad")
    with pytest.raises(sl.Unidentifiable, match="has no curvature at the fit"):
        flat.interval("A", kind="profile")


def test_the_table_of_coverage_is_whole():
    table = measured.table()
    assert {"law", "inputs", "design", "objective", "kind", "quantity"} <= set(table.columns)
    assert table["coverage"].dropna().between(0, 1).all()
    # 100 data sets know a coverage to 3 points; less would say little.
    assert table.groupby("law")["data_sets"].max().min() >= 40
    assert {"huber", "lsq_log"} <= set(table["objective"])


def test_designs_are_told_apart():
    rng = np.random.default_rng(2)
    truth = {"A": 400.0, "B": 2000.0, "E": 1.8, "alpha": 0.35, "beta": 0.36}

    def design(params, tokens):
        runs = sl.simulate.at(CHINCHILLA, truth, noise=0.005, params=params, tokens=tokens)
        return measured.design_class(sl.fit(CHINCHILLA, runs, check=False, start=truth))

    wide = 10 ** rng.uniform(7, 10, 60)
    assert design(wide, 10 ** rng.uniform(9, 12, 60)) == "well spread"
    assert design(wide, 20 * wide * 10 ** rng.uniform(-0.1, 0.1, 60)) == "nearly one ray"
    near = 10 ** rng.uniform(8, 9, 60)
    assert design(near, 10 ** rng.uniform(10, 11, 60)) == "one decade"
    law = sl.laws.power_law("tokens")
    both = np.r_[np.geomspace(1e7, 2e7, 15), np.geomspace(1e10, 2e10, 15)]
    runs = sl.simulate.at(law, {"E": 1.7, "k": 30.0, "c": 0.25}, noise=0.005, tokens=both)
    assert measured.design_class(sl.fit(law, runs)) == "bunched"


def test_a_kind_that_falls_short_says_so_and_is_not_preferred(scattered, monkeypatch, request):
    fitted = scattered
    row = {"case": "x", "law": "Chinchilla", "inputs": 2, "design": "well spread"}
    row |= {"objective": "huber", "quantity": "alpha", "error": 0.01}
    fake = pd.DataFrame(
        [row | {"kind": "case", "coverage": 0.6}, row | {"kind": "residual", "coverage": 0.89}]
    )
    monkeypatch.setattr(measured, "usable", lambda: fake)
    measured._look_up.cache_clear()
    request.addfinalizer(measured._look_up.cache_clear)
    short = fitted.interval("alpha", kind="case")
    assert short.short
    assert "empirical coverage 60% (nominal 90%)" in repr(short)
    chosen = fitted.interval("alpha")
    assert chosen.kind == "residual bootstrap"
    assert chosen.measured == 0.89
    # What was measured is the coverage of 90% intervals; it says nothing of others.
    assert fitted.interval("alpha", level=0.5, kind="case").measured is None


def test_a_refusal_carries_the_line_that_the_runs_do_determine():
    runs = sl.load("hoffmann2022")
    with pytest.raises(sl.Unidentifiable) as refusal:
        sl.fit(CHINCHILLA, runs.head(6))
    partial = refusal.value.partial
    assert partial.design.distinct == 6
    assert partial.fit.law.name == "power law in flops"
    assert "check=False" in refusal.value.insist
    with pytest.raises(sl.Unidentifiable) as refusal:
        sl.fit(CHINCHILLA, runs.head(3))
    assert refusal.value.partial.fit is None


def test_what_parameters_say_together_is_on_the_card(fitted):
    text = repr(fitted.report())
    for words in (
        "relative half-width of 90% intervals: exponent a ",
        "N* at",
        "intervals: resample 40 sizes",
        "seed 0",
    ):
        assert words in text


def test_predictions_of_a_law_of_any_sign(line):
    table = line.predict(x=[0.0, 8.0], new_run=True, n=200)
    assert table["where"].tolist() == ["in range", "extrapolated"]
    # The runs end at 3 and span 5: 8 is one span beyond.
    assert table["beyond"].tolist() == pytest.approx([1.0, 2.0])
    assert (table["low"] < table["loss"]).all()


def test_what_is_quoted_does_not_depend_on_what_was_found():
    """A cut on the standard error kept few data sets only where all intervals held."""
    rows, kept = measured.table(), measured.usable()
    few = rows["data_sets"] * (1 - rows["refused"]) < measured.ENOUGH - 0.5
    assert few.any()
    assert not kept.index.intersection(rows.index[few]).size


def test_a_parameter_of_another_law_is_not_taken_for_one_of_the_same_name():
    """A law of one's own with a parameter c1 got what was measured of another law's c1."""
    args = ("my law", 1, "one decade", "lsq_log")
    other = measured.usable()
    other = other[(other["design"] == args[2]) & (other["objective"] == args[3])]
    other = other[(other["inputs"] == 1) & (other["kind"] == "case")]
    ahead = other["quantity"] == "prediction"
    assert measured._look_up(*args, "case", "c1") == other.loc[~ahead, "coverage"].median()
    assert measured._look_up(*args, "case", "prediction") == other.loc[ahead, "coverage"].median()
    assert measured._look_up(*args, "case", None) == other["coverage"].median()
    # A law that was studied has its own rows or none.
    assert measured._look_up("no such", 7, "one decade", "lsq_log", "case", "c1") is None


@pytest.mark.parametrize("kind", ["profile", "classical", "covariance"])
def test_an_interval_does_not_depend_on_the_unit_of_the_weights(line, kind):
    ends = [
        sl.fit(LINE, line.runs, objective="lsq", weights=np.full(25, w)).interval("a", kind=kind)
        for w in (0.5, 1.0, 2.0)
    ]
    for one in ends:
        # Found by stepping along the profile: to a share of 1e-4 of its width.
        width = ends[1].high - ends[1].low
        assert one.low == pytest.approx(ends[1].low, abs=1e-3 * width)
        assert one.high == pytest.approx(ends[1].high, abs=1e-3 * width)


def test_a_least_absolute_deviation_has_no_covariance():
    rng = np.random.default_rng(6)
    tokens = np.geomspace(1e7, 1e10, 25)
    loss = 12 * tokens**-0.07 * np.exp(0.03 * (rng.exponential(size=25) - 1))
    runs = pd.DataFrame({"tokens": tokens, "loss": loss})
    fit = sl.fit(sl.laws.power_law("tokens", floor=False), runs, objective="lad")
    for form in ("sandwich", "classical"):
        with pytest.raises(sl.Unidentifiable, match="corners in place of curvature"):
            fit.covariance(form=form)
