"""What part of a log is on the screen: a place by offset, moved by lines of the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from orp_tui.logs.ink import Line, Measure, crop, fold, inks
from orp_tui.logs.progress import LogRow


class Rows(Protocol):
    """Rows by offset, all of a log's or some."""

    def before(self, offset: int, count: int) -> list[LogRow]:
        """The last `count` rows that begin before `offset`, oldest first."""
        ...

    def after(self, offset: int, count: int) -> list[LogRow]:
        """The first `count` rows that begin at `offset` or later."""
        ...


class ScreenLine(NamedTuple):
    """One line of the screen."""

    inks: Line
    begin: int
    """Offset of its row."""


class Place(NamedTuple):
    """The first line of the screen."""

    begin: int = 0
    """Offset of its row."""
    fold: int = 0
    """Which line of that row, if it is folded into several."""


Paint = Callable[[LogRow], Line]


class Page:
    """A window of `height` lines of `width` cells; the place stays when the size changes."""

    def __init__(self, measure: Measure) -> None:
        self.width, self.height = 80, 24
        self.wrap = False
        self.column = 0
        """Cells that have left at the left, if lines are not folded."""
        self.top = Place()
        self._measure = measure

    def lines(self, rows: Rows, paint: Paint) -> list[ScreenLine]:
        """The lines from the top on; the page is pulled up if it would end early."""
        lines = self._from_top(rows, paint)
        if len(lines) < self.height and rows.before(self.top.begin + (self.top.fold > 0), 1):
            self.to_end(rows)
            lines = self._from_top(rows, paint)
        return lines

    def last_lines(self, found: list[LogRow], paint: Paint) -> list[ScreenLine]:
        """The lines at the end of the last rows, and the top put there."""
        lines: list[ScreenLine] = []
        for row in reversed(found):
            lines[:0] = self.folded(row, paint)
            if len(lines) >= self.height:
                break
        first = max(0, len(lines) - self.height)
        if lines:
            # Only the lines of one row can lie before the first on the screen.
            self.top = Place(lines[first].begin, first)
        return lines[first:]

    def folded(self, row: LogRow, paint: Paint) -> list[ScreenLine]:
        """All lines of a row."""
        line = paint(row)
        if not self.wrap:
            return [ScreenLine(crop(line, self.column, self.width, self._measure), row.begin)]
        return [ScreenLine(part, row.begin) for part in fold(line, self.width, self._measure)]

    def _from_top(self, rows: Rows, paint: Paint) -> list[ScreenLine]:
        lines: list[ScreenLine] = []
        skipped = 0
        for row in rows.after(self.top.begin, self.height + 1):
            folded = self.folded(row, paint)
            if not lines and row.begin == self.top.begin:
                skipped = min(self.top.fold, len(folded) - 1)
            lines += folded
            if len(lines) - skipped >= self.height:
                break
        return lines[skipped : skipped + self.height]

    def to_end(self, rows: Rows, end: int = 1 << 62) -> None:
        """Go where the last line of the log is the last of the screen."""
        self.top = self._up(rows, Place(end, 0), self.height)

    def scroll(self, rows: Rows, count: int) -> bool:
        """Go `count` lines down, or up if negative; False if that leads beyond an end."""
        if count < 0:
            before = self.top
            self.top = self._up(rows, self.top, -count)
            return self.top != before
        wanted = count + self.height + self.top.fold
        total = 0
        counts: list[tuple[LogRow, int]] = []
        for row in rows.after(self.top.begin, wanted + 1):
            counts.append((row, self._count(row)))
            total += counts[-1][1]
            if total >= wanted:
                break
        room = max(0, total - self.top.fold - self.height)
        left = min(count, room) + self.top.fold
        for row, lines in counts:
            if left < lines:
                self.top = Place(row.begin, left)
                break
            left -= lines
        return room >= count

    def show(self, rows: Rows, begin: int) -> None:
        """Go where the row of `begin` is on the screen, with some lines before it."""
        self.top = self._up(rows, Place(begin, 0), self.height // 3)

    def _up(self, rows: Rows, place: Place, count: int) -> Place:
        """The place `count` lines higher; the beginning if there are fewer."""
        if place.fold >= count:
            return Place(place.begin, place.fold - count)
        count -= place.fold
        place = Place(place.begin, 0)
        for row in reversed(rows.before(place.begin, count)):
            lines = self._count(row)
            if lines >= count:
                return Place(row.begin, lines - count)
            count -= lines
            place = Place(row.begin, 0)
        return place

    def _count(self, row: LogRow) -> int:
        """Lines of the screen that a row takes."""
        if not self.wrap:
            return 1
        return len(fold(inks(row.text), self.width, self._measure))
