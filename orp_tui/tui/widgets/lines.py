"""A list of rows drawn line by line: a cursor that stays with its row, marks, a filter.

Only visible rows are made into strips and only changed lines are drawn again, so that a quiet
table sends nothing and a long one costs what is seen of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from orp_tui.core.sanitise import cell_width
from orp_tui.tui.bindings import bindings


class LineList(ScrollView, can_focus=True):
    """Rows with keys; what a row looks like is for the heirs. Rows are compared to see what changed."""

    BINDINGS = bindings("list")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--cursor", "lines--marked", "lines--dim", "lines--head"}
    DEFAULT_CSS = """
    LineList { overflow-x: hidden; scrollbar-size-vertical: 1; }
    """
    HEAD = 0
    """Lines above the rows that do not scroll."""

    @dataclasses.dataclass
    class Highlighted(Message):
        """The cursor stands on another row, or on none (None)."""

        widget: LineList
        key: str | None

        @property
        def control(self) -> LineList:
            return self.widget

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._keys: list[str] = []
        self._rows: dict[str, Any] = {}
        self._cursor: str | None = None
        self._marks: set[str] = set()
        self._last_mark: str | None = None

    # What the heirs say

    def row_segments(self, key: str, row: Any, width: int, *, cursor: bool) -> list[Segment]:
        """The row in at most `width` cells."""
        raise NotImplementedError

    def empty_lines(self, width: int) -> list[str]:
        """What stands there if there are no rows: what that means, and the next key."""
        return []

    def head_segments(self, width: int) -> list[Segment]:
        """The line above the rows, if HEAD is 1."""
        return []

    def out_of_sight(self) -> set[str]:
        """Keys of rows that are there but not shown, as by a filter: their marks are kept."""
        return set()

    def columns(self) -> object:
        """What says where the columns of all rows stand; once it is another, every row is drawn anew."""
        return None

    # Rows

    def put_rows(self, rows: Sequence[tuple[str, Any]]) -> None:
        """Show these, in this order; cursor and marks stay with their keys."""
        keys = [key for key, _ in rows]
        fresh = dict(rows)
        if keys == self._keys:
            self._put_changed(fresh)
            return
        before = self.cursor_place
        self._keys, self._rows = keys, fresh
        self._marks &= fresh.keys() | self.out_of_sight()
        self.virtual_size = Size(self.size.width, len(keys) + self.HEAD)
        if self._cursor not in fresh:
            place = min(before, len(keys) - 1)
            self._set_cursor(keys[max(0, place)] if keys else None)
        self._scroll_to_cursor()
        self.refresh()

    def _put_changed(self, fresh: dict[str, Any]) -> None:
        """The same rows with other values: draw those, or all if one of them moves the columns."""
        changed = [place for place, key in enumerate(self._keys) if fresh[key] != self._rows[key]]
        if not changed:
            return
        columns = self.columns()
        self._rows = fresh
        if self.columns() != columns:
            self.refresh()
            return
        for place in changed:
            self._refresh_row(place)

    @property
    def keys_shown(self) -> tuple[str, ...]:
        """Keys of the rows, in their order."""
        return tuple(self._keys)

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None if there are no rows."""
        return self._cursor

    @property
    def cursor_place(self) -> int:
        """The row's place from 0; 0 if there are none."""
        try:
            return self._keys.index(self._cursor) if self._cursor is not None else 0
        except ValueError:
            return 0

    @property
    def marks(self) -> tuple[str, ...]:
        """Marked keys that are shown, in the order of the rows."""
        return tuple(key for key in self._keys if key in self._marks)

    @property
    def chosen(self) -> tuple[str, ...]:
        """What a verb acts on: the marks if there are any, else the row under the cursor."""
        return self.marks or ((self._cursor,) if self._cursor is not None else ())

    def go_to(self, key: str) -> bool:
        """Put the cursor on a row; False if there is none of that key."""
        if key not in self._rows:
            return False
        self._move_to(self._keys.index(key))
        return True

    def clear_marks(self) -> bool:
        """Whether there were any."""
        had = bool(self._marks)
        self._marks.clear()
        if had:
            self.refresh()
            self.marks_changed()
        return had

    def marks_changed(self) -> None:
        """For heirs that tell of it."""

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width  # without the scrollbar
        base = self.rich_style
        if y < self.HEAD:
            style = self.get_component_rich_style("lines--head")
            return Strip(self.head_segments(width)).adjust_cell_length(width, style).apply_style(style)
        place = y - self.HEAD + self.scroll_offset.y
        if not self._keys:
            return self._empty_line(place, width)
        if not 0 <= place < len(self._keys):
            return Strip.blank(width, base)
        key = self._keys[place]
        cursor = key == self._cursor
        strip = Strip(self.row_segments(key, self._rows[key], width, cursor=cursor))
        strip = strip.adjust_cell_length(width, base)
        strip = strip.apply_style(base)
        if not (cursor and self.has_focus):
            return strip
        # Over the segments' own: what they say by colour stays, on the cursor's ground.
        over = self.get_component_rich_style("lines--cursor", partial=True)
        return Strip([Segment(text, (style or base) + over) for text, style, _ in strip], strip.cell_length)

    def _empty_line(self, place: int, width: int) -> Strip:
        lines = self.empty_lines(width)
        style = self.rich_style + self.get_component_rich_style("lines--dim", partial=True)
        words = lines[place] if 0 <= place < len(lines) else ""
        return Strip([cell(words, width, style)])

    def signs(self, key: str, *, cursor: bool) -> str:
        """The first two cells of a row: where the cursor is, and whether it is marked."""
        return (">" if cursor else " ") + ("*" if key in self._marks else " ")

    def _refresh_row(self, place: int) -> None:
        y = place - self.scroll_offset.y + self.HEAD
        if self.HEAD <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._keys) + self.HEAD)
        self._scroll_to_cursor()

    def on_focus(self) -> None:
        self._refresh_row(self.cursor_place)

    def on_blur(self) -> None:
        self._refresh_row(self.cursor_place)

    def on_click(self, event: events.Click) -> None:
        place = event.y - self.HEAD + self.scroll_offset.y
        if event.y >= self.HEAD and 0 <= place < len(self._keys):
            self._move_to(place)

    # Keys

    def action_cursor_down(self) -> None:
        self._move_to(self.cursor_place + 1)

    def action_cursor_up(self) -> None:
        self._move_to(self.cursor_place - 1)

    def action_page_down(self) -> None:
        self._move_to(self.cursor_place + max(1, self.size.height - self.HEAD - 1))

    def action_page_up(self) -> None:
        self._move_to(self.cursor_place - max(1, self.size.height - self.HEAD - 1))

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self._keys) - 1)

    def action_mark(self) -> None:
        if self._cursor is None:
            return
        self._marks ^= {self._cursor}
        self._last_mark = self._cursor
        self._refresh_row(self.cursor_place)
        self._move_to(self.cursor_place + 1)
        self.marks_changed()

    def action_mark_range(self) -> None:
        if self._cursor is None:
            return
        here = self.cursor_place
        begin = self._keys.index(self._last_mark) if self._last_mark in self._rows else here
        self._marks |= set(self._keys[min(here, begin) : max(here, begin) + 1])
        self._last_mark = self._cursor
        self.refresh()
        self.marks_changed()

    def action_mark_all(self) -> None:
        every = set(self._keys)
        self._marks = self._marks - every if every <= self._marks else self._marks | every
        self.refresh()
        self.marks_changed()

    def _move_to(self, place: int) -> None:
        if not self._keys:
            return
        before = self.cursor_place
        place = max(0, min(place, len(self._keys) - 1))
        if self._keys[place] == self._cursor:
            return
        self._set_cursor(self._keys[place])
        self._refresh_row(before)
        self._refresh_row(place)
        self._scroll_to_cursor()

    def _set_cursor(self, key: str | None) -> None:
        if key != self._cursor:
            self._cursor = key
            self.post_message(self.Highlighted(self, key))

    def _scroll_to_cursor(self) -> None:
        height = self.size.height - self.HEAD
        if height <= 0:
            return
        place, top = self.cursor_place, self.scroll_offset.y
        wanted = min(top, place) if place < top + height else place - height + 1
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)


def cell(text: str, width: int, style: Style, *, right: bool = False) -> Segment:
    """A sanitised text in exactly `width` cells: cut with `…`, or filled up."""
    if width <= 0:
        return Segment("", style)
    taken = cell_width(text)
    if taken > width:
        from orp_tui.core.sanitise import one_line

        text = one_line(text, width)
        taken = cell_width(text)
    gap = " " * (width - taken)
    return Segment(gap + text if right else text + gap, style)
