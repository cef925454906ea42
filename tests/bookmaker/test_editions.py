"""What changed between two editions: claims come, go, change their verdict and move."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import pytest

import scalinglaws as sl
from bookmaker.__main__ import main
from bookmaker.claims import claims_csv, read_claims
from bookmaker.editions import (
    ADDED,
    MOVED,
    PLACE,
    REMOVED,
    TERMS,
    VERDICT,
    changes,
    changes_page,
    claims_of,
    in_words,
)
from scalinglaws.errors import ScalingLawError
from scalinglaws.notebook import claim

WITH = sl.Interval(estimate=1.0, low=0.8, high=1.3, level=0.9, kind="profile")


def made(ours=1.0, quantity="A", **options):
    given = {
        **{"paper": "Toy et al.", "cite": "toy2026", "where": "Table 1", "because": "another law"},
        **{"check": "same method", "read": "paper", "published": 1.0, "tolerance": 0.25},
        **{"reason": "last digit", **options},
    }
    return claim(quantity, ours=ours, **given)


def told(old, new):
    return [(change.kind, change.words) for change in changes({"one": old}, {"one": new})]


def test_claims_come_back_from_their_csv_as_they_were():
    claims = {
        "part/one": [made(WITH), made(None, "B")],
        "part/two": [made(0.1 + 0.2, 'a "C", and\na line', unit="tokens", erratum="é")],
    }
    assert read_claims(claims_csv(claims).encode(), "x") == claims


def test_equal_editions_have_no_changes():
    same = {"one": [made(WITH), made(None, "B"), made(2.0, "C"), made(2.0, "C")]}
    assert changes(same, same) == []
    assert in_words([]) == "No claim changed."


def test_a_claim_that_is_new_or_gone_is_named():
    found = changes({"one": [made()]}, {"one": [made(quantity="B")]})
    assert [(c.kind, c.claim) for c in found] == [
        (ADDED, "B (Toy et al., Table 1)"),
        (REMOVED, "A (Toy et al., Table 1)"),
    ]
    assert in_words(found) == "Claims: added 1, removed 1."


def test_of_two_equal_claims_the_one_that_went_is_told():
    assert told([made(), made()], [made()]) == [(REMOVED, "it was reproduced")]


def test_a_verdict_that_changed_is_told_with_both_values():
    found = told([made(1.0)], [made(2.0)])
    assert found == [
        (VERDICT, "reproduced → differs (ours 1 → 2)"),
        (MOVED, "ours 1 → 2, +100.0%, no interval"),
    ]


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (1.0099, None),  # under 1%
        (1.011, "ours 1 → 1.011, +1.1%, within the old interval"),
        (1.31, "ours 1 → 1.31, +31.0%, outside the old interval, 0.8 to 1.3"),
    ],
)
def test_a_value_is_held_against_its_old_interval_and_one_percent(new, words):
    old = made(WITH)
    # The same verdict, so that the move alone is told.
    found = told([old], [replace(old, ours=new)])
    assert found == ([] if words is None else [(MOVED, words)])


def test_a_narrow_interval_tells_of_a_move_under_one_percent():
    old = replace(made(WITH), low=0.999, high=1.001)
    assert told([old], [replace(old, ours=1.005)]) == [
        (MOVED, "ours 1 → 1.005, +0.5%, outside the old interval, 0.999 to 1.001")
    ]


def test_a_value_at_nothing_may_move_and_one_may_vanish():
    zero = made(0.0, published=0.1)
    assert told([zero], [replace(zero, ours=0.01)]) == [(MOVED, "ours 0 → 0.01, no interval")]
    assert told([zero], [replace(zero, ours=None)]) == [(MOVED, "ours 0 → none")]


def test_a_goal_that_was_moved_is_told():
    assert told([made()], [made(tolerance=0.5)]) == [(TERMS, "tolerance 0.25 → 0.5")]
    assert told([made()], [made(published=1.1)]) == [(TERMS, "published 1 → 1.1")]


def test_a_claim_that_changed_its_chapter_is_not_new():
    found = changes({"one": [made()]}, {"two": [made()]})
    assert [(c.kind, c.words) for c in found] == [(PLACE, "it was in one")]
    both = changes({"one": [made()], "two": [made()]}, {"three": [made()]})
    assert [c.kind for c in both] == [REMOVED, PLACE]


def test_the_page_has_a_table_a_kind_and_shows_markup_as_text():
    page = changes_page(changes({"one": [made(quantity="<b>")]}, {"one": [made()]}), ("a&b", "c"))
    assert page.count("<table>") == 2
    assert "&lt;b&gt;" in page
    assert "From a&amp;b to c. Claims: added 1, removed 1." in page


def test_an_edition_is_a_checkout_a_site_its_zip_or_a_csv(tmp_path):
    claims = {"one": [made()]}
    site = tmp_path / "checkout/_build/html"
    (site / "_static").mkdir(parents=True)
    file = site / "_static/claims.csv"
    file.write_text(claims_csv(claims))
    archive = tmp_path / "site.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.write(file, "book/_static/claims.csv")
    for edition in (tmp_path / "checkout", site.parent, site, file, archive):
        assert claims_of(edition) == claims


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "neither a file nor a folder"),
        (b"", "holds no claim"),
        (b"\xff\xfe", "claim 1: .utf-8"),
        (b"a,b\n1,2\n", "claim 1: 'chapter'"),
    ],
)
def test_what_is_no_edition_is_refused_by_name(tmp_path, content, words):
    place = tmp_path / "old.csv"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(ScalingLawError, match=words) as problem:
        claims_of(place)
    assert str(place) in str(problem.value)


def test_a_folder_or_zip_without_claims_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as out:
        out.writestr("index.html", "")
    for place in (tmp_path, tmp_path / "x.zip"):
        with pytest.raises(ScalingLawError, match=r"holds no _static/claims\.csv: name a checkout"):
            claims_of(place)


def test_the_command_prints_and_writes_what_changed(tmp_path, capsys):
    (tmp_path / "book").mkdir()
    (tmp_path / "_config.yml").write_text("")
    for name, claims in (("old", [made()]), ("new", [made(2.0)])):
        (tmp_path / f"{name}.csv").write_text(claims_csv({"one": claims}))
    names = [str(tmp_path / "old.csv"), str(tmp_path / "new.csv")]
    assert main(["--root", str(tmp_path), "compare", *names]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("verdict changed: one, A (Toy et al., Table 1): reproduced → ")
    assert printed[-1] == str(tmp_path / "_build/changes.html")
    assert "reproduced → differs" in (tmp_path / "_build/changes.html").read_text()
    assert main(["--root", str(tmp_path), "compare"]) == 1
    assert "no old edition is named" in capsys.readouterr().err
