"""The points of one metric in the cache, read when somebody asks; nothing is held open between."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from orp_tui.core.errors import StoreError
from orp_tui.core.series import BLOCK, Points
from orp_tui.metrics.cache.database import PLACE_BITS, Connection, give_up, opened_to_read
from orp_tui.metrics.cache.packing import (
    HEADER_BYTES,
    POINT_BYTES,
    check_points,
    checksum_of_points,
    unpacked,
    unpacked_header,
    unpacked_headers,
)
from orp_tui.metrics.cache.rows import Damaged
from orp_tui.metrics.headed import HeadedBlocks
from orp_tui.metrics.header import Header

STRETCH = 1024
"""Points of a stretch; only the last one of a metric has fewer."""
_TOGETHER = BLOCK // STRETCH
"""Stretches that are given as one block."""
_AT_ONCE = 500
"""Keys in one question."""


@dataclasses.dataclass(frozen=True)
class CachedBlocks(HeadedBlocks):
    """The first `length` points of a metric as they were when it was looked up.

    A stretch is only ever added to, and a metric's number never given again, so what is read
    later is what was there then. Reading points raises StoreError if they are gone, or were found
    damaged: then the whole cache is.
    """

    path: Path
    cache: str
    """Name of the cache: one that was made anew holds other numbers."""
    metric: int
    length: int
    packed_headers: bytes
    tail: tuple[Points, ...] = ()

    @property
    def end_times(self) -> tuple[float, float]:
        first = unpacked_header(self.packed_headers[:HEADER_BYTES]).times.first
        last = unpacked_header(self.packed_headers[-HEADER_BYTES:]).times.last
        return first, self.tail[-1].times[-1] if self.tail else last

    def headers(self) -> Iterator[Header]:
        return unpacked_headers(self.packed_headers)

    def stretches(self, places: Sequence[int]) -> dict[int, Points]:
        data = self._read(places)
        return {place: unpacked(data[place], self._length(place)) for place in data}

    def __len__(self) -> int:
        return -(-self._stretches // _TOGETHER) + len(self.tail)

    def __iter__(self) -> Iterator[Points]:
        for place in range(len(self) - len(self.tail)):
            yield self.block(place)
        yield from self.tail

    def followed_by(self, more: tuple[Points, ...]) -> CachedBlocks:
        return dataclasses.replace(self, tail=self.tail + more)

    @property
    def _stretches(self) -> int:
        return len(self.packed_headers) // HEADER_BYTES

    def _length(self, place: int) -> int:
        return min(STRETCH, self.length - place * STRETCH)

    def block(self, place: int) -> Points:
        """So many stretches as one; raises StoreError if they are gone."""
        places = range(place * _TOGETHER, min((place + 1) * _TOGETHER, self._stretches))
        data = self._read(places)
        if len(data) < len(places):
            raise StoreError(
                f"{self.path}: was made anew, or found damaged, while metrics were read from it; try again"
            )
        return unpacked(b"".join(data[each] for each in places))

    def _read(self, places: Sequence[int]) -> dict[int, bytes]:
        """The bytes of stretches as they were; those that are gone, or shorter, are left out. All are gone if one is damaged."""
        if not places:
            return {}
        found: dict[int, bytes] = {}
        with opened_to_read(self.path) as connection:
            if connection is None or connection.name != self.cache:
                return {}
            try:
                for some in _batches(places):
                    found.update(self._asked(connection, some))
            except sqlite3.Error:
                return {}
            except Damaged:
                give_up(self.path, connection)
                return {}
        return found

    def _asked(self, connection: Connection, places: Sequence[int]) -> dict[int, bytes]:
        first = self.metric << PLACE_BITS
        marks = ", ".join("?" * len(places))
        rows = connection.execute(
            f"SELECT key, data FROM points WHERE key IN ({marks})",  # noqa: S608 - marks
            [first + place for place in places],
        )
        found = {}
        for key, data in rows:
            size = self._length(key - first) * POINT_BYTES
            if len(data) >= size:
                found[key - first] = self._checked(key - first, data[:size])
        return found

    def _checked(self, place: int, data: bytes) -> bytes:
        """The same; raises Damaged if it is not what was written."""
        header = self.packed_headers[place * HEADER_BYTES : (place + 1) * HEADER_BYTES]
        check_points(data, checksum_of_points(header))
        return data


def _batches(places: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(places), _AT_ONCE):
        yield places[start : start + _AT_ONCE]
