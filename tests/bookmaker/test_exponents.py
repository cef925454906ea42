"""The page of printed exponents: which rows have ours beside them, and what the page says."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import bookmaker.figure as figures
from bookmaker import exponents
from bookmaker.listing import controls
from bookmaker.matches import CLOSED, MATCHES, matched
from scalinglaws.data import catalogue as data
from scalinglaws.errors import ScalingLawError
from scalinglaws.figures import MIME
from scalinglaws.notebook import claim

BOOK = Path(__file__).parents[2] / "book"


@pytest.fixture(scope="module")
def table():
    return data.load("villalobos2023")


def made(cite="hoffmann2022", quantity="alpha, approach 3", **options):
    given = {
        **{"paper": "Hoffmann et al. 2022", "where": "section 3.3", "check": "same method"},
        **{"read": "paper", "because": "another fit", "published": 0.33917084, "ours": 0.347},
        **{"tolerance": 0.01, "reason": "two digits", **options},
    }
    return claim(quantity, cite=cite, **given)


def stored():
    """The claims that chapters' stored outputs tell of: quantity, paper and place."""
    told = []
    for path in BOOK.rglob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                told += "".join(output.get("data", {}).get("text/plain", "")).splitlines()
    return told


def test_every_match_is_of_an_exponent_and_of_a_claim_that_a_chapter_makes(table):
    rows = table.set_index("row")
    told = stored()
    for (row, place), (cite, quantity) in MATCHES.items():
        law = rows.loc[row]
        assert law["cite"] == cite
        start = f"{quantity}: {law['paper']}, "
        (line,) = [line for line in told if line.startswith(start)]
        published = float(re.search(r": ([\d.]+); ours", line)[1])
        assert published == pytest.approx(law[f"exponent_{place}"], abs=0.0051)


def test_papers_are_closed_as_on_the_map():
    lines = (BOOK / "beyond/map.md").read_text(encoding="utf-8").splitlines()
    laws = [line.split("|") for line in lines if line.startswith("| {cite:t}")]
    closed = {re.search(r"`(\w+)`", row[1])[1] for row in laws if row[4].strip() == "closed"}
    assert closed >= CLOSED
    assert closed & set(data.load("villalobos2023")["cite"]) == CLOSED


def test_a_claim_of_another_value_stops_the_build(table):
    assert {*matched(table, {"part/one": [made()]})} == {(37, 1)}
    assert matched(table, {}) == {}
    with pytest.raises(ScalingLawError, match=r"row 37 .* exponent 0.34, .* claims 0.5 as pub"):
        matched(table, {"part/one": [made(published=0.5)]})


def rows(html):
    return {
        name: [unescape(re.sub(r"<[^>]+>", " ", c)) for c in re.findall(r"<td.*?</td>", row, re.S)]
        for name, row in re.findall(r"<tr id='law-(\d+)'(.*?)</tr>", html, re.S)
    }


def test_the_table_has_every_law_and_ours_beside_its_own(table):
    claims = {"part/one": [made(), made(quantity="other", published=1.0, ours=1.0)]}
    html = exponents.table_html(table, matched(table, claims), claims["part/one"])
    found = rows(html)
    assert list(found) == [str(k) for k in range(1, 138)]
    hoffmann = [" ".join(cell.split()) for cell in found["37"]]
    assert hoffmann[2] == "0.34 parameters 0.28 data"
    assert hoffmann[3] == "0.347 ✓ parameters, the paper's runs"
    assert "cross-entropy falls with parameters and data" in hoffmann[1]
    assert "Floor: 1.69" in hoffmann[0]
    assert "In doubt: the runs go to some 3e11 tokens" in hoffmann[0]
    assert "part/one.html#claim-hoffmann2022-alpha" in html
    assert "../back/scorecard.html#one-claim-hoffmann2022-alpha" in html
    # No law, no exponent: runs closed, or nothing known of them.
    assert [cell.strip() for cell in found["57"][1:]] == ["no law in the table", "–", "–"]
    assert found["15"][3].strip() == "runs closed"
    assert html.count("\n```") == 1
    assert not re.search(r"\bnan\b", html)


