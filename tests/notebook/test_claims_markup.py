"""Markup in any field of a claim stays text."""

from html.parser import HTMLParser

import pytest

import scalinglaws as sl
from scalinglaws.notebook import Claims, claim

HOSTILE = "a|b <b>x</b> & 'q' \"d\" *s* $m$"
FIELDS = ("quantity", "paper", "where", "reason", "because", "objective")
TAGS = {"div", "p", "details", "summary", "table", "thead", "tbody", "tr", "th", "td"}


def made(ours=2.0, **options):
    given = {
        **{"quantity": "A", "paper": "Toy et al.", "cite": "toy2026", "where": "Table 1"},
        **{"check": "same method", "read": "paper"},
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
    assert set(read.tags) <= TAGS
    assert HOSTILE in read.text


def test_an_interval_of_odd_kind_is_shown_as_text():
    odd = sl.Interval(estimate=1.0, low=0.5, high=2.0, level=0.9, kind="<i>case")
    assert "90% <i>case interval" in Reader(made(odd)._repr_mimebundle_()["text/html"]).text
