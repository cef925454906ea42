"""The page on a fit: it answers first, loads nothing, keeps text text, and gives all back."""

import base64
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws._format import flops_words

HOSTILE = "</style><script>window.owned = 1</script><img src=x onerror='window.owned = 1'>&amp;\"'"


@pytest.fixture(scope="module")
def fit():
    return sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))


@pytest.fixture(scope="module")
def page(fit):
    return sl.report(fit, flops=[1e22, 5.76e23], reproduce="scalinglaws report runs.csv")


@pytest.fixture(scope="module")
def html(page):
    return page.to_html()


def test_its_numbers_are_those_of_the_library(fit, page):
    ours = sl.allocate(fit, [1e22, 5.76e23])
    pd.testing.assert_frame_equal(page.plans, ours)
    last = ours.iloc[-1]
    assert f"train {last['params'] / 1e9:.3g}B parameters" in page.answer
    assert f"from {last['params_low'] / 1e9:.3g}B" in page.answer
    assert f"({last['loss_low']:.3f} to {last['loss_high']:.3f})" in page.answer
    score = sl.hold_out(sl.laws.CHINCHILLA, fit.runs)
    pd.testing.assert_frame_equal(page.held_out.scores, score.scores)
    planned = sl.next_runs(
        fit, flops=5.76e23, spend=float((6 * fit.runs.params * fit.runs.tokens).max())
    )
    pd.testing.assert_frame_equal(page.planned.runs, planned.runs)


def test_the_answer_stands_first_and_the_limits_stand(page, html):
    words = re.sub(r"<[^>]+>", " ", html.split("<body>")[1])
    assert words.index(page.question) < words.index(page.answer) < words.index("The runs")
    assert "What these runs cannot say" in words
    assert any("the runs refuse the additive form" in s for s in page.limits)
    assert any("1.6 decades beyond the largest run" in s for s in page.limits)
    assert "read what these runs cannot say" in page.answer
    assert "scalinglaws report runs.csv" in words


def test_it_loads_nothing(html):
    assert not re.findall(r"(?:src|href|srcset)=\"(?!data:)", html)
    assert "<script" not in html
    assert html.count("<picture>") == 2


def test_it_gives_the_table_and_the_fit_back(fit, html, tmp_path):
    files = dict(re.findall(r'download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', html))
    table = pd.read_csv(io.BytesIO(base64.b64decode(files["runs.csv"])))
    np.testing.assert_array_equal(table["loss"], fit.runs["loss"])
    kept = tmp_path / "fit.json"
    kept.write_bytes(base64.b64decode(files["fit.json"]))
    loaded = sl.load_fit(kept)
    assert dict(loaded.params) == dict(fit.params)
    pd.testing.assert_frame_equal(sl.allocate(loaded, 1e23), sl.allocate(fit, 1e23))


def test_it_is_plain_data_as_well(page):
    told = json.loads(json.dumps(page.to_dict(), allow_nan=False))
    assert told["question"] == page.question
    assert told["plans"][1]["flops"] == 5.76e23
    assert {s["estimator"] for s in told["held_out"]} >= {"Chinchilla", "last value"}
    assert told["next"]["runs"][0]["seeds"] >= 1
    assert len(told["runs_sha256"]) == 64


def test_what_is_refused_stands_on_the_page_with_its_reason():
    curve = pd.DataFrame({"params": np.geomspace(1e6, 1e9, 14)})
    curve["tokens"] = 20 * curve["params"]
    curve["flops"] = 6 * curve["params"] * curve["tokens"]
    curve["loss"] = 2 + 100 * curve["params"] ** -0.3
    fit = sl.fit(sl.laws.power_law("params"), curve)
    page = sl.report(fit, flops=1e21)
    assert page.plans is None
    assert "cannot say. These runs give no answer" in page.answer
    assert any("splitting a budget between size and data needs" in s for s in page.limits)
    assert page.to_dict()["plans"] is None
    assert "needs a law of both params and tokens" in page.to_html()


def test_a_label_is_text_wherever_it_stands(browser, tmp_path):
    rng = np.random.default_rng(0)
    n = np.geomspace(2e7, 5e8, 30)
    runs = pd.DataFrame({"params": n, "tokens": n * rng.uniform(5, 80, 30)})
    truth = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
    runs["loss"] = sl.laws.CHINCHILLA(truth, params=n, tokens=runs["tokens"].to_numpy())
    runs["loss"] *= np.exp(0.005 * rng.normal(size=30))
    runs[HOSTILE] = HOSTILE
    runs["flops"] = 6 * runs["params"] * runs["tokens"]
    notes = {"notes": [HOSTILE], "convention": HOSTILE, "source": HOSTILE}
    runs.attrs = {"name": HOSTILE, "card": notes}
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    made = sl.report(fit, flops=1e21, title=HOSTILE, reproduce=HOSTILE).save(tmp_path / "r.html")
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(made.as_uri())
    assert tab.evaluate("window.owned") is None
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert tab.locator("h1").inner_text() == HOSTILE
    assert tab.locator("pre code").inner_text() == HOSTILE
    # A phone scrolls down and not across.
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.close()