def test_filters_hold_what_rows_have(table):
    html = exponents.table_html(table, {}, [])
    for name in ("domain", "variable", "paper", "here"):
        box = re.search(rf"data-filter='{name}'>(.*?)</select>", html)[1]
        offered = set(re.findall(r"value='([^']+)'", box))
        had = re.findall(rf"data-{name}='([^']*)'", html)
        used = {one for value in had for one in value.split("|") if one}
        assert used <= offered
        assert offered - used == ({"fitted"} if name == "here" else set())
    assert "data-noun='laws' hidden" in html
    assert "data-order" not in html
    ordered = controls({}, noun="claims", hint="", orders={"off": "by distance"})
    assert "<option value='off'>by distance</option>" in ordered


def test_sentences_are_of_the_numbers(table):
    every = {
        "a": [made(), made(quantity="beta, approach 3", published=0.2849, ours=0.367)],
        "b": [made("kaplan2020", "exponent of size, L(N)", published=0.076, check="other runs")],
    }
    found = matched(table, every)
    assert exponents.fitted(found) == (
        "This book has fitted 3 of these exponents itself. On the paper's own runs 1 of 2 come "
        "back, within the tolerance or our 90% interval; on other people's runs none of 1 hold."
    )
    long = exponents.one_each(table, found)
    assert len(long) == table[["exponent_1", "exponent_2"]].notna().sum().sum()
    assert long["ours"].notna().sum() == 3
    falls = long[~long["rises"]]
    words = exponents.lead(long, table)
    assert f"of {len(falls)} exponents of losses and errors" in words
    median = falls.loc[falls["variable"] == "compute", "exponent"].median()
    assert f"{median:.2g} for compute" in words
    assert "All 137 laws of 24 papers" in words
    assert "image classification" in exponents.message(long)


def test_markers_are_filled(table):
    text = "# T\n\n<!-- exponents: lead -->\n\n<!-- exponents: picture -->\n"
    drawn = []

    def draw(long, message):
        drawn.append(message)
        return "PICTURE"

    page = exponents.filled(text, {}, draw=draw)
    assert page.endswith("\n\nPICTURE\n")
    assert "How fast does a loss fall" in page
    assert drawn == [exponents.message(exponents.one_each(table, {}))]


def test_a_figure_is_drawn_again_when_its_numbers_change(tmp_path, monkeypatch):
    png = "iVBORw0KGgo="
    parts = {"image/png": png, MIME: {"message": "It says: so", "files": {"csv": png}}}
    drawn = []

    class Drawn:
        def _repr_mimebundle_(self):
            drawn.append(1)
            return parts, {}

    monkeypatch.setattr(
        figures, "Keys", lambda _: SimpleNamespace(of=lambda cells, given: given["numbers"])
    )
    project = SimpleNamespace(build=tmp_path / "build", pages=tmp_path / "pages")
    look = {"draw": Drawn, "code": "", "alt": "Dots.", "caption": "Each dot is a run."}
    first = figures.figure(project, "fig-a", numbers="1", **look)
    assert figures.figure(project, "fig-a", numbers="1", **look) == first
    assert len(drawn) == 1
    figures.figure(project, "fig-a", numbers="2", **look)
    assert len(drawn) == 2
    file = re.search(r"\.\./(_static/drawn/[0-9a-f]{64}\.png)", first)[1]
    assert (project.pages / file).is_file()
    assert (project.pages / file).with_suffix(".csv").is_file()
    assert ':alt: "It says: so. Dots."' in first


def test_the_picture_says_how_many_it_leaves_out(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "figure", lambda *_, **given: given)
    long = pd.DataFrame({"exponent": [0.1, -0.2], "task": "t", "variable": "data"})
    given = figures.exponents_figure(None, long.assign(ours=None, rises=False), "It spreads")
    assert "Not drawn: 1 exponent below zero" in given["caption"]
    assert given["draw"]().says == "It spreads"
