"""Finding a place in a log, in slices: the next matching line, once round; a line by its number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orp_tui.logs.counting import LineCount
from orp_tui.logs.hits import find_next, find_previous
from orp_tui.logs.match import Searcher
from orp_tui.logs.pieces import line_begin, line_end
from orp_tui.logs.reader import LogReader


class Found(NamedTuple):
    """Where a search has led."""

    begin: int | None
    """Offset of the line; None if there is none."""
    notice: str = ""
    """What should be said of it."""


def seek(
    log: LogReader, searcher: Searcher, offset: int, *, forward: bool, what: str, around: bool = True
) -> Iterator[Found | None]:
    """The first matching line that begins at or after `offset`, or the last one before.

    Once round the log, or with `around` False only to its end. Gives None after each slice, and
    what was found last.
    """
    size = log.size()
    if forward:
        halves = (find_next(log, searcher, offset), find_next(log, searcher, 0))
        notice = f"{what}: from the beginning again"
    else:
        end = offset if offset < size else size
        halves = (find_previous(log, searcher, end), find_previous(log, searcher, size))
        notice = f"{what}: from the end again"
    for half, said in ((halves[0], ""), (halves[1], notice))[: 2 if around else 1]:
        for begin in half:
            if begin is not None:
                yield Found(begin, said)
                return
            yield None
    yield Found(None, f"{what}: not found")


def seek_line(log: LogReader, count: LineCount, line: int) -> Iterator[Found | None]:
    """Line number `line`, from 0; the last one if there are fewer."""
    count.begin()
    while count.offset_of(line) is None and count.step():
        yield None
    begin = count.offset_of(line)
    if begin is not None:
        yield Found(begin)
    else:
        lines = count.lines or 0
        yield Found(line_begin(log, max(0, log.size() - 1)), f"there are only {lines:,} lines")


def seek_share(log: LogReader, percent: float) -> Iterator[Found | None]:
    """The line at so many per cent of the bytes."""
    offset = int(log.size() * min(100.0, max(0.0, percent)) / 100)
    yield Found(line_begin(log, offset))


def after(log: LogReader, begin: int) -> int:
    """Where the line behind the one of `begin` begins."""
    return line_end(log, begin, log.size())
