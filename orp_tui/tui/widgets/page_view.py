"""Ready lines that can be scrolled both ways; what they say is for those who hand them in."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from orp_tui.core.sanitise import cell_width
from orp_tui.tui.bindings import bindings

STYLES = ("text", "heading", "label", "quiet", "good", "warning", "bad")
_SIDEWAYS = 8


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a page: words and one of STYLES each. The words are harmless and hold no tab."""

    spans: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        return "".join(words for words, _ in self.spans)


def line(text: str = "", style: str = "text") -> Line:
    """A line of one style."""
    return Line(((text, style),) if text else ())


def widest(lines: Sequence[Line]) -> int:
    """Terminal cells of the widest line; for many long lines this is work for a thread."""
    return max((cell_width(each.text) for each in lines), default=0)


class PageView(ScrollView, can_focus=True):
    """Draws what is seen of its lines, and nothing if they are those it has."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list"), *bindings("page")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"page--{name}" for name in STYLES}
    DEFAULT_CSS = """
    PageView { scrollbar-gutter: stable; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }
    """

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._lines: tuple[Line, ...] = ()
        self._widest = 0

    @property
    def lines_shown(self) -> tuple[Line, ...]:
        """All lines, those out of sight too."""
        return self._lines

    @property
    def room(self) -> Size:
        """Cells for lines, without scrollbars; the room of the vertical one is always kept."""
        return self.scrollable_content_region.size

    def put_lines(self, lines: Sequence[Line], *, from_top: bool = False, width: int | None = None) -> None:
        """Show these; the place one reads at stays unless `from_top`. `width`: as `widest` measured it."""
        fresh = tuple(lines)
        if fresh != self._lines:
            self._lines = fresh
            self._widest = widest(fresh) if width is None else width
            self.virtual_size = Size(self._widest, len(fresh))
            self.refresh()
        if from_top:
            self.scroll_to(0, 0, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        width, base = self.room.width, self.rich_style
        place = y + self.scroll_offset.y
        if not 0 <= place < len(self._lines):
            return Strip.blank(width, base)
        segments = [
            Segment(words, base + self.get_component_rich_style(f"page--{style}", partial=True))
            for words, style in self._lines[place].spans
        ]
        left = self.scroll_offset.x
        strip = Strip(segments)
        if left or strip.cell_length > width:
            strip = strip.crop(left, left + width)
        return strip.adjust_cell_length(width, base)

    def action_cursor_down(self) -> None:
        self._go_to(self.scroll_offset.y + 1)

    def action_cursor_up(self) -> None:
        self._go_to(self.scroll_offset.y - 1)

    def action_page_down(self) -> None:
        self._go_to(self.scroll_offset.y + max(1, self.room.height - 1))

    def action_page_up(self) -> None:
        self._go_to(self.scroll_offset.y - max(1, self.room.height - 1))

    def action_first(self) -> None:
        self._go_to(0)

    def action_last(self) -> None:
        self._go_to(len(self._lines))

    def action_sideways(self, by: int) -> None:
        most = max(0, self._widest - self.room.width)
        x = max(0, min(most, self.scroll_offset.x + by * _SIDEWAYS))
        self.scroll_to(x=x, animate=False, force=True)

    def _go_to(self, y: int) -> None:
        most = max(0, len(self._lines) - self.room.height)
        self.scroll_to(y=max(0, min(most, y)), animate=False, force=True)
