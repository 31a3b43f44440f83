"""Which key is the step, which the time, and what counts as a metric."""

from __future__ import annotations

import math

import pytest

from orp_tui.metrics.rows import points_of


def steps_of(*rows, name="loss", before=0):
    return list(points_of(rows, before)[name].steps)


@pytest.mark.parametrize(
    ("row", "step"),
    [
        ({"step": 7, "epoch": 1, "loss": 1}, 7),
        ({"epoch": 2, "global_step": 9, "loss": 1}, 9),
        ({"_step": 3, "loss": 1}, 3),
        ({"iteration": 4, "loss": 1}, 4),
        ({"epoch": 5.5, "loss": 1}, 5.5),
        ({"step": None, "epoch": 6, "loss": 1}, 6),
        ({"step": "NaN", "epoch": 6, "loss": 1}, 6),
        ({"loss": 1}, 20),
    ],
)
def test_the_step_is_the_first_key_that_holds_a_finite_number_else_the_place_in_the_file(row, step):
    assert steps_of(row, before=20) == [step]


def test_an_epoch_beside_a_step_is_a_metric():
    assert list(points_of([{"step": 1, "epoch": 2, "loss": 3}], 0)) == ["epoch", "loss"]


@pytest.mark.parametrize(
    ("row", "time"),
    [
        ({"time": 1.7e9, "loss": 1}, 1.7e9),
        ({"timestamp": 1.7e12, "loss": 1}, 1.7e9),
        ({"_timestamp": 12.5, "loss": 1}, 12.5),
        ({"wall_time": 3, "loss": 1}, 3.0),
    ],
)
def test_a_time_stamp_is_in_seconds_also_where_it_was_written_in_milliseconds(row, time):
    assert list(points_of([row], 0)["loss"].times) == [time]


def test_without_a_time_stamp_there_is_none():
    assert math.isnan(points_of([{"loss": 1}], 0)["loss"].times[0])


def test_mappings_are_flattened_and_what_is_no_number_is_no_metric():
    row = {
        "train": {"loss": 1, "by": {"class": 2}},
        "ok": True,
        "text": "x",
        "list": [1],
        "none": None,
        "nan": "NaN",
    }

    found = points_of([row], 0)

    assert sorted(found) == ["nan", "train/by/class", "train/loss"]
    assert math.isnan(found["nan"].values[0])


def test_other_ranks_are_lines_of_their_own():
    rows = [{"step": 1, "loss": 1, "rank": 0}, {"step": 1, "loss": 2, "rank": 1}, {"step": 2, "loss": 3}]

    found = points_of(rows, 0)

    assert {name: list(points.values) for name, points in found.items()} == {
        "loss": [1, 3],
        "rank1/loss": [2],
    }


def test_a_metric_that_some_rows_lack_keeps_the_steps_of_its_own():
    rows = [{"step": step, "loss": 1.0} | ({"val": step} if step % 10 == 0 else {}) for step in range(100)]

    assert steps_of(*rows, name="val") == list(range(0, 100, 10))
    assert len(steps_of(*rows)) == 100
