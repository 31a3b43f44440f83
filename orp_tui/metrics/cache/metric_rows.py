"""The rows of metrics and their blocks: points are added behind those that are there."""

from __future__ import annotations

import dataclasses
import math
import sqlite3
import zlib
from collections.abc import Mapping

from orp_tui.core.series import Points
from orp_tui.metrics.by_step import StepBuilder, continues
from orp_tui.metrics.cache.blocks import STRETCH
from orp_tui.metrics.cache.database import PLACE_BITS
from orp_tui.metrics.cache.packing import (
    POINT_BYTES,
    check_points,
    checksum_of_points,
    packed,
    packed_header,
    unpacked,
    unpacked_header,
)
from orp_tui.metrics.cache.rows import COLUMNS, Unsound, can_be_stored, columns_of
from orp_tui.metrics.header import Header, header_of, joined
from orp_tui.metrics.table import MOST_METRICS

_SET = ", ".join(f"{name} = ?" for name in (*COLUMNS, "header"))
_NAMES = ", ".join(("run", "source", "tag", *COLUMNS, "header"))
_MARKS = ", ".join("?" * (len(COLUMNS) + 4))
_KEPT_IN_MEMORY = 5_000


@dataclasses.dataclass
class _Metric:
    """One metric as its rows have it."""

    number: int
    whole: Header
    last: Header | None
    """Of the last stretch, if that is not full."""
    checksum: int = 0
    """Of the points of that stretch."""

    @property
    def last_step(self) -> float:
        return self.whole.steps.last if self.whole.length else -math.inf

    @property
    def count(self) -> int:
        return int(self.whole.length)


