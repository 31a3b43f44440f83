"""The one who writes the cache: new points and the mark of their file in one transaction, or nothing at all."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points
from orp_tui.files.failpoint import hit
from orp_tui.metrics.cache import database
from orp_tui.metrics.cache.metric_rows import MetricRows
from orp_tui.metrics.cache.rows import (
    Unsound,
    as_text,
    can_be_stored,
    decoded,
    encoded,
    escaped,
    spec_from_json,
    spec_to_json,
    unescaped,
)
from orp_tui.metrics.collecting import BY_STEP
from orp_tui.metrics.gathering import SourceNews
from orp_tui.metrics.merging import names_of
from orp_tui.metrics.sources import SourceSpec

Json = dict[str, Any]  # Any: values as JSON gives them


_MOST_BAD = 1 << 50


class CacheLost(Exception):
    """The cache is another one now and holds nothing: all that was written is to be written again."""


class CacheNotWritten(Exception):
    """Nothing was changed, the disk is full or somebody has read for long; what was to be written is lost."""


@dataclasses.dataclass(frozen=True)
class RunNews:
    """What is to be added to one run."""

    run_id: str
    batches: Sequence[SourceNews]
    """In the order in which they were read."""
    marks: Mapping[str, Json]
    """Key of each source → where it stands after all of them."""
    complete: bool = False
    """The run has ended and everything was read."""
    identities: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Of a complete run: key of each source → what `rows.identity` said before the read that found no more."""


