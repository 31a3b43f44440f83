"""A log in pieces of whole lines, forwards or backwards, for whoever looks at every line.

A line longer than `LINE_MOST` is given with its beginning only, and a piece for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orp_tui.logs.reader import LogReader

LINE_MOST = 4 << 20
"""Bytes of one line that are looked at."""
FAR = 256 << 20
"""Bytes of a line after which it counts as another one: looking for its end must come to an end."""
_STEP = 1 << 20
_NEAR = 4096


class Piece(NamedTuple):
    """Whole lines of a log."""

    begin: int
    """Offset of the first line."""
    data: bytes
    """The lines; the last one lacks its newline if it is too long or the log's last."""
    end: int
    """Offset behind the last line, which may be more than `begin + len(data)`."""


def pieces_after(log: LogReader, begin: int, size: int, step: int = _STEP) -> Iterator[Piece]:
    """The lines from the one that begins at `begin` to `size`, oldest first."""
    while begin < size:
        data = log.read_from(begin, min(step, size - begin))
        if not data:
            return  # truncated meanwhile
        end = begin + len(data)
        cut = len(data) if end == size else data.rfind(b"\n") + 1
        piece = Piece(begin, data[:cut], begin + cut) if cut else _long_line(log, begin, data, size)
        yield piece
        begin = piece.end


def pieces_before(log: LogReader, end: int, step: int = _STEP) -> Iterator[Piece]:
    """The lines that end at or before `end`, where a line begins or the log ends; newest first."""
    while end > 0:
        low = max(0, end - step)
        # To read from where a line begins saves copying all the rest; a newline at the very end begins none.
        near = log.read_from(low, min(_NEAR, end - low - 1)).find(b"\n") + 1 if low else 0
        data = log.read_from(low + near, end - low - near)
        if len(data) < end - low - near:
            return  # truncated meanwhile
        cut = 0 if near or not low else data.find(b"\n", 0, len(data) - 1) + 1
        if near or cut or not low:
            begin = low + near + cut
            yield Piece(begin, data[cut:], end)
        else:
            begin = line_begin(log, low)
            yield Piece(begin, log.read_from(begin, min(LINE_MOST, end - begin)), end)
        end = begin


def line_begin(log: LogReader, offset: int) -> int:
    """Where the line begins that holds the byte at `offset`; at most 256 MiB before it."""
    end, lowest = offset, max(0, offset - FAR)
    while end > lowest:
        low = max(lowest, end - _STEP)
        place = log.read_from(low, end - low).rfind(b"\n")
        if place >= 0:
            return low + place + 1
        end = low
    return lowest


def line_end(log: LogReader, offset: int, size: int) -> int:
    """The offset behind the newline that ends the line of `offset`; at most 256 MiB behind it, or `size`."""
    highest = min(size, offset + FAR)
    while offset < highest:
        data = log.read_from(offset, min(_STEP, highest - offset))
        if not data:
            return size
        place = data.find(b"\n")
        if place >= 0:
            return offset + place + 1
        offset += len(data)
    return highest


def _long_line(log: LogReader, begin: int, data: bytes, size: int) -> Piece:
    """A line that does not end within `data`."""
    end = line_end(log, begin + len(data), size)
    kept = min(LINE_MOST, end - begin)
    return Piece(begin, data[:kept] + log.read_from(begin + len(data), kept - len(data)), end)
