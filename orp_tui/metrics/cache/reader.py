"""What the cache knows, for everybody but its writer. Where it can't be read it knows nothing.

Each call opens the file, reads as of one moment and lets go: it may be deleted or made anew at any time.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from orp_tui.core.series import Points, Series
from orp_tui.metrics.cache.blocks import STRETCH, CachedBlocks
from orp_tui.metrics.cache.database import PLACE_BITS, Connection, give_up, opened_to_read
from orp_tui.metrics.cache.packing import check_header, unpacked_header
from orp_tui.metrics.cache.rows import (
    COLUMNS,
    Damaged,
    TagSummary,
    Unsound,
    can_be_stored,
    decoded,
    identity,
    spec_from_json,
    unescaped,
)
from orp_tui.metrics.headed import Along, steps_of
from orp_tui.metrics.header import Header
from orp_tui.metrics.sources import SourceSpec

Json = dict[str, Any]  # Any: values as JSON gives them

T = TypeVar("T")

_COLUMNS = ", ".join(f"metric.{name}" for name in COLUMNS)


@dataclasses.dataclass(frozen=True)
class CachedSource:
    """One source of a run, as far as it was read."""

    spec: SourceSpec
    mark: Json
    """A reader made with it goes on there."""
    identity: str
    """Of a complete run: what the file was like when nothing more came; "" for a folder."""
    bad: int
    """Records passed over."""
    first_bad: str
    """The first of them, in words."""
    series: Mapping[str, Series]
    """By the names of the source, in the order of their first appearance."""


@dataclasses.dataclass(frozen=True)
class CachedRun:
    """A run as the cache had it at one moment: marks and series belong together."""

    run_id: str
    complete: bool
    """It had ended, and everything was read."""
    sources: tuple[CachedSource, ...]

    @property
    def marks(self) -> dict[str, Json]:
        """Key of each source → where it stands."""
        return {source.spec.key: source.mark for source in self.sources}

    @property
    def is_up_to_date(self) -> bool:
        """Whether it is complete, and no file of it has changed since; one that is gone has not."""
        return (
            self.complete
            and bool(self.sources)
            and all(identity(source.spec.path) in ("", source.identity) for source in self.sources)
        )


class MetricCache:
    """Questions to `state/metrics.db`. For any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def run(self, run_id: str) -> CachedRun | None:
        """All that is known of a run; None if nothing is. Points are read when they are asked for."""
        return self._ask(lambda connection: self._run(connection, run_id), None)

    def marks(self, run_id: str) -> dict[str, Json]:
        """Key of each source of a run → where it stands; {} for one that is not there."""
        return self._ask(lambda connection: _marks(connection, run_id), {})

    def summaries(
        self, run_ids: Collection[str] | None = None, names: Collection[str] | None = None
    ) -> list[TagSummary]:
        """Of these runs and shown names, of all without them; what is not known is left out."""
        return self._ask(lambda connection: _summaries(connection, run_ids, names), [])

    def series(self, run_id: str, name: str) -> Series | None:
        """The metric that is shown under this name; None if it is not known."""
        return self._ask(lambda connection: self._named(connection, run_id, name), None)

    def headers(self, run_id: str, name: str) -> tuple[Header, ...]:
        """Of the stretches of 1,024 points of a metric, in order; () if it is not known."""
        series = self.series(run_id, name)
        return () if series is None else tuple(_blocks(series).headers())

    def blocks(self, run_id: str, name: str, low: float, high: float) -> list[Points]:
        """The stretches of a metric that hold steps between `low` and `high`, in order; [] if it is not known."""
        series = self.series(run_id, name)
        return [] if series is None else list(Along(_blocks(series), steps_of).points_within((low, high)))

    def _ask(self, question: Callable[[Connection], T], unknown: T) -> T:
        """The answer, all of it as of one moment; `unknown` if the cache can't be read, or makes no sense."""
        with opened_to_read(self._path) as connection:
            if connection is None:
                return unknown
            try:
                return question(connection)
            except Damaged:
                give_up(self._path, connection)
                return unknown
            except (sqlite3.Error, Unsound):
                return unknown

    def _run(self, connection: Connection, run_id: str) -> CachedRun | None:
        row = connection.execute("SELECT id, complete FROM run WHERE name = ?", (run_id,)).fetchone()
        if row is None:
            return None
        sources = connection.execute(
            "SELECT id, spec, mark, identity, bad, first_bad FROM source WHERE run = ? ORDER BY id", (row[0],)
        ).fetchall()
        found = tuple(
            CachedSource(
                spec_from_json(spec), decoded(mark), stamp, bad, first, self._of_source(connection, source)
            )
            for source, spec, mark, stamp, bad, first in sources
        )
        return CachedRun(run_id, bool(row[1]), found)

    def _of_source(self, connection: Connection, source: int) -> dict[str, Series]:
        rows = connection.execute(
            "SELECT id, tag, header FROM metric WHERE source = ? ORDER BY id", (source,)
        ).fetchall()
        return {tag: self._one(connection, number, tag, header) for number, tag, header in rows}

    def _named(self, connection: Connection, run_id: str, name: str) -> Series | None:
        if not can_be_stored(name):
            return None
        row = connection.execute(
            "SELECT metric.id, metric.header FROM metric JOIN run ON run.id = metric.run "
            "WHERE run.name = ? AND metric.name = ?",
            (run_id, name),
        ).fetchone()
        return None if row is None else self._one(connection, row[0], name, row[1])

    def _one(self, connection: Connection, number: int, name: str, header: bytes) -> Series:
        summary = unpacked_header(header).summary
        ends = number << PLACE_BITS, (number + 1) << PLACE_BITS
        rows = connection.execute(
            "SELECT header FROM block WHERE key >= ? AND key < ? ORDER BY key", ends
        ).fetchall()
        if len(rows) != -(-summary.count // STRETCH):
            raise Unsound(f"metric {number} has not the blocks that it should have")
        for (data,) in rows:
            check_header(data)
        packed = b"".join([data for (data,) in rows])
        return Series(name, CachedBlocks(self._path, connection.name, number, summary.count, packed), summary)


def _marks(connection: Connection, run_id: str) -> dict[str, Json]:
    rows = connection.execute(
        "SELECT source.key, source.mark FROM source JOIN run ON run.id = source.run WHERE run.name = ?",
        (run_id,),
    )
    return {unescaped(key): decoded(mark) for key, mark in rows}


def _summaries(
    connection: Connection, run_ids: Collection[str] | None, names: Collection[str] | None
) -> list[TagSummary]:
    where, values = ["metric.name IS NOT NULL"], []
    if names is not None:
        where.append("metric.name IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(filter(can_be_stored, names))))
    if run_ids is not None:
        where.append("run.name IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(run_ids)))
    rows = connection.execute(
        f"SELECT run.name, metric.name, {_COLUMNS} FROM metric JOIN run ON run.id = metric.run "  # noqa: S608 - our names
        f"WHERE {' AND '.join(where)}",
        values,
    )
    return list(map(TagSummary._make, rows))


def _blocks(series: Series) -> CachedBlocks:
    assert isinstance(series.blocks, CachedBlocks)
    return series.blocks
