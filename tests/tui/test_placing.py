"""Where the panes go, for every size of terminal."""

from __future__ import annotations

import itertools

import pytest

from orp_tui.tui.placing import PANES, TABS, TOPS, View, is_tiny, regions, side_tabs

SIZES = [
    *itertools.product((1, 20, 59, 60, 80, 99, 100, 120, 159, 160, 200, 400), (1, 5, 13, 21, 37, 57, 120))
]
VIEWS = [View(tab, top).showing(pane) for tab in TABS for top in TOPS for pane in (tab, top)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_panes_fill_the_room_and_never_overlap(width: int, height: int) -> None:
    for view in VIEWS:
        places = regions(width, height, view)

        cells = sum(place.area for place in places.values())
        assert cells == width * height
        for one, other in itertools.combinations(places.values(), 2):
            assert not one.intersection(other)
        assert all(place.width > 0 and place.height > 0 for place in places.values())


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_is_chosen_is_seen_where_there_is_more_than_one_pane(width: int, height: int) -> None:
    for view in VIEWS:
        places = regions(width, height, view)
        assert view.alone in places
        assert is_tiny(width, height) or {view.top, view.tab} <= places.keys()


def test_every_pane_can_be_reached_at_every_size() -> None:
    for width, height in SIZES:
        seen = set()
        for view in VIEWS:
            seen |= regions(width, height, view).keys()
        assert seen == set(PANES)


def test_a_zoomed_pane_has_the_whole_room() -> None:
    for pane in PANES:
        assert list(regions(120, 40, View(zoom=pane))) == [pane]


def test_tabs_are_turned_only_where_they_share_a_place() -> None:
    assert side_tabs(80, 21) == TABS
    assert side_tabs(120, 37) == TABS[1:]
    assert side_tabs(200, 57) == ()
