"""The rows around any place of a log, as a terminal with endless scrollback would show them.

Nothing is indexed: the log is looked at in blocks of 64 KiB, and a block's rows are those
that its lines make. Where bars are redrawn with cursor-up, hundreds of lines make two
rows; such a block is drawn from the block before on, so that it is known which line made
a row, and until the bars are left, so that a row shows what it came to in the end.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from typing import NamedTuple

from orp_tui.logs.drawing import feed_lines, feed_long_line
from orp_tui.logs.lines import EARLIER
from orp_tui.logs.pieces import line_end
from orp_tui.logs.progress import LogRow, RecentRows
from orp_tui.logs.reader import LogReader

BLOCK = 64 << 10
_PATIENCE_S = 0.5
"""Processor time for which a row is looked for where there is none: a key waits no longer for a hole of a terabyte."""
_BLOCKS_KEPT = 64
_MOST_ROWS = 1 << 20
_MOST_AHEAD = 64 << 20
"""Bytes in which the end of a redrawn display is looked for."""
_MOST_WITHOUT_LINE = 1 << 20
"""The same, of what has no newline at all."""
_MOST_DRAWN = 2 << 20
"""Bytes of it that are drawn; the cursor is followed through what lies before."""
_REACH = 400
"""Rows; what lies farther above the cursor is final."""
_LOOK_BACK = 16 << 10
"""Bytes before a block in which colours and cursor moves are looked for."""
_UP = re.compile(rb"\x1b\[[0-9]{0,8}[AF]")


class _Drawn(NamedTuple):
    rows: list[LogRow]
    size: int
    """Of the log when they were drawn; -1 if nothing that is appended can change them."""


class _Block(NamedTuple):
    recent: RecentRows
    first: int
    """Offset of the first row that belongs to the block; what lies before it was drawn to warm up."""
    settled: bool
    """Whether nothing that is appended can change its rows."""


class Scrollback:
    """Rows of a log by offset. Reads through `log`, which stays the caller's to close."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._blocks: OrderedDict[int, _Drawn] = OrderedDict()
        self._dead_end = range(0)
        """Blocks from which going back takes too long to come to a row."""

    def after(self, offset: int, count: int) -> list[LogRow]:
        """The first `count` rows that begin at `offset` or later; fewer at the end."""
        rows: list[LogRow] = []
        number, size = max(0, offset) // BLOCK, self._log.size()
        deadline = time.thread_time() + _PATIENCE_S
        while number * BLOCK < size and len(rows) < count and time.thread_time() < deadline:
            found = [row for row in self._rows(number, size) if row.begin >= offset]
            if found:
                deadline = time.thread_time() + _PATIENCE_S
            rows += found
            number += 1
        return rows[:count]

    def before(self, offset: int, count: int) -> list[LogRow]:
        """The last `count` rows that begin before `offset`; fewer at the beginning.

        Fewer also where a single row, or what was drawn over again and again, is so long that
        to look for its beginning would take more than a moment.
        """
        size = self._log.size()
        number = (min(offset, size) - 1) // BLOCK
        blocks: list[list[LogRow]] = []
        missing = count
        first_empty, deadline = number, time.thread_time() + _PATIENCE_S
        while number >= 0 and missing > 0 and number not in self._dead_end:
            blocks.append([row for row in self._rows(number, size) if row.begin < offset])
            missing -= len(blocks[-1])
            if blocks[-1]:
                first_empty, deadline = number - 1, time.thread_time() + _PATIENCE_S
            elif time.thread_time() > deadline:
                self._dead_end = range(number, first_empty + 1)
                break
            number -= 1
        rows = [row for block in reversed(blocks) for row in block]
        return rows[-count:] if count > 0 else []

    def live(self, size: int) -> tuple[RecentRows, int]:
        """The end of the log drawn up to `size`, to go on with, and the offset of its first row.

        Rows before that one come from `before`.
        """
        number = (size - 1) // BLOCK
        deadline = time.thread_time() + _PATIENCE_S
        while number >= 0 and number not in self._dead_end and time.thread_time() < deadline:
            block = self._block(number, size)
            if block is not None and (number == 0 or block.recent.placed(block.first)):
                self._draw_on(block.recent, size)
                return block.recent, block.first
            number -= 1
        recent = RecentRows()
        recent.begin_at(max(0, size - BLOCK))
        if number >= 0:  # its beginning is not to be found in a moment
            recent.feed(EARLIER)
            recent.position = size - BLOCK
        self._draw_on(recent, size)
        return recent, max(0, size - BLOCK)

    def clear(self) -> None:
        """Forget what was read: the log began anew."""
        self._blocks.clear()
        self._dead_end = range(0)

    def _rows(self, number: int, size: int) -> list[LogRow]:
        drawn = self._blocks.get(number)
        if drawn is None or drawn.size not in (-1, size):
            drawn = self._blocks[number] = self._draw(number, size)
        self._blocks.move_to_end(number)
        if len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return drawn.rows

    def _draw(self, number: int, size: int) -> _Drawn:
        block = self._block(number, size)
        if block is None:
            return _Drawn([], -1 if (number + 1) * BLOCK < size else size)
        rows = block.recent.placed(block.first, (number + 1) * BLOCK)
        return _Drawn(rows, -1 if block.settled else size)

    def _block(self, number: int, size: int) -> _Block | None:
        """The block drawn; None if it makes no row."""
        begin, end = number * BLOCK, min((number + 1) * BLOCK, size)
        first = self._first_line(begin, end)
        if first is None:
            return None
        data = self._log.read_from(first, end - first)
        low = max(0, first - _LOOK_BACK)
        before = self._log.read_from(low, first - low)
        recent = RecentRows(_MOST_ROWS)
        if _UP.search(data) or _UP.search(before):
            start = self._start(first)
            before = self._log.read_from(start, first - start)
            if start < first and not _makes_rows(start, before, data, end):
                return None
            recent.begin_at(start)
            feed_lines(recent, before)
        else:
            recent.warm(before)
            recent.begin_at(first)
        return _Block(recent, first, self._feed(recent, data, end, size))

    def _first_line(self, begin: int, end: int) -> int | None:
        """Where the first line begins that begins in the block."""
        if begin == 0:
            return 0
        place = self._log.read_from(begin - 1, end - begin).find(b"\n")
        return None if place < 0 else begin + place

    def _start(self, first: int) -> int:
        """Where to begin drawing, so that the cursor is where it should be at `first`."""
        low = (first // BLOCK - 1) * BLOCK
        if low < 0:
            return 0
        found = self._first_line(low, first)
        return first if found is None else found

    def _feed(self, recent: RecentRows, data: bytes, end: int, size: int) -> bool:
        """Draw the block's lines, whole ones; False if what is appended may still change them."""
        position = recent.position + len(data)
        if not data.endswith(b"\n") and position < size:
            rest = self._log.read_from(position, min(BLOCK, size - position))
            cut = rest.find(b"\n") + 1
            if cut or position + len(rest) == size:
                data += rest[: cut or len(rest)]
            else:
                whole, newline, _ = data.rpartition(b"\n")
                feed_lines(recent, whole + newline)
                feed_long_line(recent, self._log, line_end(self._log, position, size))
                return self._look_ahead(recent, end, size)
        feed_lines(recent, data)
        return self._look_ahead(recent, end, size)

    def _look_ahead(self, recent: RecentRows, end: int, size: int) -> bool:
        """Draw what still changes the rows at hand; False if that is not all to be seen yet."""
        own = recent.count_before(end)
        cursor = recent.cursor()
        position = touched = recent.position
        until = min(size, position + _MOST_AHEAD)
        while position < until and cursor.rows - own < _REACH:
            data = self._log.read_from(position, min(BLOCK, size - position))
            cut = data.rfind(b"\n") + 1
            ahead = data[:cut] if cut and position + len(data) < size else data
            if not ahead or (cut and cursor.row >= own and not _UP.search(ahead)):
                break
            position += len(ahead)
            if not cut:
                until = min(until, recent.position + _MOST_WITHOUT_LINE)
            if cursor.lowest(ahead) < own:
                touched = position
        self._draw_on(recent, touched)
        return position < size

    def _draw_on(self, recent: RecentRows, end: int) -> None:
        """Draw up to `end`; of very much, redrawn again and again, only the last part."""
        while recent.position < end:
            data = self._log.read_from(recent.position, min(BLOCK, end - recent.position))
            cut = data.rfind(b"\n") + 1
            if not data:
                return
            if end - recent.position > _MOST_DRAWN:
                recent.skim(data[:cut] or data)
            else:
                feed_lines(recent, data)


def _makes_rows(start: int, before: bytes, data: bytes, end: int) -> bool:
    """Whether a block of redrawn bars makes any row: most make none."""
    recent = RecentRows(_MOST_ROWS)
    recent.begin_at(start)
    recent.skim(before)
    first = recent.position
    recent.skim(data)
    return recent.count_before(end) > recent.count_before(first)
