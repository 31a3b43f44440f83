"""The matching lines of a log: found one by one from any place, or all of them, counted.

Looked for in slices, so that whoever asks can do other things between two.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterator

from orp_tui.logs.match import Searcher
from orp_tui.logs.pieces import line_begin, pieces_after, pieces_before
from orp_tui.logs.reader import LogReader

HITS_MOST = 4_000_000
"""Matching lines that are kept: 32 MiB."""
_SLICE = 512 << 10
_OPEN_MOST = 1 << 20
"""Bytes of a line without newline that are searched again each time it grows."""


class Hits:
    """All lines of a log that match, collected from the end backwards, then as it grows.

    `step` goes on; everything else answers from what was found so far.
    """

    def __init__(self, log: LogReader, matcher: Searcher) -> None:
        self.matcher = matcher
        self._log = log
        self._older = array("Q")  # newest first
        self._newer = array("Q")
        self._open = array("Q")  # the last line, while it has no newline
        self._back = self._on = line_begin(log, log.size())
        self._looked_at = -1
        self._behind = pieces_before(log, self._back, _SLICE)

    @property
    def total(self) -> int:
        """Matching lines found."""
        return len(self._older) + len(self._newer) + len(self._open)

    @property
    def complete(self) -> bool:
        """Whether all were found that there are."""
        return self._back == 0 and self._looked_at == self._log.size()

    @property
    def full(self) -> bool:
        """Whether there are more than are kept."""
        return len(self._older) >= HITS_MOST

    @property
    def searched(self) -> float:
        """Share of the log that was looked at, 0 to 1."""
        return 1.0 if not self._on else 1 - self._back / self._on

    def step(self) -> bool:
        """Look at the next slice. False if there is nothing more to look at for now."""
        size = self._log.size()
        if size != self._looked_at:
            self._step_on(size)
            return True
        if self._back > 0 and not self.full:
            piece = next(self._behind, None)
            if piece is None:
                self._back = 0
            else:
                self._older.extend(piece.begin + hit for hit in reversed(self.matcher.lines(piece.data)))
                self._back = piece.begin
        return self._back > 0 and not self.full

    def rank(self, offset: int) -> int:
        """How many of those found begin before `offset`."""
        older = bisect.bisect_left(self._older, -offset, key=lambda begin: -begin)
        # `older` is newest first: those behind the place begin at or before the offset.
        before = len(self._older) - older
        if older < len(self._older) and self._older[older] == offset:
            before -= 1
        newer = bisect.bisect_left(self._newer, offset)
        return before + newer + sum(begin < offset for begin in self._open)

    def begins(self, first: int, end: int) -> list[int]:
        """Where the lines begin that are number `first` to `end - 1` of those found, oldest first."""
        return [self._begin(number) for number in range(max(0, first), min(end, self.total))]

    def _begin(self, number: int) -> int:
        older = len(self._older)
        if number < older:
            return self._older[older - 1 - number]
        number -= older
        return self._newer[number] if number < len(self._newer) else self._open[0]

    def _step_on(self, size: int) -> None:
        del self._open[:]
        piece = next(pieces_after(self._log, self._on, size, _SLICE), None)
        if piece is None:
            self._looked_at = size
            return
        if piece.end < size or piece.data.endswith(b"\n") or self._log.read_from(size - 1, 1) == b"\n":
            self._newer.extend(piece.begin + hit for hit in self.matcher.lines(piece.data))
            self._on = piece.end
            self._looked_at = size if piece.end == size else -1
            return
        whole = piece.data.rfind(b"\n") + 1
        if whole:
            self._newer.extend(piece.begin + hit for hit in self.matcher.lines(piece.data[:whole]))
            self._on = piece.begin + whole
        last = piece.data[whole : whole + _OPEN_MOST]
        self._open.extend(self._on + hit for hit in self.matcher.lines(last))
        self._looked_at = size


def find_next(log: LogReader, matcher: Searcher, begin: int) -> Iterator[int | None]:
    """Where the first matching line begins at or after the line of `begin`.

    Gives None after each slice without a hit; ends without a hit at the end of the log.
    """
    for piece in pieces_after(log, begin, log.size(), _SLICE):
        hits = matcher.lines(piece.data)
        if hits:
            yield piece.begin + hits[0]
            return
        yield None


def find_previous(log: LogReader, matcher: Searcher, end: int) -> Iterator[int | None]:
    """Where the last matching line begins that lies before `end`, where a line begins; as `find_next`."""
    for piece in pieces_before(log, end, _SLICE):
        hits = matcher.lines(piece.data)
        if hits:
            yield piece.begin + hits[-1]
            return
        yield None
