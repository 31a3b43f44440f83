from __future__ import annotations

import math

import pytest

from orp_tui.core.sanitise import cell_width
from orp_tui.core.sparkline import levels, sparkline


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
