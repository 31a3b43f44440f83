"""Smoothing does not pull towards zero, and gaps stay gaps."""

from __future__ import annotations

import pytest

from orp_tui.charts.curve import broken, smoothed


def test_smoothing_begins_at_the_first_value_and_follows_the_rest():
    found = [y for _, y in smoothed([(0, 10.0), (1, 10.0), (2, 0.0)], 0.5)]

    assert found[:2] == [10.0, 10.0]
    assert found[2] == pytest.approx((0 + 0.5 * 10 + 0.25 * 10) / 1.75)


def test_values_too_large_to_be_added_begin_anew():
    found = list(smoothed([(0, 1.7e308), (1, 1.7e308), (2, 1.0)], 0.9))

    assert [x for x, _ in found] == [0, 2]
    assert found[-1][1] == 1.0


@pytest.mark.parametrize(
    ("gaps", "sizes"),
    [([], [5]), ([1.5], [2, 3]), ([1.2, 1.4, 3.5], [2, 2, 1]), ([-1, 9], [5]), ([2], [2, 3])],
)
def test_a_line_is_cut_where_a_gap_lies(gaps, sizes):
    points = [(float(x), 0.0) for x in range(5)]

    assert [len(stroke) for stroke in broken(points, gaps)] == sizes


def test_nothing_has_no_strokes():
    assert broken([], [1.0]) == []
