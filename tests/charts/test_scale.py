"""Ticks are round, in place, and told apart."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orp_tui.charts.clock import Clock, fine, fine_clock
from orp_tui.charts.scale import Scale, byte_tick, plain_number, step_number

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def labels(low, high, most=6, label=plain_number, **options):
    return [tick.label for tick in Scale(low, high, options.pop("log", False)).ticks(most, label, **options)]


@given(low=FINITE, high=FINITE, most=st.integers(1, 20), log=st.booleans())
def test_ticks_stand_inside_and_are_told_apart(low, high, most, log):
    scale = Scale.over([low, high], log=log, margin=0.05)
    ticks = scale.ticks(most, plain_number)

    assert len(ticks) <= max(most, 2)
    assert all(0 <= tick.place <= 1 for tick in ticks)
    assert [tick.place for tick in ticks] == sorted(tick.place for tick in ticks)
    assert len({tick.label for tick in ticks}) == len({tick.place for tick in ticks})
    assert all(len(tick.label) <= 24 for tick in ticks)


@given(values=st.lists(FINITE, min_size=1), log=st.booleans())
def test_every_value_has_a_place_between_the_ends(values, log):
    scale = Scale.over(values, log=log, margin=0.05)

    for value in values:
        place = scale.place(value)
        assert place is None or 0 <= place <= 1
        assert place is not None or (scale.log and value <= 0)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-3, 7, ["-2", "0", "2", "4", "6"]),
        (0.123451, 0.123459, ["1.23452e-1", "1.23454e-1", "1.23456e-1", "1.23458e-1"]),
        (0, 2.5e7, ["0", "5e6", "1e7", "1.5e7", "2e7", "2.5e7"]),
    ],
)
def test_values_have_as_many_digits_as_tell_them_apart(low, high, expected):
    assert labels(low, high) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100_000, ["0", "20,000", "40,000", "60,000", "80,000", "100,000"]),
        (0, 5_000_000, ["0", "1M", "2M", "3M", "4M", "5M"]),
        (0, 2, ["0", "1", "2"]),
    ],
)
def test_steps_are_whole(low, high, expected):
    assert labels(low, high, label=step_number, least=1.0) == expected


def test_a_log_scale_has_powers_of_ten_or_what_lies_between_them():
    assert labels(1e-6, 1e6, 4, log=True) == ["1e-6", "0.01", "100", "1e6"]
    assert labels(0.1, 10, 9, log=True) == ["0.1", "0.2", "0.5", "1", "2", "5", "10"]
    assert len(labels(0.2, 0.9, 5, log=True)) >= 2


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1.1e7, ["0", "2 MB", "4 MB", "6 MB", "8 MB", "10 MB"]),
        (4e5, 1.3e6, ["400 kB", "600 kB", "800 kB", "1.0 MB", "1.2 MB"]),
        (
            9_326_000,
            9_327_000,
            ["9.3260 MB", "9.3262 MB", "9.3264 MB", "9.3266 MB", "9.3268 MB", "9.3270 MB"],
        ),
    ],
)
def test_bytes_are_told_as_sizes(low, high, expected):
    assert labels(low, high, label=byte_tick) == expected


@given(low=FINITE, high=FINITE, log=st.booleans())
def test_sizes_are_told_apart_too(low, high, log):
    ticks = Scale.over([low, high], log=log).ticks(6, byte_tick)
    assert len({tick.label for tick in ticks}) == len({tick.place for tick in ticks})


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (20, ["0", "5s", "10s", "15s", "20s"]),
        (7200, ["0", "30m", "1h00m", "1h30m", "2h00m"]),
        (40_000, ["0", "3h", "6h", "9h"]),
        (500_000, ["0", "2d", "4d"]),
    ],
)
def test_durations_are_counted_in_units_of_people(seconds, expected):
    clock = Clock(start=100.0, wall=False)

    assert [tick.label for tick in clock.ticks(Scale(100.0, 100.0 + seconds), 5)] == expected


def test_the_clock_shows_the_time_of_day_of_the_reader(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        ticks = Clock(1.7e9, wall=True).ticks(Scale(1.7e9, 1.7e9 + 4 * 3600), 5)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert [tick.label for tick in ticks] == ["04:00", "05:00", "06:00", "07:00"]


def test_a_place_between_two_steps_is_said_whole_where_that_is_near_enough():
    assert step_number(791390.25, 1000.0) == "791,390"
    assert step_number(0.25, 0.01) == "0.25"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1.5, ["0", "0.5s", "1.0s", "1.5s"]),
        (0, 0.1, ["0", "20ms", "40ms", "60ms", "80ms", "100ms"]),
        (0.016135, 0.016137, ["16135.0µs", "16135.5µs", "16136.0µs", "16136.5µs", "16137.0µs"]),
        (0, 2.5e-5, ["0", "5µs", "10µs", "15µs", "20µs", "25µs"]),
        (0, 5e-10, ["0", "0.1ns", "0.2ns", "0.3ns", "0.4ns", "0.5ns"]),
        (
            3600,
            3600.001,
            ["3600.0000s", "3600.0002s", "3600.0004s", "3600.0006s", "3600.0008s", "3600.0010s"],
        ),
    ],
)
def test_parts_of_a_second_have_a_unit(low, high, expected):
    assert labels(low, high, label=fine) == expected


def test_a_duration_of_seconds_is_told_as_ever():
    assert fine(5400.0, 600.0) == "1h30m"


def test_the_clock_tells_parts_of_a_second():
    start = time.mktime((2026, 11, 24, 14, 3, 10, 0, 0, -1))
    assert labels(start, start + 0.5, 3, label=fine_clock) == ["14:03:10.0", "14:03:10.2", "14:03:10.4"]
    assert fine_clock(start, 1.0) == "14:03:10"


def test_a_stretch_that_is_no_time_has_no_ticks():
    assert Clock(0.0, wall=False).ticks(Scale(0.0, 1e15), 5) == []
    assert not math.isnan(Clock(0.0, wall=False).ticks(Scale(0.0, 1e9), 5)[0].place)
