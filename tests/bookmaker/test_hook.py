"""The landing page's picture: its models and its budget are those of the bundled tables."""

import re
from pathlib import Path

import numpy as np
import pytest

from bookmaker.hook import BUDGET, MODELS, kaplan
from scalinglaws.counting import PF_DAY
from scalinglaws.data.catalogue import load

CHECKOUT = Path(__file__).resolve().parents[2]


def test_models_and_budget_are_those_of_the_bundled_table():
    known = load("cottier2024/models").set_index("model")
    assert [known.index.tolist().count(row) for row in MODELS.values()] == [1] * len(MODELS)
    assert known.loc[MODELS["Chinchilla"], "flops"] == BUDGET


def test_kaplans_law_is_that_of_table_6():
    assert kaplan(np.array([PF_DAY])) == pytest.approx(1.3e9)
    assert kaplan(np.array([10 * PF_DAY])) == pytest.approx(1.3e9 * 10**0.73)


def test_the_page_has_a_drawing_for_each_width_and_theme():
    page = (CHECKOUT / "book/index.md").read_text(encoding="utf-8")
    named = set(re.findall(r"_static/hook/[\w.-]+", page))
    assert len(named) == 4
    assert all((CHECKOUT / "book" / name).is_file() for name in named)
