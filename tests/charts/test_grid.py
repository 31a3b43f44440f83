"""Small charts share a room without a gap, an overlap, or one that is too small to be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orp_tui.charts.grid import LAYOUTS, composed, most, parts
from orp_tui.charts.picture import Picture, Span


@given(count=st.integers(1, 6), width=st.integers(1, 220), height=st.integers(1, 70))
def test_parts_lie_in_the_room_and_none_over_another(count, width, height):
    found = parts(count, width, height)

    assert len(found) <= min(count, most(width, height))
    assert len(found) in LAYOUTS
    cells = [
        (part.x + x, part.y + y) for part in found for x in range(part.width) for y in range(part.height)
    ]
    assert len(set(cells)) == len(cells)
    assert all(x < width and y < height for x, y in cells)
    assert len(found) == 1 or all(part.width >= 34 and part.height >= 7 for part in found)


@pytest.mark.parametrize(
    ("size", "fit"),
    [((33, 40), 1), ((34, 14), 2), ((69, 7), 2), ((69, 14), 4), ((160, 45), 4), ((34, 28), 4)],
)
def test_as_many_are_shown_as_there_is_room_for(size, fit):
    assert most(*size) == fit


def test_two_stand_beside_each_other_before_they_stand_one_above_the_other():
    assert [(part.x, part.y) for part in parts(2, 80, 20)] == [(0, 0), (40, 0)]
    assert [(part.x, part.y) for part in parts(2, 60, 20)] == [(0, 0), (0, 10)]


def test_pictures_stand_in_their_parts():
    pictures = [Picture((((Span(name),)),) * 3) for name in ("one", "two")]

    rows = composed(pictures, parts(2, 80, 7)).plain().split("\n")

    assert rows[0] == "one" + " " * 37 + "two"
    assert rows[3:] == [""] * 4
