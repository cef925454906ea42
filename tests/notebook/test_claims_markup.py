"""Markup in any field of a claim stays text: in its own HTML, and in the scorecard's tables."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import scalinglaws as sl
from bookmaker.claims import MISSING, claims_in, gather_claims, scorecard_page
from scalinglaws.notebook import Claim, Claims, claim
from scalinglaws.notebook.verdicts import MIME

HOSTILE = "a|b <b>x</b> & 'q' \"d\" *s* $m$"
FIELDS = ("quantity", "paper", "where", "reason", "because", "objective")
TAGS = {"div", "p", "strong", "b"}
TABLE = {*TAGS, "table", "thead", "tbody", "tr", "th", "td"}


def made(ours=2.0, **options):
    given = {
        **{"quantity": "A", "paper": "Toy et al.", "cite": "toy2026", "where": "Table 1"},
        **{"published": 1.0, "tolerance": 0.25, "reason": "last digit", "because": "another law"},
        **{"objective": "LAD", **options},
    }
    return claim(given.pop("quantity"), ours=ours, **given)


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("field", FIELDS)
def test_a_claim_shows_markup_as_text(field):
    plain, shown = made(), made(**{field: HOSTILE})
    html = shown._repr_mimebundle_()["text/html"]
    read = Reader(html)
    # The same tags in the same order, and the words as they were given.
    assert read.tags == Reader(plain._repr_mimebundle_()["text/html"]).tags
    assert set(read.tags) == TAGS
    assert HOSTILE.lower() in read.text.lower()
    if field not in ("reason", "objective"):
        assert HOSTILE in repr(shown)


@pytest.mark.parametrize("field", ["quantity", "paper", "where", "reason", "because", "objective"])
def test_a_table_of_claims_shows_markup_as_text(field):
    group = Claims((made(**{field: HOSTILE}), made(quantity="B")))
    read = Reader(group._repr_mimebundle_()["text/html"])
    assert set(read.tags) <= TABLE
    assert HOSTILE in read.text


def test_an_interval_of_odd_kind_is_shown_as_text():
    odd = sl.Interval(estimate=1.0, low=0.5, high=2.0, level=0.9, kind="<i>case")
    assert "90% <i>case: 0.50 to 2.00" in Reader(made(odd)._repr_mimebundle_()["text/html"]).text


# The scorecard


def rows(page):
    return [line for line in page.splitlines() if line.startswith("| ") and "toy2026" in line]


def cells(row):
    """The cells between bars that are not escaped; a space that does not break counts as one."""
    return re.split(r"(?<!\\)\|", row.replace("\u00a0", " "))[1:-1]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        *(("quantity", words) for words in ("a|b", "||")),
        *(
            (field, words)
            for field in ("where", "reason", "because", "objective", "data")
            for words in ("a|b", "||", "two\nlines", "| x |\n|--|")
        ),
    ],
)
def test_pipes_and_lines_break_no_row_of_the_scorecard(field, words):
    record = {**made().__dict__, field: words}
    page = scorecard_page({"part/one": [Claim(**record)]}, {"part/one": "One"})
    (row,) = rows(page)
    assert len(cells(row)) == 5
    plain = scorecard_page({"part/one": [made()]}, {"part/one": "One"})
    # A line more or less would be a row torn in two, or a note outside its list.
    assert len(page.splitlines()) == len(plain.splitlines())
    shown = " ".join(words.split())
    assert shown in page or shown.replace("|", "\\|") in page


@pytest.mark.parametrize("field", ["quantity", "reason", "because", "objective", "data"])
def test_a_star_starts_no_emphasis_in_the_scorecard(field):
    record = {**made().__dict__, field: "N* and D*"}
    page = scorecard_page({"part/one": [Claim(**record)]}, {})
    assert "N\\* and D\\*" in page
    assert "N* and D*" not in page


def test_a_row_holds_figure_paper_published_ours_and_verdict():
    ours = sl.Interval(estimate=1.1, low=0.9, high=1.4, level=0.8, kind="profile")
    page = scorecard_page({"part/one": [made(ours), made(None, quantity="B")]}, {})
    first, second = (cells(r) for r in rows(page))
    assert first == [
        *(" A ", " {cite:t}`toy2026`, Table 1 ", " 1.00<br>± 0.25 "),
        *(" 1.10<br>[0.90 to 1.40]<br>80% profile ", " ✓ reproduced "),
    ]
    assert second[3:] == [f" {MISSING} ", " ? cannot be checked "]
    assert cells(rows(scorecard_page({"one": [made(2.0)]}, {}))[0])[3] == " 2.00 "


def test_verdicts_are_counted_over_all_chapters():
    one, two = [made(1.0), made(2.0), made(2.0)], [made(None)]
    page = scorecard_page({"part/one": one, "part/two": two}, {"part/one": "One"})
    counted = ["| ✓\u00a0reproduced | 1 |", "| ✗\u00a0differs | 2 |"]
    counted += ["| ?\u00a0cannot be checked | 1 |", "| all | 4 |"]
    start = page.splitlines().index("|:--|--:|") + 1
    assert page.splitlines()[start : start + 4] == counted
    assert "other data" not in page
    assert page.index("## One") < page.index("## part/two")
    assert "From {doc}`/part/one`." in page
    assert page.endswith("\n")
    assert not page.endswith("\n\n")


def test_figures_that_share_a_reason_share_its_note():
    page = scorecard_page({"one": [made(), made(quantity="B"), made(quantity="C", note="x")]}, {})
    notes = [line for line in page.splitlines() if line.startswith("- ")]
    assert notes == [
        "- **A; B**: another law Tolerance: last digit. Ours: LAD.",
        "- **C**: x another law Tolerance: last digit. Ours: LAD.",
    ]
    bare = scorecard_page({"one": [made(1.0, objective="")]}, {})
    assert "- **A**: Tolerance: last digit.\n" in bare
    both = scorecard_page({"one": [made(1.0, runs=sl.load("hoffmann2022"))]}, {})
    assert "Ours: LAD, hoffmann2022." in both


def test_claims_are_read_from_every_output_of_every_cell():
    one, two = made()._repr_mimebundle_(), Claims((made(quantity="B"), made(quantity="C")))
    outputs = [{"data": one}, {"name": "stdout"}, {"data": two._repr_mimebundle_()}]
    notebook = {"cells": [{"cell_type": "markdown"}, {"outputs": outputs}]}
    assert [c.quantity for c in claims_in(notebook, "one")] == ["A", "B", "C"]
    one[MIME]["claims"][0].pop("verdict")
    with pytest.raises(sl.ScalingLawError, match=r"part/one, cell 2: .*verdict"):
        claims_in(notebook, "part/one")


def test_only_chapters_that_were_executed_and_claim_something_are_gathered(tmp_path):
    (tmp_path / "silent.ipynb").write_text('{"nbformat": 4, "metadata": {}, "cells": []}')
    chapters = [SimpleNamespace(name=n) for n in ("absent", "silent")]
    project = SimpleNamespace(executed=tmp_path, chapters=lambda: chapters)
    assert gather_claims(project) == {}


@pytest.mark.parametrize("field", ["quantity", "where", "because", "reason", "objective", "data"])
def test_the_scorecard_renders_markup_as_the_words_that_were_given(field):
    hostile = "<b>x</b> $m$ `c` _u_ *s* {role}`r` [l](u) a^b ~t~ #h a\nb"
    page = scorecard_page({"part/one": [made(**{field: hostile})]}, {})
    words = " ".join(hostile.split())
    lines = [line for line in page.splitlines() if "a^b" in line.replace("\\", "")]
    assert lines
    for line in lines:
        # A backslash before each sign that MyST would read as markup, and the words on one line.
        assert words in re.sub(r"\\(.)", r"\1", line)
        bare = re.sub(r"\\.", "", line).replace("<br>", "").replace("**", "")
        bare = bare.replace("{cite:t}`toy2026`", "")
        assert not re.search(r"[<>$`_*{}^~#]", bare)


def test_a_verdict_stays_on_one_line_of_its_cell():
    page = scorecard_page({"part/one": [made()]}, {})
    assert "✗\u00a0differs |" in rows(page)[0]
