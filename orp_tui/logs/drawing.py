"""Lines of any length drawn into `RecentRows`: of a long one only what can be shown of it.

That is its beginning; or, if it was redrawn with carriage returns, its last frames.
"""

from __future__ import annotations

from orp_tui.logs.lines import ROW_LIMIT
from orp_tui.logs.progress import RecentRows
from orp_tui.logs.reader import LogReader


def feed_lines(recent: RecentRows, data: bytes) -> None:
    """Draw bytes that are at hand."""
    if len(data) <= ROW_LIMIT or max(map(len, data.split(b"\n"))) <= ROW_LIMIT:
        recent.feed(data)
        return
    *lines, last = data.split(b"\n")
    for line in lines:
        _feed_line(recent, line)
        recent.feed(b"\n")
    if last:
        _feed_line(recent, last)


def feed_long_line(recent: RecentRows, log: LogReader, end: int) -> None:
    """Draw the one long line of `log` that lies from `recent.position` to `end`, its newline included."""
    low = max(recent.position, end - ROW_LIMIT)
    frames = _frames(log.read_from(low, end - low))
    recent.feed(frames or log.read_from(recent.position, min(ROW_LIMIT + 1, end - recent.position)))
    recent.position = end
    if log.read_from(end - 1, 1) == b"\n":
        recent.position = end - 1
        recent.feed(b"\n")


def _feed_line(recent: RecentRows, line: bytes) -> None:
    end = recent.position + len(line)
    if len(line) > ROW_LIMIT:
        line = _frames(line[-ROW_LIMIT:]) or line[: ROW_LIMIT + 1]
    recent.feed(line)
    recent.position = end


def _frames(data: bytes) -> bytes:
    """What follows the first carriage return, if it is none that only ends the line."""
    data = data.rstrip(b"\r\n")
    place = data.find(b"\r")
    return b"" if place < 0 else data[place:]
