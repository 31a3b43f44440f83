"""Runs that were read from their folders, set down beside a database until they are put into it.

100,000 of them take no memory: they lie in a file of SQLite's own, which is gone when the
connection is. It has the table of the database itself, so what can't be stored shows at once,
and one statement puts all of them back in the order of their submission.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence

from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.files.failpoint import hit
from orp_tui.store import database, runs, settings
from orp_tui.store.imports import MOVED_BEFORE_ALL
from orp_tui.store.replacement import ACTOR, KnownRun

_ORDER = "ORDER BY submitted_at, id"
_MOST_MARKS = 500
"""SQLite takes so many values in one statement, whatever its build."""
_BETWEEN_ASKING = 200_000
"""Steps of SQLite's machine between two questions whether to stop: some milliseconds."""

Cancelled = Callable[[], bool]


class Spool:
    """Set down in any order, read in the order of submission. `opened` gives one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        names = ", ".join(runs.COLUMNS[1:])
        marks = ", ".join("?" for _ in runs.COLUMNS[1:])
        self._insert = f"INSERT INTO spool.run ({names}) VALUES ({marks})"  # noqa: S608 - our names
        made: str = connection.execute("SELECT sql FROM main.sqlite_master WHERE name = 'run'").fetchone()[0]
        connection.execute(made.replace("CREATE TABLE run", "CREATE TABLE spool.run", 1))
        connection.execute("CREATE TABLE spool.key (run_id TEXT PRIMARY KEY, key TEXT NOT NULL)")
        connection.execute("BEGIN")

    def add(self, item: KnownRun) -> str | None:
        """Set a run down; None, or why it can't be stored."""
        try:
            self._connection.execute(self._insert, runs.to_row(item.run)[1:])
            if item.key is not None:
                self._connection.execute("INSERT INTO spool.key VALUES (?, ?)", (item.run.id, item.key))
        except (sqlite3.InterfaceError, sqlite3.IntegrityError, ValueError, OverflowError) as error:
            return f"cannot be stored: {error}"
        return None

    def replace(self, run: Run) -> None:
        """Let a run that was set down be this one."""
        self._connection.execute("DELETE FROM spool.run WHERE id = ?", (run.id,))
        self._connection.execute(self._insert, runs.to_row(run)[1:])

    def leave_out(self, run_ids: Iterable[str]) -> None:
        """Take runs away again."""
        self._connection.executemany("DELETE FROM spool.run WHERE id = ?", [(run_id,) for run_id in run_ids])

    def in_states(self, states: Sequence[RunState], *, detail: str = "") -> list[KnownRun]:
        """Runs that stand so and whose detail begins with `detail`."""
        marks = ", ".join("?" for _ in states)
        values = (*(state.value for state in states), len(detail), detail)
        return self._read(f"state IN ({marks}) AND substr(COALESCE(detail, ''), 1, ?) = ?", values)

    def some(self, run_ids: Iterable[str]) -> list[KnownRun]:
        """Those of these ids that were set down."""
        wanted, found = sorted(run_ids), []
        for start in range(0, len(wanted), _MOST_MARKS):
            part = wanted[start : start + _MOST_MARKS]
            found += self._read(f"id IN ({', '.join('?' for _ in part)})", part)
        return found

    def keyed(self) -> list[tuple[str, str, bool]]:
        """Id, idempotency key, and whether it was ever begun, of every run that has one."""
        rows = self._connection.execute(
            f"SELECT id, key, attempt > 0 FROM spool.run JOIN spool.key ON run_id = id {_ORDER}"  # noqa: S608 - ours
        )
        return [(run_id, key, bool(begun)) for run_id, key, begun in rows]

    def counts(self) -> dict[RunState, int]:
        """How many stand in each state."""
        rows = self._connection.execute(
            "SELECT state, COUNT(*) FROM spool.run GROUP BY state ORDER BY MIN(seq)"
        )
        return {RunState(state): number for state, number in rows}

    def put_back(self, values: dict[str, str], cancelled: Cancelled | None = None) -> None:
        """Insert all of them in order, and write settings: everything or nothing. The spool is empty then.

        Runs that the database has got meanwhile stay as they are there. Each one's history begins with an event
        `rebuilt`. Raises sqlite3.OperationalError, SQLITE_INTERRUPT, if `cancelled` says so meanwhile.
        """
        self._connection.execute("COMMIT")
        with _interruptible(self._connection, cancelled), database.transaction(self._connection):
            for statement in _PUTTING_BACK:
                self._connection.execute(statement, {"actor": ACTOR})
            hit("rebuild.rows")
            for key, value in values.items():
                settings.put(self._connection, key, value)
        self._connection.execute("BEGIN")

    def _read(self, where: str, values: Sequence[object]) -> list[KnownRun]:
        names = ", ".join(runs.COLUMNS)
        rows = self._connection.execute(
            f"SELECT {names}, key FROM spool.run LEFT JOIN spool.key ON run_id = id WHERE {where} {_ORDER}",  # noqa: S608 - ours
            values,
        )
        return [KnownRun(runs.of_row(tuple(row)[:-1]), row[-1]) for row in rows]


_NAMES = ", ".join(runs.COLUMNS[1:])
_PUTTING_BACK = (
    "DELETE FROM spool.run WHERE id IN (SELECT id FROM main.run)",
    f"INSERT INTO main.run ({_NAMES}) SELECT {_NAMES} FROM spool.run {_ORDER}",  # noqa: S608 - our names
    "UPDATE main.run SET position = seq WHERE position = 0",
    MOVED_BEFORE_ALL,
    f"""INSERT INTO main.event (run_id, at, actor, kind, detail)
        SELECT id, submitted_at, :actor, 'rebuilt', state FROM spool.run {_ORDER}""",  # noqa: S608 - ours
    "INSERT OR IGNORE INTO main.idempotency SELECT key, run_id FROM spool.key WHERE run_id IN (SELECT id FROM spool.run)",
    "DELETE FROM spool.run",
    "DELETE FROM spool.key",
)


@contextlib.contextmanager
def opened(connection: sqlite3.Connection) -> Iterator[Spool]:
    """A spool beside an open database, gone in the end."""
    connection.execute("ATTACH '' AS spool")
    try:
        yield Spool(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("DETACH spool")


@contextlib.contextmanager
def _interruptible(connection: sqlite3.Connection, cancelled: Cancelled | None) -> Iterator[None]:
    connection.set_progress_handler(cancelled, _BETWEEN_ASKING if cancelled else 0)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
