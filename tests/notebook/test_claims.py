"""A claim judges by its tolerance, asks for reasons, and never judges other people's data."""

import pytest

import scalinglaws as sl
from scalinglaws.notebook import Refusal, ask, claim, claims, say
from scalinglaws.notebook.verdicts import MIME, UnreasonedClaim

COMMON = {
    "paper": "Besiroglu et al. 2024",
    "cite": "besiroglu2024",
    "read": "code",
    "check": "same method",
    "where": "table 1",
    "published": 482.01,
    "tolerance": 0.01,
    "reason": "printed to two digits",
}


def test_verdicts():
    assert claim("A", ours=482.006, **COMMON).verdict == "reproduced"
    assert claim("A", ours=477.8, because="another objective", **COMMON).verdict == "differs"
    assert claim("A", ours=None, because="no runs", **COMMON).verdict == "cannot be checked"


def test_reasons_are_required():
    with pytest.raises(UnreasonedClaim, match=r"outside the tolerance of 0\.01; say why"):
        claim("A", ours=477.8, **COMMON)
    with pytest.raises(UnreasonedClaim, match="needs its reason"):
        claim("A", ours=482.006, **{**COMMON, "reason": " "})
    with pytest.raises(UnreasonedClaim, match="say why"):
        claim("A", ours=float("nan"), **COMMON)


def test_other_runs_are_shown_and_not_judged():
    runs = sl.load("isoflops/llama3")
    shown = claim("A", ours=38.0, runs=runs, data="hoffmann2022", **COMMON)
    assert shown.verdict == "other data"
    assert "isoflops/llama3" in shown.because
    same = claim("A", ours=482.006, runs=sl.load("hoffmann2022"), data="hoffmann2022", **COMMON)
    assert same.verdict == "reproduced"


def test_an_interval_travels_with_its_kind_and_objective():
    interval = sl.Interval(
        estimate=482.006, low=300.0, high=700.0, level=0.9, kind="case bootstrap"
    )
    shown = claim("A", ours=interval, objective=sl.LAD, **COMMON)
    bundle = shown._repr_mimebundle_()
    assert bundle[MIME]["claims"][0]["low"] == 300.0
    assert bundle[MIME]["claims"][0]["objective"] == "least absolute deviation on log-loss"
    assert "90% case bootstrap: 300.000 to 700.000" in bundle["text/plain"]
    assert "✓\u00a0reproduced" in bundle["text/html"]


def test_a_refusal_cannot_be_checked_and_says_why():
    refused = Refusal(sl.Unidentifiable("one ray only"))
    shown = claim("A", ours=refused, **COMMON)
    assert shown.verdict == "cannot be checked"
    assert "one ray only" in shown.because


def test_ask_shows_a_refusal_and_carries_it_on():
    def no(_):
        raise sl.Unidentifiable("no minimum", insist="add budgets")

    answer = ask(no, 1)
    assert "Refused: no minimum" in repr(answer)
    assert ask(len, answer) is answer
    assert f"{answer.exponent().estimate:.2f}" == "(refused)"
    assert "no minimum" in answer["a"]._repr_html_()
    assert ask(len, [1, 2]) == 2
    with pytest.raises(TypeError):
        ask(len, 3)


def test_say_joins_sentences():
    words = say(f"B is {2143.4:.0f}.", " It moves.")
    assert words._repr_markdown_() == repr(words) == "B is 2143. It moves."


def test_a_group_judges_each_and_shows_one_table():
    place = {k: v for k, v in COMMON.items() if k not in ("published", "tolerance")}
    group = claims(
        {"A": 482.0, "B": 2085.0},
        {"A": 482.1, "B": 3000.0},
        relative=0.001,
        label="{}, LAD",
        because="another law",
        **place,
    )
    assert [c.verdict for c in group.each] == ["reproduced", "differs"]
    assert [c.quantity for c in group.each] == ["A, LAD", "B, LAD"]
    assert group.each[0].tolerance == 0.482
    bundle = group._repr_mimebundle_()
    assert len(bundle[MIME]["claims"]) == 2
    assert bundle["text/html"].count("<table") == 1
    called = claims({"A": 482.0}, lambda name: 482.0, tolerance={"A": 1.0}, **place)
    assert called.each[0].verdict == "reproduced"
    with pytest.raises(UnreasonedClaim, match="absolute or relative"):
        claims({"A": 482.0}, {"A": 482.0}, **place)
    refused = claims({"A": 482.0}, Refusal(sl.Unidentifiable("one ray")), tolerance=1.0, **place)
    assert refused.each[0].verdict == "cannot be checked"