class CacheWriter:
    """The open cache. One thread, and one process at a time: whoever holds the observer's lock."""

    def __init__(self, path: Path) -> None:
        """Raises sqlite3.Error or OSError if there can be none here now."""
        self._path = path
        self._connection = database.open_to_write(path)
        self._rows = MetricRows(self._connection)
        self._is_open = True

    def close(self) -> None:
        self._connection.close()
        self._is_open = False

    def marks(self, run_id: str) -> dict[str, Json]:
        """Key of each source of a run → where it stands; {} for one that is not there."""
        with self._guarded():
            found = self._connection.execute(
                "SELECT source.key, source.mark FROM source JOIN run ON run.id = source.run WHERE run.name = ?",
                (run_id,),
            )
            return {unescaped(key): decoded(mark) for key, mark in found}

    def known(self) -> dict[str, bool]:
        """Every run that is there, and whether it is complete."""
        with self._guarded():
            return {
                name: bool(complete)
                for name, complete in self._connection.execute("SELECT name, complete FROM run")
            }

    def write(self, news: Sequence[RunNews]) -> None:
        """Add all of it.

        Raises CacheLost or CacheNotWritten.
        """
        with self._transaction():
            for item in news:
                self._take(item)

    def forget(self, run_ids: Collection[str]) -> None:
        """Take runs out of the cache.

        Raises CacheLost or CacheNotWritten.
        """
        with self._transaction():
            for run_id in run_ids:
                for (run,) in self._connection.execute(
                    "SELECT id FROM run WHERE name = ?", (run_id,)
                ).fetchall():
                    self._rows.forget_run(run)
                    self._connection.execute("DELETE FROM source WHERE run = ?", (run,))
                    self._connection.execute("DELETE FROM run WHERE id = ?", (run,))

    def _take(self, news: RunNews) -> None:
        run = self._run(news)
        renamed = False
        for source, batches in _by_source(news.batches):
            mark = encoded(news.marks.get(source.key))
            if mark is None:
                continue  # nobody could go on behind it
            number = self._source(run, source, batches, mark)
            for restarted, points in _stretches(batches):
                if restarted:
                    self._rows.forget_source(number)
                renamed |= self._rows.add(run, number, points, by_step=source.kind in BY_STEP) or restarted
                hit("cache.points")
        if renamed:
            self._name(run)
        self._connection.executemany(
            "UPDATE source SET identity = ? WHERE run = ? AND key = ?",
            [(text, run, escaped(key)) for key, text in news.identities.items()],
        )

    def _run(self, news: RunNews) -> int:
        self._connection.execute(
            "INSERT INTO run (name, complete) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET complete = excluded.complete",
            (news.run_id, news.complete),
        )
        number: int = self._connection.execute(
            "SELECT id FROM run WHERE name = ?", (news.run_id,)
        ).fetchone()[0]
        return number

    def _source(self, run: int, source: SourceSpec, batches: Sequence[MetricBatch], mark: str) -> int:
        bad = min(sum(batch.bad for batch in batches), _MOST_BAD)
        first_bad = next((batch.first_bad for batch in batches if batch.first_bad), "")
        self._connection.execute(
            """
            INSERT INTO source (run, key, spec, mark, bad, first_bad) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (run, key) DO UPDATE SET spec = excluded.spec, mark = excluded.mark,
                bad = bad + excluded.bad,
                first_bad = CASE first_bad WHEN '' THEN excluded.first_bad ELSE first_bad END
            """,
            (run, escaped(source.key), spec_to_json(source), mark, bad, as_text(first_bad)),
        )
        number: int = self._connection.execute(
            "SELECT id FROM source WHERE run = ? AND key = ?", (run, escaped(source.key))
        ).fetchone()[0]
        return number

    def _name(self, run: int) -> None:
        """Give each metric of a run the name under which it is shown."""
        tags = self._tags(run)
        numbers = {(source.key, tag): number for source, names in tags for tag, number in names.items()}
        self._connection.execute("UPDATE metric SET name = NULL WHERE run = ?", (run,))
        self._connection.executemany(
            "UPDATE metric SET name = ? WHERE id = ?",
            [
                (name, numbers[origin.source.key, origin.tag])
                for name, origin in names_of(tags).items()
                if can_be_stored(name)
            ],
        )

    def _tags(self, run: int) -> list[tuple[SourceSpec, dict[str, int]]]:
        """The names in each source of a run, and the numbers of these metrics."""
        tags: dict[int, tuple[SourceSpec, dict[str, int]]] = {}
        for number, spec in self._connection.execute("SELECT id, spec FROM source WHERE run = ?", (run,)):
            tags[number] = spec_from_json(spec), {}
        for number, source, tag in self._connection.execute(
            "SELECT id, source, tag FROM metric WHERE run = ? ORDER BY id", (run,)
        ):
            tags[source][1][tag] = number
        return list(tags.values())

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._connection.execute("BEGIN IMMEDIATE")
            hit("cache.begun")
            yield
            hit("cache.written")
            self._connection.execute("COMMIT")
            hit("cache.committed")

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """What goes wrong inside undoes all of it; a cache that can't be used any more is made anew."""
        if not self._is_open:
            self._open_anew()
            raise CacheLost("it could not be opened before")
        try:
            if not self._connection.is_in_place(self._path):
                raise _Gone
            yield
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            self._rows.forget_memory()
            self._judge(error)
            raise

    def _judge(self, error: BaseException) -> None:
        """Say what an error means for what was written before; nothing if it is not about the cache."""
        if isinstance(error, _Gone):
            self._open_anew()
            raise CacheLost("it was deleted or replaced") from error
        if isinstance(error, Unsound) or (isinstance(error, sqlite3.Error) and database.is_damage(error)):
            self._connection.close()
            database.set_aside(self._path)
            self._open_anew()
            raise CacheLost(f"it was damaged: {error}") from error
        if isinstance(error, sqlite3.Error | OSError):
            raise CacheNotWritten(str(error)) from error

    def _open_anew(self) -> None:
        """Raises CacheNotWritten if there can be no cache now."""
        self.close()
        try:
            self._connection = database.open_to_write(self._path)
        except (sqlite3.Error, OSError) as error:
            raise CacheNotWritten(str(error)) from error
        self._rows = MetricRows(self._connection)
        self._is_open = True


class _Gone(Exception):
    """The file was deleted or replaced."""


def _by_source(news: Sequence[SourceNews]) -> list[tuple[SourceSpec, list[MetricBatch]]]:
    found: dict[str, list[SourceNews]] = {}
    for each in news:
        found.setdefault(each.source.key, []).append(each)
    return [(items[-1].source, [each.batch for each in items]) for items in found.values()]


def _stretches(batches: Sequence[MetricBatch]) -> Iterator[tuple[bool, dict[str, Points]]]:
    """The points of each metric since the beginning or since the file began anew, and whether it did."""
    restarted, found = False, dict[str, list[Points]]()
    for batch in batches:
        if batch.restarted:
            restarted, found = True, {}  # what was read before is no more there
        for name, points in batch.points.items():
            found.setdefault(name, []).append(points)
    yield restarted, {name: Points.joined(parts) for name, parts in found.items()}
