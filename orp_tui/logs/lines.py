"""Rows out of bytes, whatever the bytes are: no row and no window grows without bound."""

from __future__ import annotations

from collections.abc import Callable

ROW_LIMIT = 64 << 10
"""Bytes of a row that are kept; a longer one ends with a mark that says how long it was."""

TAIL_WINDOW = 64 << 20
"""Bytes at the end of a log in which its last rows are looked for."""

Read = Callable[[int, int], bytes]
"""Offset and most bytes → the bytes there, fewer at the end."""

_BLOCK = 256 << 10


class LineCutter:
    """Complete rows, without their newline, out of chunks that end anywhere.

    A row that is too long keeps its beginning; one that was redrawn with carriage returns
    keeps what stands behind the last of them, as a terminal would show it.
    """

    def __init__(self, limit: int = ROW_LIMIT) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._length = 0
        self._cut = False

    @property
    def partial(self) -> bytes:
        """The row that has no newline yet; empty if there is none."""
        return bytes(self._kept)

    def feed(self, data: bytes) -> list[bytes]:
        """The rows that `data` completes."""
        first, *others = data.split(b"\n")
        self._extend(first)
        if not others:
            return []
        rows = [self._take()]
        rest = others.pop()
        for row in others:
            if len(row) <= self._limit:
                rows.append(row)
            else:
                self._extend(row)
                rows.append(self._take())
        self._extend(rest)
        return rows

    def finish(self) -> list[bytes]:
        """The last row, if it has no newline."""
        return [self._take()] if self._length else []

    def _extend(self, part: bytes) -> None:
        self._length += len(part)
        if not self._cut and len(self._kept) + len(part) <= self._limit:
            self._kept += part
            return
        redrawn = part.rfind(b"\r", 0, len(part) - 1)
        if redrawn >= 0:
            self._kept[:] = part[redrawn + 1 :]
        elif not self._cut:
            self._kept += part[: self._limit]
            redrawn = self._kept.rfind(b"\r", 0, len(self._kept) - 1)
            if redrawn >= 0:
                del self._kept[: redrawn + 1]
        self._cut = len(self._kept) > self._limit or (redrawn < 0)
        del self._kept[self._limit :]

    def _take(self) -> bytes:
        row = bytes(self._kept)
        if self._cut:
            row += cut_mark(self._length)
        self._kept.clear()
        self._length, self._cut = 0, False
        return row


def cut_mark(length: int) -> bytes:
    """What stands behind a row that was cut; `length` is that of the whole row in bytes."""
    return f" … [cut: {length:,} bytes]".encode()


EARLIER = "[earlier part not read] … ".encode()
"""What stands before a row whose beginning lies outside the window."""


def last_rows(read: Read, size: int, count: int, window: int = TAIL_WINDOW) -> list[bytes]:
    """The last `count` rows of `size` bytes, read backwards from the end.

    A last row without newline counts. Fewer rows than asked for mean that there are no more
    within `window` bytes; then the first of them begins with `EARLIER` if its start lies outside.
    """
    if count <= 0 or size <= 0:
        return []
    start, outside = _start_of_last(read, size, count, window)
    cutter = LineCutter()
    rows: list[bytes] = []
    while start < size:
        data = read(start, min(_BLOCK, size - start))
        if not data:
            break  # truncated meanwhile
        start += len(data)
        rows += cutter.feed(data)
    rows += cutter.finish()
    if outside and rows:
        rows[0] = EARLIER + rows[0]
    return rows[-count:]


def _start_of_last(read: Read, size: int, count: int, window: int) -> tuple[int, bool]:
    """Offset of the row to begin with, and whether it really begins before the window."""
    lowest = max(0, size - window)
    wanted = count
    end = size
    while end > lowest:
        begin = max(lowest, end - _BLOCK)
        block = read(begin, end - begin)
        if end == size and block.endswith(b"\n"):
            wanted += 1  # the newline that ends the last row begins none
        found = block.count(b"\n")
        if found >= wanted:
            place = len(block)
            for _ in range(wanted):
                place = block.rfind(b"\n", 0, place)
            return begin + place + 1, False
        wanted -= found
        end = begin
    return lowest, lowest > 0
