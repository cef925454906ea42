"""A claim's verdict at the very edge of its tolerance, its digits, and the reasons it must give."""

import math
import re

import pytest

import scalinglaws as sl
from scalinglaws.notebook import Claim, Refusal, claim, claims
from scalinglaws.notebook.verdicts import MIME, UnreasonedClaim

PLACE = {
    "paper": "Toy et al.",
    "cite": "toy2026",
    "where": "Table 1",
    "check": "same method",
    "read": "paper",
    "reason": "last digit",
}


def made(published=1.0, ours=1.0, tolerance=0.25, quantity="A", **options):
    given = {**PLACE, "because": "another law", **options}
    return claim(quantity, published=published, ours=ours, tolerance=tolerance, **given)


@pytest.mark.parametrize("side", [1, -1])
def test_a_tolerance_is_exactly_as_wide_as_it_says(side):
    # A quarter is a binary fraction: 1.25 and 0.75 lie on the edge without any rounding.
    assert made(ours=1 + side * 0.25).verdict == "reproduced"
    # The slack for rounding is one part in 1e9, no more: half of it is in, half as much again out.
    assert made(ours=1 + side * 0.25 * (1 + 0.5e-9)).verdict == "reproduced"
    assert made(ours=1 + side * 0.25 * (1 + 1.5e-9)).verdict == "differs"
    assert made(published=-1.0, ours=-1 + side * 0.25).verdict == "reproduced"
    assert made(published=-1.0, ours=-1 + side * 0.26).verdict == "differs"


def test_decimals_that_no_double_holds_are_still_on_the_edge():
    assert abs(1.1 - 1.0) > 0.1
    assert made(1.0, 1.1, 0.1).verdict == "reproduced"


@pytest.mark.parametrize("ours", [math.nan, math.inf, -math.inf])
def test_ours_is_a_number_or_none(ours):
    with pytest.raises(UnreasonedClaim, match=f"A: ours is {ours}; give None"):
        made(ours=ours)


@pytest.mark.parametrize("tolerance", [0.0, -1.0, math.nan, math.inf])
def test_a_tolerance_is_a_positive_number(tolerance):
    with pytest.raises(UnreasonedClaim, match="A: a tolerance is a positive number"):
        made(tolerance=tolerance)


def test_blank_reasons_are_none():
    for blank in ("", "  ", "\n"):
        with pytest.raises(UnreasonedClaim, match=r"a tolerance of 0\.25 needs its reason"):
            made(reason=blank)
        for ours in (2.0, None):
            with pytest.raises(UnreasonedClaim, match=r"outside the tolerance of 0\.25; say why"):
                made(ours=ours, because=blank)
    assert issubclass(UnreasonedClaim, sl.ScalingLawError)
    assert issubclass(UnreasonedClaim, ValueError)


def test_what_is_shown_because_depends_on_the_verdict_and_a_note_on_none():
    assert made(note="A note.").because == "A note."
    assert made(ours=2.0, note="A note.").because == "A note. another law"
    assert made(ours=2.0).because == "another law"
    assert made(ours=None, note="A note.").because == "A note. another law"
    # What is reproduced needs no reason, and a blank one is no refusal.
    assert made(because="").because == ""


def test_an_interval_is_taken_apart_and_a_number_has_none():
    interval = sl.Interval(estimate=1.1, low=0.9, high=1.4, level=0.8, kind="profile")
    shown = made(ours=interval)
    assert (shown.ours, shown.low, shown.high) == (1.1, 0.9, 1.4)
    assert (shown.level, shown.kind) == (0.8, "profile")
    assert shown.kind_in_words == "80% profile"
    assert shown.interval == "0.90 to 1.40"
    assert "ours 1.10 (80% profile: 0.90 to 1.40)" in repr(shown)
    bare = made(ours=1)
    assert (bare.ours, bare.low, bare.high, bare.level, bare.kind) == (1.0, None, None, None, "")
    assert (bare.interval, bare.kind_in_words) == ("", "")
    assert repr(bare) == "A: Toy et al., Table 1: 1.0; ours 1.00\n  reproduced (same method)"
    assert repr(made(ours=None)).endswith(
        "1.0; ours none\n  cannot be checked (same method): another law"
    )


@pytest.mark.parametrize(
    ("tolerance", "words"),
    [
        (0.01, "3.142"),
        (0.05, "3.142"),
        (0.25, "3.14"),
        (1.0, "3.1"),
        (4.9, "3.1"),
        (5.0, "3"),
        (50.0, "3"),
        (1e-12, "3.14159265"),
    ],
)
def test_a_value_has_one_digit_more_than_its_tolerance(tolerance, words):
    assert made(tolerance=tolerance).words(math.pi) == words


