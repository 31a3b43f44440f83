"""The first line: where one is, on which machine, and how many runs go on."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from orp_tui.core.sanitise import cell_width, one_line

_NAME = "ORP"
_APART = 7
"""Cells around place and screens."""
_LEAST = 16
"""Cells that place and gaps need beside the screens at least."""


@dataclasses.dataclass(frozen=True)
class Heading:
    """The words of the line."""

    place: str
    """Host and folder."""
    screens: str
    """The screens with their digits."""
    counts: str
    """`3 run 2 wait 1 held`."""
    warning: str = ""
    """What needs attention: a paused queue, a store that can't be used, no queue processor."""


class HeaderLine(Widget):
    """One line; what must go first is the folder, then the screens."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"header--name", "header--text", "header--warning"}
    DEFAULT_CSS = """
    HeaderLine { dock: top; height: 1; width: 1fr; }
    """

    def __init__(self, heading: Heading, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._heading = heading

    def show(self, heading: Heading) -> None:
        """Draw these words, if they are others."""
        if heading != self._heading:
            self._heading = heading
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        name, text, warning = (
            self.get_component_rich_style(f"header--{part}") for part in ("name", "text", "warning")
        )
        heading = self._heading
        right = [Segment(heading.counts + " ", text)]
        if heading.warning:
            most = max(10, width - len(_NAME) - cell_width(heading.counts) - 8)
            right = [Segment(f" {one_line(heading.warning, most)} ", warning), Segment(" ", text), *right]
        room = width - len(_NAME) - 2 - sum(cell_width(part.text) for part in right)
        screens = _screens(heading, room)
        place = one_line(heading.place, max(0, room - cell_width(screens) - 4))
        middle = f"  {place}{screens}"
        gap = " " * max(0, room - cell_width(middle))
        return Strip([Segment(f" {_NAME} ", name), Segment(middle + gap, text), *right]).adjust_cell_length(
            width, text
        )


def _screens(heading: Heading, room: int) -> str:
    """In full where that cuts nothing of the place, else by digits; nothing where even that leaves too little."""
    long, short = _forms(heading.screens)
    if cell_width(heading.place) + cell_width(long) + _APART <= room:
        return f"   {long}"
    return f"   {short}" if cell_width(short) + _LEAST <= room else ""


def _forms(screens: str) -> tuple[str, str]:
    """The words in full, then with the digits alone of the screens that one is not on."""
    return screens, re.sub(r"\b(\d) \w+", r"\1", screens)
