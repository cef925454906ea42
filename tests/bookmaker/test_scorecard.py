"""The scorecard that is gathered from what chapters claim, and the pages made of it."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from types import SimpleNamespace

import pytest

import scalinglaws as sl
from bookmaker.claims import claims_csv, claims_in, gather_claims
from bookmaker.scorecard import counts_of, errata_page, scorecard_page, totals_in_words
from conftest import CLAIM
from scalinglaws.errors import ScalingLawError
from scalinglaws.notebook import Claims, claim
from scalinglaws.notebook.verdicts import MIME, Claim


def made(ours=2.0, **options):
    given = {
        **{"quantity": "A", "paper": "Toy et al.", "cite": "toy2026", "where": "Table 1"},
        **{"check": "same method", "read": "paper", "because": "another law"},
        **{"published": 1.0, "tolerance": 0.25, "reason": "last digit", "objective": "LAD"},
        **options,
    }
    return claim(given.pop("quantity"), ours=ours, **given)


def rows(page):
    """The cells of each claim's row, without markup."""
    body = page[page.index("sl-scorecard") :]
    found = re.findall(r"<tr id=.*?</tr>", body, re.S)
    cells = [re.findall(r"<td.*?</td>", row, re.S) for row in found]
    return [[unescape(re.sub(r"<[^>]+>", " ", c)).strip() for c in row] for row in cells]


def test_a_row_holds_verdict_claim_paper_ours_and_distance():
    ours = sl.Interval(estimate=1.1, low=0.9, high=1.4, level=0.8, kind="profile")
    page = scorecard_page({"part/one": [made(ours), made(None, quantity="B")]}, {"part/one": "One"})
    first, second = rows(page)
    assert first[0] == "✓\u00a0reproduced"
    assert first[1].startswith("A")
    assert "Toy et al., Table 1 (read in the paper's text)" in first[1]
    assert "Our interval: 80% profile." in first[1]
    assert "Tolerance: last digit." in first[1]
    assert first[2].split() == ["1.0", "±", "0.25"]
    assert first[3].split() == ["1.10", "0.90", "to", "1.40"]
    assert "aria-label='0.4 tolerances from the published value'" in page
    assert second[0] == "?\u00a0cannot be checked"
    assert second[3:] == ["–", ""]
    assert "href='../part/one.html#claim-toy2026-a'" in page
    assert "None" not in page


def test_what_lies_far_off_is_an_arrow_and_what_is_near_a_dot():
    assert "<circle" in scorecard_page({"one": [made(1.9)]}, {})
    assert "<path" in scorecard_page({"one": [made(2.1)]}, {})
    low = scorecard_page({"one": [made(-3.0)]}, {})
    assert "M2.0 7L8.0" in low


def test_totals_are_by_kind_of_check():
    other = {"check": "other runs"}
    every = [made(1.0), made(2.0), made(2.0), made(1.0, **other), made(2.0, **other), made(None)]
    page = scorecard_page({"one": every}, {})
    table = page[page.index("sl-totals") : page.index("</table>")]
    lines = re.findall(r"<tr><th scope='row'>(.*?)</th>(.*?)</tr>", table)
    counts = {words: re.findall(r"<td class='\w+'>(\d*)</td>", rest) for words, rest in lines}
    assert counts["the paper's own runs, analysed as the paper did"] == ["1", "", "2", ""]
    assert counts["other runs: does it carry over?"] == ["1", "", "1", ""]
    assert counts["the paper's own constants: arithmetic"] == ["", "", "", ""]
    assert counts["no open runs to check"] == ["", "", "", "1"]
    words = totals_in_words(every)
    assert "checks 6 numbers that 1 papers print or release" in words
    assert "On the papers' own runs 1 of 3 come back; on other people's runs 1 of 2 hold" in words
    assert "and 1 could not be checked" in words
    # What only our interval holds is counted beside what came back.
    loose = sl.Interval(estimate=2.0, low=0.5, high=3.0, level=0.9, kind="case")
    words = totals_in_words([*every, made(loose)])
    assert "own runs 1 of 4 come back, and 1 more lie within our interval; on other" in words


@pytest.mark.parametrize("field", ["quantity", "where", "because", "reason", "objective", "paper"])
def test_the_scorecard_shows_markup_as_the_words_that_were_given(field):
    hostile = "<b>x</b> $m$ `c` _u_ *s* {role}`r` [l](u) a^b ~t~ #h 'q' \"d\" & a | b"
    page = scorecard_page({"part/one": [made(**{field: hostile})]}, {})
    assert hostile in rows(page)[0][1]
    assert "<b>x" not in page
    assert page.count("```") == 4  # two blocks of HTML, closed


