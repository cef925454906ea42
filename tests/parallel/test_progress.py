"""One bar for a piece of work, on a terminal alone."""

import os

import pytest
import tqdm

from scalinglaws._parallel.progress import QUIET, counted
from scalinglaws.command._reading import bars


@pytest.fixture
def clock(monkeypatch):
    """A clock that the bar reads; a step takes two seconds, so that a bar is due after two."""
    now = [1000.0]
    monkeypatch.setattr(tqdm.std, "time", lambda: now[0])
    monkeypatch.delenv(QUIET, raising=False)
    return now


def work(clock, steps, what="The whole"):
    with counted(steps, what) as one:
        for _ in range(steps):
            clock[0] += 2.0
            with counted(2, "A part") as part:
                part()
                part()
            one()


def test_work_inside_of_work_makes_its_bar_longer(clock, capsys):
    work(clock, 4)
    shown = capsys.readouterr().err
    assert "The whole" in shown
    assert "A part" not in shown
    # Two of four steps are done when the bar appears, and the parts of three of them known.
    assert "/10" in shown or "/12" in shown


def test_no_bar_where_none_is_wanted(clock, capsys):
    with bars(wanted=False):
        work(clock, 4)
        assert QUIET in os.environ
    assert capsys.readouterr() == ("", "")
    assert QUIET not in os.environ
    with bars(wanted=True):
        work(clock, 4)
    assert "The whole" in capsys.readouterr().err


def test_a_bar_that_ends_by_an_error_leaves_no_other_below_it(clock, capsys):
    def fails():
        with counted(3, "The first"):
            raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        fails()
    work(clock, 3, "The second")
    assert "The second" in capsys.readouterr().err
