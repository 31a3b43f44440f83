"""Headers say of a stretch what its points say, and add up."""

from __future__ import annotations

import functools
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orp_tui.core.series import Points, summary_of
from orp_tui.metrics.cache.packing import packed, packed_header, unpacked, unpacked_header
from orp_tui.metrics.header import Header, header_of, joined

NUMBERS = st.floats(width=64) | st.sampled_from([0.0, 1.0, 1.0, -1.0, math.nan, math.inf, -math.inf, 1e308])
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=40)


def points_of(rows):
    steps, values, times = zip(*rows, strict=True)
    return Points.of(steps, values, times)


def same(one, other):
    """Equal, NaN to NaN; sums within what their order of adding makes of them."""
    pairs = zip(one, other, strict=True)
    return all(
        same(a, b) if isinstance(a, tuple) else a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs
    )


def without_sums(header):
    """Without what depends on the order of adding, and what an axis that is not whole does not promise."""
    axes = {name: without_total(getattr(header, name)) for name in ("steps", "times")}
    return header._replace(total=0.0, mean=0.0, squares=0.0, **axes)


def without_total(axis):
    return axis._replace(total=0.0) if axis.whole else axis[:5] + axis[6:9]


@given(ROWS)
def test_a_header_tells_what_a_summary_tells(rows):
    points = points_of(rows)
    told, expected = header_of(points).summary, summary_of(points)
    assert same(
        [getattr(told, name) for name in told.__slots__], [getattr(expected, name) for name in told.__slots__]
    )


@given(ROWS, st.lists(st.integers(0, 40), max_size=4))
def test_headers_of_stretches_add_up_to_that_of_the_whole(rows, cuts):
    ends = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    parts = [points_of(rows[start:end]) for start, end in itertools.pairwise(ends)]
    whole = functools.reduce(joined, map(header_of, parts), Header())
    expected = header_of(points_of(rows))
    if whole.steps.whole == expected.steps.whole and whole.times.whole == expected.times.whole:
        assert same(without_sums(whole), without_sums(expected))
    else:  # the sum of a whole can overflow where those of its parts do not
        assert whole.summary.lowest == expected.summary.lowest or math.isnan(expected.summary.lowest)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.integers(1, 59))
def test_mean_and_squares_add_up_too(values, cut):
    cut = min(cut, len(values) - 1)
    halves = [Points.of(range(len(part)), part) for part in (values[:cut], values[cut:])]
    whole = joined(*map(header_of, halves))
    mean = math.fsum(values) / len(values)
    assert whole.mean == pytest.approx(mean, abs=1e-6)
    assert whole.squares == pytest.approx(math.fsum((v - mean) ** 2 for v in values), rel=1e-6, abs=1e-3)


def test_squares_survive_values_that_are_large_and_close_together():
    values = [1e9 + place % 2 for place in range(1000)]
    assert header_of(Points.of(range(1000), values)).squares == pytest.approx(250.0)


@given(ROWS)
def test_what_is_packed_comes_back_bit_by_bit(rows):
    points = points_of(rows)
    back = unpacked(packed(points))
    assert all(
        getattr(back, name).tobytes() == getattr(points, name).tobytes()
        for name in ("steps", "values", "times")
    )
    header = header_of(points)
    assert same(unpacked_header(packed_header(header)), header)
