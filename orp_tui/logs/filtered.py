"""The rows of a log that a filter lets through."""

from __future__ import annotations

from orp_tui.logs.drawing import feed_lines
from orp_tui.logs.hits import Hits
from orp_tui.logs.lines import ROW_LIMIT
from orp_tui.logs.progress import LogRow, RecentRows
from orp_tui.logs.reader import LogReader

_ROWS_KEPT = 2000


class FilteredRows:
    """Matching lines by offset, each drawn for itself: what redraws other rows has no effect."""

    def __init__(self, log: LogReader, hits: Hits) -> None:
        self._log = log
        self._hits = hits
        self._drawn: dict[tuple[int, int], LogRow] = {}

    def before(self, offset: int, count: int) -> list[LogRow]:
        end = self._hits.rank(offset)
        return self._rows(end - count, end)

    def after(self, offset: int, count: int) -> list[LogRow]:
        first = self._hits.rank(offset)
        return self._rows(first, first + count)

    def clear(self) -> None:
        """Forget what was read."""
        self._drawn.clear()

    def _rows(self, first: int, end: int) -> list[LogRow]:
        return [self._row(begin) for begin in self._hits.begins(first, end)]

    def _row(self, begin: int) -> LogRow:
        data = self._log.read_from(begin, ROW_LIMIT + 2)
        line = data.partition(b"\n")[0]
        key = (begin, len(line))
        if key not in self._drawn:
            if len(self._drawn) >= _ROWS_KEPT:
                self._drawn.clear()
            recent = RecentRows(1)
            feed_lines(recent, line)
            recent.feed(b"\r")
            self._drawn[key] = LogRow(begin, "".join(recent.rows()))
        return self._drawn[key]
