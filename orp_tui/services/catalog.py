"""All past and present runs as lists, filters and comparisons ask for them, from an index that is made again at will.

The index, `state/catalog.db`, is read and brought up to date by whoever lists runs. Where it can't be written
there is one of one's own for as long as it is needed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import sqlite3
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from orp_tui.analysis.intervals import Interval, mean_interval
from orp_tui.core.columns import Column
from orp_tui.core.errors import StoreError
from orp_tui.core.filters.expression import Expression
from orp_tui.core.filters.vocabulary import Vocabulary
from orp_tui.core.past_run import PastRun, Scalar
from orp_tui.files import locks
from orp_tui.services.catalog_catch_up import CatchUp, CaughtUp
from orp_tui.services.context import Context
from orp_tui.store import rebuildable
from orp_tui.store.catalog import grouping, kin, questions, words
from orp_tui.store.catalog.database import CATALOG
from orp_tui.store.catalog.entries import Unsound
from orp_tui.store.catalog.grouping import Spread
from orp_tui.store.catalog.kin import Sample
from orp_tui.store.catalog.query import Query, SortKey, mentions_archived
from orp_tui.store.rebuildable import Connection

__all__ = ["Catalog", "CaughtUp", "Found", "Group", "Query", "Sample", "SortKey", "mentions_archived"]

T = TypeVar("T")


class Found(NamedTuple):
    """The answer to a query."""

    numbers: array[int]
    """Of entries, in the order that was asked for; `Catalog.rows` gives the runs."""
    total: int
    """All runs that are known, archived ones included."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Runs with the same values in the columns that are grouped by."""

    values: tuple[Scalar, ...]
    """As the newest of them has them; upper and lower case are the same, and so are 1 and 1.0."""
    filter: Expression
    """Finds all of them, and nothing else."""
    count: int
    metrics: Mapping[str, Interval]
    """Text of the column → mean over the samples: succeeded runs that nobody has resumed and that have a value.

    `Interval.n` of `count` runs are such samples; a column without any has an interval with n = 0.
    """