class MetricRows:
    """Inside the transactions of a writer, and remembers what it wrote last."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[int, str], _Metric] = {}
        self._counts: dict[int, int] = {}

    def forget_memory(self) -> None:
        """What is remembered may not be what is in the file."""
        self._known, self._counts = {}, {}

    def add(self, run: int, source: int, found: Mapping[str, Points], *, by_step: bool = False) -> bool:
        """Add the points of each metric; whether one of them is new. Metrics beyond the first 10,000 are left out.

        `by_step`: what is out of order is put in order, and of one step one point is kept.
        """
        news = False
        for tag, points in found.items():
            if not points or not can_be_stored(tag):
                continue
            metric = self._metric(source, tag)
            if metric is None:
                if self._count(run) >= MOST_METRICS:
                    continue
                metric, news = self._insert(run, source, tag), True
            if by_step and not continues(metric.last_step, points):
                self._put_in_order(metric, tag, points)
            else:
                self._extend(metric, points)
        if len(self._known) > _KEPT_IN_MEMORY:
            self.forget_memory()
        return news

    def _put_in_order(self, metric: _Metric, tag: str, points: Points) -> None:
        """Write a metric anew, under another number: what was read of the old one stays what it was."""
        builder = StepBuilder(tag)
        for part in (*self._all(metric.number), points):
            builder.extend(part)
        run, source, name = self._connection.execute(
            "SELECT run, source, name FROM metric WHERE id = ?", (metric.number,)
        ).fetchone()
        self._delete(metric.number)
        self._counts.pop(run, None)
        fresh = self._insert(run, source, tag)
        self._connection.execute("UPDATE metric SET name = ? WHERE id = ?", (name, fresh.number))
        for part in builder.series().blocks:
            self._extend(fresh, part)

    def _all(self, number: int) -> list[Points]:
        ends = number << PLACE_BITS, (number + 1) << PLACE_BITS
        rows = self._connection.execute(
            "SELECT points.data, block.header FROM points JOIN block USING (key) "
            "WHERE key >= ? AND key < ? ORDER BY key",
            ends,
        ).fetchall()
        for data, header in rows:
            unpacked_header(header)
            check_points(data, checksum_of_points(header))
        return [unpacked(data) for data, _ in rows]

    def _delete(self, number: int) -> None:
        ends = number << PLACE_BITS, (number + 1) << PLACE_BITS
        self._connection.execute("DELETE FROM points WHERE key >= ? AND key < ?", ends)
        self._connection.execute("DELETE FROM block WHERE key >= ? AND key < ?", ends)
        self._connection.execute("DELETE FROM metric WHERE id = ?", (number,))

    def forget_source(self, source: int) -> None:
        """Take out all that came from a source."""
        for (number,) in self._connection.execute(
            "SELECT id FROM metric WHERE source = ?", (source,)
        ).fetchall():
            self._delete(number)
        self.forget_memory()

    def forget_run(self, run: int) -> None:
        """Take out all metrics of a run."""
        for (source,) in self._connection.execute("SELECT id FROM source WHERE run = ?", (run,)).fetchall():
            self.forget_source(source)

    def _count(self, run: int) -> int:
        if run not in self._counts:
            asked = self._connection.execute("SELECT COUNT(*) FROM metric WHERE run = ?", (run,))
            self._counts[run] = asked.fetchone()[0]
        return self._counts[run]

    def _metric(self, source: int, tag: str) -> _Metric | None:
        known = self._known.get((source, tag))
        if known is None:
            row = self._connection.execute(
                "SELECT id, header FROM metric WHERE source = ? AND tag = ?", (source, tag)
            ).fetchone()
            if row is None:
                return None
            whole = unpacked_header(row[1])
            known = _Metric(row[0], whole, *self._last(row[0], int(whole.length)))
            self._known[source, tag] = known
        return known

    def _last(self, number: int, count: int) -> tuple[Header | None, int]:
        """Header and checksum of the last stretch, if that is not full."""
        if count % STRETCH == 0:
            return None, 0
        key = (number << PLACE_BITS) + count // STRETCH
        data = self._one("SELECT header FROM block WHERE key = ?", key)
        return unpacked_header(data), checksum_of_points(data)

    def _one(self, question: str, key: int) -> bytes:
        row = self._connection.execute(question, (key,)).fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise Unsound(f"block {key} is not there")
        return row[0]

    def _insert(self, run: int, source: int, tag: str) -> _Metric:
        empty = Header()
        cursor = self._connection.execute(
            f"INSERT INTO metric ({_NAMES}) VALUES ({_MARKS})",  # noqa: S608 - our names
            (run, source, tag, *columns_of(empty), packed_header(empty)),
        )
        assert cursor.lastrowid is not None
        self._counts[run] = self._count(run) + 1
        metric = self._known[source, tag] = _Metric(cursor.lastrowid, empty, None)
        return metric

    def _extend(self, metric: _Metric, points: Points) -> None:
        start = 0
        if metric.last is not None:
            start = min(len(points), STRETCH - int(metric.last.length))
            self._lengthen(metric, _part(points, 0, start))
        for place in range(start, len(points), STRETCH):
            self._append(metric, _part(points, place, min(place + STRETCH, len(points))))
        self._connection.execute(
            f"UPDATE metric SET {_SET} WHERE id = ?",  # noqa: S608 - our names
            (*columns_of(metric.whole), packed_header(metric.whole), metric.number),
        )

    def _lengthen(self, metric: _Metric, points: Points) -> None:
        """Add to the last stretch, in which there is room for them."""
        assert metric.last is not None
        key = (metric.number << PLACE_BITS) + metric.count // STRETCH
        new = header_of(points)
        last = joined(metric.last, new)
        before = self._one("SELECT data FROM points WHERE key = ?", key)
        if len(before) != int(metric.last.length) * POINT_BYTES:
            raise Unsound(f"block {key} is not as long as its header says")
        check_points(before, metric.checksum)
        data = before + packed(points)
        metric.checksum = zlib.crc32(data)
        header = packed_header(last, metric.checksum)
        self._connection.execute("UPDATE points SET data = ? WHERE key = ?", (data, key))
        self._connection.execute("UPDATE block SET header = ? WHERE key = ?", (header, key))
        metric.last = None if last.length == STRETCH else last
        metric.whole = joined(metric.whole, new)

    def _append(self, metric: _Metric, points: Points) -> None:
        """A stretch behind full ones."""
        key = (metric.number << PLACE_BITS) + metric.count // STRETCH
        header = header_of(points)
        data = packed(points)
        metric.checksum = zlib.crc32(data)
        self._connection.execute("INSERT INTO points VALUES (?, ?)", (key, data))
        self._connection.execute(
            "INSERT INTO block VALUES (?, ?)", (key, packed_header(header, metric.checksum))
        )
        metric.last = None if header.length == STRETCH else header
        metric.whole = joined(metric.whole, header)


def _part(points: Points, start: int, end: int) -> Points:
    if start == 0 and end == len(points):
        return points
    return Points(points.steps[start:end], points.values[start:end], points.times[start:end])
