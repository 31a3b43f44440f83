"""The last rows of a log while it grows: what is new is drawn on, a flood is jumped over."""

from __future__ import annotations

from orp_tui.logs.drawing import feed_lines
from orp_tui.logs.pieces import line_begin
from orp_tui.logs.progress import LogRow, RecentRows
from orp_tui.logs.reader import LogReader
from orp_tui.logs.scrollback import Scrollback

WINDOW = 96 << 10
"""New bytes that are drawn at one look; of more, only the end could ever be seen."""
_KEPT = 400


class LogTail:
    """The last rows of `log`, which stays the caller's to close; rows above come from `scrollback`."""

    def __init__(self, log: LogReader, scrollback: Scrollback) -> None:
        self._log = log
        self._scrollback = scrollback
        self._recent = RecentRows()
        self._first = 0
        self.size = 0
        """Bytes of the log that the rows stand for."""

    def look(self) -> bool:
        """Draw what is new; False if nothing is."""
        size = self._log.size()
        if size == self.size:
            return False
        if self.size and 0 < size - self.size <= WINDOW:
            feed_lines(self._recent, self._log.read_from(self.size, size - self.size))
        elif not (self.size and self._go_on_in_row(size)):
            self._recent, self._first = self._scrollback.live(size)
            self._recent.limit(_KEPT)
        self.size = size
        return True

    def rows(self, count: int) -> list[LogRow]:
        """The last rows, oldest first."""
        rows = self._recent.placed(self._first, last=count)
        if len(rows) < count:
            rows = self._scrollback.before(rows[0].begin if rows else self._first, count - len(rows)) + rows
        return rows

    def clear(self) -> None:
        """The log began anew."""
        self._recent, self._first, self.size = RecentRows(), 0, 0

    def _go_on_in_row(self, size: int) -> bool:
        """Jump ahead in a row that still has no newline, however long it has become."""
        low = size - WINDOW
        if line_begin(self._log, size) > self.size or size < self.size:
            return False
        self._recent.position = low
        feed_lines(self._recent, self._log.read_from(low, WINDOW))
        return True
