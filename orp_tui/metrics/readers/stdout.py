"""Reader of what a training prints: any log, line by line, as `orp_tui.metrics.stdout` reads it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from typing import Any

from orp_tui.core.ports import MetricBatch
from orp_tui.metrics.growing import GrowingFile, Place
from orp_tui.metrics.name_filter import NameFilter
from orp_tui.metrics.readers.points_by_name import PointsByName
from orp_tui.metrics.stdout.parser import LogParser, Missed, Record
from orp_tui.metrics.stdout.pieces import PieceReader

WINDOW = 64 << 10
"""Bytes that are looked at together: some hundred lines, at most a tenth of a second."""
_MOST_WINDOWS = 16
_MOST_LINES = 200
"""So many windows are read at once, while so few lines had to be looked into: most are passed over much faster."""


@dataclasses.dataclass(frozen=True, slots=True)
class News:
    """What one look brought."""

    records: Sequence[Record] = ()
    restarted: str = ""
    more: bool = False
    trouble: str = ""
    """These three as in MetricBatch."""


class StdoutReader:
    """What is new in a log, at each read. One thread at a time.

    A step that the log does not tell is the one it told last; a time that it does not tell is NaN, for
    when a line was written can't be known afterwards. A line counts when it has ended. `final` takes
    what is known of a line without an end, and of one that is drawn over, if it has come to its last state.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, mark: dict[str, Any] | None = None, follow_links: bool = False,
        patterns: Sequence[str] = (), include: Sequence[str] = (), exclude: Sequence[str] = (), missed: Missed | None = None,
    ) -> None:  # fmt: skip
        """`mark` is what `mark` of an earlier reader gave; a damaged one means from the beginning.

        `patterns` are regular expressions with named groups, `include` and `exclude` globs of names;
        `missed` is told lines with numbers that are not taken.
        """
        self._options: dict[str, Any] = {
            "patterns": patterns,
            "names": NameFilter(include, exclude),
            "missed": missed,
        }
        self.unfinished = b""
        """A last line without its end of which nothing can be taken yet, as of the last final look."""
        place = self._resume(mark)
        self._file = GrowingFile(path, place=place, follow_links=follow_links)

    def _resume(self, mark: dict[str, Any] | None) -> Place:
        bare = bool(self._options["patterns"])
        self._pieces, self._parser = PieceReader(bare_numbers=bare), LogParser(**self._options)
        if mark is None or not isinstance(mark.get("parser"), dict):
            return Place()
        try:
            parser = LogParser(**self._options, saved=mark["parser"])
            pieces = PieceReader(int(mark["lines"]), is_skipping=bool(mark["skipping"]), bare_numbers=bare)
            place = Place.from_json(mark)
        except (KeyError, TypeError, ValueError, AttributeError):
            return Place()
        self._pieces, self._parser = pieces, parser
        return place

    @property
    def mark(self) -> dict[str, Any]:
        return {
            **self._file.place.to_json(),
            "lines": self._pieces.lines,
            "skipping": self._pieces.is_skipping,
            "parser": self._parser.to_json(),
        }

    @property
    def lines(self) -> int:
        """Lines that have ended so far."""
        return self._pieces.lines

    @property
    def trouble(self) -> str:
        """Which patterns can't be used, and why; empty if all can."""
        return self._parser.trouble

    @property
    def skipped(self) -> int:
        """Lines longer than 4 KiB that were passed over since this reader was made."""
        return self._pieces.skipped

    def changed(self) -> bool:
        return self._file.changed()

    def read(self, *, final: bool = False) -> MetricBatch:
        news = self.look(final=final)
        trouble = news.trouble or self._parser.trouble
        return MetricBatch(points_of(news.records), news.restarted, news.more, trouble=trouble)

    def look(self, *, final: bool = False) -> News:
        """As `read`, line by line."""
        begun = self._parser.looked_into
        for _ in range(_MOST_WINDOWS):
            news = self._window(final=final)
            is_cheap = self._parser.looked_into - begun < _MOST_LINES
            if news.records or news.restarted or not (news.more and is_cheap):
                break
        return news

    def _window(self, *, final: bool) -> News:
        grown = self._file.look(WINDOW)
        if grown.trouble:
            return News(trouble=grown.trouble)
        if grown.restarted:
            self._resume(None)
        at_end = final and grown.at_end
        pieces, used = self._pieces.take(grown.data, final=at_end)
        records = self._parser.feed(pieces)
        if self._pieces.is_skipping:
            self._parser.drop_tail()
        self._file.advance(grown.data[:used])
        if at_end:
            records += self._tail(grown.data[used:])
            records += self._parser.pause()
        return News(records, grown.restarted, more=not grown.at_end and used > 0)

    def _tail(self, raw: bytes) -> list[Record]:
        self.unfinished = b""
        if not raw or self._pieces.is_skipping:
            return []
        is_drawn = self._file.place.before[-1:] == b"\r"
        told = self._parser.tail(raw, self._pieces.lines + 1, is_drawn=is_drawn)
        if told is None:
            self.unfinished = raw
        return told or []


def points_of(records: Iterable[Record]) -> dict[str, Any]:
    """The points of each metric, in the order in which they were said."""
    found = PointsByName()
    for record in records:
        for name, value in record.values.items():
            found.add(name, record.step, value, record.time)
    return dict(found.points())