@pytest.mark.parametrize(
    ("published", "tolerance", "words"),
    [
        (-0.082, 0.0005, "-0.082"),
        (0.1, 0.0005, "0.100"),
        (0.11, 0.005, "0.11"),
        (0.07, 0.05, "0.07"),
        (602, 0.5, "602"),
        (602.0, 1.46, "602"),
        (7, 0.5, "7"),
        (2.0, 0.15, "2.0"),
        (482.01, 124.52, "482"),
        (15.387756, 0.06, "15.388"),
        (math.log10(2.8e8), 0.1, "8.45"),
        (9.9014e-5, 5e-9, "0.00009901"),
        (3.568e13, 5e9, "35680000000000"),
    ],
)
def test_a_published_value_is_shown_as_it_is_printed(published, tolerance, words):
    assert made(published=published, tolerance=tolerance).published_in_words == words


@pytest.mark.parametrize(
    ("tolerance", "unit", "words"),
    [
        (0.0123, "", "0.012"),
        (9.4, "", "9.4"),
        (10.0, "", "10"),
        (123.0, "", "123"),
        (2e9, "parameters", "2B"),
        (2e12, "tokens", "2T"),
        (2e9, "FLOPs", "2000000000"),
    ],
)
def test_a_tolerance_in_words(tolerance, unit, words):
    assert made(tolerance=tolerance, unit=unit).tolerance_in_words == words


@pytest.mark.parametrize("unit", ["parameters", "tokens"])
def test_counts_are_said_as_people_say_them(unit):
    shown = made(published=7e10, ours=6.7e10, tolerance=5e9, unit=unit)
    assert "70B; ours 67B" in repr(shown)
    assert shown.unit == unit


def test_other_data_is_never_judged_even_when_it_agrees():
    runs = sl.load("hoffmann2022")
    shown = made(runs=runs, data="kaplan2020", note="Seen.")
    assert shown.verdict == "other data"
    assert shown.data == "kaplan2020"
    assert shown.because == (
        "Seen. The published number belongs to kaplan2020; these are hoffmann2022. "
        "Nothing is judged."
    )
    runs.attrs = {}
    assert "these are a table of runs." in made(runs=runs, data="kaplan2020").because
    assert made(data="kaplan2020").verdict == "other data"
    own = made(runs=sl.load("hoffmann2022"))
    assert (own.data, own.verdict) == ("hoffmann2022", "reproduced")
    assert made().data == ""
    refused = Refusal(sl.Unidentifiable("one ray"))
    both = made(ours=refused, runs=runs, data="kaplan2020").because
    assert both.startswith("The published number belongs to kaplan2020")
    assert both.endswith("The library refuses to answer on these runs. one ray")


def test_several_claims_take_each_its_own_tolerance():
    place = {**PLACE, "because": "another law"}
    told = claims({"a": -4.0, "b": 2.0}, {"a": -4.4, "b": 2.4}, relative=0.1, **place)
    # A tenth of the size: 0.4 for -4, on the edge, and 0.2 for 2.
    assert [c.tolerance for c in told.each] == pytest.approx([0.4, 0.2], rel=1e-12)
    assert [c.verdict for c in told.each] == ["reproduced", "differs"]
    one = claims({"a": 4.0, "b": 2.0}, {"a": 4.3, "b": 2.4}, tolerance=0.4, **place)
    assert [c.tolerance for c in one.each] == [0.4, 0.4]
    named = claims(
        {"a": 4.0, "b": 2.0}, lambda n: {"a": 4, "b": 2}[n], relative={"a": 0.5, "b": 1.0}, **place
    )
    assert [c.tolerance for c in named.each] == [2.0, 2.0]
    assert [c.published for c in named.each] == [4.0, 2.0]
    assert repr(told) == f"{told.each[0]!r}\n{told.each[1]!r}"


