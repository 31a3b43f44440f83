"""Where the panes of the dashboard go, by the size of the terminal: pure arithmetic.

under 60 x 15     one pane, no frames
under 100 wide    queue (or configs) above, one tab of the run below
under 160 wide    configs at the left, queue above, log below with what was delivered beside it
from 160 wide     three columns, with everything
"""

from __future__ import annotations

import dataclasses

from textual.geometry import Region

TABS = ("log", "checklist", "chart", "info")
"""What is shown of the selected run, in the order of the tabs."""
TOPS = ("queue", "configs")
PANES = ("configs", "queue", *TABS)

TINY = (60, 15)
MEDIUM, WIDE = 100, 160
_TALL = 34


@dataclasses.dataclass(frozen=True)
class View:
    """What the person has chosen to see."""

    tab: str = "log"
    """One of TABS."""
    top: str = "queue"
    """One of TOPS: which of them a narrow terminal shows."""
    zoom: str | None = None
    """A pane that has the whole room; None: all have their part."""
    alone: str = "queue"
    """The pane that a terminal shows which has room for one only."""

    def showing(self, pane: str) -> View:
        """The same, but so that this pane is seen at any size."""
        zoom = None if self.zoom is None else pane
        tab, top = (self.tab, pane) if pane in TOPS else (pane, self.top)
        return View(tab, top, zoom, pane)


def regions(width: int, height: int, view: View) -> dict[str, Region]:
    """Pane → where it lies in a room of that size; a pane that is not shown is left out."""
    if width <= 0 or height <= 0:
        return {}
    whole = Region(0, 0, width, height)
    if view.zoom is not None:
        return {view.zoom: whole}
    if is_tiny(width, height):
        return {view.alone: whole}
    if width < MEDIUM:
        return _narrow(width, height, view)
    return _medium(width, height, view) if width < WIDE or height < _TALL else _wide(width, height)


def is_tiny(width: int, height: int) -> bool:
    """Whether there is room for one pane only; `height` without header and footer."""
    return width < TINY[0] or height < TINY[1] - 2


def side_tabs(width: int, height: int) -> tuple[str, ...]:
    """The tabs that share one place and have to be turned; none where all are seen at once."""
    if is_tiny(width, height):
        return ()
    if width < MEDIUM:
        return TABS
    if width < WIDE or height < _TALL:
        return TABS[1:]
    return ()


def _narrow(width: int, height: int, view: View) -> dict[str, Region]:
    upper = max(5, round(height * 0.45))
    return {
        view.top: Region(0, 0, width, upper),
        view.tab: Region(0, upper, width, height - upper),
    }


def _medium(width: int, height: int, view: View) -> dict[str, Region]:
    left = max(26, width // 5)
    upper = max(6, round(height * 0.45))
    lower = height - upper
    side = max(38, (width - left) // 3)
    places = {
        "configs": Region(0, 0, left, height),
        "queue": Region(left, 0, width - left, upper),
        "log": Region(left, upper, width - left - side, lower),
    }
    x = width - side
    beside = view.tab if view.tab != "log" else "checklist"
    if lower < 16 or beside == "info":
        return places | {beside: Region(x, upper, side, lower)}
    half = max(5, lower * 2 // 5)
    return places | {
        "checklist": Region(x, upper, side, half),
        "chart": Region(x, upper + half, side, lower - half),
    }


def _wide(width: int, height: int) -> dict[str, Region]:
    left = max(30, width // 6)
    side = max(46, width * 3 // 10)
    middle = width - left - side
    upper = max(8, round(height * 0.42))
    first = max(6, height // 4)
    second = (height - first) // 2
    x = left + middle
    return {
        "configs": Region(0, 0, left, height),
        "queue": Region(left, 0, middle, upper),
        "log": Region(left, upper, middle, height - upper),
        "checklist": Region(x, 0, side, first),
        "chart": Region(x, first, side, second),
        "info": Region(x, first + second, side, height - first - second),
    }
