"""Runs at common steps: against the plainest reading of the same rule, and without all points in memory."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orp_tui.core.series import Series
from orp_tui.services.comparison.alignment import _Greatest, places_of, values_at
from orp_tui.services.comparison.axis import Track
from orp_tui.services.comparison.histories import MOST_IN_MEMORY, FiledBlocks, apart

STEPS = st.integers(-50, 200).map(float) | st.just(math.nan)
POINTS = st.lists(st.tuples(STEPS, st.floats(-10, 10) | st.just(math.nan)), min_size=1, max_size=60)


def series(points, name: str = "loss") -> Series:
    steps, values = zip(*points, strict=True)
    return Series.of(name, steps, values)


def as_of(points, place: float) -> float | None:
    """The rule, point by point."""
    known = [(step, order, value) for order, (step, value) in enumerate(points) if not math.isnan(step)]
    before = [item for item in known if item[0] <= place]
    if not before or place > max(step for step, _, _ in known):
        return None
    return max(before)[2]


def is_like(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and math.isnan(one) and math.isnan(other))


@given(POINTS, st.lists(st.integers(-60, 220).map(float), min_size=1, max_size=20).map(sorted))
@settings(deadline=None)
def test_a_value_is_that_of_the_last_point_at_or_before_the_step_and_of_none_behind_the_last(points, places):
    found = values_at(Track(series(points), "step"), places)

    assert all(map(is_like, found, [as_of(points, place) for place in places]))


@given(POINTS, st.lists(st.integers(-60, 220).map(float), min_size=1, max_size=20).map(sorted))
@settings(deadline=None, max_examples=40)
def test_points_that_lie_in_a_file_give_the_same_values(points, places):
    many = [*points * 30, *points]
    whole = series(many)
    filed = Series(whole.name, FiledBlocks.of(whole.blocks), whole.summary)

    found = values_at(Track(filed, "step"), places)

    assert all(map(is_like, found, [as_of(many, place) for place in places]))


@given(st.lists(POINTS, min_size=1, max_size=4), st.integers(2, 30))
@settings(deadline=None)
def test_places_are_steps_of_some_run_in_order_and_hold_the_first_and_the_last(runs, rows):
    every = sorted({step for points in runs for step, _ in points if not math.isnan(step)})

    found = places_of([Track(series(points), "step") for points in runs], rows)

    assert len(found) <= rows
    assert found == sorted(set(found))
    assert set(found) <= set(every)
    if len(every) <= rows:
        assert found == every
    elif every:
        assert (found[0], found[-1]) == (every[0], every[-1])


def test_a_stretch_that_lies_in_one_part_of_the_axis_is_not_read():
    whole = Series.of("loss", map(float, range(300_000)), [0.5] * 300_000)
    filed = apart(whole)
    read = []

    class Counting(FiledBlocks):
        def block(self, place):
            read.append(place)
            return super().block(place)

    blocks = filed.blocks
    counted = Counting(blocks.file, blocks.lengths, blocks.known)
    track = Track(Series("loss", counted, whole.summary), "step")

    places = places_of([track], 20)
    values = values_at(track, places)

    assert len(places) == 20
    assert places[0] == 0
    assert places[-1] == 299_999
    assert values == [0.5] * 20
    assert len(blocks.lengths) > 70
    assert len(read) < 65  # each of the 19 borders, twice, and one for each place


def test_a_long_series_lies_in_a_file_and_a_short_one_does_not():
    short = Series.of("loss", [1.0, 2.0], [0.1, 0.2])
    count = MOST_IN_MEMORY + 5_000
    long = Series.of("loss", map(float, range(count)), map(float, range(count)), itertools.repeat(3.0, count))

    filed = apart(long)

    assert apart(short) is short
    assert isinstance(filed.blocks, FiledBlocks)
    assert [value for block in filed.blocks for value in block.values] == list(map(float, range(count)))
    assert filed.end_times == (3.0, 3.0)


@pytest.mark.parametrize("rows", [2, 7, 40])
def test_many_points_are_thinned_to_what_fewer_would_be(rows):
    xs = [float(x) for x in range(0, 9_000, 3)]
    few = places_of([Track(Series.of("a", xs, xs), "step")], rows)
    parts = _Greatest(xs[0], xs[-1], rows - 1)
    parts.add(Track(Series.of("a", xs, xs), "step"))

    assert few == [xs[0], *parts.places()]


def test_the_time_since_the_start_and_the_epoch_are_axes_too():
    loss = Series.of("loss", [0, 10, 20], [3.0, 2.0, 1.0], [100.0, 160.0, 220.0])
    epoch = Series.of("epoch", [0, 20], [0.0, 2.0])

    by_time = Track(loss, "since", start=100.0)
    by_epoch = Track(loss, "epoch", epochs=epoch)

    assert places_of([by_time], 9) == [0.0, 60.0, 120.0]
    assert values_at(by_time, [59.0, 60.0, 121.0]) == [3.0, 2.0, None]
    assert places_of([by_epoch], 9) == [0.0, 1.0, 2.0]
    assert values_at(by_epoch, [0.5, 1.0]) == [3.0, 2.0]


def test_a_run_without_epochs_or_without_times_has_no_place_there():
    loss = Series.of("loss", [0, 10], [3.0, 2.0])

    assert Track(loss, "epoch").length == 0
    assert Track(loss, "since").length == 0
    assert places_of([Track(loss, "epoch")], 9) == []
    assert values_at(Track(loss, "epoch"), [1.0]) == [None]


def test_two_runs_are_each_empty_outside_their_own_range():
    first, second = series([(0.0, 1.0), (10.0, 2.0)]), series([(5.0, 7.0), (20.0, 8.0)])
    tracks = [Track(first, "step"), Track(second, "step")]

    places = places_of(tracks, 10)

    assert places == [0.0, 5.0, 10.0, 20.0]
    assert values_at(tracks[0], places) == [1.0, 1.0, 2.0, None]
    assert values_at(tracks[1], places) == [None, 7.0, 7.0, 8.0]