class Catalog:
    """The open index. For one thread. Opened when it is needed first; one that is deleted or damaged is made again."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._paths = context.paths
        self._connection: Connection | None = None
        self._catch_up: CatchUp | None = None
        self._private: tempfile.TemporaryDirectory[str] | None = None
        """Where the catalogue lies if not in the state folder."""
        self._is_empty = False
        """It lies there because there are no runs yet."""
        self._vocabulary: tuple[tuple[object, ...], float, Vocabulary] | None = None

    def catch_up(
        self,
        progress: Callable[[int, int], object] | None = None,
        cancelled: Callable[[], bool] | None = None,
        limit_s: float | None = None,
    ) -> CaughtUp:
        """Read what has changed since anybody did so; stops between batches.

        `progress` is told how many runs are read and how many are to be. Where another process writes, or
        nothing can be written, the answer says so, and questions are answered as things stand. Raises StoreError
        if `orp.db` can't be used.
        """
        if not self._context.has_store:
            return CaughtUp()
        if self._is_empty:
            self._leave_private()
        with self._context.store():
            pass  # made again from the folders if it is gone
        try:
            return self._write(progress, cancelled, limit_s)
        except (sqlite3.Error, OSError) as error:
            if _is_held(error):
                return CaughtUp(is_busy=True)
            if self._private is not None:
                return self._not_written(error)
        # A full disk, or one that nobody may write to: there is one of one's own then.
        try:
            self._use_private(copied=True)
            return self._write(progress, cancelled, limit_s)
        except (sqlite3.Error, OSError) as error:
            return self._not_written(error)

    def _not_written(self, error: Exception) -> CaughtUp:
        self._leave_private()
        return CaughtUp(
            problem=f"{self._paths.catalog}: cannot be written ({error}); lists may be out of date"
        )

    def find(self, query: Query) -> Found:
        """The runs that answer to a query."""
        now = time.time()
        return self._ask(
            lambda connection: Found(questions.find(connection, query, now), questions.total(connection))
        )

    def rows(self, numbers: Sequence[int]) -> list[PastRun | None]:
        """These runs in the same order; None for one that is gone meanwhile."""
        return self._ask(lambda connection: questions.rows(connection, numbers))

    def numbers_of(self, run_ids: Sequence[str]) -> list[int]:
        """The numbers of runs in the same order; one that is not known is left out."""
        return self._ask(lambda connection: questions.numbers_of(connection, run_ids))

    def runs_of(self, run_ids: Sequence[str]) -> list[PastRun]:
        """These runs in the same order; one that is not known is left out."""

        def ask(connection: Connection) -> list[PastRun]:
            found = questions.rows(connection, questions.numbers_of(connection, run_ids))
            return [run for run in found if run is not None]

        return self._ask(ask)

    def groups(self, query: Query, keys: Sequence[Column], metrics: Sequence[Column]) -> list[Group]:
        """What a query finds, in groups of the same values of `keys`; see `Group`.

        Raises UsageError for a column that can't be grouped by.
        """
        now = time.time()
        found = self._ask(lambda connection: grouping.groups(connection, query, keys, metrics, now))
        return [Group(one.values, one.filter, one.count, _intervals(one.spreads, metrics)) for one in found]

    def children_of(self, run_ids: Sequence[str], most: int = 10_000) -> list[PastRun]:
        """The runs made from these: their children, retries and resumes; oldest first."""

        def ask(connection: Connection) -> list[PastRun]:
            found = questions.rows(connection, kin.children(connection, run_ids, most))
            return [run for run in found if run is not None]

        return self._ask(ask)

    def samples_of(self, variants: Sequence[str]) -> list[Sample]:
        """What the runs of these variants came to, one value a sample; see `Group`."""
        return self._ask(lambda connection: kin.samples(connection, variants))

    def vocabulary(self) -> Vocabulary:
        """The words that a filter may be completed with; some seconds old while runs change all the time."""
        version, now = self.version(), time.monotonic()
        known = self._vocabulary
        if known is None or (known[0] != version and now - known[1] > _VOCABULARY_S):
            known = self._vocabulary = version, now, self._ask(words.vocabulary)
        return known[2]

    def version(self) -> tuple[object, ...]:
        """Another one once anything that can be asked for has changed."""
        return self._ask(lambda connection: (connection.name, questions.changes(connection)))

    def close(self) -> None:
        """Let go of the file."""
        self._leave_private()

    @property
    def _path(self) -> Path:
        return self._paths.catalog if self._private is None else Path(self._private.name) / "catalog.db"

    def _close(self) -> None:
        if self._catch_up is not None:
            self._catch_up.close()
        if self._connection is not None:
            self._connection.close()
        self._connection = self._catch_up = None

    def _use_private(self, *, copied: bool) -> None:
        """Work in a folder of one's own, beginning with what there is. Raises OSError."""
        self._close()
        self._private = tempfile.TemporaryDirectory(prefix="orp-catalog-", ignore_cleanup_errors=True)
        self._is_empty = not copied
        if copied:
            try:
                shutil.copyfile(self._paths.catalog, self._path)
            except OSError:
                self._path.unlink(missing_ok=True)

    def _leave_private(self) -> None:
        self._close()
        if self._private is not None:
            self._private.cleanup()
            self._private, self._is_empty = None, False

    def _write(
        self,
        progress: Callable[[int, int], object] | None,
        cancelled: Callable[[], bool] | None,
        limit_s: float | None,
    ) -> CaughtUp:
        with self._alone() as is_alone:
            if not is_alone:
                return CaughtUp(is_busy=True)
            wrong = ""
            for _ in range(2):
                connection = self._opened(to_write=True)
                if self._catch_up is None:
                    self._catch_up = CatchUp(self._paths, connection)
                try:
                    return self._catch_up.run(progress, cancelled, limit_s)
                except (sqlite3.Error, Unsound) as error:
                    self._judge(connection, error)
                    wrong = str(error)
            return CaughtUp(problem=f"{self._path}: is damaged again and again ({wrong}); look at the disk")

    def _judge(self, connection: Connection, error: Exception) -> None:
        """Set a damaged file aside; raises the error again if it says something else."""
        if isinstance(error, sqlite3.Error) and not rebuildable.is_damage(error):
            raise error
        in_place = connection.is_in_place(self._path)
        self._close()
        if in_place:
            with contextlib.suppress(OSError):
                rebuildable.set_aside(self._path)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether nobody else writes while this lasts."""
        lock = (
            locks.take(self._paths.catalog_lock)
            if self._private is None
            else os.open("/dev/null", os.O_RDONLY)
        )
        try:
            yield lock is not None
        finally:
            if lock is not None:
                os.close(lock)

    def _lock(self) -> int | None:
        """The lock, once whoever catches up now is through; None if that takes longer. Raises OSError."""
        deadline = time.monotonic() + WAIT_S
        while (lock := locks.take(self._paths.catalog_lock)) is None and time.monotonic() < deadline:
            time.sleep(0.005)
        return lock

    def _opened(self, *, to_write: bool) -> Connection:
        """The file that lies there now. Raises sqlite3.Error or OSError."""
        known = self._connection
        if known is not None and known.is_in_place(self._path) and (known.is_writable or not to_write):
            return known
        self._close()
        found = CATALOG.open_to_write(self._path) if to_write else CATALOG.open_to_read(self._path)
        if found is None:
            raise FileNotFoundError(self._path)
        self._connection = found
        return found

    def _ask(self, question: Callable[[Connection], T]) -> T:
        """The answer as of one moment; a catalogue that is not there, or damaged, is made first.

        Raises StoreError if that can't be.
        """
        deadline = time.monotonic() + MAKING_S
        while True:
            connection = self._readable()
            if connection is not None:
                try:
                    with _one_moment(connection):
                        return question(connection)
                except (sqlite3.Error, Unsound) as error:
                    if isinstance(error, sqlite3.Error) and not rebuildable.is_damage(error):
                        raise StoreError(f"{self._path}: {error}; try again") from error
                    self._judge(connection, error)
                    if time.monotonic() > deadline:
                        raise StoreError(f"{self._path}: {error}; delete it, it is made again") from error
            elif not self._make() and time.monotonic() > deadline:
                raise StoreError(
                    f"{self._path}: another process makes it and does not come to an end; try again"
                )

    def _readable(self) -> Connection | None:
        try:
            return self._opened(to_write=False)
        except (OSError, sqlite3.Error):
            return None

    def _make(self) -> bool:
        """A catalogue where there is none, an empty one where there are no runs; False while another process makes it."""
        if not self._context.has_store:
            self._use_private(copied=False)
            self._opened(to_write=True)
            return True
        done = self.catch_up()
        if done.problem:
            raise StoreError(done.problem)
        if done.is_busy:
            time.sleep(0.02)
        return not done.is_busy


MAKING_S = 10.0
"""So long a question waits for a catalogue that another process is about to make."""
WAIT_S = 1.0
"""So long one waits for somebody else who catches up: mostly that is done in some milliseconds."""
_VOCABULARY_S = 30.0
"""While runs change, words are counted no more often."""


def _intervals(spreads: Mapping[str, Spread], columns: Sequence[Column]) -> dict[str, Interval]:
    none = Spread(0, 0.0, 0.0)
    found = {str(column): spreads.get(str(column), none) for column in columns}
    return {name: mean_interval(one.n, one.mean, one.m2) for name, one in found.items()}


def _is_held(error: Exception) -> bool:
    """Whether somebody reads or writes for longer than one waits."""
    return (getattr(error, "sqlite_errorname", None) or "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


@contextlib.contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    finally:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("COMMIT")
