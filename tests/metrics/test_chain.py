"""Runs that go on where others stopped, as one curve."""

from __future__ import annotations

import contextlib
import math

import cached
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orp_tui.core.errors import StoreError
from orp_tui.core.series import BLOCK, Series, SeriesBuilder
from orp_tui.metrics.cache.blocks import CachedBlocks
from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.metrics.cache.writer import CacheWriter
from orp_tui.metrics.chain import Joiner
from orp_tui.metrics.downsample import reduce


def curve(*runs: Series) -> list[tuple[float, float]]:
    return list(Joiner().join([{"loss": run} for run in runs])["loss"])


def test_where_a_later_run_repeats_steps_it_alone_counts():
    first = Series.of("loss", [1, 2, 3, 4], [1, 1, 1, 1])

    assert curve(first, Series.of("loss", [3, 4, 5], [2, 2, 2])) == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2)]
    assert curve(first, Series.of("loss", [10], [2])) == [(1, 1), (2, 1), (3, 1), (4, 1), (10, 2)]


def test_what_was_done_after_the_checkpoint_and_logged_at_other_steps_is_dropped_too():
    assert curve(Series.of("loss", [0, 10, 20, 30], [1] * 4), Series.of("loss", [15, 25], [2, 2])) == [
        (0, 1), (10, 1), (15, 2), (25, 2),
    ]  # fmt: skip


def test_a_later_run_that_counts_anew_takes_the_place_of_all_before_it():
    first, second = Series.of("loss", [1, 2, 3], [1] * 3), Series.of("loss", [4, 5], [2, 2])

    assert curve(first, second, Series.of("loss", [0, 1], [3, 3])) == [(0, 3), (1, 3)]


def test_a_run_that_logged_nothing_changes_nothing():
    joined = Joiner().join([{"loss": Series.of("loss", [1, 2], [1, 1])}, {}])

    assert list(joined["loss"]) == [(1, 1), (2, 1)]


def test_metrics_of_any_run_are_there_those_of_the_newest_first():
    one = Series.of("a", [1], [1])
    joined = Joiner().join([{"a": one, "b": one}, {"b": one, "c": one}])

    assert list(joined) == ["b", "c", "a"]


def test_the_summary_is_that_of_what_is_left():
    first = Series.of("loss", [1, 2, 3], [5, math.nan, 9])
    joined = Joiner().join([{"loss": first}, {"loss": Series.of("loss", [3, 4], [2, 1])}])["loss"]

    assert joined.summary == Series.of("loss", [1, 2, 3, 4], [5, math.nan, 2, 1]).summary


def test_only_what_has_grown_is_joined_again():
    joiner, first = Joiner(), {"loss": Series.of("loss", [1], [1]), "acc": Series.of("acc", [1], [1])}
    second = {"loss": Series.of("loss", [2], [2]), "acc": Series.of("acc", [2], [2])}

    before = joiner.join([first, second])
    same = joiner.join([first, second])
    after = joiner.join([first, {**second, "loss": Series.of("loss", [2, 3], [2, 3])}])

    assert all(before[name] is same[name] for name in before)
    assert after["acc"] is before["acc"]
    assert list(after["loss"]) == [(1, 1), (2, 2), (3, 3)]


def test_blocks_that_are_not_cut_are_shared_and_not_copied():
    long = Series.of("loss", range(2 * BLOCK), [0.0] * (2 * BLOCK))
    joined = Joiner().join([{"loss": long}, {"loss": Series.of("loss", [BLOCK + 5], [1])}])["loss"]

    assert joined.blocks[0] is long.blocks[0]
    assert len(joined) == BLOCK + 6


steps = st.lists(st.integers(0, 30).map(float), max_size=12)


@given(st.lists(steps, min_size=1, max_size=4))
def test_it_is_what_the_rule_says_point_by_point(runs):
    series = [Series.of("loss", each, [float(place)] * len(each)) for place, each in enumerate(runs)]
    expected: list[tuple[float, float]] = []
    for place, each in enumerate(runs):
        if each:
            expected = [point for point in expected if point[0] < min(each)]
            expected += [(step, float(place)) for step in each]

    joined = Joiner().join([{"loss": each} for each in series if len(each)]) if any(runs) else {}

    assert (list(joined["loss"]) if joined else []) == expected


def test_runs_whose_points_lie_in_the_cache_are_joined_without_reading_them_and_say_the_same(tmp_path):
    path = tmp_path / "metrics.db"
    with contextlib.closing(CacheWriter(path)) as writer:
        writer.write([cached.news("a", {"loss": cached.points(0, 5000)})])
        writer.write([cached.news("b", {"loss": cached.points(3000, 9000)})])
    first, second = (MetricCache(path).run(name) for name in "ab")
    assert first is not None
    assert second is not None
    (one,), (other,) = ({**run.sources[0].series}.values() for run in (first, second))
    builder = SeriesBuilder("loss", other)
    builder.extend(cached.points(9000, 9010))
    asked: list[int] = []
    read = CachedBlocks._read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            CachedBlocks, "_read", lambda self, places: (asked.extend(places), read(self, places))[1]
        )
        joined = Joiner().join([{"loss": one}, {"loss": builder.series()}])["loss"]

    assert asked == [2]
    assert cached.rows(joined) == cached.expected(9010)
    assert joined.summary == Series.of("loss", range(9010), map(cached.value, range(9010))).summary
    whole = Series("loss", tuple(joined.blocks), joined.summary)
    assert reduce(joined, 200) == reduce(whole, 200)
    assert cached.rows(Series("loss", joined.blocks[1:3], joined.summary)) == cached.expected(
        2048 + 952, 1024
    )
    assert joined.blocks[-1].steps[-1] == 9009
    with pytest.raises(IndexError):
        joined.blocks[len(joined.blocks)]


def test_where_the_cache_was_made_anew_meanwhile_it_is_said(tmp_path):
    path = tmp_path / "metrics.db"
    with contextlib.closing(CacheWriter(path)) as writer:
        writer.write([cached.news("a", {"loss": cached.points(0, 5000)})])
    run = MetricCache(path).run("a")
    assert run is not None
    joiner, newest = Joiner(), {"loss": Series.of("loss", [4000], [1])}
    joined = joiner.join([run.sources[0].series, newest])["loss"]
    path.unlink()

    with pytest.raises(StoreError, match="made anew"):
        list(joined)
