"""One event file, read as it grows: whole records, what is broken passed over, what is torn waited for."""

from __future__ import annotations

import dataclasses
import os
import re
from typing import Any

from orp_tui.metrics.growing import GrowingFile, Grown, Place
from orp_tui.metrics.readers.tfevents_records import HEADER, WRONG, Records, next_record, records_in
from orp_tui.metrics.readers.tfevents_spans import Spans

WINDOW = 512 << 10
"""Bytes that one read looks at: some 10,000 scalars."""
LARGEST = 8 << 20
"""A record that is longer (a graph, a picture) is passed over unread."""
_SUMMARY = re.compile(rb"(?:\x09.{8})?(?:\x10[\x80-\xff]*[\x00-\x7f])?\x2a", re.DOTALL)
"""The start of an event in which scalars may be: time, step, then what holds values."""
_MOST_BREAKS = 256
"""Broken places that are passed over in one read."""
_AFTER_A_BREAK = 8
"""Records that are looked at first behind one: where each second one is broken, more would be for nothing."""
_ENOUGH = 32
"""Bytes that such a start never exceeds."""


@dataclasses.dataclass(slots=True)
class Stretch:
    """What one read of the file brought."""

    data: bytes = b""
    offset: int = 0
    """Where `data` begins in the file."""
    spans: Spans = dataclasses.field(default_factory=Spans)
    """The payloads in `data`, checked."""
    bad: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    """Where in `data` something begins that is passed over, and what is wrong with it."""
    restarted: str = ""
    """As of a MetricBatch; nothing else is told then, and the file is to be read from the beginning."""
    more: bool = False
    trouble: str = ""

    @property
    def first_bad(self) -> str:
        """The first thing that is passed over, in words; there must be one."""
        at, words = min(self.bad)
        return f"byte {self.offset + at:,}: {words}"


class EventFile:
    """The records of one file. It need not exist yet. One thread at a time.

    A record that is broken is passed over once a sound one is seen behind it. Until then it may be one
    that is still being written, as over a network, where a file can be longer than what has arrived.
    """

    def __init__(self, path: str, *, mark: dict[str, Any] | None = None, follow_links: bool = False) -> None:
        """`mark` is what `mark` of an earlier one gave. Raises KeyError, TypeError or ValueError if it is none."""
        place = Place() if mark is None else Place.from_json(mark)
        self._file = GrowingFile(path, place=place, follow_links=follow_links)
        self._skip = 0 if mark is None else int(mark["skip"])
        """Bytes of a record that is too long, still to come."""
        self._lost = mark is not None and bool(mark["lost"])
        """Whether it stands in something broken that was told already."""
        self.waits = False
        """Whether it ends in something broken that a final read would pass over."""
        self._unread = False
        """Whether the last read left something that it could have read."""

    @property
    def mark(self) -> dict[str, Any]:
        return {**self._file.place.to_json(), "skip": self._skip, "lost": self._lost}

    @property
    def begun(self) -> bool:
        """Whether anything was read of it."""
        return self._file.place.offset > 0

    def changed(self) -> bool:
        return self._unread or self._file.changed()

    def written_at(self) -> float:
        """When it was last written to, seconds since 1970; 0 if it is not there."""
        try:
            return os.stat(self._file.path).st_mtime
        except OSError:
            return 0.0

    def read(self, *, final: bool = False) -> Stretch:
        """What is new, up to half a MiB or one long record. `final`: what is broken at the end will not be mended."""
        grown = self._file.look(WINDOW)
        if grown.trouble or grown.restarted:
            return Stretch(trouble=grown.trouble, restarted=grown.restarted)
        if self._skip:
            return self._pass_over(grown)
        found = records_in(grown.data)
        if not found.spans and not grown.at_end and WINDOW < found.needed <= LARGEST:
            grown = self._file.look(found.needed)
            if grown.trouble or grown.restarted:
                return Stretch(trouble=grown.trouble, restarted=grown.restarted)
            found = records_in(grown.data)
        stretch = Stretch(grown.data, self._file.place.offset)
        self.waits = self._unread = False
        end = self._collect(stretch, found, grown, final=final)
        self._file.advance(grown.data[:end])
        stretch.more = end > 0 and (self._unread or not grown.at_end)
        return stretch

    def _collect(self, stretch: Stretch, found: Records, grown: Grown, *, final: bool) -> int:
        """Put the payloads into `stretch`; the place up to which `data` is done with."""
        most = 0
        for _ in range(_MOST_BREAKS):
            self._take(stretch, found)
            while found.paused:
                most *= 2
                found = records_in(stretch.data, found.end, most)
                self._take(stretch, found)
            if found.needed > LARGEST:
                return self._begin_to_skip(stretch, found)
            if not found.broken:
                return found.end
            sound = next_record(stretch.data, found.end + 1)
            if sound < 0:
                return self._give_up(stretch, found, wait=grown.at_end and not final)
            self._tell_broken(stretch, found)
            most = _AFTER_A_BREAK
            found = Records(Spans(), sound, paused=True)
        self._unread = True
        return found.end

    def _take(self, stretch: Stretch, found: Records) -> None:
        stretch.spans.extend(found.spans)
        stretch.bad += [(at, WRONG) for at in found.wrong]
        self._lost = self._lost and not found.spans and not found.wrong

    def _give_up(self, stretch: Stretch, found: Records, *, wait: bool) -> int:
        """Nothing sound stands behind what is broken, as far as can be seen."""
        self.waits = wait
        if wait:
            return found.end
        self._tell_broken(stretch, found)
        self._lost = True
        return max(found.end, len(stretch.data) - HEADER + 1)  # a header may begin there

    def _tell_broken(self, stretch: Stretch, found: Records) -> None:
        if not self._lost:
            stretch.bad.append((found.end, found.broken))

    def _begin_to_skip(self, stretch: Stretch, found: Records) -> int:
        start = stretch.data[found.end + HEADER :]
        if found.end or len(start) < _ENOUGH:
            return found.end  # the next read sees what it begins with
        if _SUMMARY.match(start):
            stretch.bad.append((0, f"a record longer than {LARGEST >> 20} MiB"))
        self._skip = found.needed - len(stretch.data)
        return len(stretch.data)

    def _pass_over(self, grown: Grown) -> Stretch:
        passed = grown.data[: self._skip]
        self._skip -= len(passed)
        self._file.advance(passed)
        return Stretch(more=bool(passed) and (len(passed) < len(grown.data) or not grown.at_end))
