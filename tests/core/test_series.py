"""A series keeps what it was given, and its summary is that of its points."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orp_tui.core import series as module
from orp_tui.core.series import Points, Series, SeriesBuilder, Summary, summary_of

VALUES = st.one_of(st.floats(), st.sampled_from([1e308, -1e308, 0.0, -0.0, 1.0]))


def test_columns_of_different_lengths_are_no_points():
    with pytest.raises(ValueError, match="2 steps, 1 values, 1 times"):
        Points.of([1, 2], [1], [1])


@given(st.lists(VALUES, max_size=30))
def test_a_summary_counts_every_value_and_finds_the_first_of_the_extremes(values):
    steps = [10 * place for place in range(len(values))]
    finite = [value for value in values if math.isfinite(value)]

    found = summary_of(Points.of(steps, values))

    assert found.count == len(values)
    assert found.non_finite == len(values) - len(finite)
    if finite:
        assert (found.lowest, found.highest) == (min(finite), max(finite))
        assert found.lowest_step == 10 * next(i for i, v in enumerate(values) if v == min(finite))
        assert found.highest_step == 10 * next(i for i, v in enumerate(values) if v == max(finite))
    else:
        assert math.isnan(found.lowest)
    if found.non_finite:
        assert found.first_non_finite_step == 10 * next(
            i for i, v in enumerate(values) if not math.isfinite(v)
        )


@given(st.lists(st.lists(VALUES, max_size=8), max_size=6))
def test_summaries_of_parts_add_up_to_that_of_the_whole(parts):
    whole, added, step = [], Summary(), 0
    for part in parts:
        added += summary_of(Points.of(range(step, step + len(part)), part))
        step += len(part)
        whole += part

    assert repr(added) == repr(summary_of(Points.of(range(step), whole)))  # repr: NaN is equal to NaN there


def test_a_series_that_was_looked_at_does_not_change_while_its_builder_grows(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)
    builder = SeriesBuilder("loss")
    builder.extend(Points.of(range(6), range(6)))
    before = builder.series()

    builder.extend(Points.of(range(6, 30), range(6, 30)))

    assert list(before) == [(place, place) for place in range(6)]
    assert list(builder.series()) == [(place, place) for place in range(30)]
    assert builder.series() is builder.series()
    assert builder.series().blocks[0] is before.blocks[0]


def test_a_series_has_times_if_its_points_have():
    assert Series.of("a", [1, 2], [1, 2], [5, 6]).has_times
    assert not Series.of("a", [1, 2], [1, 2]).has_times
    assert not Series.of("a", [], []).has_times


def test_a_series_is_named_without_its_numbers():
    series = Series.of("loss", range(100_000), range(100_000))

    assert repr(series) == "<Series 'loss': 100000 points>"
    assert len(repr(series.blocks[0])) < 40
