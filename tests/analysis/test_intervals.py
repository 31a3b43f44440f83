"""Means over a few runs, and how far they may be off."""

import math
import random
import statistics

import pytest

from orp_tui.analysis.intervals import Interval, mean_interval, student


def test_the_quantiles_are_those_of_every_table():
    assert student(1, 0.95) == pytest.approx(12.7062047)
    assert student(4, 0.95) == pytest.approx(2.7764451)
    assert student(29, 0.99) == pytest.approx(2.7563859)
    assert student(10**6, 0.95) == pytest.approx(1.959966, abs=1e-5)


def test_the_interval_is_that_of_the_textbook():
    values = [0.91, 0.92, 0.905, 0.918, 0.911]
    mean = statistics.fmean(values)
    found = mean_interval(5, mean, sum((value - mean) ** 2 for value in values))
    half = 2.7764451 * statistics.stdev(values) / math.sqrt(5)
    assert found.low == pytest.approx(mean - half)
    assert found.high == pytest.approx(mean + half)
    assert str(found) == "0.9128 ± 0.0076 (n=5)"


def test_the_true_mean_lies_in_it_as_often_as_it_says():
    chance, inside = random.Random(5), 0
    for _ in range(2_000):
        values = [chance.gauss(3.0, 2.0) for _ in range(4)]
        mean = statistics.fmean(values)
        found = mean_interval(4, mean, sum((value - mean) ** 2 for value in values), 0.9)
        inside += found.low <= 3.0 <= found.high
    assert 0.88 < inside / 2_000 < 0.92


def test_one_value_says_nothing_of_how_far_it_is_off():
    assert mean_interval(1, 0.913, 0.0) == Interval(1, 0.913, None, None)
    assert str(mean_interval(1, 0.913, 0.0)) == "0.913 (n=1)"


def test_no_value_is_a_dash():
    assert mean_interval(0, None, 0.0) == Interval(0, None, None, None)
    assert str(mean_interval(0, 0.0, 0.0)) == "-"


def test_values_that_are_all_alike_have_an_interval_without_width():
    assert str(mean_interval(3, 0.5, 0.0)) == "0.5 ± 0 (n=3)"
    assert str(mean_interval(3, 0.5, -1e-30)) == "0.5 ± 0 (n=3)"


@pytest.mark.parametrize("mean", [math.inf, -math.inf, math.nan])
def test_a_mean_that_is_no_number_is_none(mean):
    assert mean_interval(3, mean, 1.0).mean is None
    assert mean_interval(3, 1.0, math.inf).low is None
