"""The ends of every answer are the quantiles of its own refits, made again here by hand."""

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.compute import batch_size as batch
from skewed_runs import CHINCHILLA, LINE, STEPS, ends, size_and_data, steps_to_target, straight

# A seed other than the default shows whether the fit's own seed is used.
FIT = sl.fit(CHINCHILLA, size_and_data(), seed=3)
SIGNED = sl.fit(LINE, straight(), objective="lsq", seed=4)
STEPPED = sl.fit(STEPS, steps_to_target(), seed=5)
N = 60
ASKED = [(level, kind) for level in (0.9, 0.6) for kind in ("case", "residual", "group")]


def refits(fit, kind):
    draws = fit.bootstrap(N, kind=kind, by="team" if kind == "group" else None)
    return {name: draws[name].to_numpy() for name in fit.law.names}


def options(level, kind):
    return {"level": level, "kind": kind, "n": N, "by": "team" if kind == "group" else None}


def same(found, expected):
    # The same refits and the same quantiles, added up in another order: rounding of doubles.
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(("level", "kind"), ASKED)
def test_an_interval_of_anything_ends_at_its_quantiles(level, kind):
    draws = refits(FIT, kind)
    share = draws["beta"] / (draws["alpha"] + draws["beta"])
    for quantity, values, estimate in (
        ("alpha", draws["alpha"], FIT.params["alpha"]),
        ("a", share, FIT.derived["a"]),
        (lambda p: -p["A"], -draws["A"], -FIT.params["A"]),
    ):
        found = FIT.interval(quantity, **options(level, kind))
        same([found.low, found.high], ends(values, level))
        assert found.estimate == estimate
        assert (found.level, found.kind) == (level, f"{kind} bootstrap")


def test_growth_under_an_interval_is_growth_of_each_refit():
    def grown(p):
        return sl.compute.growth(CHINCHILLA, p, low=1e18, high=1e22, per_param_token=8.0)

    found = FIT.interval(grown, level=0.8, kind="residual", n=N)
    draws = refits(FIT, "residual")
    exact = draws["beta"] / (draws["alpha"] + draws["beta"])
    # Golden section finds a size to 1e-7, and the line goes through 25 of them.
    np.testing.assert_allclose([found.low, found.high], ends(exact, 0.8), rtol=1e-6)


@pytest.mark.parametrize(("level", "kind"), ASKED)
def test_a_prediction_ends_at_the_quantiles_of_the_refitted_curves(level, kind):
    points = {"params": np.array([1e9, 1e11]), "tokens": np.array([3e9, 1e12])}
    found = FIT.predict(**points, **options(level, kind))
    curves = CHINCHILLA(refits(FIT, kind), **points)
    same(found[["law_low", "law_high"]].T, ends(curves, level))
    same(found.loc[0, ["low", "high"]], ends(curves, level)[:, 0])
    same(found["loss"], CHINCHILLA(FIT.params, **points))
    assert found[["params", "tokens"]].to_numpy().T.tolist() == [
        v.tolist() for v in points.values()
    ]
    assert {k: found.attrs[k] for k in ("level", "kind", "stopped")} == {
        "level": level,
        "kind": kind,
        "stopped": 0,
    }


@pytest.mark.parametrize(("level", "kind"), ASKED)
def test_a_new_run_has_the_scatter_of_the_runs_on_top(level, kind):
    for fit, points in (
        (FIT, {"params": np.array([1e9, 1e11]), "tokens": np.array([3e9, 1e12])}),
        (SIGNED, {"x": np.array([-1.0, 0.0, 9.0])}),
    ):
        found = fit.predict(**points, new_run=True, **options(level, kind))
        curves = fit.law(refits(fit, kind), **points)
        rng = np.random.default_rng(fit.seed)
        fitted = fit.law(fit.params, **fit.inputs)
        if fit is SIGNED:
            curves = curves + rng.choice(fit.loss - fitted, curves.shape)
        else:
            curves = curves * rng.choice(fit.loss / fitted, curves.shape)
        same(found[["law_low", "law_high"]].T, ends(curves, level))


def test_the_scatter_of_a_new_run_is_that_of_the_runs_that_count():
    runs = size_and_data()
    wild = runs.assign(loss=runs["loss"].where(np.arange(40) > 2, runs["loss"] * 30))
    some = sl.fit(CHINCHILLA, wild, weights=np.arange(40) > 2)
    alone = sl.fit(CHINCHILLA, runs.iloc[3:])
    point = {"params": 1e9, "tokens": 1e10, "new_run": True, "n": N}
    one, other = (f.predict(**point)[["loss", "low", "high"]] for f in (some, alone))
    # The starts come from the same runs, so that both fits and refits end alike to rounding.
    np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize(("level", "kind"), ASKED)
