"""Which line begins where, in a log of any size that may still grow.

Kept is the number of lines before each block of 256 KiB: counting newlines in a block is
the fastest thing Python can do with bytes (2 GB/s), and a line is then found by looking
through one block. A log of 1 GB takes 32 KiB of index. Made in slices, so that a view can
ask for one a frame.
"""

from __future__ import annotations

import bisect
from array import array

from orp_tui.logs.lines import LineCutter
from orp_tui.logs.reader import LogReader

BLOCK = 256 << 10
_HEAD = 64
_MARGIN = 64 << 10


class LineIndex:
    """The lines of one log, as far as it was read. Lines are counted from 0.

    `step` reads on; the rest answers from what was read so far. A last line without newline
    is a line. Reads through `reader`, which stays the caller's to close.
    """

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._before = array("Q", [0])
        self._ends_open = False
        self._newlines = 0
        self._head = b""
        self.scanned = 0
        """Bytes that are indexed."""
        self.generation = 0
        """Rises when the log was truncated or rewritten; what was asked before is then void."""

    @property
    def lines(self) -> int:
        """Lines in what is indexed."""
        return self._newlines + self._ends_open

    def step(self, max_bytes: int = 4 << 20) -> bool:
        """Index the next slice. False when nothing is left to index for now."""
        size = self._reader.size()
        if size < self.scanned or not self._head_still_there():
            self._restart()
        until = min(size, self.scanned + max_bytes)
        while self.scanned < until:
            block_end = (self.scanned // BLOCK + 1) * BLOCK
            data = self._reader.read_from(self.scanned, min(block_end, until) - self.scanned)
            if not data:
                return False
            if not self.scanned:
                self._head = data[:_HEAD]
            self._newlines += data.count(b"\n")
            self._ends_open = not data.endswith(b"\n")
            self.scanned += len(data)
            if self.scanned == block_end:
                self._before.append(self._newlines)
        return self.scanned < size

    def offset_of(self, line: int) -> int | None:
        """Where a line begins; None if it is not indexed."""
        if not 0 <= line < self.lines:
            return None
        if line == 0:
            return 0
        # The newline that ends the line before: the block in which the count reaches `line`.
        block = bisect.bisect_left(self._before, line) - 1
        data = self._reader.read_from(block * BLOCK, BLOCK)
        place = -1
        for _ in range(line - self._before[block]):
            place = data.find(b"\n", place + 1)
            if place < 0:
                return None  # truncated since; the next step says so
        return block * BLOCK + place + 1

    def line_at(self, offset: int) -> int:
        """The line that holds the byte at `offset`; the last one for what lies behind the index."""
        offset = max(0, min(offset, self.scanned))
        block = min(offset // BLOCK, len(self._before) - 1)
        data = self._reader.read_from(block * BLOCK, offset - block * BLOCK)
        return min(self._before[block] + data.count(b"\n"), max(0, self.lines - 1))

    def rows(self, first: int, count: int) -> list[bytes]:
        """Lines `first` to `first + count - 1` without newline, cut at 64 KiB; fewer at the end."""
        position = self.offset_of(first)
        rows: list[bytes] = []
        cutter = LineCutter()
        while position is not None and position < self.scanned and len(rows) < count:
            data = self._reader.read_from(position, min(_MARGIN, self.scanned - position))
            if not data:
                break
            position += len(data)
            rows += cutter.feed(data)
        if len(rows) < count:
            rows += cutter.finish()
        return rows[:count]

    def _head_still_there(self) -> bool:
        return self._reader.read_from(0, len(self._head)) == self._head

    def _restart(self) -> None:
        self._before = array("Q", [0])
        self._newlines, self._ends_open = 0, False
        self._head, self.scanned = b"", 0
        self.generation += 1
