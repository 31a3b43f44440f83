"""Reducing a series hides no spike, whatever the values and wherever the steps go."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orp_tui.core import series as series_module
from orp_tui.core.series import Series
from orp_tui.metrics import downsample
from orp_tui.metrics.downsample import by_time, extent, reduce
from orp_tui.metrics.extremes import Window

STEPS = st.one_of(st.integers(-50, 50).map(float), st.floats(), st.sampled_from([1e308, -1e308, 5e-324]))
VALUES = st.one_of(st.integers(-5, 5).map(float), st.floats(), st.sampled_from([1e308, -1e308]))
POINTS = st.lists(st.tuples(STEPS, VALUES), max_size=60)


def series_of(points):
    return Series.of("loss", [step for step, _ in points], [value for _, value in points])


def finite_of(points):
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


@pytest.fixture(params=["plain", "numpy"])
def way(request, monkeypatch):
    monkeypatch.setattr(downsample, "PLAIN_UP_TO", 10**9 if request.param == "plain" else 0)
    monkeypatch.setattr(series_module, "BLOCK", 16)
    return request.param


COMMON = settings(
    max_examples=150, deadline=None, suppress_health_check=list(__import__("hypothesis").HealthCheck)
)


@COMMON
@given(points=POINTS, columns=st.integers(1, 12))
def test_extremes_ends_and_order_are_kept(way, points, columns):
    found = reduce(series_of(points), columns)
    finite = finite_of(points)

    drawn = list(zip(found.xs, found.ys, strict=True))
    assert list(found.xs) == sorted(found.xs)
    assert set(drawn) <= set(finite)
    assert len(drawn) <= 2 * columns + 2
    assert found.count == sum(math.isfinite(x) for x, _ in points)
    if finite:
        assert min(found.ys) == min(y for _, y in finite)
        assert max(found.ys) == max(y for _, y in finite)
        ordered = sorted(finite, key=lambda point: point[0])
        assert drawn[0][0] == ordered[0][0]
        assert ordered[0] in drawn
        assert ordered[-1] in drawn


@COMMON
@given(points=POINTS, columns=st.integers(1, 12))
def test_every_column_keeps_its_own_extremes(way, points, columns):
    found = reduce(series_of(points), columns)
    if found.columns is None:
        assert sorted(zip(found.xs, found.ys, strict=True)) == sorted(finite_of(points))
        return
    xs = [x for x, _ in points if math.isfinite(x)]
    window = Window(min(xs), max(xs), columns)
    drawn = list(zip(found.xs, found.ys, strict=True))
    for column in range(columns):
        inside = [y for x, y in finite_of(points) if window.column(x) == column]
        shown = [y for x, y in drawn if window.column(x) == column]
        if inside:
            assert (min(shown), max(shown)) == (min(inside), max(inside))


@COMMON
@given(points=POINTS, columns=st.integers(1, 12))
def test_what_is_not_finite_is_an_event_in_its_column(way, points, columns):
    found = reduce(series_of(points), columns)
    bad = [(x, y) for x, y in points if math.isfinite(x) and not math.isfinite(y)]

    assert bool(found.events) == bool(bad)
    assert {x for x, _ in found.events} <= {x for x, _ in bad}
    assert set(found.gaps) <= {x for x, _ in found.events}
    if found.columns is not None:
        window = Window(min(x for x, _ in points if math.isfinite(x)), max(x for x, _ in points if math.isfinite(x)), columns)  # fmt: skip
        assert [window.column(x) for x, _ in found.events] == sorted({window.column(x) for x, _ in bad})


@settings(max_examples=150, deadline=None)
@given(points=POINTS, columns=st.integers(1, 12))
def test_both_ways_give_the_same(points, columns):
    series = series_of(points)
    limit = downsample.PLAIN_UP_TO
    try:
        downsample.PLAIN_UP_TO = 10**9
        plain = reduce(series, columns)
        downsample.PLAIN_UP_TO = 0
        quick = reduce(series, columns)
    finally:
        downsample.PLAIN_UP_TO = limit

    assert (plain.xs, plain.ys, plain.count, plain.gaps) == (quick.xs, quick.ys, quick.count, quick.gaps)
    assert repr(plain.events) == repr(quick.events)
    assert plain.non_finite == quick.non_finite
    if any(abs(number) > 1e300 for point in points for number in point):
        return  # their sum may overflow in one order and not in the other
    assert len(plain.means) == len(quick.means)
    for one, other in zip(plain.means, quick.means, strict=True):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6)


def test_a_single_spike_among_a_million_points_is_drawn():
    values = np.zeros(1_000_000)
    values[123_456] = 9.0
    values[777_777] = math.nan

    found = reduce(Series.of("loss", range(len(values)), values), 100)

    assert dict(zip(found.xs, found.ys, strict=True))[123_456] == 9.0
    assert [x for x, _ in found.events] == [777_777]
    assert found.count == 1_000_000
    assert len(found.xs) <= 202


def test_a_window_shows_its_own_points_in_full():
    series = Series.of("loss", range(10_000), range(10_000))

    found = reduce(series, 50, window=(5_000, 5_019))

    assert found.count == 20
    assert list(found.xs) == list(range(5_000, 5_020))
    assert found.columns is None


def test_by_time_the_time_stamps_are_the_x():
    series = Series.of("loss", [0, 1, 2], [5, 6, 7], [100, math.nan, 300])

    assert reduce(series, 10, by_time).xs == (100, 300)


def test_a_mean_of_each_column_is_given_for_smoothing():
    found = reduce(Series.of("loss", range(100), range(100)), 10)

    assert found.means[0] == (4.5, 4.5)
    assert len(found.means) == 10


@settings(max_examples=80, deadline=None)
@given(
    jumps=st.lists(st.integers(0, 3), min_size=40, max_size=200),
    values=st.lists(st.integers(-4, 4), min_size=200, max_size=200),
    columns=st.integers(1, 20),
    dent=st.integers(0, 199),
)
def test_both_ways_give_the_same_for_steps_that_rise(jumps, values, columns, dent):
    steps, step = [], 0
    for jump in jumps:
        step += jump
        steps.append(float(step))
    if dent < len(steps) // 4:
        steps[dent] = -1.0  # now and then a step that goes back
    limit, block = downsample.PLAIN_UP_TO, series_module.BLOCK
    try:
        series_module.BLOCK = 16
        series = Series.of("loss", steps, values[: len(steps)])
        downsample.PLAIN_UP_TO = 10**9
        plain = reduce(series, columns)
        downsample.PLAIN_UP_TO = 0
        quick = reduce(series, columns)
    finally:
        downsample.PLAIN_UP_TO, series_module.BLOCK = limit, block

    assert (plain.xs, plain.ys, plain.count) == (quick.xs, quick.ys, quick.count)
    for one, other in zip(plain.means, quick.means, strict=True):
        assert one == pytest.approx(other)


def slow_reduce(points, columns, window):
    """What `reduce` promises, said as plainly as can be: x, y and events, column by column."""
    inside = [
        (x, place, y)
        for place, (x, y) in enumerate(points)
        if math.isfinite(x) and window[0] <= x <= window[1]
    ]
    finite = [point for point in inside if math.isfinite(point[2])]
    bad = [point for point in inside if not math.isfinite(point[2])]
    if len(inside) <= 2 * columns:
        inside.sort(key=lambda point: point[0])
        drawn = [point for point in inside if math.isfinite(point[2])]
        events = [point for point in inside if not math.isfinite(point[2])]
    else:
        frame = Window(*window, columns)
        kept, events = set(), []
        for column in range(columns):
            here = [point for point in finite if frame.column(point[0]) == column]
            kept |= {min(here, key=lambda point: point[2])} if here else set()
            kept |= {max(here, key=lambda point: point[2])} if here else set()
            events += [point for point in bad if frame.column(point[0]) == column][:1]
        if finite:
            kept.add(min(finite, key=lambda point: point[0]))
            kept.add(max(reversed(finite), key=lambda point: point[0]))
        drawn = sorted(kept)
    return [(x, y) for x, _, y in drawn], [x for x, _, _ in events], len(inside), len(bad)


@COMMON
@given(
    points=POINTS,
    columns=st.integers(1, 8),
    window=st.tuples(st.integers(-60, 60), st.integers(-60, 60)).map(sorted).map(tuple),
)
def test_a_window_is_reduced_from_its_raw_points_as_the_plainest_way_does(way, points, columns, window):
    found = reduce(series_of(points), columns, window=window)
    drawn, events, count, bad = slow_reduce(points, columns, window)

    assert list(zip(found.xs, found.ys, strict=True)) == drawn
    assert [x for x, _ in found.events] == events
    assert (found.count, found.non_finite) == (count, bad)


@COMMON
@given(points=POINTS, columns=st.integers(1, 12))
def test_what_is_not_finite_is_counted_however_much_it_is_reduced(way, points, columns):
    found = reduce(series_of(points), columns)

    assert found.non_finite == sum(math.isfinite(x) and not math.isfinite(y) for x, y in points)


def test_the_extent_is_from_the_least_to_the_greatest_x_that_is_finite(way):
    series = Series.of("loss", [5, math.inf, -2, 3], [1, 2, math.nan, 4], [math.nan] * 4)

    assert extent(series) == (-2, 5)
    assert extent(series, by_time) is None
    assert extent(Series.of("loss", [], [])) is None


def test_moving_what_was_reduced_moves_lines_events_and_gaps():
    found = reduce(Series.of("loss", [1, 2, 3], [1, math.nan, 3]), 10).moved(-1)

    assert (found.xs, found.gaps) == ((0, 2), (1,))
    assert [x for x, _ in found.means] == [0, 2]
    assert [x for x, _ in found.events] == [1]