def test_a_line_break_closes_no_block():
    page = scorecard_page({"one": [made(because="a\n```\nb")]}, {})
    assert page.count("\n```\n") == 2


def test_claims_keep_the_order_of_the_book(tmp_path):
    text = '{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "", '
    text += '"outputs": [{"data": {"%s": {"claims": [%s]}}}]}]}'
    record = __import__("json").dumps(CLAIM)
    for name in ("a", "b"):
        (tmp_path / f"{name}.ipynb").write_text(text % (MIME, record))
    (tmp_path / "silent.ipynb").write_text('{"nbformat": 4, "metadata": {}, "cells": []}')
    chapters = [SimpleNamespace(name=n) for n in ("a", "absent", "b", "silent")]
    project = SimpleNamespace(executed=tmp_path, chapters=lambda: chapters)
    assert [*gather_claims(project, ["b", "a"])] == ["b", "a"]
    assert [*gather_claims(project, ["b"])] == ["b", "a"]


def test_all_claims_are_one_csv():
    text = claims_csv({"one": [made(1.0), made(None, quantity="x, y")]})
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["chapter"], first["verdict"], first["published"]) == ("one", "reproduced", "1.0")
    assert (second["quantity"], second["ours"]) == ("x, y", "")


def test_errata_are_those_that_claims_tell_of():
    told = made(erratum="It prints <2> for 3.", paper="P & Q")
    page = errata_page({"part/one": [made(), told]})
    assert "P &amp; Q, Table 1</a>: It prints &lt;2&gt; for 3.</li>" in page
    assert page.count("<li>") == 1


def test_claims_are_read_from_every_output_of_every_cell() -> None:
    one, two = made()._repr_mimebundle_(), Claims((made(quantity="B"), made(quantity="C")))
    outputs = [{"data": one}, {"name": "stdout"}, {"data": two._repr_mimebundle_()}]
    notebook = {"cells": [{"cell_type": "markdown"}, {"outputs": outputs}]}
    assert [c.quantity for c in claims_in(notebook, "one")] == ["A", "B", "C"]
    outputs = [{"data": {MIME: {"claims": [{"quantity": "x"}]}}}]
    with pytest.raises(ScalingLawError, match=r"part/a, cell 2: .*missing 18 required"):
        claims_in({"cells": [{}, {"outputs": outputs}]}, "part/a")
    assert Claim(**CLAIM).verdict == "reproduced"


def test_the_lead_says_what_the_numbers_were_held_against():
    every = [
        made(), made(1.0, quantity="B"), made(None, quantity="C"),
        made(1.0, quantity="D", check="constants"), made(1.0, quantity="E", paper="Other 2020"),
    ]  # fmt: skip
    page = scorecard_page({"one": every}, {})
    assert "5 published numbers from 2 papers: 3 checked on open runs, 1 against the" in page
    assert "1 that cannot be checked." in page


def test_papers_that_hold_most_of_what_was_not_met_are_named():
    missed = [made(quantity=str(k)) for k in range(4)]
    missed += [made(quantity=f"o{k}", paper="Other 2020") for k in range(2)]
    missed += [made(quantity="x", paper="Third 2021"), made(quantity="y", check="other runs")]
    page = scorecard_page({"one": missed}, {})
    assert "Of the 7 not met on their own runs by their own method, 4 are of Toy et al." in page
    assert "and 2 are of Other 2020." in page
    # Nothing is said of parts where the parts are the whole.
    assert "Of the" not in scorecard_page({"one": [made(1.0)]}, {})


def test_a_distance_beyond_the_strip_is_written():
    page = scorecard_page({"one": [made(9.0), made(1.9, quantity="B")]}, {})
    assert page.count("<small>32×</small>") == 1


def test_counts_of_a_paper_lead_to_its_rows():
    every = [made(), made(1.0, quantity="B"), made(1.1, quantity="C"), made(None, quantity="D")]
    told = counts_of(every, "Toy et al.")
    assert told == "<a href='../back/scorecard.html?paper=Toy%20et%20al.'>2✓ 1✗ 1?</a>"
    assert counts_of(every, "Nobody 1999") == "–"


def test_rows_carry_the_numbers_that_they_are_ordered_by():
    page = scorecard_page({"one": [made(1.0), made(2.0), made(None)]}, {})
    assert re.findall(r"data-by-off='([^']+)'", page) == ["-0", "-4", "-0"]
    ranks = [int(rank) for rank in re.findall(r"data-by-verdict='(\d+)'", page)]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 3
    for name in re.findall(r"<option value='(\w+)'>by ", page):
        assert page.count(f"data-by-{name}=") == 3
