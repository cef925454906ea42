"""One bar for a piece of work, where somebody sees it: on a terminal or in a notebook."""

import io
import os
import sys

import pytest
import tqdm
from ipykernel.iostream import OutStream

from scalinglaws._parallel import progress
from scalinglaws._parallel.progress import QUIET, counted, watched
from scalinglaws.command._reading import bars


@pytest.fixture
def clock(monkeypatch):
    """A clock that the bar reads; a step takes two seconds, so that a bar is due after two."""
    now = [1000.0]
    monkeypatch.setattr(tqdm.std, "time", lambda: now[0])
    monkeypatch.delenv(QUIET, raising=False)
    monkeypatch.setattr(progress, "watched", lambda: True)
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


class Terminal(io.StringIO):
    """What is written on a screen."""

    def isatty(self):
        return True


class Cell(io.StringIO):
    """A text of the module that a kernel's own stream is of, which needs a socket."""

    __module__ = OutStream.__module__


@pytest.mark.parametrize("seen", [Terminal, Cell])
def test_a_bar_shows_where_somebody_watches(seen, clock, monkeypatch):
    monkeypatch.setattr(progress, "watched", watched)
    monkeypatch.setattr(sys, "stderr", seen())
    work(clock, 4)
    assert "The whole" in sys.stderr.getvalue()


def test_no_bar_is_written_to_a_file_or_to_nobody(clock, monkeypatch, tmp_path):
    monkeypatch.setattr(progress, "watched", watched)
    with (tmp_path / "log").open("w+") as log:
        monkeypatch.setattr(sys, "stderr", log)
        work(clock, 4)
        assert log.tell() == 0
    assert not watched()  # closed
    monkeypatch.setattr(sys, "stderr", None)  # a program without a console
    work(clock, 4)
