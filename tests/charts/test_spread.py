"""Seeds as one line: their median and how far they lie apart, and nothing beyond what they have."""

from __future__ import annotations

from statistics import median

from hypothesis import given, settings
from hypothesis import strategies as st

from orp_tui.charts.spread import spread_of
from orp_tui.core.series import Series
from orp_tui.metrics.downsample import reduce

TRACKS = st.lists(
    st.dictionaries(st.integers(0, 30), st.integers(-5, 5), min_size=1, max_size=20), min_size=1, max_size=5
)


def spread(*tracks: dict[int, float], columns: int = 50):
    series = [Series.of("loss", list(track), list(track.values())) for track in tracks]
    ends = min(min(track) for track in tracks), max(max(track) for track in tracks)
    return list(spread_of([reduce(one, columns, window=ends) for one in series], columns, ends))


def test_of_three_seeds_the_middle_one_is_the_line_and_the_others_its_band():
    (only,) = spread({1: 5.0}, {1: 2.0}, {1: 3.0})

    assert (only.x, only.middle, only.low, only.high, only.count) == (1, 3, 2, 5, 3)


def test_between_two_points_a_seed_goes_straight_on():
    found = spread({0: 0.0, 10: 10.0}, {0: 0.0, 5: 1.0, 10: 10.0})

    assert [(one.x, one.low, one.high) for one in found] == [(0, 0, 0), (5, 1, 5), (10, 10, 10)]


def test_beyond_its_ends_a_seed_counts_for_nothing():
    found = spread({0: 1.0, 1: 1.0}, {0: 3.0, 1: 3.0, 2: 9.0})

    assert [(one.x, one.middle, one.count) for one in found] == [(0, 2, 2), (1, 2, 2), (2, 9, 1)]


def test_a_seed_that_is_all_nan_is_left_out():
    nan = Series.of("loss", [0, 1], [float("nan")] * 2)
    found = list(spread_of([reduce(nan, 5), reduce(Series.of("loss", [0, 1], [1, 2]), 5)], 5, (0, 1)))

    assert [(one.middle, one.count) for one in found] == [(1, 1), (2, 1)]


def slow_value(track: dict[int, float], x: float) -> float | None:
    """The value of a track at an x, as plainly as can be."""
    before = [step for step in track if step <= x]
    after = [step for step in track if step >= x]
    if not before or not after:
        return None
    left, right = max(before), min(after)
    if left == right:
        return float(track[left])
    return track[left] + (x - left) / (right - left) * (track[right] - track[left])


@settings(max_examples=100, deadline=None)
@given(tracks=TRACKS)
def test_it_is_what_the_plainest_way_gives(tracks):
    found = spread(*tracks)

    assert [one.x for one in found] == sorted({step for track in tracks for step in track})
    for one in found:
        values = [value for track in tracks if (value := slow_value(track, one.x)) is not None]
        assert one.count == len(values)
        assert abs(one.middle - median(values)) < 1e-9
        assert abs(one.low - min(values)) < 1e-9
        assert abs(one.high - max(values)) < 1e-9


@settings(max_examples=50, deadline=None)
@given(tracks=TRACKS, columns=st.integers(1, 6))
def test_however_few_columns_x_rises_and_the_middle_lies_in_the_band(tracks, columns):
    found = spread(*tracks, columns=columns)

    assert [one.x for one in found] == sorted({one.x for one in found})
    assert all(one.low <= one.middle <= one.high for one in found)
