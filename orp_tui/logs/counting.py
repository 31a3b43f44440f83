"""Line numbers, and how many lines have come since one stopped following; both counted in slices."""

from __future__ import annotations

from orp_tui.logs.index import LineIndex
from orp_tui.logs.reader import LogReader

_STEP = 2 << 20


class LineCount:
    """Numbers of the lines of `log`, from 0; nothing is counted before `begin`."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._index: LineIndex | None = None
        self._counted = 0
        self.new = 0
        """Newlines since `pause`."""

    def begin(self) -> None:
        """Start the index, or go on with it."""
        if self._index is None:
            self._index = LineIndex(self._log)

    def pause(self, size: int) -> None:
        """From here on lines are new."""
        self._counted, self.new = size, 0

    def step(self) -> bool:
        """Count a slice; False if there is nothing to count for now."""
        size = self._log.size()
        if self._counted < size:
            data = self._log.read_from(self._counted, min(_STEP, size - self._counted))
            self.new += data.count(b"\n")
            self._counted += len(data)
            return True
        return self._index is not None and self._index.step(_STEP)

    @property
    def lines(self) -> int | None:
        """How many there are; None if they are not all counted."""
        if self._index is None or self._index.scanned != self._log.size():
            return None
        return self._index.lines

    def line_at(self, offset: int) -> int | None:
        """The line that holds the byte at `offset`; None if it is not counted yet."""
        if self._index is None or offset > self._index.scanned:
            return None
        return self._index.line_at(offset)

    def offset_of(self, line: int) -> int | None:
        """Where a line begins; None if it is not counted yet, or not there."""
        return None if self._index is None else self._index.offset_of(line)

    def clear(self) -> None:
        """The log began anew."""
        self._index, self._counted, self.new = None, self._log.size(), 0
