"""Numbers in words, tables as shown, sentences and refusals: digits, brackets, escapes."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from scalinglaws._format import loss_unit, table_html
from scalinglaws._report import card_rows, fit_html, fit_text
from scalinglaws.notebook import Refusal, ask, count, number, say, show


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "0.5"),
        (999, "999"),
        (999.4, "999"),
        (999.5, "1k"),
        (1000, "1k"),
        (1234, "1.23k"),
        (999.4e3, "999k"),
        (999.5e3, "1M"),
        (999.9e6, "1B"),
        (7e10, "70B"),
        (1.4e12, "1.4T"),
        (999e12, "999T"),
        (999.4e12, "999T"),
        (1e15, "1e+15"),
        (2.5e16, "2.5e+16"),
    ],
)
def test_counts_have_three_digits_and_a_letter(value, words):
    assert count(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (0.001, "0.001000"),
        (0.0009994, "9.994e-4"),
        (0.34567, "0.3457"),
        (-0.34567, "-0.3457"),
        (1.23456, "1.235"),
        (482.01, "482.0"),
        (99999.4, "99999"),
        (1e5, "1.000e5"),
        (1.23456e12, "1.235e12"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_parameters_have_four_digits(value, words):
    assert number(value) == words


WIDTHS = "relative half-width of 90% intervals"


def test_refused_counts_stay_refused():
    assert count(Refusal(sl.Unidentifiable("one ray"))) == "(refused)"


def test_the_unit_of_the_loss_is_the_cards():
    table = {"columns": {"loss": {"unit": "nats"}}}
    attrs = {"table": "runs", "card": {"tables": {"runs": table}}}
    assert loss_unit(attrs) == "nats"
    assert (
        loss_unit({**attrs, "table": "other"}) == loss_unit({}) == loss_unit({"card": None}) == ""
    )


def test_a_table_escapes_what_it_holds():
    html = table_html(("<h>", "b"), [("<r>", "<c>"), ("&", "d")])
    assert html == (
        '<table><thead><tr><th scope="col">&lt;h&gt;</th><th scope="col">b</th></tr></thead>'
        '<tbody><tr><th scope="row">&lt;r&gt;</th><td>&lt;c&gt;</td></tr>'
        '<tr><th scope="row">&amp;</th><td>d</td></tr></tbody></table>'
    )


# Tables as shown


def shown(column, value, **attrs):
    frame = pd.DataFrame({column: [value]})
    frame.attrs = attrs
    return repr(show(frame)).splitlines()[1].strip()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("params", 7e10, "70B"),
        ("tokens", 1.4e12, "1.4T"),
        ("batch_tokens", 5e5, "500k"),
        ("flops", 5.76e23, "5.76e23"),
        ("tokens_per_param", 20.456, "20.5"),
        ("tokens_per_param", 999.4, "999"),
        ("tokens_per_param", 1000.0, "1,000"),
        ("beyond", 12345.6, "12,346"),
        ("loss", 2.34567, "2.346"),
        ("x", 12345.0, "12,345"),
        ("x", 3.0, "3"),
        ("x", 0.34567, "0.3457"),
        ("x", math.nan, ""),
        ("x", "words", "words"),
        ("x", True, "True"),
        ("x", None, "None"),
    ],
)
def test_each_column_has_its_digits(column, value, words):
    if value is None:
        frame = pd.DataFrame({column: [value]}, dtype=object)
        assert repr(show(frame)).splitlines()[1].strip() == words
    else:
        assert shown(column, value) == words


def test_an_interval_stands_in_brackets_behind_its_estimate():
    frame = pd.DataFrame({"loss": [2.0], "loss_low": [1.5], "loss_high": [3.0], "beyond": [1.0]})
    frame.attrs = {"level": 0.8}
    told = show(frame)
    assert [c.strip() for c in repr(told).splitlines()] == [
        "loss  times beyond the runs",
        "2.000 (1.500 to 3.000)                 within",
    ]
    html = told._repr_html_()
    assert "<p class='sl-why'>In brackets: 80% interval.</p>" in html
    assert html.startswith('<div class="sl-table"><table><thead><tr><th scope="col">loss</th>')
    assert '<th scope="row">2.000 (1.500 to 3.000)</th><td>within</td>' in html
    assert "44.5" in repr(show(frame.assign(beyond=44.5)))
    bare = frame[["loss", "beyond"]].copy()
    bare.attrs = {"level": 0.8}
    assert "In brackets" not in show(bare)._repr_html_()
    frame.attrs = {}
    assert "In brackets" not in show(frame)._repr_html_()
    assert told.frame is frame or told.frame.equals(frame)


def test_a_named_index_is_a_column_and_a_numbered_one_is_not():
    frame = pd.DataFrame({"params": [7e9, 7e10]}, index=pd.Index(["a", "b"], name="law"))
    lines = repr(show(frame)).splitlines()
    assert lines == ["law  parameters N", "  a            7B", "  b           70B"]
    assert '<th scope="col">law</th>' in show(frame)._repr_html_()
    plain = repr(show(frame.reset_index(drop=True))).splitlines()
    assert plain == ["parameters N", "          7B", "         70B"]
    unnamed = pd.DataFrame({"x": [1]}, index=["r"])
    assert repr(show(unnamed)).splitlines()[1] == "r  1"


# Sentences and refusals

REFUSED = Refusal(sl.Unidentifiable("one <b>ray</b>", insist="add runs"))


def test_a_refusal_is_carried_through_all_that_rests_on_it():
    for answer in (
        REFUSED.anything,
        REFUSED(1, by=2),
        REFUSED["a"],
        REFUSED + 1,
        1 + REFUSED,
        REFUSED - 1,
        1 - REFUSED,
        2 * REFUSED,
        REFUSED / 2,
        2 / REFUSED,
        REFUSED**2,
        2**REFUSED,
    ):
        assert answer is REFUSED
    assert 3 not in REFUSED
    assert f"{REFUSED:.2f} {REFUSED}" == "(refused) (refused)"
    assert repr(REFUSED) == "Refused: one <b>ray</b>\n  To go on all the same: add runs"
    html = REFUSED._repr_html_()
    assert "<strong>Refused.</strong> one &lt;b&gt;ray&lt;/b&gt;</p>" in html
    assert 'role="note"' in html
    with pytest.raises(AttributeError):
        _ = REFUSED._hidden
    for answer in (REFUSED < 1, REFUSED >= 1, -REFUSED, abs(REFUSED), REFUSED & True, ~REFUSED):
        assert answer is REFUSED
    REFUSED["a"] = 1
    # What is taken one by one raises the refusal, for what is around to show.
    with pytest.raises(sl.Unidentifiable, match="one <b>ray</b>"):
        list(REFUSED)


def test_ask_refuses_only_what_the_runs_cannot_answer():
    def no(*_, **__):
        raise sl.Unidentifiable("no")

    def bad(*_, **__):
        raise sl.BadRuns("bad")

    assert ask(lambda a, b=0: (a, b), 1, b=2) == (1, 2)
    assert repr(ask(no, 1)) == "Refused: no"
    for question, args, options in (
        (REFUSED, (), {}),
        (no, (REFUSED,), {}),
        (no, (), {"by": REFUSED}),
    ):
        assert ask(question, *args, **options) is REFUSED
    with pytest.raises(sl.BadRuns, match="bad"):
        ask(bad)


def test_sentences_are_joined_by_one_space_and_a_refusal_takes_their_place():
    told = say(" One. ", "Two.", 3)
    assert told._repr_markdown_() == told.text == "One. Two. 3"
    assert say("One.", REFUSED, "Two.") is REFUSED


# Fits as shown


@pytest.fixture(scope="module")
def fitted():
    law = sl.laws.power_law("tokens")
    rng = np.random.default_rng(0)
    x = np.geomspace(1e8, 1e12, 24)
    loss = law({"E": 1.8, "k": 400.0, "c": 0.28}, tokens=x) * np.exp(
        0.01 * rng.exponential(size=24)
    )
    runs = pd.DataFrame({"tokens": x, "loss": loss})
    weights = np.r_[0.0, np.ones(23)]
    return sl.fit(law, runs, weights=weights, seed=3, held={"E": 1.8})


def test_a_fit_says_its_numbers_and_its_card(fitted):
    text, rows = fit_text(fitted), dict(card_rows(fitted))
    draws = fitted.bootstrap()
    assert text.splitlines()[1].endswith(f"90% interval, case bootstrap of {len(draws)}")
    interval = fitted.interval("c")
    line = next(one for one in text.splitlines() if one.startswith("c "))
    ends = f"{number(interval.low)} to {number(interval.high)}"
    assert line.split() == ["c", number(fitted.params["c"]), *ends.split()]
    held = next(one for one in text.splitlines() if one.startswith("E "))
    assert held.split() == ["E", number(1.8), "held"]
    assert rows["runs"] == "23 of a table (23 distinct, 1 of weight zero left out)"
    assert rows["spread"].startswith("tokens 149M to 1T (3.8 decades)")
    scatter = np.sqrt(np.mean(fitted.residuals[fitted.counted] ** 2))
    assert rows["residual scatter"] == f"{scatter:.2%} of the loss"
    assert rows["seed and version"].startswith("seed 3, scalinglaws ")
    assert rows["objective"].endswith(f"summed over runs = {fitted.objective:.5g}")
    ranks = draws[["k", "c"]].rank()
    assert rows["strongest rank correlation"] == f"k and c: {ranks.corr().iloc[0, 1]:+.2f}"
    loss = fitted.interval(lambda p: fitted.law(p, tokens=1e12))
    width = (loss.high - loss.low) / 2 / loss.estimate
    assert f"loss at the largest inputs {width:.1%}" in rows[WIDTHS]
    assert "SIMULATED" not in text


def test_a_fit_as_html_warns_and_stamps_only_when_it_must(fitted):
    html = fit_html(fitted)
    assert html.startswith('<div class="sl-fit">') is fitted.ok
    assert "Simulated runs" not in html
    assert '<th scope="col">meaning</th>' in html
    runs = fitted.runs.copy()
    runs.attrs = {"simulated": True}
    made = sl.fit(fitted.law, runs)
    assert '<p class="sl-simulated">Simulated runs</p>' in fit_html(made)
    assert fit_text(made).startswith("SIMULATED RUNS\n")


def test_a_law_of_size_and_data_says_how_well_its_best_size_is_known():
    runs = sl.load("hoffmann2022").iloc[::4].reset_index(drop=True)
    fit = sl.fit(sl.laws.CHINCHILLA, runs)
    budget = 6 * (runs["params"] * runs["tokens"]).max()

    def best(p):
        # Hoffmann et al. 2022, equation 4.
        both = p["alpha"] + p["beta"]
        ratio = (p["alpha"] * p["A"] / (p["beta"] * p["B"])) ** (1 / both)
        return ratio * (budget / 6) ** (p["beta"] / both)

    told = fit.interval(best)
    width = (told.high - told.low) / 2 / told.estimate
    rows = dict(card_rows(fit))
    assert f"N* at {budget:.1e} FLOPs {width:.1%};" in rows[WIDTHS]
    low, high = (runs["tokens"] / runs["params"]).agg(["min", "max"])
    assert rows["tokens per parameter"] == f"{low:.3g} to {high:.3g}"
    names = list(fit.law.names)
    ranks = fit.bootstrap()[names].rank().corr().to_numpy().copy()
    np.fill_diagonal(ranks, 0)
    i, j = np.unravel_index(np.abs(ranks).argmax(), ranks.shape)
    pair = f"{names[min(i, j)]} and {names[max(i, j)]}: {ranks[i, j]:+.2f}"
    assert rows["strongest rank correlation"] == pair


def test_the_name_and_formula_of_a_law_are_text(fitted):
    law = replace(fitted.law, name="<b>mine</b>", formula="L < 3 & more")
    html = fit_html(sl.fit(law, fitted.runs))
    assert "<strong>&lt;b&gt;mine&lt;/b&gt;</strong>" in html
    assert "<code>L &lt; 3 &amp; more</code>" in html
