"""Words for counts and shares: none, one and many, both signs, and the edges between them."""

import pytest

from scalinglaws.notebook import counted, listed, off, share, span


@pytest.mark.parametrize(
    ("names", "said"),
    [([], "none"), (["a"], "a"), (["a", "b"], "a and b"), ([1, 2, 3], "1, 2 and 3")],
)
def test_names_are_joined_as_people_say_them(names, said):
    assert listed(names) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "no families"), (1, "1 family"), (2, "2 families"), (4813, "4,813 families")],
)
def test_counts_have_their_plural(number, said):
    assert counted(number, "family", "families") == said
    assert counted(number, "run") == said.replace("families", "runs").replace("family", "run")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (0.078, "7.8% too high"),
        (-0.047, "4.7% too low"),
        (0.0005, "0.1% too high"),  # the least that one digit shows: 0.05% rounds to 0.1%
        (0.00049, "less than 0.1% off"),
        (-0.00049, "less than 0.1% off"),
        (0.0, "less than 0.1% off"),
    ],
)
def test_an_error_has_a_size_and_a_direction(error, said):
    assert off(error) == said


def test_an_error_is_said_to_the_digits_that_are_asked_for():
    assert off(0.12345, 0) == "12% too high"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(9, 10, "9 of 10"), (0, 48, "none of 48"), (36, 36, "all 36"), (0, 0, "none of 0")],
)
def test_a_share_says_none_and_all(part, whole, said):
    assert share(part, whole) == said


def test_a_span_whose_ends_read_the_same_is_one_number():
    assert span(0.5331, 0.6112) == "0.533 to 0.611"
    assert span(2.0, 2.0004) == "2"
    assert span(0.25, 0.5, "{:.0%}".format) == "25% to 50%"
