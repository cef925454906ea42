"""The coverage study measures the public intervals, and its figures are what theory says."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

import scalinglaws as sl
from known_laws import ALL_LAWS
from scalinglaws.intervals.measured_coverage import design_class
from scalinglaws.intervals.quantity import evaluate
from scalinglaws.validation.coverage import table
from scalinglaws.validation.coverage.__main__ import main
from scalinglaws.validation.coverage.cases import BUNCHED, CASES, ONE_DECADE, RAY, RAY_WIDTH
from scalinglaws.validation.coverage.study import (
    LEVEL,
    NOISE,
    OBJECTIVES,
    measure,
    profile_ends,
    simulate,
)


@pytest.mark.parametrize("key", ["lsq_log", "huber"])
def test_the_batch_says_what_public_fits_say(key):
    case = CASES["Chinchilla"]
    cell = simulate("Chinchilla", case, "well spread", OBJECTIVES[key], 2)
    kinds = ["covariance", "case", "residual", "group"] + ["classical"] * (key == "lsq_log")
    found = {kind: cell.ends(kind, 40) for kind in kinds}
    profiles, held = profile_ends(cell.fits), cell.profile_holds()
    assert {"a", "prediction", "best size"} < set(cell.quantities)
    for d, mine in enumerate(cell.fits):
        # From 24 starts of its own, not from the truth.
        alone = sl.fit(case.law, mine.runs, objective=key, seed=d)
        assert alone.objective == pytest.approx(mine.objective, rel=1e-10)
        drawn = {
            kind: alone.bootstrap(40, kind=kind, by="block" if kind == "group" else None)
            for kind in ("case", "residual", "group")
        }
        for name, quantity in cell.quantities.items():
            for kind in kinds:
                if kind in drawn:
                    values = evaluate(alone, quantity, drawn[kind])
                    public = np.quantile(values, [0.05, 0.95], method="weibull")
                else:
                    answer = alone.interval(quantity, kind=kind, level=LEVEL)
                    public = [answer.low, answer.high]
                # Two ways to one minimum: parameters agree to about the root of 1e-14, and
                # A and B, which are steep in the exponents, to ten times that.
                assert found[kind][name][d] == pytest.approx(public, rel=1e-5), (kind, name)
        for name in case.law.names:
            public = alone.interval(name, kind="profile", level=LEVEL)
            assert profiles[name][d] == pytest.approx([public.low, public.high], rel=1e-5)
            assert held[name][d] == (case.truth[name] in public)


def test_the_best_size_is_the_library_s_own():
    cell = simulate("Chinchilla", CASES["Chinchilla"], "well spread", OBJECTIVES["lsq_log"], 1)
    budget = 10 * 6 * float((cell.x["params"] * cell.x["tokens"]).max())
    best = sl.allocate(cell.fits[0], budget, n=20)["params"][0]
    # Golden section finds a flat minimum to the root of rounding, 1e-8.
    assert cell.quantities["best size"](cell.fits[0].params) == pytest.approx(best, rel=1e-6)


def test_exact_intervals_of_a_straight_line_have_the_coverage_of_theory():
    case = CASES["power law"]
    cell = simulate("power law", case, "well spread", OBJECTIVES["lsq_log"], 1000)
    classical, held, n = cell.ends("classical", 0), cell.profile_holds(), cell.task.runs
    # log-loss is linear in log k and c, and far out too, and the noise is normal, so intervals
    # are exact: the profile's by F, the classical one's a normal quantile in a t distribution.
    # 1000 data sets know a coverage near 0.9 to 0.0095; three of these.
    theory = 2 * t.cdf(norm.ppf((1 + LEVEL) / 2), n - 2) - 1
    for name, quantity in cell.quantities.items():
        truth = float(evaluate(cell.fits[0], quantity, case.truth))
        low, high = classical[name].T
        share = ((low <= truth) & (truth <= high)).mean()
        assert share == pytest.approx(theory, abs=0.0285), name
    for name in case.law.names:
        assert held[name].mean() == pytest.approx(LEVEL, abs=0.0285), name
    # The exponent's own standard error: noise over the spread of log x, on either side.
    log_x = np.log(cell.x["tokens"])
    width = 2 * norm.ppf((1 + LEVEL) / 2) * NOISE / np.sqrt(((log_x - log_x.mean()) ** 2).sum())
    # The median of 1000 estimates of the scatter, 9% each, is known to 0.4% and lies 0.6% low.
    assert np.median(np.diff(classical["c"])) == pytest.approx(width, rel=0.02)


def test_a_row_of_the_table_counts_what_it_says():
    rows = measure("power law", "one decade", "huber", data_sets=12, resamples=30)
    cell = simulate("power law", CASES["power law"], "one decade", OBJECTIVES["huber"], 12)
    low, high = cell.ends("case", 30)["c"].T
    row = rows[(rows["kind"] == "case") & (rows["quantity"] == "c")].iloc[0]
    held = int(((low <= 0.066) & (high >= 0.066)).sum())
    assert row["coverage"] == held / 12
    assert row["width"] == pytest.approx(np.median(high - low) / 0.066, rel=1e-12)
    assert (row["refused"], row["open"], row["data_sets"], row["resamples"]) == (0, 0, 12, 30)
    p = (held + 2) / 16
    assert row["error"] == pytest.approx(np.sqrt(p * (1 - p) / 16), rel=1e-12)


def test_designs_are_what_they_are_called():
    for name, case in CASES.items():
        for design in case.designs:
            x = case.inputs(design)
            assert set(x) == set(case.law.inputs), name
            logs = {k: np.log10(v) for k, v in x.items()}
            if design == ONE_DECADE:
                assert max(np.ptp(v) for v in logs.values()) < 1.1, name
            if design == RAY and set(x) == {"params", "tokens"}:
                ratio = x["tokens"] / x["params"]
                assert ratio.max() / ratio.min() < RAY_WIDTH, name
                assert min(np.ptp(v) for v in logs.values()) > 2, name
            if design == BUNCHED:
                (v,) = logs.values()
                assert np.diff(np.sort(v)).max() > 0.6 * np.ptp(v), name
            objective = OBJECTIVES["lsq" if case.law.domain == "real" else "lsq_log"]
            fit = simulate(name, case, design, objective, 1).fits[0]
            if name != "sigmoid":
                assert design_class(fit) == design, name


def test_noise_that_sizes_share_is_shared():
    case = CASES["Chinchilla, noise shared by size"]
    cell = simulate("shared", case, "well spread", OBJECTIVES["lsq_log"], 400)
    noise = np.log(cell.task.y / case.law(case.truth, **cell.x)) / NOISE
    block = cell.fits[0].runs["block"].to_numpy()
    one = noise[:, block == 0]
    # Half the variance is common: correlation one half; 400 pairs know it to 0.04.
    assert np.corrcoef(one[:, 0], one[:, 1])[0, 1] == pytest.approx(0.5, abs=0.12)
    apart = np.corrcoef(one[:, 0], noise[:, block == 1][:, 0])[0, 1]
    assert apart == pytest.approx(0.0, abs=0.15)
    # 400 x 72 numbers of variance one, of which 400 x 9 are common: known to 2%.
    assert noise.std() == pytest.approx(1.0, rel=0.06)


def test_another_seed_draws_other_data_sets_and_more_of_them_begin_alike():
    case, objective = CASES["power law"], OBJECTIVES["lsq_log"]
    few, more, other = (
        simulate("power law", case, "well spread", objective, n, seed=seed).task.y
        for n, seed in ((2, 0), (4, 0), (2, 1))
    )
    np.testing.assert_array_equal(more[:2], few)
    assert not np.isclose(other, few, rtol=1e-9).any()


def test_a_cell_measured_on_other_numbers_is_measured_again(tmp_path, capsys):
    path = tmp_path / "table.csv"
    table.update(path, ["sigmoid"], data_sets=2, resamples=4)
    found = table.update(path, ["sigmoid"], data_sets=3, resamples=4)
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert set(found["data_sets"]) == {3}
    assert not found.duplicated(["kind", "quantity"]).any()


def test_the_packaged_table_is_not_overwritten_with_other_numbers(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["coverage", "--law", "sigmoid", "--data-sets", "2"])
    with pytest.raises(SystemExit):
        main()
    assert "name a file of yours with --out" in capsys.readouterr().err


def test_a_stopped_run_goes_on_where_it_was(tmp_path, capsys):
    path = tmp_path / "table.csv"
    whole = table.update(path, ["power law"], data_sets=3, resamples=4)
    assert len(capsys.readouterr().out.splitlines()) == len(table.cells(["power law"])) == 6
    # As if stopped before the last cell.
    last = ("power law", "bunched", "huber")
    here = (whole["design"] == last[1]) & (whole["objective"] == last[2])
    # Three quantities of four kinds, and profiles of two parameters.
    assert here.sum() == 3 * 4 + 2
    whole[~here].to_csv(path, index=False)
    again = table.update(path, ["power law"], data_sets=3, resamples=4)
    assert capsys.readouterr().out.splitlines() == [f"1 of 1: {', '.join(last)}"]
    pd.testing.assert_frame_equal(
        again.reset_index(drop=True), pd.read_csv(path), rtol=1e-3, check_dtype=False
    )
    pd.testing.assert_frame_equal(
        again.reset_index(drop=True), whole.reset_index(drop=True), rtol=1e-3, check_dtype=False
    )


def test_the_packaged_table_is_whole():
    rows = pd.read_csv(table.TABLE)
    for name, case in CASES.items():
        if name in ALL_LAWS:
            assert dict(case.truth) == dict(ALL_LAWS[name][1]), name
    numbers = {n: (c.data_sets, c.drawn, c.resamples) for n, c in CASES.items()}
    assert table.sizes(rows) == {cell: numbers[cell[0]] for cell in table.cells([*CASES])}
    assert rows["coverage"].dropna().between(0, 1).all()
    # What theory knows of the table: exact intervals of a straight line, within 3.5 errors.
    exact = rows.query("case == 'power law' and kind == 'profile' and objective == 'lsq_log'")
    assert len(exact) == 6
    assert ((exact["coverage"] - LEVEL).abs() < 3.5 * exact["error"]).all()
