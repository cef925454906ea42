"""Percentiles of draws that were worked out by hand, and what an interval says of itself."""

import numpy as np
import pytest

import scalinglaws as sl
from scalinglaws.intervals.resampling import percentiles

SQUARES = np.array([81.0, 1, 64, 4, 49, 9, 36, 16, 25])
"""Draws k^2, k = 1 to 9, out of order: their k-th stands for the share k / 10."""


@pytest.mark.parametrize(
    ("level", "low", "high"),
    [
        (0.8, 1.0, 81.0),  # shares 0.1 and 0.9: the first and the last draw
        (0.6, 4.0, 64.0),  # shares 0.2 and 0.8: the second and the second last
        (0.5, 6.5, 56.5),  # shares 0.25 and 0.75: halfway from 4 to 9 and from 49 to 64
        (0.9, 1.0, 81.0),  # shares 0.05 and 0.95 lie beyond all draws: their ends
    ],
)
def test_two_tails_of_a_share_each_are_left_out(level, low, high):
    # Interpolated between squares of small whole numbers: rounding.
    assert percentiles(SQUARES, level).tolist() == pytest.approx([low, high], rel=1e-12)


def test_ninety_nine_draws_leave_five_out_at_either_end():
    draws = np.random.default_rng(0).permutation(np.arange(1.0, 100.0)) ** 3
    # Draw k stands for k / 100 exactly, so a level of 0.9 ends at the 5th and the 95th.
    assert percentiles(draws, 0.9).tolist() == pytest.approx([5.0**3, 95.0**3], rel=1e-12)
    assert percentiles(draws, 0.5).tolist() == pytest.approx([25.0**3, 75.0**3], rel=1e-12)


def test_draws_lie_along_the_first_axis_whatever_follows():
    scale = np.array([[1.0, -2.0, 3.0], [0.5, 10.0, -1.0]])
    found = percentiles(SQUARES[:, None, None] * scale, 0.5)
    assert found.shape == (2, 2, 3)
    low, high = np.minimum(6.5 * scale, 56.5 * scale), np.maximum(6.5 * scale, 56.5 * scale)
    np.testing.assert_allclose(found, [low, high], rtol=1e-12)


def interval(**changed):
    made = {"estimate": 2.0, "low": 1.0, "high": 4.0, "level": 0.8, "kind": "case bootstrap"}
    return sl.Interval(**{**made, **changed})


def test_an_interval_holds_its_own_ends_and_nothing_beyond():
    found = interval()
    assert 1.0 in found
    assert 4.0 in found
    assert 0.999 not in found
    assert 4.001 not in found


def test_an_interval_reads_with_its_ends_in_order_and_its_level():
    assert repr(interval()) == "2 (1 to 4, 80% case bootstrap)"
    assert interval().measured is None
    assert interval().stopped == 0


@pytest.mark.parametrize(("measured", "short"), [(0.849, True), (0.85, False), (0.9, False)])
def test_an_interval_is_short_below_a_coverage_of_85_per_cent(measured, short):
    found = interval(measured=measured)
    assert found.short is short
    assert ("empirical coverage" in repr(found)) is short
    assert interval(measured=None).short is False


def test_an_interval_warns_when_more_than_one_refit_in_a_hundred_stopped():
    assert "stopped early" not in repr(interval(stopped=0.01))
    assert "; 2% of its refits stopped early" in repr(interval(stopped=0.015))
    both = repr(interval(measured=0.6, stopped=0.5))
    assert "; empirical coverage 60% (nominal 80%); 50% of its refits stopped early" in both
