from __future__ import annotations

import math

import pytest

from orp_tui.core.sanitise import cell_width
from orp_tui.core.sparkline import levels, sparkline, thinned


@pytest.mark.parametrize(
    ("values", "drawn", "ascii_drawn"),
    [
        ([], "", ""),
        ([1.0], "▅", "+"),
        ([3.0, 3.0, 3.0], "▅▅▅", "+++"),
        (range(8), "▁▂▃▄▅▆▇█", "_.-=+*%#"),
        ([1.0, math.nan, 0.0], "█×▁", "#x_"),
        ([math.inf, -math.inf], "××", "xx"),
        ([-1.7e308, 1.7e308, 0.0], "▁█▅", "_#+"),
        ([0.0, 5e-324], "▁█", "_#"),
    ],
)
def test_values_stand_between_the_lowest_and_the_highest_and_nan_is_shown(values, drawn, ascii_drawn):
    assert sparkline(levels(list(values))) == drawn
    assert sparkline(levels(list(values)), ascii_only=True) == ascii_drawn
    assert ascii_drawn.isascii()


def test_only_the_newest_values_are_shown_each_in_a_cell():
    many = levels([float(value) for value in range(100)])
    assert len(many) == 20
    assert cell_width(sparkline(many, 12)) == 12
    assert sparkline(many, 12)[-1] == "█"
    assert sparkline(many, 0) == ""


def test_many_values_become_the_means_of_equal_parts():
    assert thinned([1.0, 3.0, 5.0, 7.0], 2) == (2.0, 6.0)
    assert thinned([1.0, 2.0], 5) == (1.0, 2.0)
    assert thinned([1.0, 2.0], 0) == ()
    assert thinned([1.0, math.nan, 4.0, 4.0], 2) == (1.0, 4.0)
    assert math.isnan(thinned([math.inf, math.nan, 4.0, 4.0], 2)[0])
    assert thinned([1.7e308, 1.7e308, 0.0, 0.0], 2) == (1.7e308, 0.0)


@pytest.mark.parametrize("count", [7, 100, 101, 12_345])
def test_no_value_is_left_out_of_the_means(count):
    assert len(thinned([1.0] * count, 7)) == 7
    assert thinned([float(place == count - 1) for place in range(count)], 7)[-1] > 0
