"""A list of any length, of which only the rows around the cursor are held.

The list itself is an array of numbers, one a row; what stands in a row comes in pages from a
thread: `RowsWanted` asks for them, `put_rows` brings them. Until then a row is a dim sign.
"""

from __future__ import annotations

import collections
import dataclasses
from array import array
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.lines import cell

Row = TypeVar("Row")

KEPT = 1_000
"""Rows that are held: those that were drawn last."""
_NEAR, _AHEAD = 1, 3
"""Once a row within so many screens is missing, all that are missing within so many are asked for."""
_COMING = "  ·"


class PagedList(ScrollView, Generic[Row], can_focus=True):
    """Rows by number; what a row looks like is for the heirs."""

    BINDINGS = bindings("list")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--cursor", "lines--marked", "lines--dim", "lines--head"}
    DEFAULT_CSS = """
    PagedList { overflow-x: hidden; scrollbar-size-vertical: 1; }
    """
    HEAD = 0
    """Lines above the rows that do not scroll."""

    @dataclasses.dataclass
    class Highlighted(Message):
        """The cursor stands on another row, or on none (None)."""

        widget: PagedList[Any]  # Any: whatever its rows are
        key: int | None

        @property
        def control(self) -> PagedList[Any]:  # Any: as above
            return self.widget

    @dataclasses.dataclass
    class RowsWanted(Message):
        """These rows are to be read: they are seen, or may soon be."""

        keys: tuple[int, ...]

    @dataclasses.dataclass
    class MarksChanged(Message):
        """Other rows are marked now."""

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._keys: array[int] = array("q")
        self._rows: collections.OrderedDict[int, Row | None] = collections.OrderedDict()
        self._fresh: set[int] = set()
        """Of the rows that are held those that were read since the list came."""
        self._asked: set[int] = set()
        self._place = 0
        self._marks: set[int] = set()
        self._marks_shown: int | None = None
        self._last_mark: int | None = None
        self.plain = Style()
        """The style of the list itself, while lines are drawn."""

    # What the heirs say

    def row_segments(self, key: int, row: Row, width: int, *, cursor: bool) -> list[Segment]:
        """The row in at most `width` cells."""
        raise NotImplementedError

    def fixed_row(self, key: int) -> Row | None:
        """A row that is no matter of pages, as a heading between them; None for all others."""
        return None

    def can_mark(self, key: int) -> bool:
        """Whether a row of this number can be marked."""
        return self.fixed_row(key) is None

    def empty_lines(self, width: int) -> list[str]:
        """What stands there if there are no rows: what that means, and the next key."""
        return []

    def head_segments(self, width: int) -> list[Segment]:
        """The line above the rows, if HEAD is 1."""
        return []

    def rows_seen(self, rows: Mapping[int, Row]) -> bool:
        """Rows are about to be drawn; whether that moves the columns, so that all have to be drawn anew."""
        return False

    # The list

    def put_keys(
        self, keys: array[int], rows: Mapping[int, Row | None] | None = None, *, to_top: bool = False
    ) -> None:
        """Show these rows in this order; what is held of them is read again, but for `rows`. The cursor stays with its row.

        If that is gone, or with `to_top`, the cursor goes to the place where it was, or to the first.
        """
        before, key = self._place, self.cursor_key
        self._keys = keys
        self._fresh.clear()
        self._asked.clear()
        self._rows.update(rows or {})
        self._fresh |= (rows or {}).keys()
        self._marks_shown = None
        self.virtual_size = Size(self.size.width, len(keys) + self.HEAD)
        self._place = 0 if to_top else self._place_of(key, before)
        if self.cursor_key != key:
            self.post_message(self.Highlighted(self, self.cursor_key))
        self._scroll_to_cursor()
        self._look_around()
        self.refresh()

    def _place_of(self, key: int | None, before: int) -> int:
        if key is None or not self._keys:
            return 0
        place = min(before, len(self._keys) - 1)
        if self._keys[place] == key:
            return place
        try:
            return self._keys.index(key)
        except ValueError:
            return place

    def put_rows(self, rows: Mapping[int, Row | None], *, are_fresh: bool = True) -> None:
        """What stands in these rows; None for one that is gone."""
        changed = {key for key, row in rows.items() if key not in self._rows or self._rows[key] != row}
        self._rows.update(rows)
        if are_fresh:
            self._fresh |= rows.keys()
        self._asked -= rows.keys()
        self._drop_far()
        if changed & set(self._keys_seen()) and not self._see():
            for place in self._places_seen():
                if self._keys[place] in changed:
                    self._refresh_row(place)

    def _drop_far(self) -> None:
        for key in self._keys_seen():
            if key in self._rows:
                self._rows.move_to_end(key)
        while len(self._rows) > KEPT:
            key, _ = self._rows.popitem(last=False)
            self._fresh.discard(key)

    def drop_rows(self) -> None:
        """Forget all rows: they look different now, or their numbers mean others."""
        self._rows.clear()
        self._fresh.clear()
        self._asked.clear()
        self._look_around()
        self.refresh()

    @property
    def keys_shown(self) -> array[int]:
        """The numbers of the rows, in their order; not to be changed."""
        return self._keys

    @property
    def cursor_key(self) -> int | None:
        """The number of the row under the cursor; None if there are no rows."""
        return self._keys[self._place] if self._place < len(self._keys) else None

    @property
    def cursor_place(self) -> int:
        """The row's place from 0; 0 if there are none."""
        return self._place

    def row(self, key: int | None) -> Row | None:
        """The row as it was last read; None if it is not held, or gone."""
        return None if key is None else self.fixed_row(key) or self._rows.get(key)

    def has_row(self, key: int) -> bool:
        """Whether it is known what stands in a row, or that it is gone."""
        return key in self._rows

    def go_to(self, key: int) -> bool:
        """Put the cursor on a row; False if there is none of that number."""
        try:
            self._move_to(self._keys.index(key))
        except ValueError:
            return False
        return True

    # Marks

    @property
    def marks(self) -> frozenset[int]:
        """All marks, of rows that are not shown as well."""
        return frozenset(self._marks)

    @marks.setter
    def marks(self, wanted: Iterable[int]) -> None:
        self._marks = set(wanted)
        self._tell_marks()

    @property
    def count_marks_shown(self) -> int:
        """How many of the marked rows are shown."""
        if self._marks_shown is None:
            self._marks_shown = sum(1 for key in self._keys if key in self._marks) if self._marks else 0
        return self._marks_shown

    @property
    def chosen(self) -> array[int]:
        """What a verb acts on: the marks that are shown, else the row under the cursor, unless that is no matter of pages."""
        if self.count_marks_shown:
            return array("q", (key for key in self._keys if key in self._marks))
        key = self.cursor_key
        return array("q", [key] if key is not None and self.can_mark(key) else [])

    def clear_marks(self) -> bool:
        """Whether there were any."""
        had = bool(self._marks)
        if had:
            self.marks = ()
        return had

    def _tell_marks(self) -> None:
        self._marks_shown = None
        self.refresh()
        self.post_message(self.MarksChanged())

    # Drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        # Reckoned through all ancestors: once for all lines that are drawn.
        self.plain = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width  # without the scrollbar
        base = self.plain
        if y < self.HEAD:
            style = self.get_component_rich_style("lines--head")
            return Strip(self.head_segments(width)).adjust_cell_length(width, style).apply_style(style)
        place = y - self.HEAD + self.scroll_offset.y
        if not self._keys:
            return self._dim(self.empty_lines(width), place, width)
        if not 0 <= place < len(self._keys):
            return Strip.blank(width, base)
        return self._row_strip(place, width)

    def _row_strip(self, place: int, width: int) -> Strip:
        base, key, cursor = self.plain, self._keys[place], place == self._place
        row = self.row(key)
        if row is None:
            words = "  gone meanwhile" if key in self._fresh else _COMING
            strip = self._dim([(">" if cursor else " ") + words[1:]], 0, width)
        else:
            segments = Strip(self.row_segments(key, row, width, cursor=cursor))
            strip = segments.adjust_cell_length(width, base).apply_style(base)
        if not (cursor and self.has_focus):
            return strip
        # Over the segments' own: what they say by colour stays, on the cursor's ground.
        over = self.get_component_rich_style("lines--cursor", partial=True)
        return Strip([Segment(text, (style or base) + over) for text, style, _ in strip], strip.cell_length)

    def _dim(self, lines: list[str], place: int, width: int) -> Strip:
        style = self.plain + self.get_component_rich_style("lines--dim", partial=True)
        words = lines[place] if 0 <= place < len(lines) else ""
        return Strip([cell(words, width, style)])

    def signs(self, key: int, *, cursor: bool) -> str:
        """The first two cells of a row: where the cursor is, and whether it is marked."""
        return (">" if cursor else " ") + ("*" if key in self._marks else " ")

    def _refresh_row(self, place: int) -> None:
        y = place - self.scroll_offset.y + self.HEAD
        if self.HEAD <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # What is seen

    @property
    def _height(self) -> int:
        return max(1, self.size.height - self.HEAD)

    def _places_seen(self, screens: int = 0) -> range:
        """Places of the rows on the screen, and on so many screens around it."""
        top = round(self.scroll_offset.y)
        more = screens * self._height
        return range(max(0, top - more), min(len(self._keys), top + self._height + more))

    def _keys_seen(self, screens: int = 0) -> array[int]:
        places = self._places_seen(screens)
        return self._keys[places.start : places.stop]

    def _missing(self, screens: int) -> tuple[int, ...]:
        return tuple(
            key
            for key in self._keys_seen(screens)
            if key not in self._fresh and key not in self._asked and self.fixed_row(key) is None
        )

    def _look_around(self) -> None:
        """Ask for the rows that are missing here or nearby; let the heir see those that are there."""
        if self.size.height and self._missing(_NEAR):
            wanted = self._missing(_AHEAD)
            self._asked |= set(wanted)
            self.post_message(self.RowsWanted(wanted))
        self._see()

    def _see(self) -> bool:
        """Let the heir see the rows on the screen; whether all of them are drawn anew."""
        rows = {key: row for key in self._keys_seen() if (row := self.row(key)) is not None}
        moved = self.rows_seen(rows)
        if moved:
            self.refresh()
        return moved

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._look_around()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._keys) + self.HEAD)
        self._scroll_to_cursor()
        self._look_around()

    def on_focus(self) -> None:
        self._refresh_row(self._place)

    def on_blur(self) -> None:
        self._refresh_row(self._place)

    def on_click(self, event: events.Click) -> None:
        place = event.y - self.HEAD + self.scroll_offset.y
        if event.y >= self.HEAD and 0 <= place < len(self._keys):
            self._move_to(place)

    # Keys

    def action_cursor_down(self) -> None:
        self._move_to(self._place + 1)

    def action_cursor_up(self) -> None:
        self._move_to(self._place - 1)

    def action_page_down(self) -> None:
        self._move_to(self._place + max(1, self._height - 1))

    def action_page_up(self) -> None:
        self._move_to(self._place - max(1, self._height - 1))

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self._keys) - 1)

    def action_mark(self) -> None:
        key = self.cursor_key
        if key is not None and self.can_mark(key):
            self._marks ^= {key}
            self._last_mark = key
            self._tell_marks()
        self._move_to(self._place + 1)

    def action_mark_range(self) -> None:
        try:
            begin = self._keys.index(self._last_mark) if self._last_mark is not None else self._place
        except ValueError:
            begin = self._place
        low, high = sorted((begin, self._place))
        self._marks |= {key for key in self._keys[low : high + 1] if self.can_mark(key)}
        self._last_mark = self.cursor_key
        self._tell_marks()

    def action_mark_all(self) -> None:
        every = {key for key in self._keys if self.can_mark(key)}
        self._marks = self._marks - every if every <= self._marks else self._marks | every
        self._tell_marks()

    def _move_to(self, place: int) -> None:
        place = max(0, min(place, len(self._keys) - 1))
        if not self._keys or place == self._place:
            return
        before, self._place = self._place, place
        self._refresh_row(before)
        self._refresh_row(place)
        self._scroll_to_cursor()
        self.post_message(self.Highlighted(self, self._keys[place]))

    def _scroll_to_cursor(self) -> None:
        if self.size.height <= self.HEAD:
            return
        place, top = self._place, round(self.scroll_offset.y)
        wanted = min(top, place) if place < top + self._height else place - self._height + 1
        wanted = max(0, min(wanted, len(self._keys) - self._height))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)