def test_simulated_runs_are_marked():
    truth = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
    n = np.repeat(np.geomspace(2e7, 5e8, 6), 4)
    tokens = n * np.tile([5, 15, 40, 100], 6)
    runs = sl.simulate.at(sl.laws.CHINCHILLA, truth, params=n, tokens=tokens, noise=0.005)
    page = sl.report(sl.fit(sl.laws.CHINCHILLA, runs), flops=1e21)
    assert any("The runs were simulated" in s for s in page.limits)
    assert "Simulated runs" in page.to_html()


def with_attention(k):
    """Runs of Hoffmann et al. whose FLOPs are ``k`` params tokens."""
    runs = sl.load("hoffmann2022").iloc[::4].reset_index(drop=True)
    return runs.assign(flops=k * runs["params"] * runs["tokens"])


def test_a_table_that_counts_its_flops_in_another_way_is_planned_in_its_own():
    usual = sl.report(sl.fit(sl.laws.CHINCHILLA, with_attention(6.0)), flops=[1e22, 4e23])
    # The same runs, budgets that buy as much: all that is counted in FLOPs is 8/6 of it.
    times = 8 / 6
    own = sl.report(
        sl.fit(sl.laws.CHINCHILLA, with_attention(8.0)), flops=[times * 1e22, times * 4e23]
    )
    assert own.per_param_token == pytest.approx(8.0, rel=1e-12)  # a median of rounded ratios
    for name in ("params", "params_low", "params_high", "tokens", "loss", "loss_low", "beyond"):
        # Golden section finds N* to 2e-15, and its refits to what rounding of C leaves.
        np.testing.assert_allclose(own.plans[name], usual.plans[name], rtol=1e-6)
    np.testing.assert_allclose(own.plans["flops"], times * usual.plans["flops"])
    runs = own.planned.runs
    np.testing.assert_allclose(runs["flops"], 8 * runs["params"] * runs["tokens"])
    pd.testing.assert_frame_equal(
        runs[["params", "tokens", "seeds"]], usual.planned.runs[["params", "tokens", "seeds"]]
    )
    assert own.planned.now == pytest.approx(usual.planned.now, rel=1e-6)
    words = re.sub(r"<[^>]+>", " ", own.to_html())
    assert words.count("Budgets are counted as the table counts its flops, as 8 params token") == 2
    most = float(own.fit.runs["flops"].max())
    assert f"largest compute {flops_words(most)} FLOPs" in words
    assert f"N* at {most:.1e} FLOPs" in words
    told = own.to_dict()
    assert told["per_param_token"] == told["next"]["per_param_token"] == own.per_param_token


def test_a_table_in_6nd_is_planned_as_if_nothing_had_been_said():
    """Bit for bit: with the count that it has, without its FLOPs, and with 6 given."""
    runs = with_attention(6.0)
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    told = sl.report(fit, flops=1e22).to_dict()
    assert told["per_param_token"] == 6.0
    assert not any("Budgets are counted" in line for line in told["limits"])
    assert sl.report(fit, flops=1e22, per_param_token=6.0).to_dict() == told
    pd.testing.assert_frame_equal(
        pd.DataFrame(told["plans"]), sl.allocate(fit, 1e22).reset_index(drop=True), check_exact=True
    )
    bare = sl.fit(sl.laws.CHINCHILLA, runs.drop(columns="flops"))
    planned = sl.next_runs(bare, flops=1e22, spend=1e21, runs=3, outcomes=4)
    same = sl.next_runs(fit, flops=1e22, spend=1e21, runs=3, outcomes=4)
    pd.testing.assert_frame_equal(same.runs, planned.runs, check_exact=True)
    assert (same.now, same.then) == (planned.now, planned.then)


def test_a_count_that_drifts_is_asked_about_and_can_be_given():
    runs = with_attention(6.0)
    runs["flops"] *= 1 + (runs["params"] / 1e8) ** -0.5
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    with pytest.raises(sl.Unidentifiable, match="no one count says what a budget buys"):
        sl.report(fit, flops=1e22)
    with pytest.raises(sl.Unidentifiable, match="no one count says what a budget buys"):
        sl.next_runs(fit, flops=1e22, spend=1e21)
    page = sl.report(fit, flops=1e22, per_param_token=6.5)
    split = page.plans.iloc[0]
    assert 6.5 * split["params"] * split["tokens"] == pytest.approx(1e22)
    assert any("as 6.5 params tokens; the table's own flops are" in line for line in page.limits)


def test_a_report_needs_a_budget(fit):
    with pytest.raises(sl.BadParameters, match="a report answers for a budget"):
        sl.report(fit, flops=[])
    with pytest.raises(sl.BadRuns, match="positive numbers"):
        sl.report(fit, flops=[-1.0])