def test_an_allocation_ends_at_the_quantiles_of_the_refitted_splits(level, kind):
    budgets, k = np.array([1e18, 1e21, 1e24]), 8.0
    found = sl.allocate(FIT, budgets, per_param_token=k, **options(level, kind))
    p = {n: v[:, None] for n, v in refits(FIT, kind).items()}
    a = p["beta"] / (p["alpha"] + p["beta"])
    g = (p["alpha"] * p["A"] / (p["beta"] * p["B"])) ** (1 / (p["alpha"] + p["beta"]))
    params = g * (budgets / k) ** a
    tokens = budgets / k / params
    lowest = p["E"] + p["A"] * params ** -p["alpha"] + p["B"] * tokens ** -p["beta"]
    for name, values in (
        ("params", params),
        ("tokens", tokens),
        ("tokens_per_param", tokens / params),
        ("loss", lowest),
    ):
        both = found[[f"{name}_law_low", f"{name}_law_high"]].T
        # Golden section finds a size to about 1e-7.
        np.testing.assert_allclose(both, ends(values, level), rtol=1e-6)
    told = {"level": level, "kind": kind, "simulated": True, "stopped": 0}
    assert {k: found.attrs[k] for k in told} == told


@pytest.mark.parametrize(("level", "kind"), [(0.9, "case"), (0.6, "residual")])
def test_a_trade_off_ends_at_the_quantiles_of_its_refits(level, kind):
    sizes = np.array([3e4, 2e6, 5e7])
    found = batch.trade_off(STEPPED, sizes, level=level, kind=kind, n=N)
    for part, p in (("", STEPPED.params), ("ends", refits(STEPPED, kind))):
        least, tokens = (np.reshape(p[n], (-1, 1)) for n in ("S_min", "E_min"))
        steps = least + tokens / sizes
        for name, values in (
            ("steps", steps),
            ("tokens", steps * sizes),
            ("time", steps / least),
            ("compute", steps * sizes / tokens),
        ):
            if part:
                same(found[[f"{name}_low", f"{name}_high"]].T, ends(values, level))
            else:
                same(found[name], values[0])
    assert found["batch_tokens"].tolist() == sizes.tolist()
    told = {"level": level, "kind": kind, "simulated": False}
    assert {k: found.attrs[k] for k in told} == told
    marked = sl.fit(STEPS, sl.simulate.at(STEPS, STEPPED.params, batch_tokens=sizes), check=False)
    assert batch.trade_off(marked, 1e6, n=20).attrs["simulated"] is True


def test_a_held_out_score_predicts_with_the_level_that_was_asked():
    runs = size_and_data()
    found = sl.hold_out(CHINCHILLA, runs, level=0.6, seed=3)
    trained = sl.fit(CHINCHILLA, runs[runs["flops"] <= found.cut], seed=3)
    ahead = runs[runs["flops"] > found.cut]
    told = trained.predict(params=ahead["params"], tokens=ahead["tokens"], level=0.6, new_run=True)
    same(found.predictions["predicted_low"], told["low"])
    same(found.predictions["predicted_high"], told["high"])
    same(found.predictions["predicted_loss"], told["loss"])


def test_defaults_are_a_case_bootstrap_at_nine_in_ten_with_a_thousand_refits():
    draws = FIT.bootstrap()
    assert len(draws) == 1000
    values = {name: draws[name].to_numpy() for name in CHINCHILLA.names}
    point = {"params": np.array([1e9]), "tokens": np.array([1e11])}
    told = FIT.predict(**point)
    same(told[["law_low", "law_high"]].T, ends(CHINCHILLA(values, **point), 0.9))
    asked = {"level": 0.9, "kind": "case", "groups": None, "stopped": draws.attrs["stopped"]}
    assert {k: told.attrs[k] for k in asked} == asked
    found = FIT.interval("alpha", kind="case")
    same([found.low, found.high], ends(values["alpha"], 0.9))
    split = sl.allocate(FIT, 1e21)
    again = sl.allocate(FIT, 1e21, level=0.9, kind="case", n=1000, by=None, per_param_token=6.0)
    assert split.equals(again)
    assert split.attrs == again.attrs
    one, two = (
        batch.trade_off(STEPPED, 1e6, **given)
        for given in ({}, {"level": 0.9, "kind": "case", "n": 1000})
    )
    assert one.equals(two)
    assert one.attrs == two.attrs
