"""Points in any order of their steps, put in order with each step once."""

from __future__ import annotations

import contextlib
import math

import cached
from hypothesis import given
from hypothesis import strategies as st

from orp_tui.core.series import Points, Series
from orp_tui.metrics.by_step import StepBuilder
from orp_tui.metrics.cache.blocks import CachedBlocks
from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.metrics.cache.writer import CacheWriter


def test_of_one_step_the_point_with_the_latest_time_counts_and_of_equal_times_the_last():
    builder = StepBuilder("loss")
    builder.extend(Points.of([1, 2, 3], [1, 1, 1], [10, 20, 30]))
    builder.extend(Points.of([2, 3, 3, 4], [2, 2, 3, 2], [21, 29, 30, 40]))

    assert list(builder.series()) == [(1, 1), (2, 2), (3, 3), (4, 2)]


def test_a_point_without_a_time_gives_way_to_one_with():
    builder = StepBuilder("loss")
    builder.extend(Points.of([1], [1], [5]))
    builder.extend(Points.of([1], [2]))

    assert list(builder.series()) == [(1, 1)]


def test_what_rises_is_appended_and_the_same_object_until_there_is_more():
    builder = StepBuilder("loss")
    builder.extend(Points.of([1, 2], [1, 2]))
    first = builder.series()
    builder.extend(Points.of([], []))

    assert builder.series() is first
    builder.extend(Points.of([3], [math.nan]))
    assert len(builder.series()) == 3
    assert builder.series().summary.non_finite == 1
    assert len(first) == 2


def test_it_goes_on_from_a_series_that_was_read_before():
    builder = StepBuilder("loss", Series.of("loss", [1, 2, 3], [1, 1, 1]))
    builder.extend(Points.of([4], [2]))
    builder.extend(Points.of([2], [9]))

    assert list(builder.series()) == [(1, 1), (2, 9), (3, 1), (4, 2)]


def test_what_was_read_before_and_lies_in_the_cache_is_put_in_order_only_if_it_is_not(tmp_path):
    path = tmp_path / "metrics.db"
    with contextlib.closing(CacheWriter(path)) as writer:
        writer.write([cached.news("a", {"loss": cached.points(0, 3000)})])
        writer.write([cached.news("b", {"loss": cached.points(0, 3000)})])
        writer.write([cached.news("b", {"loss": cached.points(2900, 3100)})])
    rising, double = (
        found.sources[0].series["loss"] for run in "ab" if (found := MetricCache(path).run(run))
    )

    assert isinstance(StepBuilder("loss", rising).series().blocks, CachedBlocks)
    assert cached.rows(StepBuilder("loss", double).series()) == cached.expected(3100)


points = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=30)


@given(st.lists(points, max_size=5), st.booleans())
def test_it_is_what_the_rule_says_however_the_points_come(batches, look_between):
    builder, best, count = StepBuilder("loss"), {}, 0
    for batch in batches:
        values = list(range(count, count + len(batch)))
        count += len(batch)
        builder.extend(Points.of([step for step, _ in batch], values, [time for _, time in batch]))
        for (step, time), value in zip(batch, values, strict=True):
            if step not in best or time >= best[step][0]:
                best[step] = (time, value)
        if look_between:
            builder.series()

    assert list(builder.series()) == [(float(step), float(best[step][1])) for step in sorted(best)]
