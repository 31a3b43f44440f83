"""A series whose points are kept apart is drawn as if they were at hand."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orp_tui.core.series import Points, Series, SeriesBuilder
from orp_tui.metrics.downsample import by_step, by_time, extent, nearest_step, reduce
from orp_tui.metrics.headed import HeadedBlocks
from orp_tui.metrics.header import header_of


@dataclasses.dataclass(frozen=True)
class KeptApart(HeadedBlocks):
    """Stretches that note which of them were read; `gone` ones can't be."""

    parts: tuple[Points, ...]
    tail: tuple[Points, ...] = ()
    read: list[int] = dataclasses.field(default_factory=list)
    gone: bool = False

    def headers(self):
        return map(header_of, self.parts)

    def stretches(self, places):
        self.read.extend(places)
        return {} if self.gone else {place: self.parts[place] for place in places}

    def __len__(self):
        return len(self.parts) + len(self.tail)

    def block(self, place):
        return self.parts[place]

    def followed_by(self, more):
        return dataclasses.replace(self, tail=self.tail + more)


def apart(series, size, tail=0):
    """The same series in stretches of `size`, its last `tail` stretches at hand."""
    whole = Points.joined(list(series.blocks))
    cut = [
        Points(whole.steps[at : at + size], whole.values[at : at + size], whole.times[at : at + size])
        for at in range(0, len(whole), size)
    ]
    kept = max(0, len(cut) - tail)
    return Series(series.name, KeptApart(tuple(cut[:kept]), tuple(cut[kept:])), series.summary)


def assert_same(found, expected):
    for field in dataclasses.fields(found):
        if field.name != "means":
            assert repr(getattr(found, field.name)) == repr(getattr(expected, field.name)), field.name
    assert len(found.means) == len(expected.means)
    for (x, y), (u, v) in zip(found.means, expected.means, strict=True):
        assert x == pytest.approx(u, rel=1e-9, abs=1e-9)
        assert y == pytest.approx(v, rel=1e-6, abs=1e-6)


VALUES = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0])
XS = st.floats(-100, 100) | st.integers(-20, 20).map(float) | st.sampled_from([math.nan, math.inf])


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(XS, VALUES, XS), min_size=1, max_size=120),
    size=st.integers(1, 16),
    tail=st.integers(0, 3),
    columns=st.integers(1, 12),
    window=st.none() | st.tuples(st.floats(-50, 50), st.floats(0, 60)).map(lambda w: (w[0], w[0] + w[1])),
    by=st.sampled_from([by_step, by_time]),
)
def test_any_series_is_reduced_to_the_same(rows, size, tail, columns, window, by):
    series = Series.of("loss", *zip(*rows, strict=True))
    kept = apart(series, size, tail)
    assert_same(reduce(kept, columns, by, window), reduce(series, columns, by, window))
    assert repr(extent(kept, by)) == repr(extent(series, by))


@pytest.mark.parametrize("by", [by_step, by_time])
@pytest.mark.parametrize("window", [None, (1000.0, 30_000.0), (20_000.5, 20_003.0)])
def test_a_long_series_is_reduced_to_the_same_and_hardly_read(by, window):
    rng = random.Random(3)
    count = 50_000
    values = [rng.gauss(0, 1) if rng.random() > 0.001 else math.nan for _ in range(count)]
    series = Series.of("loss", range(count), values, [float(step) for step in range(count)])
    kept = apart(series, 100, tail=3)
    assert_same(reduce(kept, 20, by, window), reduce(series, 20, by, window))
    assert len(kept.blocks.read) <= 22  # of 500: one a border


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(XS, st.floats(-1, 1), XS), min_size=1, max_size=60),
    size=st.integers(1, 10),
    x=st.floats(-120, 120),
)
def test_the_point_under_a_cursor_is_the_same(rows, size, x):
    series = Series.of("loss", *zip(*rows, strict=True))
    kept = apart(series, size, tail=1)
    assert repr(nearest_step(kept, by_step, x)) == repr(nearest_step(series, by_step, x))


def test_a_stretch_around_a_cursor_may_hold_no_point_near_it():
    series = Series.of("loss", [-10.0, 10.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0])
    assert nearest_step(apart(series, 2), by_step, 0.0) == 1.0
    assert nearest_step(apart(series, 2, tail=1), by_step, 0.0) == 1.0


def test_a_cursor_reads_one_stretch():
    kept = apart(Series.of("loss", range(10_000), range(10_000)), 100)
    assert nearest_step(kept, by_step, 4321.4) == 4321
    assert len(kept.blocks.read) == 1


def test_stretches_that_are_gone_are_drawn_by_their_extremes():
    series = Series.of("loss", range(10_000), [float(step % 777) for step in range(10_000)])
    kept = apart(series, 100)
    gone = dataclasses.replace(kept, blocks=dataclasses.replace(kept.blocks, gone=True))
    found, expected = reduce(gone, 7), reduce(series, 7)
    assert max(found.ys) == max(expected.ys)
    assert min(found.ys) == min(expected.ys)
    assert (found.xs[0], found.xs[-1]) == (0, 9_999)
    assert found.count == 10_000


def test_points_that_come_later_are_behind_those_that_are_kept_apart():
    kept = apart(Series.of("loss", range(1000), range(1000)), 100)
    builder = SeriesBuilder("loss", kept)
    builder.extend(Points.of([1000, 1001], [5.0, 7.0]))
    grown = builder.series()
    assert len(grown) == 1002
    assert list(grown)[-3:] == [(999, 999), (1000, 5.0), (1001, 7.0)]
    assert grown.summary.last == 7.0
    assert_same(reduce(grown, 9), reduce(Series.of("loss", range(1002), [*range(1000), 5.0, 7.0]), 9))
