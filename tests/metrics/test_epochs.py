"""Whatever way a training logs its epochs, a step stands in the right one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orp_tui.core.series import Points, Series
from orp_tui.metrics import epochs as epochs_module
from orp_tui.metrics.epochs import Epochs, epoch_metric


def test_an_epoch_begins_where_its_number_stands_first_and_goes_on_evenly():
    epochs = Epochs(Series.of("epoch", range(300), [step // 100 for step in range(300)]))

    assert [epochs.at(step) for step in (0, 50, 100, 250)] == [0, 0.5, 1, 2.5]


def test_beyond_the_last_number_epochs_go_on_as_before():
    epochs = Epochs(Series.of("epoch", [100, 200], [1, 2]))

    assert [epochs.at(step) for step in (0, 150, 300)] == [0, 1.5, 3]


def test_fractions_are_taken_as_they_are():
    epochs = Epochs(Series.of("epoch", [10, 20, 40], [0.1, 0.2, 0.8]))

    assert epochs.at(20) == 0.2
    assert epochs.at(30) == pytest.approx(0.5)


def test_a_resumed_training_that_does_a_part_again_changes_nothing():
    once = Epochs(Series.of("epoch", [0, 100, 200, 300], [0, 1, 2, 3]))
    again = Epochs(Series.of("epoch", [0, 100, 200, 100, 200, 300], [0, 1, 2, 1, 2, 3]))

    assert [once.at(step) for step in range(0, 400, 50)] == [again.at(step) for step in range(0, 400, 50)]


@pytest.mark.parametrize("values", [[], [1], [1, 1, 1], [math.nan, 1], [3, 2, 1]])
def test_without_two_epochs_there_is_nothing_to_tell(values):
    epochs = Epochs(Series.of("epoch", range(len(values)), values))

    assert not epochs
    assert math.isnan(epochs.at(1))
    assert math.isnan(epochs(Points.of([1], [1]))[0])


@settings(max_examples=60, deadline=None)
@given(
    knots=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30)), max_size=20),
    steps=st.lists(st.one_of(st.integers(-50, 300).map(float), st.floats()), max_size=30),
)
def test_both_ways_give_the_same(knots, steps):
    epochs = Epochs(Series.of("epoch", [step for step, _ in knots], [epoch for _, epoch in knots]))
    points = Points.of(steps, [0.0] * len(steps))
    limit = epochs_module.PLAIN_UP_TO
    try:
        epochs_module.PLAIN_UP_TO = 10**9
        plain = list(epochs(points))
        epochs_module.PLAIN_UP_TO = -1
        quick = list(epochs(points))
    finally:
        epochs_module.PLAIN_UP_TO = limit

    assert plain == pytest.approx(quick, nan_ok=True)


def test_the_metric_is_found_by_its_usual_names():
    epoch = Series.of("epoch", [0], [0])

    assert epoch_metric({"loss": Series.of("loss", [0], [0]), "epoch": epoch}) is epoch
    assert epoch_metric({"trainer/epoch": epoch}) is epoch
    assert epoch_metric({"epochs_left": epoch}) is None


@pytest.mark.parametrize("every", [1, 1000], ids=["fractions", "whole numbers"])
def test_of_very_many_points_the_same_is_told(every):
    series = Series.of("epoch", range(100_000), [step // every * every / 1000 for step in range(100_000)])

    epochs = Epochs(series)

    for step in (0, 999, 1000, 50_500, 98_000):
        assert epochs.at(step) == pytest.approx(step / 1000, abs=0.002)


def test_nan_at_the_beginning_of_a_long_stretch_is_passed_over():
    values = [math.nan, *[step / 100 for step in range(1, 5000)]]

    assert Epochs(Series.of("epoch", range(5000), values)).at(250) == pytest.approx(2.5)
