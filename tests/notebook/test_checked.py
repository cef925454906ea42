"""Checks of answers: right ones, known mistakes by name, and nothing given away."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pandas as pd
import pytest

import scalinglaws as sl
from conftest import CHECKOUT
from scalinglaws.errors import BadParameters, Unidentifiable, UnknownName
from scalinglaws.notebook import Refusal, answer
from scalinglaws.notebook._exercises import EXERCISES


@pytest.fixture(scope="module")
def chapters():
    """What each exercise is worked out from, as its chapter has it."""
    gemstones = sl.load("gemstones", law=None)
    one = gemstones[gemstones["run"] == gemstones["run"].iloc[0]]
    curve = sl.fit(sl.laws.power_law("tokens"), one, check=False)
    sizes, texts = np.geomspace(1_000, 20_000, 5), np.array([1e4, 1e5])
    grid = pd.DataFrame(
        [(n, d, 1 + 40 * (n + 50) ** -0.5 + 30 * d**-0.3) for n in sizes for d in texts],
        columns=["params", "tokens", "loss"],
    )
    edge = pd.DataFrame({"flops": np.geomspace(1e17, 1e21, 12)})
    edge["loss"] = 0.1 + 2e4 * (edge["flops"] + 6e17) ** -0.25
    return {
        "ex-doubling": {"fit": curve},
        "ex-serve": {"fit": sl.fit(sl.laws.CHINCHILLA, sl.load("hoffmann2022"))},
        "ex-measure-embeddings": {"runs": grid, "embeddings": 400},
        "ex-vision-unit": {"fit": sl.fit(sl.laws.both_ends("flops"), edge, check=False)},
    }


def test_every_check_is_tried_here(chapters):
    assert set(chapters) == set(EXERCISES)


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_the_right_number_is_right_and_each_mistake_is_named(chapters, name):
    exercise = EXERCISES[name](**chapters[name])
    assert math.isfinite(exercise.right)
    assert answer(name, exercise.right, **chapters[name]).right is True
    assert answer(name, exercise.right * 1.019, **chapters[name]).right is True
    for mistake in exercise.mistakes:
        reply = answer(name, mistake.gives, **chapters[name])
        assert reply.right is False
        assert reply.said == f"Not yet. {mistake.hint}"


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_no_reply_gives_the_right_number(chapters, name):
    right = EXERCISES[name](**chapters[name]).right
    digits = re.sub(r"[^1-9]", "", f"{right:.2e}".split("e")[0])
    wrong = [m.gives for m in EXERCISES[name](**chapters[name]).mistakes]
    for given in (*wrong, right * 3.3, 1 / right, -right):
        said = answer(name, given, **chapters[name]).said
        assert digits not in re.sub(r"[^\d]", "", said) or len(digits) < 2


def test_mistakes_that_any_number_may_suffer_are_known(chapters):
    right = EXERCISES["ex-serve"](**chapters["ex-serve"]).right
    for given, words in (
        (1 / right, "on its head"),
        (-right, "the sign is not"),
        (100 * right, "percentage"),
        (right * math.log(10), "base ten"),
        (right / math.log(10), "natural one"),
        (right * 7, "none of the mistakes"),
    ):
        reply = answer("ex-serve", given, **chapters["ex-serve"])
        assert words in reply.said
        assert reply.right is False


def test_the_numbers_are_those_of_the_chapters_solutions(chapters):
    """Worked out by hand, from the law as printed and not by the code that checks."""
    p = chapters["ex-doubling"]["fit"].params
    by_hand = p["k"] * (50e9 ** -p["c"] - 100e9 ** -p["c"])
    assert EXERCISES["ex-doubling"](**chapters["ex-doubling"]).right == pytest.approx(by_hand)
    # k (d + x)^-c is the same error in units of 1e18 when k is divided by 1e18^c.
    again = chapters["ex-vision-unit"]["fit"]
    k = EXERCISES["ex-vision-unit"](**chapters["ex-vision-unit"]).right
    x = 3e20
    told = again.params["E"] + k * ((again.params["d"] + x) / 1e18) ** -again.params["c"]
    assert told == pytest.approx(float(again.law(again.params, flops=np.array([x]))[0]))


def test_what_is_not_an_answer_is_refused(chapters):
    given = chapters["ex-serve"]
    with pytest.raises(UnknownName, match="no check for 'ex-none'; there are ex-doubling"):
        answer("ex-none", 1.0)
    with pytest.raises(BadParameters, match="worked out from fit"):
        answer("ex-serve", 1.0)
    for wrong in ("1.26", math.nan, True):
        with pytest.raises(BadParameters, match="one finite number"):
            answer("ex-serve", wrong, **given)
    assert answer("ex-serve", **given).right is None
    refused = Refusal(Unidentifiable("one ray"))
    assert "refuses these runs" in answer("ex-serve", 1.0, fit=refused).said


def test_checks_stand_in_their_chapters_and_hold_no_answer():
    found = {}
    for path in (CHECKOUT / "book").rglob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if called := re.search(r'^answer\("([\w-]+)", mine,', source, re.M):
                found[called[1]] = path.parent.name + "/" + path.stem
                assert "mine = None" in source
    assert set(found) == set(EXERCISES)
    assert len(set(found.values())) >= 4
