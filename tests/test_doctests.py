"""The examples in docstrings run, and the verbs that people start with have one."""

import doctest
import importlib
import pkgutil

import pytest

import scalinglaws as sl

VERBS = (
    *(sl.load, sl.read_runs, sl.fit, sl.allocate, sl.hold_out, sl.forecast),
    *(sl.Fit.interval, sl.Fit.predict, sl.Fit.test),
)


def modules():
    found = pkgutil.walk_packages(sl.__path__, "scalinglaws.")
    return [m.name for m in found if not m.name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_examples_run(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert not failed


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_a_verb_says_what_it_takes_and_raises_and_shows_how(verb):
    text = verb.__doc__
    assert ">>> import scalinglaws as sl" in text
    assert "Raises :class:`" in text
