"""The scorecard that is gathered from what chapters claim."""

from __future__ import annotations

import pytest

from bookmaker.claims import claims_in, scorecard_page
from conftest import CLAIM
from scalinglaws.errors import ScalingLawError
from scalinglaws.notebook.verdicts import MIME, Claim


def test_a_scorecard_bears_numbers_that_are_missing() -> None:
    empty = {**CLAIM, "ours": None, "low": None, "high": None, "level": None}
    claim = Claim(**{**empty, "verdict": "cannot be checked", "quantity": "a|b"})
    page = scorecard_page({"part/one": [claim, Claim(**CLAIM)]}, {"part/one": "One"})
    assert "| ?\u00a0cannot be checked | 1 |" in page
    assert "| all | 2 |" in page
    assert "a\\|b" in page
    assert "None" not in page


def test_figures_that_share_a_reason_share_a_note() -> None:
    one, two = Claim(**CLAIM), Claim(**{**CLAIM, "quantity": "another"})
    page = scorecard_page({"part/one": [one, two]}, {"part/one": "One"})
    assert page.count("The two agree.") == 1
    assert "- **exponent of the toy law; another**:" in page


def test_a_star_in_a_figures_name_starts_no_emphasis() -> None:
    both = [Claim(**{**CLAIM, "quantity": q}) for q in ("N* at 1e20 FLOPs", "D* there")]
    page = scorecard_page({"part/one": both}, {"part/one": "One"})
    assert "- **N\\* at 1e20 FLOPs; D\\* there**:" in page
    assert "| N\\* at 1e20 FLOPs |" in page


def test_an_output_may_hold_several_claims_and_a_bad_one_is_named() -> None:
    outputs = [{"data": {MIME: {"claims": [CLAIM, CLAIM]}}}, {"text": "x"}]
    assert claims_in({"cells": [{"outputs": outputs}]}, "a") == [Claim(**CLAIM)] * 2
    outputs = [{"data": {MIME: {"claims": [{"quantity": "x"}]}}}]
    with pytest.raises(ScalingLawError, match=r"part/a, cell 2: .*missing 16 required"):
        claims_in({"cells": [{}, {"outputs": outputs}]}, "part/a")