def test_a_table_of_claims_has_the_verdict_first_and_says_once_what_all_share():
    interval = {"estimate": 1.0, "low": 0.9, "high": 1.2, "kind": "case bootstrap"}
    place = {**PLACE, "tolerance": 0.25, "objective": sl.LAD, "because": "another law"}
    same = claims({"a": 1.0, "b": 9.0}, lambda _: sl.Interval(level=0.9, **interval), **place)
    html = same._repr_mimebundle_()["text/html"]
    heads = re.findall(r"<th scope='col'>(.*?)</th>", html)
    assert heads == ["verdict", "claim", "paper", "here"]
    assert html.index("✓\u00a0reproduced") < html.index("<td>a</td>")
    assert "<td>1.00 <small>(0.90 to 1.20)</small></td>" in html
    for once in (
        "90% case bootstrap",
        "Tolerance: last digit.",
        "another law",
        "Toy et al., Table",
    ):
        assert html.count(once) == 1, once
    assert "read in the paper's text".replace("'", "&#x27;") in html
    assert "ours by least absolute deviation on log-loss" in html
    levels = {"a": 0.9, "b": 0.8}
    two = claims({"a": 1.0, "b": 1.0}, lambda k: sl.Interval(level=levels[k], **interval), **place)
    html = two._repr_mimebundle_()["text/html"]
    assert "in brackets: 90% case bootstrap interval 80% case bootstrap interval" in html
    bare = claims({"a": 1.0}, {"a": 1.0}, **{**place, "objective": ""})
    assert "ours by" not in bare._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("options", "colour", "words"),
    [
        ({}, "reproduced", "✓\u00a0reproduced"),
        ({"ours": 9.0}, "differs", "✗\u00a0differs"),
        ({"ours": 9.0, "check": "other runs"}, "differs", "✗\u00a0not consistent"),
        ({"check": "other runs"}, "reproduced", "✓\u00a0consistent"),
        ({"ours": None}, "unchecked", "?\u00a0cannot be checked"),
        ({"data": "kaplan2020"}, "other", "·\u00a0other data"),
        (
            {"ours": sl.Interval(estimate=2.0, low=0.5, high=3.0, level=0.9, kind="case")},
            "within",
            "≈\u00a0within our interval",
        ),
    ],
)
def test_each_verdict_has_its_colour_and_its_sign(options, colour, words):
    bundle = made(objective="LAD", **options)._repr_mimebundle_()
    assert f"<td class='{colour}'>{words}</td>" in bundle["text/html"]
    (record,) = bundle[MIME]["claims"]
    assert Claim(**record) == made(objective="LAD", **options)


def test_an_interval_decides_only_where_the_tolerance_does_not():
    wide = {"low": 0.5, "high": 3.0, "level": 0.9, "kind": "case"}
    near, far = (sl.Interval(estimate=e, **wide) for e in (1.2, 2.0))
    assert made(ours=near).verdict == "reproduced"
    assert made(ours=far).verdict == "within our interval"
    assert made(ours=far, because="").verdict == "within our interval"
    assert made(published=3.0, ours=far).verdict == "within our interval"
    assert made(published=3.01, ours=far).verdict == "differs"
    assert made(ours=far, check="other runs").verdict == "consistent"
    assert made(published=3.01, ours=far, check="other runs").verdict == "not consistent"


@pytest.mark.parametrize(("name", "bad"), [("check", "same"), ("read", "memory"), ("read", "")])
def test_a_claim_says_what_kind_of_check_it_is_and_where_the_value_was_read(name, bad):
    with pytest.raises(UnreasonedClaim, match=f"A: {name}={bad!r} is none of"):
        made(**{name: bad})


def test_claims_have_names_to_link_to():
    assert made(quantity="N* at 1e20 FLOPs").anchor == "claim-toy2026-n-at-1e20-flops"
    html = made(quantity="b")._repr_mimebundle_()["text/html"]
    assert "<tr id='claim-toy2026-b'>" in html


def test_what_was_not_checked_is_not_said_to_be_checked():
    def said(**options):
        html = made(because="runs are closed", **options)._repr_mimebundle_()["text/html"]
        return html[html.index("How this was checked") :]

    for unjudged in ({"ours": None}, {"data": "kaplan2020"}):
        assert "read in the paper&#x27;s text; not checked." in said(**unjudged)
        assert "Tolerance" not in said(**unjudged)
    assert "checked on other runs" in said(check="other runs")
    mixed = claims({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": None}, tolerance=0.1, because="x", **PLACE)
    assert "checked on the same runs" in mixed._repr_mimebundle_()["text/html"]


def test_a_misprint_belongs_to_the_claims_that_it_names():
    same = {"a": 1.0, "b": 2.0}
    some = claims(same, same, tolerance=0.1, erratum={"b": "It prints 2 for 3."}, **PLACE)
    assert [c.erratum for c in some.each] == ["", "It prints 2 for 3."]
    every = claims(same, same, tolerance=0.1, erratum="Both.", **PLACE)
    assert [c.erratum for c in every.each] == ["Both.", "Both."]
