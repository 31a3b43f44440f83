"""The catalogue brought up to date: what has changed in `orp.db` is read again from its folders.

Batches are written one after the other, each with what of `orp.db` it answers to: whoever goes on after a kill
reads nothing twice. `orp.db` is never held while folders are read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.metrics.cache.short import ShortRun, complete_runs, short_runs
from orp_tui.services.catalog_reading import NO_FOLDER, UNKNOWN, read_run, read_unknown, unreadable
from orp_tui.services.watch import RunView, view
from orp_tui.store.catalog import changes, pending
from orp_tui.store.catalog.entries import Read
from orp_tui.store.catalog.pulse import Pulse
from orp_tui.store.catalog.writing import Writer, transaction

BATCH = 250
YOUNG_S = 10.0
"""A folder that no row knows may be on its way into the queue for so long."""

T = TypeVar("T")

FRESH_S = 10.0
"""What nobody announces is looked for no more often."""

Progress = Callable[[int, int], object]
Cancelled = Callable[[], bool]


@dataclasses.dataclass(frozen=True)
class CaughtUp:
    """What came of catching up."""

    read: int = 0
    """Runs that were read."""
    left: int = 0
    """Changed runs that are not read yet."""
    is_busy: bool = False
    """Another process writes; what is there was asked as it stands."""
    problem: str = ""
    """Why the catalogue could not be brought up to date, in words; empty: nothing is wrong."""


class CatchUp:
    """One open catalogue that is brought up to date, by whoever holds its lock."""

    def __init__(self, paths: BasePaths, connection: sqlite3.Connection) -> None:
        self._paths = paths
        self._connection = connection
        self._writer = Writer(connection)
        self._seen: dict[str, tuple[object, float]] = {}
        """How unfinished runs looked, and when they were read so."""
        self._unfinished: list[Run] = []
        self._pulse = Pulse(paths.database)
        self._moment: object = None
        """What the pulse of `orp.db` was when all rows had been seen."""
        self._folders_at, self._folders_due = -FRESH_S, False
        self._metric_stamp = ""

    def run(self, progress: Progress | None, cancelled: Cancelled | None, limit_s: float | None) -> CaughtUp:
        """All that has changed, or as much as there is time for. Raises sqlite3.Error or OSError."""
        deadline = None if limit_s is None else time.monotonic() + limit_s

        def is_over() -> bool:
            return (cancelled is not None and cancelled()) or (
                deadline is not None and time.monotonic() > deadline
            )

        moment = self._pulse.beat()
        if moment is None or moment != self._moment:
            done = self._changed(progress, is_over)
            if done.left:
                return done
            self._moment = moment
        else:
            done = CaughtUp()
        again = self._look_at_unfinished()
        if not is_over():
            again += self._metrics()
            again += self._folders()
        return CaughtUp(done.read + again)

    def close(self) -> None:
        """Let go of `orp.db`; the catalogue is the caller's."""
        self._pulse.close()

    def _changed(self, progress: Progress | None, is_over: Callable[[], bool]) -> CaughtUp:
        """The runs whose rows have changed, and those that have gone."""
        found = self._changes()
        self._drop(found.gone)
        self._folders_due |= bool(found.gone)
        read, total = 0, len(found.seqs)
        for batch in _batches(found.seqs):
            if progress is not None:
                progress(read, total)
            if read and is_over():
                return CaughtUp(read, total - read)
            with self._attached():
                rows = pending.rows(self._connection, batch)
            self._read(rows)
            read += len(batch)
        if progress is not None and total:
            progress(total, total)
        if found.is_new:
            with self._transaction():
                changes.keep(self._connection, found.mark)
        with self._attached():
            self._unfinished = pending.unfinished(self._connection)
        return CaughtUp(read)

    def _changes(self) -> changes.Changes:
        with self._attached():
            found = changes.changes(self._connection)
        if found.is_other:
            with self._transaction():
                changes.begin_anew(self._connection)
            self._folders_due = True
            with self._attached():
                found = changes.changes(self._connection)
        return found

    @contextlib.contextmanager
    def _attached(self) -> Iterator[None]:
        """Never around a transaction: that would hold `orp.db` as long as it takes."""
        with changes.attached(self._connection, self._paths.database):
            yield

    def _read(self, found: Sequence[Run]) -> int:
        """Read runs from their folders, and write what is new; how many changed anything."""
        cached = self._cached(found)
        reads = [self._one(run, cached.get(run.id)) for run in found]
        with self._transaction():
            changed = self._writer.put(reads)
            changes.keep_known(self._connection, [(run.seq, run.version, run.id) for run in found])
        return changed

    def _one(self, run: Run, cached: ShortRun | None) -> Read:
        try:
            seen = None if run.state.is_final else view(self._paths, run)
            return read_run(self._paths, run, seen, cached)
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            return unreadable(run, f"{type(error).__name__}: {error}")

    def _cached(self, found: Sequence[Run]) -> dict[str, ShortRun]:
        return short_runs(self._paths.metric_cache, [run.id for run in found])

    def _look_at_unfinished(self) -> int:
        """Runs that have not ended as they truly stand; how many changed anything."""
        now = time.monotonic()
        seen: dict[str, tuple[object, float]] = {}
        news: list[Run] = []
        for run in self._unfinished:
            looks, at = self._seen.get(run.id, (None, -FRESH_S))
            if now - at < (FRESH_S if run.state is RunState.QUEUED else 0.5):
                seen[run.id] = looks, at
                continue
            looked = _looks(view(self._paths, run))
            if looked != looks or now - at >= FRESH_S:
                news.append(run)
            seen[run.id] = looked, now if looked != looks or now - at >= FRESH_S else at
        self._seen = seen
        return sum(self._read_again(batch) for batch in _batches(news))

    def _read_again(self, found: Sequence[Run]) -> int:
        """Runs whose rows have not changed: without news nothing is written."""
        cached = self._cached(found)
        reads = [read for run in found if self._writer.is_new(read := self._one(run, cached.get(run.id)))]
        if not reads:
            return 0
        with self._transaction():
            return self._writer.put(reads)

    def _metrics(self) -> int:
        """Ended runs of whose metrics the observer has read more by now."""
        stamp = _stamp(self._paths.metric_cache)
        if stamp == self._metric_stamp:
            return 0
        self._metric_stamp = stamp
        wanted = pending.without_metrics(self._connection)
        complete = sorted(complete_runs(self._paths.metric_cache, wanted)) if wanted else []
        with self._attached():
            found = pending.rows_of(self._connection, complete)
        return self._read_again(found)

    def _folders(self) -> int:
        """Folders that no row knows, and runs whose folder has gone or is back; looked for when the runs folder has changed."""
        stamp, now, again = _stamp(self._paths.runs), time.monotonic(), self._folders_due
        if now - self._folders_at < FRESH_S and not again:
            return 0
        self._folders_at, self._folders_due = now, False
        if stamp == pending.stamp(self._connection) and not again:
            return 0
        try:
            names = [name for name in os.listdir(self._paths.runs) if name.startswith("exp_")]
        except OSError:
            return 0
        changed, is_settled = 0, True
        if again or len(names) != pending.with_folder(self._connection, NO_FOLDER):
            changed, is_settled = self._compare(list(filter(is_run_id, names)))
        if is_settled:
            with self._transaction():
                pending.keep_stamp(self._connection, stamp)
        return changed

    def _compare(self, names: list[str]) -> tuple[int, bool]:
        """How many changes there were, and whether no folder was too young to be judged."""
        strangers, lost, former, back = pending.compared(self._connection, names, UNKNOWN, NO_FOLDER)
        old = [name for name in strangers if not self._is_young(name)]
        changed = 0
        for batch in _batches(old):
            reads = [read_unknown(self._paths, name) for name in batch]
            with self._transaction():
                changed += self._writer.put(reads)
        self._drop(former)
        for batch in _batches([*lost, *back]):
            with self._attached():
                found = pending.rows_of(self._connection, batch)
            changed += self._read_again(found)
        return changed + len(former), len(old) == len(strangers)

    def _is_young(self, run_id: str) -> bool:
        try:
            return time.time() - os.lstat(self._paths.run(run_id).folder).st_ctime < YOUNG_S
        except OSError:
            return False

    def _drop(self, run_ids: Sequence[str]) -> None:
        for batch in _batches(run_ids):
            with self._transaction():
                self._writer.drop(batch)
                changes.forget_known(self._connection, batch)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with transaction(self._connection):
                yield
        except BaseException:
            self._writer.forget_keys()
            raise


def _batches(found: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(found), BATCH):
        yield found[start : start + BATCH]


def _looks(seen: RunView) -> object:
    """What of a run's standing a list shows."""
    valid = None if seen.checklist is None else seen.checklist.valid
    return seen.state, seen.reason, seen.detail, seen.started_at, seen.ended_at, seen.exit_code, valid


def _stamp(path: os.PathLike[str]) -> str:
    """Changes whenever what lies there does; empty for nothing."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}:{found.st_mtime_ns}"
